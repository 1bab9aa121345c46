"""How Shopify's records become raw rows: identity, times and masking.

Belongs here: one `StreamForm` per stream (pure). Does not belong here: what a payload means (`orders.py` and others).
"""

from collections.abc import Sequence
from typing import Any, Final

from linkstar_pipelines.connectors.fields import text_of
from linkstar_pipelines.connectors.platform import Payload, Row, StreamForm
from linkstar_pipelines.connectors.shopify import operations as op
from linkstar_pipelines.connectors.shopify.operations import parse_instant, plain_id
from linkstar_pipelines.schemas.platforms import Stream

ADDRESS_KEPT: Final = ("city", "provinceCode", "zip", "countryCodeV2")
"""Parts of an address that stay: enough for customs, tax and carrier zones, not enough to find a person."""
_PERSONAL: Final = frozenset({"customer", "email", "phone", "billingAddress", "note", "customAttributes", "clientIp"})


def _order_rows(order: Payload) -> Sequence[Row] | str:
    if not isinstance(_nodes(order, "lineItems"), list):
        return "lineItems is missing or holds no list"
    return [{
        "order_id": plain_id(order.get("id")),
        "marketplace_id": text_of(order, "marketplaceId"),
        "created_at": text_of(order, "createdAt"),
        "updated_at": text_of(order, "updatedAt"),
    }]  # fmt: skip


def _listing_rows(variant: Payload) -> Sequence[Row] | str:
    return [{
        "listing_id": plain_id(variant.get("id")),
        "marketplace_id": text_of(variant, "marketplaceId"),
        "seller_sku": text_of(variant, "sku"),
    }]  # fmt: skip


def _inventory_rows(variant: Payload) -> Sequence[Row] | str:
    """One row per location: a variant that is stocked nowhere has none."""
    levels = _nodes(variant.get("inventoryItem"), "inventoryLevels")
    if not isinstance(levels, list):
        return "inventoryItem.inventoryLevels is missing or holds no list"
    listing = {
        "listing_id": plain_id(variant.get("id")),
        "marketplace_id": text_of(variant, "marketplaceId"),
        "seller_sku": text_of(variant, "sku"),
    }
    locations = (level.get("location") if isinstance(level, dict) else None for level in levels)
    return [
        {**listing, "node_id": plain_id(location.get("id")) if isinstance(location, dict) else None}
        for location in locations
    ]


def mask_order(order: Payload) -> Payload:
    """Return an order without the data of persons; of its address only `ADDRESS_KEPT` stays."""
    masked = {name: value for name, value in order.items() if name not in _PERSONAL}
    address = masked.get("shippingAddress")
    if isinstance(address, dict):
        masked["shippingAddress"] = {part: address[part] for part in ADDRESS_KEPT if part in address}
    lines = _nodes(order, "lineItems")
    if isinstance(lines, list):
        kept = [
            {name: value for name, value in line.items() if name not in _PERSONAL} if isinstance(line, dict) else line
            for line in lines
        ]
        masked["lineItems"] = {**order["lineItems"], "nodes": kept}
    return masked


def _nodes(value: Any, connection: str) -> Any:
    found = value.get(connection) if isinstance(value, dict) else None
    return found.get("nodes") if isinstance(found, dict) else None


def _identify(record: Any) -> str:
    return (plain_id(record.get("id")) if isinstance(record, dict) else None) or ""


STREAMS: Final = {
    Stream.ORDERS: StreamForm(
        rows=_order_rows,
        identify=_identify,
        page_size=op.ORDER_PAGES[0],
        operation=op.ORDERS.name,
        mask=mask_order,
        changed_at=lambda order: parse_instant(order.get("updatedAt")) if isinstance(order, dict) else None,
    ),
    Stream.LISTINGS: StreamForm(
        rows=_listing_rows, identify=_identify, page_size=op.VARIANT_PAGES[0], operation=op.VARIANTS.name
    ),
    Stream.INVENTORY: StreamForm(
        rows=_inventory_rows, identify=_identify, page_size=op.STOCK_PAGES[0], operation=op.STOCK.name
    ),
}
"""How the records of each stream become raw rows."""
