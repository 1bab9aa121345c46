"""Shopify's orders (Admin GraphQL): what the fields of a payload mean in our words.

Belongs here: Shopify's `OrderForm`. Does not belong here: which version counts (`domain/orders.py`), or how raw rows
come to be (`forms.py`).

Shopify states payment, fulfilment and cancellation side by side; `source_state` keeps all three. What left is shipped
whatever became of its payment. An order refunded in full before anything left counts as cancelled.

A line tells how many units it had, has now, and still has to ship, not how many were shipped. Units that are gone from
it were taken out before they shipped (an edit, a cancellation) or came back after. The fulfilments of the order decide:
where they hold every unit that is not left to ship, all came back; else they count as cancelled, not as shipped.

Where prices include tax, the goods value is the price without the tax of the line. Shipping is stated per order: it is
in the order's total and on no line.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns
from linkstar_pipelines.domain.orders import OrderForm, money_sum
from linkstar_pipelines.schemas.columns import MONEY

FULFILLMENT_STATES: Final = {
    "UNFULFILLED": "to_ship",
    "OPEN": "to_ship",
    "IN_PROGRESS": "to_ship",
    "PENDING_FULFILLMENT": "to_ship",
    "REQUEST_DECLINED": "to_ship",
    "ON_HOLD": "held",
    "SCHEDULED": "held",
    "PARTIALLY_FULFILLED": "part_shipped",
    "FULFILLED": "shipped",
    "FULFILLMENT_NOT_REQUIRED": "closed",
    "RESTOCKED": "cancelled",
}
"""Canonical state by Shopify's fulfilment status, of an order that is paid."""
PAYMENT_STATES: Final = {
    "PENDING": "awaiting_payment",
    "PARTIALLY_PAID": "awaiting_payment",
    "EXPIRED": "held",
    "VOIDED": "held",
    "REFUNDED": "cancelled",
}
"""Canonical state by Shopify's financial status, of an order of which nothing left."""
GONE: Final = ("PARTIALLY_FULFILLED", "FULFILLED")
PAID: Final = ("AUTHORIZED", "PAID", "PARTIALLY_REFUNDED")
_NO_FORM: Final = "payload is not in the form of the Admin API's orders"

# Every leaf is text: see `json_columns`.
_MONEY: Final = pl.Struct({"shopMoney": pl.Struct({"amount": pl.String, "currencyCode": pl.String})})
_LINE: Final = pl.Struct({
    "id": pl.String, "sku": pl.String, "title": pl.String,
    "quantity": pl.String, "currentQuantity": pl.String, "unfulfilledQuantity": pl.String,
    "originalUnitPriceSet": _MONEY, "totalDiscountSet": _MONEY,
    "taxLines": pl.List(pl.Struct({"priceSet": _MONEY})),
})  # fmt: skip
_PAYLOAD: Final = pl.Struct({
    "cancelledAt": pl.String, "taxesIncluded": pl.String,
    "displayFinancialStatus": pl.String, "displayFulfillmentStatus": pl.String,
    "totalPriceSet": _MONEY,
    "shippingAddress": pl.Struct({"countryCodeV2": pl.String}),
    "fulfillments": pl.List(pl.Struct({
        "status": pl.String, "displayStatus": pl.String, "totalQuantity": pl.String, "createdAt": pl.String,
    })),
    "lineItems": pl.Struct({"nodes": pl.List(_LINE)}),
})  # fmt: skip


def _heads(versions: pl.DataFrame) -> pl.DataFrame:
    order = pl.col("order").struct
    total = order.field("totalPriceSet").struct.field("shopMoney").struct
    shipped, paid = order.field("displayFulfillmentStatus"), order.field("displayFinancialStatus")
    cancelled = order.field("cancelledAt").is_not_null()
    lines = order.field("lineItems").struct.field("nodes")
    return (
        versions.drop("payload")
        .with_columns(order=json_columns.decode(versions["payload"], _PAYLOAD))
        .with_columns(
            items=lines,
            source_state=pl.concat_str(
                shipped, paid, pl.when(cancelled).then(pl.lit("CANCELLED")), separator="/", ignore_nulls=True
            ).replace("", None),
            state=_state(shipped, paid, cancelled, order.field("fulfillments")),
            fulfilled_by=pl.lit("seller"),
            ship_date=_good(order.field("fulfillments")).list.eval(_created()).list.min(),
            currency=total.field("currencyCode"),
            total_text=total.field("amount"),
            ship_country=order.field("shippingAddress").struct.field("countryCodeV2"),
            problem=pl.when(pl.col("order").is_null()).then(pl.lit(_NO_FORM)),
            taxed=order.field("taxesIncluded").eq_missing("true"),
            came_back=_all_left(lines, order.field("fulfillments")),
        )
        .drop("order")
    )


def _state(shipped: pl.Expr, paid: pl.Expr, cancelled: pl.Expr, fulfillments: pl.Expr) -> pl.Expr:
    arrived = _good(fulfillments).list.eval(pl.element().struct.field("displayStatus").eq_missing("DELIVERED"))
    delivered = (arrived.list.len() > 0) & arrived.list.all()
    by_payment = paid.replace_strict(PAYMENT_STATES, default=None, return_dtype=pl.String)
    by_fulfillment = shipped.replace_strict(FULFILLMENT_STATES, default="unknown", return_dtype=pl.String)
    return (
        pl.when(cancelled)
        .then(pl.lit("cancelled"))
        .when((shipped == "FULFILLED") & delivered)
        .then(pl.lit("delivered"))
        .when(shipped.is_in(GONE))
        .then(by_fulfillment)
        .when(by_payment.is_not_null())
        .then(by_payment)
        .when(paid.is_in(PAID))
        .then(by_fulfillment)
        .otherwise(pl.lit("unknown"))
    )


def _good(fulfillments: pl.Expr) -> pl.Expr:
    """Leave out fulfilments that were undone or failed."""
    return fulfillments.list.eval(pl.element().filter(pl.element().struct.field("status").eq_missing("SUCCESS")))


def _created() -> pl.Expr:
    return json_columns.instant(pl.element().struct.field("createdAt"))


def _all_left(lines: pl.Expr, fulfillments: pl.Expr) -> pl.Expr:
    """Tell whether the fulfilments hold every unit that is not left to ship."""
    line = pl.element().struct
    gone = json_columns.whole(line.field("quantity")) - json_columns.whole(line.field("unfulfilledQuantity"))
    units = json_columns.whole(pl.element().struct.field("totalQuantity"))
    return (lines.list.eval(gone).list.sum() == _good(fulfillments).list.eval(units).list.sum()).fill_null(value=False)


def _lines(orders: pl.DataFrame) -> pl.DataFrame:
    item = pl.col("item").struct
    price = item.field("originalUnitPriceSet").struct.field("shopMoney").struct
    return (
        orders.with_columns(
            line_id=item.field("id").str.extract(r"/(\d+)$"),
            listing_sku=pl.coalesce(item.field("sku").replace("", None), item.field("id").str.extract(r"/(\d+)$")),
            sku_given=item.field("sku").replace("", None).is_not_null(),
            title=item.field("title"),
            ordered_text=item.field("quantity"),
            now_text=item.field("currentQuantity"),
            open_text=item.field("unfulfilledQuantity"),
            price_text=price.field("amount"),
            line_currency=price.field("currencyCode"),
            discount_text=item.field("totalDiscountSet").struct.field("shopMoney").struct.field("amount"),
            tax_text=_tax(item.field("taxLines")),
            shipping_text=pl.lit(None, pl.String),
            ioss_number=pl.lit(None, pl.String),
            line_state=pl.lit(None, pl.String),
        )
        .with_columns(item_text=_goods(), line_problem=_problem(item.field("taxLines")))
        .with_columns(**_units())
        .drop("now_text", "open_text")
    )


def _units() -> dict[str, pl.Expr]:
    ordered, now, left = (json_columns.whole(pl.col(text)) for text in ("ordered_text", "now_text", "open_text"))
    shipped = pl.when("came_back").then(ordered - left).otherwise(now - left)
    cancelled = pl.when("came_back").then(0).otherwise(ordered - now)
    return {"shipped_text": shipped.cast(pl.String), "cancelled_text": cancelled.cast(pl.String)}


def _tax_amounts(taxes: pl.Expr) -> pl.Expr:
    return taxes.list.eval(
        pl.element().struct.field("priceSet").struct.field("shopMoney").struct.field("amount").drop_nulls()
    )


def _tax(taxes: pl.Expr) -> pl.Expr:
    """Add up the taxes of a line; a line with an empty list of them has none, and that is 0."""
    return pl.when(taxes.list.len() == 0).then(pl.lit("0")).otherwise(money_sum(_tax_amounts(taxes)))


def _goods() -> pl.Expr:
    price, tax = json_columns.amount(pl.col("price_text")), json_columns.amount(pl.col("tax_text"))
    units = json_columns.whole(pl.col("ordered_text"))
    return (price * units - pl.when("taxed").then(tax).otherwise(0)).cast(MONEY).cast(pl.String)


def _problem(taxes: pl.Expr) -> pl.Expr:
    amounts = _tax_amounts(taxes)
    odd = amounts.list.eval(json_columns.unreadable(pl.element(), json_columns.amount(pl.element())))
    counts = (
        pl.when(json_columns.whole(pl.col(text)).is_null()).then(
            pl.format(f"{name} `{{}}` is no whole number", pl.col(text).fill_null(""))
        )
        for text, name in (("now_text", "currentQuantity"), ("open_text", "unfulfilledQuantity"))
    )
    return pl.coalesce(pl.when(odd.list.any()).then(pl.lit("a tax is no amount")), *counts)


FORM: Final = OrderForm(_heads, _lines)
"""How Shopify writes its orders."""
