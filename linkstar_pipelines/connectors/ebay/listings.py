"""eBay's listings (Inventory v1): the code and price of each offer, and what stock it shows.

Belongs here: reading inventory items with their offers, from raw listings and raw inventory alike.
Does not belong here: how a code is cleaned (`domain/sku_codes.py`).

One row is one offer: its id is the listing's id, because a listing with variants has one offer per variant. The
quantity of an offer is its own `availableQuantity`, else the item's quantity for shipping to homes.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.listings import listings_of
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.core import ListingStock

_GTINS: Final = ("ean", "upc", "isbn")
"""Lists of an item's product that hold GTINs."""
_PAYLOAD: Final = pl.Struct({
    "inventoryItem": pl.Struct({
        "product": pl.Struct({
            "title": pl.String, "imageUrls": pl.List(pl.String), **dict.fromkeys(_GTINS, pl.List(pl.String)),
        }),
        "availability": pl.Struct({"shipToLocationAvailability": pl.Struct({"quantity": pl.String})}),
    }),
    "offers": pl.List(pl.Struct({
        "offerId": pl.String, "status": pl.String, "availableQuantity": pl.String,
        "pricingSummary": pl.Struct({"price": pl.Struct({"value": pl.String, "currency": pl.String})}),
        "listing": pl.Struct({"listingStatus": pl.String}),
    })),
})  # fmt: skip
_NO_FORM: Final = "payload is no inventory item with its offers"


def listings(raw_listings: pl.DataFrame, rules: SkuCodeRules) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read every offer. An SKU may be offered on a site by auction and at a fixed price: it is one row all the same.

    Args:
        raw_listings: Present listings (`RawListings`).
        rules: How codes are cleaned.

    Returns:
        Rows of `Listings`, and those that cannot be read (source key `<platform>/<store>/<marketplace>/<seller SKU>`).
    """
    price = pl.col("offer").struct.field("pricingSummary").struct.field("price").struct
    product = pl.col("item").struct.field("product").struct
    read = _offers(raw_listings).with_columns(
        title=product.field("title"),
        gtin_text=pl.coalesce(*(product.field(kind).list.first() for kind in _GTINS)),
        image_url=product.field("imageUrls").list.first(),
        fulfilled_by=pl.lit("seller"),
        listing_status=_status(),
        price_text=price.field("value"),
        currency=price.field("currency"),
        problem="reason",
    )
    key = pl.concat_str("platform", "store", "marketplace_id", pl.coalesce("seller_sku", "listing_id"), separator="/")
    return listings_of(read, rules, "ebay", key)


def stock(raw_inventory: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the quantity that every offer shows.

    Args:
        raw_inventory: Latest stock figures (`RawInventory`).

    Returns:
        Rows of `ListingStock`, and those that cannot be read (source key `<platform>/<store>/<offer id>`).
    """
    item = pl.col("item").struct.field("availability").struct.field("shipToLocationAvailability").struct
    text = pl.coalesce(pl.col("offer").struct.field("availableQuantity"), item.field("quantity"))
    frame = (
        _offers(raw_inventory)
        .with_columns(text=text, available=json_columns.whole(text))
        .with_columns(
            listing_sku="seller_sku",
            fulfilled_by=pl.lit("seller").cast(ListingStock.fulfilled_by.dtype),
            reserved=pl.lit(None, pl.Int64),
            inbound=pl.lit(None, pl.Int64),
            unsellable=pl.lit(None, pl.Int64),
            reason=pl.coalesce(
                "reason",
                pl.when(json_columns.unreadable(pl.col("text"), pl.col("available"))).then(
                    pl.format("quantity `{}` is no whole number", "text")
                ),
            ),
        )
    )
    key = pl.concat_str("platform", "store", "listing_id", separator="/")
    refused = frame.filter(pl.col("reason").is_not_null()).select("reason", "payload", source_key=key)
    rows = frame.filter(pl.col("reason").is_null()).select(ListingStock.column_names())
    good, rejected = quarantine.split(rows, ListingStock, key)
    return good, quarantine.concat_rejects(refused, rejected)


def _offers(raw: pl.DataFrame) -> pl.DataFrame:
    """Add the row's own `offer`, its `item`, and a `reason` where the payload holds no such offer."""
    record = raw.with_columns(record=json_columns.decode(raw["payload"], _PAYLOAD)).with_row_index("row")
    offers = (
        record.select("row", "listing_id", offer=pl.col("record").struct.field("offers"))
        .explode("offer")
        .filter(pl.col("offer").struct.field("offerId") == pl.col("listing_id"))
        .unique("row", keep="first", maintain_order=True)
    )
    return (
        record.join(offers.select("row", "offer"), on="row", how="left", maintain_order="left")
        .with_columns(
            item=pl.col("record").struct.field("inventoryItem"),
            reason=pl.when(pl.col("offer").is_null()).then(pl.lit(_NO_FORM)),
        )
        .drop("row")
    )


def _status() -> pl.Expr:
    offer = pl.col("offer").struct
    return pl.concat_str(
        offer.field("status"), offer.field("listing").struct.field("listingStatus"), separator=",", ignore_nulls=True
    )
