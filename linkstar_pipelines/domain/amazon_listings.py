"""Amazon's listings (listings items 2021-08-01): which clean SKU each one sells, at what price, shipped by whom.

Belongs here: reading listing payloads. Does not belong here: how a code is cleaned (`sku_codes.py`), or what the
stock of a listing means (`positions.py`).
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.sku_codes import SkuCodeRules, clean_codes
from linkstar_pipelines.schemas.core import Skus
from linkstar_pipelines.schemas.raw import RawAmazonListings

SELLER_CHANNEL: Final = "DEFAULT"
"""Fulfillment channel of stock that the seller ships himself; `AMAZON_NA`, `AMAZON_EU`, ... are Amazon's."""

LISTING: Final = pl.Struct({
    "summaries": pl.List(pl.Struct({
        "marketplaceId": pl.String, "asin": pl.String, "itemName": pl.String, "status": pl.List(pl.String),
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


def skus(raw_listings: dy.DataFrame[RawAmazonListings], rules: SkuCodeRules) -> tuple[dy.DataFrame[Skus], pl.DataFrame]:
    """Name the clean SKU of every listing.

    The price is the offer to consumers (`B2C`) in the listing's marketplace. A listing counts as shipped by the
    platform if any of its fulfillment channels is Amazon's.

    Args:
        raw_listings: Present listings.
        rules: How codes are cleaned.

    Returns:
        One row per listing, and those whose code fits no rule or whose payload has another form (source key
        `<platform>/<store>/<marketplace>/<seller SKU>`).
    """
    rows = raw_listings.with_columns(
        listing=json_columns.decode(raw_listings["payload"], LISTING),
        clean=clean_codes(pl.col("seller_sku"), rules, "amazon"),
    )
    frame = (
        rows.join(_summaries(rows), on=_KEY, how="left")
        .join(_prices(rows), on=_KEY, how="left")
        .select(
            *_KEY[:3], "title", "asin", "listing_status", "currency", "price_text", "payload",
            listing_sku="seller_sku",
            sku=pl.col("clean").struct.field("sku"),
            cleaning=pl.col("clean").struct.field("cleaning"),
            fulfilled_by=_fulfilled_by(),
            price=json_columns.amount(pl.col("price_text")),
            reason=pl.coalesce(
                pl.when(pl.col("listing").is_null()).then(pl.lit(_NO_FORM)),
                pl.col("clean").struct.field("reason"),
            ),
        )
        .with_columns(
            reason=pl.coalesce(
                "reason",
                pl.when(json_columns.unreadable(pl.col("price_text"), pl.col("price"))).then(
                    pl.format("price `{}` is no amount", "price_text")
                ),
            )
        )
    )  # fmt: skip
    key = pl.concat_str("platform", "store", "marketplace_id", "listing_sku", separator="/")
    refused = frame.filter(pl.col("reason").is_not_null()).select("reason", "payload", source_key=key)
    good, rejected = quarantine.split(frame.filter(pl.col("reason").is_null()).select(Skus.column_names()), Skus, key)
    return good, quarantine.concat_rejects(refused, rejected)


def _fulfilled_by() -> pl.Expr:
    channels = pl.col("listing").struct.field("fulfillmentAvailability")
    codes = channels.list.eval(pl.element().struct.field("fulfillmentChannelCode"))
    amazon = codes.list.eval(pl.element() != SELLER_CHANNEL).list.any().fill_null(value=False)
    return pl.when(amazon).then(pl.lit("platform")).otherwise(pl.lit("seller")).cast(Skus.fulfilled_by.dtype)


def _parts(rows: pl.DataFrame, part: str) -> pl.DataFrame:
    """Return the entries of one part that are about the marketplace of the row."""
    entries = rows.select(*_KEY, entry=pl.col("listing").struct.field(part)).explode("entry").unnest("entry")
    return entries.filter(pl.col("marketplaceId") == pl.col("marketplace_id"))


def _summaries(rows: pl.DataFrame) -> pl.DataFrame:
    return (
        _parts(rows, "summaries")
        .select(*_KEY, "asin", title="itemName", listing_status=pl.col("status").list.join(","))
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
