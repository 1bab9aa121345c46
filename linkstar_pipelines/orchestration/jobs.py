"""The named jobs: which part of the graph runs together.

Belongs here: selections by asset key. Does not belong here: what starts them (`schedules.py`, `sensors.py`).
"""

from typing import Final

import dagster as dg

_RANGE_START: Final = "dagster/asset_partition_range_start"
_RANGE_END: Final = "dagster/asset_partition_range_end"

loop = dg.define_asset_job(
    "loop",
    selection=dg.AssetSelection.all(),
    description="The whole graph for one or more days: pull, clean, stock, plan, settle, with every check.",
)

orders_changed = dg.define_asset_job(
    "orders_changed",
    selection=dg.AssetSelection.assets(
        ["raw", "amazon_orders"],
        ["raw", "amazon_inventory"],
        ["core", "orders"],
        ["core", "order_lines"],
        ["stock", "movements"],
        ["stock", "positions"],
        ["planning", "daily_demand"],
        ["quality", "quarantine"],
    ),
    description="What a changed order touches at once: the order, its lines, stock and demand.",
)

history = dg.define_asset_job(
    "history",
    selection=dg.AssetSelection.assets(
        ["raw", "imported_orders"],
        ["core", "skus"],
        ["core", "orders"],
        ["core", "order_lines"],
        ["stock", "movements"],
        ["stock", "positions"],
        ["planning", "daily_demand"],
        ["planning", "forecasts"],
        ["planning", "replenishment"],
        ["quality", "quarantine"],
    ),
    description="What an imported order file touches; asks no platform.",
)


def range_tags(first: str, last: str) -> dict[str, str]:
    """Tags that make one run cover the daily partitions from `first` to `last`, both included."""
    return {_RANGE_START: first, _RANGE_END: last}
