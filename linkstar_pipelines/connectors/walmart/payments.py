"""Walmart's settlement rows: one amount each. Pure.

Belongs here: the reader of raw finances. Does not belong here: fetching reports (`reports.py`).

Every cell is text, and an empty one may be two literal quotes. The row `PaymentSummary` is the sum of its report: it
is kept as the `payout`, positive, and must not be added to the others. A row stands in the raw table on the day of
its report, because that is when Walmart tells it; `posted_at` here is the row's own day.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.schemas.core import Payments

SUMMARY: Final = "PaymentSummary"
_EMPTY: Final = ("", '""')
_COLUMNS: Final = {
    "type": "Transaction Type",
    "label": "Amount Type",
    "description": "Transaction Description",
    "amount": "Amount",
    "total": "Total Payable",
    "currency": "Currency",
    "posted": "Transaction Posted Timestamp",
    "order": "Purchase Order #",
    "line": "Purchase Order line #",
}
_RECORD: Final = pl.Struct({
    "reportDate": pl.String,
    "row": pl.Struct(dict.fromkeys(_COLUMNS.values(), pl.String)),
})  # fmt: skip
_DOLLARS: Final = "USD"
_KINDS: Final = (
    ("(?i)reserve", "reserve"),
    ("(?i)withheld", "tax_withheld"),
    ("(?i)commission|fee|subscription|advertis", "fee"),
    ("(?i)tax", "tax"),
    ("(?i)discount|promo", "discount"),
    ("(?i)shipping", "shipping"),
    ("(?i)adjust|reimburse|correction", "adjustment"),
)
"""Kinds by words of the amount type, the first that fits: Walmart publishes no list of its amount types."""


def payments(raw_finances: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read every amount of the settlement reports.

    Args:
        raw_finances: Rows of the raw finances.

    Returns:
        Rows of `Payments`, and rows that cannot be read (with `scope`, the day of the report).
    """
    unique = raw_finances.unique(["platform", "store", "transaction_id"], keep="last", maintain_order=True)
    record = pl.col("decoded").struct
    cells = {
        name: pl.when(~record.field("row").struct.field(column).is_in(_EMPTY)).then(
            record.field("row").struct.field(column)
        )
        for name, column in _COLUMNS.items()
    }
    rows = (
        unique.with_columns(decoded=json_columns.decode(unique["payload"], _RECORD))
        .with_columns(**{f"cell_{name}": cell for name, cell in cells.items()})
        .with_columns(
            amount_text=pl.when(pl.col("cell_type") == SUMMARY).then("cell_total").otherwise("cell_amount"),
            source_label=pl.coalesce("cell_label", "cell_description", "cell_type", pl.lit("unnamed")),
        )
        .with_columns(
            amount=json_columns.amount(pl.col("amount_text")),
            kind=_kind().cast(Payments.kind.dtype),
            part=pl.coalesce("cell_label", "cell_type", pl.lit("unnamed")),
            state=pl.lit("paid_out").cast(Payments.state.dtype),
            order_id="cell_order",
            line_id="cell_line",
            payout_id=record.field("reportDate"),
            # Rows beside the summary leave the currency out; US settlements are in dollars.
            currency=pl.coalesce("cell_currency", pl.lit(_DOLLARS)),
            posted_at=_day(pl.col("cell_posted")),
        )
        .with_columns(
            reason=pl.coalesce(
                pl.when(pl.col("decoded").is_null()).then(pl.lit("payload is no row of a settlement report")),
                pl.when(pl.col("amount").is_null()).then(
                    pl.format("amount `{}` is no amount", pl.col("amount_text").fill_null(""))
                ),
                pl.when(pl.col("posted_at").is_null()).then(
                    pl.format("posted `{}` is not in the form MM/DD/YYYY", pl.col("cell_posted").fill_null(""))
                ),
            )
        )
    )
    key = pl.concat_str("platform", "store", "transaction_id", separator="/")
    scope = pl.col("changed_on").cast(pl.String)
    refused = rows.filter(pl.col("reason").is_not_null()).select("reason", "payload", source_key=key, scope=scope)
    read = rows.filter(pl.col("reason").is_null()).select(Payments.column_names())
    good, rejected = quarantine.split(read, Payments, key, scope=scope)
    return good, quarantine.concat_rejects(refused, rejected)


def _kind() -> pl.Expr:
    label, transaction = pl.col("source_label"), pl.col("cell_type")
    price = label.str.contains("(?i)^(product|item) price")
    return pl.coalesce(
        pl.when(transaction == SUMMARY).then(pl.lit("payout")),
        *(pl.when(label.str.contains(words)).then(pl.lit(name)) for words, name in _KINDS),
        pl.when(price & (transaction == "Refund")).then(pl.lit("refund")),
        pl.when(price).then(pl.lit("sale")),
        pl.lit("unknown"),
    )


def _day(text: pl.Expr) -> pl.Expr:
    """Read a day as its first instant; Walmart does not name the zone of its days, UTC stands in."""
    day = text.str.to_date("%m/%d/%Y", strict=False)
    return day.cast(Payments.posted_at.dtype)
