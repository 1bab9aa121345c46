"""Shopee's returns (returns.get_return_detail): where the goods are and where the money is, each on its own axis.

Belongs here: the reader into `core.returns`. Does not belong here: the refund's booking (`payments.py`).

A return names items and models, not order lines: a line of it is `<item id>-<model id>`. The parcel's state is the
reverse logistics', which alone moves on after the seller accepted.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.schemas.columns import INSTANT
from linkstar_pipelines.schemas.core import Returns

REFUNDS: Final = {
    "REQUESTED": "pending",
    "PROCESSING": "pending",
    "JUDGING": "pending",
    "SELLER_DISPUTE": "pending",
    "ACCEPTED": "approved",
    "CANCELLED": "none",
}
"""Where the money is, by return status. `CLOSED` says only that nothing will change any more: it stays `unknown`."""

CUSTODY: Final = {
    "LOGISTICS_NOT_START": "advised",
    "LOGISTICS_PENDING_ARRANGE": "advised",
    "LOGISTICS_READY": "advised",
    "LOGISTICS_REQUEST_CREATED": "advised",
    "LOGISTICS_PICKUP_RETRY": "advised",
    "LOGISTICS_PICKUP_FAILED": "advised",
    "LOGISTICS_PICKUP_DONE": "in_transit",
    "LOGISTICS_DELIVERY_FAILED": "in_transit",
    "LOGISTICS_DELIVERY_DONE": "received",
    "LOGISTICS_REQUEST_CANCELED": "not_returned",
    "LOGISTICS_LOST": "not_returned",
}
"""Where the goods are, by the state of the parcel on its way back."""

_RECORD: Final = pl.Struct({
    "status": pl.String,
    "reason": pl.String,
    "refund_amount": pl.String,
    "currency": pl.String,
    "create_time": pl.String,
    "needs_logistics": pl.String,
    "tracking_number": pl.String,
    "logistics_status": pl.String,
    "reverse_logistics_status": pl.String,
    "item": pl.List(pl.Struct({
        "item_id": pl.String, "model_id": pl.String, "amount": pl.String, "item_sku": pl.String,
        "variation_sku": pl.String, "refund_amount": pl.String,
    })),
})  # fmt: skip
_KEY: Final = ["platform", "store", "return_id"]


def returns(raw_returns: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the current state of every return, one row per line.

    The refund is stated for the return; with one line it is that line's, with several only what Shopee states per
    line is filled in.

    Args:
        raw_returns: All versions seen; the one changed last counts.

    Returns:
        One row per line, and the returns that cannot be read (`scope` = day of the version).
    """
    newest = raw_returns.sort(*_KEY, "updated_at", "payload_hash").unique(_KEY, keep="last", maintain_order=True)
    heads = newest.with_columns(record=json_columns.decode(newest["payload"], _RECORD))
    lines = heads.with_columns(item=pl.col("record").struct.field("item")).explode("item", empty_as_null=True)
    record, item = pl.col("record").struct, pl.col("item").struct
    parcel = pl.coalesce(_given(record.field("reverse_logistics_status")), _given(record.field("logistics_status")))
    status = record.field("status").fill_null("NOT_STATED")
    custody = (
        pl.when((record.field("needs_logistics") == "false") | (status == "CANCELLED"))
        .then(pl.lit("not_returned"))
        .otherwise(parcel.replace_strict(CUSTODY, default="unknown", return_dtype=pl.String))
    )
    alone = pl.len().over(_KEY) == 1
    frame = (
        lines.with_columns(
            return_line_id=pl.concat_str(item.field("item_id"), item.field("model_id").fill_null("0"), separator="-"),
            line_id=pl.lit(None, pl.String),
            listing_sku=pl.coalesce(_given(item.field("variation_sku")), _given(item.field("item_sku"))),
            quantity_text=item.field("amount"),
            refund_text=pl.coalesce(pl.when(alone).then(record.field("refund_amount")), item.field("refund_amount")),
            reason=record.field("reason"),
            disposition=pl.lit(None, Returns.disposition.dtype),
            custody=custody.cast(Returns.custody.dtype),
            refund=status.replace_strict(REFUNDS, default="unknown", return_dtype=pl.String).cast(Returns.refund.dtype),
            source_state=status,
            currency=record.field("currency"),
            tracking_number=_given(record.field("tracking_number")),
            requested_at=_instant(record.field("create_time")),
        )
        .with_columns(
            quantity=json_columns.whole(pl.col("quantity_text")),
            refund_amount=json_columns.amount(pl.col("refund_text")),
        )
        .with_columns(
            problem=pl.coalesce(
                pl.when(pl.col("record").is_null()).then(pl.lit("payload is not in the form of get_return_detail")),
                pl.when(pl.col("item").is_null()).then(pl.lit("return has no lines")),
                pl.when(json_columns.unreadable(pl.col("refund_text"), pl.col("refund_amount"))).then(
                    pl.format("refund `{}` is no amount", "refund_text")
                ),
            )
        )
    )
    key = pl.concat_str(*_KEY, pl.col("payload_hash").str.head(12), separator="/")
    scope = pl.col("changed_on").cast(pl.String)
    refused = frame.filter(pl.col("problem").is_not_null()).select(
        source_key=key, reason="problem", payload="payload", scope=scope
    )
    read = frame.filter(pl.col("problem").is_null()).select(Returns.column_names())
    good, rejected = quarantine.split(read, Returns, key, scope=pl.col("changed_on"))
    return good, quarantine.concat_rejects(refused.unique(maintain_order=True), rejected)


def _given(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


def _instant(seconds: pl.Expr) -> pl.Expr:
    return pl.from_epoch(json_columns.whole(seconds), time_unit="s").dt.replace_time_zone("UTC").cast(INSTANT)
