"""Walmart's items and stock figures: the code and price of each, and what is left. Pure.

Belongs here: the readers of raw listings and raw inventory.
Does not belong here: how a code is cleaned (`domain/sku_codes.py`), or what stock means for planning.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.listings import listings_of
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.core import ListingStock

_WFS: Final = "WFSFulfilled"
_ITEM: Final = pl.Struct({
    "productName": pl.String, "publishedStatus": pl.String, "lifecycleStatus": pl.String, "shipNodeType": pl.String,
    "price": pl.Struct({"currency": pl.String, "amount": pl.String}), "gtin": pl.String, "upc": pl.String,
})  # fmt: skip
_QUANTITY: Final = pl.Struct({"amount": pl.String})
_OWN_NODE: Final = pl.Struct({"shipNode": pl.String, "availToSellQty": _QUANTITY, "reservedQty": _QUANTITY})
_WFS_NODE: Final = pl.Struct({"shipNodeType": pl.String, "availToSellQty": pl.String})
_STOCK: Final = pl.Struct({"nodes": pl.List(_OWN_NODE), "shipNodes": pl.List(_WFS_NODE)})
_PLACE: Final = ["platform", "store", "marketplace_id", "listing_id", "node_id"]


def listings(raw_listings: pl.DataFrame, rules: SkuCodeRules) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read every item.

    Args:
        raw_listings: Rows of the raw listings.
        rules: How codes are cleaned.

    Returns:
        Rows of `Listings`, and the items that cannot be read (source key
        `walmart/<store>/<marketplace>/<seller SKU>`).
    """
    item = pl.col("decoded").struct
    read = raw_listings.with_columns(decoded=json_columns.decode(raw_listings["payload"], _ITEM)).with_columns(
        title=item.field("productName"),
        gtin_text=pl.coalesce(item.field("gtin"), item.field("upc")),
        fulfilled_by=_who(item.field("shipNodeType")),
        listing_status=pl.concat_list(item.field("publishedStatus"), item.field("lifecycleStatus"))
        .list.drop_nulls()
        .list.join(","),
        price_text=item.field("price").struct.field("amount"),
        currency=item.field("price").struct.field("currency"),
        problem=pl.when(pl.col("decoded").is_null()).then(pl.lit("payload is not in the form of Walmart's items")),
    )
    key = pl.concat_str("platform", "store", "marketplace_id", pl.col("seller_sku").fill_null("-"), separator="/")
    return listings_of(read, rules, "walmart", key)


def stock(raw_inventory: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read what every ship node shows of every listing.

    WFS tells what a buyer can order and nothing else; the seller's own nodes tell what is promised, too.

    Args:
        raw_inventory: Rows of the raw inventory, one per listing and node.

    Returns:
        Rows of `ListingStock`, and figures that cannot be read.
    """
    rows = raw_inventory.with_columns(decoded=json_columns.decode(raw_inventory["payload"], _STOCK))
    figures = pl.concat([_figures(rows, "nodes"), _figures(rows, "shipNodes")])
    frame = rows.join(figures, on=_PLACE, how="left").select(
        *_PLACE, "observed_at", "payload",
        listing_sku="seller_sku",
        fulfilled_by=_who(pl.col("kind")).cast(ListingStock.fulfilled_by.dtype),
        available=json_columns.whole(pl.col("available_text")),
        reserved=json_columns.whole(pl.col("reserved_text")),
        inbound=pl.lit(None, pl.Int64),
        unsellable=pl.lit(None, pl.Int64),
        reason=pl.coalesce(
            pl.when(pl.col("kind").is_null()).then(pl.format("payload holds no figures of node `{}`", "node_id")),
            *(
                pl.when(json_columns.unreadable(pl.col(text), json_columns.whole(pl.col(text)))).then(
                    pl.format("quantity `{}` is no whole number", text)
                )
                for text in ("available_text", "reserved_text")
            ),
        ),
    )  # fmt: skip
    key = pl.concat_str(*_PLACE, separator="/")
    refused = frame.filter(pl.col("reason").is_not_null()).select("reason", "payload", source_key=key)
    read = frame.filter(pl.col("reason").is_null()).select(ListingStock.column_names())
    good, rejected = quarantine.split(read, ListingStock, key)
    return good, quarantine.concat_rejects(refused, rejected)


def _figures(rows: pl.DataFrame, part: str) -> pl.DataFrame:
    """Return the figures of one of the two forms by place: the seller's nodes, or WFS."""
    node = pl.col("node").struct
    named = (
        {
            "node": node.field("shipNode"),
            "available_text": node.field("availToSellQty").struct.field("amount"),
            "reserved_text": node.field("reservedQty").struct.field("amount"),
            "kind": pl.lit("SellerFulfilled"),
        }
        if part == "nodes"
        else {
            "node": node.field("shipNodeType"),
            "available_text": node.field("availToSellQty"),
            "reserved_text": pl.lit(None, pl.String),
            "kind": node.field("shipNodeType").fill_null(_WFS),
        }
    )
    entries = rows.select(*_PLACE, node=pl.col("decoded").struct.field(part)).explode("node")
    figures = entries.filter(pl.col("node").is_not_null()).with_columns(**named)
    same_node = pl.col("node").fill_null("-") == pl.col("node_id")
    return figures.filter(same_node).drop("node").unique(_PLACE, keep="last", maintain_order=True)


def _who(node_type: pl.Expr) -> pl.Expr:
    return pl.when(node_type == _WFS).then(pl.lit("platform")).otherwise(pl.lit("seller"))
