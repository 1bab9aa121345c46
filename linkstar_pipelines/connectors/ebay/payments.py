"""eBay's money (Finances v1): what each amount of a transaction is, in our words.

Belongs here: reading transactions into amounts. Does not belong here: finding them (`client.py`).

Amounts on the wire are unsigned; `bookingEntry` says whether they come (CREDIT) or go (DEBIT). `amount` is what moves
after fees: a sale of 100 with a fee of 12 is a credit of 88, and its refund a debit that gives the fee back. So a
transaction becomes its gross amount and one amount per fee, which add up to the signed `amount` again.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.schemas.columns import MONEY
from linkstar_pipelines.schemas.core import Payments

KINDS: Final = {
    "SALE": "sale",
    "REFUND": "refund",
    "CREDIT": "adjustment",
    "DISPUTE": "adjustment",
    "ADJUSTMENT": "adjustment",
    "TRANSFER": "adjustment",
    "NON_SALE_CHARGE": "fee",
    "SHIPPING_LABEL": "fee",
    "WITHDRAWAL": "payout",
}
"""What the gross amount is, by transaction type."""
STATES: Final = {
    "FUNDS_PROCESSING": "held",
    "FUNDS_ON_HOLD": "held",
    "FUNDS_AVAILABLE_FOR_PAYOUT": "released",
    "COMPLETED": "released",
    "PAYOUT": "paid_out",
}
"""Where the money is, by transaction status."""
_SIGNS: Final = {"CREDIT": 1, "DEBIT": -1}
_NO_FORM: Final = "payload is not in the form of Finances v1"
_GROSS: Final = "gross"
_REST: Final = "fees"

_MONEY: Final = pl.Struct({"value": pl.String, "currency": pl.String})
_PAYLOAD: Final = pl.Struct({
    "transactionType": pl.String, "transactionStatus": pl.String, "bookingEntry": pl.String, "orderId": pl.String,
    "payoutId": pl.String, "feeType": pl.String, "amount": _MONEY, "totalFeeAmount": _MONEY,
    "orderLineItems": pl.List(pl.Struct({
        "lineItemId": pl.String,
        "marketplaceFees": pl.List(pl.Struct({"feeType": pl.String, "amount": _MONEY})),
    })),
})  # fmt: skip
_KEY: Final = ["platform", "store", "transaction_id"]
_HEAD: Final = [*_KEY, "sign", "state", "order_id", "payout_id", "posted_at", "payload_hash", "changed_on", "payload"]


def payments(raw_finances: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the newest version of every transaction, amount by amount.

    A transaction of which one amount cannot be read is rejected as a whole.

    Args:
        raw_finances: All versions seen (`RawFinances`); a transaction keeps its date while its status moves on, so of
            its versions the one seen last counts.

    Returns:
        Rows of `Payments`, and rejected transactions (source key `<platform>/<store>/<transaction>/<hash>`, `scope`
        the day it was posted).
    """
    newest = raw_finances.sort(*_KEY, "observed_at", "payload_hash").unique(_KEY, keep="last", maintain_order=True)
    heads = _heads(newest.with_columns(record=json_columns.decode(newest["payload"], _PAYLOAD)))
    fees = _fees(heads)
    broken = fees.filter(pl.col("amount").is_null()).select(
        *_KEY, fee_problem=pl.format("fee `{}` is no amount", pl.col("text").fill_null(""))
    )
    judged = heads.join(broken.unique(_KEY, keep="first"), on=_KEY, how="left").with_columns(
        problem=pl.coalesce("problem", "fee_problem")
    )
    key = pl.concat_str(*_KEY, pl.col("payload_hash").str.head(12), separator="/")
    scope = pl.col("changed_on").cast(pl.String)
    refused = judged.filter(pl.col("problem").is_not_null()).select(
        source_key=key, reason="problem", payload="payload", scope=scope
    )
    sound = judged.filter(pl.col("problem").is_null())
    rows = _amounts(sound, fees.join(sound, on=_KEY, how="semi"))
    good, rejected = quarantine.split(rows.select(Payments.column_names()), Payments, key, scope=scope)
    return good, quarantine.concat_rejects(refused, rejected)


def _heads(versions: pl.DataFrame) -> pl.DataFrame:
    record = pl.col("record").struct
    net, total_fee = record.field("amount").struct, record.field("totalFeeAmount").struct.field("value")
    kind = record.field("transactionType")
    return versions.with_columns(
        label=pl.coalesce(record.field("feeType"), kind),
        kind=kind.replace_strict(KINDS, default="unknown", return_dtype=pl.String),
        sign=record.field("bookingEntry").replace_strict(_SIGNS, default=None, return_dtype=pl.Int64),
        state=record.field("transactionStatus").replace_strict(STATES, default="unknown", return_dtype=pl.String),
        order_id=record.field("orderId"),
        payout_id=record.field("payoutId"),
        currency=net.field("currency"),
        net=json_columns.amount(net.field("value")),
        total_fee=json_columns.amount(total_fee),
    ).with_columns(
        problem=pl.coalesce(
            pl.when(pl.col("record").is_null()).then(pl.lit(_NO_FORM)),
            pl.when(pl.col("sign").is_null()).then(pl.lit("bookingEntry is neither CREDIT nor DEBIT")),
            pl.when(pl.col("net").is_null()).then(pl.lit("amount is missing or no amount")),
            pl.when(json_columns.unreadable(total_fee, pl.col("total_fee"))).then(
                pl.format("totalFeeAmount `{}` is no amount", total_fee)
            ),
        )
    )


def _fees(heads: pl.DataFrame) -> pl.DataFrame:
    """Return the fees that lines name, unsigned, numbered within their line and kind."""
    line, fee = pl.col("line").struct, pl.col("fee").struct
    return (
        heads.select(*_HEAD, line=pl.col("record").struct.field("orderLineItems"))
        .explode("line")
        .with_columns(line_id=line.field("lineItemId"), fee=line.field("marketplaceFees"))
        .explode("fee")
        .filter(pl.col("fee").is_not_null())
        .with_columns(
            source_label=fee.field("feeType").fill_null("NOT_STATED"),
            text=fee.field("amount").struct.field("value"),
            currency=fee.field("amount").struct.field("currency"),
        )
        .with_columns(
            amount=json_columns.amount(pl.col("text")),
            number=pl.int_range(pl.len()).over(*_KEY, "line_id", "source_label"),
        )
        .drop("line", "fee")
    )


def _amounts(heads: pl.DataFrame, fees: pl.DataFrame) -> pl.DataFrame:
    named = fees.group_by(_KEY).agg(named=pl.col("amount").sum())
    zero = pl.lit(0).cast(MONEY)
    whole = heads.join(named, on=_KEY, how="left").with_columns(
        named=pl.col("named").fill_null(zero), total_fee=pl.coalesce("total_fee", "named", zero)
    )
    gross = whole.with_columns(
        part=pl.lit(_GROSS), source_label="label", line_id=pl.lit(None, pl.String),
        amount=(pl.col("net") + pl.col("total_fee")) * pl.col("sign"),
    )  # fmt: skip
    unnamed = whole.filter(pl.col("total_fee") != pl.col("named")).with_columns(
        part=pl.lit(_REST), kind=pl.lit("fee"), source_label=pl.lit("totalFeeAmount"), line_id=pl.lit(None, pl.String),
        amount=(pl.col("named") - pl.col("total_fee")) * pl.col("sign"),
    )  # fmt: skip
    by_line = fees.with_columns(
        part=pl.concat_str(pl.col("line_id").fill_null("-"), "source_label", "number", separator="/"),
        kind=pl.lit("fee"),
        amount=-pl.col("amount") * pl.col("sign"),
    )
    columns = Payments.column_names()
    return pl.concat([
        part.with_columns(
            pl.col("amount").cast(MONEY),
            pl.col("kind").cast(Payments.kind.dtype),
            pl.col("state").cast(Payments.state.dtype),
        ).select(columns)
        for part in (gross, unnamed, by_line)
    ])  # fmt: skip
