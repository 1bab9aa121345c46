"""Orders in the wire form of the model `orders_2026-01-01`.

Here: one order version as JSON, with the parts that `includedData` asks for. Without it an order carries its head,
its lines and their products. `ITEM` amounts are before tax and equal unit price x quantity, `DISCOUNT` is negative,
and the breakdowns of a line add up to its `proceedsTotal`. A pending order has no prices, buyer or address.
Not here: which orders are found (see `orders`).
"""

from linkstar_pipelines.sandbox.amazon.wire import money
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.instants import DAY, HOUR, iso
from linkstar_pipelines.sandbox.world.order import Line, Order, Status, Version
from linkstar_pipelines.sandbox.world.people import Buyer, buyer_of

DATASETS = (
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
)
IOSS_NUMBER = "IM0000000007"
CARRIERS = {"US": "USPS", "UK": "Royal Mail", "DE": "DHL", "JP": "Yamato Transport"}
WAREHOUSE = {
    "name": "LinkStar Sandbox Warehouse",
    "addressLine1": "1 Invented Industrial Park",
    "city": "Shenzhen",
    "stateOrRegion": "Guangdong",
    "postalCode": "518000",
    "countryCode": "CN",
}


def render(order: Order, version: Version, parts: frozenset[str]) -> Json:
    """Write one order as it stands in `version`."""
    pending = version.status is Status.PENDING
    buyer = None if pending else buyer_of(order.id, order.country, version.moved)
    body: Json = {
        "orderId": order.id,
        "createdTime": iso(order.created),
        "lastUpdatedTime": iso(version.at),
        "salesChannel": {
            "channelName": "AMAZON",
            "marketplaceId": order.market.id,
            "marketplaceName": order.market.name,
        },
        "programs": _programs(order, buyer),
        "orderItems": [_line(order, version, index, parts) for index in range(len(order.lines))],
    }
    if buyer and "BUYER" in parts:
        body["buyer"] = {"buyerName": buyer.name, "buyerEmail": buyer.email}
        if buyer.company:
            body["buyer"]["buyerCompanyName"] = buyer.company
    if buyer and "RECIPIENT" in parts:
        body["recipient"] = {"deliveryAddress": _address(buyer)}
    if not pending and "PROCEEDS" in parts:
        total = sum(line.price.paid * units for line, units in zip(order.lines, _charged(version), strict=True))
        body["proceeds"] = {"grandTotal": money(order.market, total)}
    if "FULFILLMENT" in parts:
        body["fulfillment"] = _fulfillment(order, version)
    if "PACKAGES" in parts and not order.fba and version.status in {Status.PARTIALLY_SHIPPED, Status.SHIPPED}:
        body["packages"] = _packages(order, version)
    return body


def _programs(order: Order, buyer: Buyer | None) -> list[str]:
    programs = ["PRIME"] if order.fba and chance.unit("prime", order.id) < 0.6 else []
    return [*programs, "AMAZON_BUSINESS"] if buyer and buyer.company else programs


def _charged(version: Version) -> tuple[int, ...]:
    """Units that the buyer is charged for: none of a cancelled order."""
    return (0,) * len(version.ordered) if version.status is Status.CANCELLED else version.ordered


def _line(order: Order, version: Version, index: int, parts: frozenset[str]) -> Json:
    line, market = order.lines[index], order.market
    ordered, shipped, units = version.ordered[index], version.shipped[index], _charged(version)[index]
    product = line.listing.product
    body: Json = {
        "orderItemId": line.item_id,
        "quantityOrdered": ordered,
        "product": {
            "asin": product.asin,
            "title": product.title,
            "sellerSku": line.listing.seller_sku,
            "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
        },
    }
    priced = version.status is not Status.PENDING
    if priced:
        body["product"]["price"] = {"unitPrice": money(market, line.price.principal)}
    if priced and "PROCEEDS" in parts:
        body["proceeds"] = _line_proceeds(order, line, units)
    if priced and "PROMOTION" in parts and line.price.promotion:
        body["promotion"] = {"breakdowns": [{"promotionId": line.price.promotion}]}
    if "CANCELLATION" in parts and order.cancelled_units(version)[index]:
        by = version.cancelled_by or "BUYER"
        body["cancellation"] = {
            "cancellationExecution": {"cancelledBy": by, "cancelReason": "Order cancelled in the sandbox"}
        }
        if by == "BUYER":
            body["cancellation"]["cancellationRequest"] = {"requester": "BUYER", "cancelReason": "Changed mind"}
    if "FULFILLMENT" in parts:
        body["fulfillment"] = {"quantityFulfilled": shipped, "quantityUnfulfilled": units - shipped}
        if line.ioss:
            body["fulfillment"]["shipping"] = {"internationalShipping": {"iossNumber": IOSS_NUMBER}}
    if priced and "TAX" in parts:
        body["tax"] = _line_tax(order, line)
    return body


def _line_proceeds(order: Order, line: Line, units: int) -> Json:
    market, price = order.market, line.price
    breakdowns: list[Json] = []

    def add(kind: str, amount: int) -> None:
        if amount:
            breakdowns.append({"type": kind, "subtotal": money(market, amount * units)})

    add("ITEM", price.principal)
    add("SHIPPING", price.shipping)
    add("DISCOUNT", -price.discount)
    if price.tax or price.shipping_tax:
        detailed = [{"subtype": "ITEM", "value": money(market, price.tax * units)}]
        if price.shipping_tax:
            detailed.append({"subtype": "SHIPPING", "value": money(market, price.shipping_tax * units)})
        add("TAX", price.tax + price.shipping_tax)
        breakdowns[-1]["detailedBreakdowns"] = detailed
    return {"proceedsTotal": money(market, price.paid * units), "breakdowns": breakdowns}


def _line_tax(order: Order, line: Line) -> Json:
    body: Json = {}
    if order.market.tax_withheld_as:
        body["taxCollections"] = [{"model": "MARKETPLACE_FACILITATOR", "responsibleParty": "Amazon Services, Inc."}]
    if line.ioss:
        body["taxCalculationBreakdowns"] = [{"reportingScheme": "IOSS"}]
    elif order.market.code == "DE" and order.country != "DE":
        body["taxCalculationBreakdowns"] = [{"reportingScheme": "UOSS"}]
    return body


def _address(buyer: Buyer) -> Json:
    address: Json = {
        "name": buyer.name,
        "addressLine1": buyer.street,
        "city": buyer.city,
        "postalCode": buyer.postal_code,
        "countryCode": buyer.country,
        "phone": buyer.phone,
        "addressType": "COMMERCIAL" if buyer.company else "RESIDENTIAL",
    }
    if buyer.company:
        address["companyName"] = buyer.company
    if buyer.state:
        address["stateOrRegion"] = buyer.state
    return address


def _fulfillment(order: Order, version: Version) -> Json:
    body: Json = {
        "fulfillmentStatus": version.status.value,
        "fulfilledBy": "AMAZON" if order.fba else "MERCHANT",
        "fulfillmentServiceLevel": "STANDARD",
    }
    if version.status is not Status.PENDING:
        paid = order.versions[1].at
        body["shipByWindow"] = {"earliestDateTime": iso(paid), "latestDateTime": iso(paid + 3 * DAY)}
        body["deliverByWindow"] = {
            "earliestDateTime": iso(paid + 3 * DAY),
            "latestDateTime": iso(paid + (5 if order.fba else 10) * DAY),
        }
    return body


def _packages(order: Order, version: Version) -> list[Json]:
    packages = []
    for position, shipment in enumerate(order.shipments, start=1):
        if shipment.at > version.at:
            break
        packages.append(
            {
                "packageReferenceId": str(position),
                "createdTime": iso(shipment.at - HOUR),
                "packageStatus": {"status": "DELIVERED", "detailedStatus": "DELIVERED"}
                if version.delivered
                else {"status": "IN_TRANSIT", "detailedStatus": "DROPPED_OFF"},
                "carrier": CARRIERS[order.market.code],
                "shipTime": iso(shipment.at),
                "shippingService": "Standard",
                "trackingNumber": f"SBX{shipment.id[1:]}{order.market.code}",
                "shipFromAddress": WAREHOUSE,
                "packageItems": [
                    {"orderItemId": line.item_id, "quantity": units}
                    for line, units in zip(order.lines, shipment.quantities, strict=True)
                    if units
                ],
            }
        )
    return packages
