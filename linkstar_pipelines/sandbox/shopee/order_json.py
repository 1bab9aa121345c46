"""Orders in the wire form of `get_order_detail`.

Here: one order version as JSON: the bare minimum, and the optional fields a caller names. What the buyer cancelled of
an order stays in `model_quantity_purchased` and is told by `cancelled_qty`; packages hold what is left. Recipients are
masked unless the order is to be shipped.
Not here: which orders are found (see `orders`), what a client arranged (see `logistics`).
"""

from collections.abc import Iterator
from typing import Final

from linkstar_pipelines.sandbox.shopee.catalog import Catalog
from linkstar_pipelines.sandbox.shopee.people import recipient, username
from linkstar_pipelines.sandbox.shopee.wire import amount
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.instants import DAY
from linkstar_pipelines.sandbox.world.order import Order, Status, Version

ALWAYS: Final = frozenset({
    "order_sn", "region", "currency", "cod", "order_status", "message_to_seller", "create_time", "update_time",
    "days_to_ship", "ship_by_date",
})  # fmt: skip
CARRIER: Final = "Seller Own Fleet"
_STATES: Final = {
    Status.PENDING: "UNPAID",
    Status.UNSHIPPED: "READY_TO_SHIP",
    Status.PARTIALLY_SHIPPED: "READY_TO_SHIP",
    Status.SHIPPED: "SHIPPED",
    Status.CANCELLED: "CANCELLED",
}


def order_status(order: Order, version: Version) -> str:
    """Return the status of a version; half of the buyers confirm at once what was delivered."""
    if version.delivered:
        return "COMPLETED" if chance.unit("confirmed", order.id) < 0.5 else "TO_CONFIRM_RECEIVE"
    return _STATES[version.status]


def render(order: Order, version: Version, catalog: Catalog, arranged: dict[str, int], fields: frozenset[str]) -> Json:
    """Write one order.

    Args:
        order: The order.
        version: The state it is shown in.
        catalog: Items of its shop.
        arranged: Packages that a client arranged, with the instant.
        fields: Optional fields that were asked for.
    """
    packages = list(_packages(order, version, catalog, arranged))
    status = order_status(order, version)
    pending = [p for p in packages if p["logistics_status"] == "LOGISTICS_READY"]
    if status == "READY_TO_SHIP" and not pending:
        status = "PROCESSED"
    masked = status not in {"READY_TO_SHIP", "PROCESSED"}
    paid = len(order.versions) > 1 and order.versions[1].status is not Status.CANCELLED
    pay_time = order.versions[1].at if paid and version.status is not Status.PENDING else None
    body: Json = {
        "order_sn": order.id,
        "region": order.market.id,
        "currency": order.market.currency,
        "cod": False,
        "order_status": status,
        "message_to_seller": "",
        "create_time": order.created,
        "update_time": max([version.at, *(at for at in arranged.values())]),
        "days_to_ship": 3,
        "ship_by_date": (pay_time or order.created) + 3 * DAY,
        "buyer_user_id": chance.number("shopee user", order.id) % 10**9,
        "buyer_username": username(order),
        "recipient_address": recipient(order, moved=version.moved, masked=masked),
        "item_list": [_line(order, version, place, catalog) for place in range(len(order.lines))],
        "pay_time": pay_time,
        "payment_method": "ShopeePay",
        "shipping_carrier": CARRIER,
        "checkout_shipping_carrier": CARRIER,
        "package_list": packages,
        "fulfillment_flag": "fulfilled_by_shopee" if order.fba else "fulfilled_by_local_seller",
        "actual_shipping_fee": 0.0,
        "estimated_shipping_fee": 0.0,
        "goods_to_declare": False,
        "note": "",
        "split_up": len(packages) > 1,
        "buyer_cancel_reason": "",
        "cancel_by": {"BUYER": "buyer", "MERCHANT": "seller"}.get(version.cancelled_by or "", ""),
        "cancel_reason": "CUSTOMER_REQUEST" if version.cancelled_by else "",
        "pickup_done_time": order.shipments[0].at if any(version.shipped) else 0,
        "invoice_data": None,
    }
    if pay_time:
        units = [line.quantity for line in order.lines] if version.status is Status.CANCELLED else version.ordered
        total = sum(line.price.paid * count for line, count in zip(order.lines, units, strict=True))
        body["total_amount"] = amount(order.market, total)
    return {name: value for name, value in body.items() if name in ALWAYS or name in fields}


def _line(order: Order, version: Version, place: int, catalog: Catalog) -> Json:
    line, market = order.lines[place], order.market
    found, listing = catalog.place(line.listing), line.listing
    cancelled = order.cancelled_units(version)[place]
    original = line.price.principal + line.price.tax
    return {
        "item_id": found.item.id,
        "item_name": found.item.title,
        "item_sku": "" if found.item.has_model else listing.seller_sku,
        "model_id": found.model_id,
        "model_name": listing.product.title if found.item.has_model else "",
        "model_sku": listing.seller_sku if found.item.has_model else "",
        "model_quantity_purchased": line.quantity,
        "model_original_price": amount(market, original),
        "model_discounted_price": amount(market, original - line.price.discount),
        "wholesale": False,
        "weight": listing.product.weight / 1000,
        "add_on_deal": False,
        "main_item": False,
        "add_on_deal_id": 0,
        "promotion_type": "product_promotion" if line.price.discount else "",
        "promotion_id": 0,
        "order_item_id": int(line.item_id),
        "line_item_id": int(line.item_id),
        "promotion_group_id": 0,
        "image_info": {"image_url": ""},
        "product_location_id": [],
        "active_qty": line.quantity - cancelled,
        "cancel_requested_qty": 0,
        "cancelled_qty": cancelled,
        "return_requested_qty": 0,
        "returned_qty": 0,
    }


def _packages(order: Order, version: Version, catalog: Catalog, arranged: dict[str, int]) -> Iterator[Json]:
    """Write a package for every shipment that has left, and one for what is still to be shipped."""
    if version.status in {Status.PENDING, Status.CANCELLED}:
        return
    shipments = [shipment for shipment in order.shipments if shipment.at <= version.at]
    state = "LOGISTICS_DELIVERY_DONE" if version.delivered else "LOGISTICS_PICKUP_DONE"
    for position, shipment in enumerate(shipments):
        yield _package(order, position, state, shipment.quantities, catalog)
    left = tuple(ordered - shipped for ordered, shipped in zip(version.ordered, version.shipped, strict=True))
    if any(left):
        number = package_number(order, len(shipments))
        state = "LOGISTICS_REQUEST_CREATED" if number in arranged else "LOGISTICS_READY"
        yield _package(order, len(shipments), state, left, catalog)


def package_number(order: Order, position: int) -> str:
    """Return the number of an order's package, counted from 0."""
    return f"OFG{chance.number('shopee package', order.id, position) % 10**15:015d}"


def _package(order: Order, position: int, state: str, quantities: tuple[int, ...], catalog: Catalog) -> Json:
    return {
        "package_number": package_number(order, position),
        "logistics_status": state,
        "logistics_channel_id": 29999,
        "shipping_carrier": CARRIER,
        "allow_self_design_awb": False,
        "item_list": [
            {
                "item_id": catalog.place(line.listing).item.id,
                "model_id": catalog.place(line.listing).model_id,
                "model_quantity": units,
                "order_item_id": int(line.item_id),
                "promotion_group_id": 0,
                "product_location_id": "",
            }
            for line, units in zip(order.lines, quantities, strict=True)
            if units
        ],
    }
