"""Which runs yield: those that read history leave a floor of every rate budget to those that follow the present.

Belongs here: the run tags that tell, and the decision.
Does not belong here: the floor itself (`linkstar_pipelines/storage/rate_budget.py`).
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

YIELDING_TAG: Final = "linkstar/yielding"
"""Run tag: `true` makes a run yield, `false` keeps it from yielding."""

RANGE_START: Final = "dagster/asset_partition_range_start"
RANGE_END: Final = "dagster/asset_partition_range_end"
_STARTED_BY_ITSELF: Final = ("dagster/sensor_name", "dagster/schedule_name")


def yields(tags: Mapping[str, str], reconcile_days: int) -> bool:
    """Whether a run yields: it says so, or a person started it over more days than a night reads again.

    Args:
        tags: Tags of the run.
        reconcile_days: Days that the nightly reconciliation reads.
    """
    if YIELDING_TAG in tags:
        return tags[YIELDING_TAG] == "true"
    if any(tag in tags for tag in _STARTED_BY_ITSELF) or RANGE_START not in tags or RANGE_END not in tags:
        return False
    days = (date.fromisoformat(tags[RANGE_END]) - date.fromisoformat(tags[RANGE_START])).days + 1
    return days > reconcile_days
