"""AliExpress' issues (disputes): goods on their way back and money, as far as they are returns.

Belongs here: reading issue payloads. Does not belong here: how they are listed (`client.py`).

An issue is about one order line. What was agreed stands in its solutions: of those, the one that was reached or is
being carried out counts, else the newest. The number of units is not told: when goods are to come back it is the
units of the line, when only money is, none. AliExpress does not tell when returned goods arrived; an issue that is
finished with goods that were sent back counts as received.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.connectors.aliexpress import pacific
from linkstar_pipelines.connectors.aliexpress.operations import ISSUE_CANCELLED, ISSUE_FINISHED
from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.orders import NOT_STATED
from linkstar_pipelines.schemas.core import Returns

_AGREED: Final = ("reached", "perform")
_WITH_GOODS: Final = "return_and_refund"
_SOLUTIONS: Final = pl.List(pl.Struct({
    "gmt_modified": pl.String, "status": pl.String, "solution_type": pl.String,
    "refund_money_post": pl.String, "refund_money_post_currency": pl.String,
}))  # fmt: skip
_HOLDERS: Final = ("platform_solution_list", "seller_solution_list", "buyer_solution_list")
_ISSUE: Final = pl.Struct({
    "order_id": pl.String, "issue_status": pl.String, "gmt_create": pl.String, "reason_english": pl.String,
    "detail": pl.Struct(
        {"buyer_return_no": pl.String} | {name: pl.Struct({"solution_api_dto": _SOLUTIONS}) for name in _HOLDERS}
    ),
    "child_order": pl.Struct({"sku_code": pl.String, "product_count": pl.String}),
})  # fmt: skip
_RETURN: Final = ["platform", "store", "return_id"]
_SOURCE: Final = pl.concat_str(*_RETURN, pl.col("payload_hash").str.head(12), separator="/")


def returns(raw_returns: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the current state of every issue: one row per issue, and the versions that cannot be read."""
    newest = raw_returns.sort(*_RETURN, "updated_at", "payload_hash").unique(_RETURN, keep="last", maintain_order=True)
    frame = _facts(newest.with_columns(issue=json_columns.decode(newest["payload"], _ISSUE)))
    unread = pl.col("problem").is_not_null()
    refused = frame.filter(unread).select("payload", reason="problem", source_key=_SOURCE)
    good, rejected = quarantine.split(frame.filter(~unread).select(Returns.column_names()), Returns, _SOURCE)
    return good, quarantine.concat_rejects(refused, rejected)


def _facts(read: pl.DataFrame) -> pl.DataFrame:
    issue, solution = pl.col("issue").struct, pl.col("solution").struct
    detail, line = issue.field("detail").struct, issue.field("child_order").struct
    sent_back = detail.field("buyer_return_no")
    return (
        read.with_columns(solution=_solution(issue.field("detail")))
        .with_columns(
            line_id=issue.field("order_id"),
            return_line_id=issue.field("order_id"),
            listing_sku=line.field("sku_code"),
            reason=issue.field("reason_english"),
            source_state=issue.field("issue_status").fill_null(NOT_STATED),
            tracking_number=pl.when(sent_back != "").then(sent_back),
            goods=(solution.field("solution_type") == _WITH_GOODS),
            amount_text=solution.field("refund_money_post"),
            refund_amount=json_columns.amount(solution.field("refund_money_post")),
            currency=solution.field("refund_money_post_currency"),
            requested_at=pacific.instant(issue.field("gmt_create")),
        )
        .with_columns(
            quantity=pl.when("goods").then(json_columns.whole(line.field("product_count"))).otherwise(0),
            disposition=pl.lit(None, Returns.disposition.dtype),
            custody=_custody().cast(Returns.custody.dtype),
            refund=_refund().cast(Returns.refund.dtype),
            problem=pl.coalesce(
                pl.when(pl.col("issue").is_null()).then(pl.lit("payload is not in the form of an issue")),
                pl.when(json_columns.unreadable(pl.col("amount_text"), pl.col("refund_amount"))).then(
                    pl.format("refund `{}` is no amount", "amount_text")
                ),
            ),
        )
    )


def _solution(detail: pl.Expr) -> pl.Expr:
    """Choose the solution that counts: an agreed one before a proposed one, the platform's before a party's."""
    lists = [detail.struct.field(holder).struct.field("solution_api_dto") for holder in _HOLDERS]
    entry = pl.element().struct
    newest = pl.element().sort_by(entry.field("gmt_modified"))
    agreed = [each.list.eval(newest.filter(entry.field("status").is_in(_AGREED))).list.last() for each in lists]
    return pl.coalesce(*agreed, *(each.list.eval(newest).list.last() for each in lists))


def _custody() -> pl.Expr:
    sent = pl.col("tracking_number").is_not_null()
    over = pl.col("source_state") == ISSUE_FINISHED
    return (
        pl.when((pl.col("source_state") == ISSUE_CANCELLED) | ~pl.col("goods"))
        .then(pl.lit("not_returned"))
        .when(pl.col("goods").is_null() | (over & ~sent))
        .then(pl.lit("unknown"))
        .when(over)
        .then(pl.lit("received"))
        .when(sent)
        .then(pl.lit("in_transit"))
        .otherwise(pl.lit("advised"))
    )


def _refund() -> pl.Expr:
    state = pl.col("source_state")
    return (
        pl.when(state == "processing")
        .then(pl.lit("pending"))
        .when(state == ISSUE_CANCELLED)
        .then(pl.lit("none"))
        .when((state == ISSUE_FINISHED) & (pl.col("refund_amount") > 0))
        .then(pl.lit("refunded"))
        .when(state == ISSUE_FINISHED)
        .then(pl.lit("denied"))
        .otherwise(pl.lit("unknown"))
    )
