"""Shipment confirmations (orders v0): what a seller tells Amazon about parcels that left.

Here: confirmShipment with Amazon's rules, and the packages that were confirmed; the same package reference again
corrects that package. The world's own orders are not changed by it. Not here: packages of the world (`order_json`).
"""

import json
from dataclasses import dataclass, field

from linkstar_pipelines.sandbox.amazon.wire import Call, invalid, not_found
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import iso, parse
from linkstar_pipelines.sandbox.world.order import Order

REQUIRED = ("packageReferenceId", "carrierCode", "trackingNumber", "shipDate", "orderItems")


@dataclass(slots=True)
class ShipmentsApi:
    """Answers confirmShipment and remembers what was confirmed, by order and package reference."""

    world: World
    confirmed: dict[str, dict[str, Json]] = field(default_factory=dict)

    def confirm(self, call: Call) -> Reply:
        """Answer confirmShipment: 204 without a body."""
        order = self.world.reach(call.now).store(call.account.code).orders.get(call.path["orderId"])
        if order is None or order.index_at(call.now) < 0:
            raise not_found(f"Order {call.path['orderId']} does not exist for this seller.")
        detail = _detail(call, order)
        self.confirmed.setdefault(order.id, {})[detail["packageReferenceId"]] = detail
        return Reply(status=204, content=b"")

    def packages(self, order_id: str) -> list[Json]:
        """Return the confirmed packages of an order in the form of orders 2026-01-01."""
        return [
            {
                "packageReferenceId": reference,
                "createdTime": iso(parse(detail["shipDate"])),
                "packageStatus": {"status": "IN_TRANSIT", "detailedStatus": "DROPPED_OFF"},
                "carrier": detail.get("carrierName") or detail["carrierCode"],
                "shipTime": iso(parse(detail["shipDate"])),
                "shippingService": detail.get("shippingMethod", "Standard"),
                "trackingNumber": detail["trackingNumber"],
                "packageItems": [
                    {"orderItemId": item["orderItemId"], "quantity": item["quantity"]} for item in detail["orderItems"]
                ],
            }
            for reference, detail in self.confirmed.get(order_id, {}).items()
        ]


def _detail(call: Call, order: Order) -> Json:
    try:
        body = json.loads(call.body)
        detail: Json = body["packageDetail"]
        marketplace = body["marketplaceId"]
        missing = [name for name in REQUIRED if not detail.get(name)]
        items = {str(item["orderItemId"]): int(item["quantity"]) for item in detail.get("orderItems") or []}
        parse(detail.get("shipDate", ""))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise invalid("The body must be a JSON object with marketplaceId and packageDetail.") from problem
    if missing:
        raise invalid(f"packageDetail lacks {', '.join(missing)}.")
    if marketplace != order.market.id:
        raise invalid("marketplaceId is not the marketplace of the order.")
    if not str(detail["packageReferenceId"]).isdigit() or int(detail["packageReferenceId"]) < 1:
        raise invalid("packageReferenceId must be a positive number.")
    if detail["carrierCode"] == "Other" and not detail.get("carrierName"):
        raise invalid("carrierName is required when carrierCode is Other.")
    if order.fba:
        raise invalid("Orders fulfilled by Amazon cannot be confirmed by the seller.")
    ordered = {line.item_id: line.quantity for line in order.lines}
    if any(units < 1 or units > ordered.get(item, 0) for item, units in items.items()):
        raise invalid("orderItems name an item or a quantity that is not in the order.")
    return detail
