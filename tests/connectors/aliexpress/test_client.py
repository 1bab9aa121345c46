"""AliExpress' calls: signed forms, tokens, pages, failures in successes, and writes that are not made twice."""

import re
from typing import Any

import httpx
import pytest

from linkstar_pipelines.connectors.aliexpress.client import AliExpressClient
from linkstar_pipelines.connectors.aliexpress.signing import sign
from linkstar_pipelines.connectors.aliexpress.store import AliExpressStore
from linkstar_pipelines.connectors.errors import (
    CredentialError,
    MalformedAnswerError,
    PlatformError,
    RequestRejectedError,
    ThrottledError,
    UnreachableError,
)
from linkstar_pipelines.connectors.platform import Page, Parcel, StockChange, Window
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.aliexpress.support import SECRETS, TOKENS, Gateway, answer, form_of, query_of, refusal, store_at
from tests.connectors.conftest import MakeCore
from tests.connectors.support import reply, utc

WINDOW = Window(utc(2026, 7, 1), utc(2026, 7, 2))
ORDERS, INFO = "aliexpress.solution.order.get", "aliexpress.solution.order.info.get"
STOCK, FULFILL = "aliexpress.solution.batch.product.inventory.update", "aliexpress.solution.order.fulfill"
PARCEL = Parcel("81", "ae_global", "p-1", "CAINIAO_STANDARD", "LP1", utc(2026, 7, 1), {"811": 2})


def page(*ids: int, total: int | None = None, **row: Any) -> httpx.Response:
    """A page of orders; without any, the list is left out."""
    result: dict[str, Any] = {"success": True, "error_code": "0", "error_message": "操作成功"}
    if total is not None:
        result["total_count"] = total
    if ids:
        result["target_list"] = {"order_dto": [{"order_id": i, **row} for i in ids]}
    return answer(ORDERS, {"result": result})


def read(client: AliExpressClient, reading: int = 0) -> list[Page]:
    return list(client.read(Stream.ORDERS, WINDOW, reading))


def ids(pages: list[Page]) -> list[int]:
    return [order["order_id"] for page in pages for order in page.records]


def test_a_call_is_a_signed_form_with_the_moments_timestamp(
    client: AliExpressClient, script: Gateway, store: AliExpressStore
) -> None:
    script.steps = [page(), page()]
    read(client)
    form = form_of(script.requests[0])
    assert script.requests[0].url == "https://aliexpress.test/sync"
    assert form.pop("sign") == sign(form, store.app_secret)
    assert re.fullmatch(r"\d{13}", form["timestamp"])
    assert (form["method"], form["session"], form["sign_method"]) == (ORDERS, SECRETS[2], "sha256")


def test_the_parameter_of_the_token_is_a_setting(make_core: MakeCore, script: Gateway) -> None:
    script.steps = [page(), page()]
    store = store_at("https://aliexpress.test", session_parameter="access_token")
    read(AliExpressClient(store, make_core()))
    form = form_of(script.requests[0])
    assert form["access_token"] == SECRETS[2]
    assert "session" not in form
    assert form.pop("sign") == sign(form, store.app_secret)


def test_every_repetition_is_stamped_and_signed_anew(client: AliExpressClient, script: Gateway) -> None:
    script.steps = [refusal("ApiCallLimit", "ISP"), reply({}, 503), page(), page()]
    read(client)
    assert [form_of(request)["sign"] for request in script.requests] != [form_of(script.requests[0])["sign"]] * 4


def test_ended_orders_are_asked_for_by_name_and_totals_are_those_of_both_lists(
    client: AliExpressClient, script: Gateway
) -> None:
    script.steps = [page(1, 2, total=3), page(4, total=1), page(3, total=3)]
    pages = read(client)
    assert ids(pages) == [1, 2, 3, 4]
    assert {page.total for page in pages} == {4}
    queries = [query_of(request) for request in script.requests]
    assert [(query.get("order_status"), query["current_page"]) for query in queries] == [
        (None, 1), ("FINISH", 1), (None, 2),
    ]  # fmt: skip
    assert queries[0]["modified_date_start"] == "2026-06-30 17:00:00"
    assert queries[0]["modified_date_end"] == "2026-07-01 17:00:00"
    assert queries[0]["page_size"] == 50


def test_an_omitted_list_is_an_empty_one(client: AliExpressClient, script: Gateway) -> None:
    script.steps = [page(total=0), page(total=0)]
    assert ids(read(client)) == []


def test_pages_go_on_behind_one_that_came_twice_and_without_a_total_up_to_an_empty_one(
    client: AliExpressClient, script: Gateway
) -> None:
    script.steps = [page(1, 2, total=4), page(total=0), page(1, 2, total=4), page(3, 4, total=4)]
    assert ids(read(client)) == [1, 2, 1, 2, 3, 4]
    script.steps = [page(1, 2), page(), page(3), page()]
    pages = read(client)
    assert ids(pages) == [1, 2, 3]
    assert {page.total for page in pages} == {None}


def test_a_platform_that_serves_the_last_page_for_ever_is_left(client: AliExpressClient, script: Gateway) -> None:
    script.steps = [page(1, total=5), page(total=0), *[page(1, total=5) for _ in range(11)]]
    assert set(ids(read(client))) == {1}
    assert not script.steps


def test_another_reading_has_other_page_borders(client: AliExpressClient, script: Gateway) -> None:
    sizes = set()
    for reading in range(4):
        script.steps = [page(), page()]
        read(client, reading)
        sizes.add(query_of(script.requests[-1])["page_size"])
    assert len(sizes) == 4
    assert max(sizes) == 50


def test_a_refused_token_is_renewed_once_and_the_call_repeated(client: AliExpressClient, script: Gateway) -> None:
    script.token_steps = [reply({**TOKENS, "access_token": name}) for name in ("stale", "fresh")]
    script.steps = [refusal("IllegalAccessToken"), page(1, total=1), page(total=0)]
    assert ids(read(client)) == [1]
    assert [form_of(request)["session"] for request in script.requests] == ["stale", "fresh", "fresh"]


def test_a_refusal_of_the_fresh_token_names_the_setting(client: AliExpressClient, script: Gateway) -> None:
    script.steps = [refusal("IllegalAccessToken")] * 2
    with pytest.raises(CredentialError, match="LINKSTAR_ALIEXPRESS_AE1_REFRESH_TOKEN"):
        read(client)
    assert len(script.token_requests) == 2


def test_a_token_request_is_signed_with_its_path_and_a_refusal_never_shows_a_secret(
    client: AliExpressClient, script: Gateway, store: AliExpressStore, postgres: Postgres
) -> None:
    script.token_steps = [refusal("IllegalRefreshToken", message=f"bad {SECRETS[0]} {SECRETS[1]}")]
    with pytest.raises(CredentialError, match=r"LINKSTAR_ALIEXPRESS_AE1_REFRESH_TOKEN.*60 days") as caught:
        client.check_access()
    form = form_of(script.token_requests[0])
    assert script.token_requests[0].url == "https://aliexpress.test/rest/auth/token/refresh"
    assert form.pop("sign") == sign(form, store.app_secret, "/auth/token/refresh")
    logged = str(postgres.fetch("SELECT url, error FROM ops.api_call"))
    assert not any(secret in logged + str(caught.value) for secret in SECRETS)


@pytest.mark.parametrize(
    ("code", "variable"), [("IncompleteSignature", "APP_SECRET"), ("InvalidAppKey", "APP_KEY"), ("25", "APP_SECRET")]
)
def test_a_refusal_that_accuses_a_setting_names_it(
    client: AliExpressClient, script: Gateway, code: str, variable: str
) -> None:
    script.steps = [refusal(code)]
    with pytest.raises(CredentialError, match=f"LINKSTAR_ALIEXPRESS_AE1_{variable}"):
        read(client)


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ({"type": "ISV", "code": "InvalidParameter", "message": "bad"}, RequestRejectedError, "InvalidParameter: bad"),
        ({"type": "ISP", "code": "E500", "message": "down"}, PlatformError, "E500: down"),
        ({"type": "ISP", "code": "ApiCallLimit", "message": "slow"}, ThrottledError, "ApiCallLimit"),
        ({"error_response": {"code": 7, "msg": "App Call Limited"}}, ThrottledError, "App Call Limited"),
        (
            {"error_response": {"code": 15, "msg": "Remote", "sub_code": "isp.remote-timeout", "sub_msg": "late"}},
            PlatformError,
            "isp.remote-timeout late",
        ),
        (
            {"error_response": {"code": 41, "msg": "Invalid", "sub_code": "isv.invalid", "sub_msg": "bad"}},
            RequestRejectedError,
            "isv.invalid bad",
        ),
        ({"other_response": {}}, MalformedAnswerError, "aliexpress_solution_order_get_response"),
        (
            {"aliexpress_solution_order_get_response": {"result": {"success": False, "error_code": "F1"}}},
            RequestRejectedError,
            "F1",
        ),
    ],
)
def test_failures_are_found_in_answers_with_status_200(
    client: AliExpressClient, script: Gateway, body: dict[str, Any], error: type[Exception], words: str
) -> None:
    script.steps = [reply(body)] * 4
    with pytest.raises(error, match=re.escape(words)):
        read(client)


def test_a_cut_answer_is_asked_for_again(client: AliExpressClient, script: Gateway) -> None:
    script.steps = [httpx.Response(200, content=b'{"aliexpress_solution'), page(1, total=1), page(total=0)]
    assert ids(read(client)) == [1]


def test_a_paid_order_gets_its_address_once_per_version(make_core: MakeCore, script: Gateway) -> None:
    client = AliExpressClient(store_at("https://aliexpress.test"), make_core())
    address = answer("aliexpress.solution.order.receiptinfo.get", {"result": {"country": "ES", "city": "Madrid"}})
    paid = {"gmt_pay_time": "2026-07-01 01:00:00", "gmt_update": "2026-07-01 02:00:00"}
    script.steps = [page(1, total=1, **paid), page(2, total=1), address]
    first = read(client)
    assert [order.get("receipt_address") for page in first for order in page.records] == [
        {"country": "ES", "city": "Madrid"}, None,
    ]  # fmt: skip
    script.steps = [page(1, total=1, **paid), page(2, total=1)]
    assert read(client, reading=1) == first
    assert query_of(script.requests[2], "param1") == {"order_id": 1}


def test_an_address_that_is_told_no_more_does_not_stop_the_reading(make_core: MakeCore, script: Gateway) -> None:
    client = AliExpressClient(store_at("https://aliexpress.test"), make_core())
    method = "aliexpress.solution.order.receiptinfo.get"
    gone = answer(method, {"result": {"success": False, "error_code": "EXPIRED"}})
    script.steps = [page(1, total=1, gmt_pay_time="2026-07-01 01:00:00"), page(total=0), gone]
    assert "receipt_address" not in read(client)[0].records[0]


def test_one_order_is_found_by_the_second_it_was_placed_in(client: AliExpressClient, script: Gateway) -> None:
    info = answer(INFO, {"result": {"data": {"id": 2, "gmt_create": "2026-11-01 01:30:00"}}})
    script.steps = [info, page(1, 2, total=2), page(total=0)]
    assert client.get_order("2") == {"order_id": 2}
    query = query_of(script.requests[1])
    assert (query["create_date_start"], query["create_date_end"]) == ("2026-11-01 01:30:00",) * 2
    unknowns: list[dict[str, Any]] = [{}, {"success": False, "error_code": "ORDER_NOT_EXIST"}]
    for unknown in unknowns:
        script.steps = [answer(INFO, {"result": unknown})]
        assert client.get_order("3") is None


def change(product: int, quantity: int = 1) -> StockChange:
    return StockChange("ae_global", f"{product}:14:1", f"LS-{product}", quantity)


def test_stock_goes_twenty_products_at_a_time_and_refused_products_are_told(
    client: AliExpressClient, script: Gateway
) -> None:
    failed = {"synchronize_product_response_dto": [{"product_id": 3, "error_code": "F", "error_message": "no such"}]}
    taken = {"synchronize_product_response_dto": [{"product_id": n} for n in range(20) if n != 3]}
    script.steps = [
        answer(STOCK, {"update_success": False, "update_failed_list": failed, "update_successful_list": taken}),
        answer(STOCK, {"update_success": True}),
    ]
    receipts = client.push_stock([change(n, n) for n in range(22)])
    assert [receipt.accepted for receipt in receipts] == [n != 3 for n in range(22)]
    assert receipts[3].reason == "F no such"
    lengths = [form_of(request)["mutiple_product_update_list"].count("product_id") for request in script.requests]
    assert lengths == [20, 2]


def test_variants_of_a_product_go_together_and_a_refused_call_refuses_its_products(
    client: AliExpressClient, script: Gateway
) -> None:
    script.steps = [answer(STOCK, {"update_success": False, "update_error_code": "X", "update_error_message": "all"})]
    receipts = client.push_stock([change(1), StockChange("ae_global", "1:14:2", "LS-B", 2)])
    assert [(receipt.accepted, receipt.reason) for receipt in receipts] == [(False, "X all")] * 2
    script.steps = [refusal("InvalidParameter", message="bad list")]
    assert "bad list" in client.push_stock([change(1)])[0].reason


def info(*sent: str, second: str = "WAIT_BUYER_ACCEPT_GOODS") -> httpx.Response:
    lines = [
        {"id": 811, "product_count": 2, "order_status": "WAIT_SELLER_SEND_GOODS"},
        {"id": 812, "product_count": 1, "order_status": second},
    ]
    data = {"id": 81, "child_order_list": {"global_aeop_tp_child_order_dto": lines}}
    parcels = {"global_aeop_tp_logistic_info_dto": [{"logistics_no": number} for number in sent]}
    return answer(INFO, {"result": {"data": {**data, **({"logistic_info_list": parcels} if sent else {})}}})


@pytest.mark.parametrize(
    ("second", "send_type"), [("WAIT_BUYER_ACCEPT_GOODS", "all"), ("SELLER_PART_SEND_GOODS", "part")]
)
def test_a_parcel_is_told_with_whether_it_completes_the_order(
    client: AliExpressClient, script: Gateway, second: str, send_type: str
) -> None:
    script.steps = [info("LP0", second=second), answer(FULFILL, {"result": {"result_success": True}})]
    receipt = client.confirm_shipment(PARCEL)
    assert (receipt.subject, receipt.accepted) == ("p-1", True)
    form = form_of(script.requests[-1])
    told = {name: form[name] for name in ("service_name", "out_ref", "send_type", "logistics_no")}
    assert told == {"service_name": "CAINIAO_STANDARD", "out_ref": "81", "send_type": send_type, "logistics_no": "LP1"}


def test_a_parcel_that_is_known_is_not_told_again(client: AliExpressClient, script: Gateway) -> None:
    script.steps = [info("LP1")]
    assert client.confirm_shipment(PARCEL).accepted
    assert len(script.requests) == 1


def test_a_confirmation_without_an_answer_is_not_repeated(client: AliExpressClient, script: Gateway) -> None:
    script.steps = [info(), httpx.ReadTimeout("late")]
    with pytest.raises(UnreachableError):
        client.confirm_shipment(PARCEL)
    assert len(script.requests) == 2


def test_a_refused_confirmation_and_an_unknown_order_are_answers(client: AliExpressClient, script: Gateway) -> None:
    script.steps = [info(), answer(FULFILL, {"result": {"result_success": False, "error_code": "S1"}})]
    refused = client.confirm_shipment(PARCEL)
    assert not refused.accepted
    assert "S1" in refused.reason
    script.steps = [answer(INFO, {"result": {}})]
    assert "no order 81" in client.confirm_shipment(PARCEL).reason


def test_issues_are_looked_at_by_their_change_and_get_detail_and_line(
    client: AliExpressClient, script: Gateway
) -> None:
    method = "aliexpress.issue.issuelist.get"

    def issues(*found: tuple[int, str]) -> httpx.Response:
        rows = [
            {"issue_id": i, "gmt_modified": at, "order_id": 811, "parent_order_id": 81, "buyer_login_id": "es1"}
            for i, at in found
        ]
        data = {"data_list": {"issue_api_issue_dto": rows}} if rows else {}
        return answer(method, {"total_item": len(found), **data})

    script.steps = [
        issues(), issues(), issues((5, "2026-07-01 01:00:00"), (6, "2026-07-03 01:00:00")),
        answer("aliexpress.issue.detail.get", {"result_object": {"id": 5}}), info(),
    ]  # fmt: skip
    (issue,) = [issue for page in client.read(Stream.RETURNS, WINDOW, 0) for issue in page.records]
    assert (issue["issue_id"], issue["detail"], issue["child_order"]["product_count"]) == (5, {"id": 5}, 2)
    asked = [query_of(request, "query_dto")["issue_status"] for request in script.requests[:3]]
    assert asked == ["processing", "canceled_issue", "finish"]
    assert form_of(script.requests[3])["buyer_login_id"] == "es1"


def test_streams_by_change_time_need_a_window(client: AliExpressClient) -> None:
    with pytest.raises(ValueError, match="give a window"):
        client.read(Stream.ORDERS, None, 0)
