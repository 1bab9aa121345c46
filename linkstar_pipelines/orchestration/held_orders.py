"""The sensor by which the graph follows the catalogue: held orders go, and lines sell what the listing map says.

Belongs here: the request for the runs, and which lines hold orders.
Does not belong here: which lines are out of date (`storage/mapped_lines.py`), the decision about runs (`releases.py`),
or why an order is held (`domain/holds.py`).
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

import dagster as dg
import polars as pl

from linkstar_pipelines.orchestration.jobs import catalogue, orders_released, range_tags
from linkstar_pipelines.orchestration.journal_state import unfolded
from linkstar_pipelines.orchestration.releases import (
    RETRY_AFTER,
    Asked,
    Release,
    ReleasePlan,
    parse_asked,
    plan_releases,
)
from linkstar_pipelines.schemas.core import OrderLines
from linkstar_pipelines.schemas.quality import Quarantine, ReasonType
from linkstar_pipelines.settings import load_settings
from linkstar_pipelines.storage.lake import Lake, open_lake
from linkstar_pipelines.storage.mapped_lines import outdated_lines

NOTHING_TO_RELEASE: Final = "Nothing new."
RELEASED_TAG: Final = "linkstar/released_lines"
"""Run tag: how many lines sell something else by now, or hold orders that the run lets go."""

_COLUMNS: Final = ("platform", "store", "order_id", "line_id", "listing_sku", "ordered_at", "changed_on")
_HOLDING: Final = "hold IS NOT NULL AND multiplier IS NULL AND line_kind = 'sale'"
_UNKNOWN: Final = f"table_name = 'core.order_lines' AND reason_type = '{ReasonType.UNKNOWN_SKU.value}'"


@dg.sensor(
    name="held_orders",
    jobs=[catalogue, orders_released],
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sees decisions about the catalogue that its tables do not hold yet, and order lines that sell "
    "something else by now or need not be held any more; makes these tables, and the days of these lines, again.",
)
def held_orders_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Ask for the run that takes decisions into the tables; once they hold them, for those of the days of lines."""
    lake, now = open_lake(load_settings()), datetime.now(UTC)
    if decisions := unfolded(context.instance, lake):
        attempt = int(now.timestamp() // RETRY_AFTER.total_seconds())
        request = dg.RunRequest(run_key=f"catalogue {decisions} {attempt}", job_name=catalogue.name)
        return dg.SensorResult(run_requests=[request], cursor=context.cursor)
    plan = plan_remakes(lake, parse_asked(context.cursor), now)
    if not plan.releases:
        return dg.SensorResult(skip_reason=NOTHING_TO_RELEASE, cursor=plan.dump())
    requests = [
        dg.RunRequest(
            job_name=orders_released.name,
            run_key=release.run_key,
            tags=release_tags(release),
        )
        for release in plan.releases
    ]
    return dg.SensorResult(run_requests=requests, cursor=plan.dump())


def plan_remakes(lake: Lake, asked: Mapping[date, Asked], now: datetime) -> ReleasePlan:
    """Decide on the runs that make lines say what the listing map says; arguments as of `plan_releases`."""
    keys = pl.concat_str("platform", "store", "order_id", "line_id", separator="/")
    lines = outdated_lines(lake).drop_nulls("changed_on").group_by("changed_on").agg(keys=keys)
    return plan_releases(dict(lines.iter_rows()), asked, now)


def release_tags(release: Release) -> dict[str, str]:
    """Tags of a run that makes days again."""
    return {**range_tags(*(day.isoformat() for day in release.days)), RELEASED_TAG: str(release.lines)}


def holding_lines(lake: Lake) -> pl.DataFrame:
    """Return the lines that hold their orders: of unmapped listings, and in quarantine those of unknown codes.

    Returns:
        Columns `platform`, `store`, `order_id`, `line_id`, `listing_sku`, `ordered_at`, `changed_on`, and `hold`.
    """
    unmapped = lake.read(OrderLines, columns=_COLUMNS, where=_HOLDING)
    refused = lake.read(Quarantine, columns=["payload"], where=_UNKNOWN)
    texts = {name: pl.col("payload").str.json_path_match(f"$.{name}") for name in _COLUMNS}
    texts["ordered_at"] = texts["ordered_at"].str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    texts["changed_on"] = texts["changed_on"].str.to_date(strict=False)
    unknown = refused.select(**texts).drop_nulls()
    return pl.concat([
        unmapped.with_columns(hold=pl.lit("unmapped_listing")),
        unknown.with_columns(hold=pl.lit(ReasonType.UNKNOWN_SKU.value)),
    ])  # fmt: skip
