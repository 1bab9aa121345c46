"""Landing and parsing Amazon orders as one writes it first: `json.loads`, dictionaries, one order after the other.

Belongs here: the same fields, masking and hash as the product's, in plain Python. Does not belong here: timing.
"""

import hashlib
import json
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

_STATES: Final = {
    "PENDING_AVAILABILITY": "awaiting_payment", "PENDING": "awaiting_payment", "UNSHIPPED": "to_ship",
    "PARTIALLY_SHIPPED": "part_shipped", "SHIPPED": "shipped", "CANCELLED": "cancelled", "UNFULFILLABLE": "cancelled",
}  # fmt: skip
_ADDRESS: Final = ("countryCode", "stateOrRegion", "city", "postalCode", "addressType")


def land(body: bytes) -> list[dict[str, Any]]:
    """Return the raw rows of a page: masked payload, its hash, ids and instants."""
    rows = []
    for order in json.loads(body, parse_float=Decimal)["orders"]:
        updated = datetime.fromisoformat(order["lastUpdatedTime"])
        masked = _masked(order)
        text = json.dumps(masked, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
        rows.append({
            "order_id": order["orderId"],
            "marketplace_id": order["salesChannel"]["marketplaceId"],
            "created_at": datetime.fromisoformat(order["createdTime"]),
            "updated_at": updated,
            "changed_on": updated.date(),
            "payload": text,
            "payload_hash": hashlib.sha256(text.encode()).hexdigest(),
        })  # fmt: skip
    return rows


def _masked(order: dict[str, Any]) -> dict[str, Any]:
    masked = {part: value for part, value in order.items() if part not in {"buyer", "recipient", "payment"}}
    address = (order.get("recipient") or {}).get("deliveryAddress")
    if address:
        masked["recipient"] = {"deliveryAddress": {part: address[part] for part in _ADDRESS if part in address}}
    registrations = (order.get("tax") or {}).get("taxRegistrations")
    if registrations:
        kept = [r for r in registrations if r.get("entityType") in {"MARKETPLACE", "MERCHANT"}]
        masked["tax"] = order["tax"] | {"taxRegistrations": kept}
    masked["orderItems"] = [_masked_line(line) for line in order["orderItems"]]
    return masked


def _masked_line(line: dict[str, Any]) -> dict[str, Any]:
    line = dict(line)
    packing = (line.get("fulfillment") or {}).get("packing")
    if packing:
        gift = {part: value for part, value in packing.items() if part != "giftOption"}
        line["fulfillment"] = line["fulfillment"] | {"packing": gift}
    if "customization" in line.get("product", {}):
        line["product"] = {part: value for part, value in line["product"].items() if part != "customization"}
    return line


def parse(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the order lines of raw rows: quantities, money by kind, state."""
    lines = []
    for row in rows:
        order = json.loads(row["payload"], parse_float=Decimal)
        status = order["fulfillment"]["fulfillmentStatus"]
        for item in order["orderItems"]:
            ordered, fulfillment = int(item["quantityOrdered"]), item.get("fulfillment") or {}
            shipped = int(fulfillment.get("quantityFulfilled") or 0)
            amounts = dict.fromkeys(("ITEM", "TAX", "SHIPPING", "DISCOUNT"), Decimal(0))
            for part in (item.get("proceeds") or {}).get("breakdowns") or []:
                if part["type"] in amounts:
                    amounts[part["type"]] += Decimal(str(part["subtotal"]["amount"]))
            price = (item["product"].get("price") or {}).get("unitPrice") or {}
            shipping = (fulfillment.get("shipping") or {}).get("internationalShipping") or {}
            lines.append({
                "order_id": row["order_id"],
                "line_id": item["orderItemId"],
                "updated_at": row["updated_at"],
                "listing_sku": item["product"]["sellerSku"],
                "title": item["product"].get("title"),
                "quantity_ordered": ordered,
                "quantity_shipped": shipped,
                "unit_price": Decimal(str(price["amount"])) if price else None,
                "currency": price.get("currencyCode"),
                "item_amount": amounts["ITEM"],
                "tax_amount": amounts["TAX"],
                "shipping_amount": amounts["SHIPPING"],
                "discount_amount": abs(amounts["DISCOUNT"]),
                "ioss_number": shipping.get("iossNumber"),
                "state": _STATES.get(status, "unknown"),
            })  # fmt: skip
    return lines
