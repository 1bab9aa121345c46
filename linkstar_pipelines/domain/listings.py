"""Listings of all platforms: from what a reader took out of a payload to rows of `core.listings`.

Belongs here: what does not depend on the platform: the clean code, the price, the GTIN, and which rows cannot be read.
Does not belong here: the form of any platform's payload (the platform's own module), or which SKU a listing sells
(`products/`).
"""

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.products.gtins import gtins
from linkstar_pipelines.domain.sku_codes import SkuCodeRules, clean_codes
from linkstar_pipelines.schemas.products import Listings

_CODE = pl.concat_str("platform", "store", "marketplace_id", "listing_sku", separator="/")
_OPTIONAL = ("asin", "gtin_text", "image_url")


def listings_of(
    read: pl.DataFrame, rules: SkuCodeRules, platform: str, source_key: pl.Expr
) -> tuple[dy.DataFrame[Listings], pl.DataFrame]:
    """Make rows of `Listings` of what was read.

    A code that fits no rule rejects nothing: the listing is kept with its problem and sells no SKU until it is mapped.
    Of several listings of one code in a marketplace the first stands.

    Args:
        read: Columns `platform`, `store`, `marketplace_id`, `seller_sku`, `title`, `fulfilled_by`, `listing_status`,
            `currency`, `payload`; as text `price_text`; `problem` (why the payload cannot be read, else null); and
            where the platform states them `asin`, `gtin_text` (GTIN, EAN, UPC or ISBN as stated) and `image_url`.
        rules: How codes are cleaned.
        platform: Platform whose codes they are.
        source_key: Source key of a row that cannot be read.

    Returns:
        One row per marketplace and code; and the rows that cannot be read: their payload has another form, they
        have no code, or their price is no amount.
    """
    unstated = [pl.lit(None, pl.String).alias(name) for name in _OPTIONAL if name not in read.columns]
    coded = read.with_columns(*unstated, clean=clean_codes(pl.col("seller_sku"), rules, platform))
    clean = pl.col("clean").struct
    frame = coded.with_columns(
        listing_sku="seller_sku",
        code=clean.field("sku"),
        cleaning=clean.field("cleaning"),
        code_problem=clean.field("reason"),
        gtin=gtins(coded["gtin_text"])["value"],
        price=json_columns.amount(pl.col("price_text")),
        fulfilled_by=pl.col("fulfilled_by").cast(Listings.fulfilled_by.dtype),
    ).with_columns(
        reason=pl.coalesce(
            "problem",
            pl.when(pl.col("listing_sku").fill_null("") == "").then(pl.lit("the listing has no seller SKU")),
            pl.when(json_columns.unreadable(pl.col("price_text"), pl.col("price"))).then(
                pl.format("price `{}` is no amount", "price_text")
            ),
        )
    )
    refused = frame.filter(pl.col("reason").is_not_null()).select("reason", "payload", source_key=source_key)
    readable = frame.filter(pl.col("reason").is_null()).unique(
        Listings.primary_key(), keep="first", maintain_order=True
    )
    good, rejected = quarantine.split(readable.select(Listings.column_names()), Listings, _CODE)
    return good, quarantine.concat_rejects(refused, rejected)
