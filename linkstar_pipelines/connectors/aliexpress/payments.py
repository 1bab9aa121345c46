"""AliExpress' releases of money ("loans"): what the platform pays, keeps and takes back per order line.

Belongs here: reading loan payloads. Does not belong here: how they are listed (`client.py`).

A transaction is an order; its newest version tells everything about it. AliExpress holds the buyer's money and releases
it to the shop's account with it; when that is paid out to a bank, no method tells.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.connectors.aliexpress import pacific
from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.schemas.core import Payments

_LABELS: Final = {
    "loan_amount": ("sale", 1),
    "escrow_fee": ("fee", -1),
    "affiliate_commission": ("fee", -1),
    "real_refund_amount": ("refund", -1),
}
"""Kind and sign of each amount of an order line. Amounts on the wire have no sign; zero is no payment."""
STATES: Final = {"loan_ok": "released", "wait_loan": "held"}

_MONEY: Final = pl.Struct({"amount": pl.String, "currency_code": pl.String})
_LINE: Final = pl.Struct({"child_order_id": pl.String, "loan_status": pl.String} | dict.fromkeys(_LABELS, _MONEY))
_LOAN: Final = pl.Struct({
    "loan_info": pl.Struct({"loan_time": pl.String}),
    "refund_info": pl.Struct({"refund_time": pl.String}),
    "son_order_list": pl.Struct({"son_order_loan_vo": pl.List(_LINE)}),
})  # fmt: skip
_TRANSACTION: Final = ["platform", "store", "transaction_id"]
_SOURCE: Final = pl.concat_str(*_TRANSACTION, pl.col("payload_hash").str.head(12), separator="/")


def payments(raw_finances: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return every amount of every order's release, and the versions that cannot be read.

    A version with one unreadable amount is rejected as a whole: a part of a release is no release.
    """
    newest = raw_finances.sort(*_TRANSACTION, "posted_at", "payload_hash").unique(
        _TRANSACTION, keep="last", maintain_order=True
    )
    read = newest.with_columns(loan=json_columns.decode(newest["payload"], _LOAN))
    lines = _lines(read)
    amounts = pl.concat([_amounts(lines, label) for label in _LABELS])
    bad = _unreadable(read, amounts)
    key = [*_TRANSACTION, "payload_hash"]
    kept = amounts.filter(pl.col("amount") != 0).join(bad, on=key, how="anti").select(Payments.column_names())
    good, rejected = quarantine.split(kept.sort(*_TRANSACTION, "part"), Payments, _SOURCE)
    refused = bad.join(read, on=key).select("reason", "payload", source_key=_SOURCE)
    return good, quarantine.concat_rejects(refused, rejected)


def _lines(read: pl.DataFrame) -> pl.DataFrame:
    loan = pl.col("loan").struct
    return read.with_columns(
        released_at=pacific.instant(loan.field("loan_info").struct.field("loan_time")),
        refunded_at=pacific.instant(loan.field("refund_info").struct.field("refund_time")),
        line=loan.field("son_order_list").struct.field("son_order_loan_vo"),
    ).explode("line")


def _amounts(lines: pl.DataFrame, label: str) -> pl.DataFrame:
    kind, sign = _LABELS[label]
    line = pl.col("line").struct
    money, moved_at = line.field(label).struct, "refunded_at" if kind == "refund" else "released_at"
    return lines.select(
        *_TRANSACTION, "payload_hash", "changed_on",
        line_id=line.field("child_order_id"),
        order_id="transaction_id",
        part=pl.concat_str(line.field("child_order_id"), pl.lit(f"/{label}")),
        kind=pl.lit(kind).cast(Payments.kind.dtype),
        source_label=pl.lit(label),
        state=line.field("loan_status")
        .replace_strict(STATES, default="unknown", return_dtype=pl.String)
        .fill_null("unknown")
        .cast(Payments.state.dtype),
        payout_id=pl.lit(None, pl.String),
        text=money.field("amount"),
        amount=(json_columns.amount(money.field("amount")) * sign).cast(Payments.amount.dtype),
        currency=money.field("currency_code"),
        posted_at=pl.coalesce(moved_at, "posted_at"),
    )  # fmt: skip


def _unreadable(read: pl.DataFrame, amounts: pl.DataFrame) -> pl.DataFrame:
    """Return the versions that cannot be read, with the first reason."""
    key = [*_TRANSACTION, "payload_hash"]
    no_form = read.filter(pl.col("loan").is_null()).select(*key, reason=pl.lit("payload is not in the form of a loan"))
    no_amount = amounts.filter(json_columns.unreadable(pl.col("text"), pl.col("amount"))).select(
        *key, reason=pl.format("{} `{}` is no amount", "source_label", "text")
    )
    return pl.concat([no_form, no_amount]).unique(key, keep="first", maintain_order=True)
