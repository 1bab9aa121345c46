"""Shopee's calls: tokens, envelope, paging, windows, receipts."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from linkstar_pipelines.connectors.errors import (
    CredentialError,
    MalformedAnswerError,
    PlatformError,
    RequestRejectedError,
    UnreachableError,
)
from linkstar_pipelines.connectors.platform import Parcel, StockChange, Window
from linkstar_pipelines.connectors.shopee.client import ShopeeClient
from linkstar_pipelines.connectors.shopee.store import ShopeeStore
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.shopee.support import NOW, PARTNER_KEY, SEED, Shopee, bad, good
from tests.connectors.support import utc

DAY = Window(utc(2026, 5, 1), utc(2026, 5, 2))


def listed(*ids: str, cursor: str = "") -> httpx.Response:
    return good({"order_list": [{"order_sn": sn} for sn in ids], "more": bool(cursor), "next_cursor": cursor})


def detailed(*ids: str) -> httpx.Response:
    return good({"order_list": [{"order_sn": sn, "update_time": 1} for sn in ids]})


def query(request: httpx.Request) -> dict[str, str]:
    signed = {"partner_id", "timestamp", "access_token", "shop_id", "sign"}
    return {name: value for name, value in request.url.params.items() if name not in signed}


def test_one_token_serves_many_calls_and_its_successor_is_kept_before_use(
    shopee_client: ShopeeClient, shop: ShopeeStore, shopee: Shopee
) -> None:
    shopee.steps = [good(shop_name="s"), good(shop_name="s")]
    shopee_client.check_access()
    ShopeeClient(shop, shopee_client.http).check_access()
    (asked,) = shopee.token_requests
    assert json.loads(asked.content) == {"refresh_token": SEED, "partner_id": 2001887, "shop_id": 727720655}
    assert "access_token" not in asked.url.params
    assert {request.url.params["access_token"] for request in shopee.requests} == {"access-1"}


@pytest.mark.parametrize(
    "refusal", [bad("invalid_acceess_token"), bad("error_auth", "Invalid access_token.", 403)], ids=["own", "general"]
)
def test_a_refused_token_is_renewed_once_with_the_successor(
    shopee_client: ShopeeClient, shopee: Shopee, refusal: httpx.Response
) -> None:
    shopee.steps = [refusal, good(shop_name="s")]
    shopee_client.check_access()
    assert [json.loads(r.content)["refresh_token"] for r in shopee.token_requests] == [SEED, "refresh-1"]
    assert [r.url.params["access_token"] for r in shopee.requests] == ["access-1", "access-2"]


def test_a_fresh_token_that_is_refused_names_what_to_check(shopee_client: ShopeeClient, shopee: Shopee) -> None:
    shopee.steps = [bad("invalid_acceess_token")] * 2
    with pytest.raises(CredentialError, match="LINKSTAR_SHOPEE_SPSG_REFRESH_TOKEN"):
        shopee_client.check_access()


@pytest.mark.parametrize(
    ("code", "variable"),
    [
        ("error_sign", "PARTNER_KEY"),
        ("invalid_partner_id", "PARTNER_ID"),
        ("shop_no_linked", "SHOP_ID"),
        ("error_shop_refresh_token", "REFRESH_TOKEN"),
        ("refresh_token_expired", "authorise the shop again"),
        ("source_ip_undeclared", "IP whitelist"),
    ],
)
def test_refused_credentials_name_the_variable_but_never_a_value(
    shopee_client: ShopeeClient, shopee: Shopee, postgres: Postgres, code: str, variable: str
) -> None:
    shopee.token_steps = [bad(code, f"bad {PARTNER_KEY} and {SEED}")]
    with pytest.raises(CredentialError, match=variable) as caught:
        shopee_client.check_access()
    shopee_client.http.call_log.flush()
    ((log,),) = postgres.fetch("SELECT string_agg(c::text, ' ') FROM ops.api_call AS c")
    for secret in (PARTNER_KEY, SEED):
        assert secret not in str(caught.value) + repr(shopee_client.store) + log


def test_the_log_shows_windows_but_neither_token_signature_nor_cursor(
    shopee_client: ShopeeClient, shopee: Shopee, postgres: Postgres
) -> None:
    shopee.steps = [listed("A", cursor="the-cursor"), detailed("A"), listed(), bad("error_param", "access-1")]
    list(shopee_client.read(Stream.ORDERS, DAY, 0))
    with pytest.raises(RequestRejectedError) as caught:
        shopee_client.check_access()
    shopee_client.http.call_log.flush()
    ((log,),) = postgres.fetch("SELECT string_agg(c::text, ' ') FROM ops.api_call AS c")
    assert "time_from=1777593600" in log
    signs = [request.url.params["sign"] for request in shopee.requests]
    for secret in ("access-1", "the-cursor", *signs):
        assert secret not in log + str(caught.value)


def test_a_failure_of_shopees_own_inside_http_200_is_repeated(shopee_client: ShopeeClient, shopee: Shopee) -> None:
    shopee.steps = [bad("error_server"), good(shop_name="s")]
    shopee_client.check_access()
    shopee.steps = [bad("error_network")] * 3
    with pytest.raises(PlatformError, match="error_network"):
        shopee_client.check_access()


def test_an_answer_that_lacks_what_it_promises_is_no_success(shopee_client: ShopeeClient, shopee: Shopee) -> None:
    shopee.steps = [good({})] * 3
    with pytest.raises(MalformedAnswerError, match=r"response\.order_list"):
        list(shopee_client.read(Stream.ORDERS, DAY, 0))


def test_a_page_of_the_list_is_a_page_of_details_asked_with_named_fields(
    shopee_client: ShopeeClient, shopee: Shopee
) -> None:
    first = [f"A{n}" for n in range(60)]
    shopee.steps = [
        listed(*first, cursor="C1"), detailed(*first[:50]), detailed(*first[50:]), listed("B"), detailed("B"),
    ]  # fmt: skip
    pages = list(shopee_client.read(Stream.ORDERS, DAY, 0))
    assert [[order["order_sn"] for order in page.records] for page in pages] == [first, ["B"]]
    assert {page.total for page in pages} == {None}
    one, two, three, four, _ = map(query, shopee.requests)
    assert one == {
        "time_range_field": "update_time", "time_from": "1777593600", "time_to": "1777680000", "page_size": "100",
        "cursor": "",
    }  # fmt: skip
    assert four == {**one, "cursor": "C1"}
    assert [len(two["order_sn_list"].split(",")), len(three["order_sn_list"].split(","))] == [50, 10]
    assert {"item_list", "recipient_address", "package_list", "fulfillment_flag"} <= set(
        two["response_optional_fields"].split(",")
    )


def test_another_reading_uses_another_page_size(shopee_client: ShopeeClient, shopee: Shopee) -> None:
    shopee.steps = [listed() for _ in range(3)]
    for reading in range(3):
        list(shopee_client.read(Stream.ORDERS, DAY, reading))
    assert [query(request)["page_size"] for request in shopee.requests] == ["100", "87", "73"]


def test_a_long_window_is_cut_into_spans_of_15_days_that_meet(shopee_client: ShopeeClient, shopee: Shopee) -> None:
    start = utc(2026, 1, 1)
    shopee.steps = [listed() for _ in range(3)]
    list(shopee_client.read(Stream.ORDERS, Window(start, start + timedelta(days=40)), 0))
    spans = [(int(query(r)["time_from"]), int(query(r)["time_to"])) for r in shopee.requests]
    assert [last - first for first, last in spans] == [15 * 86400, 15 * 86400, 10 * 86400]
    assert [first for first, _ in spans[1:]] == [last for _, last in spans[:-1]]


def test_a_listing_without_end_is_not_followed_for_ever(shopee_client: ShopeeClient, shopee: Shopee) -> None:
    shopee.steps = [step for _ in range(40) for step in (listed("A", cursor="C"), detailed("A"))]
    with pytest.raises(MalformedAnswerError, match="no end"):
        list(shopee_client.read(Stream.ORDERS, DAY, 0))


def test_an_order_that_the_detail_call_leaves_out_is_asked_again_and_never_lost(
    shopee_client: ShopeeClient, shopee: Shopee
) -> None:
    shopee.steps = [listed("A", "B", "C"), detailed("A"), detailed("C")]
    (page,) = shopee_client.read(Stream.ORDERS, DAY, 0)
    assert [order["order_sn"] for order in page.records] == ["A", "C", "B"]
    assert page.records[-1] == {"order_sn": "B"}
    assert query(shopee.requests[-1])["order_sn_list"] == "B,C"


def test_streams_by_change_time_need_a_window(shopee_client: ShopeeClient) -> None:
    with pytest.raises(ValueError, match="give a window"):
        shopee_client.read(Stream.RETURNS, None, 0)


def test_an_unknown_order_is_none_and_another_refusal_is_an_error(shopee_client: ShopeeClient, shopee: Shopee) -> None:
    shopee.steps = [bad("error_not_found"), bad("error_param")]
    assert shopee_client.get_order("1") is None
    with pytest.raises(RequestRejectedError):
        shopee_client.get_order("1")


def test_items_are_read_with_their_models_and_all_statuses_in_one_query(
    shopee_client: ShopeeClient, shopee: Shopee
) -> None:
    base = [{"item_id": 1, "has_model": False}, {"item_id": 2, "has_model": True}]
    shopee.steps = [
        good({"item": [{"item_id": 1}, {"item_id": 2}], "total_count": 2, "has_next_page": False}),
        good({"item_list": base}),
        good({"model": [{"model_id": 7}]}),
    ]
    (page,) = shopee_client.read(Stream.LISTINGS, None, 0)
    assert page.total == 2
    assert page.records == [
        {"region": "SG", "item": base[0], "models": None},
        {"region": "SG", "item": base[1], "models": {"model": [{"model_id": 7}]}},
    ]
    assert shopee.requests[0].url.params.get_list("item_status") == ["NORMAL", "UNLIST", "BANNED", "REVIEWING"]


def test_escrows_are_paged_from_1_and_the_wallet_from_0(shopee_client: ShopeeClient, shopee: Shopee) -> None:
    shopee.steps = [
        good({"escrow_list": [{"order_sn": "A"}], "more": True}), good({"order_sn": "A", "order_income": {}}),
        good({"escrow_list": [], "more": False}),
        good({"transaction_list": [{"amount": 1}], "more": False}),
    ]  # fmt: skip
    pages = [page.records for page in shopee_client.read(Stream.FINANCES, DAY, 0)]
    detail = {"order_sn": "A", "order_income": {}}
    assert pages == [
        [{"region": "SG", "escrow": {"order_sn": "A"}, "detail": detail}], [],
        [{"region": "SG", "wallet": {"amount": 1}}],
    ]  # fmt: skip
    assert [query(request).get("page_no") for request in shopee.requests] == ["1", None, "2", "0"]


def test_stock_goes_by_item_and_failures_inside_a_success_are_receipts(
    shopee_client: ShopeeClient, shopee: Shopee
) -> None:
    shopee.steps = [
        good(
            {"success_list": [{"model_id": 1, "stock": 3}], "failure_list": [{"model_id": 2, "failed_reason": "low"}]}
        ),
        bad("error_item_not_found", "Item_id is not found."),
    ]
    listings = {"10-1": 3, "10-2": 4, "20-0": 5, "nonsense": 6, "10-3": 7}
    changes = [StockChange("SG", listing, "sku", quantity) for listing, quantity in listings.items()]
    receipts = shopee_client.push_stock(changes)
    assert [(receipt.subject, receipt.accepted) for receipt in receipts] == [
        ("10-1", True), ("10-2", False), ("20-0", False), ("nonsense", False), ("10-3", False),
    ]  # fmt: skip
    reasons = [receipt.reason for receipt in receipts]
    assert reasons[0] == ""
    assert reasons[1] == "low"
    assert "error_item_not_found" in reasons[2]
    assert "neither among the successes nor among the failures" in reasons[4]
    assert shopee.bodies[0] == {
        "item_id": 10,
        "stock_list": [
            {"model_id": 1, "seller_stock": [{"stock": 3}]}, {"model_id": 2, "seller_stock": [{"stock": 4}]},
            {"model_id": 3, "seller_stock": [{"stock": 7}]},
        ],
    }  # fmt: skip


def test_at_most_50_models_go_in_one_call(shopee_client: ShopeeClient, shopee: Shopee) -> None:
    def took(first: int, last: int) -> httpx.Response:
        return good({"success_list": [{"model_id": n} for n in range(first, last)]})

    shopee.steps = [took(1, 51), took(51, 61)]
    receipts = shopee_client.push_stock([StockChange("SG", f"10-{n}", "sku", n) for n in range(1, 61)])
    assert all(receipt.accepted for receipt in receipts)
    assert [len(body["stock_list"]) for body in shopee.bodies] == [50, 10]


LINE = {"item_id": 1, "model_id": 0, "order_item_id": 1, "line_item_id": 5}
PARCEL = Parcel("A", "SG", "parcel-1", "OWN", "TRACK", NOW, {"5": 2})


def order(*packages: tuple[str, str, int]) -> httpx.Response:
    shown = [
        {"package_number": number, "logistics_status": status,
         "item_list": [{"item_id": 1, "model_id": 0, "model_quantity": units}]}
        for number, status, units in packages
    ]  # fmt: skip
    return good({"order_list": [{"order_sn": "A", "item_list": [LINE], "package_list": shown}]})


def needs(**info: list[str]) -> httpx.Response:
    return good({"info_needed": info})


def test_a_parcel_is_told_with_its_tracking_number_after_asking(shopee_client: ShopeeClient, shopee: Shopee) -> None:
    shopee.steps = [order(("P", "LOGISTICS_READY", 2)), needs(non_integrated=["tracking_no"]), good()]
    receipt = shopee_client.confirm_shipment(PARCEL)
    assert (receipt.accepted, receipt.remote_id) == (True, "P")
    assert shopee.bodies == [{"order_sn": "A", "non_integrated": {"tracking_number": "TRACK"}}]


def test_a_split_order_names_its_package_and_dropoff_may_take_our_number(
    shopee_client: ShopeeClient, shopee: Shopee
) -> None:
    split = order(("P1", "LOGISTICS_READY", 1), ("P2", "LOGISTICS_READY", 2))
    shopee.steps = [split, needs(dropoff=["tracking_no"]), good()]
    assert shopee_client.confirm_shipment(PARCEL).accepted
    assert shopee.bodies == [{"order_sn": "A", "package_number": "P2", "dropoff": {"tracking_number": "TRACK"}}]


@pytest.mark.parametrize(("number", "accepted"), [("TRACK", True), ("OTHER", False)])
def test_what_is_already_shipped_is_not_shipped_again(
    shopee_client: ShopeeClient, shopee: Shopee, number: str, accepted: bool
) -> None:
    shopee.steps = [order(("P", "LOGISTICS_REQUEST_CREATED", 2)), good({"tracking_number": number})]
    receipt = shopee_client.confirm_shipment(PARCEL)
    assert receipt.accepted is accepted
    assert (number in receipt.reason) is not accepted
    assert shopee.bodies == []


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([bad("error_not_found")], "does not know the order"),
        ([order(("P", "LOGISTICS_READY", 3))], "whole packages"),
        ([order(("P", "LOGISTICS_READY", 2)), needs(pickup=["address_id"])], "no tracking number of ours"),
        ([order(("P", "LOGISTICS_READY", 2)), needs(dropoff=[])], "no tracking number of ours"),
        (
            [order(("P", "LOGISTICS_READY", 2)), needs(non_integrated=[]), bad(" logistics.package_already_shipped")],
            "package_already_shipped",
        ),
    ],
)
def test_what_shopee_does_not_take_is_a_receipt_with_the_reason(
    shopee_client: ShopeeClient, shopee: Shopee, answers: list[Any], reason: str
) -> None:
    shopee.steps = answers
    receipt = shopee_client.confirm_shipment(PARCEL)
    assert not receipt.accepted
    assert reason in receipt.reason


def test_a_shipment_whose_answer_is_lost_is_not_sent_twice(shopee_client: ShopeeClient, shopee: Shopee) -> None:
    def silent(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer")

    answers = iter([order(("P", "LOGISTICS_READY", 2)), needs(non_integrated=[])])
    transport = httpx.MockTransport(
        lambda request: silent(request) if request.url.path.endswith("ship_order")
        else shopee(request) if "auth" in request.url.path else next(answers)
    )  # fmt: skip
    shopee_client.http._client = httpx.Client(transport=transport)
    with pytest.raises(UnreachableError, match="after 1 attempt"):
        shopee_client.confirm_shipment(PARCEL)


@pytest.mark.parametrize("as_text", [False, True])
def test_lost_pushes_are_public_calls_and_read_in_either_form(
    shopee_client: ShopeeClient, shopee: Shopee, as_text: bool
) -> None:
    message = {"data": {"ordersn": "A", "update_time": 5}, "shop_id": 7, "code": 3, "timestamp": 6}
    data = json.dumps(message) if as_text else message
    rows = [{"shop_id": 7, "code": 3, "timestamp": 9, "data": data}]
    shopee.steps = [good({"push_message_list": rows, "has_next_page": True, "last_message_id": 17}), good()]
    lost = shopee_client.lost_pushes()
    assert [(event.account, event.record_id) for event in lost.events] == [("7", "A")]
    assert (lost.last_message_id, lost.more) == (17, True)
    shopee_client.confirm_lost_pushes(17)
    assert shopee.bodies == [{"last_message_id": 17}]
    assert all("shop_id" not in request.url.params for request in shopee.requests)
