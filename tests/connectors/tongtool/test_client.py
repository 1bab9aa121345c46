"""The client against scripted answers: what it sends, how it pages, and what it makes of every code."""

import re

import httpx
import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.errors import (
    ConnectorError,
    CredentialError,
    MalformedAnswerError,
    PlatformError,
    RequestRejectedError,
    ThrottledError,
)
from linkstar_pipelines.connectors.platform import Page, Window
from linkstar_pipelines.connectors.tongtool.client import TongtoolClient
from linkstar_pipelines.connectors.tongtool.signing import sign
from linkstar_pipelines.connectors.tongtool.store import TongtoolAccount
from linkstar_pipelines.schemas.erps import ErpStream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.conftest import MakeCore
from tests.connectors.support import reply, utc
from tests.connectors.tongtool.support import MERCHANT, SECRETS, Tongtool, account_at, body_of, failure, page, told

WINDOW = Window(utc(2026, 7, 1), utc(2026, 7, 2))


def read(client: TongtoolClient, stream: ErpStream = ErpStream.SUPPLIERS, reading: int = 0) -> list[Page]:
    return list(client.read(stream, WINDOW, reading))


def names(pages: list[Page]) -> list[str]:
    return [record["supplierCode"] for page in pages for record in page.records]


def suppliers(first: int, count: int) -> list[dict[str, str]]:
    return [{"supplierCode": f"S{number}"} for number in range(first, first + count)]


def test_a_session_takes_the_token_and_then_the_merchant(client: TongtoolClient, script: Tongtool) -> None:
    script.steps = [page()]
    read(client)
    token, merchant = script.token_requests
    assert token.url.path == "/open-platform-service/devApp/appToken"
    assert dict(token.url.params) == {"accessKey": "the-access-key", "secretAccessKey": SECRETS[0]}
    assert merchant.url.path == "/open-platform-service/partnerOpenInfo/getAppBuyerList"
    assert merchant.url.params["app_token"] == SECRETS[1]


@pytest.mark.parametrize(("unit", "form"), [("ms", r"\d{13}"), ("s", r"\d{10}")])
def test_a_call_is_a_signed_post_for_the_merchant(make_core: MakeCore, script: Tongtool, unit: str, form: str) -> None:
    script.steps = [page()]
    read(TongtoolClient(account_at("https://tongtool.test", timestamp_unit=unit), make_core()))
    (request,) = script.requests
    params = request.url.params
    assert request.url.path == "/api-service/openapi/tongtool/supplierQuery"
    assert request.headers["api_version"] == "3.0"
    assert body_of(request) == {"merchantId": "M-1", "pageNo": 1, "pageSize": 100}
    assert re.fullmatch(form, params["timestamp"])
    assert params["sign"] == sign(SecretStr(SECRETS[1]), params["timestamp"], SecretStr(SECRETS[0]))


def test_the_session_is_shared_and_kept(make_core: MakeCore, script: Tongtool, store: TongtoolAccount) -> None:
    script.steps = [page(), page()]
    for _ in range(2):
        read(TongtoolClient(store, make_core()))
    assert len(script.token_requests) == 2


def test_the_merchant_is_the_one_that_the_settings_name(make_core: MakeCore, script: Tongtool) -> None:
    script.merchants = [MERCHANT, {**MERCHANT, "partnerOpenId": "M-2"}]
    script.steps = [page()]
    read(TongtoolClient(account_at("https://tongtool.test", merchant_id="M-2"), make_core()))
    assert body_of(script.requests[0])["merchantId"] == "M-2"
    with pytest.raises(CredentialError, match="LINKSTAR_TONGTOOL_HOUSE_MERCHANT_ID"):
        read(TongtoolClient(account_at("https://tongtool.test", merchant_id="M-3"), make_core()))


def test_a_full_page_needs_a_further_one_and_a_shorter_one_is_the_last(
    client: TongtoolClient, script: Tongtool
) -> None:
    script.steps = [page(*suppliers(0, 100)), page(*suppliers(100, 100)), page()]
    assert names(read(client)) == [f"S{number}" for number in range(200)]
    assert [body_of(request)["pageNo"] for request in script.requests] == [1, 2, 3]
    script.steps = [page(*suppliers(0, 99))]
    assert len(names(read(client))) == 99
    assert not script.steps


def test_another_reading_has_other_page_borders(client: TongtoolClient, script: Tongtool) -> None:
    script.steps = [page()] * 3
    for reading in range(3):
        read(client, reading=reading)
    sizes = [body_of(request)["pageSize"] for request in script.requests]
    assert len(set(sizes)) == 3
    assert max(sizes) == 100


def test_a_list_without_end_is_left(client: TongtoolClient, script: Tongtool) -> None:
    script.steps = [page(*suppliers(0, 100))] * 40
    with pytest.raises(MalformedAnswerError, match="supplierQuery: page after page is the same"):
        read(client)


def test_products_are_asked_for_by_type_and_say_which(client: TongtoolClient, script: Tongtool) -> None:
    script.steps = [page({"sku": "A"}), page({"sku": "B"}, "n/a"), page()]
    records = [record for one in read(client, ErpStream.PRODUCTS) for record in one.records]
    assert records == [{"sku": "A", "productType": "0"}, {"sku": "B", "productType": "1"}, "n/a"]
    asked = [body_of(request) for request in script.requests]
    assert [query["productType"] for query in asked] == ["0", "1", "2"]
    assert asked[0]["updatedDateBegin"] == "2026-07-01 08:00:00"  # China's clock
    assert asked[0]["updatedDateEnd"] == "2026-07-02 08:00:00"


def test_stock_is_asked_for_by_warehouse_and_orders_by_place(client: TongtoolClient, script: Tongtool) -> None:
    script.steps = [
        page({"warehouseName": "深圳仓"}, {"warehouseName": "海外仓"}),
        page(),
        page(),
        page(),
        page(),
        page(),
    ]
    read(client, ErpStream.STOCK)
    read(client, ErpStream.ORDERS)
    _, first, second, *orders = [body_of(request) for request in script.requests]
    assert [first["warehouseName"], second["warehouseName"]] == ["深圳仓", "海外仓"]
    assert [query["storeFlag"] for query in orders] == ["0", "1", "2"]
    assert orders[0]["updatedDateFrom"] == "2026-07-01 08:00:00"


def test_there_is_no_stream_of_kits(client: TongtoolClient) -> None:
    with pytest.raises(ValueError, match="no stream of kits"):
        client.read(ErpStream.KITS, None, 0)


def test_an_expired_token_is_renewed_once(client: TongtoolClient, script: Tongtool) -> None:
    script.token_steps = [told("stale"), told([MERCHANT]), told("fresh"), told([MERCHANT])]
    script.steps = [failure(523), page(*suppliers(0, 1))]
    assert names(read(client)) == ["S0"]
    assert [request.url.params["app_token"] for request in script.requests] == ["stale", "fresh"]
    script.steps = [failure(523)] * 2
    with pytest.raises(CredentialError, match=r"523.*LINKSTAR_TONGTOOL_HOUSE_ACCESS_KEY"):
        read(client)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (519, CredentialError, "LINKSTAR_TONGTOOL_HOUSE_TIMESTAMP_UNIT"),
        (524, CredentialError, "tick it for the app"),
        (525, RequestRejectedError, "525: no"),
        (999999, CredentialError, "expired"),
        (4711, RequestRejectedError, "4711: no"),
    ],
)
def test_a_refusal_with_http_200_is_a_failure_that_says_what_to_do(
    client: TongtoolClient, script: Tongtool, code: int, kind: type[ConnectorError], words: str
) -> None:
    script.steps = [failure(code)]
    with pytest.raises(kind, match=words) as caught:
        read(client)
    assert not caught.value.transient
    assert not script.steps


@pytest.mark.parametrize("refusal", [failure(526), failure(526, status=429)])
def test_a_used_up_quota_is_waited_for(client: TongtoolClient, script: Tongtool, refusal: httpx.Response) -> None:
    script.steps = [refusal, page(*suppliers(0, 1))]
    assert names(read(client)) == ["S0"]
    script.steps = [refusal] * 4
    with pytest.raises(ThrottledError):
        read(client)


def test_a_system_fault_is_repeated(client: TongtoolClient, script: Tongtool) -> None:
    script.steps = [failure(527), reply({}, 503), page(*suppliers(0, 1))]
    assert names(read(client)) == ["S0"]
    script.steps = [failure(527)] * 4
    with pytest.raises(PlatformError):
        read(client)


@pytest.mark.parametrize("body", [b'{"code": 200, "datas": null}', b'{"code": 200}', b"[]", b'{"code": 200, "da'])
def test_a_body_without_its_list_is_malformed(client: TongtoolClient, script: Tongtool, body: bytes) -> None:
    script.steps = [httpx.Response(200, content=body)] * 4
    with pytest.raises(MalformedAnswerError):
        read(client)


def test_a_refused_login_names_the_settings_and_shows_no_secret(
    client: TongtoolClient, script: Tongtool, postgres: Postgres
) -> None:
    script.token_steps = [told(None, success=False)]
    with pytest.raises(CredentialError, match=r"LINKSTAR_TONGTOOL_HOUSE_ACCESS_KEY.*_SECRET_KEY") as caught:
        client.check_access()
    client.http.call_log.flush()
    logged = str(postgres.fetch("SELECT url, error FROM ops.api_call"))
    assert "appToken" in logged
    for secret in ("the-access-key", *SECRETS):
        assert secret not in str(caught.value) + logged


def test_all_operations_and_apps_of_a_merchant_spend_one_budget(
    make_core: MakeCore, script: Tongtool, postgres: Postgres
) -> None:
    script.steps = [page()] * 5
    for name in ("house", "second"):
        client = TongtoolClient(account_at("https://tongtool.test", name, quota_seconds=60), make_core(max_wait=0))
        with pytest.raises(ConnectorError, match="rate budget"):
            read(client, ErpStream.PRODUCTS)
    assert len(script.requests) == 1
    buckets = postgres.fetch("SELECT platform, store, operation FROM ops.rate_budget")
    assert buckets == [("tongtool", "M-1", "erp2")]
