"""TikTok Shop's side alone: who may call, filters, pages, units, shipping, stock, webhooks."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from linkstar_pipelines.sandbox.app import _bench
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.tiktok.side import Side
from linkstar_pipelines.sandbox.world.accounts import ACCOUNTS
from tests.sandbox.tiktok.support import SEARCH, Json, TikTokWire
from tests.support import running_sandbox, world_orders

FLAGS = ("--accounts", "TTUS,TTGB", "--orders-per-day", "6", "--products", "30")
NOW = int(datetime(2026, 5, 24, tzinfo=UTC).timestamp())
ALL: Json = {"update_time_ge": 0, "update_time_lt": NOW + 1}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("side"), *FLAGS, "--rate-scale", "100000") as url:
        yield url


@pytest.fixture(scope="module")
def wire(url: str) -> TikTokWire:
    return TikTokWire(url)


@pytest.fixture(scope="module")
def other(url: str) -> TikTokWire:
    return TikTokWire(url, "TTGB")


def test_a_refresh_token_is_spent_once_and_ends_are_instants(other: TikTokWire) -> None:
    seed = other.refresh_token
    data = other.refresh()["data"]
    assert 3590 < data["access_token_expire_in"] - time.time() < 3610
    assert data["refresh_token_expire_in"] > data["access_token_expire_in"]
    assert other.refresh(seed)["code"] != 0
    assert other.refresh()["code"] == 0


@pytest.mark.parametrize("changes", [{"app_key": "x"}, {"app_secret": "x"}, {"grant_type": "x"}])
def test_tokens_are_given_to_the_app_alone(other: TikTokWire, changes: dict[str, str]) -> None:
    assert other.refresh(**changes)["code"] != 0


def test_tokens_expire_and_a_restarted_sandbox_knows_the_kept_refresh_token(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *FLAGS, "--token-ttl", "0.2") as url:
        wire = TikTokWire(url)
        wire.refresh()
        time.sleep(0.3)
        refused = wire.send("/authorization/202309/shops")
        assert (refused.status_code, "expired" in refused.json()["message"]) == (401, True)
    with running_sandbox(tmp_path, *FLAGS) as url:
        again = TikTokWire(url)
        assert again.refresh(wire.refresh_token)["code"] == 0
        assert again.refresh(wire.refresh_token)["code"] != 0


@pytest.mark.parametrize(
    "changes", [{"app_key": "x"}, {"timestamp": "1"}, {"timestamp": ""}, {"sign": "0" * 64}, {"shop_cipher": "x"}]
)
def test_a_call_that_is_not_properly_signed_is_refused(wire: TikTokWire, changes: Json) -> None:
    refused = wire.send(SEARCH, ALL, changes, page_size=20)
    assert refused.status_code in {400, 401}
    assert refused.json()["code"] != 0
    assert refused.json()["data"] is None


def test_a_strange_token_or_cipher_is_refused(url: str) -> None:
    wire = TikTokWire(url)
    wire.token = wire.cipher
    assert wire.send(SEARCH, ALL, page_size=20).status_code == 401
    wire.token, wire.cipher = "", "SBX_ttgb-cipher"
    assert wire.send("/product/202502/products/search", {}, page_size=20).json()["code"] != 0


def test_the_total_is_that_of_the_whole_result_on_every_page(wire: TikTokWire, url: str) -> None:
    found, totals = wire.orders(ALL, sort_field="update_time")
    world = {order["orderId"] for order in world_orders(url, "TTUS")}
    assert len(found) == len(world) > 100
    assert {order["id"] for order in found} == world
    assert totals == {len(world)}
    assert [order["update_time"] for order in found] == sorted(order["update_time"] for order in found)


def test_filters_hold_on_both_times_and_the_end_is_not_part(wire: TikTokWire) -> None:
    everything, _ = wire.orders(ALL, sort_field="update_time")
    middle = everything[len(everything) // 2]["update_time"]
    before, _ = wire.orders({"update_time_lt": middle}, sort_field="update_time")
    after, _ = wire.orders({"update_time_ge": middle}, sort_field="update_time")
    assert len(before) + len(after) == len(everything)
    assert after[0]["update_time"] == middle
    created, _ = wire.orders({"create_time_ge": middle, "order_status": "UNPAID"})
    assert all(order["create_time"] >= middle and order["status"] == "UNPAID" for order in created)


def test_a_page_token_holds_only_with_its_parameters(wire: TikTokWire) -> None:
    token = wire.good(SEARCH, ALL, page_size=5)["next_page_token"]
    assert wire.good(SEARCH, ALL, page_size=5, page_token=token)["orders"]
    assert wire.send(SEARCH, {"update_time_ge": 1}, page_size=5, page_token=token).json()["code"] != 0
    assert wire.send(SEARCH, ALL, page_size=6, page_token=token).json()["code"] != 0
    assert wire.send(SEARCH, ALL, page_size=5, page_token=f"forged.{token}").json()["code"] != 0


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ({}, {}),
        ({}, {"page_size": 101}),
        ({"colour": 1}, {"page_size": 5}),
        ({"update_time_ge": "x"}, {"page_size": 5}),
    ],
)
def test_parameters_are_checked(wire: TikTokWire, body: Json, query: Json) -> None:
    query = {"sort_field": "update_time", **query}
    assert wire.send(SEARCH, body, **query).status_code == 400


def test_each_unit_is_an_entry_and_amounts_add_up(wire: TikTokWire, other: TikTokWire, url: str) -> None:
    for shop, code in ((wire, "TTUS"), (other, "TTGB")):
        found = {order["id"]: order for order in shop.orders(ALL, size=100)[0]}
        for known in world_orders(url, code):
            order = found[known["orderId"]]
            units = order["line_items"]
            assert len({unit["id"] for unit in units}) == len(units)
            active = [unit for unit in units if unit["display_status"] != "CANCELLED" or order["status"] == "CANCELLED"]
            assert len(active) == sum(line["quantityOrdered"] for line in known["lines"])
            assert {line["orderItemId"] for line in known["lines"]} <= {unit["id"] for unit in units}
            paid = sum(round(float(unit["sale_price"]) * 100) for unit in active)
            assert paid == round(float(order["payment"]["sub_total"]) * 100)
            assert bool(units[0]["item_tax"]) is (code == "TTUS")
    assert all(
        "district_info" not in order["recipient_address"] for order in shop.orders({"order_status": "UNPAID"})[0]
    )


def test_details_are_those_of_the_search_and_unknown_orders_are_left_out(wire: TikTokWire) -> None:
    listed = wire.good(SEARCH, ALL, page_size=2)["orders"]
    ids = ",".join([*(order["id"] for order in listed), "1"])
    assert wire.good("/order/202507/orders", ids=ids)["orders"] == listed
    assert wire.send("/order/202507/orders").json()["code"] != 0


def test_packages_are_made_of_open_units_and_each_call_makes_one(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *FLAGS[2:], "--accounts", "TTUS", "--orders-per-day", "40") as url:
        shop = TikTokWire(url)
        waiting, _ = shop.orders({"order_status": "AWAITING_SHIPMENT"})
        order = next(order for order in waiting if len(order["line_items"]) > 1)
        _mark_all(shop, order)


def _mark_all(shop: TikTokWire, order: Json) -> None:
    path, units = f"/fulfillment/202610/orders/{order['id']}/packages", [unit["id"] for unit in order["line_items"]]
    info = [{"tracking_number": "T1", "shipping_provider_id": "7"}]

    def mark(*ids: str) -> Json:
        body = {"order_line_list": [{"order_line_id": one} for one in ids], "shipping_info_list": info}
        answer: Json = shop.send(path, body).json()
        return answer

    def shown() -> Json:
        found: Json = shop.good("/order/202507/orders", ids=order["id"])["orders"][0]
        return found

    first = mark(units[0])
    assert first["data"]["order_line_item_ids"] == units[:1]
    assert mark(units[0])["code"] != 0
    assert mark()["code"] != 0
    assert (shown()["status"], shown()["packages"]) == ("PARTIALLY_SHIPPING", [{"id": first["data"]["package_id"]}])
    second = mark(*units[1:])
    assert second["data"]["package_id"] != first["data"]["package_id"]
    assert (shown()["status"], shown()["update_time"]) == ("AWAITING_COLLECTION", NOW)
    assert shop.send("/fulfillment/202610/orders/1/packages", {}).json()["code"] != 0


def test_stock_is_shown_pushed_and_refused_per_sku(wire: TikTokWire) -> None:
    page = wire.good("/product/202502/products/search", {"status": "ALL"}, page_size=5)
    assert page["total_count"] > 5
    assert page["next_page_token"]
    product = next(product for product in page["products"] if len(product["skus"]) == 2)
    first, second = (sku["id"] for sku in product["skus"])
    path = f"/product/202309/products/{product['id']}/inventory/update"
    changes = [
        {"id": first, "inventory": [{"quantity": 77}]}, {"id": second, "inventory": [{"quantity": -1}]},
        {"id": "9", "inventory": [{"quantity": 1}]},
    ]  # fmt: skip
    errors = wire.good(path, {"skus": changes})["errors"]
    assert [error["detail"]["sku_id"] for error in errors] == [second, "9"]
    (shown,) = wire.good("/product/202309/inventory/search", {"product_ids": [product["id"], "1"]})["inventory"]
    assert shown["skus"][0]["total_available_quantity"] == 77
    assert wire.send("/product/202309/products/1/inventory/update", {"skus": changes}).json()["code"] != 0
    assert wire.send("/product/202309/inventory/search", {"product_ids": []}).json()["code"] != 0


def test_too_many_requests_are_a_failure_in_a_success(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *FLAGS, "--rate-scale", "0.001") as url:
        wire = TikTokWire(url)
        answers = [wire.send("/authorization/202309/shops") for _ in range(52)]
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json()["code"] for answer in answers] == [0] * 50 + [36009002] * 2


def test_spoiled_orders_are_spoiled_in_three_ways(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *FLAGS, "--fault", "malformed_order=0.5") as url:
        found, totals = TikTokWire(url).orders(ALL, size=100)
        world = len(world_orders(url, "TTUS"))
    nameless = sum("id" not in order for order in found)
    empty = sum(order["line_items"] is None for order in found)
    dear = sum(order["line_items"] is not None and order["line_items"][0]["sale_price"] == "n/a" for order in found)
    assert min(nameless, empty, dear) > 5
    assert totals == {world} == {len(found)}


def test_a_path_that_does_not_exist_is_told_in_the_envelope(url: str) -> None:
    answer = httpx.get(f"{url}/tiktok/order/199901/orders")
    assert (answer.status_code, answer.json()["data"]) == (404, None)
    assert answer.json()["code"] != 0


def test_webhooks_are_signed_and_name_each_version_once() -> None:
    side = Side(_bench(parse_options([*FLAGS])))
    account = ACCOUNTS["TTGB"]
    found = side.pushes(account, NOW - 5 * 86400, NOW)
    messages = [json.loads(push.body) for push in found]
    for push in found:
        message = account.client_id.encode() + push.body
        expected = hmac.new(account.client_secret.encode(), message, hashlib.sha256).hexdigest()
        assert push.headers["Authorization"] == expected
    assert len({message["tts_notification_id"] for message in messages}) == len(messages) > 20
    assert {message["shop_id"] for message in messages} == {account.seller_id}
    assert {"UNPAID", "AWAITING_SHIPMENT", "IN_TRANSIT"} <= {message["data"]["order_status"] for message in messages}
    assert [message["timestamp"] for message in messages] == sorted(message["timestamp"] for message in messages)
