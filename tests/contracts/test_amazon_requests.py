"""Every request that the Amazon client can make, sent to a server run from Amazon's models, which may refuse it.

The answers are judged by the same models.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from connexion import NoContent

from linkstar_pipelines.connectors.amazon import operations
from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Parcel, StockChange, Window
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.support import amazon_store, utc
from tests.contracts import models
from tests.contracts.model_server import ModelServer, serving
from tests.support import TOKEN_KEY

MODELS = {
    "/orders/2026-01-01": "orders_2026-01-01",
    "/orders/v0": "ordersV0",
    "/fba/inventory/v1": "fbaInventory",
    "/listings/2021-08-01": "listingsItems_2021-08-01",
    "/finances/2024-06-19": "finances_2024-06-19",
    "/reports/2021-06-30": "reports_2021-06-30",
}
OPERATIONS = [value for value in vars(operations).values() if isinstance(value, operations.Operation)]
WITHOUT_MODEL: frozenset[tuple[str, str]] = frozenset()
"""Operations that no model describes: none. (Login with Amazon has no model; it is no operation of the API.)"""
RATE = {"x-amzn-RateLimit-Limit": "100000"}
ORDER = {
    "orderId": "1",
    "createdTime": "2026-05-01T00:00:00Z",
    "lastUpdatedTime": "2026-05-01T00:00:00Z",
    "salesChannel": {"channelName": "AMAZON"},
    "orderItems": [{"orderItemId": "1", "quantityOrdered": 1, "product": {"sellerSku": "A"}}],
}
SUMMARY = {"asin": "B1", "fnSku": "X1", "sellerSku": "A", "condition": "NewItem", "totalQuantity": 3}
REPORT = {
    "reportId": "1",
    "reportType": operations.SETTLEMENT_REPORT,
    "processingStatus": "DONE",
    "createdTime": "2026-05-01T00:00:00Z",
}
GRANULARITY = {"granularityType": "Marketplace", "granularityId": "ATVPDKIKX0DER"}
BOUND = {"lastUpdatedBefore": "2026-05-02T00:00:00Z"}
# The first page with a token, and the last.
ANSWERS: dict[str, list[Any]] = {
    "searchOrders": [
        ({"orders": [ORDER], "pagination": {"nextToken": "T"}, **BOUND}, 200, RATE),
        ({"orders": [], **BOUND}, 200, RATE),
    ],
    "getOrder": [({"order": ORDER}, 200, RATE)],
    "getInventorySummaries": [
        (
            {
                "payload": {"granularity": GRANULARITY, "inventorySummaries": [SUMMARY]},
                "pagination": {"nextToken": "T"},
            },
            200,
            RATE,
        ),
        ({"payload": {"granularity": GRANULARITY, "inventorySummaries": []}}, 200, RATE),
    ],
    "searchListingsItems": [
        ({"numberOfResults": 1, "items": [{"sku": "A"}], "pagination": {"nextToken": "T"}}, 200, RATE),
        ({"numberOfResults": 1, "items": []}, 200, RATE),
    ],
    "listTransactions": [
        ({"payload": {"transactions": [{"transactionId": "1"}], "nextToken": "T"}}, 200, RATE),
        ({"payload": {"transactions": []}}, 200, RATE),
    ],
    "getReports": [({"reports": [REPORT], "nextToken": "T"}, 200, RATE), ({"reports": []}, 200, RATE)],
    "createReport": [({"reportId": "1"}, 202, RATE)],
    "getReport": [({**REPORT, "processingStatus": "CANCELLED"}, 200, RATE)],  # there is no data
    "patchListingsItem": [({"sku": "A 1", "status": "ACCEPTED", "submissionId": "s", "issues": []}, 200, RATE)],
    "confirmShipment": [(NoContent, 204, RATE)],
}
START = utc(2026, 5, 1)
WEEK, OPEN = Window(START, utc(2026, 5, 8)), Window(START)
YEAR = Window(START - timedelta(days=200), START)
PARCEL = Parcel("1", "ATVPDKIKX0DER", "P-1", "Yanwen", "YW1", START, {"L1": 2})
CALLS: dict[str, Callable[[AmazonClient], object]] = {
    "access": lambda client: client.check_access(),
    "orders": lambda client: [list(client.read(Stream.ORDERS, WEEK, reading)) for reading in (0, 1, 2)],
    "orders up to now": lambda client: list(client.read(Stream.ORDERS, OPEN, 0)),
    "orders by creation": lambda client: list(client.search_orders(created_after=START, created_before=WEEK.end)),
    "one order": lambda client: client.get_order("902-1845936-5435065"),
    "listings": lambda client: [list(client.read(Stream.LISTINGS, None, reading)) for reading in (0, 1, 2)],
    "inventory": lambda client: list(client.read(Stream.INVENTORY, None, 0)),
    "finances": lambda client: list(client.read(Stream.FINANCES, YEAR, 0)),
    "returns": lambda client: [list(client.read(Stream.RETURNS, WEEK, reading)) for reading in (0, 1, 2)],
    "settlement reports": lambda client: list(client.settlement_reports(START)),
    "settlement document": lambda client: client.settlement_document("amzn1.spdoc.1.4.na.x"),
    "stock": lambda client: client.push_stock([StockChange("ATVPDKIKX0DER", "A 1", "A 1", 5)]),
    "shipment": lambda client: client.confirm_shipment(PARCEL),
    "shipment by a carrier that Amazon does not list": lambda client: client.confirm_shipment(
        replace(PARCEL, carrier="Pigeon Post")
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    documents = {start: models.amazon(name) for start, name in MODELS.items()}
    unmodelled = {
        "/auth/o2/token": {"access_token": "token", "token_type": "bearer", "expires_in": 3600},
        "/document": {"a settlement": "as its own tests have it"},
    }
    answers = {**ANSWERS}
    with serving(ModelServer(documents, answers, unmodelled, answers_too=True)) as running:
        answers["getReportDocument"] = [({"reportDocumentId": "D", "url": f"{running.url}/document"}, 200, RATE)]
        yield running


@pytest.fixture
def core(postgres: Postgres) -> Iterator[HttpCore]:
    with HttpCore(postgres, timeout=10, max_attempts=1, max_wait=5, token_key=TOKEN_KEY) as made:
        yield made


@pytest.mark.parametrize("call", CALLS)
def test_the_models_accept_every_request(call: str, server: ModelServer, core: HttpCore) -> None:
    server.judgement.refused.clear()
    CALLS[call](AmazonClient(amazon_store("na", server.url), core))
    assert server.judgement.refused == []


def test_every_operation_has_been_exercised(server: ModelServer, core: HttpCore) -> None:
    for call in CALLS.values():
        call(AmazonClient(amazon_store("na", server.url), core))
    declared = {(operation.method, operation.path) for operation in OPERATIONS}
    assert server.judgement.accepted == declared - WITHOUT_MODEL


SPOILED: dict[str, tuple[str, str, Any]] = {
    "an unknown address": ("GET", "/orders/2026-01-01/parcels", None),
    "a method that is not offered": ("DELETE", "/orders/2026-01-01/orders", None),
    "a parameter that is not named": ("GET", "/orders/2026-01-01/orders?lastChangedAfter=2026-05-01T00:00:00Z", None),
    "a value that is not listed": ("GET", "/orders/2026-01-01/orders?includedData=EVERYTHING", None),
    "a page that is too large": ("GET", "/listings/2021-08-01/items/A1?marketplaceIds=X&pageSize=21", None),
    "an instant that is none": ("GET", "/orders/2026-01-01/orders?lastUpdatedAfter=yesterday", None),
    "a required parameter that is missing": ("GET", "/fba/inventory/v1/summaries?marketplaceIds=X", None),
    "a body without what it needs": ("POST", "/orders/v0/orders/1/shipmentConfirmation", {"marketplaceId": "X"}),
    "a field that is not named": (
        "PATCH", "/listings/2021-08-01/items/A1/S?marketplaceIds=X",
        {"productType": "PRODUCT", "patches": [{"op": "replace", "path": "/attributes/a"}], "sku": "S"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("request_", SPOILED.values(), ids=SPOILED.keys())
def test_the_models_refuse_a_spoiled_request(request_: tuple[str, str, Any], server: ModelServer) -> None:
    method, address, body = request_
    server.judgement.refused.clear()
    answer = httpx.request(method, server.url + address, json=body)
    assert 400 <= answer.status_code < 500
    assert len(server.judgement.refused) == 1


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_name_and_usage_plan_of_every_operation_are_those_of_the_model(operation: operations.Operation) -> None:
    name = next(name for start, name in MODELS.items() if operation.path.startswith(start))
    paths = {
        models.same_place(path): entry for path, entry in models.document("amazon", f"{name}.json")["paths"].items()
    }
    entry = paths[operation.path][operation.method.lower()]
    assert entry["operationId"] == operation.name
    table = re.search(r"\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|", entry["description"])
    assert table is not None
    assert (operation.plan.rate, operation.plan.burst) == (float(table[1]), float(table[2]))
