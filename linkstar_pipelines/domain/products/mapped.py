"""What listings sell, looked up in the listing map: at the instant of each row, or at one instant for all.

Belongs here: the lookup. Does not belong here: how the map comes about (`listing_map.py`).
"""

from datetime import datetime
from typing import Final

import polars as pl

LISTED_AS: Final = ("platform", "store", "listing_sku")
"""What identifies a listing: a seller SKU means the same in all marketplaces of its account."""


def mapped(lines: pl.DataFrame, listing_map: pl.DataFrame, *, at: str = "ordered_at") -> pl.DataFrame:
    """Add what the listing of each row sold at the instant of the row.

    Args:
        lines: Columns `platform`, `store`, `listing_sku`, and the instant; without `sku` and `multiplier`.
        listing_map: Rows of `ListingMap`: spans of one listing never overlap.
        at: Name of the column with the instant.

    Returns:
        The same rows in the same order, with `sku` and `multiplier`; both null where the listing was not mapped then,
        `sku` alone where it sold nothing of ours.
    """
    spans = listing_map.select(*LISTED_AS, "valid_from", "valid_to", "sku", "multiplier")
    wanted = lines.select(*LISTED_AS, _at=at).with_row_index("_row")
    found = wanted.join(spans, on=LISTED_AS).filter(_holds_at(pl.col("_at"))).select("_row", "sku", "multiplier")
    numbered = lines.with_row_index("_row")
    return numbered.join(found, on="_row", how="left", maintain_order="left").drop("_row")


def valid_at(listing_map: pl.DataFrame, instant: datetime) -> pl.DataFrame:
    """Return what each listing sells at an instant: columns `platform`, `store`, `listing_sku`, `sku`, `multiplier`.

    One row per mapped listing; `sku` is null where it sells nothing of ours.
    """
    return listing_map.filter(_holds_at(pl.lit(instant))).select(*LISTED_AS, "sku", "multiplier")


def _holds_at(instant: pl.Expr) -> pl.Expr:
    return (pl.col("valid_from") <= instant) & (pl.col("valid_to").is_null() | (instant < pl.col("valid_to")))


def sku_units(listing_units: pl.Expr) -> pl.Expr:
    """Turn units of a listing into units of its SKU, by `multiplier`.

    Lines of before there were multipliers have none: each of their units was one of the SKU.
    """
    return listing_units * pl.col("multiplier").fill_null(1)
