"""The one partitioning of the graph: days (UTC) on which something changed.

Belongs here: the partitions, and reading a run's days and stores from its context.
"""

from datetime import date

import dagster as dg

from linkstar_pipelines.settings import load_settings
from resources.platforms import STORES_TAG

DAILY = dg.DailyPartitionsDefinition(
    start_date=load_settings().history_start.isoformat(),
    end_offset=1,  # today is a partition too: changes are applied as they come
)


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """The days a run covers: one, or a range in a backfill."""
    return [date.fromisoformat(key) for key in context.partition_keys]


def stores_of(context: dg.AssetExecutionContext) -> list[str] | None:
    """The stores a run is limited to by its tag `linkstar/stores`; None for all."""
    named = context.run.tags.get(STORES_TAG)
    return named.split(",") if named else None
