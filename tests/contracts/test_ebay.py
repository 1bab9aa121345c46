"""EBay's official models against both sides of the wire: what we ask, what the sandbox answers, what it signs."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft4Validator

from linkstar_pipelines.connectors.ebay import operations
from linkstar_pipelines.connectors.ebay import push as ebay_push
from linkstar_pipelines.connectors.ebay.client import EbayClient
from linkstar_pipelines.connectors.ebay.store import EbayStore
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Parcel, Push, PushRefusedError, StockChange, Window
from linkstar_pipelines.sandbox.app import _bench
from linkstar_pipelines.sandbox.ebay.side import Side
from linkstar_pipelines.sandbox.ebay.wire import Call
from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.world.instants import parse
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.ebay.support import ebay_store, sandbox_store
from tests.connectors.support import reply, utc
from tests.support import TOKEN_KEY, running_sandbox, shared_path

SMALL = ("--accounts", "EBUS,EBEU", "--orders-per-day", "4", "--products", "20", "--rate-scale", "100000")
MODELS = {
    "/sell/fulfillment/v1": "sell_fulfillment_v1_oas3.json",
    "/sell/inventory/v1": "sell_inventory_v1_oas3.json",
    "/sell/finances/v1": "ebay-finances-openapi-original.yml",
    "/commerce/notification/v1": "ebay-notification-openapi-original.yml",
    "/post-order/v2": "return_oas3.json",
}
Exchange = tuple[httpx.Request, httpx.Response]


@cache
def model(name: str) -> dict[str, Any]:
    """An official model; its objects allow no field that they do not name."""
    text = shared_path("contracts", "ebay", name).read_text()
    document: dict[str, Any] = json.loads(text) if name.endswith(".json") else yaml.safe_load(text)
    for schema in document.get("components", {}).get("schemas", {}).values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    return document


def operation_of(method: str, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model and its entry for a request; plain addresses win over those with placeholders."""
    prefix = next(prefix for prefix in MODELS if path.startswith(prefix))
    document = model(MODELS[prefix])
    for template in sorted(document["paths"], key=lambda template: template.count("{")):
        entry = document["paths"][template].get(method.lower())
        if entry and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path.removeprefix(prefix)):
            return document, entry
    raise AssertionError(f"{method} {path} is no operation of the model")


def check(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    Draft4Validator({**schema, "components": document.get("components", {})}).validate(value)


def schema_of(content: dict[str, Any]) -> dict[str, Any]:
    """The schema of a body; text beside a reference says nothing."""
    schema: dict[str, Any] = content["application/json"]["schema"]
    return {"$ref": schema["$ref"]} if "$ref" in schema else schema


def check_exchange(request: httpx.Request, response: httpx.Response) -> None:
    """Check one exchange: path, method, query names, required headers and bodies."""
    path = request.url.raw_path.decode().partition("?")[0].removeprefix("/ebay")
    document, entry = operation_of(request.method, path)
    allowed = {rule["name"] for rule in entry.get("parameters", []) if rule["in"] == "query"}
    if allowed:  # the model of the Post-Order API names no parameters
        assert dict(request.url.params).keys() <= allowed
    for rule in entry.get("parameters", []):
        if rule["in"] == "header" and rule.get("required"):
            assert rule["name"] in request.headers, rule["name"]
    if request.content:
        check(document, schema_of(entry["requestBody"]["content"]), json.loads(request.content))
    expected = entry["responses"][str(response.status_code)]
    if response.status_code == 200 and "content" in expected:
        check(document, schema_of(expected["content"]), response.json())


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("contracts")
    with running_sandbox(folder, *SMALL) as address:
        yield address


@pytest.fixture
def exchanges() -> list[Exchange]:
    return []


@pytest.fixture
def core(postgres: Postgres, exchanges: list[Exchange]) -> Iterator[HttpCore]:
    """A core whose exchanges with the sandbox are kept."""

    def keep(response: httpx.Response) -> None:
        response.read()
        exchanges.append((response.request, response))

    with (
        httpx.Client(event_hooks={"response": [keep]}, timeout=10) as http,
        HttpCore(postgres, timeout=10, max_attempts=1, max_wait=5, token_key=TOKEN_KEY, client=http) as made,
    ):
        yield made


@pytest.mark.parametrize("code", ["ebus", "ebeu"])
def test_every_call_and_every_answer_of_the_sandbox_fits_the_official_models(
    code: str, url: str, core: HttpCore, exchanges: list[Exchange]
) -> None:
    client = EbayClient(sandbox_store(url, code), core)
    window = Window(utc(2026, 3, 1))
    records = {
        stream: [record for page in client.read(stream, window, 1) for record in page.records] for stream in Stream
    }
    assert all(records.values())
    order = records[Stream.ORDERS][0]
    client.get_order(order["orderId"])
    offer = records[Stream.LISTINGS][0]["offers"][0]
    client.push_stock([
        StockChange("EBAY_US", offer["offerId"], offer["sku"], 3), StockChange("EBAY_US", "none", "none", 3),
    ])  # fmt: skip
    line = order["lineItems"][0]["lineItemId"]
    client.confirm_shipment(Parcel(order["orderId"], "EBAY_US", "p", "USPS", "1Z", utc(2026, 5, 1), {line: 1}))
    calls = [exchange for exchange in exchanges if "oauth2" not in exchange[0].url.path]
    for request, response in calls:
        check_exchange(request, response)
    statuses = {response.status_code for _, response in calls}
    assert {200, 201, 207} <= statuses


@pytest.mark.parametrize(
    "operation",
    [
        value
        for value in vars(operations).values()
        if isinstance(value, operations.Operation) and value is not operations.SEARCH_RETURNS
    ],
    ids=lambda operation: operation.name,
)
def test_every_operation_has_the_models_name(operation: operations.Operation) -> None:
    _, entry = operation_of(operation.method, operation.path.format("x"))
    assert entry["operationId"] == operation.name


@pytest.fixture(scope="module")
def side() -> Side:
    return Side(_bench(parse_options(SMALL)))


@pytest.fixture
def key_server(side: Side, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpCore]:
    """A core that gets public keys from the sandbox's side."""
    monkeypatch.setattr(ebay_push, "_keys", {})
    account = side._world.stores[0].account

    def answer(request: httpx.Request) -> httpx.Response:
        if "oauth2" in request.url.path:
            return reply({"access_token": "token", "expires_in": 7200})
        path = {"keyId": request.url.path.rpartition("/")[2]}
        body = side._notifications.public_key(Call(account, 0, {}, {}, path, b"", "", Strike())).body
        document, entry = operation_of("GET", request.url.path)
        check(document, schema_of(entry["responses"]["200"]["content"]), body)
        return reply(body)

    http = httpx.Client(transport=httpx.MockTransport(answer))
    with HttpCore(postgres, timeout=5, max_attempts=1, max_wait=5, token_key=TOKEN_KEY, client=http) as core:
        yield core


def test_what_the_sandbox_signs_the_connector_takes_and_a_changed_one_it_refuses(
    side: Side, key_server: HttpCore
) -> None:
    account = side._world.stores[0].account
    store: EbayStore = ebay_store(seller_id=account.seller_id)
    pushes = side.pushes(account, parse("2026-05-01T00:00:00Z"), parse("2026-05-05T00:00:00Z"))
    address = "https://linkstar.test/hooks/ebay"
    events = [
        event
        for push in pushes
        for event in ebay_push.receive(store, key_server, Push("POST", address, push.headers, push.body))
    ]
    assert events
    orders = side._world.store(account.code).orders
    assert {event.record_id for event in events} <= orders.keys()
    assert {(event.account, event.stream) for event in events} == {(account.seller_id, Stream.ORDERS)}
    changed = pushes[0].body.replace(b'"publishAttemptCount":1', b'"publishAttemptCount":2')
    with pytest.raises(PushRefusedError):
        ebay_push.receive(store, key_server, Push("POST", address, pushes[0].headers, changed))
