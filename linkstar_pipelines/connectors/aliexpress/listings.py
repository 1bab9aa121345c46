"""AliExpress' products: the code and price of each variant, and how many are in stock.

Belongs here: reading product payloads. Does not belong here: how a code is cleaned (`domain/sku_codes.py`).

A raw row is a variant; its payload is the whole product. The variant is the one whose id ends the listing id.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.connectors.aliexpress.operations import PLATFORM
from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.listings import listings_of
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.core import ListingStock

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


def listings(raw_listings: pl.DataFrame, rules: SkuCodeRules) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read every variant. Of variants with the same code, the one of the first listing id stands.

    Returns:
        Rows of `Listings`, and those that cannot be read.
    """
    variant, product = pl.col("variant").struct, pl.col("product").struct
    read = (
        _variants(raw_listings)
        .sort("listing_id")
        .with_columns(
            title=product.field("subject"),
            fulfilled_by=pl.lit("seller"),
            listing_status=product.field("product_status_type"),
            price_text=variant.field("sku_price"),
            currency=pl.coalesce(variant.field("currency_code"), product.field("currency_code")),
            problem=_problem(),
        )
    )
    return listings_of(read, rules, PLATFORM, _SOURCE)


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
    refused, readable = _parted(frame)
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


def _problem() -> pl.Expr:
    return pl.when(pl.col("variant").is_null()).then(pl.lit(_NO_FORM))


def _parted(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the stock that cannot be read (as rejected rows, with the reason) from the rest."""
    judged = frame.with_columns(
        reason=pl.coalesce(
            _problem(),
            pl.when(json_columns.unreadable(pl.col("available_text"), pl.col("available"))).then(
                pl.format("available `{}` is no whole number", "available_text")
            ),
        )
    )
    refused = judged.filter(pl.col("reason").is_not_null()).select("reason", "payload", source_key=_SOURCE)
    return refused, judged.filter(pl.col("reason").is_null())
