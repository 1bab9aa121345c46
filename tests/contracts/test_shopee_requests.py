"""Every request that the Shopee client can make, sent to a server run from Shopee's reference, which may refuse it."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Parcel, StockChange, Window
from linkstar_pipelines.connectors.shopee import operations
from linkstar_pipelines.connectors.shopee.client import ShopeeClient
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.shopee.support import shopee_store
from tests.contracts import models
from tests.contracts.model_server import ModelServer, serving
from tests.support import TOKEN_KEY

OPERATIONS = {value.path: value for value in vars(operations).values() if isinstance(value, operations.Operation)}
METHODS = {1: "POST", 2: "GET"}
OK = {"error": "", "message": "", "request_id": "r"}
UNIT = {"item_id": 1, "model_id": 2, "model_quantity": 1}
LINE = {"item_id": 1, "model_id": 2, "order_item_id": 1, "line_item_id": 3}
ORDER = {
    "order_sn": "S1",
    "item_list": [LINE],
    "package_list": [
        {"package_number": "P1", "logistics_status": "LOGISTICS_PICKUP_DONE", "item_list": [UNIT]},
        {"package_number": "P2", "logistics_status": "LOGISTICS_READY", "item_list": [UNIT]},
    ],
}
# What `response` holds; the first page with a mark of the next, and the last, where there are pages.
RESPONSES: dict[str, list[dict[str, Any]]] = {
    "order.get_order_list": [
        {"more": True, "next_cursor": "20", "order_list": [{"order_sn": "S1"}]},
        {"more": False, "next_cursor": "", "order_list": []},
    ],
    "order.get_order_detail": [{"order_list": [ORDER]}],
    "product.get_item_list": [
        {"item": [{"item_id": 1}], "total_count": 1, "has_next_page": True, "next_offset": 1},
        {"item": [], "total_count": 1, "has_next_page": False},
    ],
    "product.get_item_base_info": [{"item_list": [{"item_id": 1, "has_model": True}]}],
    "product.get_model_list": [{"model": []}],
    "product.update_stock": [{"success_list": [{"model_id": 0}], "failure_list": []}],
    "logistics.get_shipping_parameter": [{"info_needed": {"non_integrated": ["tracking_number"]}}],
    "logistics.get_tracking_number": [{"tracking_number": "T2"}],
    "returns.get_return_list": [
        {"more": True, "return": [{"return_sn": "R1"}]}, {"more": False, "return": []},
    ],
    "returns.get_return_detail": [{"return_sn": "R1"}],
    "payment.get_escrow_list": [
        {"more": True, "escrow_list": [{"order_sn": "S1"}]}, {"more": False, "escrow_list": []},
    ],
    "payment.get_escrow_detail": [{"order_sn": "S1", "order_income": {}}],
    "payment.get_wallet_transaction_list": [{"more": False, "transaction_list": []}],
    "push.get_lost_push_message": [{"push_message_list": [], "last_message_id": 7, "has_next_page": False}],
}  # fmt: skip
ANSWERS: dict[str, list[Any]] = {
    **{f"v2.{name}": [{**OK, "response": page} for page in pages] for name, pages in RESPONSES.items()},
    "v2.public.refresh_access_token": [{**OK, "access_token": "a", "refresh_token": "f", "expire_in": 14400}],
    "v2.shop.get_shop_info": [{**OK, "shop_name": "s"}],
    "v2.logistics.ship_order": [OK],
    "v2.push.confirm_consumed_lost_push_message": [OK],
}
NOW = datetime.now(UTC)
MONTH = Window(NOW - timedelta(days=31), NOW - timedelta(days=1))
PARCEL = Parcel("S1", "SG", "p", "OWN", "T1", NOW, {"3": 1})


def each_reading(stream: Stream, window: Window | None) -> Callable[[ShopeeClient], object]:
    return lambda client: [list(client.read(stream, window, reading)) for reading in (0, 1, 2)]


CALLS: dict[str, Callable[[ShopeeClient], object]] = {
    "access": lambda client: client.check_access(),
    "orders": each_reading(Stream.ORDERS, MONTH),
    "one order": lambda client: client.get_order("S1"),
    "listings": each_reading(Stream.LISTINGS, None),
    "inventory": each_reading(Stream.INVENTORY, None),
    "returns": each_reading(Stream.RETURNS, MONTH),
    "finances": each_reading(Stream.FINANCES, MONTH),
    "stock": lambda client: client.push_stock([StockChange("SG", f"1-{model}", "A", 5) for model in range(60)]),
    "shipment": lambda client: client.confirm_shipment(PARCEL),
    "lost pushes": lambda client: client.lost_pushes(),
    "lost pushes read": lambda client: client.confirm_lost_pushes(7),
}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with serving(ModelServer({"/api/v2": models.shopee(*OPERATIONS)}, dict(ANSWERS))) as running:
        yield running


@pytest.fixture
def core(postgres: Postgres) -> Iterator[HttpCore]:
    with HttpCore(postgres, timeout=10, max_attempts=1, max_wait=5, token_key=TOKEN_KEY) as made:
        yield made


@pytest.mark.parametrize("call", CALLS)
def test_the_reference_accepts_every_request(call: str, server: ModelServer, core: HttpCore) -> None:
    server.judgement.refused.clear()
    CALLS[call](ShopeeClient(shopee_store("shop", server.url), core))
    assert server.judgement.refused == []


def test_every_operation_has_been_exercised(server: ModelServer, core: HttpCore) -> None:
    client = ShopeeClient(shopee_store("shop", server.url), core)
    for call in CALLS.values():
        call(client)
    assert server.judgement.accepted == {(operation.method, path) for path, operation in OPERATIONS.items()}


SIGNED = "partner_id=1&timestamp=1&access_token=a&shop_id=1&sign=s"
STOCK: dict[str, Any] = {"item_id": 1, "stock_list": [{"model_id": 1, "seller_stock": [{"stock": 5}]}]}
SPOILED: dict[str, tuple[str, str, Any]] = {
    "an unknown address": ("GET", f"/api/v2/order/get_parcels?{SIGNED}", None),
    "a method that is not offered": ("POST", f"/api/v2/shop/get_shop_info?{SIGNED}", {}),
    "a call that is not signed": ("GET", "/api/v2/shop/get_shop_info", None),
    "a parameter that is not named": ("GET", f"/api/v2/order/get_order_detail?{SIGNED}&order_sn_list=S&page=1", None),
    "a required parameter that is missing": ("GET", f"/api/v2/order/get_order_detail?{SIGNED}", None),
    "a value of another type": (
        "GET", f"/api/v2/payment/get_escrow_list?{SIGNED}&release_time_from=today&release_time_to=2", None,
    ),
    "a field of another type": ("POST", f"/api/v2/product/update_stock?{SIGNED}", {**STOCK, "item_id": "1"}),
    "a field that is not named": ("POST", f"/api/v2/product/update_stock?{SIGNED}", {**STOCK, "sku": "A"}),
}  # fmt: skip


@pytest.mark.parametrize("request_", SPOILED.values(), ids=SPOILED.keys())
def test_the_reference_refuses_a_spoiled_request(request_: tuple[str, str, Any], server: ModelServer) -> None:
    method, address, body = request_
    server.judgement.refused.clear()
    answer = httpx.request(method, server.url + address, json=body)
    assert 400 <= answer.status_code < 500, answer.text
    assert len(server.judgement.refused) == 1


@pytest.mark.parametrize("path", sorted(OPERATIONS))
def test_method_and_path_of_every_operation_are_the_references(path: str) -> None:
    document = models.shopee_reference(path)
    assert METHODS[document["method"]] == OPERATIONS[path].method
    if "/auth/" not in path:
        assert document["path"] == path


def test_optional_order_fields_are_ones_the_reference_offers() -> None:
    document = models.shopee_reference(operations.ORDER_DETAIL.path)
    parameters = {field["name"]: field for field in document["params"]["request_params"]}
    offered = re.split(r"[^a-z_]+", parameters["response_optional_fields"]["description"])
    assert set(operations.ORDER_FIELDS) <= set(offered)
