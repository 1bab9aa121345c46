"""Walmart's returns: one row per return line. Pure.

Belongs here: the reader of raw returns. Does not belong here: what a return does to stock.

Custody follows the latest tracking event, the refund the latest state of the money; the goods of a return that the
buyer may keep never come back. The stated refund is of the whole return, and is told on the only line of one.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.schemas.core import Returns

CUSTODY: Final = {
    "RETURN_INITIATED": "advised",
    "RETURN_IN_TRANSIT": "in_transit",
    "INTRANSIT_AFTER_INVOICE": "in_transit",
    "DELIVERED_AT_RETURN_CENTER": "received",
    "DELIVERED_AFTER_INVOICE": "received",
    "RETURN_CANCELLED": "not_returned",
}
"""Where the goods are, by tracking event; events about the money alone say nothing of the goods."""
REFUND: Final = {
    "NOT_INITIATED": "none",
    "REFUND_NOT_INITIATED": "none",
    "REFUND_INITIATED": "approved",
    "REFUND_COMPLETED": "refunded",
    "REFUND_ISSUED": "refunded",
    "REFUND_DENIED": "denied",
    "RETURN_CANCELLED": "denied",
}
"""Where the money is, by `currentRefundStatus`; Walmart publishes no list of its values."""

_MONEY: Final = pl.Struct({"currencyAmount": pl.String, "currencyUnit": pl.String})
_EVENT: Final = pl.Struct({"eventTag": pl.String, "eventTime": pl.String})
_LINE: Final = pl.Struct({
    "returnOrderLineNumber": pl.String,
    "purchaseOrderId": pl.String,
    "purchaseOrderLineNumber": pl.String,
    "item": pl.Struct({"sku": pl.String}),
    "quantity": pl.Struct({"measurementValue": pl.String}),
    "returnReason": pl.String,
    "status": pl.String,
    "currentRefundStatus": pl.String,
    "isKeepIt": pl.String,
    "returnTrackingDetail": pl.List(_EVENT),
})  # fmt: skip
_RETURN: Final = pl.Struct({
    "returnOrderDate": pl.String,
    "returnType": pl.String,
    "totalRefundAmount": _MONEY,
    "returnOrderLines": pl.List(_LINE),
    "returnLineGroups": pl.List(pl.Struct({
        "labels": pl.List(pl.Struct({"carrierInfoList": pl.List(pl.Struct({"trackingNo": pl.String}))})),
    })),
})  # fmt: skip
_RETURN_KEY: Final = ["platform", "store", "return_id"]


def returns(raw_returns: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the present state of every return line.

    Args:
        raw_returns: All versions seen of returns.

    Returns:
        Rows of `Returns` of the newest version of each return, and lines that cannot be read (with `scope`, the day
        of that version).
    """
    newest = raw_returns.sort(*_RETURN_KEY, "updated_at", "payload_hash").unique(
        _RETURN_KEY, keep="last", maintain_order=True
    )
    record = pl.col("decoded").struct
    heads = newest.with_columns(decoded=json_columns.decode(newest["payload"], _RETURN)).with_columns(
        line=record.field("returnOrderLines"),
        lines=record.field("returnOrderLines").list.len(),
        refund_text=record.field("totalRefundAmount").struct.field("currencyAmount"),
        refund_currency=record.field("totalRefundAmount").struct.field("currencyUnit"),
        requested_text=record.field("returnOrderDate"),
        return_type=record.field("returnType"),
        tracking_number=_tracking(record.field("returnLineGroups")),
    )
    rows = heads.explode("line").with_columns(**_read())
    key = pl.concat_str(*_RETURN_KEY, pl.col("return_line_id").fill_null("-"), separator="/")
    scope = pl.col("changed_on").cast(pl.String)
    refused = rows.filter(pl.col("reason_not").is_not_null()).select(
        "payload", reason="reason_not", source_key=key, scope=scope
    )
    read = rows.filter(pl.col("reason_not").is_null()).select(Returns.column_names())
    good, rejected = quarantine.split(read, Returns, key, scope=scope)
    return good, quarantine.concat_rejects(refused, rejected)


def _read() -> dict[str, pl.Expr]:
    line = pl.col("line").struct
    quantity = line.field("quantity").struct.field("measurementValue")
    # A quantity is a number with a fraction by the model, and whole by sense.
    units = json_columns.whole(quantity.str.strip_suffix(".0"))
    alone = pl.col("lines") == 1
    amount = json_columns.amount(pl.col("refund_text"))
    refund = line.field("currentRefundStatus").replace_strict(REFUND, default="unknown", return_dtype=pl.String)
    return {
        "return_line_id": line.field("returnOrderLineNumber"),
        "order_id": pl.coalesce(line.field("purchaseOrderId"), "order_id"),
        "line_id": line.field("purchaseOrderLineNumber"),
        "listing_sku": line.field("item").struct.field("sku"),
        "quantity": units,
        "reason": line.field("returnReason"),
        "disposition": pl.lit(None, Returns.disposition.dtype),
        "custody": _custody().cast(Returns.custody.dtype),
        "refund": (
            pl.when(pl.col("return_type") == "REPLACEMENT")
            .then(pl.lit("replaced"))
            .when(line.field("currentRefundStatus").is_null())
            .then(pl.lit("none"))
            .otherwise(refund)
            .cast(Returns.refund.dtype)
        ),
        "source_state": pl.concat_list(line.field("status"), line.field("currentRefundStatus"))
        .list.drop_nulls()
        .list.join("/"),
        "refund_amount": pl.when(alone).then(amount),
        "currency": pl.when(alone).then("refund_currency"),
        "requested_at": json_columns.instant(pl.col("requested_text")),
        "reason_not": pl.coalesce(
            pl.when(pl.col("line").is_null()).then(pl.lit("payload is not in the form of Walmart's returns")),
            pl.when(units.is_null()).then(pl.format("quantity `{}` is no whole number", quantity.fill_null(""))),
            pl.when(json_columns.unreadable(pl.col("refund_text"), amount)).then(
                pl.format("refund `{}` is no amount", "refund_text")
            ),
        ),
    }


def _custody() -> pl.Expr:
    """Read where the goods are: the latest event that speaks of them."""
    known = pl.element().filter(pl.element().struct.field("eventTag").is_in(list(CUSTODY)))
    events = (
        pl.col("line")
        .struct.field("returnTrackingDetail")
        .list.eval(known.sort_by(known.struct.field("eventTime")).struct.field("eventTag"))
    )
    latest = events.list.last().replace_strict(CUSTODY, default="unknown", return_dtype=pl.String)
    kept = pl.col("line").struct.field("isKeepIt") == "true"
    return pl.when(kept).then(pl.lit("not_returned")).otherwise(latest).fill_null("unknown")


def _tracking(groups: pl.Expr) -> pl.Expr:
    labels = pl.element().struct.field("labels").explode().struct.field("carrierInfoList").explode()
    return groups.list.eval(labels.struct.field("trackingNo").drop_nulls()).list.first()
