"""Amazon's listings (listings items 2021-08-01): the code of each one, at what price, shipped by whom.

Belongs here: reading listing payloads. Does not belong here: how a code is cleaned (`sku_codes.py`), or what the
stock of a listing means (`positions.py`).
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import json_columns
from linkstar_pipelines.domain.listings import listings_of
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.products import Listings
from linkstar_pipelines.schemas.raw import RawAmazonListings

SELLER_CHANNEL: Final = "DEFAULT"
"""Fulfillment channel of stock that the seller ships himself; `AMAZON_NA`, `AMAZON_EU`, ... are Amazon's."""

LISTING: Final = pl.Struct({
    "summaries": pl.List(pl.Struct({
        "marketplaceId": pl.String, "asin": pl.String, "itemName": pl.String, "status": pl.List(pl.String),
        "mainImage": pl.Struct({"link": pl.String}),
    })),
    "offers": pl.List(pl.Struct({
        "marketplaceId": pl.String, "offerType": pl.String,
        "price": pl.Struct({"amount": pl.String, "currencyCode": pl.String}),
    })),
    "fulfillmentAvailability": pl.List(pl.Struct({"fulfillmentChannelCode": pl.String, "quantity": pl.String})),
})  # fmt: skip
"""The parts of a listing that are read."""

_KEY: Final = ["platform", "store", "marketplace_id", "seller_sku"]
_NO_FORM: Final = "payload is not in the form of listings items 2021-08-01"


def listings(
    raw_listings: dy.DataFrame[RawAmazonListings], rules: SkuCodeRules
) -> tuple[dy.DataFrame[Listings], pl.DataFrame]:
    """Read every listing.

    The price is the offer to consumers (`B2C`) in the listing's marketplace. A listing counts as shipped by the
    platform if any of its fulfillment channels is Amazon's. GTINs are among a listing's attributes, which are not asked
    for: Amazon's own number of the product is the ASIN.

    Args:
        raw_listings: Present listings.
        rules: How codes are cleaned.

    Returns:
        One row per listing, and those that cannot be read (source key
        `<platform>/<store>/<marketplace>/<seller SKU>`).
    """
    rows = raw_listings.with_columns(listing=json_columns.decode(raw_listings["payload"], LISTING))
    read = (
        rows.join(_summaries(rows), on=_KEY, how="left", maintain_order="left")
        .join(_prices(rows), on=_KEY, how="left", maintain_order="left")
        .with_columns(fulfilled_by=_fulfilled_by(), problem=pl.when(pl.col("listing").is_null()).then(pl.lit(_NO_FORM)))
    )
    return listings_of(read, rules, "amazon", pl.concat_str(_KEY, separator="/"))


def _fulfilled_by() -> pl.Expr:
    channels = pl.col("listing").struct.field("fulfillmentAvailability")
    codes = channels.list.eval(pl.element().struct.field("fulfillmentChannelCode"))
    amazon = codes.list.eval(pl.element() != SELLER_CHANNEL).list.any().fill_null(value=False)
    return pl.when(amazon).then(pl.lit("platform")).otherwise(pl.lit("seller"))


def _parts(rows: pl.DataFrame, part: str) -> pl.DataFrame:
    """Return the entries of one part that are about the marketplace of the row."""
    entries = rows.select(*_KEY, entry=pl.col("listing").struct.field(part)).explode("entry").unnest("entry")
    return entries.filter(pl.col("marketplaceId") == pl.col("marketplace_id"))


def _summaries(rows: pl.DataFrame) -> pl.DataFrame:
    return (
        _parts(rows, "summaries")
        .select(
            *_KEY,
            "asin",
            title="itemName",
            listing_status=pl.col("status").list.join(","),
            image_url=pl.col("mainImage").struct.field("link"),
        )
        .unique(_KEY, keep="first", maintain_order=True)
    )


def _prices(rows: pl.DataFrame) -> pl.DataFrame:
    price = pl.col("price").struct
    return (
        _parts(rows, "offers")
        .filter(pl.col("offerType") == "B2C")
        .select(*_KEY, price_text=price.field("amount"), currency=price.field("currencyCode"))
        .unique(_KEY, keep="first", maintain_order=True)
    )
