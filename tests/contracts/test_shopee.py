"""Answers of the sandbox and recorded examples against Shopee's API reference."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.platform import Parcel, StockChange, Window
from linkstar_pipelines.connectors.request import read_json
from linkstar_pipelines.connectors.shopee import operations as op
from linkstar_pipelines.connectors.shopee.client import ShopeeClient
from linkstar_pipelines.connectors.shopee.forms import STREAMS
from linkstar_pipelines.connectors.shopee.listings import listings, stock
from linkstar_pipelines.connectors.shopee.orders import FORM
from linkstar_pipelines.connectors.shopee.payments import payments
from linkstar_pipelines.connectors.shopee.push import event_of
from linkstar_pipelines.connectors.shopee.returns import returns
from linkstar_pipelines.domain.orders import order_lines
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.shopee.support import NOW, sandbox_shop
from tests.support import TOKEN_KEY, running_sandbox, shared_path, world_orders

Json = dict[str, Any]
NAMES = {operation.path: operation for operation in vars(op).values() if isinstance(operation, op.Operation)}
ENVELOPE = [{"name": name, "type": "string"} for name in ("error", "message", "request_id")]
"""What every answer has, whether its reference names it or not."""


@cache
def reference(name: str) -> Json:
    """The reference of a call such as `order.get_order_list`."""
    document: Json = json.loads(shared_path("contracts", "shopee", f"v2.{name}.json").read_text())
    return document


def reference_of(path: str) -> Json:
    module = "public.refresh_access_token" if "/auth/" in path else path.removeprefix("/api/v2/").replace("/", ".")
    return reference(module)


def fields(parameters: Any) -> dict[str, Json]:
    return {entry["name"]: entry for entry in parameters or [] if isinstance(entry, dict) and "name" in entry}


def children(entry: Json) -> dict[str, Json]:
    return next((fields(part) for key, part in entry.items() if isinstance(part, list) and fields(part)), {})


def misfits(value: Any, entry: Json, where: str) -> Iterator[str]:
    """Tell where a value does not fit the reference's type, or has a field it does not know."""
    kind = str(entry.get("type", ""))
    if value is None:
        return
    if kind.endswith("[]"):
        if not isinstance(value, list):
            yield f"{where} is no list"
            return
        for part in value:
            yield from misfits(part, {**entry, "type": kind[:-2]}, f"{where}[]")
    elif kind == "object":
        if not isinstance(value, dict):
            yield f"{where} is no object"
            return
        known = children(entry)
        for name, part in value.items():
            if name not in known:
                yield f"{where}.{name} is unknown"
            else:
                yield from misfits(part, known[name], f"{where}.{name}")
    else:
        allowed = {"string": str, "boolean": bool, "float": int | float}.get(kind, int)
        if not isinstance(value, allowed):
            yield f"{where} is no {kind}"


# What the reference words differently from its own examples.
TOLERATED = {
    "order_list[].item_list[].product_location_id is no string",
    "push_message_list[].data is no string",
    "item_list[].stock_info_v2 is unknown",
}


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory: pytest.TempPathFactory, wire_database: Postgres) -> list[httpx.Response]:
    """Everything the client asks and the sandbox answers in one round through all streams and writes."""
    shared_path("contracts", "shopee")
    wire_database.execute("TRUNCATE ops.rate_budget, ops.page_tally, ops.api_call, ops.store_token")
    seen: list[httpx.Response] = []

    def keep(response: httpx.Response) -> None:
        response.read()
        seen.append(response)

    folder: Path = tmp_path_factory.mktemp("shopee-contract")
    flags = ("--accounts", "SPSG", "--orders-per-day", "3", "--products", "10", "--rate-scale", "100000")
    transport = httpx.Client(event_hooks={"response": [keep]})
    core = HttpCore(
        wire_database, timeout=5, max_attempts=2, max_wait=60, token_key=TOKEN_KEY, client=transport
    )  # fmt: skip
    with running_sandbox(folder, *flags) as url, core:
        client = ShopeeClient(sandbox_shop(url), core)
        client.check_access()
        for stream in Stream:
            list(client.read(stream, Window(NOW - timedelta(days=20), NOW), 0))
        record = next(iter(client.read(Stream.LISTINGS, None, 0))).records[0]
        client.push_stock([StockChange("SG", f"{record['item']['item_id']}-0", "", n) for n in (5, -1)])
        order = next(order for order in world_orders(url, "SPSG") if order["status"] == "UNSHIPPED")
        lines = {line["orderItemId"]: line["quantityOrdered"] for line in order["lines"]}
        parcel = Parcel(order["orderId"], "SG", "p", "OWN", "T1", datetime.now(UTC), lines)
        assert client.confirm_shipment(parcel) == client.confirm_shipment(parcel)
        client.confirm_lost_pushes(client.lost_pushes().last_message_id or 0)
    return seen


def test_every_answer_of_the_sandbox_fits(exchanges: list[httpx.Response]) -> None:
    assert {response.request.url.path.removeprefix("/shopee") for response in exchanges} == set(NAMES)
    for response in exchanges:
        document = reference_of(response.request.url.path.removeprefix("/shopee"))
        known = fields(document["params"]["response_params"])
        envelope = {"name": "", "type": "object", "children": [*ENVELOPE, *known.values()]}
        wrong = {text.removeprefix(".response.").removeprefix(".") for text in misfits(response.json(), envelope, "")}
        assert wrong <= TOLERATED, document["api_name"]


def example(name: str) -> Json:
    """The recorded answer of a call; the reference's slips in its JSON are mended."""
    value = reference(name)["response_sample"][0]["value"]
    if isinstance(value, dict):
        return json.loads(json.dumps(value))  # type: ignore[no-any-return]
    text = re.sub(r"^\{\s*\{", "{", value)
    text = re.sub(r'(\d|"|\]|\})(\s*\n\s*")', r"\1,\2", text)
    text = re.sub(r",(\s*[}\]])", r"\1", text)
    found: Json = read_json(text.encode())
    return found


def rows_of(stream: Stream, record: Json) -> Any:
    rows, rejected = raw_rows("shopee", "shop", stream, STREAMS[stream], [record], NOW)
    assert rejected.is_empty(), rejected.to_dicts()
    return rows


def test_the_recorded_order_is_read() -> None:
    (order,) = example("order.get_order_detail")["response"]["order_list"]
    zones = pl.DataFrame({"store": ["shop"], "time_zone": ["Asia/Ho_Chi_Minh"]})
    lines, rejected = order_lines(rows_of(Stream.ORDERS, order), FORM, ListingMap.create_empty(), zones)
    assert rejected.is_empty(), rejected.to_dicts()
    (line,) = lines.to_dicts()
    assert (line["listing_sku"], line["line_id"]) == ("QAZ-SADOER-05", "23620853561")
    assert (line["quantity_ordered"], line["quantity_shipped"], line["state"]) == (1, 1, "closed")
    assert (line["unit_price"], line["discount_amount"], line["currency"]) == (300000, 252000, "VND")


def test_the_recorded_item_and_models_are_read() -> None:
    (item,) = example("product.get_item_base_info")["response"]["item_list"]
    models = example("product.get_model_list")["response"]
    for number, model in enumerate(models["model"]):
        model["model_id"] = 100 + number  # the example leaves it out
    record = {"region": "TW", "item": item, "models": models}
    table, _ = listings(rows_of(Stream.LISTINGS, record), SkuCodeRules(accept={"default": "^[A-Z -]+$"}))
    assert (table["listing_sku"].to_list(), table["price"].to_list()) == (["blue bag"], [100])
    figures, rejected = stock(rows_of(Stream.INVENTORY, record))
    assert rejected.is_empty()
    assert figures["available"].to_list() == [0]


@pytest.mark.parametrize("name", ["returns.get_return_list", "returns.get_return_detail"])
def test_the_recorded_returns_are_read(name: str) -> None:
    response = example(name)["response"]
    record = response["return"][0] if "return" in response else response
    table, rejected = returns(rows_of(Stream.RETURNS, record))
    assert rejected.is_empty(), rejected.to_dicts()
    assert table["return_id"].to_list() == [record["return_sn"]] * len(record["item"])


def test_the_recorded_escrow_is_read_and_adds_up() -> None:
    row = example("payment.get_escrow_list")["response"]["escrow_list"][0]
    detail = example("payment.get_escrow_detail")["response"]
    record = {"region": "SG", "escrow": row, "detail": detail}
    table, rejected = payments(rows_of(Stream.FINANCES, record))
    assert rejected.is_empty(), rejected.to_dicts()
    assert float(table["amount"].sum()) == pytest.approx(float(detail["order_income"]["escrow_amount"]))


def test_the_recorded_lost_push_is_read() -> None:
    (message,) = example("push.get_lost_push_message")["response"]["push_message_list"]
    event = event_of(message["data"])
    assert (event.account, event.record_id, event.stream) == ("727720655", "220810QSK8S7BX", Stream.ORDERS)
