"""Walmart's orders: purchase orders whose lines are split by state, each state with its units. Pure.

Belongs here: the `OrderForm`. Does not belong here: which version of an order counts (`domain/orders.py`).

A line's state follows from its units: `to_ship` while any wait and none left, `part_shipped` while some wait, then
`delivered` or `shipped`; `cancelled` when nothing else is left. An order's state follows from the units of all its
lines. A refunded unit was shipped before. Charges are of the whole line; a subscription discount stands beside the
product's price and is taken out of it. A line whose state nobody has heard of is `unknown`.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns
from linkstar_pipelines.domain.orders import OrderForm, money_sum
from linkstar_pipelines.schemas.columns import MONEY

FULFILLERS: Final = {"WFSFulfilled": "platform", "SellerFulfilled": "seller", "3PLFulfilled": "seller"}
COUNTRIES: Final = {"USA": "US", "CAN": "CA", "MEX": "MX", "CHL": "CL", "PRI": "PR"}
"""Walmart writes countries with three letters; others stay as they are."""
OPEN: Final = ("Created", "Acknowledged")
GONE: Final = ("Shipped", "Delivered", "Refund")
KNOWN: Final = (*OPEN, *GONE, "Cancelled")
_DISCOUNT: Final = "SubscriptionDiscount"
_NO_FORM: Final = "payload is not in the form of Walmart's orders"

# Every leaf is text: see `json_columns`.
_MONEY: Final = pl.Struct({"currency": pl.String, "amount": pl.String})
_STATUS: Final = pl.Struct({"status": pl.String, "statusQuantity": pl.Struct({"amount": pl.String})})
_CHARGE: Final = pl.Struct({
    "chargeType": pl.String, "chargeName": pl.String, "chargeAmount": _MONEY,
    "tax": pl.Struct({"taxAmount": _MONEY}),
})  # fmt: skip
_LINE: Final = pl.Struct(
    {
        "lineNumber": pl.String,
        "item": pl.Struct({"productName": pl.String, "sku": pl.String}),
        "charges": pl.Struct({"charge": pl.List(_CHARGE)}),
        "orderLineQuantity": pl.Struct({"amount": pl.String}),
        "orderLineStatuses": pl.Struct({"orderLineStatus": pl.List(_STATUS)}),
    }
)
_PAYLOAD: Final = pl.Struct({
    "shippingInfo": pl.Struct({
        "estimatedShipDate": pl.String, "postalAddress": pl.Struct({"country": pl.String}),
    }),
    "shipNode": pl.Struct({"type": pl.String}),
    "orderSummary": pl.Struct({"totalAmount": pl.Struct({"currencyAmount": pl.String, "currencyUnit": pl.String})}),
    "orderLines": pl.Struct({"orderLine": pl.List(_LINE)}),
})  # fmt: skip


def _heads(versions: pl.DataFrame) -> pl.DataFrame:
    payload = pl.col("order").struct
    total = payload.field("orderSummary").struct.field("totalAmount").struct
    country = payload.field("shippingInfo").struct.field("postalAddress").struct.field("country")
    # The list of sellers' orders is the default, and names no node in older answers.
    node = pl.coalesce(payload.field("shipNode").struct.field("type"), pl.lit("SellerFulfilled"))
    statuses = pl.element().struct.field("orderLineStatuses").struct.field("orderLineStatus")
    return (
        versions.drop("payload")
        .with_columns(order=json_columns.decode(versions["payload"], _PAYLOAD))
        .with_columns(
            items=payload.field("orderLines").struct.field("orderLine"),
            node=node,
            fulfilled_by=node.replace_strict(FULFILLERS, default=None, return_dtype=pl.String),
            ship_date=json_columns.epoch(
                payload.field("shippingInfo").struct.field("estimatedShipDate"), milliseconds=True
            ),
            currency=total.field("currencyUnit"),
            total_text=total.field("currencyAmount"),
            ship_country=country.replace(COUNTRIES),
        )
        .with_columns(statuses=pl.col("items").list.eval(statuses.explode()))
        .with_columns(
            source_state=_words().list.drop_nulls().list.unique().list.sort().list.join("+"),
            state=_state(),
            problem=pl.coalesce(
                pl.when(pl.col("order").is_null()).then(pl.lit(_NO_FORM)),
                pl.when(pl.col("fulfilled_by").is_null()).then(
                    pl.format("shipNode `{}` is none of {}", "node", pl.lit(", ".join(FULFILLERS)))
                ),
            ),
        )
        .drop("order", "node", "statuses")
    )


def _lines(orders: pl.DataFrame) -> pl.DataFrame:
    item = pl.col("item").struct
    return (
        orders.with_columns(
            line_id=item.field("lineNumber"),
            listing_sku=item.field("item").struct.field("sku"),
            title=item.field("item").struct.field("productName"),
            ordered_text=item.field("orderLineQuantity").struct.field("amount"),
            statuses=item.field("orderLineStatuses").struct.field("orderLineStatus"),
            charges=item.field("charges").struct.field("charge"),
            ioss_number=pl.lit(None, pl.String),
        )
        .with_columns(
            line_state=_state(),
            cancelled_text=_units("Cancelled").cast(pl.String),
            shipped_text=_shipped().cast(pl.String),
            item_text=money_sum(_charged(pl.element().struct.field("chargeName").ne_missing(_DISCOUNT), "PRODUCT")),
            shipping_text=money_sum(_charged(pl.lit(value=True), "SHIPPING")),
            discount_text=_positive(money_sum(_charged(pl.element().struct.field("chargeName") == _DISCOUNT))),
            tax_text=money_sum(_taxes()),
            line_currency=_currencies().list.first(),
        )
        .with_columns(price_text=_unit_price(), line_problem=_problem())
        .drop("statuses", "charges")
    )


def _words() -> pl.Expr:
    return pl.col("statuses").list.eval(pl.element().struct.field("status"))


def _state() -> pl.Expr:
    """Name the state of the units in `statuses`."""

    def holds(*names: str) -> pl.Expr:
        return _words().list.eval(pl.element().is_in(names)).list.any().fill_null(value=False)

    strange = _words().list.eval(~pl.element().is_in(KNOWN).fill_null(value=False)).list.any()
    return (
        pl.when(strange.fill_null(value=True) | (pl.col("statuses").list.len() == 0))
        .then(pl.lit("unknown"))
        .when(holds(*OPEN) & holds(*GONE))
        .then(pl.lit("part_shipped"))
        .when(holds(*OPEN))
        .then(pl.lit("to_ship"))
        .when(holds("Delivered") & ~holds("Shipped"))
        .then(pl.lit("delivered"))
        .when(holds(*GONE))
        .then(pl.lit("shipped"))
        .otherwise(pl.lit("cancelled"))
    )


def _units(*names: str) -> pl.Expr:
    """Count the units of a line in some states; null where a count is no whole number."""
    chosen = pl.element().filter(pl.element().struct.field("status").is_in(names))
    counts = pl.col("statuses").list.eval(
        json_columns.whole(chosen.struct.field("statusQuantity").struct.field("amount"))
    )
    return pl.when(~counts.list.eval(pl.element().is_null()).list.any()).then(counts.list.sum())


def _shipped() -> pl.Expr:
    """Count the units that left. A refunded unit may be told beside its shipment or in place of it."""
    gone = _units("Shipped", "Delivered")
    room = json_columns.whole(pl.col("ordered_text")) - _units("Cancelled")
    with_refunds = pl.min_horizontal(gone + _units("Refund"), pl.max_horizontal(gone, room))
    return pl.when(_units("Refund") > 0).then(with_refunds).otherwise(gone)


def _charged(which: pl.Expr, kind: str | None = None) -> pl.Expr:
    chosen = which if kind is None else which & (pl.element().struct.field("chargeType") == kind)
    return pl.col("charges").list.eval(pl.element().filter(chosen).struct.field("chargeAmount").struct.field("amount"))


def _taxes() -> pl.Expr:
    tax = pl.element().struct.field("tax").struct.field("taxAmount").struct.field("amount")
    return pl.col("charges").list.eval(tax.drop_nulls())


def _currencies() -> pl.Expr:
    currency = pl.element().struct.field("chargeAmount").struct.field("currency")
    return pl.col("charges").list.eval(currency.drop_nulls())


def _positive(text: pl.Expr) -> pl.Expr:
    return json_columns.amount(text).abs().cast(pl.String)


def _unit_price() -> pl.Expr:
    quantity = json_columns.whole(pl.col("ordered_text"))
    price = json_columns.amount(pl.col("item_text")) / quantity.cast(MONEY)
    return pl.when(quantity > 0).then(price.cast(MONEY)).cast(pl.String)


def _problem() -> pl.Expr:
    amount = pl.element().struct.field("chargeAmount").struct.field("amount")
    tax = pl.element().struct.field("tax").struct.field("taxAmount").struct.field("amount")
    unreadable = [
        pl.col("charges").list.eval(json_columns.unreadable(text, json_columns.amount(text))).list.any()
        for text in (amount, tax)
    ]
    counts = pl.col("statuses").list.eval(
        json_columns.whole(pl.element().struct.field("statusQuantity").struct.field("amount")).is_null()
    )
    return pl.coalesce(
        pl.when(pl.any_horizontal(unreadable)).then(pl.lit("a charge is no amount")),
        pl.when(counts.list.any()).then(pl.lit("the units of a state are no whole number")),
        pl.when(_currencies().list.n_unique() > 1).then(pl.lit("amounts are in several currencies")),
    )


FORM: Final = OrderForm(_heads, _lines)
"""How Walmart writes its orders."""
