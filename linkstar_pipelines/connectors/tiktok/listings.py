"""TikTok Shop's products and their stock: what each listing sells, and how much of it there is.

Belongs here: the readers into `core.listings` and `core.listing_stock`. Does not belong here: how a code is cleaned
(`domain/sku_codes.py`), or what the stock of a listing means (`domain/positions.py`).

The lists do not tell whose warehouse a SKU is sold from; it is taken for the seller's.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.connectors.tiktok.forms import NO_WAREHOUSE
from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.listings import listings_of
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.core import ListingStock

# Every leaf is text: see `json_columns`.
_PRICE: Final = pl.Struct({"currency": pl.String, "sale_price": pl.String, "tax_exclusive_price": pl.String})
_LISTED: Final = pl.Struct({"id": pl.String, "price": _PRICE, "status_info": pl.Struct({"status": pl.String})})
_PRODUCT: Final = pl.Struct({"product": pl.Struct({"title": pl.String, "status": pl.String, "skus": pl.List(_LISTED)})})
_WAREHOUSES: Final = pl.List(
    pl.Struct({"warehouse_id": pl.String, "available_quantity": pl.String, "committed_quantity": pl.String})
)
_STOCKED: Final = pl.Struct(
    {
        "id": pl.String,
        "total_available_quantity": pl.String,
        "total_committed_quantity": pl.String,
        "warehouse_inventory": _WAREHOUSES,
    }
)
_INVENTORY: Final = pl.Struct({"inventory": pl.Struct({"skus": pl.List(_STOCKED)})})
_KEY: Final = ["platform", "store", "marketplace_id", "listing_id"]
_PLACE: Final = [*_KEY, "node_id"]


def listings(raw_listings: pl.DataFrame, rules: SkuCodeRules) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read every listing.

    The price is the one on the product page before discounts: `sale_price` of sellers across borders, of others
    `tax_exclusive_price`. Several listings of one code in a marketplace are one row: the one with the smallest listing
    id.

    Args:
        raw_listings: Present listings.
        rules: How codes are cleaned.

    Returns:
        One row per marketplace and code, and the listings that cannot be read (source key
        `tiktok/<store>/<marketplace>/<listing id>`).
    """
    product = pl.col("record").struct.field("product").struct
    sku, price = pl.col("sku_found").struct, pl.col("sku_found").struct.field("price").struct
    read = (
        _own_sku(raw_listings, _PRODUCT, product.field("skus"))
        .sort(_KEY)
        .with_columns(
            title=product.field("title"),
            fulfilled_by=pl.lit("seller"),
            listing_status=pl.concat_str(
                product.field("status"),
                sku.field("status_info").struct.field("status"),
                separator=",",
                ignore_nulls=True,
            ).replace("", None),
            currency=price.field("currency"),
            price_text=pl.coalesce(price.field("sale_price"), price.field("tax_exclusive_price")),
            problem=pl.when(pl.col("sku_found").is_null()).then(
                pl.lit("payload is not in the form of products/search")
            ),
        )
    )
    return listings_of(read, rules, "tiktok", pl.concat_str(_KEY, separator="/"))


def stock(raw_inventory: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read what the platform shows as stock of every listing and warehouse.

    Available is what can be ordered now, reserved what is committed to orders.

    Args:
        raw_inventory: Latest figures, one row per listing and warehouse.

    Returns:
        One row per listing and warehouse, and those whose payload has another form or whose figure is no number.
    """
    inventory = pl.col("record").struct.field("inventory").struct
    found = _own_sku(raw_inventory, _INVENTORY, inventory.field("skus"))
    sku, place = pl.col("sku_found").struct, pl.col("place").struct
    frame = (
        found.join(_own_warehouse(found), on="row", how="left", maintain_order="left")
        .with_columns(
            listing_sku="seller_sku",
            fulfilled_by=pl.lit("seller").cast(ListingStock.fulfilled_by.dtype),
            available_text=pl.coalesce(
                place.field("available_quantity"), _total(sku.field("total_available_quantity"))
            ),
            reserved_text=pl.coalesce(place.field("committed_quantity"), _total(sku.field("total_committed_quantity"))),
            inbound=pl.lit(None, pl.Int64),
            unsellable=pl.lit(None, pl.Int64),
        )
        .with_columns(
            available=json_columns.whole(pl.col("available_text")),
            reserved=json_columns.whole(pl.col("reserved_text")),
        )
        .with_columns(
            reason=pl.coalesce(
                pl.when(pl.col("sku_found").is_null()).then(pl.lit("payload is not in the form of inventory/search")),
                *(
                    pl.when(json_columns.unreadable(pl.col(f"{name}_text"), pl.col(name))).then(
                        pl.format(f"{name} `{{}}` is no whole number", f"{name}_text")
                    )
                    for name in ("available", "reserved")
                ),
            )
        )
    )
    key = pl.concat_str(_PLACE, separator="/")
    refused = frame.filter(pl.col("reason").is_not_null()).select("reason", "payload", source_key=key)
    read = frame.filter(pl.col("reason").is_null()).select(ListingStock.column_names())
    good, rejected = quarantine.split(read, ListingStock, key)
    return good, quarantine.concat_rejects(refused, rejected)


def _own_sku(rows: pl.DataFrame, form: pl.Struct, skus: pl.Expr) -> pl.DataFrame:
    """Give every row its decoded `record` and, as `sku_found`, the SKU that its listing id names."""
    decoded = rows.with_row_index("row").with_columns(record=json_columns.decode(rows["payload"], form))
    found = (
        decoded.select("row", "listing_id", sku_found=skus)
        .explode("sku_found")
        .filter(pl.col("listing_id").str.extract(r"-([^-]+)$") == pl.col("sku_found").struct.field("id"))
        .select("row", "sku_found")
        .unique("row", keep="first")
    )
    return decoded.join(found, on="row", how="left", maintain_order="left")


def _own_warehouse(found: pl.DataFrame) -> pl.DataFrame:
    """Return, by row, the figures of the warehouse that the row is about."""
    warehouse = pl.col("place").struct.field("warehouse_id").replace("", None).fill_null(NO_WAREHOUSE)
    return (
        found.select("row", "node_id", place=pl.col("sku_found").struct.field("warehouse_inventory"))
        .explode("place")
        .drop_nulls("place")
        .filter(warehouse == pl.col("node_id"))
        .select("row", "place")
        .unique("row", keep="first")
    )


def _total(figure: pl.Expr) -> pl.Expr:
    """Return the figure of all warehouses where TikTok names none."""
    return pl.when(pl.col("node_id") == NO_WAREHOUSE).then(figure)
