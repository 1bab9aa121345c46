"""How eBay's records become raw rows: identity, times and masking.

Belongs here: one `StreamForm` per stream (pure). Does not belong here: what a payload means (`orders.py` and others).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from linkstar_pipelines.connectors.ebay import operations as op
from linkstar_pipelines.connectors.fields import text_of
from linkstar_pipelines.connectors.platform import Payload, Row, StreamForm
from linkstar_pipelines.schemas.platforms import Stream

ADDRESS_KEPT: Final = ("city", "stateOrProvince", "postalCode", "countryCode")
"""Parts of an address that stay: enough for customs, tax and carrier zones, not enough to find a person."""
_NO_NODE: Final = "-"
_ORDER_PERSONAL: Final = frozenset({"buyer", "buyerCheckoutNotes"})
_LINE_PERSONAL: Final = frozenset({"giftDetails"})
_RETURN_PERSONAL: Final = frozenset({"buyerLoginName", "comments", "notes", "buyerAddress", "sellerAddress"})


def last_change(record: Any) -> datetime | None:
    """Return when a return last changed: the latest entry of its history; None when it tells none."""
    history = _inside(record, "detail", "responseHistory")
    dates = [_inside(entry, "creationDate", "value") for entry in history] if isinstance(history, list) else []
    created = _inside(record, "summary", "creationInfo", "creationDate", "value")
    return max(filter(None, map(op.parse_instant, [*dates, created])), default=None)


def _order_rows(order: Payload) -> Sequence[Row] | str:
    lines = order.get("lineItems")
    if not isinstance(lines, list) or not lines:
        return "lineItems is missing, empty or no list"
    sites = (text_of(line, site) for site in ("purchaseMarketplaceId", "listingMarketplaceId") for line in lines)
    return [{
        "order_id": text_of(order, "orderId"),
        "marketplace_id": next(filter(None, sites), None),
        "created_at": text_of(order, "creationDate"),
        "updated_at": text_of(order, "lastModifiedDate"),
    }]  # fmt: skip


def _listing_rows(record: Payload) -> Sequence[Row] | str:
    """One row per offer: an item that is offered nowhere is no listing."""
    offers = record.get("offers")
    if not isinstance(offers, list) or not isinstance(record.get("inventoryItem"), dict):
        return "payload is no inventory item with its offers"
    return [
        {
            "listing_id": text_of(offer, "offerId"),
            "marketplace_id": text_of(offer, "marketplaceId"),
            "seller_sku": text_of(record["inventoryItem"], "sku"),
        }
        for offer in offers
    ]


def _inventory_rows(record: Payload) -> Sequence[Row] | str:
    rows = _listing_rows(record)
    return rows if isinstance(rows, str) else [{**row, "node_id": _NO_NODE} for row in rows]


def _return_rows(record: Payload) -> Sequence[Row] | str:
    changed = last_change(record)
    return [{
        "return_id": _inside(record, "summary", "returnId"),
        "order_id": _inside(record, "summary", "orderId"),
        "updated_at": changed.isoformat() if changed else None,
    }]  # fmt: skip


def _transaction_rows(transaction: Payload) -> Sequence[Row] | str:
    return [{
        "transaction_id": transaction_key(transaction) or None,
        "transaction_status": text_of(transaction, "transactionStatus"),
        "posted_at": text_of(transaction, "transactionDate"),
    }]  # fmt: skip


def transaction_key(transaction: Any) -> str:
    """Return what identifies a transaction: its id is unique only beside its type. Empty when one is missing."""
    identity, kind = text_of(transaction, "transactionId"), text_of(transaction, "transactionType")
    return f"{identity}/{kind}" if identity and kind else ""


def mask_order(order: Payload) -> Payload:
    """Return an order without the data of persons; of addresses only `ADDRESS_KEPT` stays."""
    masked = _without(order, _ORDER_PERSONAL)
    for part, change in (("fulfillmentStartInstructions", _mask_instruction), ("lineItems", _mask_line)):
        if isinstance(masked.get(part), list):
            masked[part] = [change(entry) for entry in masked[part]]
    return masked


def mask_transaction(transaction: Payload) -> Payload:
    """Return a transaction without its buyer."""
    return _without(transaction, {"buyer"})


def mask_return(record: Any) -> Any:
    """Return a return without its buyer's name and words, at whatever depth they stand."""
    if isinstance(record, Mapping):
        return {name: mask_return(value) for name, value in record.items() if name not in _RETURN_PERSONAL}
    return [mask_return(entry) for entry in record] if isinstance(record, list) else record


def _mask_instruction(instruction: Any) -> Any:
    if not isinstance(instruction, dict):
        return instruction
    masked = dict(instruction)
    if "finalDestinationAddress" in masked:
        masked["finalDestinationAddress"] = _kept_address(masked["finalDestinationAddress"])
    step = masked.get("shippingStep")
    if isinstance(step, dict) and "shipTo" in step:
        address = _kept_address(_inside(step, "shipTo", "contactAddress"))
        masked["shippingStep"] = step | {"shipTo": {"contactAddress": address}}
    return masked


def _mask_line(line: Any) -> Any:
    return _without(line, _LINE_PERSONAL) if isinstance(line, dict) else line


def _kept_address(address: Any) -> Payload:
    return {part: address[part] for part in ADDRESS_KEPT if part in address} if isinstance(address, dict) else {}


def _without(payload: Payload, parts: Collection[str]) -> Payload:
    return {name: value for name, value in payload.items() if name not in parts}


def _inside(value: Any, *path: str) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _identity(*path: str) -> Callable[[Any], str]:
    def identify(record: Any) -> str:
        found = _inside(record, *path)
        return found if isinstance(found, str) else ""

    return identify


STREAMS: Final = {
    Stream.ORDERS: StreamForm(
        rows=_order_rows,
        identify=_identity("orderId"),
        page_size=op.ORDER_PAGES[0],
        operation=op.GET_ORDERS.name,
        mask=mask_order,
        changed_at=lambda order: op.parse_instant(_inside(order, "lastModifiedDate")),
    ),
    Stream.LISTINGS: StreamForm(
        rows=_listing_rows,
        identify=_identity("inventoryItem", "sku"),
        page_size=op.ITEM_PAGES[0],
        operation=op.GET_ITEMS.name,
    ),
    Stream.INVENTORY: StreamForm(
        rows=_inventory_rows,
        identify=_identity("inventoryItem", "sku"),
        page_size=op.ITEM_PAGES[0],
        operation=op.GET_ITEMS.name,
    ),
    Stream.RETURNS: StreamForm(
        rows=_return_rows,
        identify=_identity("summary", "returnId"),
        page_size=op.RETURN_PAGES[0],
        operation=op.SEARCH_RETURNS.name,
        mask=mask_return,
        changed_at=last_change,
    ),
    Stream.FINANCES: StreamForm(
        rows=_transaction_rows,
        identify=transaction_key,
        page_size=op.FINANCE_PAGES[0],
        operation=op.GET_TRANSACTIONS.name,
        mask=mask_transaction,
        changed_at=lambda transaction: op.parse_instant(_inside(transaction, "transactionDate")),
    ),
}
"""How the records of each stream become raw rows."""
