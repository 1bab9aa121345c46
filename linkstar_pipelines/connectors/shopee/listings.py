"""Shopee's listings (product.get_item_base_info, product.get_model_list): what each one sells, and its stock.

Belongs here: the readers into `core.listings` and `core.listing_stock`. Does not belong here: how a code is cleaned
(`domain/sku_codes.py`), or what the stock of a listing means (`domain/positions.py`).
"""

from typing import Final

import polars as pl

from linkstar_pipelines.connectors.shopee.forms import NO_PLACE
from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.listings import listings_of
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.core import ListingStock

# Every leaf is text: see `json_columns`.
_PRICES: Final = pl.List(pl.Struct({"currency": pl.String, "original_price": pl.String, "current_price": pl.String}))
_PLACES: Final = pl.List(pl.Struct({"location_id": pl.String, "stock": pl.String}))
_STOCK: Final = pl.Struct(
    {
        "summary_info": pl.Struct({"total_reserved_stock": pl.String, "total_available_stock": pl.String}),
        "seller_stock": _PLACES,
        "shopee_stock": _PLACES,
    }
)
_VARIANT: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "price_info": _PRICES,
    "stock_info_v2": _STOCK,
    "is_fulfillment_by_shopee": pl.String,
    "gtin_code": pl.String,
}
_RECORD: Final = pl.Struct(
    {
        "item": pl.Struct(
            {
                "item_name": pl.String,
                "item_status": pl.String,
                "image": pl.Struct({"image_url_list": pl.List(pl.String)}),
                **_VARIANT,
            }
        ),
        "models": pl.Struct(
            {
                "model": pl.List(pl.Struct({"model_id": pl.String, "model_status": pl.String, **_VARIANT})),
            }
        ),
    }
)
_KEY: Final = ["platform", "store", "marketplace_id", "listing_id"]
_NO_FORM: Final = "payload is not in the form of get_item_base_info and get_model_list"


def listings(raw_listings: pl.DataFrame, rules: SkuCodeRules) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read every listing.

    The price is the present one, promotions included. Several listings of one code in a marketplace are one row: the
    one with the smallest listing id.

    Args:
        raw_listings: Present listings.
        rules: How codes are cleaned.

    Returns:
        One row per marketplace and code, and the listings that cannot be read (source key
        `shopee/<store>/<marketplace>/<listing id>`).
    """
    price = pl.col("variant").struct.field("price_info").list.first().struct
    read = (
        _variants(raw_listings, ["seller_sku"])
        .sort(_KEY)
        .with_columns(
            gtin_text=pl.col("variant").struct.field("gtin_code"),
            fulfilled_by=_fulfilled_by(),
            currency=price.field("currency"),
            price_text=price.field("current_price"),
            problem=pl.when(pl.col("variant").is_null()).then(pl.lit(_NO_FORM)),
        )
    )
    return listings_of(read, rules, "shopee", pl.concat_str(_KEY, separator="/"))


def stock(raw_inventory: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read what the platform shows as stock of every listing and place.

    Where there is one place, its figures are the summary's: available is what can be sold now, reserved is held for
    promotions. Where there are several, each place has its own stock, and what is reserved is not told per place.

    Args:
        raw_inventory: Latest figures, one row per listing and place.

    Returns:
        One row per listing and place, and those whose payload has another form or whose figure is no number.
    """
    variants = _variants(raw_inventory, ["node_id", "seller_sku", "observed_at"])
    info = pl.col("variant").struct.field("stock_info_v2").struct
    summary = info.field("summary_info").struct
    several = info.field("seller_stock").list.len().fill_null(0) + info.field("shopee_stock").list.len().fill_null(0)
    frame = (
        variants.join(_places(variants), on=[*_KEY, "node_id"], how="left")
        .with_columns(alone=several <= 1)
        .with_columns(
            listing_sku="seller_sku",
            fulfilled_by=pl.when(pl.col("shopees_stock").is_not_null() & pl.col("own_stock").is_null())
            .then(pl.lit("platform"))
            .otherwise(_fulfilled_by())
            .cast(ListingStock.fulfilled_by.dtype),
            available_text=pl.when("alone")
            .then(summary.field("total_available_stock"))
            .otherwise(pl.coalesce("own_stock", "shopees_stock")),
            reserved_text=pl.when("alone").then(summary.field("total_reserved_stock")),
        )
        .with_columns(
            available=json_columns.whole(pl.col("available_text")),
            reserved=json_columns.whole(pl.col("reserved_text")),
            inbound=pl.lit(None, pl.Int64),
            unsellable=pl.lit(None, pl.Int64),
        )
        .with_columns(
            reason=pl.coalesce(
                pl.when(pl.col("variant").is_null()).then(pl.lit(_NO_FORM)),
                *(
                    pl.when(json_columns.unreadable(pl.col(f"{name}_text"), pl.col(name))).then(
                        pl.format(f"{name} `{{}}` is no whole number", f"{name}_text")
                    )
                    for name in ("available", "reserved")
                ),
            )
        )
    )
    key = pl.concat_str(*_KEY, "node_id", separator="/")
    refused = frame.filter(pl.col("reason").is_not_null()).select("reason", "payload", source_key=key)
    read = frame.filter(pl.col("reason").is_null()).select(ListingStock.column_names())
    good, rejected = quarantine.split(read, ListingStock, key)
    return good, quarantine.concat_rejects(refused, rejected)


def _variants(rows: pl.DataFrame, more: list[str]) -> pl.DataFrame:
    """Give every row the model of its listing id, or the item itself where it has none, as `variant`."""
    decoded = rows.with_row_index("row").with_columns(record=json_columns.decode(rows["payload"], _RECORD))
    record, item = pl.col("record").struct, pl.col("record").struct.field("item").struct
    fields = tuple(_VARIANT)
    models = (
        decoded.select("row", "listing_id", model=record.field("models").struct.field("model"))
        .explode("model")
        .drop_nulls("model")
        .filter(pl.col("listing_id").str.extract(r"-(\d+)$") == pl.col("model").struct.field("model_id"))
        .select(
            "row",
            model_status=pl.col("model").struct.field("model_status"),
            found=pl.struct(pl.col("model").struct.field(field) for field in fields),
        )
        .unique("row", keep="first")
    )
    whole = record.field("models").struct.field("model").is_null() & record.field("item").is_not_null()
    alone = pl.when(whole).then(pl.struct(item.field(field) for field in fields))
    return decoded.join(models, on="row", how="left", maintain_order="left").select(
        *_KEY, *more, "payload",
        title=item.field("item_name"),
        image_url=item.field("image").struct.field("image_url_list").list.first(),
        listing_status=pl.concat_str(
            item.field("item_status"), pl.col("model_status"), separator=",", ignore_nulls=True
        ).replace("", None),
        variant=pl.when(pl.col("found").is_not_null()).then("found").otherwise(alone),
    )  # fmt: skip


def _fulfilled_by() -> pl.Expr:
    by_shopee = pl.col("variant").struct.field("is_fulfillment_by_shopee").eq_missing(pl.lit("true"))
    return pl.when(by_shopee).then(pl.lit("platform")).otherwise(pl.lit("seller"))


def _at_place(places: pl.Expr) -> pl.Expr:
    """Return the places as a list of (place, stock), a place without a name as `-`."""
    place = pl.element().struct
    name = place.field("location_id").replace("", None).fill_null(NO_PLACE)
    return places.list.eval(pl.struct(node_id=name, stock=place.field("stock")))


def _places(variants: pl.DataFrame) -> pl.DataFrame:
    """Return the stock of each listing and place: what the seller holds there, and what Shopee holds."""
    info = pl.col("variant").struct.field("stock_info_v2").struct
    key = [*_KEY, "node_id"]

    def held(part: str, name: str) -> pl.DataFrame:
        rows = variants.select(*_KEY, "node_id", place=_at_place(info.field(part))).explode("place")
        own = rows.filter(pl.col("place").struct.field("node_id") == pl.col("node_id"))
        return own.select(*key, pl.col("place").struct.field("stock").alias(name)).unique(key, keep="first")

    return held("seller_stock", "own_stock").join(
        held("shopee_stock", "shopees_stock"), on=key, how="full", coalesce=True
    )
