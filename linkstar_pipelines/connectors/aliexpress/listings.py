"""AliExpress' products: which clean SKU each variant sells, at what price, and how many are in stock.

Belongs here: reading product payloads. Does not belong here: how a code is cleaned (`domain/sku_codes.py`).

A raw row is a variant; its payload is the whole product. The variant is the one whose id ends the listing id.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.connectors.aliexpress.operations import PLATFORM
from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.sku_codes import SkuCodeRules, clean_codes
from linkstar_pipelines.schemas.core import ListingStock, Skus

_PRODUCT: Final = pl.Struct({
    "product_id": pl.String, "subject": pl.String, "currency_code": pl.String, "product_status_type": pl.String,
    "aeop_ae_product_s_k_us": pl.Struct({
        "global_aeop_ae_product_sku": pl.List(pl.Struct({
            "id": pl.String, "ipm_sku_stock": pl.String, "sku_price": pl.String, "currency_code": pl.String,
        })),
    }),
})  # fmt: skip
_NO_FORM: Final = "payload is not in the form of a product with this variant"
_SOURCE: Final = pl.concat_str("platform", "store", "marketplace_id", "listing_id", separator="/")


def skus(raw_listings: pl.DataFrame, rules: SkuCodeRules) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Name the clean SKU of every variant. Of variants with the same code, the one of the first listing id stands.

    Returns:
        Rows of `Skus`, and those whose code fits no rule or whose payload has another form.
    """
    variant, product = pl.col("variant").struct, pl.col("product").struct
    frame = (
        _variants(raw_listings)
        .with_columns(
            clean=clean_codes(pl.col("seller_sku"), rules, PLATFORM),
            listing_sku=pl.col("seller_sku"),
            title=product.field("subject"),
            asin=pl.lit(None, pl.String),
            fulfilled_by=pl.lit("seller").cast(Skus.fulfilled_by.dtype),
            listing_status=product.field("product_status_type"),
            price_text=variant.field("sku_price"),
            price=json_columns.amount(variant.field("sku_price")),
            currency=pl.coalesce(variant.field("currency_code"), product.field("currency_code")),
        )
        .unnest("clean")
    )
    refused, readable = _parted(frame, pl.col("reason"), "price_text", "price", "no amount")
    first = readable.sort("listing_id").unique(Skus.primary_key(), keep="first", maintain_order=True)
    key = pl.concat_str("platform", "store", "marketplace_id", "listing_sku", separator="/")
    good, rejected = quarantine.split(first.select(Skus.column_names()), Skus, key)
    return good, quarantine.concat_rejects(refused, rejected)


def stock(raw_inventory: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the stock that each variant shows: what a buyer can order. Nothing else is told."""
    unknown = pl.lit(None, pl.Int64)
    text = pl.col("variant").struct.field("ipm_sku_stock")
    frame = _variants(raw_inventory).with_columns(
        listing_sku=pl.col("seller_sku"),
        fulfilled_by=pl.lit("seller").cast(ListingStock.fulfilled_by.dtype),
        available_text=text,
        available=json_columns.whole(text),
        reserved=unknown,
        inbound=unknown,
        unsellable=unknown,
    )
    refused, readable = _parted(frame, pl.lit(None, pl.String), "available_text", "available", "no whole number")
    good, rejected = quarantine.split(readable.select(ListingStock.column_names()), ListingStock, _SOURCE)
    return good, quarantine.concat_rejects(refused, rejected)


def _variants(raw: pl.DataFrame) -> pl.DataFrame:
    """Add the decoded `product` and its `variant`; the variant is null where there is none of the row's id."""
    read = raw.with_columns(product=json_columns.decode(raw["payload"], _PRODUCT)).with_row_index("row")
    product = pl.col("product").struct
    skus = product.field("aeop_ae_product_s_k_us").struct.field("global_aeop_ae_product_sku")
    found = (
        read.select("row", "listing_id", product_id=product.field("product_id"), variant=skus)
        .explode("variant")
        .filter(pl.concat_str("product_id", pl.lit(":"), pl.col("variant").struct.field("id")) == pl.col("listing_id"))
        .unique("row", keep="first", maintain_order=True)
    )
    return read.join(found.select("row", "variant"), on="row", how="left", maintain_order="left")


def _parted(
    frame: pl.DataFrame, reason: pl.Expr, text: str, value: str, kind: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows that cannot be read (as rejected ones, with the reason) from the others."""
    judged = frame.with_columns(
        reason=pl.coalesce(
            pl.when(pl.col("variant").is_null()).then(pl.lit(_NO_FORM)),
            reason,
            pl.when(json_columns.unreadable(pl.col(text), pl.col(value))).then(
                pl.format(f"{value} `{{}}` is {kind}", text)
            ),
        )
    )
    refused = judged.filter(pl.col("reason").is_not_null()).select("reason", "payload", source_key=_SOURCE)
    return refused, judged.filter(pl.col("reason").is_null())
