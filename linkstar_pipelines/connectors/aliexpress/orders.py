"""AliExpress' orders: what the fields of an order mean in our words.

Belongs here: AliExpress' `OrderForm`. Does not belong here: which version counts (`domain/orders.py`).

An order that ended (`FINISH`) was cancelled when it was never paid or when its end reason says so; else it is closed.
A line whose units have not all left is `part_shipped`; how many did, the list does not tell, so they count as 0.
The list states neither tax nor discounts, and tells to ignore the shipping amounts of lines: those stay unknown. No
number of the import one-stop shop is on the wire.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.connectors.aliexpress import pacific
from linkstar_pipelines.domain import json_columns
from linkstar_pipelines.domain.orders import NOT_STATED, OrderForm

STATES: Final = {
    "PLACE_ORDER_SUCCESS": "awaiting_payment",
    "PAYMENT_PROCESSING": "awaiting_payment",
    "RISK_CONTROL": "held",
    "RISK_CONTROL_HOLD": "held",
    "WAIT_SELLER_EXAMINE_MONEY": "held",
    "IN_FROZEN": "held",
    "IN_CANCEL": "held",
    "WAIT_SELLER_SEND_GOODS": "to_ship",
    "SELLER_PART_SEND_GOODS": "part_shipped",
    "WAIT_BUYER_ACCEPT_GOODS": "shipped",
    "IN_ISSUE": "shipped",
    "FUND_PROCESSING": "closed",
    "FINISH": "closed",
    "ARCHIVE": "closed",
}
"""Canonical state by AliExpress' word. An asked cancellation holds the order; a dispute is about sent goods."""

_CANCELLING: Final = r"cancel|pay_timeout|send_goods_timeout|security_close"
"""End reasons that mean a cancelled order. The list of reasons is not published: what is none of these is closed."""

FULFILLERS: Final = {"SELLER_SEND_GOODS": "seller", "WAREHOUSE_SEND_GOODS": "platform"}
_COUNTRIES: Final = {"UK": "GB"}
"""Country codes of AliExpress that are not ISO 3166's."""
_SHIPPED: Final = ("shipped", "delivered", "closed")

# Every leaf is text: see `json_columns`.
_MONEY: Final = pl.Struct({"amount": pl.String, "currency_code": pl.String})
_LINE: Final = pl.Struct({
    "child_id": pl.String, "product_id": pl.String, "sku_code": pl.String, "product_name": pl.String,
    "product_count": pl.String, "product_unit_price": _MONEY, "total_product_amount": _MONEY,
    "son_order_status": pl.String, "send_goods_operator": pl.String,
})  # fmt: skip
_PAYLOAD: Final = pl.Struct({
    "order_status": pl.String, "end_reason": pl.String, "gmt_pay_time": pl.String, "gmt_send_goods_time": pl.String,
    "pay_amount": _MONEY,
    "receipt_address": pl.Struct({"country": pl.String}),
    "product_list": pl.Struct({"order_product_dto": pl.List(_LINE)}),
})  # fmt: skip


def _heads(versions: pl.DataFrame) -> pl.DataFrame:
    order = pl.col("order").struct
    total = order.field("pay_amount").struct
    senders = pl.col("items").list.eval(pl.element().struct.field("send_goods_operator").fill_null("SELLER_SEND_GOODS"))
    return (
        versions.drop("payload")
        .with_columns(order=json_columns.decode(versions["payload"], _PAYLOAD))
        .with_columns(
            items=order.field("product_list").struct.field("order_product_dto"),
            source_state=order.field("order_status").fill_null(NOT_STATED),
            ship_date=pacific.instant(order.field("gmt_send_goods_time")),
            currency=total.field("currency_code"),
            total_text=total.field("amount"),
            ship_country=order.field("receipt_address").struct.field("country").replace(_COUNTRIES),
        )
        .with_columns(
            state=_order_state(),
            # An order with a line from the platform's warehouse is the platform's to send.
            sender=senders.list.unique().list.sort(descending=True).list.first(),
        )
        .with_columns(
            fulfilled_by=_named(pl.col("sender"), FULFILLERS),
            problem=pl.when(pl.col("order").is_null()).then(pl.lit("payload is not in the form of an order list")),
        )
        .drop("order", "sender")
    )


def _order_state() -> pl.Expr:
    order = pl.col("order").struct
    unpaid = order.field("gmt_pay_time").fill_null("") == ""
    cancelling = order.field("end_reason").str.contains(_CANCELLING).fill_null(value=False)
    ended = pl.col("source_state") == "FINISH"
    state = pl.when(ended & (unpaid | cancelling)).then(pl.lit("cancelled"))
    return state.otherwise(_named(pl.col("source_state"), STATES, "unknown"))


def _lines(orders: pl.DataFrame) -> pl.DataFrame:
    item = pl.col("item").struct
    price = item.field("product_unit_price").struct
    code = item.field("sku_code")
    word = item.field("son_order_status")
    return orders.with_columns(
        line_id=item.field("child_id"),
        # A seller need not type a code; the product's id still tells the lines apart.
        listing_sku=pl.when(code.fill_null("") != "").then(code).otherwise(item.field("product_id")),
        sku_given=code.fill_null("") != "",
        title=item.field("product_name"),
        ioss_number=pl.lit(None, pl.String),
        ordered_text=item.field("product_count"),
        cancelled_text=pl.lit(None, pl.String),
        price_text=price.field("amount"),
        item_text=item.field("total_product_amount").struct.field("amount"),
        tax_text=pl.lit(None, pl.String),
        shipping_text=pl.lit(None, pl.String),
        discount_text=pl.lit(None, pl.String),
        line_currency=price.field("currency_code"),
        # The order knows best how it ended: a line says FINISH of a cancelled order too.
        line_state=pl.when((pl.col("order_state") != "cancelled") & word.is_not_null()).then(
            _named(word, STATES, "unknown")
        ),
        line_problem=pl.lit(None, pl.String),
    ).with_columns(shipped_text=pl.when(pl.col("line_state").is_in(_SHIPPED)).then("ordered_text"))


def _named(words: pl.Expr, names: dict[str, str], default: str | None = None) -> pl.Expr:
    return words.replace_strict(names, default=default, return_dtype=pl.String)


FORM: Final = OrderForm(_heads, _lines)
"""How AliExpress writes its orders."""
