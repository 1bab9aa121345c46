"""eBay's returns (Post-Order v2): custody and money of each, in our words.

Belongs here: reading a return's summary and detail. Does not belong here: finding returns (`client.py`).

The names of fields and states are from the documentation of the Post-Order API (R: no official model describes them).
A return is about one line; `transactionId` names it. Money and goods are read apart: a closed return was refunded only
where an amount was actually paid.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.schemas.core import Returns

CUSTODY: Final = {
    "RETURN_REQUESTED": "advised",
    "RETURN_STARTED": "advised",
    "ITEM_READY_TO_SHIP": "advised",
    "READY_FOR_SHIPPING": "advised",
    "ITEM_SHIPPED": "in_transit",
    "ITEM_DELIVERED": "received",
    "LESS_THAN_A_FULL_REFUND_ISSUED": "received",
    "CANCELLED": "not_returned",
    "ITEM_KEPT": "not_returned",
}
"""Where the goods are, by the status of a return (R); of a closed one, by what its history tells."""
_CLOSED: Final = "CLOSED"
_RECEIVED: Final = "ITEM_DELIVERED"

_MONEY: Final = pl.Struct({"value": pl.String, "currency": pl.String})
_INSTANT: Final = pl.Struct({"value": pl.String})
_PAYLOAD: Final = pl.Struct({
    "summary": pl.Struct({
        "state": pl.String, "status": pl.String, "orderId": pl.String, "currentType": pl.String,
        "creationInfo": pl.Struct({
            "reason": pl.String, "creationDate": _INSTANT,
            "item": pl.Struct({"itemId": pl.String, "transactionId": pl.String, "returnQuantity": pl.String}),
        }),
        "sellerTotalRefund": pl.Struct({"estimatedRefundAmount": _MONEY, "actualRefundAmount": _MONEY}),
    }),
    "detail": pl.Struct({
        "itemDetail": pl.Struct({"sku": pl.String}),
        "returnShipmentInfo": pl.Struct({"shipmentTracking": pl.Struct({"trackingNumber": pl.String})}),
        "responseHistory": pl.List(pl.Struct({"toState": pl.String})),
    }),
})  # fmt: skip
_NO_FORM: Final = "payload is not in the form of Post-Order v2"


def returns(raw_returns: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the newest version of every return.

    Args:
        raw_returns: All versions seen (`RawReturns`).

    Returns:
        Rows of `Returns`, and those that cannot be read (source key `<platform>/<store>/<return id>/<hash>`, `scope`
        the day of the version).
    """
    identity = ["platform", "store", "return_id"]
    newest = raw_returns.sort(*identity, "updated_at", "payload_hash").unique(
        identity, keep="last", maintain_order=True
    )
    frame = _read(newest.with_columns(record=json_columns.decode(newest["payload"], _PAYLOAD)))
    key = pl.concat_str(*identity, pl.col("payload_hash").str.head(12), separator="/")
    scope = pl.col("changed_on").cast(pl.String)
    refused = frame.filter(pl.col("problem").is_not_null()).select(
        source_key=key, reason="problem", payload="payload", scope=scope
    )
    rows = frame.filter(pl.col("problem").is_null()).select(Returns.column_names())
    good, rejected = quarantine.split(rows, Returns, key, scope=scope)
    return good, quarantine.concat_rejects(refused, rejected)


def _read(versions: pl.DataFrame) -> pl.DataFrame:
    summary, detail = (pl.col("record").struct.field(part).struct for part in ("summary", "detail"))
    created, money = summary.field("creationInfo").struct, summary.field("sellerTotalRefund").struct
    item, actual = created.field("item").struct, money.field("actualRefundAmount")
    # The amount before a refund is an estimate: it is told as none.
    return (
        versions.with_columns(
            order_id=pl.coalesce("order_id", summary.field("orderId")),
            line_id=item.field("transactionId"),
            listing_sku=detail.field("itemDetail").struct.field("sku"),
            quantity_text=item.field("returnQuantity"),
            reason=created.field("reason"),
            status=pl.coalesce(summary.field("status"), summary.field("state")),
            replaced=summary.field("currentType") == "REPLACEMENT",
            delivered=detail.field("responseHistory")
            .list.eval(pl.element().struct.field("toState") == _RECEIVED)
            .list.any()
            .fill_null(value=False),
            refund_text=actual.struct.field("value"),
            currency=actual.struct.field("currency"),
            tracking_number=detail.field("returnShipmentInfo")
            .struct.field("shipmentTracking")
            .struct.field("trackingNumber"),
            requested_at=json_columns.instant(created.field("creationDate").struct.field("value")),
        )
        .with_columns(
            return_line_id=pl.coalesce("line_id", "return_id"),
            quantity=json_columns.whole(pl.col("quantity_text")),
            refund_amount=json_columns.amount(pl.col("refund_text")),
            source_state=pl.col("status").fill_null("NOT_STATED"),
            disposition=pl.lit(None, Returns.disposition.dtype),
            custody=_custody().cast(Returns.custody.dtype),
        )
        .with_columns(refund=_refund().cast(Returns.refund.dtype), problem=_problem())
    )


def _custody() -> pl.Expr:
    known = pl.col("status").replace_strict(CUSTODY, default="unknown", return_dtype=pl.String)
    at_end = pl.when("delivered").then(pl.lit("received")).otherwise(pl.lit("not_returned"))
    return pl.when(pl.col("status") == _CLOSED).then(at_end).otherwise(known)


def _refund() -> pl.Expr:
    closed = pl.col("status").is_in([_CLOSED, "CANCELLED", "ITEM_KEPT"])
    return (
        pl.when(pl.col("refund_amount") > 0)
        .then(pl.lit("refunded"))
        .when(closed & pl.col("replaced"))
        .then(pl.lit("replaced"))
        .when(closed)
        .then(pl.lit("none"))
        .when(pl.col("status").is_null())
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("pending"))
    )


def _problem() -> pl.Expr:
    texts = {"quantity_text": ("quantity", "no whole number"), "refund_text": ("refund_amount", "no amount")}
    return pl.coalesce(
        pl.when(pl.col("record").is_null()).then(pl.lit(_NO_FORM)),
        *(
            pl.when(json_columns.unreadable(pl.col(text), pl.col(value))).then(
                pl.format(f"{value} `{{}}` is {kind}", text)
            )
            for text, (value, kind) in texts.items()
        ),
    )
