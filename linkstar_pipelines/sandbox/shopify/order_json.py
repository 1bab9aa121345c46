"""Orders, fulfilments and fulfilment orders as objects of the schema.

Here: one order version. Prices are as the shop shows them: with VAT in Europe, without sales tax in the US. An order
has one fulfilment order. Fulfilments that a seller made are shown beside those of the world. Refunds of returned goods
are not shown. Not here: which orders are found (see `orders`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from linkstar_pipelines.sandbox.shopify.inventory import variant_id
from linkstar_pipelines.sandbox.shopify.wire import Resolved, first_of, gid, money, nested
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.instants import iso
from linkstar_pipelines.sandbox.world.order import Line, Order, Status, Version
from linkstar_pipelines.sandbox.world.people import buyer_of

CARRIERS = {"US": "USPS", "DE": "DHL"}


@dataclass(frozen=True, slots=True)
class Told:
    """A fulfilment that a seller made: units by place of the order line."""

    id: str
    at: int
    number: str
    company: str
    units: tuple[int, ...]


def render(order: Order, version: Version, told: Sequence[Told]) -> Resolved:
    """Write one order as it stands in `version`, with the fulfilments a seller made."""
    market, cancelled = order.market, version.status is Status.CANCELLED
    lines = [_line(order, version, place, told) for place in range(len(order.lines))]
    fulfillments = _fulfillments(order, version, told, lines)
    units = list(zip(order.lines, version.ordered, strict=True))
    return {
        "__typename": "Order",
        "id": gid("Order", order.id),
        "legacyResourceId": order.id,
        "name": f"#{1001 + order.rank}",
        "createdAt": iso(order.created),
        "processedAt": iso(order.created),
        "updatedAt": iso(version.at),
        "cancelledAt": iso(version.at) if cancelled else None,
        "cancelReason": ("CUSTOMER" if version.cancelled_by == "BUYER" else "INVENTORY") if cancelled else None,
        "test": False,
        "taxesIncluded": market.vat is not None,
        "currencyCode": market.currency,
        "presentmentCurrencyCode": market.currency,
        "email": buyer_of(order.id, order.country, version.moved).email,
        "displayFinancialStatus": _payment(order, version),
        "displayFulfillmentStatus": _fulfillment_status(lines, fulfillments),
        "totalPriceSet": money(market, sum(line.price.paid * count for line, count in units)),
        "totalShippingPriceSet": money(market, sum(_shipping(order, line) * count for line, count in units)),
        "totalTaxSet": money(market, sum((line.price.tax + line.price.shipping_tax) * count for line, count in units)),
        "totalDiscountsSet": money(market, sum(_discount(order, line) * count for line, count in units)),
        "shippingAddress": _address(order, version),
        "billingAddress": _address(order, version),
        "fulfillments": first_of(fulfillments),
        "fulfillmentOrders": nested([_fulfillment_order(order, version, lines)]),
        "lineItems": nested(lines),
    }


def fulfillment_order_id(order: Order) -> str:
    """Return the number of an order's one fulfilment order."""
    return f"{chance.number('shopify fulfillment order', order.id) % 10**13:013d}"


def render_told(order: Order, told: Told, lines: Sequence[Resolved]) -> Resolved:
    """Write a fulfilment that a seller made."""
    return _fulfillment(order, told, lines, "CONFIRMED")


def _line(order: Order, version: Version, place: int, told: Sequence[Told]) -> Resolved:
    line, market = order.lines[place], order.market
    product = line.listing.product
    current = 0 if version.status is Status.CANCELLED else version.ordered[place]
    shipped = min(current, max(version.shipped[place], sum(entry.units[place] for entry in told)))
    rate = line.price.tax / max(line.price.principal - line.price.discount, 1)
    tax = {
        "title": "VAT" if market.vat is not None else "Sales tax", "rate": round(rate, 4),
        "ratePercentage": round(rate * 100, 2), "priceSet": money(market, line.price.tax * line.quantity),
    }  # fmt: skip
    return {
        "__typename": "LineItem",
        "id": gid("LineItem", line.item_id),
        "sku": line.listing.seller_sku,
        "title": product.title,
        "name": product.title,
        "vendor": "LinkStar",
        "quantity": line.quantity,
        "currentQuantity": current,
        "unfulfilledQuantity": current - shipped,
        "requiresShipping": True,
        "taxable": True,
        "variant": {"id": gid("ProductVariant", variant_id(line.listing)), "sku": line.listing.seller_sku},
        "originalUnitPriceSet": money(market, product.gross_price(market)),
        "totalDiscountSet": money(market, _discount(order, line) * line.quantity),
        "taxLines": first_of([tax] if line.price.tax else []),
    }


def _discount(order: Order, line: Line) -> int:
    """Return the discount of one unit in the terms of the shown price."""
    price, included = line.price, order.market.vat is not None
    paid = price.principal - price.discount + (price.tax if included else 0)
    return line.listing.product.gross_price(order.market) - paid


def _shipping(order: Order, line: Line) -> int:
    return line.price.shipping + (line.price.shipping_tax if order.market.vat is not None else 0)


def _payment(order: Order, version: Version) -> str:
    if version.status is Status.PENDING:
        return "PENDING"
    if version.status is Status.CANCELLED:
        paid = any(known.status is Status.UNSHIPPED for known in order.versions)
        return "REFUNDED" if paid else "VOIDED"
    return "PAID"


def _fulfillment_status(lines: Sequence[Resolved], fulfillments: Sequence[Resolved]) -> str:
    if not fulfillments:
        return "UNFULFILLED"
    return "PARTIALLY_FULFILLED" if any(line["unfulfilledQuantity"] for line in lines) else "FULFILLED"


def _fulfillments(order: Order, version: Version, told: Sequence[Told], lines: Sequence[Resolved]) -> list[Resolved]:
    shown = []
    for shipment in order.shipments:
        if shipment.at <= version.at:
            number = f"SFX{shipment.id[1:]}{order.market.country}"
            identity = f"{chance.number('shopify fulfillment', order.id, shipment.id) % 10**13:013d}"
            left = Told(identity, shipment.at, number, CARRIERS[order.market.country], shipment.quantities)
            shown.append(_fulfillment(order, left, lines, "DELIVERED" if version.delivered else "IN_TRANSIT"))
    return shown + [render_told(order, entry, lines) for entry in told]


def _fulfillment(order: Order, told: Told, lines: Sequence[Resolved], status: str) -> Resolved:
    entries = [
        {"id": gid("FulfillmentLineItem", f"{told.id}{place}"), "quantity": units, "lineItem": lines[place]}
        for place, units in enumerate(told.units)
        if units
    ]
    return {
        "__typename": "Fulfillment",
        "id": gid("Fulfillment", told.id),
        "name": f"#{1001 + order.rank}-F1",
        "status": "SUCCESS",
        "displayStatus": status,
        "createdAt": iso(told.at),
        "totalQuantity": sum(told.units),
        "trackingInfo": first_of([{"company": told.company, "number": told.number, "url": None}]),
        "fulfillmentLineItems": nested(entries),
    }


def _fulfillment_order(order: Order, version: Version, lines: Sequence[Resolved]) -> Resolved:
    key = fulfillment_order_id(order)
    entries = [
        {
            "id": gid("FulfillmentOrderLineItem", f"{key}{place}"),
            "totalQuantity": line["currentQuantity"],
            "remainingQuantity": line["unfulfilledQuantity"],
            "lineItem": line,
        }
        for place, line in enumerate(lines)
    ]
    left = any(line["unfulfilledQuantity"] for line in lines)
    status = "CANCELLED" if version.status is Status.CANCELLED else "OPEN" if left else "CLOSED"
    return {
        "id": gid("FulfillmentOrder", key),
        "status": status,
        "requestStatus": "UNSUBMITTED",
        "lineItems": nested(entries),
    }


def _address(order: Order, version: Version) -> Resolved:
    buyer = buyer_of(order.id, order.country, version.moved)
    first, _, last = buyer.name.partition(" ")
    return {
        "id": gid("MailingAddress", f"{order.id}?model_name=Address"),
        "firstName": first,
        "lastName": last,
        "name": buyer.name,
        "company": buyer.company or None,
        "address1": buyer.street,
        "address2": None,
        "city": buyer.city,
        "province": buyer.state or None,
        "provinceCode": buyer.state or None,
        "zip": buyer.postal_code,
        "countryCodeV2": buyer.country,
        "phone": buyer.phone,
    }
