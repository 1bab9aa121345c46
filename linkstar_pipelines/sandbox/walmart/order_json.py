"""Orders in Walmart's wire form.

Here: one order version as JSON, with the units of each line split by state. `orderLineQuantity` is what the buyer
wants at that version; an order that was never paid for is `Created` like one that waits for its acknowledgement.
Charges are of the whole line and zero once the order is cancelled; a discount is a negative product charge.
Not here: which orders are found, and what was reported as shipped (see `orders`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from linkstar_pipelines.sandbox.walmart.wire import milliseconds, number
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.instants import DAY
from linkstar_pipelines.sandbox.world.order import Order, Status, Version
from linkstar_pipelines.sandbox.world.people import buyer_of

ACKNOWLEDGED_SHARE = 0.5
"""Share of the paid orders that somebody has acknowledged in Seller Center already."""
CARRIER = "USPS"


@dataclass(frozen=True, slots=True)
class Told:
    """Units of a line that the seller reported as shipped, with the tracking information as it came."""

    line_id: str
    units: int
    tracking: Json


def node_of(order: Order) -> str:
    """Return the type of ship node that an order is fulfilled from."""
    return "WFSFulfilled" if order.fba else "SellerFulfilled"


def is_acknowledged(order: Order, version: Version) -> bool:
    """Tell whether the world's own seller has acknowledged the order: always with WFS, else half of them."""
    if version.status is Status.PENDING:
        return False
    return order.fba or chance.unit("acknowledged", order.id) < ACKNOWLEDGED_SHARE


def left_to_ship(order: Order, version: Version, line: int, told: Sequence[Told]) -> int:
    """Return the units of a line that have not left yet."""
    if version.status is Status.CANCELLED:
        return 0
    reported = sum(part.units for part in told if part.line_id == order.lines[line].item_id)
    return max(version.ordered[line] - max(version.shipped[line], reported), 0)


def render(order: Order, version: Version, told: Sequence[Told], *, acknowledged: bool) -> Json:
    """Write one order as it stands in `version`, with what the seller reported beside it."""
    buyer = buyer_of(order.id, order.country, version.moved)
    due = order.created + 2 * DAY
    return {
        "purchaseOrderId": order.id,
        "customerOrderId": f"20{chance.number('customer order', order.id) % 10**13:013d}",
        "customerEmailId": buyer.email,
        "orderType": "REGULAR",
        "orderDate": milliseconds(order.created),
        "shippingInfo": {
            "phone": buyer.phone,
            "estimatedDeliveryDate": milliseconds(due + 5 * DAY),
            "estimatedShipDate": milliseconds(due),
            "methodCode": "Standard",
            "postalAddress": {
                "name": buyer.name,
                "address1": buyer.street,
                "city": buyer.city,
                "state": buyer.state,
                "postalCode": buyer.postal_code,
                "country": "USA",
                "addressType": "OFFICE" if buyer.company else "RESIDENTIAL",
            },
        },
        "orderLines": {
            "orderLine": [
                _line(order, version, line, told, acknowledged=acknowledged) for line in range(len(order.lines))
            ]
        },
        "shipNode": {"type": node_of(order)},
    }


def _line(order: Order, version: Version, line: int, told: Sequence[Told], *, acknowledged: bool) -> Json:
    item, units = order.lines[line], version.ordered[line]
    return {
        "lineNumber": item.item_id,
        "item": {
            "productName": item.listing.product.title,
            "sku": item.listing.seller_sku,
            "condition": "New",
        },
        "charges": {"charge": _charges(order, version, line)},
        "orderLineQuantity": _quantity(units),
        "statusDate": milliseconds(version.at),
        "orderLineStatuses": {
            "orderLineStatus": _statuses(order, version, line, told, acknowledged=acknowledged),
        },
        "fulfillment": {"fulfillmentOption": "S2H", "shipMethod": "STANDARD", "pickUpDateTime": 0},
    }


def _charges(order: Order, version: Version, line: int) -> list[Json]:
    units = 0 if version.status is Status.CANCELLED else version.ordered[line]
    price, market = order.lines[line].price, order.market

    def amount(minor: int) -> Json:
        return {"currency": market.currency, "amount": number(market, minor * units)}

    def charge(kind: str, name: str, minor: int, tax: int) -> Json:
        taxed = {"tax": {"taxName": "Tax1", "taxAmount": amount(tax)}} if tax else {}
        return {"chargeType": kind, "chargeName": name, "chargeAmount": amount(minor), **taxed}

    charges = [charge("PRODUCT", "ItemPrice", price.principal, price.tax)]
    if price.discount:
        charges.append(charge("PRODUCT", "SubscriptionDiscount", -price.discount, 0))
    if price.shipping:
        charges.append(charge("SHIPPING", "Shipping", price.shipping, price.shipping_tax))
    return charges


def _statuses(order: Order, version: Version, line: int, told: Sequence[Told], *, acknowledged: bool) -> list[Json]:
    if version.status is Status.CANCELLED:
        reason = {"cancellationReason": "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"}
        return [{"status": "Cancelled", "statusQuantity": _quantity(version.ordered[line]), **reason}]
    gone = "Delivered" if version.delivered else "Shipped"
    reported = [part for part in told if part.line_id == order.lines[line].item_id]
    statuses = [
        {"status": gone, "statusQuantity": _quantity(part.units), "trackingInfo": part.tracking} for part in reported
    ]
    covered = sum(part.units for part in reported)
    for shipment in order.shipments:
        units = shipment.quantities[line] if shipment.at <= version.at else 0
        covered, units = max(covered - units, 0), max(units - covered, 0)
        if units:
            tracking = _tracking(shipment.id, shipment.at)
            statuses.append({"status": gone, "statusQuantity": _quantity(units), "trackingInfo": tracking})
    if left := left_to_ship(order, version, line, told):
        state = "Acknowledged" if acknowledged else "Created"
        statuses.append({"status": state, "statusQuantity": _quantity(left)})
    return statuses


def _tracking(shipment_id: str, at: int) -> Json:
    tracking_number = f"SBX{shipment_id[1:]}"
    return {
        "shipDateTime": milliseconds(at),
        "carrierName": {"carrier": CARRIER},
        "methodCode": "Standard",
        "trackingNumber": tracking_number,
        "trackingURL": f"https://tracking.example.com/{tracking_number}",
    }


def _quantity(units: int) -> Json:
    return {"unitOfMeasurement": "EACH", "amount": str(units)}
