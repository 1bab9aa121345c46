"""Amazon's orders (orders 2026-01-01): what the fields of a payload mean in our words.

Belongs here: Amazon's `OrderForm`. Does not belong here: which version counts (`orders.py`), or how raw rows come to
be (`observations.py`).

The state of an order is the platform's word, mapped by `STATES`; `delivered` comes from the packages, which only
orders shipped by the seller have. A status nobody has heard of gives `unknown` and is kept in `source_state`.

Units count as cancelled when the order is cancelled, or when a cancellation of the line has been executed and units
are neither shipped nor left to ship. Amounts are the platform's subtotals per kind; they are null before payment.
Discounts are turned positive.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns
from linkstar_pipelines.domain.orders import NOT_STATED, OrderForm
from linkstar_pipelines.schemas.columns import MONEY

STATES: Final = {
    "PENDING_AVAILABILITY": "awaiting_payment",
    "PENDING": "awaiting_payment",
    "UNSHIPPED": "to_ship",
    "PARTIALLY_SHIPPED": "part_shipped",
    "SHIPPED": "shipped",
    "CANCELLED": "cancelled",
    "UNFULFILLABLE": "cancelled",
}
"""Canonical state by Amazon's fulfillment status."""

FULFILLERS: Final = {"AMAZON": "platform", "MERCHANT": "seller"}
_NO_FORM: Final = "payload is not in the form of orders 2026-01-01"

# Every leaf is text: see `json_columns`.
_MONEY: Final = pl.Struct({"amount": pl.String, "currencyCode": pl.String})
_LINE: Final = pl.Struct({
    "orderItemId": pl.String,
    "quantityOrdered": pl.String,
    "product": pl.Struct({
        "sellerSku": pl.String, "title": pl.String, "price": pl.Struct({"unitPrice": _MONEY}),
    }),
    "proceeds": pl.Struct({"breakdowns": pl.List(pl.Struct({"type": pl.String, "subtotal": _MONEY}))}),
    "cancellation": pl.Struct({"cancellationExecution": pl.Struct({"cancelledBy": pl.String})}),
    "fulfillment": pl.Struct({
        "quantityFulfilled": pl.String,
        "quantityUnfulfilled": pl.String,
        "shipping": pl.Struct({"internationalShipping": pl.Struct({"iossNumber": pl.String})}),
    }),
})  # fmt: skip
_PAYLOAD: Final = pl.Struct({
    "recipient": pl.Struct({"deliveryAddress": pl.Struct({"countryCode": pl.String})}),
    "proceeds": pl.Struct({"grandTotal": _MONEY}),
    "fulfillment": pl.Struct({
        "fulfillmentStatus": pl.String, "fulfilledBy": pl.String,
        "shipByWindow": pl.Struct({"latestDateTime": pl.String}),
    }),
    "packages": pl.List(pl.Struct({"packageStatus": pl.Struct({"status": pl.String})})),
    "orderItems": pl.List(_LINE),
})  # fmt: skip


def _heads(versions: pl.DataFrame) -> pl.DataFrame:
    payload = pl.col("order").struct
    total = payload.field("proceeds").struct.field("grandTotal").struct
    fulfillment = payload.field("fulfillment").struct
    return (
        versions.drop("payload")
        .with_columns(order=json_columns.decode(versions["payload"], _PAYLOAD))
        .with_columns(
            items=payload.field("orderItems"),
            source_state=fulfillment.field("fulfillmentStatus").fill_null(NOT_STATED),
            fulfiller=fulfillment.field("fulfilledBy"),
            fulfilled_by=_named(fulfillment.field("fulfilledBy"), FULFILLERS),
            ship_date=json_columns.instant(fulfillment.field("shipByWindow").struct.field("latestDateTime")),
            currency=total.field("currencyCode"),
            total_text=total.field("amount"),
            ship_country=payload.field("recipient").struct.field("deliveryAddress").struct.field("countryCode"),
        )
        .with_columns(
            state=_order_state(),
            problem=pl.coalesce(
                pl.when(pl.col("order").is_null()).then(pl.lit(_NO_FORM)),
                pl.when(pl.col("items").list.len().fill_null(0) == 0).then(pl.lit("order has no lines")),
                pl.when(pl.col("fulfilled_by").is_null()).then(
                    pl.format("fulfilledBy `{}` is none of AMAZON, MERCHANT", pl.col("fulfiller").fill_null(""))
                ),
            ),
        )
        .drop("order", "fulfiller")
    )


def _named(words: pl.Expr, names: dict[str, str], default: str | None = None) -> pl.Expr:
    return words.replace_strict(names, default=default, return_dtype=pl.String)


def _order_state() -> pl.Expr:
    packages = pl.col("order").struct.field("packages")
    status = pl.element().struct.field("packageStatus").struct.field("status")
    arrived = packages.list.eval(status.eq_missing("DELIVERED"))
    delivered = (packages.list.len() > 0) & arrived.list.all()
    shipped = pl.col("source_state") == "SHIPPED"
    state = pl.when(shipped & delivered).then(pl.lit("delivered"))
    return state.otherwise(_named(pl.col("source_state"), STATES, "unknown"))


def _lines(orders: pl.DataFrame) -> pl.DataFrame:
    item = pl.col("item").struct
    product, fulfillment = item.field("product").struct, item.field("fulfillment").struct
    unit_price, execution = product.field("price").struct.field("unitPrice").struct, item.field("cancellation").struct
    return (
        orders.with_columns(
            line_id=item.field("orderItemId"),
            listing_sku=product.field("sellerSku"),
            title=product.field("title"),
            ordered_text=item.field("quantityOrdered"),
            shipped_text=fulfillment.field("quantityFulfilled"),
            open_text=fulfillment.field("quantityUnfulfilled"),
            price_text=unit_price.field("amount"),
            price_currency=unit_price.field("currencyCode"),
            breakdowns=item.field("proceeds").struct.field("breakdowns"),
            cancel_executed=execution.field("cancellationExecution").is_not_null(),
            ioss_number=fulfillment.field("shipping").struct.field("internationalShipping").struct.field("iossNumber"),
            line_state=pl.lit(None, pl.String),
        )
        .with_columns(*_amounts(), cancelled_text=_cancelled())
        .with_columns(line_problem=_problem())
    )


def _cancelled() -> pl.Expr:
    ordered, shipped, left = (
        json_columns.whole(pl.col(text).fill_null("0")) for text in ("ordered_text", "shipped_text", "open_text")
    )
    units = pl.when("cancel_executed").then(ordered - shipped - left).otherwise(0)
    return units.clip(lower_bound=0).cast(pl.String)


def _amounts() -> list[pl.Expr]:
    currencies = pl.col("breakdowns").list.eval(_subtotal("currencyCode").drop_nulls())
    currency = pl.coalesce(currencies.list.first(), "price_currency", "order_currency")

    def subtotal(kind: str) -> pl.Expr:
        of_kind = pl.element().filter(pl.element().struct.field("type") == kind)
        amounts = pl.col("breakdowns").list.eval(json_columns.amount(_subtotal("amount", of_kind)))
        return pl.when(currency.is_not_null()).then(amounts.list.sum()).cast(MONEY)

    def written(amount: pl.Expr) -> pl.Expr:
        return amount.cast(pl.String)

    text = _subtotal("amount")
    return [
        written(subtotal("ITEM")).alias("item_text"),
        written(subtotal("TAX")).alias("tax_text"),
        written(subtotal("SHIPPING")).alias("shipping_text"),
        written(subtotal("DISCOUNT").abs()).alias("discount_text"),
        currency.alias("line_currency"),
        (currencies.list.n_unique() > 1).alias("mixed"),
        pl.col("breakdowns")
        .list.eval(json_columns.unreadable(text, json_columns.amount(text)))
        .list.any()
        .alias("unreadable_amount"),
    ]


def _subtotal(field: str, breakdown: pl.Expr | None = None) -> pl.Expr:
    entry = pl.element() if breakdown is None else breakdown
    return entry.struct.field("subtotal").struct.field(field)


def _problem() -> pl.Expr:
    left = pl.col("open_text")
    return pl.coalesce(
        pl.when(json_columns.unreadable(left, json_columns.whole(left))).then(
            pl.format("quantityUnfulfilled `{}` is no whole number", left)
        ),
        pl.when("unreadable_amount").then(pl.lit("a subtotal is no amount")),
        pl.when("mixed").then(pl.lit("amounts are in several currencies")),
    )


FORM: Final = OrderForm(_heads, _lines)
"""How Amazon writes its orders."""
