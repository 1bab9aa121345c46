"""Every request that the eBay client can make, sent to a server run from eBay's models, which may refuse it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from connexion import NoContent

from linkstar_pipelines.connectors.ebay import operations
from linkstar_pipelines.connectors.ebay import push as ebay_push
from linkstar_pipelines.connectors.ebay.client import EbayClient
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Parcel, Push, StockChange, Window
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.ebay.payloads import ORDER, listing, return_of, transaction
from tests.connectors.ebay.support import TEST_JWE, TEST_KEY, ebay_store
from tests.connectors.support import utc
from tests.contracts import models
from tests.contracts.model_server import ModelServer, serving
from tests.support import TOKEN_KEY, shared_path

MODELS = {
    "/sell/fulfillment/v1": "sell_fulfillment_v1_oas3.json",
    "/sell/inventory/v1": "sell_inventory_v1_oas3.json",
    "/sell/finances/v1": "ebay-finances-openapi-original.yml",
    "/commerce/notification/v1": "ebay-notification-openapi-original.yml",
    "/post-order/v2": "return_oas3.json",
}
WITHOUT_QUERIES = frozenset({"/post-order/v2"})  # its model names methods and paths alone
OPERATIONS = [value for value in vars(operations).values() if isinstance(value, operations.Operation)]
WITHOUT_MODEL: frozenset[tuple[str, str]] = frozenset()
"""Operations that no model describes: none. (The token endpoint has no model; it is no operation of an API.)"""
ITEM = listing("A")
ANSWERS: dict[str, list[Any]] = {
    "getOrders": [{"total": 2, "orders": [ORDER], "next": "https://api.ebay.com/x?limit=1&offset=1"}, {"total": 2}],
    "getOrder": [ORDER],
    "getShippingFulfillments": [{"fulfillments": [], "total": 0}],
    "createShippingFulfillment": [(NoContent, 201, {"location": "https://api.ebay.com/x/9405"})],
    "getInventoryItems": [{"total": 1, "inventoryItems": [ITEM["inventoryItem"]]}],
    "getOffers": [{"total": 1, "offers": ITEM["offers"]}],
    "bulkUpdatePriceQuantity": [{"responses": [{"offerId": "1", "sku": "A", "statusCode": 200}]}],
    "getTransactions": [{"total": 1, "transactions": [transaction()]}],
    "search": [{"members": [{"returnId": "5000"}], "paginationOutput": {"totalEntries": 1}}],
    "getReturn": [return_of("CLOSED")],
}
WEEK, OPEN = Window(utc(2026, 5, 1), utc(2026, 5, 8)), Window(utc(2026, 5, 1))
LONG = Window(utc(2025, 1, 1), utc(2026, 5, 1))
PARCEL = Parcel("01-00001-00001", "EBAY_US", "P1", "USPS", "1Z 99-9", utc(2026, 5, 2), {"1001": 1})
STORES: dict[str, dict[str, Any]] = {
    "american": {},
    "european": {"marketplace_ids": ("EBAY_GB", "EBAY_DE"), "signing_private_key": TEST_KEY, "signing_jwe": TEST_JWE},
}


def each_reading(stream: Stream, window: Window | None) -> Callable[[EbayClient], object]:
    return lambda client: [list(client.read(stream, window, reading)) for reading in (0, 1, 2)]


def receive_a_push(client: EbayClient) -> None:
    """The public key is asked for while a notification is verified; this one is eBay's own."""
    vector = json.loads(shared_path("contracts", "ebay", "event-notification-test-vectors.json").read_text())["VALID"]
    body = json.dumps(vector["message"], separators=(",", ":")).encode()
    push = Push("POST", "https://linkstar.test/hooks/ebay", {"x-ebay-signature": vector["signature"]}, body)
    assert ebay_push.receive(client.store, client.http, push)


CALLS: dict[str, Callable[[EbayClient], object]] = {
    "access": lambda client: client.check_access(),
    "orders": each_reading(Stream.ORDERS, WEEK),
    "orders up to now": each_reading(Stream.ORDERS, OPEN),
    "orders of a long time": each_reading(Stream.ORDERS, LONG),
    "one order": lambda client: client.get_order("01-00001-00001"),
    "listings": each_reading(Stream.LISTINGS, None),
    "inventory": each_reading(Stream.INVENTORY, None),
    "finances": each_reading(Stream.FINANCES, LONG),
    "returns": each_reading(Stream.RETURNS, WEEK),
    "stock": lambda client: client.push_stock([StockChange("EBAY_US", str(number), "A", 5) for number in range(30)]),
    "shipment": lambda client: client.confirm_shipment(PARCEL),
    "push": receive_a_push,
}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    documents = {start: models.ebay(name) for start, name in MODELS.items()}
    vectors = json.loads(shared_path("contracts", "ebay", "event-notification-test-vectors.json").read_text())
    answers = {**ANSWERS, "getPublicKey": [vectors["VALID"]["response"]]}
    token = {"access_token": "token", "token_type": "User Access Token", "expires_in": 7200}
    unmodelled = {"/identity/v1/oauth2/token": token}
    with serving(ModelServer(documents, answers, unmodelled, lenient=WITHOUT_QUERIES)) as running:
        yield running


@pytest.fixture
def core(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpCore]:
    monkeypatch.setattr(ebay_push, "_keys", {})
    with HttpCore(postgres, timeout=10, max_attempts=1, max_wait=5, token_key=TOKEN_KEY) as made:
        yield made


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("call", CALLS)
def test_the_models_accept_every_request(call: str, store: str, server: ModelServer, core: HttpCore) -> None:
    server.judgement.refused.clear()
    CALLS[call](EbayClient(ebay_store(store, server.url, apiz_url=server.url, **STORES[store]), core))
    assert server.judgement.refused == []


def test_every_operation_has_been_exercised(server: ModelServer, core: HttpCore) -> None:
    client = EbayClient(ebay_store("us", server.url, apiz_url=server.url), core)
    for call in CALLS.values():
        call(client)
    declared = {(operation.method, operation.path) for operation in OPERATIONS}
    assert server.judgement.accepted == declared - WITHOUT_MODEL


SPOILED: dict[str, tuple[str, str, Any]] = {
    "an unknown address": ("GET", "/sell/fulfillment/v1/parcel", None),
    "a method that is not offered": ("PUT", "/sell/fulfillment/v1/order/1", None),
    "a parameter that is not named": ("GET", "/sell/fulfillment/v1/order?limit=10&page=2", None),
    "a value of another type": ("POST", "/sell/fulfillment/v1/order/1/shipping_fulfillment", {"lineItems": "1"}),
    "a field that is not named": ("POST", "/sell/inventory/v1/bulk_update_price_quantity", {"offers": []}),
    "a required header that is missing": ("GET", "/sell/finances/v1/transaction?limit=20", None),
}


@pytest.mark.parametrize("request_", SPOILED.values(), ids=SPOILED.keys())
def test_the_models_refuse_a_spoiled_request(request_: tuple[str, str, Any], server: ModelServer) -> None:
    method, address, body = request_
    server.judgement.refused.clear()
    answer = httpx.request(method, server.url + address, json=body, headers={"authorization": "Bearer token"})
    assert 400 <= answer.status_code < 500, answer.text
    assert len(server.judgement.refused) == 1


def test_the_models_refuse_a_call_without_a_token(server: ModelServer) -> None:
    assert httpx.get(f"{server.url}/sell/fulfillment/v1/order").status_code == httpx.codes.UNAUTHORIZED
