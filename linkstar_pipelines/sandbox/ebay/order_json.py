"""Orders and shipments in the wire form of Fulfillment v1.

Here: one order version as JSON. Prices are as listed: with VAT on European sites, without the tax that eBay collects
and remits itself (US sales tax; VAT of parcels under the import one stop shop), which stands beside. An unpaid order
has no address. Not here: which orders are found (see `orders`).
"""

from linkstar_pipelines.sandbox.ebay.inventory import item_id
from linkstar_pipelines.sandbox.ebay.wire import amount, stamp
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Marketplace
from linkstar_pipelines.sandbox.world.instants import DAY
from linkstar_pipelines.sandbox.world.order import Line, Order, Shipment, Status, Version
from linkstar_pipelines.sandbox.world.people import Buyer, buyer_of

IOSS_NUMBER = "IM2760000742"
CARRIERS = {"EBAY_US": "USPS", "EBAY_GB": "RoyalMail", "EBAY_DE": "DHL"}
FULFILLMENT = {Status.PARTIALLY_SHIPPED: "IN_PROGRESS", Status.SHIPPED: "FULFILLED"}


def collected_by_ebay(market: Marketplace, line: Line) -> bool:
    """Tell whether eBay collects and remits the tax of a line, so that the seller never gets it."""
    return market.vat is None or line.ioss


def tracking_number(order: Order, shipment: Shipment) -> str:
    """Return the tracking number of a shipment of the world."""
    return f"SBX{shipment.id[1:]}{order.market.country}"


def render(order: Order, version: Version, *, cancel_requests: bool = False) -> Json:
    """Write one order as it stands in `version`; only getOrder fills `cancelRequests`."""
    market, pending = order.market, version.status is Status.PENDING
    body: Json = {
        "orderId": order.id,
        "creationDate": stamp(order.created),
        "lastModifiedDate": stamp(version.at),
        "orderFulfillmentStatus": FULFILLMENT.get(version.status, "NOT_STARTED"),
        "orderPaymentStatus": _payment_status(order, version),
        "sellerId": order.account.seller_id,
        "buyer": {"username": f"buyer-{chance.number('buyer', order.id) % 10**8:08d}"},
        "pricingSummary": _pricing(order, version),
        "cancelStatus": _cancel_status(order, version, filled=cancel_requests),
        "paymentSummary": _payments(order, version),
        "fulfillmentStartInstructions": [] if pending else [_instruction(order, version)],
        "fulfillmentHrefs": [],
        "lineItems": [_line(order, version, index) for index in range(len(order.lines))],
        "salesRecordReference": "0",
        "totalFeeBasisAmount": amount(market, _total(order, version)),
        "totalMarketplaceFee": amount(
            market, sum(line.price.commission * units for line, units in _charged(order, version))
        ),
    }
    if any(collected_by_ebay(market, line) for line in order.lines):
        body["ebayCollectAndRemitTax"] = True
    return body


def render_shipment(order: Order, shipment: Shipment) -> Json:
    """Write one shipment of the world as a shipping fulfilment."""
    number = tracking_number(order, shipment)
    return {
        "fulfillmentId": number,
        "shipmentTrackingNumber": number,
        "shippingCarrierCode": CARRIERS[order.market.id],
        "shippedDate": stamp(shipment.at),
        "lineItems": [
            {"lineItemId": line.item_id, "quantity": units}
            for line, units in zip(order.lines, shipment.quantities, strict=True)
            if units
        ],
    }


def _charged(order: Order, version: Version) -> list[tuple[Line, int]]:
    return list(zip(order.lines, version.ordered, strict=True))


def _paid(order: Order) -> bool:
    return any(version.status is Status.UNSHIPPED for version in order.versions)


def _payment_status(order: Order, version: Version) -> str:
    if version.status is Status.PENDING:
        return "PENDING"
    if version.status is Status.CANCELLED:
        return "FULLY_REFUNDED" if _paid(order) else "FAILED"
    return "PAID"


def _cost(market: Marketplace, line: Line) -> tuple[int, int, int, int]:
    """Return price, discount, postage and collected tax of one unit, as the order shows them."""
    price = line.price
    if collected_by_ebay(market, line):
        return price.principal, price.discount, price.shipping, price.tax + price.shipping_tax
    return price.principal + price.tax, price.discount, price.shipping + price.shipping_tax, 0


def _total(order: Order, version: Version) -> int:
    return sum(line.price.paid * units for line, units in _charged(order, version))


def _pricing(order: Order, version: Version) -> Json:
    sums = [0, 0, 0, 0]
    for line, units in _charged(order, version):
        sums = [total + part * units for total, part in zip(sums, _cost(order.market, line), strict=True)]
    cost, discount, postage, tax = sums
    body = {
        "priceSubtotal": amount(order.market, cost),
        "deliveryCost": amount(order.market, postage),
        "total": amount(order.market, cost - discount + postage + tax),
    }
    if discount:
        body["priceDiscount"] = amount(order.market, -discount)
    if tax:
        body["tax"] = amount(order.market, tax)
    return body


def _cancel_status(order: Order, version: Version, *, filled: bool) -> Json:
    if version.status is not Status.CANCELLED:
        return {"cancelState": "NONE_REQUESTED", "cancelRequests": []}
    by_buyer = version.cancelled_by == "BUYER"
    request = {
        "cancelRequestId": str(chance.number("cancel", order.id) % 10**10),
        "cancelInitiator": "BUYER" if by_buyer else "SELLER",
        "cancelReason": "ORDER_MISTAKE" if by_buyer else "OUT_OF_STOCK",
        "cancelRequestState": "COMPLETED",
        "cancelRequestedDate": stamp(version.at),
        "cancelCompletedDate": stamp(version.at),
    }
    return {
        "cancelState": "CANCELED",
        "cancelledDate": stamp(version.at),
        "cancelRequests": [request] if filled else [],
    }


def _payments(order: Order, version: Version) -> Json:
    total, market = amount(order.market, _total(order, version)), order.market
    refunded = version.status is Status.CANCELLED and _paid(order)
    refund = {
        "refundId": str(chance.number("refund", order.id) % 10**10), "amount": total,
        "refundDate": stamp(version.at), "refundStatus": "REFUNDED",
    }  # fmt: skip
    body: Json = {"totalDueSeller": amount(market, 0) if refunded else total, "refunds": [refund] if refunded else []}
    if version.status is Status.PENDING or not _paid(order):
        return {**body, "payments": []}
    payment = {"paymentMethod": "EBAY", "paymentReferenceId": order.id, "paymentDate": stamp(order.versions[1].at)}
    return {**body, "payments": [{**payment, "amount": total, "paymentStatus": "PAID"}]}


def _instruction(order: Order, version: Version) -> Json:
    return {
        "fulfillmentInstructionsType": "SHIP_TO",
        "minEstimatedDeliveryDate": stamp(order.created + 3 * DAY),
        "maxEstimatedDeliveryDate": stamp(order.created + 10 * DAY),
        "shippingStep": {
            "shipTo": _address(buyer_of(order.id, order.country, version.moved)),
            "shippingCarrierCode": CARRIERS[order.market.id],
            "shippingServiceCode": "StandardShipping",
        },
    }


def _address(buyer: Buyer) -> Json:
    address: Json = {
        "addressLine1": buyer.street,
        "city": buyer.city,
        "postalCode": buyer.postal_code,
        "countryCode": buyer.country,
    }
    if buyer.state:
        address["stateOrProvince"] = buyer.state
    body: Json = {
        "fullName": buyer.name,
        "contactAddress": address,
        "primaryPhone": {"phoneNumber": buyer.phone},
        "email": buyer.email,
    }
    return {**body, "companyName": buyer.company} if buyer.company else body


def _line(order: Order, version: Version, index: int) -> Json:
    line, market, units = order.lines[index], order.market, version.ordered[index]
    price, discount, postage, tax = (part * units for part in _cost(market, line))
    body: Json = {
        "lineItemId": line.item_id,
        "legacyItemId": item_id(line.listing),
        "sku": line.listing.seller_sku,
        "title": line.listing.product.title,
        "lineItemCost": amount(market, price),
        "quantity": units,
        "soldFormat": "FIXED_PRICE",
        "listingMarketplaceId": market.id,
        "purchaseMarketplaceId": market.id,
        "lineItemFulfillmentStatus": _line_status(units, version.shipped[index]),
        "total": amount(market, price - discount + postage + tax),
        "deliveryCost": {"shippingCost": amount(market, postage)},
        "appliedPromotions": [],
        "taxes": [],
        "refunds": [],
        "properties": {"buyerProtection": True},
        "lineItemFulfillmentInstructions": {
            "minEstimatedDeliveryDate": stamp(order.created + 3 * DAY),
            "maxEstimatedDeliveryDate": stamp(order.created + 10 * DAY),
            "shipByDate": stamp(order.created + 3 * DAY),
        },
    }
    if discount:
        promotion = {"promotionId": line.price.promotion, "discountAmount": amount(market, discount)}
        body |= {
            "discountedLineItemCost": amount(market, price - discount),
            "appliedPromotions": [{**promotion, "description": "Promotion of the sandbox"}],
        }
    if collected_by_ebay(market, line):
        collected: Json = {
            "taxType": "VAT" if line.ioss else "STATE_SALES_TAX", "amount": amount(market, tax),
            "collectionMethod": "NET",
        }  # fmt: skip
        if line.ioss:
            collected["ebayReference"] = {"name": "IOSS", "value": IOSS_NUMBER}
        body["ebayCollectAndRemitTaxes"] = [collected]
    return body


def _line_status(ordered: int, shipped: int) -> str:
    return "FULFILLED" if shipped >= ordered else "IN_PROGRESS" if shipped else "NOT_STARTED"
