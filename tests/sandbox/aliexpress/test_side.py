"""AliExpress' side alone: signatures, tokens, windows of Pacific time, pages, failures in successes, and writes."""

import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest

from linkstar_pipelines.sandbox.aliexpress.side import Side
from linkstar_pipelines.sandbox.app import _bench
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.world.instants import parse
from tests.sandbox.aliexpress.support import Wire
from tests.support import running_sandbox

LIST, INFO = "aliexpress.solution.order.get", "aliexpress.solution.order.info.get"
QUERY = {"modified_date_start": "2026-05-20 00:00:00", "page_size": 5}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sign": "0" * 64}, "IncompleteSignature"),
        ({"app_key": "nobody"}, "InvalidAppKey"),
        ({"session": "forged"}, "IllegalAccessToken"),
        ({"session": ""}, "IllegalAccessToken"),
        ({"timestamp": str(int((time.time() - 8000) * 1000))}, "IllegalTimestamp"),
        ({"method": "aliexpress.no.such"}, "InvalidApiPath"),
    ],
)
def test_a_call_that_is_not_in_order_is_refused_with_status_200(shop: Wire, change: dict[str, str], code: str) -> None:
    told = {"method": LIST, "session": shop.token(), "param0": json.dumps(QUERY)}
    form = {**shop.signed(told), **change} if "sign" in change else shop.signed({**told, **change})
    answer = shop.send(form)
    assert answer.status_code == 200
    assert answer.json()["code"] == code


def test_either_name_of_the_token_is_taken_and_a_changed_parameter_breaks_the_signature(shop: Wire) -> None:
    form = shop.signed({"method": LIST, "access_token": shop.token(), "param0": QUERY})
    assert "aliexpress_solution_order_get_response" in shop.send(form).json()
    assert shop.send({**form, "param0": "{}"}).json()["code"] == "IncompleteSignature"


def test_a_refresh_does_not_move_the_refresh_tokens_end(shop: Wire) -> None:
    first = shop.refresh("sandbox-refresh-ae1")
    time.sleep(1.1)
    second = shop.refresh("sandbox-refresh-ae1")
    assert first["access_token"] != second["access_token"]
    assert first["refresh_token_valid_time"] == second["refresh_token_valid_time"]
    assert second["refresh_expires_in"] < first["refresh_expires_in"]
    assert shop.refresh("other")["code"] == "IllegalRefreshToken"


def test_a_code_of_consent_gives_tokens(shop: Wire) -> None:
    given = shop.rest("/auth/token/create", {"code": "sandbox-code-ae1"})
    assert (given["sp"], given["code"], given["seller_id"]) == ("ae", "0", "2671514005")
    assert shop.refresh(given["refresh_token"])["code"] == "0"
    assert shop.rest("/auth/token/create", {"code": "other"})["code"] == "InvalidCode"


def test_ended_orders_come_only_when_asked_for(shop: Wire) -> None:
    open_orders, ended = shop.every_order(), shop.every_order(order_status="FINISH")
    assert {order["order_status"] for order in ended} == {"FINISH"}
    assert "FINISH" not in {order["order_status"] for order in open_orders}
    ids = [str(order["order_id"]) for order in open_orders + ended]
    assert sorted(ids) == sorted(shop.truth())
    some = shop.every_order(order_status_list=["PLACE_ORDER_SUCCESS", "WAIT_SELLER_SEND_GOODS"])
    assert {order["order_status"] for order in some} <= {"PLACE_ORDER_SUCCESS", "WAIT_SELLER_SEND_GOODS"}


def test_bounds_and_times_are_the_coasts_wall_clock_and_both_bounds_are_included(shop: Wire) -> None:
    order = next(iter(shop.truth().values()))
    row = next(row for row in shop.every_order(order_status="FINISH") if str(row["order_id"]) == order["orderId"])
    at = row["gmt_update"]
    hours = (parse(order["lastUpdatedTime"]) - parse(at.replace(" ", "T") + "Z")) // 3600
    assert hours in {7, 8}
    only = shop.every_order(modified_date_start=at, modified_date_end=at, order_status="FINISH")
    assert row in only


def test_totals_are_those_of_the_whole_result_and_an_empty_list_is_left_out(shop: Wire) -> None:
    page = shop.orders(page_size=7, order_status="FINISH")
    assert page["total_page"] == -(-page["total_count"] // 7)
    assert len(page["target_list"]["order_dto"]) == 7
    behind = shop.orders(page_size=7, order_status="FINISH", current_page=page["total_page"] + 1)
    assert "target_list" not in behind
    assert behind["total_count"] == page["total_count"]


@pytest.mark.parametrize(
    "query", [{"page_size": 51}, {"current_page": 0}, {"modified_date_start": "2026-05-20"}, {"create_date_start": ""}]
)
def test_a_wrong_query_is_a_failure_inside_the_result(shop: Wire, query: dict[str, Any]) -> None:
    result = shop.orders(**query)
    assert (result["success"], result["error_code"]) == (False, "PARAM_INVALID")


def test_addresses_are_told_for_paid_orders_alone(shop: Wire) -> None:
    truth = shop.truth()
    paid = next(i for i, order in truth.items() if order["status"] == "SHIPPED")
    unpaid = next((i for i, order in truth.items() if order["status"] == "PENDING"), None)
    method = "aliexpress.solution.order.receiptinfo.get"
    address = shop.call(method, param1={"order_id": paid})["result"]
    assert address["country"] in {"ES", "FR", "DE", "GB", "NL"}
    assert address["contact_person"]
    if unpaid:
        assert shop.call(method, param1={"order_id": unpaid})["result"]["success"] is False
    assert shop.call(INFO, param1={"order_id": "1"})["result"]["error_code"] == "ORDER_NOT_EXIST"


def test_a_shipment_is_told_once_and_shown_in_the_detail(shop: Wire) -> None:
    order_id = next(i for i, order in shop.truth().items() if order["status"] == "UNSHIPPED")
    method = "aliexpress.solution.order.fulfill"
    told = {"service_name": "CAINIAO_STANDARD", "out_ref": order_id, "send_type": "part", "logistics_no": "LP1"}
    assert shop.call(method, **told)["result"] == {"result_success": True}
    assert shop.call(method, **told)["result"]["result_success"] is False
    parcels = shop.call(INFO, param1={"order_id": order_id})["result"]["data"]["logistic_info_list"]
    assert [p["logistics_no"] for p in parcels["global_aeop_tp_logistic_info_dto"]] == ["LP1"]
    assert shop.call(method, **{**told, "logistics_no": "LP2", "send_type": "all"})["result"]["result_success"]
    assert not shop.call(method, **{**told, "logistics_no": "LP3"})["result"]["result_success"]


def test_a_products_stock_is_set_whole_or_not_at_all(shop: Wire) -> None:
    listed = shop.call(
        "aliexpress.solution.product.list.get",
        aeop_a_e_product_list_query={"product_status_type": "onSelling", "current_page": 1, "page_size": 99},
    )["result"]
    first = listed["aeop_a_e_product_display_d_t_o_list"]["item_display_dto"][0]["product_id"]
    assert listed["product_count"] == len(listed["aeop_a_e_product_display_d_t_o_list"]["item_display_dto"])

    def shown() -> Any:
        body = shop.call("aliexpress.solution.product.info.get", product_id=str(first))["result"]
        return body["aeop_ae_product_s_k_us"]["global_aeop_ae_product_sku"][0]

    def push(*skus: dict[str, Any]) -> Any:
        asked = [{"product_id": first, "multiple_sku_update_list": list(skus)}]
        return shop.call("aliexpress.solution.batch.product.inventory.update", mutiple_product_update_list=asked)

    code = shown()["sku_code"]
    assert push({"sku_code": code, "inventory": 77})["update_success"] is True
    assert shown()["ipm_sku_stock"] == 77
    refused = push({"sku_code": code, "inventory": 5}, {"sku_code": "other", "inventory": 1})
    assert refused["update_failed_list"]["synchronize_product_response_dto"][0]["error_code"] == "SKU_NOT_EXIST"
    assert shown()["ipm_sku_stock"] == 77


def test_what_is_released_is_what_was_sold_less_fees(shop: Wire) -> None:
    query = {"loan_status": "loan_ok", "page": 1, "page_size": 200, "create_date_start": "02/28/2026 00:00:00"}
    loans = shop.call("aliexpress.trade.redefining.findloanlistquery", param1=query)["result"]
    assert loans["total_item"] > 50
    for row in loans["order_list"]["order_loan_item_vo"]:
        for line in row["son_order_list"]["son_order_loan_vo"]:
            sold, fee, paid = (float(line[n]["amount"]) for n in ("loan_amount", "escrow_fee", "real_loan_amount"))
            assert sold - fee == pytest.approx(paid)
    waiting = shop.call("aliexpress.trade.redefining.findloanlistquery", param1={**query, "loan_status": "wait_loan"})[
        "result"
    ]
    released = {row["order_id"] for row in loans["order_list"]["order_loan_item_vo"]}
    assert released.isdisjoint(row["order_id"] for row in waiting["order_list"]["order_loan_item_vo"])


def test_issues_are_about_order_lines_of_the_world(shop: Wire) -> None:
    truth = shop.truth()
    query = {"current_page": 1, "page_size": 50, "issue_status": "finish"}
    listed = shop.call("aliexpress.issue.issuelist.get", query_dto=query)
    assert listed["total_item"] > 3
    for issue in listed["data_list"]["issue_api_issue_dto"]:
        lines = {line["orderItemId"] for line in truth[str(issue["parent_order_id"])]["lines"]}
        assert str(issue["order_id"]) in lines
    told = {"issue_id": str(issue["issue_id"]), "buyer_login_id": issue["buyer_login_id"]}
    assert shop.call("aliexpress.issue.detail.get", **told)["result_object"]["id"] == issue["issue_id"]
    other = shop.call("aliexpress.issue.detail.get", **{**told, "buyer_login_id": "x"})
    assert other["result"]["error_code"] == "ISSUE_NOT_EXIST"


def test_limits_are_told_with_status_200(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--accounts", "AE1", "--orders-per-day", "1", "--products", "5") as url:
        wire = Wire(url)
        form = wire.signed({"method": LIST, "session": wire.token(), "param0": QUERY})
        answers = [wire.send(form) for _ in range(30)]
    assert {answer.status_code for answer in answers} == {200}
    codes = [answer.json().get("code", "0") for answer in answers]
    assert codes[0] == "0"
    assert "ApiCallLimit" in codes


def test_a_page_that_comes_twice_pushes_the_others_back_and_loses_none(shop: Wire) -> None:
    shop.faults(duplicate_page=1.0)
    try:
        pages = [shop.orders(page_size=5, order_status="FINISH", current_page=n) for n in (1, 2)]
    finally:
        shop.faults()
    third = shop.orders(page_size=5, order_status="FINISH", current_page=3)
    assert pages[0]["target_list"] == pages[1]["target_list"] != third["target_list"]
    sound = [shop.orders(page_size=5, order_status="FINISH", current_page=n)["target_list"] for n in (1, 2)]
    assert [pages[0]["target_list"], third["target_list"]] == sound


def test_a_spoiled_order_is_spoiled_in_one_of_three_ways(shop: Wire) -> None:
    shop.faults(malformed_order=1.0)
    try:
        rows = shop.orders(order_status="FINISH")["target_list"]["order_dto"]
    finally:
        shop.faults()
    kinds = {
        "id" if "order_id" not in row
        else "lines" if row["product_list"] is None
        else row["product_list"]["order_product_dto"][0]["product_unit_price"]["amount"]
        for row in rows
    }  # fmt: skip
    assert kinds == {"id", "lines", "n/a"}


def test_a_path_that_reaches_nothing_is_answered_in_the_gateways_words(shop: Wire) -> None:
    answer = shop.http.get("/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "InvalidApiPath")


def test_notifications_are_signed_over_app_key_and_body_and_name_every_version() -> None:
    bench = _bench(parse_options(["--accounts", "AE1", "--orders-per-day", "2", "--products", "10"]))
    (account,), side = bench.accounts("aliexpress"), Side(bench)
    since, until = parse("2026-05-01T00:00:00Z"), parse("2026-05-03T00:00:00Z")
    told = side.pushes(account, since, until)
    updates = [update for update in bench.world.store("AE1").updates if since < update[0] <= until]
    assert len(told) == len(updates) > 0
    for push in told:
        text = account.client_id.encode() + push.body
        signature = hmac.new(account.client_secret.encode(), text, hashlib.sha256).hexdigest()
        assert push.headers == {"authorization": signature}
    message = json.loads(told[0].body)
    assert (message["message_type"], message["seller_id"], message["site"]) == (53, "2671514005", "ae_global")
    assert set(message["data"]) == {"orderId", "orderStatus", "buyerId"}
