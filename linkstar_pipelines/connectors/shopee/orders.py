"""Shopee's orders (order.get_order_detail): what the fields of a payload mean in our words.

Belongs here: Shopee's `OrderForm`. Does not belong here: which version counts (`domain/orders.py`), or how raw rows
come to be (`forms.py`).

* A line is named by `line_item_id`, before that field existed by `order_item_id`; outside of bundle deals both are the
  item's id, so lines that share it are told apart by their model: `<id>-<model id>`.
* `model_quantity_purchased` stays as ordered; `cancelled_qty` tells what was cancelled since. Units count as shipped
  when the order has left, or when their package was picked up.
* Prices are what a buyer sees, tax included where the region has one: Shopee states neither the tax of a line nor its
  shipping. The discounted price of a bundle deal is 0 by Shopee's design, so its discount is unknown.
* Shopee knows no import one-stop-shop number.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns
from linkstar_pipelines.domain.orders import NOT_STATED, OrderForm
from linkstar_pipelines.schemas.columns import MONEY

STATES: Final = {
    "UNPAID": "awaiting_payment",
    "INVOICE_PENDING": "held",
    "PENDING": "held",
    "IN_CANCEL": "held",
    "READY_TO_SHIP": "to_ship",
    "RETRY_SHIP": "to_ship",
    "PROCESSED": "to_ship",
    "SHIPPED": "shipped",
    "TO_CONFIRM_RECEIVE": "delivered",
    "TO_RETURN": "delivered",
    "COMPLETED": "closed",
    "CANCELLED": "cancelled",
}
"""Canonical state by order status. While the buyer asks to cancel, nothing may be shipped; `PROCESSED` is arranged and
not handed over yet; what a buyer wants to return has arrived."""

FULFILLERS: Final = {
    "fulfilled_by_shopee": "platform",
    "fulfilled_by_cb_seller": "seller",
    "fulfilled_by_local_seller": "seller",
}
LEFT: Final = ("SHIPPED", "TO_CONFIRM_RECEIVE", "TO_RETURN", "COMPLETED")
"""Order statuses in which all units that were not cancelled have left."""
PICKED_UP: Final = (
    "LOGISTICS_PICKUP_DONE", "LOGISTICS_DELIVERY_DONE", "LOGISTICS_DELIVERY_FAILED", "LOGISTICS_COD_REJECTED",
    "LOGISTICS_LOST",
)  # fmt: skip
"""Package statuses after the hand-over."""
BUNDLE: Final = "bundle_deal"
_NO_FORM: Final = "payload is not in the form of order.get_order_detail"

# Every leaf is text: see `json_columns`.
_LINE: Final = pl.Struct(
    dict.fromkeys(
        (
            "item_id", "model_id", "order_item_id", "line_item_id", "item_sku", "model_sku", "item_name", "model_name",
            "model_quantity_purchased", "cancelled_qty", "model_original_price", "model_discounted_price",
            "promotion_type",
        ),
        pl.String,
    )
)  # fmt: skip
_PACKAGE: Final = pl.Struct(
    {
        "logistics_status": pl.String,
        "item_list": pl.List(pl.Struct({"item_id": pl.String, "model_id": pl.String, "model_quantity": pl.String})),
    }
)
_PAYLOAD: Final = pl.Struct(
    {
        "order_status": pl.String,
        "fulfillment_flag": pl.String,
        "currency": pl.String,
        "total_amount": pl.String,
        "recipient_address": pl.Struct({"region": pl.String}),
        "region": pl.String,
        "ship_by_date": pl.String,
        "package_list": pl.List(_PACKAGE),
        "item_list": pl.List(_LINE),
    }
)


def _heads(versions: pl.DataFrame) -> pl.DataFrame:
    payload = pl.col("order").struct
    return (
        versions.drop("payload")
        .with_columns(order=json_columns.decode(versions["payload"], _PAYLOAD))
        .with_columns(
            items=payload.field("item_list"),
            picked_up=_picked_up(payload.field("package_list")),
            source_state=payload.field("order_status").fill_null(NOT_STATED),
            flag=payload.field("fulfillment_flag"),
            fulfilled_by=payload.field("fulfillment_flag").replace_strict(
                FULFILLERS, default=None, return_dtype=pl.String
            ),
            ship_date=json_columns.epoch(payload.field("ship_by_date")),
            currency=payload.field("currency"),
            total_text=payload.field("total_amount"),
            ship_country=pl.coalesce(
                payload.field("recipient_address").struct.field("region").replace("", None), payload.field("region")
            ),
        )
        .with_columns(
            state=_order_state(),
            problem=pl.coalesce(
                pl.when(pl.col("order").is_null()).then(pl.lit(_NO_FORM)),
                pl.when(pl.col("items").list.len().fill_null(0) == 0).then(pl.lit("order has no lines")),
                pl.when(pl.col("fulfilled_by").is_null()).then(
                    pl.format("fulfillment_flag `{}` tells no one who ships", pl.col("flag").fill_null(""))
                ),
            ),
        )
        .drop("order", "flag")
    )


def _picked_up(packages: pl.Expr) -> pl.Expr:
    """Return the contents of the packages that were handed over, as a list over all packages."""
    package = pl.element().struct
    left = pl.element().filter(package.field("logistics_status").is_in(PICKED_UP))
    return packages.list.eval(left.struct.field("item_list").explode()).fill_null([])


def _order_state() -> pl.Expr:
    state = pl.col("source_state").replace_strict(STATES, default="unknown", return_dtype=pl.String)
    partly = (state == "to_ship") & (pl.col("picked_up").list.len() > 0)
    return pl.when(partly).then(pl.lit("part_shipped")).otherwise(state)


def _lines(orders: pl.DataFrame) -> pl.DataFrame:
    item = pl.col("item").struct
    numbered = orders.with_row_index("line_row").with_columns(
        item_id=item.field("item_id"),
        model_id=item.field("model_id").fill_null("0"),
        own_id=pl.coalesce(item.field("line_item_id"), item.field("order_item_id")),
    )
    shared = pl.len().over("platform", "store", "order_id", "payload_hash", "own_id") > 1
    return (
        numbered.join(_shipped(numbered), on="line_row", how="left", maintain_order="left")
        .with_columns(
            line_id=pl.when(shared).then(pl.concat_str("own_id", "model_id", separator="-")).otherwise("own_id"),
            listing_sku=pl.coalesce(_given(item.field("model_sku")), _given(item.field("item_sku"))),
            title=item.field("item_name"),
            ordered_text=item.field("model_quantity_purchased"),
            cancelled_text=item.field("cancelled_qty"),
            price_text=item.field("model_original_price"),
            line_currency=pl.lit(None, pl.String),
            tax_text=pl.lit(None, pl.String),
            shipping_text=pl.lit(None, pl.String),
            ioss_number=pl.lit(None, pl.String),
            line_state=pl.lit(None, pl.String),
        )
        .with_columns(*_amounts(), shipped_text=_shipped_units(), line_problem=_problem())
        .drop("line_row", "own_id", "picked_up_units")
    )


def _shipped(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the units of each line that are in packages already picked up."""
    parts = lines.select("line_row", "item_id", "model_id", part="picked_up").explode("part").drop_nulls("part")
    part = pl.col("part").struct
    own = (part.field("item_id") == pl.col("item_id")) & (part.field("model_id").fill_null("0") == pl.col("model_id"))
    units = json_columns.whole(part.field("model_quantity")).sum()
    return parts.filter(own).group_by("line_row").agg(picked_up_units=units)


def _shipped_units() -> pl.Expr:
    """All that was not cancelled once the order has left, what was picked up before; at most what is to be shipped."""
    ordered = json_columns.whole(pl.col("ordered_text"))
    active = ordered - json_columns.whole(pl.col("cancelled_text").fill_null("0"))
    picked_up = pl.min_horizontal(pl.col("picked_up_units").fill_null(0), active)
    return pl.when(pl.col("source_state").is_in(LEFT)).then(active).otherwise(picked_up).cast(pl.String)


def _amounts() -> list[pl.Expr]:
    item = pl.col("item").struct
    original = json_columns.amount(pl.col("price_text"))
    discounted = json_columns.amount(item.field("model_discounted_price"))
    units = json_columns.whole(pl.col("ordered_text"))
    bundled = item.field("promotion_type").eq_missing(BUNDLE)
    discount = pl.when(~bundled & (discounted <= original)).then((original - discounted) * units)
    return [
        (original * units).cast(MONEY).cast(pl.String).alias("item_text"),
        discount.cast(MONEY).cast(pl.String).alias("discount_text"),
    ]


def _problem() -> pl.Expr:
    price = pl.col("item").struct.field("model_discounted_price")
    return pl.when(json_columns.unreadable(price, json_columns.amount(price))).then(
        pl.format("model_discounted_price `{}` is no amount", price)
    )


def _given(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


FORM: Final = OrderForm(_heads, _lines)
"""How Shopee writes its orders."""
