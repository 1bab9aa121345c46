"""Amazon's returns in our words: one row per line of a returns report. Pure.

Belongs here: the reader of raw returns. Does not belong here: reading reports (`return_reports.py`), or what a return
does to stock.

The two reports tell different halves. A line of the FBA report is goods that have arrived at Amazon's warehouse, with
their disposition, and nothing about the buyer's money: its refund is null, not unknown (the money is in the
settlements). A line of the seller's report is a request, with its refund, and arrival as a date. The words of the
seller's report are on no official list (R); one that is not known here makes the state `unknown` and stays in
`source_state`.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.return_reports import DAY_FORMS
from linkstar_pipelines.domain import json_columns, localized, quarantine
from linkstar_pipelines.schemas.columns import INSTANT
from linkstar_pipelines.schemas.core import Returns

DISPOSITIONS: Final = {
    "SELLABLE": "sellable",
    "DAMAGED": "damaged",
    "CUSTOMER_DAMAGED": "damaged",
    "CUST_DAMAGED": "damaged",
    "CARRIER_DAMAGED": "damaged",
    "WAREHOUSE_DAMAGED": "damaged",
    "DISTRIBUTOR_DAMAGED": "damaged",
    "DEFECTIVE": "defective",
    "EXPIRED": "expired",
}
"""Condition of the goods, by `detailed-disposition`."""
CUSTODY: Final = {
    "pending": "advised",
    "pending authorization": "advised",
    "approved": "advised",
    "authorized": "advised",
    "denied": "not_returned",
    "declined": "not_returned",
    "cancelled": "not_returned",
    "canceled": "not_returned",
}
"""Where the goods of a return to the seller are before a delivery is stated, by `Return request status` (R)."""
REFUND: Final = {
    "pending": "pending",
    "pending authorization": "pending",
    "approved": "approved",
    "authorized": "approved",
    "denied": "denied",
    "declined": "denied",
    "cancelled": "none",
    "canceled": "none",
}
"""Where the money of a return to the seller is before a refund is stated, by `Return request status` (R)."""

_ROW: Final = pl.Struct(
    dict.fromkeys(
        (
            "order-id", "quantity", "sku", "detailed-disposition", "reason", "status", "license-plate-number",
            "return-request-date", "return-request-status", "amazon-rma-id", "currency-code", "tracking-id",
            "merchant-sku", "return-quantity", "return-reason", "resolution", "return-delivery-date",
            "refunded-amount", "order-item-id",
        ),
        pl.String,
    )
)  # fmt: skip
_RECORD: Final = pl.Struct({"reportType": pl.String, "row": _ROW})
_KEY: Final = ["platform", "store", "return_id"]
_NOT_STATED: Final = "NOT_STATED"


def returns(raw_returns: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the present state of every return.

    Args:
        raw_returns: All versions seen of returns (`RawReturns`).

    Returns:
        Rows of `Returns`: of each return the version of the newest date; of those of one day the one seen last, for a
        state changes without a date. And versions that cannot be read (with `scope`, the day of the version).
    """
    newest = raw_returns.sort(*_KEY, "updated_at", "observed_at", "payload_hash").unique(
        _KEY, keep="last", maintain_order=True
    )
    frame = _read(newest.with_columns(record=json_columns.decode(newest["payload"], _RECORD)))
    key = pl.concat_str(*_KEY, pl.col("payload_hash").str.head(12), separator="/")
    scope = pl.col("changed_on").cast(pl.String)
    refused = frame.filter(pl.col("problem").is_not_null()).select(
        source_key=key, reason="problem", payload="payload", scope=scope
    )
    rows = frame.filter(pl.col("problem").is_null()).select(Returns.column_names())
    good, rejected = quarantine.split(rows, Returns, key, scope=scope)
    return good, quarantine.concat_rejects(refused, rejected)


def _read(versions: pl.DataFrame) -> pl.DataFrame:
    row = pl.col("record").struct.field("row").struct

    def typed(*names: str) -> pl.Expr:
        filled = (pl.when(row.field(name).str.strip_chars() != "").then(row.field(name)) for name in names)
        return pl.coalesce(*filled)

    def told(*names: str) -> pl.Expr:
        return typed(*names).str.strip_chars()

    either = pl.lit(value=True)  # a single file shows too few amounts to tell its decimal sign: each tells its own
    return (
        versions.with_columns(
            to_amazon=pl.col("record").struct.field("reportType") == op.FBA_RETURNS_REPORT,
            return_line_id=pl.coalesce(told("order-item-id", "license-plate-number", "amazon-rma-id"), "return_id"),
            line_id=told("order-item-id"),
            listing_sku=typed("sku", "merchant-sku"),
            quantity_text=told("quantity", "return-quantity"),
            reason=told("reason", "return-reason"),
            disposition_text=told("detailed-disposition").str.to_uppercase(),
            status=told("status", "return-request-status"),
            status_key=told("status", "return-request-status").str.to_lowercase(),
            resolution=told("resolution").fill_null(""),
            delivered=told("return-delivery-date").is_not_null(),
            refund_text=told("refunded-amount"),
            currency=told("currency-code"),
            tracking_number=told("tracking-id"),
            requested_at=_start_of_day(told("return-request-date")),
        )
        .with_columns(
            quantity=json_columns.whole(pl.col("quantity_text")),
            refund_amount=localized.amounts(pl.col("refund_text"), either, either),
            disposition=pl.when(pl.col("disposition_text").is_not_null())
            .then(_canonical("disposition_text", DISPOSITIONS))
            .cast(Returns.disposition.dtype),
            source_state=pl.concat_list(pl.col("status").fill_null(_NOT_STATED), "disposition_text")
            .list.drop_nulls()
            .list.join("/"),
            custody=_custody().cast(Returns.custody.dtype),
        )
        .with_columns(refund=_refund().cast(Returns.refund.dtype), problem=_problem())
    )


def _start_of_day(text: pl.Expr) -> pl.Expr:
    day = pl.coalesce(*(text.str.to_date(form, strict=False) for form in DAY_FORMS))
    return day.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").cast(INSTANT)


def _canonical(column: str, words: dict[str, str]) -> pl.Expr:
    return pl.col(column).replace_strict(words, default="unknown", return_dtype=pl.String)


def _custody() -> pl.Expr:
    arrived = pl.col("to_amazon") | pl.col("delivered")
    return pl.when(arrived).then(pl.lit("received")).otherwise(_canonical("status_key", CUSTODY))


def _refund() -> pl.Expr:
    return (
        pl.when("to_amazon")
        .then(None)
        .when(pl.col("refund_amount") > 0)
        .then(pl.lit("refunded"))
        .when(pl.col("resolution").str.contains("(?i)replace|exchange"))
        .then(pl.lit("replaced"))
        .otherwise(_canonical("status_key", REFUND))
    )


def _problem() -> pl.Expr:
    return pl.coalesce(
        pl.when(pl.col("record").struct.field("row").is_null()).then(pl.lit("payload is no line of a returns report")),
        pl.when(pl.col("quantity").is_null()).then(
            pl.format("quantity `{}` is no whole number", pl.col("quantity_text").fill_null(""))
        ),
        pl.when(json_columns.unreadable(pl.col("refund_text"), pl.col("refund_amount"))).then(
            pl.format("refund `{}` is no amount", "refund_text")
        ),
    )
