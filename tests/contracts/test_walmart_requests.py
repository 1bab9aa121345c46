"""Every request that the Walmart client can make, sent to a server run from Walmart's models, which may refuse it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Parcel, StockChange, Window
from linkstar_pipelines.connectors.walmart import operations
from linkstar_pipelines.connectors.walmart.client import WalmartClient
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.walmart.support import line, order, status, walmart_store
from tests.contracts import models
from tests.contracts.model_server import ModelServer, serving
from tests.support import TOKEN_KEY

MODELS = {
    "/v3/token": "authentication",
    "/v3/orders": "orders",
    "/v3/inventor": "inventory",  # /v3/inventory and /v3/inventories
    "/v3/fulfillment/inventory": "inventory",
    "/v3/returns": "returns",
    "/v3/report": "reports",
}
OPERATIONS = [value for value in vars(operations).values() if isinstance(value, operations.Operation)]
WITHOUT_MODEL = frozenset({("GET", "/v3/items")})
"""Operations that no model describes: Walmart's file of the item calls is not among the contracts. Nor is there one of
the former Canadian platform (`/v3/ca`), whose calls are these under another address."""
NOW = datetime.now(UTC).replace(microsecond=0)  # orders of half a year are kept
SHIPPED = order("1", orderLines={"orderLine": [line("1", 1, status("Shipped", 1, "T1"))]})
# The first page with the address of the next, and the last, where there are pages. What is not here (tokens, what a
# token may do, acknowledgements, stock that was set) is answered with the recorded example.
ANSWERS: dict[str, list[Any]] = {
    "getAllOrders": [
        {
            "list": {
                "meta": {"totalCount": 2, "nextCursor": "?limit=1&hasMoreElements=true&soIndex=2&poIndex=1"},
                "elements": {"order": [order()]},
            }
        },
        {"list": {"meta": {"totalCount": 2}, "elements": {"order": [order("2")]}}},
    ],
    "getAnOrder": [{"order": order("1")}],
    "shippingUpdates": [{"order": SHIPPED}],
    "getMultiNodeInventoryForAllSkuAndAllShipNodes": [
        {"meta": {"totalCount": 2, "nextCursor": "C"}, "elements": {"inventories": [{"sku": "A", "nodes": []}]}},
        {"meta": {"totalCount": 2}, "elements": {"inventories": [{"sku": "B", "nodes": []}]}},
    ],
    "getWFSInventory": [
        {"headers": {"totalCount": 1}, "payload": {"inventory": [{"sku": "W", "shipNodes": []}]}},
        {"headers": {"totalCount": 0}, "payload": {"inventory": []}},
    ],
    "getReturns": [
        {
            "meta": {"totalCount": 2, "limit": 1, "nextCursor": "?limit=1&replacementInfo=true&offset=1"},
            "returnOrders": [{"returnOrderId": "1"}],
        },
        {"meta": {"totalCount": 2, "limit": 1, "nextCursor": ""}, "returnOrders": []},
    ],
    "getAvailableV1ReconReportDates": [{"availableApReportDates": [f"{NOW - timedelta(days=3):%m%d%Y}"]}],
    "getAvailableV1ReconReportAsJson": [
        {"reportData": [{"Amount": 1}], "nextOffset": 1}, {"reportData": [], "nextOffset": 1},
    ],
}  # fmt: skip
ITEMS: dict[str, Any] = {"ItemResponse": [], "totalItems": 0}
WEEK, OPEN = Window(NOW - timedelta(days=8), NOW - timedelta(days=1)), Window(NOW - timedelta(days=3))
PARCEL = Parcel("1", "WALMART_US", "P1", "Blue Whale", "T1", NOW, {"1": 1})


def each_reading(stream: Stream, window: Window | None) -> Callable[[WalmartClient], object]:
    return lambda client: [list(client.read(stream, window, reading)) for reading in (0, 1, 2)]


CALLS: dict[str, Callable[[WalmartClient], object]] = {
    "access": lambda client: client.check_access(),
    "orders": each_reading(Stream.ORDERS, WEEK),
    "orders up to now": each_reading(Stream.ORDERS, OPEN),
    "one order": lambda client: client.get_order("1"),
    "listings": each_reading(Stream.LISTINGS, None),
    "inventory": each_reading(Stream.INVENTORY, None),
    "returns": each_reading(Stream.RETURNS, WEEK),
    "finances": each_reading(Stream.FINANCES, WEEK),
    "stock": lambda client: client.push_stock([StockChange("WALMART_US", "A&B", "A&B", 5)]),
    "shipment": lambda client: client.confirm_shipment(PARCEL),
}


def model(name: str) -> models.Json:
    """A model, with the parameters that it does not name and Walmart asks for all the same.

    These are what the next addresses in its own examples hold, and the flag of WFS returns of the developer pages.
    """
    document = models.walmart(name)
    for path, flags in {"/v3/orders": set(), "/v3/returns": {"isWFSEnabled"}}.items():
        if path in document["paths"]:
            operation = document["paths"][path]["get"]
            recorded = operation["responses"]["200"]["content"]["application/json"]["example"]
            cursor = httpx.QueryParams(recorded.get("list", recorded)["meta"]["nextCursor"].removeprefix("?"))
            more = (flags | cursor.keys()) - {one["name"] for one in operation["parameters"]}
            schema = {"type": "string"}
            operation["parameters"] += [{"name": name, "in": "query", "schema": schema} for name in sorted(more)]
    return document


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    documents = {start: model(name) for start, name in MODELS.items()}
    with serving(ModelServer(documents, ANSWERS, {"/v3/items": ITEMS})) as running:
        yield running


@pytest.fixture
def core(postgres: Postgres) -> Iterator[HttpCore]:
    with HttpCore(postgres, timeout=10, max_attempts=1, max_wait=5, token_key=TOKEN_KEY) as made:
        yield made


@pytest.mark.parametrize("call", CALLS)
def test_the_models_accept_every_request(call: str, server: ModelServer, core: HttpCore) -> None:
    server.judgement.refused.clear()
    CALLS[call](WalmartClient(walmart_store(url=server.url), core))
    assert server.judgement.refused == []


def test_every_operation_has_been_exercised(server: ModelServer, core: HttpCore) -> None:
    client = WalmartClient(walmart_store(url=server.url), core)
    for call in CALLS.values():
        call(client)
    declared = {(operation.method, f"/v3{operation.path}") for operation in OPERATIONS}
    assert server.judgement.accepted == (declared - WITHOUT_MODEL) | {("POST", operations.TOKEN_PATH)}


NAMED = {"WM_QOS.CORRELATION_ID": "1", "WM_SVC.NAME": "n", "WM_SEC.ACCESS_TOKEN": "t"}
SPOILED: dict[str, tuple[str, str, dict[str, str], Any]] = {
    "an unknown address": ("GET", "/v3/orders/1/parcels", NAMED, None),
    "a method that is not offered": ("DELETE", "/v3/orders/1", NAMED, None),
    "a parameter that is not named": ("GET", "/v3/orders?createdStartDate=2026-05-01&page=2", NAMED, None),
    "a required parameter that is missing": ("GET", "/v3/report/reconreport/reconFileJson", NAMED, None),
    "a required header that is missing": ("GET", "/v3/orders/1", {}, None),
    "a value of another type": (
        "PUT", "/v3/inventory?sku=A", NAMED, {"sku": "A", "quantity": {"unit": "EACH", "amount": "five"}},
    ),
    "a field that is not named": (
        "PUT", "/v3/inventory?sku=A", NAMED, {"sku": "A", "quantity": {"unit": "EACH", "amount": 5}, "node": "1"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("request_", SPOILED.values(), ids=SPOILED.keys())
def test_the_models_refuse_a_spoiled_request(
    request_: tuple[str, str, dict[str, str], Any], server: ModelServer
) -> None:
    method, address, headers, body = request_
    server.judgement.refused.clear()
    answer = httpx.request(method, server.url + address, json=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
    assert len(server.judgement.refused) == 1
