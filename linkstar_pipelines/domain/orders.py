"""Orders of all platforms: from all versions seen to the current state of orders and order lines.

Belongs here: which version of an order counts, how an unreadable one is put aside, and what follows from the facts
that a platform's `OrderForm` reads out of its payloads.
Does not belong here: the form of any platform's payload (the platform's own module), or what orders do to stock.

An order is one thing: if any part of a version cannot be read, that version is rejected as a whole and the newest
readable one before it stands, for the order as for its lines. Other orders are not touched by it. The outcome depends
neither on the order in which versions were seen, nor on how often.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.calendar import business_day
from linkstar_pipelines.domain.holds import with_hold
from linkstar_pipelines.domain.products.mapped import LISTED_AS, mapped
from linkstar_pipelines.schemas.columns import MONEY
from linkstar_pipelines.schemas.core import OrderLines, Orders
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.schemas.quality import ReasonType

NOT_STATED: Final = "NOT_STATED"
"""`source_state` of an order that came without its state."""

PLAUSIBLE_SINCE: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No order is older, nor left before."""
_CLOCKS_DIFFER: Final = timedelta(days=1)  # a ship date may be a mere day, in another time zone than the order's

_ORDER: Final = ["platform", "store", "order_id"]
_VERSION: Final = [*_ORDER, "payload_hash"]


@dataclass(frozen=True)
class OrderForm:
    """How a platform writes its orders.

    Attributes:
        heads: Adds to the raw rows (without reading `payload` twice) the columns `items` (a list of the order's
            lines as the platform writes them), `source_state` and `state` (text; the canonical state of
            `schemas.core.ORDER_STATES`), `fulfilled_by` (`platform`, `seller` or null), `currency`, `total_text`,
            `ship_country` (text, nullable), `ship_date` (instant, nullable: when the order left or is to leave, as the
            platform says; it is only judged) and `problem` (text: why the payload cannot be read, else null).
        lines: Gets those rows with one line in `item` each, and `order_state`, `order_currency`; adds `line_id`,
            `listing_sku`, `title`, `ioss_number`, `line_state` (text, nullable: the canonical state where the
            platform states it per line), `line_problem` (text, nullable), and as text, nullable, the amounts and
            counts of `LINE_TEXTS`. Where a seller may leave out the SKU and `listing_sku` is another number of the
            line then, `sku_given` (boolean) tells whether it was given.
    """

    heads: Callable[[pl.DataFrame], pl.DataFrame]
    lines: Callable[[pl.DataFrame], pl.DataFrame]


COUNTS: Final = {"ordered_text": "quantity_ordered", "shipped_text": "quantity_shipped",
                 "cancelled_text": "quantity_cancelled"}  # fmt: skip
AMOUNTS: Final = {
    "price_text": "unit_price", "item_text": "item_amount", "tax_text": "tax_amount",
    "shipping_text": "shipping_amount", "discount_text": "discount_amount",
}  # fmt: skip
LINE_TEXTS: Final = (*COUNTS, *AMOUNTS, "line_currency")
"""Text columns that a form's `lines` adds. Units shipped or cancelled that are null count as 0; a null amount stays
unknown; discounts are positive."""


class _OrderVersions(Orders):
    """The rules of `Orders`, for several versions of an order side by side."""

    payload_hash = dy.String(primary_key=True)


class _LineVersions(OrderLines):
    """The rules of `OrderLines`, for several versions of an order side by side."""

    payload_hash = dy.String(primary_key=True)
    sku_given = dy.Bool(nullable=False, description="Whether the platform gave the seller's own code.")


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
        raw_versions: Rows of a raw orders table.
    """
    return raw_versions.sort(*_ORDER, "updated_at", "payload_hash").unique(_ORDER, keep="last", maintain_order=True)


def orders(
    raw_versions: pl.DataFrame, form: OrderForm, time_zones: pl.DataFrame
) -> tuple[dy.DataFrame[Orders], pl.DataFrame]:
    """Return the current state of every order.

    Args:
        raw_versions: All versions seen of the orders of one platform.
        form: How the platform writes its orders.
        time_zones: Columns `store` and `time_zone` (IANA name).

    Returns:
        One row per order; `changed_on` is the UTC day of its version's last update. And the versions that are newer
        but cannot be read, with `scope` = the day of that version.
    """
    current = _current(raw_versions, form, time_zones)
    return Orders.validate(current.orders.select(Orders.column_names())), current.rejected


def order_lines(
    raw_versions: pl.DataFrame,
    form: OrderForm,
    listing_map: dy.DataFrame[ListingMap],
    time_zones: pl.DataFrame,
    known_codes: pl.DataFrame | None = None,
) -> tuple[dy.DataFrame[OrderLines], pl.DataFrame]:
    """Return the current state of every order line.

    A seller SKU means the same in all marketplaces of an account, so a line finds its SKU by account and code, as it
    was mapped when the order was placed. A listed code that is not mapped leaves `sku` and `multiplier`
    null. A code that is neither listed nor mapped puts its line, and its line alone, into quarantine. Either holds all
    of its order (`hold`), and no other order. Units of a cancelled order that were not shipped count as cancelled.

    Args:
        raw_versions: All versions seen of the orders of one platform.
        form: How the platform writes its orders.
        listing_map: What listings sell.
        time_zones: Columns `store` and `time_zone` (IANA name).
        known_codes: Columns `platform`, `store`, `listing_sku`: codes of listings, whether mapped or not. A store
            without any has not been read yet, and none of its codes is unknown; None takes all codes as listed.

    Returns:
        One row per order line, and the rejected versions as in `orders`; lines of unknown codes have the source key
        `<platform>/<store>/<order id>/<line id>`.
    """
    current = _current(raw_versions, form, time_zones)
    lines = _judged_codes(mapped(current.lines.drop("sku", "multiplier", "hold"), listing_map), known_codes)
    lines = with_hold(lines, unknown=pl.col("unknown"))
    good = lines.filter(~pl.col("unknown"))
    rejected = quarantine.concat_rejects(current.rejected, _refused(lines.filter(pl.col("unknown"))))
    return OrderLines.validate(good.select(OrderLines.column_names())), rejected


def _judged_codes(lines: pl.DataFrame, known_codes: pl.DataFrame | None) -> pl.DataFrame:
    """Add `unknown`: whether the line's code is in none of its store's listings and nobody said what it sells."""
    if known_codes is None:
        return lines.with_columns(unknown=pl.lit(value=False))
    listed_stores = known_codes.select("platform", "store", _read=pl.lit(value=True)).unique()
    listed = known_codes.select(*LISTED_AS, _listed=pl.lit(value=True)).unique()
    unlisted = pl.col("_read").is_not_null() & pl.col("_listed").is_null()
    return (
        lines.join(listed_stores, on=["platform", "store"], how="left", maintain_order="left")
        .join(listed, on=LISTED_AS, how="left", maintain_order="left")
        .with_columns(unknown=pl.col("sku_given") & pl.col("multiplier").is_null() & unlisted)
    )


def _refused(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.select(
        source_key=pl.concat_str(*_ORDER, "line_id", separator="/"),
        reason=pl.format("SKU `{}` is in none of the listings of store `{}`", "listing_sku", "store"),
        reason_type=pl.lit(ReasonType.UNKNOWN_SKU.value),
        payload=pl.struct(OrderLines.column_names()).struct.json_encode(),
        scope=pl.col("changed_on").cast(pl.String),
    )


def _current(raw: pl.DataFrame, form: OrderForm, time_zones: pl.DataFrame) -> _Current:
    """Read the latest version of every order; where that fails, the one before it, and so on.

    There are as many passes as the unluckiest order has unreadable versions in a row.
    """
    passes = []
    while True:
        read = _read(fold(raw), form, time_zones)
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
            reason_type="reason_type",
            payload="payload",
            scope=pl.col("changed_on").cast(pl.String),
        ),
    )


def _read(versions: pl.DataFrame, form: OrderForm, time_zones: pl.DataFrame) -> _Current:
    """Read one version of each order; `rejected` still has the columns of the raw rows."""
    heads = _heads(form.heads(versions), time_zones)
    good_heads, bad_heads = _judge(heads, _OrderVersions, where=pl.lit(""))
    lines = _lines(heads.join(bad_heads, on=_VERSION, how="anti", maintain_order="left"), form)
    good_lines, bad_lines = _judge(lines, _LineVersions, where=pl.format("line {}: ", pl.col("line_id").fill_null("?")))
    reasons = (
        pl.concat([bad_heads, bad_lines])
        .group_by(_VERSION, maintain_order=True)
        .agg(pl.col("reason").unique(maintain_order=True).str.join(", "), quarantine.plainest_type())
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
    kind = pl.col("problem_type").fill_null(ReasonType.SCHEMA.value)
    reasons = [
        unread.select(*_VERSION, reason=pl.concat_str(where, "problem"), reason_type=kind),
        broken.unnest("source_key").select(*_VERSION, pl.concat_str("where", "reason").alias("reason"), "reason_type"),
    ]
    return good, pl.concat(reasons)


def _heads(read: pl.DataFrame, time_zones: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of `Orders`, the order's `items`, and `problem`."""
    return (
        read.join(time_zones.select("store", "time_zone"), on="store", how="left", maintain_order="left")
        .with_columns(
            source_state=pl.col("source_state").fill_null(NOT_STATED),
            state=pl.col("state").fill_null("unknown").cast(Orders.state.dtype),
            fulfilled_by=pl.col("fulfilled_by").cast(Orders.fulfilled_by.dtype),
            ordered_at="created_at",
            business_day=business_day(pl.col("created_at"), pl.col("time_zone")),
            total_amount=json_columns.amount(pl.col("total_text")),
        )
        .with_columns(
            problem=pl.coalesce(
                "problem",
                pl.when(pl.col("items").list.len().fill_null(0) == 0).then(pl.lit("order has no lines")),
                pl.when(pl.col("fulfilled_by").is_null()).then(pl.lit("nobody knows who ships the order")),
                pl.when(json_columns.unreadable(pl.col("total_text"), pl.col("total_amount"))).then(
                    pl.format("total `{}` is no amount", "total_text")
                ),
                pl.when(pl.col("time_zone").is_null()).then(pl.format("store `{}` has no time zone", "store")),
            )
        )
        .with_columns(
            problem=pl.coalesce("problem", _implausible()),
            problem_type=pl.when(pl.col("problem").is_null() & _implausible().is_not_null()).then(
                pl.lit(ReasonType.IMPLAUSIBLE_DATE.value)
            ),
        )
        .drop("time_zone", "total_text", "ship_date")
    )


def _implausible() -> pl.Expr:
    """Say which date of an order cannot be right; null where all may be."""
    placed, leaves = pl.col("created_at"), pl.col("ship_date")
    day = "%Y-%m-%d"
    return pl.coalesce(
        pl.when(placed < PLAUSIBLE_SINCE).then(pl.format("the order is dated {}", placed.dt.strftime(day))),
        pl.when((leaves < PLAUSIBLE_SINCE) | (leaves < placed - _CLOCKS_DIFFER)).then(
            pl.format("ship date {} lies before the order of {}", leaves.dt.strftime(day), placed.dt.strftime(day))
        ),
    )


def _lines(heads: pl.DataFrame, form: OrderForm) -> pl.DataFrame:
    """Return the columns of `OrderLines` (unmapped), `payload_hash`, `sku_given`, `problem` and `problem_type`."""
    exploded = heads.rename({"items": "item", "currency": "order_currency"}).explode("item")
    read = form.lines(exploded.with_columns(order_state=pl.col("state").cast(pl.String)))
    typed = read.with_columns(
        json_columns.whole(pl.col("ordered_text")).alias("quantity_ordered"),
        json_columns.whole(pl.col("shipped_text").fill_null("0")).alias("quantity_shipped"),
        json_columns.whole(pl.col("cancelled_text").fill_null("0")).alias("quantity_cancelled"),
        *(json_columns.amount(pl.col(text)).alias(amount) for text, amount in AMOUNTS.items()),
    )
    currency = pl.coalesce("line_currency", "order_currency")
    return (
        typed.with_columns(
            quantity_cancelled=pl.when(pl.col("order_state") == "cancelled")
            .then((pl.col("quantity_ordered") - pl.col("quantity_shipped")).clip(lower_bound=0))
            .otherwise("quantity_cancelled"),
            problem=pl.coalesce(_unreadable(typed), "line_problem"),
        )
        .with_columns(state=_line_state())
        .select(
            *_VERSION, "marketplace_id", "fulfilled_by", "ordered_at", "updated_at", "business_day", "ship_country",
            "changed_on", "line_id", "listing_sku", "title", "quantity_ordered", "quantity_shipped",
            "quantity_cancelled", "ioss_number", "state", "problem", *AMOUNTS.values(),
            line_kind=pl.lit("sale").cast(OrderLines.line_kind.dtype),
            sku=pl.lit(None, pl.String),
            multiplier=pl.lit(None, pl.Int64),
            hold=pl.lit(None, OrderLines.hold.dtype),
            sku_given=pl.col("sku_given") if "sku_given" in read.columns else pl.lit(value=True),
            problem_type=pl.lit(None, pl.String),
            currency=currency,
        )
    )  # fmt: skip


def _line_state() -> pl.Expr:
    ordered, shipped, cancelled = (pl.col(f"quantity_{name}") for name in ("ordered", "shipped", "cancelled"))
    order = pl.col("order_state")
    shipping = order.is_in(["to_ship", "part_shipped"])
    state = (
        pl.when(pl.col("line_state").is_not_null())
        .then("line_state")
        .when((order == "cancelled") | ((ordered == cancelled) & (ordered > 0)))
        .then(pl.lit("cancelled"))
        .when(shipping & (shipped == 0))
        .then(pl.lit("to_ship"))
        .when(shipping & (shipped + cancelled < ordered))
        .then(pl.lit("part_shipped"))
        .when(shipping)
        .then(pl.lit("shipped"))
        .otherwise(order)
    )
    return state.cast(OrderLines.state.dtype)


def _unreadable(typed: pl.DataFrame) -> pl.Expr:
    """Say which text of a line could not be read."""
    return pl.coalesce(
        *(
            pl.when(json_columns.unreadable(pl.col(text), pl.col(value))).then(
                pl.format(f"{value} `{{}}` is {kind}", text)
            )
            for fields, kind in ((COUNTS, "no whole number"), (AMOUNTS, "no amount"))
            for text, value in fields.items()
            if text in typed.columns
        ),
    )


def money_sum(values: pl.Expr) -> pl.Expr:
    """Add up a list of amounts given as text, as text; null where one is no amount or none is there."""
    amounts = values.list.eval(json_columns.amount(pl.element()))
    whole = (amounts.list.len() > 0) & ~amounts.list.eval(pl.element().is_null()).list.any()
    return pl.when(whole).then(amounts.list.sum()).cast(MONEY).cast(pl.String)
