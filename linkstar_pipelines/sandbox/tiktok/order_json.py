"""Orders in TikTok Shop's wire form.

Here: one order version as JSON. `line_items` has one entry per unit: the first unit of a line has the line's id of the
world, the others that id with the unit's number from 2 on as four more digits. Cancelled units stay listed.
Not here: which orders are found (see `orders`), what a client marked as shipped (see `shipping`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from linkstar_pipelines.sandbox.tiktok.catalog import Catalog
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.instants import DAY
from linkstar_pipelines.sandbox.world.order import Order, Status, Version
from linkstar_pipelines.sandbox.world.people import buyer_of

CARRIER_ID: Final = "7117858858072016686"
_STATES: Final = {
    Status.PENDING: "UNPAID",
    Status.UNSHIPPED: "AWAITING_SHIPMENT",
    Status.PARTIALLY_SHIPPED: "PARTIALLY_SHIPPING",
    Status.SHIPPED: "IN_TRANSIT",
    Status.CANCELLED: "CANCELLED",
}
_PACKAGE_STATES: Final = {
    "AWAITING_SHIPMENT": "TO_FULFILL",
    "AWAITING_COLLECTION": "PROCESSING",
    "IN_TRANSIT": "FULFILLING",
    "DELIVERED": "COMPLETED",
    "COMPLETED": "COMPLETED",
    "CANCELLED": "CANCELLED",
}


@dataclass(frozen=True, slots=True)
class Marked:
    """A package that a client marked as shipped."""

    package_id: str
    tracking_number: str
    provider_id: str
    at: int


def unit_id(item_id: str, unit: int) -> str:
    """Return the id of a unit of a line, counted from 0."""
    return item_id if unit == 0 else f"{item_id}{unit + 1:04d}"


def order_status(order: Order, version: Version) -> str:
    """Return the status of a version; half of what was delivered is completed at once."""
    if version.delivered:
        return "COMPLETED" if chance.unit("tiktok completed", order.id) < 0.5 else "DELIVERED"
    return _STATES[version.status]


def unit_statuses(order: Order, version: Version, place: int, marked: Mapping[str, Marked]) -> list[str]:
    """Return the status of each unit of a line: the first ones were shipped, the last ones cancelled."""
    line, status = order.lines[place], order_status(order, version)
    kept = 0 if version.status is Status.CANCELLED else version.ordered[place]
    gone = status if version.delivered else "IN_TRANSIT"
    waiting = "UNPAID" if version.status is Status.PENDING else "AWAITING_SHIPMENT"
    statuses = []
    for unit in range(line.quantity):
        if unit >= kept:
            statuses.append("CANCELLED")
        elif unit < version.shipped[place]:
            statuses.append(gone)
        else:
            statuses.append("AWAITING_COLLECTION" if unit_id(line.item_id, unit) in marked else waiting)
    return statuses


def render(order: Order, version: Version, catalog: Catalog, marked: Mapping[str, Marked]) -> Json:
    """Write one order.

    Args:
        order: The order.
        version: The state it is shown in.
        catalog: Products of its shop.
        marked: Units of the order that a client marked as shipped.
    """
    units = [unit for place in range(len(order.lines)) for unit in _units(order, version, place, catalog, marked)]
    paid = len(order.versions) > 1 and order.versions[1].status is not Status.CANCELLED
    body: Json = {
        "id": order.id,
        "status": _status(order, version, [unit["display_status"] for unit in units]),
        "create_time": order.created,
        "update_time": max([version.at, *(package.at for package in marked.values())]),
        "user_id": str(chance.number("tiktok user", order.id) % 10**18),
        "buyer_email": buyer_of(order.id, order.country, version.moved).email,
        "buyer_message": "",
        "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "shipping_type": "SELLER",
        "delivery_type": "HOME_DELIVERY",
        "delivery_option_name": "Standard Shipping",
        "payment_method_name": "Credit card",
        "is_cod": False,
        "is_sample_order": False,
        "is_on_hold_order": False,
        "is_buyer_request_cancel": False,
        "has_updated_recipient_address": version.moved,
        "packages": [
            {"id": package} for package in sorted({unit["package_id"] for unit in units if unit["package_id"]})
        ],
        "payment": _payment(order, version),
        "recipient_address": _address(order, version),
        "line_items": units,
    }
    if paid and version.status is not Status.PENDING:
        body |= {"paid_time": order.versions[1].at, "rts_sla_time": order.versions[1].at + 3 * DAY}
    if version.cancelled_by:
        initiator = {"BUYER": "BUYER", "MERCHANT": "SELLER"}[version.cancelled_by]
        body |= {"cancellation_initiator": initiator, "cancel_reason": "No longer needed", "cancel_time": version.at}
    return body


def _status(order: Order, version: Version, units: list[str]) -> str:
    status = order_status(order, version)
    if version.status in {Status.UNSHIPPED, Status.PARTIALLY_SHIPPED} and "AWAITING_COLLECTION" in units:
        return "PARTIALLY_SHIPPING" if "AWAITING_SHIPMENT" in units else "AWAITING_COLLECTION"
    return status


def _units(
    order: Order, version: Version, place: int, catalog: Catalog, marked: Mapping[str, Marked]
) -> Iterator[Json]:
    line, market = order.lines[place], order.market
    found, price = catalog.place(line.listing), line.price
    original = price.principal + (price.tax if market.vat is not None else 0)
    taxes = [{"tax_type": "SALES_TAX", "tax_amount": market.text(price.tax)}] if market.vat is None else []
    for unit, status in enumerate(unit_statuses(order, version, place, marked)):
        name = unit_id(line.item_id, unit)
        package = _package(order, place, unit, marked.get(name), status)
        yield {
            "id": name,
            "sku_id": found.sku_id,
            "product_id": found.product_id,
            "product_name": line.listing.product.title,
            "sku_name": "Default",
            "seller_sku": line.listing.seller_sku,
            "sku_type": "NORMAL",
            "display_status": status,
            "package_status": _PACKAGE_STATES.get(status, ""),
            "package_id": package.package_id,
            "tracking_number": package.tracking_number,
            "shipping_provider_id": package.provider_id,
            "currency": market.currency,
            "original_price": market.text(original),
            "sale_price": market.text(original - price.discount),
            "seller_discount": market.text(price.discount),
            "platform_discount": market.text(0),
            "item_tax": taxes,
            "is_gift": False,
        }


def _package(order: Order, place: int, unit: int, own: Marked | None, status: str) -> Marked:
    """Return the package of a unit: the client's own, or one of the world's shipments once it left."""
    if own is not None:
        return own
    before = 0
    for number, shipment in enumerate(order.shipments):
        before += shipment.quantities[place]
        if unit < before and status in {"IN_TRANSIT", "DELIVERED", "COMPLETED"}:
            return Marked(package_id(order, number), f"SBX{shipment.id}", CARRIER_ID, shipment.at)
    return Marked("", "", "", 0)


def package_id(order: Order, number: int) -> str:
    """Return the id of a package of an order, counted from 0."""
    return f"1152{chance.number('tiktok package', order.id, number) % 10**15:015d}"


def _payment(order: Order, version: Version) -> Json:
    market, taxed_apart = order.market, order.market.vat is None
    counts = [line.quantity for line in order.lines] if version.status is Status.CANCELLED else version.ordered
    parts = dict.fromkeys(("original", "discount", "shipping", "product_tax", "shipping_tax"), 0)
    for line, count in zip(order.lines, counts, strict=True):
        price = line.price
        parts["original"] += count * (price.principal + (0 if taxed_apart else price.tax))
        parts["discount"] += count * price.discount
        parts["shipping"] += count * (price.shipping + (0 if taxed_apart else price.shipping_tax))
        parts["product_tax"] += count * (price.tax if taxed_apart else 0)
        parts["shipping_tax"] += count * (price.shipping_tax if taxed_apart else 0)
    tax, sub_total = parts["product_tax"] + parts["shipping_tax"], parts["original"] - parts["discount"]
    amounts = {
        "sub_total": sub_total,
        "shipping_fee": parts["shipping"],
        "original_total_product_price": parts["original"],
        "original_shipping_fee": parts["shipping"],
        "seller_discount": parts["discount"],
        "platform_discount": 0,
        "product_tax": parts["product_tax"],
        "shipping_fee_tax": parts["shipping_tax"],
        "tax": tax,
        "total_amount": sub_total + parts["shipping"] + tax,
    }
    return {"currency": market.currency, **{name: market.text(minor) for name, minor in amounts.items()}}


def _address(order: Order, version: Version) -> Json:
    buyer = buyer_of(order.id, order.country, version.moved)
    address: Json = {
        "name": buyer.name,
        "phone_number": buyer.phone,
        "address_line1": buyer.street,
        "address_detail": buyer.street,
        "full_address": f"{buyer.street}, {buyer.city}, {buyer.postal_code}",
        "postal_code": buyer.postal_code,
        "region_code": buyer.country,
    }
    if version.status is not Status.PENDING:
        levels = (("Country", order.country), ("State", buyer.state), ("City", buyer.city))
        address["district_info"] = [
            {"address_level": f"L{level}", "address_level_name": name, "address_name": value}
            for level, (name, value) in enumerate(levels)
        ]
    return address
