"""Listing maps for tests: listings that sell the SKU of their own clean code, or what a test says."""

from datetime import UTC, datetime
from typing import Any

import dataframely as dy
import polars as pl

from linkstar_pipelines.schemas.products import ListingMap, Listings

EVER = datetime(1970, 1, 1, tzinfo=UTC)


def span(listing_sku: str, sku: str, **changes: Any) -> dict[str, Any]:
    """One span of the map: by default of an Amazon listing, since ever, one unit for one."""
    return {
        "platform": "amazon", "store": "na", "listing_sku": listing_sku, "valid_from": EVER, "valid_to": None,
        "sku": sku, "multiplier": 1, "fulfilled_by": None, "evidence": "person", "confidence": 1.0, "reasons": "told",
        "approved_by": "ada",
    } | changes  # fmt: skip


def map_of(*spans: dict[str, Any]) -> dy.DataFrame[ListingMap]:
    """A map of these spans."""
    columns = {name: column.dtype for name, column in ListingMap.columns().items()}
    return ListingMap.validate(pl.DataFrame(list(spans), schema=columns))


def by_code(listings: pl.DataFrame) -> dy.DataFrame[ListingMap]:
    """The map in which every listing with a clean code sells the SKU of that code."""
    key = ["platform", "store", "listing_sku"]
    coded = Listings.validate(listings, cast=False).filter(pl.col("code").is_not_null())
    return map_of(
        *(
            span(row["listing_sku"], row["code"], platform=row["platform"], store=row["store"], evidence="code")
            for row in coded.unique(key, maintain_order=True).iter_rows(named=True)
        )
    )
