"""Small Amazon payloads in the official form, for the tests of this folder."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dataframely as dy
import polars as pl

from linkstar_pipelines.connectors.amazon.forms import FORMS
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.raw import RawAmazonInventory, RawAmazonListings, RawAmazonOrders

Payload = dict[str, Any]

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
US = "ATVPDKIKX0DER"
RULES = SkuCodeRules(
    suffixes=("FBA", "FBM", "MFN"),
    accept={"default": "^LS-[A-Z]{2,8}-[0-9]{4}$", "import": "^[A-Z0-9]+([.-][A-Z0-9]+)*$"},
)
ZONES = pl.DataFrame({"store": ["na"], "time_zone": ["America/Los_Angeles"]})


def observed(
    stream: Stream, payloads: Sequence[Any], *, store: str = "na", at: datetime = NOW, keep_personal: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Raw rows and rejected payloads, as a pull makes them."""
    return raw_rows("amazon", store, stream, FORMS[stream], payloads, at, keep_personal=keep_personal)


def money(amount: str, currency: str = "USD") -> Payload:
    return {"amount": amount, "currencyCode": currency}


def line(line_id: str = "L1", sku: str = "LS-KITCH-0001", ordered: object = 2, **parts: Any) -> Payload:
    """A line as ordered and paid, nothing shipped yet; `parts` replace its parts."""
    body: Payload = {
        "orderItemId": line_id,
        "quantityOrdered": ordered,
        "product": {"sellerSku": sku, "title": "Garlic Press", "price": {"unitPrice": money("10.00")}},
        "proceeds": {"breakdowns": [{"type": "ITEM", "subtotal": money("20.00")}]},
        "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": ordered},
    }
    return {name: part for name, part in (body | parts).items() if part is not None}


def order(
    order_id: str = "111-1", *, status: str = "UNSHIPPED", by: str = "AMAZON", updated: str = "2026-04-30T10:00:00Z",
    created: str = "2026-04-30T09:00:00Z", lines: Sequence[Payload] | None = None, **parts: Any,
) -> Payload:  # fmt: skip
    """A paid order of one line; `parts` replace its parts, None takes one out."""
    body: Payload = {
        "orderId": order_id,
        "createdTime": created,
        "lastUpdatedTime": updated,
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": US},
        "buyer": {"buyerName": "Ada Invented", "buyerEmail": "ada@example.com"},
        "recipient": {"deliveryAddress": {"name": "Ada Invented", "addressLine1": "1 Nowhere", "countryCode": "US"}},
        "proceeds": {"grandTotal": money("21.50")},
        "fulfillment": {"fulfillmentStatus": status, "fulfilledBy": by},
        "orderItems": [line()] if lines is None else list(lines),
    }
    return {name: part for name, part in (body | parts).items() if part is not None}


def raw_orders(*payloads: Payload) -> dy.DataFrame[RawAmazonOrders]:
    rows, rejected = observed(Stream.ORDERS, payloads)
    assert rejected.is_empty(), rejected
    return RawAmazonOrders.cast(rows)


def listing(
    sku: str, *, price: str | None = "10.00", channel: str = "AMAZON_NA", quantity: object = None,
    marketplaces: Sequence[str] = (US,), **parts: Any,
) -> Payload:  # fmt: skip
    availability: Payload = {"fulfillmentChannelCode": channel}
    if quantity is not None:
        availability["quantity"] = quantity
    summaries = [
        {"marketplaceId": m, "asin": "B000000001", "itemName": "Garlic Press", "status": ["BUYABLE", "DISCOVERABLE"]}
        for m in marketplaces
    ]
    offers = [{"marketplaceId": m, "offerType": "B2C", "price": money(price)} for m in marketplaces if price]
    return {"sku": sku, "summaries": summaries, "offers": offers, "fulfillmentAvailability": [availability]} | parts


def raw_listings(*payloads: Payload, observed_at: datetime = NOW) -> dy.DataFrame[RawAmazonListings]:
    rows, rejected = observed(Stream.LISTINGS, payloads, at=observed_at)
    assert rejected.is_empty(), rejected
    return RawAmazonListings.cast(rows)


def stock(sku: str, fulfillable: object = 10, **details: Any) -> Payload:
    return {"sellerSku": sku, "marketplaceId": US, "inventoryDetails": {"fulfillableQuantity": fulfillable} | details}


def raw_inventory(*payloads: Payload, observed_at: datetime = NOW) -> dy.DataFrame[RawAmazonInventory]:
    rows, rejected = observed(Stream.INVENTORY, payloads, at=observed_at)
    assert rejected.is_empty(), rejected
    return RawAmazonInventory.cast(rows)
