"""The named jobs: which part of the graph runs together.

Belongs here: selections by asset key. Does not belong here: what starts them (`schedules.py`, `sensors.py`).
"""

from collections.abc import Collection
from typing import Any, Final

import dagster as dg

from linkstar_pipelines.quality.freshness import check_keys
from linkstar_pipelines.schemas.erps import ERPS
from linkstar_pipelines.schemas.platforms import PLATFORMS, PlatformName, Stream
from resources.yielding import RANGE_END, RANGE_START

LOOP: Final = "loop"
FRESHNESS: Final = "freshness"
CATALOG_FILE: Final = "catalog_file"
_CATALOGUE: Final = (["core", "listings"], ["core", "skus"], ["core", "match_proposals"], ["core", "listing_map"])
"""What an order line's SKU comes from."""


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

_DOWNSTREAM: Final = dg.AssetSelection.groups("core", "catalog", "stock", "planning", "finance", "quality")

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


def erp_pulls(erps: Collection[str]) -> list[Any]:
    """The job that reads these ERPs; none where there are none."""
    keys = [["raw", f"{name}_{stream.value}"] for name in sorted(erps) for stream in ERPS[name].streams]
    if not keys:
        return []
    return [
        dg.define_asset_job(
            "erp_pull",
            selection=dg.AssetSelection.assets(*keys),
            description="Everything that the connected ERPs hold, landed raw: what a migration is planned from.",
        )
    ]


history = dg.define_asset_job(
    "history",
    selection=dg.AssetSelection.assets(
        ["raw", "imported_orders"],
        *_CATALOGUE,
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


catalogue = dg.define_asset_job(
    "catalogue",
    selection=dg.AssetSelection.groups("catalog") | dg.AssetSelection.assets(["quality", "quarantine"]),
    description="What decisions change at once: the tables of the catalogue; asks no platform.",
)


orders_released = dg.define_asset_job(
    "orders_released",
    selection=dg.AssetSelection.assets(*_CATALOGUE, ["quality", "quarantine"])
    | dg.AssetSelection.assets(["core", "order_lines"]).downstream(),
    description="What a change of the catalogue touches: lines of orders that sell something else by now, or were "
    "held, and all that follows from them; asks no platform.",
)


catalog_file = dg.define_asset_job(
    CATALOG_FILE,
    selection=dg.AssetSelection.groups("raw_files") | dg.AssetSelection.assets(["quality", "quarantine"]),
    description="What an imported file of the catalogue touches; what becomes of its records is a migration.",
)


def range_tags(first: str, last: str) -> dict[str, str]:
    """Tags that make one run cover the daily partitions from `first` to `last`, both included."""
    return {RANGE_START: first, RANGE_END: last}
