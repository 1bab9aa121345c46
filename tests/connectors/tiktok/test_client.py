"""TikTok Shop's calls: tokens, envelope, paging, receipts."""

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
    ThrottledError,
    UnreachableError,
)
from linkstar_pipelines.connectors.platform import Parcel, Receipt, StockChange, Window
from linkstar_pipelines.connectors.tiktok import operations as op
from linkstar_pipelines.connectors.tiktok.client import TikTokClient
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.support import utc
from tests.connectors.tiktok.support import APP_SECRET, CIPHER, NOW, SEED, TikTok, bad, good, order, unit

DAY = Window(utc(2026, 5, 1), utc(2026, 5, 2))
EXPIRED = 105002


def page(*ids: str, total: int, following: str = "") -> httpx.Response:
    return good({"orders": [{"id": one} for one in ids], "total_count": total, "next_page_token": following})


def detail(*units: Any) -> httpx.Response:
    return good({"orders": [order(*units)["order"]]})


def parcel(**lines: int) -> Parcel:
    named = {name.removeprefix("line"): units for name, units in lines.items()}
    return Parcel("576461413038785752", "TIKTOK_US", "p1", "7117", "TRACK1", NOW, named)


def test_tokens_are_asked_for_once_and_the_successor_is_used_next(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    tiktok.steps = [page(total=0), page(total=0)]
    for _ in range(2):
        list(tiktok_client.read(Stream.ORDERS, DAY, 0))
    (asked,) = tiktok.token_requests
    assert asked.method == "GET"
    assert dict(asked.url.params) == {
        "app_key": "the-app-key", "app_secret": APP_SECRET, "refresh_token": SEED, "grant_type": "refresh_token",
    }  # fmt: skip
    tiktok.steps = [bad(EXPIRED, status=401), page(total=0)]
    list(tiktok_client.read(Stream.ORDERS, DAY, 0))
    assert tiktok.token_requests[1].url.params.get("refresh_token") == "refresh-1"
    assert tiktok.requests[-1].headers["x-tts-access-token"] == "access-2"


def test_the_end_of_a_token_is_an_instant_and_not_a_length(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    tiktok.token_steps = [tiktok.tokens(1, lifetime=-5)]
    tiktok.steps = [page(total=0), page(total=0)]
    for _ in range(2):
        list(tiktok_client.read(Stream.ORDERS, DAY, 0))
    assert [request.headers["x-tts-access-token"] for request in tiktok.requests] == ["access-1", "access-2"]


@pytest.mark.parametrize("status", [200, 401])
def test_a_token_that_stays_refused_is_renewed_once(tiktok_client: TikTokClient, tiktok: TikTok, status: int) -> None:
    tiktok.steps = [bad(EXPIRED, status=status)] * 2
    with pytest.raises(CredentialError, match="LINKSTAR_TIKTOK_TTUS_REFRESH_TOKEN"):
        list(tiktok_client.read(Stream.ORDERS, DAY, 0))
    assert len(tiktok.token_requests) == 2


@pytest.mark.parametrize(
    ("code", "variable"),
    [(int(op.SIGN_REFUSED), "APP_SECRET"), (106011, "SHOP_CIPHER"), (int(op.NO_SCOPE), "scope of this call")],
)
def test_a_refused_credential_names_its_setting(
    tiktok_client: TikTokClient, tiktok: TikTok, code: int, variable: str
) -> None:
    tiktok.steps = [bad(code)]
    with pytest.raises(CredentialError, match=variable):
        list(tiktok_client.read(Stream.ORDERS, DAY, 0))


def test_a_refused_refresh_token_names_all_that_may_be_wrong(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    tiktok.token_steps = [bad(36004004)]
    with pytest.raises(CredentialError, match=r"APP_KEY and .*APP_SECRET and .*REFRESH_TOKEN") as caught:
        tiktok_client.check_access()
    assert APP_SECRET not in str(caught.value)


def test_the_log_names_no_secret(tiktok_client: TikTokClient, tiktok: TikTok, postgres: Postgres) -> None:
    tiktok.steps = [page("1", total=1)]
    list(tiktok_client.read(Stream.ORDERS, DAY, 0))
    tiktok_client.http.call_log.flush()
    with postgres.connection() as connection:
        logged = connection.execute(b"SELECT url FROM ops.api_call").fetchall()
    text = json.dumps(logged)
    assert len(logged) == 2
    assert "page_size=100" in text
    assert not any(secret in text for secret in (APP_SECRET, SEED, CIPHER, "access-1", "refresh-1"))


def test_too_many_requests_in_a_success_are_waited_out(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    tiktok.steps = [bad(int(op.THROTTLED)), page("1", total=1)]
    assert [page.total for page in tiktok_client.read(Stream.ORDERS, DAY, 0)] == [1]
    assert len(tiktok.pauses) == 1
    tiktok.steps = [bad(int(op.THROTTLED))] * 3
    with pytest.raises(ThrottledError):
        list(tiktok_client.read(Stream.ORDERS, DAY, 0))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (bad(36009003), PlatformError),
        (bad(12052048), RequestRejectedError),
        (httpx.Response(200, content=b'{"data":{"total_count":0}}'), MalformedAnswerError),
        (good({"orders": []}), MalformedAnswerError),
        (httpx.Response(200, content=b'{"code":0,"da'), MalformedAnswerError),
    ],
)
def test_success_that_hides_a_failure_is_a_failure(
    tiktok_client: TikTokClient, tiktok: TikTok, answer: httpx.Response, error: type[Exception]
) -> None:
    tiktok.steps = [answer] * 3
    with pytest.raises(error):
        list(tiktok_client.read(Stream.ORDERS, DAY, 0))


def test_pages_keep_all_filters_and_tell_the_total(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    tiktok.steps = [page("1", "2", total=3, following="t2"), page("3", total=3)]
    pages = list(tiktok_client.read(Stream.ORDERS, DAY, 0))
    assert [(page.total, [record["order"]["id"] for record in page.records]) for page in pages] == [
        (3, ["1", "2"]), (3, ["3"]),
    ]  # fmt: skip
    assert tiktok.bodies == [{"update_time_ge": 1777593600, "update_time_lt": 1777680000}] * 2
    own = {"page_size": "100", "sort_field": "update_time", "sort_order": "ASC"}
    shown = [{name: query[name] for name in query if name in {*own, "page_token"}} for query in tiktok.queries]
    assert shown == [own, own | {"page_token": "t2"}]


def test_an_open_window_ends_at_the_platforms_present(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    tiktok.steps = [page(total=0)]
    list(tiktok_client.read(Stream.ORDERS, Window(DAY.start + timedelta(microseconds=1)), 1))
    assert tiktok.bodies == [{"update_time_ge": 1777593601}]
    assert tiktok.queries[0]["page_size"] == "87"


def test_a_list_without_end_is_given_up(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    tiktok.steps = [page("1", total=9, following="same") for _ in range(40)]
    with pytest.raises(MalformedAnswerError, match="no end"):
        list(tiktok_client.read(Stream.ORDERS, DAY, 0))


def test_stock_is_asked_for_the_products_of_each_page(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    products = [{"id": "10", "skus": []}, {"id": "11", "skus": []}]
    tiktok.steps = [
        good({"products": products, "total_count": 2}), good({"inventory": [{"product_id": "10", "skus": []}]}),
    ]  # fmt: skip
    (only,) = tiktok_client.read(Stream.INVENTORY, None, 0)
    assert only.total == 2
    assert [record["inventory"] for record in only.records] == [{"product_id": "10", "skus": []}, None]
    assert tiktok.bodies[1] == {"product_ids": ["10", "11"]}


def test_streams_that_are_not_offered_are_refused(tiktok_client: TikTokClient) -> None:
    with pytest.raises(ValueError, match="finances"):
        tiktok_client.read(Stream.FINANCES, DAY, 0)


def test_stock_errors_inside_a_success_become_receipts(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    failure = {"code": 7, "message": "bad SKU", "detail": {"sku_id": "2", "extra_errors": [{"message": "gone"}]}}
    tiktok.steps = [good({"errors": [failure]}), bad(12052048, "no product"), good({"errors": [{"code": 8}]})]
    listings = ("10-1", "10-2", "11-1", "12-1", "12-2", "not-a-listing")
    changes = [StockChange("TIKTOK_US", listing, "code", 5) for listing in listings]
    receipts = tiktok_client.push_stock(changes)
    assert [receipt.subject for receipt in receipts] == list(listings)
    assert [receipt.accepted for receipt in receipts] == [True, False, False, False, False, False]
    assert receipts[1].reason == "7: bad SKU; gone"
    assert "no product" in receipts[2].reason
    assert tiktok.bodies[0] == {
        "skus": [{"id": "1", "inventory": [{"quantity": 5}]}, {"id": "2", "inventory": [{"quantity": 5}]}]
    }


def test_a_parcel_names_open_units_one_by_one(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    units = [unit("57610002"), unit("5761"), unit("57610003", display_status="CANCELLED"), unit("9", sku="30")]
    tiktok.steps = [detail(*units), good({"package_id": "1152", "order_id": "1"})]
    assert tiktok_client.confirm_shipment(parcel(line5761=2)) == Receipt("p1", accepted=True, remote_id="1152")
    assert tiktok.requests[1].url.path == "/fulfillment/202610/orders/576461413038785752/packages"
    assert tiktok.bodies == [{
        "order_line_list": [{"order_line_id": "5761"}, {"order_line_id": "57610002"}],
        "shipping_info_list": [{"tracking_number": "TRACK1", "shipping_provider_id": "7117"}],
    }]  # fmt: skip


def test_a_parcel_that_is_known_is_not_told_again(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    known = unit(display_status="AWAITING_COLLECTION", tracking_number="TRACK1", package_id="1152")
    tiktok.steps = [detail(known)]
    assert tiktok_client.confirm_shipment(parcel(line5761=1)) == Receipt("p1", accepted=True, remote_id="1152")
    tiktok.steps = [detail(known, unit("57610002"))]
    refused = tiktok_client.confirm_shipment(parcel(line5761=2))
    assert not refused.accepted
    assert "already on other units" in refused.reason
    assert len(tiktok.requests) == 2


def test_a_parcel_that_the_order_cannot_give_is_refused(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    tiktok.steps = [detail(unit(display_status="CANCELLED")), good({"orders": []}), detail(), bad(21022001, "late")]
    too_many = tiktok_client.confirm_shipment(parcel(line5761=1))
    assert too_many.reason == "of line 5761 0 units wait for shipment, the parcel holds 1"
    assert tiktok_client.confirm_shipment(parcel(line5761=1)).reason == "TikTok Shop does not know the order"
    refused = tiktok_client.confirm_shipment(parcel(line5761=1))
    assert (refused.accepted, "late" in refused.reason) == (False, True)


def test_a_shipment_whose_answer_is_lost_is_not_repeated(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    tiktok.steps = [detail(), httpx.ReadTimeout("silence")]
    with pytest.raises(UnreachableError):
        tiktok_client.confirm_shipment(parcel(line5761=1))
    assert len(tiktok.requests) == 2


def test_access_needs_the_shop_among_the_authorised(tiktok_client: TikTokClient, tiktok: TikTok) -> None:
    ours = {"id": "7494049642642441621", "cipher": CIPHER}
    tiktok.steps = [good({"shops": [ours]}), good({"shops": [ours | {"cipher": "other"}]})]
    assert tiktok_client.check_access().granted_rate is None
    assert "shop_cipher" not in tiktok.queries[0]
    with pytest.raises(CredentialError, match="LINKSTAR_TIKTOK_TTUS_SHOP_CIPHER"):
        tiktok_client.check_access()
