"""Amazon's orders (orders 2026-01-01): from all versions seen to the current state of orders and order lines.

Belongs here: which version of an order counts, and what its fields mean in our words.
Does not belong here: how raw rows come to be (`observations.py`), or what orders do to stock (`movements.py`).

An order is one thing: if any part of a version cannot be read, that version is rejected as a whole and the newest
readable one before it stands, for the order as for its lines. Other orders are not touched by it.

The state of an order is the platform's word, mapped by `STATES`; `delivered` comes from the packages, which only
orders shipped by the seller have. A status nobody has heard of gives `unknown` and is kept in `source_state`.
"""

from dataclasses import dataclass
from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.calendar import business_day
from linkstar_pipelines.domain.sku_codes import by_account
from linkstar_pipelines.schemas.columns import MONEY
from linkstar_pipelines.schemas.core import OrderLines, Orders, Skus
from linkstar_pipelines.schemas.raw import RawAmazonOrders

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
NOT_STATED: Final = "NOT_STATED"
"""`source_state` of an order that came without its fulfillment part."""

_ORDER: Final = ["platform", "store", "order_id"]
_VERSION: Final = [*_ORDER, "payload_hash"]
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
    "fulfillment": pl.Struct({"fulfillmentStatus": pl.String, "fulfilledBy": pl.String}),
    "packages": pl.List(pl.Struct({"packageStatus": pl.Struct({"status": pl.String})})),
    "orderItems": pl.List(_LINE),
})  # fmt: skip


class _OrderVersions(Orders):
    """The rules of `Orders`, for several versions of an order side by side."""

    payload_hash = dy.String(primary_key=True)


class _LineVersions(OrderLines):
    """The rules of `OrderLines`, for several versions of an order side by side."""

    payload_hash = dy.String(primary_key=True)


@dataclass(frozen=True)
class _Current:
    """The newest readable version of every order, and the unreadable versions after it."""

    orders: pl.DataFrame
    lines: pl.DataFrame
    rejected: pl.DataFrame


def fold(raw_versions: pl.DataFrame) -> pl.DataFrame:
    """Keep the latest version of every order: the one last updated, and of equals the greatest payload hash.

    The outcome does not depend on the order of the rows, nor on how often one occurs.

    Args:
        raw_versions: Rows of `RawAmazonOrders`.
    """
    return raw_versions.sort(*_ORDER, "updated_at", "payload_hash").unique(_ORDER, keep="last", maintain_order=True)


def orders(
    raw_versions: dy.DataFrame[RawAmazonOrders], time_zones: pl.DataFrame
) -> tuple[dy.DataFrame[Orders], pl.DataFrame]:
    """Return the current state of every order.

    Args:
        raw_versions: All versions seen of the orders.
        time_zones: Columns `store` and `time_zone` (IANA name).

    Returns:
        One row per order; `changed_on` is the UTC day of its version's last update. And the versions that are newer
        but cannot be read, with `scope` = the day of that version.
    """
    current = _current(raw_versions, time_zones)
    return Orders.validate(current.orders.select(Orders.column_names())), current.rejected


def order_lines(
    raw_versions: dy.DataFrame[RawAmazonOrders], skus: dy.DataFrame[Skus], time_zones: pl.DataFrame
) -> tuple[dy.DataFrame[OrderLines], pl.DataFrame]:
    """Return the current state of every order line.

    A seller SKU means the same product in all marketplaces of an account, so a line finds its clean SKU by account
    and code. A code without a clean SKU leaves `sku` null and blocks nothing.

    Units count as cancelled when the order is cancelled, or when a cancellation of the line has been executed and
    units are neither shipped nor left to ship. Amounts are the platform's subtotals per kind; they are null before
    payment. Discounts are turned positive.

    Args:
        raw_versions: All versions seen of the orders.
        skus: Clean SKUs of the listings.
        time_zones: Columns `store` and `time_zone` (IANA name).

    Returns:
        One row per order line, and the rejected versions as in `orders`.
    """
    current = _current(raw_versions, time_zones)
    codes = ["platform", "store", "listing_sku"]
    lines = current.lines.drop("sku").join(by_account(skus), on=codes, how="left", maintain_order="left")
    return OrderLines.validate(lines.select(OrderLines.column_names())), current.rejected


def _current(raw: pl.DataFrame, time_zones: pl.DataFrame) -> _Current:
    """Read the latest version of every order; where that fails, the one before it, and so on.

    There are as many passes as the unluckiest order has unreadable versions in a row.
    """
    passes = []
    while True:
        read = _read(fold(raw), time_zones)
        passes.append(read)
        raw = raw.join(read.rejected, on=_ORDER, how="semi").join(read.rejected, on=_VERSION, how="anti")
        if raw.is_empty():
            break
    refused = pl.concat([read.rejected for read in passes])
    return _Current(
        orders=pl.concat([read.orders for read in passes]).sort(_ORDER),
        lines=pl.concat([read.lines for read in passes]).sort(*_ORDER, "line_id"),
        rejected=refused.select(
            source_key=pl.concat_str(*_ORDER, pl.col("payload_hash").str.head(12), separator="/"),
            reason="reason",
            payload="payload",
            scope=pl.col("changed_on").cast(pl.String),
        ),
    )


def _read(versions: pl.DataFrame, time_zones: pl.DataFrame) -> _Current:
    """Read one version of each order; `rejected` still has the columns of the raw rows."""
    heads = _heads(versions, time_zones)
    good_heads, bad_heads = _judge(heads, _OrderVersions, where=pl.lit(""))
    lines = _lines(heads.join(bad_heads, on=_VERSION, how="anti", maintain_order="left"))
    good_lines, bad_lines = _judge(lines, _LineVersions, where=pl.format("line {}: ", pl.col("line_id").fill_null("?")))
    reasons = (
        pl.concat([bad_heads, bad_lines])
        .group_by(_VERSION, maintain_order=True)
        .agg(pl.col("reason").unique(maintain_order=True).str.join(", "))
    )
    return _Current(
        orders=good_heads.join(reasons, on=_VERSION, how="anti"),
        lines=good_lines.join(reasons, on=_VERSION, how="anti"),
        rejected=versions.join(reasons, on=_VERSION, how="inner", maintain_order="left"),
    )


def _judge(frame: pl.DataFrame, schema: type[dy.Schema], where: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows that could be read and keep the rules from the versions of the others, with the reason."""
    unread = frame.filter(pl.col("problem").is_not_null())
    read = frame.filter(pl.col("problem").is_null())
    good, broken = quarantine.split(read, schema, pl.struct(*_VERSION, where=where))
    reasons = [
        unread.select(*_VERSION, reason=pl.concat_str(where, "problem")),
        broken.unnest("source_key").select(*_VERSION, reason=pl.concat_str("where", "reason")),
    ]
    return good, pl.concat(reasons)


def _heads(versions: pl.DataFrame, time_zones: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of `Orders`, the order's `items`, and `problem`: why the payload cannot be read."""
    payload = pl.col("order").struct
    total = payload.field("proceeds").struct.field("grandTotal").struct
    fulfillment = payload.field("fulfillment").struct
    return (
        versions.drop("payload")
        .with_columns(order=json_columns.decode(versions["payload"], _PAYLOAD))
        .join(time_zones.select("store", "time_zone"), on="store", how="left", maintain_order="left")
        .with_columns(
            items=payload.field("orderItems"),
            source_state=fulfillment.field("fulfillmentStatus").fill_null(NOT_STATED),
            fulfiller=fulfillment.field("fulfilledBy"),
            fulfilled_by=_named(fulfillment.field("fulfilledBy"), FULFILLERS).cast(Orders.fulfilled_by.dtype),
            ordered_at="created_at",
            business_day=business_day(pl.col("created_at"), pl.col("time_zone")),
            currency=total.field("currencyCode"),
            total_text=total.field("amount"),
            total_amount=json_columns.amount(total.field("amount")),
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
                pl.when(json_columns.unreadable(pl.col("total_text"), pl.col("total_amount"))).then(
                    pl.format("grandTotal `{}` is no amount", "total_text")
                ),
                pl.when(pl.col("time_zone").is_null()).then(pl.format("store `{}` has no time zone", "store")),
            ),
        )
        .drop("order", "time_zone", "total_text", "fulfiller")
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
    return state.otherwise(_named(pl.col("source_state"), STATES, "unknown")).cast(Orders.state.dtype)


def _lines(heads: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of `OrderLines` (`sku` null), `payload_hash` and `problem`."""
    item = pl.col("items").struct
    product, fulfillment = item.field("product").struct, item.field("fulfillment").struct
    unit_price, execution = product.field("price").struct.field("unitPrice").struct, item.field("cancellation").struct
    return (
        heads.explode("items")
        .select(
            *_VERSION, "marketplace_id", "fulfilled_by", "ordered_at", "updated_at", "business_day", "ship_country",
            "changed_on", "source_state",
            order_state=pl.col("state").cast(pl.String),
            order_currency="currency",
            line_kind=pl.lit("sale").cast(OrderLines.line_kind.dtype),
            line_id=item.field("orderItemId"),
            listing_sku=product.field("sellerSku"),
            sku=pl.lit(None, pl.String),
            title=product.field("title"),
            ordered_text=item.field("quantityOrdered"),
            shipped_text=fulfillment.field("quantityFulfilled"),
            open_text=fulfillment.field("quantityUnfulfilled"),
            price_text=unit_price.field("amount"),
            price_currency=unit_price.field("currencyCode"),
            breakdowns=item.field("proceeds").struct.field("breakdowns"),
            cancel_executed=execution.field("cancellationExecution").is_not_null(),
            ioss_number=fulfillment.field("shipping")
            .struct.field("internationalShipping")
            .struct.field("iossNumber"),
        )
        .with_columns(*_quantities(), *_amounts())
        .with_columns(quantity_cancelled=_cancelled())
        .with_columns(state=_line_state(), problem=_line_problem())
    )  # fmt: skip


def _quantities() -> list[pl.Expr]:
    return [
        json_columns.whole(pl.col("ordered_text")).alias("quantity_ordered"),
        json_columns.whole(pl.col("shipped_text").fill_null("0")).alias("quantity_shipped"),
        json_columns.whole(pl.col("open_text").fill_null("0")).alias("quantity_open"),
    ]


def _amounts() -> list[pl.Expr]:
    currencies = pl.col("breakdowns").list.eval(_subtotal("currencyCode").drop_nulls())
    currency = pl.coalesce(currencies.list.first(), "price_currency", "order_currency")

    def subtotal(kind: str) -> pl.Expr:
        of_kind = pl.element().filter(pl.element().struct.field("type") == kind)
        amounts = pl.col("breakdowns").list.eval(json_columns.amount(_subtotal("amount", of_kind)))
        return pl.when(currency.is_not_null()).then(amounts.list.sum()).cast(MONEY)

    text = _subtotal("amount")
    return [
        json_columns.amount(pl.col("price_text")).alias("unit_price"),
        subtotal("ITEM").alias("item_amount"),
        subtotal("TAX").alias("tax_amount"),
        subtotal("SHIPPING").alias("shipping_amount"),
        subtotal("DISCOUNT").abs().alias("discount_amount"),
        currency.alias("currency"),
        (currencies.list.n_unique() > 1).alias("mixed"),
        pl.col("breakdowns")
        .list.eval(json_columns.unreadable(text, json_columns.amount(text)))
        .list.any()
        .alias("unreadable_amount"),
    ]


def _subtotal(field: str, breakdown: pl.Expr | None = None) -> pl.Expr:
    entry = pl.element() if breakdown is None else breakdown
    return entry.struct.field("subtotal").struct.field(field)


def _cancelled() -> pl.Expr:
    unshipped = pl.col("quantity_ordered") - pl.col("quantity_shipped")
    whole_order = pl.col("order_state") == "cancelled"
    units = pl.when(whole_order).then(unshipped).when("cancel_executed").then(unshipped - pl.col("quantity_open"))
    return units.otherwise(0).clip(lower_bound=0)


def _line_state() -> pl.Expr:
    ordered, shipped, cancelled = (pl.col(f"quantity_{name}") for name in ("ordered", "shipped", "cancelled"))
    order = pl.col("order_state")
    state = (
        pl.when((order == "cancelled") | (ordered == cancelled))
        .then(pl.lit("cancelled"))
        .when(order.is_in(["to_ship", "part_shipped"]) & (shipped == 0))
        .then(pl.lit("to_ship"))
        .when(order.is_in(["to_ship", "part_shipped"]) & (shipped + cancelled < ordered))
        .then(pl.lit("part_shipped"))
        .when(order.is_in(["to_ship", "part_shipped"]))
        .then(pl.lit("shipped"))
        .otherwise(order)
    )
    return state.cast(OrderLines.state.dtype)


def _line_problem() -> pl.Expr:
    return pl.coalesce(
        *(
            pl.when(json_columns.unreadable(pl.col(text), pl.col(value))).then(
                pl.format(f"{field} `{{}}` is {kind}", text)
            )
            for field, text, value, kind in (
                ("quantityOrdered", "ordered_text", "quantity_ordered", "no whole number"),
                ("quantityFulfilled", "shipped_text", "quantity_shipped", "no whole number"),
                ("quantityUnfulfilled", "open_text", "quantity_open", "no whole number"),
                ("unitPrice", "price_text", "unit_price", "no amount"),
            )
        ),
        pl.when("unreadable_amount").then(pl.lit("a subtotal is no amount")),
        pl.when("mixed").then(pl.lit("amounts are in several currencies")),
    )
