"""Frames that hold the catalogue to itself and to what is sold: one row per thing that must be right.

Belongs here: what is looked at. Each function takes a reader of the lake and the daily partitions in question (`None`:
all); `difference` is 0 where all is well. Does not belong here: what is tolerated (`business.py`).
"""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain.products.listing_map import account_listing
from linkstar_pipelines.domain.products.merges import winners
from linkstar_pipelines.quality.expectations import Reader, Reconciliation
from linkstar_pipelines.schemas.core import OrderLines
from linkstar_pipelines.schemas.products import Kits, ListingMap, Listings, Skus
from linkstar_pipelines.schemas.quality import Quarantine, ReasonType

_ACCOUNT: Final = ["platform", "store", "listing_sku"]
_LIVE: Final = r"(?i)(^|,)BUYABLE(,|$)|^(PUBLISHED|NORMAL|ACTIVATE|ACTIVE|ONSELLING)(,|$)"
"""Status of a listing that can be bought: a word of Amazon's, or the first word of the other platforms'."""
_LATELY: Final = timedelta(days=30)


def overlapping_spans(reader: Reader, days: Collection[date] | None) -> pl.DataFrame:
    """Count the spans of each listing that begin before the one before them has ended.

    Returns:
        One row per listing: platform, store, listing_sku, spans, difference (spans that overlap).
    """
    del days  # the map is made whole
    spans = reader.read(ListingMap, columns=[*_ACCOUNT, "valid_from", "valid_to"]).sort(*_ACCOUNT, "valid_from")
    begins = pl.col("valid_from").shift(-1).over(_ACCOUNT)
    overlaps = begins.is_not_null() & (pl.col("valid_to").is_null() | (begins < pl.col("valid_to")))
    return (
        spans.with_columns(overlaps=overlaps)
        .group_by(_ACCOUNT)
        .agg(spans=pl.len().cast(pl.Int64), difference=pl.col("overlaps").sum().cast(pl.Int64))
        .sort(_ACCOUNT)
    )


def repeated_gtins(reader: Reader, days: Collection[date] | None) -> pl.DataFrame:
    """Count the standing SKUs of each GTIN.

    Returns:
        One row per GTIN: gtin, skus (their codes), difference (SKUs beyond the first).
    """
    del days
    standing = reader.read(Skus, columns=["sku", "gtin"], where="merged_into IS NULL AND gtin IS NOT NULL")
    return (
        standing.sort("sku")
        .group_by("gtin")
        .agg(skus=pl.col("sku").str.join(", "), difference=pl.len().cast(pl.Int64) - 1)
        .sort("gtin")
    )


def not_standing(schema: type[dy.Schema], column: str) -> Reconciliation:
    """Make the reconciliation that looks up the SKUs of a table among those that stand.

    Args:
        schema: The table.
        column: Its column of SKUs; null names none.

    Returns:
        A reconciliation: one row per SKU named, with sku and difference (1 if there is none, or it is merged).
    """

    def found(reader: Reader, days: Collection[date] | None) -> pl.DataFrame:
        del days
        named = reader.read(schema, columns=[column]).select(sku=column).drop_nulls().unique().sort("sku")
        standing = reader.read(Skus, columns=["sku"], where="merged_into IS NULL")
        return named.with_columns(difference=(~pl.col("sku").is_in(standing["sku"].implode())).cast(pl.Int64))

    return found


def kits_and_components(reader: Reader, days: Collection[date] | None) -> pl.DataFrame:
    """Compare the SKUs that are called kits with those that have components.

    Returns:
        One row per SKU that is either: sku, is_kit, has_components, difference (1 if it is only one of both).
    """
    del days
    called = reader.read(Skus, columns=["sku"], where="is_kit AND merged_into IS NULL").with_columns(is_kit=True)
    composed = reader.read(Kits, columns=["kit_sku"]).select(sku="kit_sku").unique().with_columns(has_components=True)
    return (
        called.join(composed, on="sku", how="full", coalesce=True)
        .with_columns(pl.col("is_kit", "has_components").fill_null(value=False))
        .with_columns(difference=(pl.col("is_kit") != pl.col("has_components")).cast(pl.Int64))
        .sort("sku")
    )


def unmapped_in_stock(schema: type[dy.Schema]) -> Reconciliation:
    """Make the reconciliation that looks up the SKUs of a stock table in the listing map, merges followed.

    Args:
        schema: The table, with a column `sku`; a daily one is read on the days in question alone.

    Returns:
        A reconciliation: one row per SKU, with sku and difference (1 if no listing is mapped to it). What lines of a
        daily table's days sold under listings that are not shown any more passes: they keep their SKUs.
    """

    def found(reader: Reader, days: Collection[date] | None) -> pl.DataFrame:
        asked = days if "changed_on" in schema.column_names() else None
        counted = reader.read(schema, columns=["sku"], days=asked).unique().sort("sku")
        mapped = reader.read(ListingMap, columns=["sku"], where="sku IS NOT NULL")["sku"].unique()
        if "changed_on" in schema.column_names():
            mapped = pl.concat([mapped, _sold_by_gone_listings(reader, asked)]).unique()
        stands = winners(reader.read(Skus, columns=["sku", "merged_into"]))
        followed = counted.join(stands, on="sku", how="left", maintain_order="left")
        passes = pl.coalesce("winner", "sku").is_in(mapped.implode())
        return followed.select("sku", difference=(~passes).cast(pl.Int64))

    return found


def _sold_by_gone_listings(reader: Reader, days: Collection[date] | None) -> pl.Series:
    sold = reader.read(OrderLines, columns=[*_ACCOUNT, "sku"], days=days, where="sku IS NOT NULL").unique()
    return sold.join(reader.read(Listings, columns=_ACCOUNT).unique(), on=_ACCOUNT, how="anti")["sku"]


def live_listings(reader: Reader, days: Collection[date] | None) -> pl.DataFrame:
    """Tell which live listings are mapped: those that can be bought, or were within 30 days of the newest order.

    Returns:
        One row per listing of an account: platform, store, listing_sku, difference (1 if it is not mapped).
    """
    del days
    shown = reader.read(Listings, columns=[*_ACCOUNT, "listing_status"])
    can_be_bought = shown.filter(pl.col("listing_status").str.contains(_LIVE)).select(_ACCOUNT)
    sold = reader.read(OrderLines, columns=[*_ACCOUNT, "ordered_at"], where="line_kind = 'sale'").drop_nulls()
    lately = sold.filter(pl.col("ordered_at") >= pl.col("ordered_at").max() - _LATELY).select(_ACCOUNT)
    still_shown = lately.join(shown, on=_ACCOUNT, how="semi")
    unmapped = reader.read(
        Quarantine,
        columns=["source_key"],
        where=f"table_name = 'core.listing_map' AND reason_type = '{ReasonType.UNMAPPED_LISTING.value}'",
    )["source_key"]
    live = pl.concat([can_be_bought, still_shown]).unique().sort(_ACCOUNT)
    return live.with_columns(difference=account_listing().is_in(unmapped.implode()).cast(pl.Int64))
