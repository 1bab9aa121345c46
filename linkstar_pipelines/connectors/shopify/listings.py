"""Shopify's variants: the code and price of each, and what is left of it where. Pure.

Belongs here: the readers of raw listings and raw inventory.
Does not belong here: how a code is cleaned (`domain/sku_codes.py`), or what stock means for planning.

A variant's price names no currency: it is the shop's own, which the client puts beside (`currencyCode`).
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.listings import listings_of
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.core import ListingStock

_VARIANT: Final = pl.Struct({
    "title": pl.String, "price": pl.String, "currencyCode": pl.String, "barcode": pl.String,
    "product": pl.Struct({"title": pl.String, "status": pl.String}),
})  # fmt: skip
_STOCK: Final = pl.Struct({
    "inventoryItem": pl.Struct({
        "inventoryLevels": pl.Struct({
            "nodes": pl.List(pl.Struct({
                "location": pl.Struct({"id": pl.String}),
                "quantities": pl.List(pl.Struct({"name": pl.String, "quantity": pl.String})),
            })),
        }),
    }),
})  # fmt: skip
_QUANTITIES: Final = {"available": "available", "reserved": "committed", "inbound": "incoming", "unsellable": "damaged"}
"""Shopify's names of the quantities of `ListingStock`."""
_PLACE: Final = ["platform", "store", "marketplace_id", "listing_id", "node_id"]
_ONLY_VARIANT: Final = "Default Title"
"""What Shopify calls the one variant of a product without variants."""


def listings(raw_listings: pl.DataFrame, rules: SkuCodeRules) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read every variant.

    Args:
        raw_listings: Rows of the raw listings.
        rules: How codes are cleaned.

    Returns:
        Rows of `Listings`, and the variants that cannot be read (source key
        `shopify/<store>/<marketplace>/<variant>`). A code that several variants share is one row.
    """
    variant = pl.col("decoded").struct
    product = variant.field("product").struct
    own_title = pl.when(variant.field("title") != _ONLY_VARIANT).then(variant.field("title"))
    read = raw_listings.with_columns(decoded=json_columns.decode(raw_listings["payload"], _VARIANT)).with_columns(
        title=pl.concat_str(product.field("title"), own_title, separator=", ", ignore_nulls=True),
        gtin_text=variant.field("barcode"),
        fulfilled_by=pl.lit("seller"),
        listing_status=product.field("status"),
        price_text=variant.field("price"),
        currency=variant.field("currencyCode"),
        problem=pl.when(pl.col("decoded").is_null()).then(pl.lit("payload is not in the form of the API's variants")),
    )
    place = pl.concat_str("platform", "store", "marketplace_id", "listing_id", separator="/")
    return listings_of(read, rules, "shopify", place)


def stock(raw_inventory: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read what every location holds of every variant.

    A shop may sell more than it has: below 0 nothing is available.

    Args:
        raw_inventory: Rows of the raw inventory, one per variant and location.

    Returns:
        Rows of `ListingStock`, and figures that cannot be read.
    """
    rows = raw_inventory.with_columns(decoded=json_columns.decode(raw_inventory["payload"], _STOCK))
    read = {name: json_columns.whole(pl.col(f"{name}_text")) for name in _QUANTITIES}
    frame = rows.join(_levels(rows), on=_PLACE, how="left", maintain_order="left").select(
        *_PLACE, "observed_at", "payload",
        listing_sku="seller_sku",
        fulfilled_by=pl.lit("seller").cast(ListingStock.fulfilled_by.dtype),
        **{name: value.clip(lower_bound=0) for name, value in read.items()},
        reason=pl.coalesce(
            pl.when(pl.col("found").is_null()).then(pl.format("payload holds no figures of location `{}`", "node_id")),
            *(
                pl.when(json_columns.unreadable(pl.col(f"{name}_text"), value)).then(
                    pl.format(f"{source} `{{}}` is no whole number", f"{name}_text")
                )
                for (name, value), source in zip(read.items(), _QUANTITIES.values(), strict=True)
            ),
        ),
    )  # fmt: skip
    key = pl.concat_str(*_PLACE, separator="/")
    refused = frame.filter(pl.col("reason").is_not_null()).select("reason", "payload", source_key=key)
    told = frame.filter(pl.col("reason").is_null()).select(ListingStock.column_names())
    good, rejected = quarantine.split(told, ListingStock, key)
    return good, quarantine.concat_rejects(refused, rejected)


def _levels(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the figures of each row's own location, as text."""
    levels = pl.col("decoded").struct.field("inventoryItem").struct.field("inventoryLevels").struct.field("nodes")
    level = pl.col("level").struct
    entry = pl.element().struct

    def quantity(name: str) -> pl.Expr:
        found = level.field("quantities").list.eval(entry.field("quantity").filter(entry.field("name") == name))
        return found.list.first()

    return (
        rows.select(*_PLACE, level=levels)
        .explode("level")
        .filter(level.field("location").struct.field("id").str.extract(r"/(\d+)$") == pl.col("node_id"))
        .select(*_PLACE, found=True, **{f"{name}_text": quantity(source) for name, source in _QUANTITIES.items()})
        .unique(_PLACE, keep="first", maintain_order=True)
    )
