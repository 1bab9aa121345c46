"""eBay's orders (Fulfillment v1): what the fields of a payload mean in our words.

Belongs here: eBay's `OrderForm`. Does not belong here: which version counts (`domain/orders.py`), or how raw rows come
to be (`forms.py`).

eBay states three things side by side: what was shipped, what was paid, and whether it was cancelled; `source_state`
keeps all three. An order refunded in full before anything left counts as cancelled: there is nothing to ship. A hold
on the seller's money (`paymentHolds`) holds no shipment and changes no state.

eBay tells of a line whether nothing, a part or all of it left, not how many units: the units of a line in progress
stay 0 until it is whole, and its state says that a part left. Prices are as listed: with VAT where the site shows it
so, without the tax that eBay collects and remits, which is `tax_amount` together with the taxes of the line.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns
from linkstar_pipelines.domain.orders import OrderForm, money_sum
from linkstar_pipelines.schemas.columns import MONEY

FULFILLMENT_STATES: Final = {"NOT_STARTED": "to_ship", "IN_PROGRESS": "part_shipped", "FULFILLED": "shipped"}
"""Canonical state by eBay's fulfilment status, of an order and of a line."""
UNPAID: Final = ("PENDING", "FAILED")
PAID: Final = ("PAID", "PARTIALLY_REFUNDED", "FULLY_REFUNDED")
CANCELLED: Final = ("CANCELED", "CANCELLED")  # R: eBay's spelling
NO_CANCELLATION: Final = "NONE_REQUESTED"
_NO_FORM: Final = "payload is not in the form of Fulfillment v1"
_SHIPPING_STATES: Final = tuple(FULFILLMENT_STATES.values())

# Every leaf is text: see `json_columns`.
_MONEY: Final = pl.Struct({"value": pl.String, "currency": pl.String})
_LINE: Final = pl.Struct({
    "lineItemId": pl.String, "legacyItemId": pl.String, "sku": pl.String, "title": pl.String, "quantity": pl.String,
    "lineItemFulfillmentStatus": pl.String, "lineItemFulfillmentInstructions": pl.Struct({"shipByDate": pl.String}),
    "lineItemCost": _MONEY, "discountedLineItemCost": _MONEY,
    "deliveryCost": pl.Struct({"shippingCost": _MONEY}),
    "taxes": pl.List(pl.Struct({"amount": _MONEY})),
    "ebayCollectAndRemitTaxes": pl.List(pl.Struct({
        "amount": _MONEY, "ebayReference": pl.Struct({"name": pl.String, "value": pl.String}),
    })),
})  # fmt: skip
_PAYLOAD: Final = pl.Struct({
    "orderFulfillmentStatus": pl.String,
    "orderPaymentStatus": pl.String,
    "cancelStatus": pl.Struct({"cancelState": pl.String}),
    "program": pl.Struct({"fulfillmentProgram": pl.Struct({"fulfilledBy": pl.String})}),
    "pricingSummary": pl.Struct({"total": _MONEY}),
    "fulfillmentStartInstructions": pl.List(pl.Struct({
        "shippingStep": pl.Struct({
            "shipTo": pl.Struct({"contactAddress": pl.Struct({"countryCode": pl.String})}),
        }),
    })),
    "lineItems": pl.List(_LINE),
})  # fmt: skip


def _heads(versions: pl.DataFrame) -> pl.DataFrame:
    order = pl.col("order").struct
    total = order.field("pricingSummary").struct.field("total").struct
    step = order.field("fulfillmentStartInstructions").list.first().struct.field("shippingStep").struct
    address = step.field("shipTo").struct.field("contactAddress").struct
    shipped, paid = order.field("orderFulfillmentStatus"), order.field("orderPaymentStatus")
    cancelled = order.field("cancelStatus").struct.field("cancelState")
    by_ebay = order.field("program").struct.field("fulfillmentProgram").struct.field("fulfilledBy").eq_missing("EBAY")
    return (
        versions.drop("payload")
        .with_columns(order=json_columns.decode(versions["payload"], _PAYLOAD))
        .with_columns(
            items=order.field("lineItems"),
            source_state=pl.concat_str(
                shipped, paid, pl.when(cancelled != NO_CANCELLATION).then(cancelled), separator="/", ignore_nulls=True
            ).replace("", None),
            state=_state(shipped, paid, cancelled),
            fulfilled_by=pl.when(by_ebay).then(pl.lit("platform")).otherwise(pl.lit("seller")),
            ship_date=_ship_date(order.field("lineItems")),
            currency=total.field("currency"),
            total_text=total.field("value"),
            ship_country=address.field("countryCode"),
            problem=pl.when(pl.col("order").is_null()).then(pl.lit(_NO_FORM)),
        )
        .drop("order")
    )


def _ship_date(lines: pl.Expr) -> pl.Expr:
    """Return the earliest day on which a line is to be shipped."""
    told = pl.element().struct.field("lineItemFulfillmentInstructions").struct.field("shipByDate")
    return lines.list.eval(json_columns.instant(told)).list.min()


def _state(shipped: pl.Expr, paid: pl.Expr, cancelled: pl.Expr) -> pl.Expr:
    refunded_unshipped = (paid == "FULLY_REFUNDED") & (shipped == "NOT_STARTED")
    return (
        pl.when(cancelled.is_in(CANCELLED) | refunded_unshipped)
        .then(pl.lit("cancelled"))
        .when(paid.is_in(UNPAID))
        .then(pl.lit("awaiting_payment"))
        .when(paid.is_in(PAID))
        .then(shipped.replace_strict(FULFILLMENT_STATES, default="unknown", return_dtype=pl.String))
        .otherwise(pl.lit("unknown"))
    )


def _lines(orders: pl.DataFrame) -> pl.DataFrame:
    item = pl.col("item").struct
    cost, reduced = item.field("lineItemCost").struct, item.field("discountedLineItemCost").struct
    status = item.field("lineItemFulfillmentStatus")
    read = orders.with_columns(
        line_id=item.field("lineItemId"),
        listing_sku=pl.coalesce(item.field("sku"), item.field("legacyItemId")),
        sku_given=item.field("sku").is_not_null(),
        title=item.field("title"),
        ordered_text=item.field("quantity"),
        shipped_text=pl.when(status == "FULFILLED").then(item.field("quantity")),
        cancelled_text=pl.lit(None, pl.String),
        item_text=cost.field("value"),
        line_currency=cost.field("currency"),
        reduced_text=reduced.field("value"),
        shipping_text=item.field("deliveryCost").struct.field("shippingCost").struct.field("value"),
        tax_text=_tax(pl.col("item")),
        ioss_number=_ioss_number(item.field("ebayCollectAndRemitTaxes")),
        line_state=pl.when(pl.col("order_state").is_in(_SHIPPING_STATES)).then(
            status.replace_strict(FULFILLMENT_STATES, default=None, return_dtype=pl.String)
        ),
    )
    return read.with_columns(price_text=_unit_price(), discount_text=_discount(), line_problem=_problem())


def _tax(item: pl.Expr) -> pl.Expr:
    """Add up the taxes of a line; one without a stated amount says nothing."""
    amounts = [
        pl.coalesce(item.struct.field(part), pl.lit([], pl.List(dtype))).list.eval(
            pl.element().struct.field("amount").struct.field("value").drop_nulls()
        )
        for part, dtype in _TAXES.items()
    ]
    return money_sum(pl.concat_list(amounts))


_TAXES: Final = {
    part: field.dtype.inner  # type: ignore[union-attr]
    for part in ("taxes", "ebayCollectAndRemitTaxes")
    for field in _LINE.fields
    if field.name == part
}


def _ioss_number(taxes: pl.Expr) -> pl.Expr:
    reference = pl.element().struct.field("ebayReference").struct
    return taxes.list.eval(reference.field("value").filter(reference.field("name") == "IOSS")).list.first()


def _unit_price() -> pl.Expr:
    """Divide a line's cost by its units; null where that leaves a rest."""
    smallest = 10_000  # amounts have four decimals
    parts = (json_columns.amount(pl.col("item_text")) * smallest).cast(pl.Int64)
    units = json_columns.whole(pl.col("ordered_text"))
    exact = pl.when((units > 0) & (parts % units == 0)).then(parts // units)
    return (exact.cast(MONEY) / smallest).cast(MONEY).cast(pl.String)


def _discount() -> pl.Expr:
    cost, reduced = (json_columns.amount(pl.col(text)) for text in ("item_text", "reduced_text"))
    return (cost - reduced).cast(MONEY).cast(pl.String)


def _problem() -> pl.Expr:
    text = pl.col("reduced_text")
    return pl.when(json_columns.unreadable(text, json_columns.amount(text))).then(
        pl.format("discountedLineItemCost `{}` is no amount", text)
    )


FORM: Final = OrderForm(_heads, _lines)
"""How eBay writes its orders."""
