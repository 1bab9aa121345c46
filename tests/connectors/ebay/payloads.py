"""Payloads of eBay for the tests of its forms and readers."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import polars as pl

from linkstar_pipelines.connectors.ebay.platform import PLATFORM
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.schemas.platforms import Stream

SEEN_AT = datetime(2026, 5, 24, tzinfo=UTC)
ZONES = pl.DataFrame({"store": ["us"], "time_zone": ["UTC"]})


def amount(value: str, currency: str = "EUR") -> dict[str, str]:
    return {"value": value, "currency": currency}


LINE: dict[str, Any] = {
    "lineItemId": "7", "legacyItemId": "110", "sku": "LS-KITCH-0001", "title": "Spatula", "quantity": 2,
    "lineItemCost": amount("20.00"), "discountedLineItemCost": amount("17.00"),
    "deliveryCost": {"shippingCost": amount("4.50")}, "lineItemFulfillmentStatus": "NOT_STARTED",
    "taxes": [{"taxType": "VAT"}], "purchaseMarketplaceId": "EBAY_DE", "listingMarketplaceId": "EBAY_GB",
    "ebayCollectAndRemitTaxes": [
        {"taxType": "VAT", "amount": amount("3.23"), "ebayReference": {"name": "VOEC", "value": "2024926"}},
        {"taxType": "VAT", "amount": amount("1.00"), "ebayReference": {"name": "IOSS", "value": "IM2760000742"}},
    ],
    "giftDetails": {"message": "for you"},
}  # fmt: skip
ORDER: dict[str, Any] = {
    "orderId": "01-00001-00001", "creationDate": "2026-05-01T00:00:00.000Z",
    "lastModifiedDate": "2026-05-02T00:00:00.000Z", "orderFulfillmentStatus": "NOT_STARTED",
    "orderPaymentStatus": "PAID", "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
    "buyer": {"username": "somebody", "taxIdentifier": {"taxpayerId": "X1"}}, "buyerCheckoutNotes": "ring twice",
    "pricingSummary": {"total": amount("25.73")},
    "fulfillmentStartInstructions": [{
        "finalDestinationAddress": {"addressLine1": "Secret Lane 1", "countryCode": "AT"},
        "shippingStep": {"shippingCarrierCode": "DHL", "shipTo": {
            "fullName": "Erika Mustermann", "email": "e@example.com", "primaryPhone": {"phoneNumber": "1"},
            "contactAddress": {"addressLine1": "Secret Lane 1", "city": "Wien", "postalCode": "1010",
                               "countryCode": "AT"},
        }},
    }],
    "lineItems": [LINE],
}  # fmt: skip


def order(line: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """An order with some fields changed; a field of None is taken out."""
    body = copy.deepcopy(ORDER) | changes
    if line is not None:
        body["lineItems"] = [{**copy.deepcopy(LINE), **line}]
    return {name: value for name, value in body.items() if value is not None}


def raw(stream: Stream, *payloads: Any) -> pl.DataFrame:
    """Raw rows of payloads, in the order they were seen."""
    frames = [
        raw_rows("ebay", "us", stream, PLATFORM.streams[stream], [payload], SEEN_AT.replace(minute=number))[0]
        for number, payload in enumerate(payloads)
    ]
    return pl.concat(frames)


def text_of(frame: pl.DataFrame) -> str:
    return json.dumps(frame["payload"].to_list())


def return_of(status: str, *history: tuple[str, str], **summary: Any) -> dict[str, Any]:
    """A return as getReturn tells it; `history` holds instants and the states they led to."""
    return {
        "summary": {
            "returnId": "5001", "orderId": "01-00001-00001", "state": status, "status": status,
            "buyerLoginName": "somebody", "currentType": "MONEY_BACK",
            "creationInfo": {
                "item": {"itemId": "110", "transactionId": "7", "returnQuantity": 1}, "reason": "DEFECTIVE_ITEM",
                "comments": {"content": "broken, call me"}, "creationDate": {"value": "2026-05-05T00:00:00.000Z"},
            },
            **summary,
        },
        "detail": {
            "itemDetail": {"sku": "LS-KITCH-0001"},
            "responseHistory": [{"creationDate": {"value": at}, "toState": state} for at, state in history],
            "returnShipmentInfo": {"shipmentTracking": {"trackingNumber": "RET1"}},
        },
    }  # fmt: skip


def transaction(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "transactionId": "900", "transactionType": "SALE", "transactionStatus": "FUNDS_ON_HOLD",
        "transactionDate": "2026-05-02T00:00:00.000Z", "bookingEntry": "CREDIT", "amount": amount("88.00"),
        "orderId": "01-00001-00001", "buyer": {"username": "somebody"}, "totalFeeAmount": amount("12.00"),
        "orderLineItems": [{"lineItemId": "7", "marketplaceFees": [
            {"feeType": "FINAL_VALUE_FEE", "amount": amount("10.00")},
            {"feeType": "FINAL_VALUE_FEE_FIXED_PER_ORDER", "amount": amount("2.00")},
        ]}],
    }  # fmt: skip
    return {name: value for name, value in (body | changes).items() if value is not None}


def listing(sku: str = " ls_kitch_0001 ", **offer: Any) -> dict[str, Any]:
    first = {
        "offerId": "11", "sku": sku, "marketplaceId": "EBAY_DE", "format": "FIXED_PRICE", "availableQuantity": 4,
        "pricingSummary": {"price": amount("9.99")}, "status": "PUBLISHED", "listing": {"listingStatus": "ACTIVE"},
    }  # fmt: skip
    second = {**first, "offerId": "12", "marketplaceId": "EBAY_GB", "pricingSummary": {"price": amount("8.99", "GBP")}}
    del second["availableQuantity"]
    item = {
        "sku": sku, "product": {"title": "Spatula"},
        "availability": {"shipToLocationAvailability": {"quantity": 6}},
    }  # fmt: skip
    return {"inventoryItem": item, "offers": [{**first, **offer}, second]}
