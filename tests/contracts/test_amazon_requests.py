"""Every request that the Amazon client makes fits the official model, and so do the answers that its tests use."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import httpx
import pytest
from jsonschema import Draft4Validator

from linkstar_pipelines.connectors.amazon import operations
from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.amazon.platform import PLATFORM
from linkstar_pipelines.connectors.complete import read_stream
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Parcel, StockChange, Window
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.support import amazon_store, utc
from tests.support import TOKEN_KEY, shared_path

MODELS = {
    "/orders/2026-01-01": "orders_2026-01-01",
    "/orders/v0": "ordersV0",
    "/fba/inventory/v1": "fbaInventory",
    "/listings/2021-08-01": "listingsItems_2021-08-01",
    "/finances/2024-06-19": "finances_2024-06-19",
    "/reports/2021-06-30": "reports_2021-06-30",
}
ORDER = {
    "orderId": "1",
    "createdTime": "2026-05-01T00:00:00Z",
    "lastUpdatedTime": "2026-05-01T00:00:00Z",
    "salesChannel": {"channelName": "AMAZON"},
    "orderItems": [{"orderItemId": "1", "quantityOrdered": 1, "product": {"sellerSku": "A"}}],
}
SUMMARY = {"asin": "B1", "fnSku": "X1", "sellerSku": "A", "condition": "NewItem", "totalQuantity": 3}
# Per path: the first page (with a token) and the last.
ANSWERS: dict[str, list[dict[str, Any]]] = {
    "/orders/2026-01-01/orders": [
        {"orders": [ORDER], "pagination": {"nextToken": "T"}, "lastUpdatedBefore": "2026-05-02T00:00:00Z"},
        {"orders": [], "lastUpdatedBefore": "2026-05-02T00:00:00Z"},
    ],
    "/orders/2026-01-01/orders/{orderId}": [{"order": ORDER}],
    "/fba/inventory/v1/summaries": [
        {
            "payload": {"granularity": {"granularityType": "Marketplace"}, "inventorySummaries": [SUMMARY]},
            "pagination": {"nextToken": "T"},
        },
        {"payload": {"granularity": {"granularityType": "Marketplace"}, "inventorySummaries": []}},
    ],
    "/listings/2021-08-01/items/{sellerId}": [
        {"numberOfResults": 1, "items": [{"sku": "A"}], "pagination": {"nextToken": "T"}},
        {"numberOfResults": 1, "items": []},
    ],
    "/finances/2024-06-19/transactions": [
        {"payload": {"transactions": [{"transactionId": "1"}], "nextToken": "T"}},
        {"payload": {"transactions": []}},
    ],
    "/reports/2021-06-30/reports": [
        {
            "reports": [
                {
                    "reportId": "1",
                    "reportType": operations.SETTLEMENT_REPORT,
                    "processingStatus": "DONE",
                    "createdTime": "2026-05-01T00:00:00Z",
                }
            ],
            "nextToken": "T",
        },
        {"reports": []},
    ],
    "/reports/2021-06-30/documents/{reportDocumentId}": [
        {"reportDocumentId": "D", "url": "https://files.test/document?signature=s"}
    ],
}
START, END = utc(2026, 5, 1), utc(2026, 5, 2)
NOW = utc(2026, 5, 24)
CALLS: dict[str, Callable[[AmazonClient], object]] = {
    "orders by change": lambda client: read_stream(client, PLATFORM, Stream.ORDERS, Window(START, END), 3, now=NOW),
    "orders by creation": lambda client: list(client.search_orders(created_after=START, created_before=END)),
    "orders, open window": lambda client: read_stream(client, PLATFORM, Stream.ORDERS, Window(START), 2, now=NOW),
    "one order": lambda client: client.get_order("1"),
    "listings": lambda client: read_stream(client, PLATFORM, Stream.LISTINGS, None, 3, now=NOW),
    "inventory": lambda client: read_stream(client, PLATFORM, Stream.INVENTORY, None, 2, now=NOW),
    "transactions": lambda client: read_stream(
        client, PLATFORM, Stream.FINANCES, Window(START, START + timedelta(days=200)), 2, now=NOW
    ),
    "settlement reports": lambda client: list(client.settlement_reports(START)),
    "settlement document": lambda client: client.settlement_document("D"),
    "access check": lambda client: client.check_access(),
}


@cache
def model(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(shared_path("contracts", "amazon", f"{name}.json").read_text())
    return document


def matching_path(url_path: str) -> tuple[dict[str, Any], str]:
    """The model and the path template that a request belongs to."""
    document = model(next(name for prefix, name in MODELS.items() if url_path.startswith(prefix)))
    for template in document["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), url_path):
            return document, template
    raise AssertionError(f"{url_path} is no path of the model")


def parameters(document: dict[str, Any], template: str) -> dict[str, dict[str, Any]]:
    entry = document["paths"][template]
    return {item["name"]: item for item in [*entry.get("parameters", []), *entry["get"].get("parameters", [])]}


def check_value(name: str, rule: dict[str, Any], text: str) -> None:
    """Check one query value against the model's parameter."""
    values = text.split(",") if rule["type"] == "array" else [text]
    kind = rule["items"] if rule["type"] == "array" else rule
    assert len(values) <= rule.get("maxItems", len(values)), name
    for value in values:
        assert value, name
        assert value in kind.get("enum", [value]), (name, value)
        if kind["type"] == "integer":
            assert rule.get("minimum", 1) <= int(value) <= rule.get("maximum", 100), (name, value)
        if kind["type"] == "boolean":
            assert value in {"true", "false"}, (name, value)
        if kind.get("format") == "date-time":
            assert datetime.fromisoformat(value).utcoffset() == timedelta(0), (name, value)


def check_request(request: httpx.Request) -> None:
    """Check one request against the model: path, method, names, required parameters, values."""
    document, template = matching_path(request.url.path)
    assert request.method == "GET"
    rules = parameters(document, template)
    query = dict(request.url.params)
    allowed = {name for name, rule in rules.items() if rule["in"] == "query"}
    assert query.keys() <= allowed, query.keys() - allowed
    required = {name for name, rule in rules.items() if rule["in"] == "query" and rule.get("required")}
    assert required <= query.keys(), required - query.keys()
    for name, value in query.items():
        check_value(name, rules[name], value)
    assert request.headers["x-amz-access-token"] == "token"  # the script's


def platform(requests: list[httpx.Request]) -> httpx.MockTransport:
    """Answers with two pages everywhere, as the models have them, and keeps the requests."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/o2/token":
            return httpx.Response(200, json={"access_token": "token", "expires_in": 3600})
        if request.url.host == "files.test":
            return httpx.Response(200, text="settlement-id\tamount\n1\t2\n")
        requests.append(request)
        _, template = matching_path(request.url.path)
        pages = ANSWERS[template]
        last = any(name in request.url.params for name in ("paginationToken", "nextToken", "pageToken"))
        return httpx.Response(200, json=pages[-1 if last else 0], headers={"x-amzn-RateLimit-Limit": "100000"})

    return httpx.MockTransport(answer)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_every_request_fits_the_official_model(call: Callable[[AmazonClient], object], postgres: Postgres) -> None:
    requests: list[httpx.Request] = []
    transport = httpx.Client(transport=platform(requests))
    with HttpCore(postgres, timeout=5, max_attempts=2, max_wait=5, token_key=TOKEN_KEY, client=transport) as core:
        call(AmazonClient(amazon_store("na", "https://amazon.test"), core))
    assert requests
    for request in requests:
        check_request(request)


@pytest.mark.parametrize("template", ANSWERS)
def test_the_answers_used_in_these_tests_fit_the_official_model(template: str) -> None:
    document, _ = matching_path(re.sub(r"\{\w+\}", "x", template))
    schema = document["paths"][template]["get"]["responses"]["200"]["schema"]
    validator = Draft4Validator({**schema, "definitions": document["definitions"]})
    for answer in ANSWERS[template]:
        validator.validate(answer)


@pytest.mark.parametrize(
    "operation",
    [value for value in vars(operations).values() if isinstance(value, operations.Operation)],
    ids=lambda operation: operation.name,
)
def test_name_and_usage_plan_of_every_operation_are_those_of_the_model(operation: operations.Operation) -> None:
    document, template = matching_path(operation.path.replace("{}", "x"))
    entry = document["paths"][template][operation.method.lower()]
    assert entry["operationId"] == operation.name
    table = re.search(r"\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|", entry["description"])
    assert table is not None
    assert (operation.plan.rate, operation.plan.burst) == (float(table[1]), float(table[2]))


PARCEL = Parcel(
    order_id="1", marketplace_id="ATVPDKIKX0DER", reference="P-1", carrier="Yanwen", tracking_number="YW1",
    shipped_at=START, lines={"L1": 2},
)  # fmt: skip
WRITES: dict[str, tuple[Callable[[AmazonClient], object], dict[str, Any], int]] = {
    "push stock": (
        lambda client: client.push_stock([StockChange("ATVPDKIKX0DER", "A 1", "A 1", 5)]),
        {"sku": "A 1", "status": "ACCEPTED", "submissionId": "s", "issues": []}, 200,
    ),
    "confirm shipment": (lambda client: client.confirm_shipment(PARCEL), {}, 204),
    "confirm shipment by a carrier that Amazon does not list": (
        lambda client: client.confirm_shipment(replace(PARCEL, carrier="Pigeon Post")), {}, 204,
    ),
}  # fmt: skip


@pytest.mark.parametrize("call", WRITES, ids=list(WRITES))
def test_what_the_client_writes_is_in_the_form_of_the_model(call: str, postgres: Postgres) -> None:
    send, answer, status = WRITES[call]
    written: list[httpx.Request] = []

    def platform(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/o2/token":
            return httpx.Response(200, json={"access_token": "a", "token_type": "bearer", "expires_in": 3600})
        written.append(request)
        return httpx.Response(status, content=json.dumps(answer).encode() if answer else b"")

    transport = httpx.Client(transport=httpx.MockTransport(platform))
    with HttpCore(postgres, timeout=5, max_attempts=2, max_wait=5, token_key=TOKEN_KEY, client=transport) as core:
        send(AmazonClient(amazon_store("na", "https://amazon.test"), core))
    (request,) = written
    document, template = matching_path(request.url.path)
    entry = document["paths"][template][request.method.lower()]
    body = next(item["schema"] for item in entry["parameters"] if item["in"] == "body")
    Draft4Validator({**body, "definitions": document["definitions"]}).validate(json.loads(request.content))
