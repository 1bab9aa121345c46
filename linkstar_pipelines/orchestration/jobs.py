"""The named jobs: which part of the graph runs together.

Belongs here: selections by asset key. Does not belong here: what starts them (`schedules.py`, `sensors.py`).
"""

from collections.abc import Collection
from typing import Any, Final

import dagster as dg

from linkstar_pipelines.quality.freshness import check_keys
from linkstar_pipelines.schemas.platforms import PLATFORMS, PlatformName, Stream
from resources.yielding import RANGE_END, RANGE_START

LOOP: Final = "loop"
FRESHNESS: Final = "freshness"


loop = dg.define_asset_job(
    LOOP,
    selection=dg.AssetSelection.all(),
    description="The whole graph for one or more days: pull, clean, stock, plan, settle, with every check.",
)


def _after_orders(platform: PlatformName) -> dg.AssetSelection:
    streams = [stream for stream in (Stream.ORDERS, Stream.INVENTORY) if stream in platform.streams]
    return dg.AssetSelection.assets(
        *(["raw", f"{platform.name}_{stream.value}"] for stream in streams),
        ["core", "orders"],
        ["core", "order_lines"],
        ["core", "listing_stock"],
        ["stock", "movements"],
        ["stock", "positions"],
        ["planning", "daily_demand"],
        ["quality", "quarantine"],
    )


orders_changed: Final = {
    platform.name: dg.define_asset_job(
        f"{platform.name}_orders_changed",
        selection=_after_orders(platform),
        description=f"What a changed {platform.title} order touches at once: the order, its lines, stock and demand.",
    )
    for platform in PLATFORMS.values()
}
"""By platform, what its sensor starts."""


def _raw_of(platform: PlatformName) -> dg.AssetSelection:
    return dg.AssetSelection.assets(*(["raw", f"{platform.name}_{stream.value}"] for stream in platform.streams))


pulls: Final = {
    platform.name: dg.define_asset_job(
        f"{platform.name}_pull",
        selection=_raw_of(platform),
        description=f"Everything {platform.title} can be asked for, landed raw: for backfills of one platform.",
    )
    for platform in PLATFORMS.values()
}
"""By platform, all of its raw streams."""

_DOWNSTREAM: Final = dg.AssetSelection.groups("core", "stock", "planning", "finance", "quality")

first_pulls: Final = {
    platform.name: dg.define_asset_job(
        f"{platform.name}_first_pull",
        selection=_raw_of(platform) | _DOWNSTREAM,
        description=f"The whole history of {platform.title} stores, and all that follows from it.",
    )
    for platform in PLATFORMS.values()
}
"""By platform, what its sensor starts while no order of it has landed."""


def freshness(platforms: Collection[str]) -> Any:
    """The job that asks whether a store of these platforms has been left behind."""
    return dg.define_asset_job(
        FRESHNESS,
        selection=dg.AssetSelection.checks(*check_keys(platforms)),
        description="Asks of every stream read by change time whether a store has been left behind; makes nothing.",
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
    return {RANGE_START: first, RANGE_END: last}
