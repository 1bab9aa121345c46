"""Raw streams of all platforms, on their way into one core table.

Belongs here: walking the registered platforms, and putting their parts together.
Does not belong here: what a platform's payloads mean (the platform's own readers).
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Final, TypeVar

import dataframely as dy
import polars as pl

from linkstar_pipelines.connectors.platform import Platform
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.domain.calendar import parted
from linkstar_pipelines.domain.quarantine import concat_rejects
from linkstar_pipelines.schemas.erps import ERP_TABLES
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.streams import RAW_TABLES, identity_of
from linkstar_pipelines.settings import load_settings
from linkstar_pipelines.storage.lake import Lake

S = TypeVar("S", bound=dy.Schema)

_VERSIONS: Final = 25_000  # raw rows in memory

CONNECTED: Final = set(load_settings().stores.values())
"""Platforms with a store when the code location was loaded."""
CONNECTED_ERPS: Final = frozenset(load_settings().erp_accounts)
"""ERPs with an account then."""


def present(schema: type[dy.Schema]) -> bool:
    """Whether a table is in the graph.

    Raw streams of a platform without a store are not, unless none has one; those of an ERP without an account are not,
    unless nothing at all is connected.
    """
    erp = next((name for (name, _), known in ERP_TABLES.items() if known is schema), None)
    if erp is not None:
        return erp in CONNECTED_ERPS or not (CONNECTED or CONNECTED_ERPS)
    owner = next((name for (name, _), known in RAW_TABLES.items() if known is schema), None)
    return owner is None or not CONNECTED or owner in CONNECTED


def landed(lake: Lake, stream: Stream) -> Iterator[tuple[Platform, pl.DataFrame]]:
    """The raw rows of a stream, platform by platform; none of a platform that has none."""
    for (name, offered), schema in RAW_TABLES.items():
        if offered is stream and lake.count(schema):
            yield platform_named(name), lake.table(schema)


def changed(lake: Lake, stream: Stream, days: Collection[date]) -> Iterator[tuple[Platform, pl.DataFrame]]:
    """All versions of the records that changed on some days, platform by platform; none of a platform that has none."""
    for (name, offered), schema in RAW_TABLES.items():
        if offered is not stream or not lake.count(schema):
            continue
        versions = lake.touched(schema, ("platform", "store", identity_of(name, stream)), days)
        if versions.height:
            yield platform_named(name), versions


def batches(lake: Lake, stream: Stream, days: Collection[date]) -> Iterator[list[date]]:
    """Part the days of a run: one over years takes no more memory than one over weeks."""
    counts: Counter[date] = Counter()
    for (_, offered), schema in RAW_TABLES.items():
        if offered is stream:
            counts.update(lake.rows_by_day(schema, days))
    return parted(days, counts, _VERSIONS)


def known_codes(lake: Lake) -> pl.DataFrame:
    """Every seller SKU that is listed or was sold before: columns `platform`, `store`, `listing_sku`."""
    sold = lake.query("SELECT DISTINCT platform, store, listing_sku FROM core.order_lines")
    listings = [schema for (_, offered), schema in RAW_TABLES.items() if offered is Stream.LISTINGS]
    listed = [
        lake.read(schema, columns=["platform", "store", "seller_sku"]).rename({"seller_sku": "listing_sku"})
        for schema in listings
    ]
    return pl.concat([sold, *listed]).drop_nulls().unique()


def together(
    schema: type[S], parts: Sequence[tuple[pl.DataFrame, pl.DataFrame]]
) -> tuple[dy.DataFrame[S], pl.DataFrame]:
    """Put the good rows and the rejected ones of several platforms under each other."""
    good = pl.concat([schema.create_empty(), *(frame for frame, _ in parts)])
    return schema.cast(good), concat_rejects(*(rejected for _, rejected in parts))
