"""TikTok Shop's orders (`line_items` of 2023-09): what the fields of a payload mean in our words.

Belongs here: TikTok's `OrderForm`. Does not belong here: which version counts (`domain/orders.py`), or how raw rows
come to be (`forms.py`).

* An entry of `line_items` is one unit with an id of its own. The units of one SKU are one order line here, named by
  the smallest of their ids (as numbers), which stays when others are cancelled.
* Cancelled units stay listed with `display_status` CANCELLED. Units count as shipped once the carrier has them;
  AWAITING_COLLECTION is arranged and not handed over.
* Prices are those before discounts, as the buyer sees them: without tax in the United States, with it elsewhere.
  Shipping is stated per order alone, and tax per unit in the United States alone; elsewhere both are unknown per line.
* TikTok Shop tells no import one-stop-shop number.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns
from linkstar_pipelines.domain.orders import NOT_STATED, OrderForm, money_sum
from linkstar_pipelines.schemas.columns import MONEY

STATES: Final = {
    "UNPAID": "awaiting_payment",
    "ON_HOLD": "held",
    "AWAITING_SHIPMENT": "to_ship",
    "AWAITING_COLLECTION": "to_ship",
    "PARTIALLY_SHIPPING": "part_shipped",
    "IN_TRANSIT": "shipped",
    "DELIVERED": "delivered",
    "COMPLETED": "closed",
    "CANCELLED": "cancelled",
}
"""Canonical state by order status. While the buyer asks to cancel, what is to be shipped is held."""
FULFILLERS: Final = {
    "FULFILLMENT_BY_SELLER": "seller",
    "FULFILLMENT_BY_TIKTOK": "platform",
    "FULFILLMENT_BY_DILAYANI_TOKOPEDIA": "platform",
}
LEFT: Final = ("IN_TRANSIT", "DELIVERED", "COMPLETED")
"""Unit statuses after the hand-over."""
CANCELLED: Final = "CANCELLED"
_NO_FORM: Final = "payload is not in the form of an order with its line_items"
_PRICES: Final = ("original_price", "sale_price", "seller_discount", "platform_discount")

# Every leaf is text: see `json_columns`.
_UNIT: Final = pl.Struct(
    {
        **dict.fromkeys(
            ("id", "sku_id", "seller_sku", "product_name", "display_status", "currency", *_PRICES), pl.String
        ),
        "item_tax": pl.List(pl.Struct({"tax_amount": pl.String})),
    }
)
_RECORD: Final = pl.Struct(
    {
        "order": pl.Struct(
            {
                "status": pl.String,
                "fulfillment_type": pl.String,
                "is_buyer_request_cancel": pl.String,
                "rts_sla_time": pl.String,
                "payment": pl.Struct({"currency": pl.String, "total_amount": pl.String}),
                "recipient_address": pl.Struct({"region_code": pl.String}),
                "line_items": pl.List(_UNIT),
            }
        )
    }
)


def _heads(versions: pl.DataFrame) -> pl.DataFrame:
    order = pl.col("record").struct.field("order").struct
    read = versions.drop("payload").with_columns(record=json_columns.decode(versions["payload"], _RECORD))
    rows = read.with_row_index("row").with_columns(
        units=order.field("line_items"),
        source_state=order.field("status").fill_null(NOT_STATED),
        fulfillment=order.field("fulfillment_type"),
        ship_date=json_columns.epoch(order.field("rts_sla_time")),
        currency=order.field("payment").struct.field("currency"),
        total_text=order.field("payment").struct.field("total_amount"),
        ship_country=order.field("recipient_address").struct.field("region_code").replace("", None),
        asked_to_cancel=order.field("is_buyer_request_cancel").eq_missing(pl.lit("true")),
    )
    return (
        rows.join(_units_by_sku(rows), on="row", how="left", maintain_order="left")
        .with_columns(
            state=_order_state(),
            fulfilled_by=pl.col("fulfillment").replace_strict(FULFILLERS, default=None, return_dtype=pl.String),
        )
        .with_columns(
            problem=pl.coalesce(
                pl.when(pl.col("record").is_null()).then(pl.lit(_NO_FORM)),
                pl.when(pl.col("items").is_null()).then(pl.lit("order has no lines")),
                pl.when(pl.col("fulfilled_by").is_null()).then(
                    pl.format("fulfillment_type `{}` tells no one who ships", pl.col("fulfillment").fill_null(""))
                ),
            )
        )
        .drop("row", "record", "units", "fulfillment", "asked_to_cancel")
    )


def _units_by_sku(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the units of each row as one list per SKU, smallest id first."""
    unit = pl.col("unit").struct
    return (
        rows.filter(pl.col("units").list.len() > 0)
        .select("row", unit="units")
        .explode("unit")
        .with_columns(sku=pl.coalesce(unit.field("sku_id"), unit.field("seller_sku")))
        .sort("row", unit.field("id").str.len_chars(), unit.field("id"))
        .group_by("row", "sku", maintain_order=True)
        .agg("unit")
        .group_by("row", maintain_order=True)
        .agg(items="unit")
    )


def _order_state() -> pl.Expr:
    state = pl.col("source_state").replace_strict(STATES, default="unknown", return_dtype=pl.String)
    return pl.when(pl.col("asked_to_cancel") & (state == "to_ship")).then(pl.lit("held")).otherwise(state)


def _lines(orders: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("item").list.first().struct
    prices = _each("original_price")
    return orders.with_columns(
        line_id=first.field("id"),
        listing_sku=first.field("seller_sku"),
        title=first.field("product_name"),
        ordered_text=pl.col("item").list.len().cast(pl.String),
        shipped_text=_count(LEFT),
        cancelled_text=_count((CANCELLED,)),
        price_text=pl.when(prices.list.n_unique() == 1).then(prices.list.first()),
        item_text=money_sum(prices),
        discount_text=_discount(),
        tax_text=money_sum(_taxes()),
        shipping_text=pl.lit(None, pl.String),
        line_currency=first.field("currency"),
        ioss_number=pl.lit(None, pl.String),
        line_state=pl.lit(None, pl.String),
        line_problem=_problem(),
    )


def _each(field: str) -> pl.Expr:
    """Return a field of all units of a line as a list."""
    return pl.col("item").list.eval(pl.element().struct.field(field))


def _taxes() -> pl.Expr:
    taxes = pl.element().struct.field("item_tax").explode()
    return pl.col("item").list.eval(taxes.struct.field("tax_amount"))


def _count(statuses: tuple[str, ...]) -> pl.Expr:
    return _each("display_status").list.eval(pl.element().is_in(statuses)).list.sum().cast(pl.String)


def _discount() -> pl.Expr:
    by_seller, by_platform = (
        json_columns.amount(money_sum(_each(field))) for field in ("seller_discount", "platform_discount")
    )
    return (by_seller + by_platform).cast(MONEY).cast(pl.String)


def _problem() -> pl.Expr:
    """Say which amount of a unit could not be read: sums of several units would only be null."""
    unreadable = json_columns.unreadable(pl.element(), json_columns.amount(pl.element()))
    texts = {**{field: _each(field) for field in _PRICES}, "tax_amount": _taxes()}
    return pl.coalesce(
        *(
            pl.format(f"{field} `{{}}` is no amount", values.list.eval(pl.element().filter(unreadable)).list.first())
            for field, values in texts.items()
        )
    )


FORM: Final = OrderForm(_heads, _lines)
"""How TikTok Shop writes its orders."""
