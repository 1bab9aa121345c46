"""Walmart's records as raw rows: identity, times and marketplace of each, personal data taken out. Pure.

Belongs here: one `StreamForm` per stream. Does not belong here: reading meaning out of payloads (`orders.py`, ...).

Walmart dates neither orders nor returns as a whole. An order changed when one of its lines last did, a return when
its latest line state or tracking event came.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from linkstar_pipelines.connectors.platform import Payload, Row, StreamForm
from linkstar_pipelines.connectors.walmart import operations as op
from linkstar_pipelines.domain.observations import canonical_json
from linkstar_pipelines.schemas.platforms import Stream

US: Final = "WALMART_US"
_MARKETPLACES: Final = {"CAN": "WALMART_CA", "CA": "WALMART_CA"}
"""Marketplace by destination: each of Walmart's sites ships within its own country."""
_ADDRESS_KEPT: Final = frozenset({"city", "state", "postalCode", "country", "addressType"})
_ORDER_DROPPED: Final = frozenset({"customerEmailId", "buyerId", "pickupPersons"})
_SHIPPING_DROPPED: Final = frozenset({"phone", "postalAddress"})
_PERSONAL: Final = frozenset({
    "customerName", "customerEmailId", "labelImageURL", "FedexTrackingLink", "returnCenterAddress", "pickUpBy",
})  # fmt: skip
_HASH_DIGITS: Final = 24


def mask_order(payload: Payload) -> Payload:
    """Return an order without the data of persons; the argument stays as it is.

    Taken out: mail address, buyer id, phone, everything of the address but town and country, who picks up, and the
    return address with its phone.
    """
    masked = {part: value for part, value in payload.items() if part not in _ORDER_DROPPED}
    shipping = payload.get("shippingInfo")
    if isinstance(shipping, dict):
        masked["shippingInfo"] = {part: value for part, value in shipping.items() if part not in _SHIPPING_DROPPED}
        address = shipping.get("postalAddress")
        if isinstance(address, dict):
            kept = {part: value for part, value in address.items() if part in _ADDRESS_KEPT}
            masked["shippingInfo"]["postalAddress"] = kept
    return {part: _without(value, _PERSONAL) for part, value in masked.items()}


def mask_return(payload: Payload) -> Payload:
    """Return a return without the buyer's name and mail address, and without the picture of the label."""
    return {part: _without(value, _PERSONAL) for part, value in payload.items() if part not in _PERSONAL}


def order_changed(order: object) -> datetime | None:
    """Return when an order last changed: the latest of its date and the status dates of its lines."""
    stamps = [_get(order, "orderDate"), *(_get(line, "statusDate") for line in _order_lines(order) or [])]
    return max(filter(None, map(_moment, stamps)), default=None)


def return_changed(record: object) -> datetime | None:
    """Return when a return last changed: the latest of its date, its lines' states and their tracking events."""
    texts = [_get(record, "returnOrderDate")]
    for line in _list(_get(record, "returnOrderLines")):
        texts.append(_get(line, "statusTime"))
        texts += [_get(status, "statusTime") for status in _list(_get(line, "currentTrackingStatuses"))]
        texts += [_get(event, "eventTime") for event in _list(_get(line, "returnTrackingDetail"))]
    return max(filter(None, map(_from_iso, texts)), default=None)


def report_instant(text: str) -> datetime | None:
    """Read the date of a settlement report (`MMDDYYYY`) as the first instant of that day, UTC; None if it is none."""
    try:
        return datetime.strptime(text, "%m%d%Y").replace(tzinfo=UTC)
    except ValueError:
        return None


def _order(payload: Payload) -> Sequence[Row] | str:
    if _order_lines(payload) is None:
        return "orderLines.orderLine is missing or no list"
    created = _moment(payload.get("orderDate"))
    country = _get(_get(_get(payload, "shippingInfo"), "postalAddress"), "country")
    return [
        {
            "order_id": _text(payload, "purchaseOrderId"),
            "marketplace_id": _MARKETPLACES.get(str(country), US),
            "created_at": _iso(created),
            "updated_at": _iso(order_changed(payload)),
        }
    ]


def _order_identity(order: object) -> str:
    """Name an order; one without its number still has the buyer's, so that it counts in a reading."""
    return _text(order, "purchaseOrderId") or _text(order, "customerOrderId") or ""


def _listing(payload: Payload) -> Sequence[Row] | str:
    sku = _text(payload, "sku")
    return [{"listing_id": sku, "seller_sku": sku, "marketplace_id": _text(payload, "mart") or US}]


def _stock(payload: Payload) -> Sequence[Row] | str:
    sku, nodes = _text(payload, "sku"), payload.get("shipNodes", payload.get("nodes"))
    if not isinstance(nodes, list):
        return "neither nodes nor shipNodes is a list"
    names = {_text(node, "shipNode") or _text(node, "shipNodeType") or "-" for node in nodes}
    return [{"listing_id": sku, "seller_sku": sku, "marketplace_id": US, "node_id": name} for name in sorted(names)]


def _stock_identity(record: object) -> str:
    sku = _text(record, "sku") or ""
    return f"{op.WFS_NODE}/{sku}" if sku and isinstance(record, dict) and "shipNodes" in record else sku


def _return(payload: Payload) -> Sequence[Row] | str:
    lines = _list(payload.get("returnOrderLines"))
    if not lines:
        return "returnOrderLines is missing or empty"
    return [
        {
            "return_id": _text(payload, "returnOrderId"),
            "order_id": next((order for line in lines if (order := _text(line, "purchaseOrderId"))), None),
            "updated_at": _iso(return_changed(payload)),
        }
    ]


def _transaction(record: Payload) -> Sequence[Row] | str:
    row = record.get("row")
    if not isinstance(row, dict):
        return "the row of the report is no object"
    return [
        {
            "transaction_id": _transaction_id(record),
            "transaction_status": _text(row, "Transaction Type"),
            "posted_at": _iso(report_instant(str(record.get("reportDate")))),
        }
    ]


def _transaction_id(record: object) -> str:
    if not isinstance(record, dict):
        return ""
    content = hashlib.sha256(canonical_json(record.get("row")).encode()).hexdigest()[:_HASH_DIGITS]
    return f"{record.get('reportDate')}/{content}/{record.get('ordinal')}"


def _order_lines(order: object) -> list[Any] | None:
    lines = _get(_get(order, "orderLines"), "orderLine")
    return lines if isinstance(lines, list) else None


def _without(value: Any, names: frozenset[str]) -> Any:
    """Return a copy without the named fields, however deep they are; name and value pairs count as fields."""
    if isinstance(value, list):
        return [_without(part, names) for part in value if _get(part, "name") not in names]
    if isinstance(value, dict):
        return {name: _without(part, names) for name, part in value.items() if name not in names}
    return value


def _get(value: object, field: str) -> Any:
    return value.get(field) if isinstance(value, dict) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object, field: str) -> str | None:
    found = _get(value, field)
    return found if isinstance(found, str) and found else None


def _moment(value: object) -> datetime | None:
    """Read milliseconds since the epoch; the file on single orders writes the same times as ISO 8601."""
    if isinstance(value, str):
        return _from_iso(value)
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(float(value) / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _from_iso(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC) if moment else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


FORMS: Final = {
    Stream.ORDERS: StreamForm(
        rows=_order,
        identify=_order_identity,
        page_size=op.ORDER_PAGE,
        operation=op.ORDERS.name,
        mask=mask_order,
        changed_at=order_changed,
    ),
    Stream.LISTINGS: StreamForm(
        rows=_listing,
        identify=lambda item: _text(item, "sku") or "",
        page_size=op.ITEM_PAGE,
        operation=op.ITEMS.name,
    ),
    Stream.INVENTORY: StreamForm(
        rows=_stock, identify=_stock_identity, page_size=op.INVENTORY_PAGE, operation=op.INVENTORIES.name
    ),
    Stream.RETURNS: StreamForm(
        rows=_return,
        identify=lambda record: _text(record, "returnOrderId") or "",
        page_size=op.RETURN_PAGE,
        operation=op.RETURNS.name,
        mask=mask_return,
        changed_at=return_changed,
    ),
    Stream.FINANCES: StreamForm(
        rows=_transaction,
        identify=_transaction_id,
        page_size=op.REPORT_PAGE,
        operation=op.REPORT.name,
        changed_at=lambda record: report_instant(str(_get(record, "reportDate"))),
    ),
}
"""How Walmart's records become raw rows."""
