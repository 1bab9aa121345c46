"""Shopee's side alone: who may call, windows, pages, details, shipping, stock, returns, money, pushes."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from linkstar_pipelines.sandbox.app import _bench
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.shopee.side import Side
from linkstar_pipelines.sandbox.world.accounts import ACCOUNTS
from tests.sandbox.shopee.support import Json, ShopeeWire, sign
from tests.support import running_sandbox, world_orders

FLAGS = ("--accounts", "SPSG,SPMY", "--orders-per-day", "6", "--products", "30")
NOW = int(datetime(2026, 5, 24, tzinfo=UTC).timestamp())
DETAIL: Json = {"response_optional_fields": "item_list,recipient_address,package_list,total_amount,pay_time"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("side"), *FLAGS, "--rate-scale", "100000") as url:
        yield url


@pytest.fixture(scope="module")
def wire(url: str) -> ShopeeWire:
    return ShopeeWire(url)


@pytest.fixture(scope="module")
def other(url: str) -> ShopeeWire:
    return ShopeeWire(url, "SPMY")


def test_a_refresh_token_is_spent_once_and_the_old_access_token_goes_on(other: ShopeeWire) -> None:
    seed = other.refresh_token
    first = other.refresh()
    assert (first["shop_id"], first["partner_id"], first["expire_in"]) == (727720656, 2001888, 3600)
    old = other.token
    assert other.refresh(seed)["error"] == "error_shop_refresh_token"
    assert other.refresh()["error"] == ""
    assert other.token != old
    fresh, other.token = other.token, old
    assert other.call("shop.get_shop_info")["error"] == ""
    other.token = fresh


def test_tokens_expire_and_a_restarted_sandbox_knows_the_kept_refresh_token(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *FLAGS, "--token-ttl", "0.2") as url:
        wire = ShopeeWire(url)
        wire.refresh()
        time.sleep(0.3)
        assert wire.call("shop.get_shop_info")["error"] == "invalid_acceess_token"
    with running_sandbox(tmp_path, *FLAGS) as url:
        again = ShopeeWire(url)
        assert again.refresh(wire.refresh_token)["error"] == ""
        assert again.refresh(wire.refresh_token)["error"] == "error_shop_refresh_token"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"partner_id": ""}, "error_param"), ({"partner_id": 1}, "invalid_partner_id"),
        ({"timestamp": ""}, "error_param"), ({"sign": ""}, "error_param"), ({"sign": "0" * 64}, "error_sign"),
        ({"access_token": ""}, "error_param"), ({"shop_id": 727720656}, "error_sign"),
    ],
)  # fmt: skip
def test_a_call_that_is_not_properly_signed_is_refused(wire: ShopeeWire, changes: Json, code: str) -> None:
    wire.call("shop.get_shop_info")
    path = "/api/v2/shop/get_shop_info"
    answer = wire.http.get(path, params={**wire.signed(path), **changes}).json()
    assert answer["error"] == code


@pytest.mark.parametrize("late", [-310, 310])
def test_a_timestamp_is_good_for_five_minutes(wire: ShopeeWire, late: int) -> None:
    path = "/api/v2/shop/get_shop_info"
    answer = wire.http.get(path, params=wire.signed(path, timestamp=int(time.time()) + late)).json()
    assert (answer["error"], answer["message"]) == ("error_param", "Timestamp is expired.")


def test_call_rates_run_out_inside_http_200(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *FLAGS, "--rate-scale", "0.01") as url:
        wire = ShopeeWire(url)
        codes = [wire.call("shop.get_shop_info")["error"] for _ in range(160)]
    assert codes[:150] == [""] * 150
    assert codes[-1] == "error_rate_limit"


@pytest.mark.parametrize("days", [0, -1, 15.001])
def test_a_window_beyond_15_days_or_backwards_is_refused(wire: ShopeeWire, days: float) -> None:
    answer = wire.call(
        "order.get_order_list", time_range_field="update_time", time_from=NOW, time_to=NOW + int(days * 86400),
        page_size=10,
    )  # fmt: skip
    assert answer["error"] == "order.order_list_invalid_time"


def test_pages_follow_the_cursor_whatever_their_size(wire: ShopeeWire, url: str) -> None:
    found = wire.orders(NOW)
    assert sorted(found) == sorted(wire.orders(NOW, page_size=7))
    since = datetime.fromtimestamp(NOW - 15 * 86400, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    world = {order["orderId"] for order in world_orders(url, "SPSG") if order["lastUpdatedTime"] >= since}
    assert set(found) == world
    assert len(found) == len(world)


def test_details_hold_the_bare_minimum_unless_fields_are_named(wire: ShopeeWire) -> None:
    ids = wire.orders(NOW)[:50]
    bare = wire.good("order.get_order_detail", order_sn_list=",".join(ids))["order_list"]
    assert [order["order_sn"] for order in bare] == ids
    assert set(bare[0]) == {
        "order_sn", "region", "currency", "cod", "order_status", "message_to_seller", "create_time", "update_time",
        "days_to_ship", "ship_by_date",
    }  # fmt: skip
    full = wire.good("order.get_order_detail", order_sn_list=",".join(ids), **DETAIL)["order_list"]
    for order in full:
        open_recipient = order["order_status"] in {"READY_TO_SHIP", "PROCESSED"}
        assert ("****" in order["recipient_address"]["name"]) is not open_recipient
        assert ("total_amount" in order) is (order["pay_time"] is not None)
        for line in order["item_list"]:
            assert line["active_qty"] + line["cancelled_qty"] == line["model_quantity_purchased"]
    assert wire.call("order.get_order_detail", order_sn_list=",".join(["X"] * 51))["error"] == "error_param"
    assert wire.call("order.get_order_detail", order_sn_list="X")["error"] == "error_not_found"


def test_partial_cancellations_stay_in_the_quantity_purchased(wire: ShopeeWire, other: ShopeeWire) -> None:
    orders = []
    for shop, back in product((wire, other), range(6)):
        ids = shop.orders(NOW - back * 15 * 86400)
        for start in range(0, len(ids), 50):
            asked = ",".join(ids[start : start + 50])
            orders += shop.good("order.get_order_detail", order_sn_list=asked, **DETAIL)["order_list"]
    partly = [
        (order, line) for order in orders for line in order["item_list"]
        if order["order_status"] != "CANCELLED" and line["cancelled_qty"]
    ]  # fmt: skip
    assert partly
    for order, line in partly:
        packed = [
            part["model_quantity"] for package in order["package_list"] for part in package["item_list"]
            if (part["item_id"], part["model_id"]) == (line["item_id"], line["model_id"])
        ]  # fmt: skip
        assert sum(packed) == line["active_qty"]


def test_shipping_is_arranged_once(wire: ShopeeWire, url: str) -> None:
    order = next(order for order in world_orders(url, "SPSG") if order["status"] == "UNSHIPPED")["orderId"]
    assert wire.good("logistics.get_shipping_parameter", order_sn=order)["info_needed"] == {
        "non_integrated": ["tracking_no"]
    }
    body = {"order_sn": order, "non_integrated": {"tracking_number": "T1"}}
    assert (
        wire.call("logistics.ship_order", {"order_sn": order})["error"] == "logistics.ship_order_need_tracking_number"
    )
    assert wire.call("logistics.ship_order", body)["error"] == ""
    assert wire.call("logistics.ship_order", body)["error"] == "logistics.package_already_shipped"
    assert wire.good("logistics.get_tracking_number", order_sn=order) == {"tracking_number": "T1"}


def test_items_have_models_or_none_and_a_total(wire: ShopeeWire) -> None:
    first = wire.good("product.get_item_list", offset=0, page_size=5, item_status="NORMAL")
    assert (first["has_next_page"], first["next_offset"], len(first["item"])) == (True, 5, 5)
    assert first["total_count"] > 5
    ids = ",".join(str(item["item_id"]) for item in first["item"])
    items = wire.good("product.get_item_base_info", item_id_list=ids)["item_list"]
    assert [item["has_model"] for item in items] == [False, True, False, True, False]
    assert all(("stock_info_v2" in item) is not item["has_model"] for item in items)
    models = wire.good("product.get_model_list", item_id=items[1]["item_id"])["model"]
    assert len(models) == 2
    change = [{"model_id": models[0]["model_id"], "seller_stock": [{"stock": 77}]},
              {"model_id": 1, "seller_stock": [{"stock": 1}]}]  # fmt: skip
    answer = wire.good("product.update_stock", {"item_id": items[1]["item_id"], "stock_list": change})
    assert answer["failure_list"] == [{"model_id": 1, "failed_reason": "Wrong model_id."}]
    again = wire.good("product.get_model_list", item_id=items[1]["item_id"])["model"]
    assert again[0]["stock_info_v2"]["seller_stock"][0]["stock"] == 77
    whole = [{"model_id": 0, "seller_stock": [{"stock": 1}]}]
    refused = wire.call("product.update_stock", {"item_id": items[1]["item_id"], "stock_list": whole})
    assert refused["error"] == "error_edit_item_stock_for_item_has_model"


def test_escrows_and_adjustments_make_the_balance_of_the_wallet(wire: ShopeeWire) -> None:
    released: Json = {"release_time_from": 0, "release_time_to": NOW}
    page, escrows = 1, []
    while True:
        answer = wire.good("payment.get_escrow_list", page_no=page, page_size=100, **released)
        escrows += answer["escrow_list"]
        page += 1
        if not answer["more"]:
            break
    newest = wire.good(
        "payment.get_wallet_transaction_list", page_no=0, page_size=100, create_time_from=NOW - 15 * 86400,
        create_time_to=NOW,
    )["transaction_list"][0]  # fmt: skip
    others = []
    for back in range(7):
        span: Json = {"create_time_from": NOW - (back + 1) * 15 * 86400 + 1, "create_time_to": NOW - back * 15 * 86400}
        for number in range(20):
            answer = wire.good("payment.get_wallet_transaction_list", page_no=number, page_size=100, **span)
            others += [row for row in answer["transaction_list"] if not row["transaction_type"].startswith("ESCROW")]
            if not answer["more"]:
                break
    total = sum(row["payout_amount"] for row in escrows) + sum(row["amount"] for row in others)
    assert total == pytest.approx(newest["current_balance"])
    assert wire.call("payment.get_escrow_detail", order_sn="X")["error"] == "order_not_found"


def test_returns_go_through_their_stages(wire: ShopeeWire) -> None:
    rows = wire.good("returns.get_return_list", page_no=0, page_size=100)["return"]
    assert {"ACCEPTED"} <= {row["status"] for row in rows} <= {"REQUESTED", "PROCESSING", "ACCEPTED"}
    detail = wire.good("returns.get_return_detail", return_sn=rows[0]["return_sn"])
    assert detail["reverse_logistics_status"] == "LOGISTICS_DELIVERY_DONE"
    late = wire.call("returns.get_return_list", page_no=0, page_size=10, update_time_from=0, update_time_to=NOW)
    assert late["error"] == "error_param"


def test_malformed_orders_are_spoiled_in_three_ways(url: str, wire: ShopeeWire) -> None:
    wire.tell("faults", {"faults": {"malformed_order": 1.0}})
    try:
        ids = ",".join(wire.orders(NOW)[:50])
        orders = wire.good("order.get_order_detail", order_sn_list=ids, **DETAIL)["order_list"]
    finally:
        wire.tell("faults", {"faults": {"malformed_order": 0.0}})
    lacking = sum("order_sn" not in order for order in orders)
    bare = sum(order["item_list"] is None for order in orders)
    priced = sum(
        bool(order["item_list"]) and order["item_list"][0]["model_original_price"] == "n/a" for order in orders
    )
    assert min(lacking, bare, priced) > 0
    assert lacking + bare + priced == len(orders)


def test_a_path_that_does_not_exist_is_refused_in_the_envelope(wire: ShopeeWire) -> None:
    answer = wire.http.get("/api/v2/nothing")
    assert (answer.status_code, answer.json()["error"]) == (404, "error_param")


def test_pushes_are_signed_over_the_registered_address_and_tell_every_version() -> None:
    bench = _bench(parse_options(["--accounts", "SPSG", "--orders-per-day", "2", "--products", "10"]))
    side, account = Side(bench), ACCOUNTS["SPSG"]
    pushes = side.pushes(account, NOW - 5 * 86400, NOW)
    versions = [at for at, _, _ in bench.world.store("SPSG").updates if NOW - 5 * 86400 <= at < NOW]
    assert len(pushes) == len(versions) > 0
    base = f"https://linkstar.example.com/hooks/shopee|{pushes[0].body.decode()}"
    assert pushes[0].headers["Authorization"] == sign("sandbox-secret-spsg", base)


def test_lost_pushes_wait_until_they_are_confirmed(wire: ShopeeWire) -> None:
    first = wire.good("push.get_lost_push_message", public=True)
    assert first["push_message_list"]
    assert first["push_message_list"][0]["data"]["data"]["ordersn"]
    assert wire.good("push.get_lost_push_message", public=True) == first
    body = {"last_message_id": first["last_message_id"]}
    wire.good("push.confirm_consumed_lost_push_message", body, public=True)
    assert wire.good("push.get_lost_push_message", public=True)["push_message_list"] == []
