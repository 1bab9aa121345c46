"""Amazon's records as raw rows: identity, times and marketplace of each, personal data taken out. Pure.

Belongs here: one `StreamForm` per stream. Does not belong here: reading meaning out of payloads (`domain/amazon_*`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon import return_reports
from linkstar_pipelines.connectors.fields import text_of
from linkstar_pipelines.connectors.platform import Payload, Row, StreamForm
from linkstar_pipelines.domain.privacy import mask_order
from linkstar_pipelines.schemas.platforms import Stream

NO_MARKETPLACE: Final = "-"
"""Marketplace of an order that was placed outside Amazon and only shipped by it."""


def _order(payload: Payload) -> Sequence[Row] | str:
    if not isinstance(payload.get("orderItems"), list):
        return "orderItems is missing or no list"
    return [
        {
            "order_id": text_of(payload, "orderId"),
            "marketplace_id": _marketplace(payload),
            "created_at": text_of(payload, "createdTime"),
            "updated_at": text_of(payload, "lastUpdatedTime"),
        }
    ]


def _marketplace(order: Payload) -> str | None:
    channel = order.get("salesChannel")
    found = text_of(channel, "marketplaceId")
    return found or (NO_MARKETPLACE if text_of(channel, "channelName") == "NON_AMAZON" else None)


def _listing(payload: Payload) -> Sequence[Row] | str:
    summaries = payload.get("summaries")
    marketplaces = (
        {text_of(summary, "marketplaceId") for summary in summaries} if isinstance(summaries, list) else set()
    )
    rows = [
        {"seller_sku": text_of(payload, "sku"), "marketplace_id": found} for found in sorted(filter(None, marketplaces))
    ]
    return rows or "summaries name no marketplace"


def _summary(payload: Payload) -> Sequence[Row] | str:
    return [{"seller_sku": text_of(payload, "sellerSku"), "marketplace_id": text_of(payload, "marketplaceId")}]


def _transaction(payload: Payload) -> Sequence[Row] | str:
    return [
        {
            "transaction_id": text_of(payload, "transactionId"),
            "transaction_status": text_of(payload, "transactionStatus"),
            "posted_at": text_of(payload, "postedDate"),
        }
    ]


def _return(payload: Payload) -> Sequence[Row] | str:
    row, changed = payload.get("row"), return_reports.changed_at(payload)
    if not isinstance(row, dict):
        return text_of(payload, "problem") or "payload is no line of a report"
    if changed is None:
        return "the line states no date that can be read"
    return [
        {
            "return_id": return_reports.return_id(payload) or None,
            "order_id": text_of(row, "order-id"),
            "updated_at": changed.isoformat(),
        }
    ]


def _pile(record: Any) -> str:
    parts = ("marketplaceId", "sellerSku", "fnSku", "condition")
    return "|".join(text_of(record, part) or "" for part in parts).strip("|")


def _instant(field: str) -> Any:
    def read(record: object) -> datetime | None:
        try:
            return op.parse_instant(text_of(record, field) or "")
        except ValueError:
            return None

    return read


FORMS: Final = {
    Stream.ORDERS: StreamForm(
        rows=_order,
        identify=lambda order: text_of(order, "orderId") or "",
        page_size=100,
        operation=op.SEARCH_ORDERS.name,
        mask=mask_order,
        changed_at=_instant("lastUpdatedTime"),
    ),
    Stream.LISTINGS: StreamForm(
        rows=_listing,
        identify=lambda item: text_of(item, "sku") or "",
        page_size=20,
        operation=op.SEARCH_LISTINGS.name,
    ),
    Stream.INVENTORY: StreamForm(rows=_summary, identify=_pile, page_size=50, operation=op.FBA_INVENTORY.name),
    Stream.RETURNS: StreamForm(
        rows=_return,
        identify=return_reports.return_id,
        page_size=1,
        operation=op.RETURNS_DOWNLOAD,
        mask=return_reports.without_persons,
        changed_at=return_reports.changed_at,
    ),
    Stream.FINANCES: StreamForm(
        rows=_transaction,
        identify=lambda transaction: text_of(transaction, "transactionId") or "",
        page_size=100,
        operation=op.LIST_TRANSACTIONS.name,
        changed_at=_instant("postedDate"),
    ),
}
"""How Amazon's records become raw rows."""
