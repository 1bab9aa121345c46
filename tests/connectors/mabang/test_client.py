"""The client against scripted answers: signed bodies, pages, and failures that look like successes."""

import time
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.errors import (
    CredentialError,
    MalformedAnswerError,
    PlatformError,
    RequestRejectedError,
    ThrottledError,
)
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.mabang import calls
from linkstar_pipelines.connectors.mabang.client import MabangClient
from linkstar_pipelines.connectors.mabang.signing import signature
from linkstar_pipelines.connectors.mabang.store import MabangAccount
from linkstar_pipelines.connectors.platform import Window
from linkstar_pipelines.schemas.erps import ErpStream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.mabang.support import KEY, Gateway, answer, page, sku
from tests.connectors.support import utc


def read(client: MabangClient, stream: ErpStream, window: Window | None = None, reading: int = 0) -> list[object]:
    return [record for found in client.read(stream, window, reading) for record in found.records]


def test_every_exchange_is_signed_anew_over_the_body_that_is_sent(
    client: MabangClient, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(1_779_176_045, 1_779_176_100))
    monkeypatch.setattr(f"{calls.__name__}.time.time", lambda: float(next(seconds)))
    gateway.steps = [answer(None, "0", "网关内部错误"), page(sku())]
    assert read(client, ErpStream.PRODUCTS) == [sku()]
    for request, body in zip(gateway.requests, gateway.bodies, strict=True):
        assert str(request.url) == "https://mabang.test/api/v2"
        assert request.headers["authorization"] == signature(SecretStr(KEY), request.content)
        assert request.headers["x-requested-with"] == "XMLHttpRequest"
        assert list(body) == ["api", "appkey", "data", "timestamp"]
        assert body["appkey"] == "201501"
    first, second = (body["timestamp"] for body in gateway.bodies)
    assert 1_779_176_045 <= first < second


def test_the_field_version_is_sent_where_the_setting_asks_for_it(
    account: MabangAccount, mabang_core: HttpCore, gateway: Gateway
) -> None:
    gateway.steps = [page()]
    read(MabangClient(account.model_copy(update={"version": "2"}), mabang_core), ErpStream.PRODUCTS)
    assert gateway.bodies[0]["version"] == "2"


def test_a_list_with_a_cursor_is_followed_to_its_end_with_other_page_borders_each_time(
    client: MabangClient, gateway: Gateway
) -> None:
    for reading, size in ((0, "200"), (1, "174"), (2, "146"), (3, "200")):
        gateway.requests.clear()
        gateway.steps = [page(sku("A"), following="c2", total=2), page(sku("B"), total=2)]
        assert read(client, ErpStream.PRODUCTS, reading=reading) == [sku("A"), sku("B")]
        assert gateway.asked == [
            {"showProvider": "1", "maxRows": size}, {"showProvider": "1", "maxRows": size, "cursor": "c2"}
        ]  # fmt: skip


def test_a_list_by_number_ends_with_its_stated_last_page(client: MabangClient, gateway: Gateway) -> None:
    gateway.steps = [answer({"data": [{"groupId": str(n)}], "pageCount": 2}) for n in (1, 2)]
    assert read(client, ErpStream.PURCHASES) == [{"groupId": "1"}, {"groupId": "2"}]
    assert gateway.asked == [{"page": "1"}, {"page": "2"}]


def test_a_list_that_states_no_last_page_ends_with_an_empty_one_or_a_repetition(
    client: MabangClient, gateway: Gateway
) -> None:
    first, second = ({"providerId": "1"}, {"providerId": "2"})
    gateway.steps = [answer({"data": [first]}), answer({"data": [second]}), answer({"data": []})]
    assert read(client, ErpStream.SUPPLIERS) == [first, second]
    gateway.steps = [answer([first]), answer([first])]
    assert first in read(client, ErpStream.SUPPLIERS)
    assert gateway.steps == []


def test_stock_is_asked_for_the_skus_of_the_products(client: MabangClient, gateway: Gateway) -> None:
    gateway.steps = [
        page(sku(" B "), sku("A"), sku(""), following="c2"), answer({"data": [{"stockSku": "A"}], "pageCount": 1}),
        page(sku("C")), answer({"data": [{"stockSku": "C"}], "pageCount": 1}),
    ]  # fmt: skip
    assert read(client, ErpStream.STOCK) == [{"stockSku": "A"}, {"stockSku": "C"}]
    assert [asked["stockSkus"] for asked in gateway.asked if "stockSkus" in asked] == ["A,B", "C"]


def test_orders_are_asked_for_by_the_clock_of_china(client: MabangClient, gateway: Gateway) -> None:
    gateway.steps = [page(), page()]
    read(client, ErpStream.ORDERS, Window(utc(2026, 4, 30, 16), datetime(2026, 5, 1, 0, 0, 0, 5, UTC)))
    read(client, ErpStream.ORDERS, Window(utc(2026, 4, 30, 16)))
    assert gateway.asked[0]["updateTimeStart"] == "2026-05-01 00:00:00"
    assert gateway.asked[0]["updateTimeEnd"] == "2026-05-01 08:00:01"
    assert "updateTimeEnd" not in gateway.asked[1]
    with pytest.raises(ValueError, match="name a window"):
        client.read(ErpStream.ORDERS, None, 0)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (answer(None, "0", "系统繁忙"), PlatformError),  # a success by its code alone
        (answer(None, "0", "请求过于频繁"), ThrottledError),
        (answer(None), MalformedAnswerError),
        (httpx.Response(200, content=b'{"code": "200", "data": {"da'), MalformedAnswerError),
        (httpx.Response(503, content=b"busy"), PlatformError),
    ],
)
def test_what_may_pass_is_repeated_and_then_named(
    client: MabangClient, gateway: Gateway, step: httpx.Response, error: type[Exception]
) -> None:
    gateway.steps = [step] * 3
    with pytest.raises(error, match="mabang store 'main'"):
        read(client, ErpStream.PRODUCTS)
    assert gateway.steps == []
    gateway.steps = [step, page(sku())]
    assert read(client, ErpStream.PRODUCTS) == [sku()]


@pytest.mark.parametrize("message", ["签名错误", "appkey不存在"])
def test_a_refused_signature_names_the_settings_and_no_secret(
    client: MabangClient, gateway: Gateway, message: str
) -> None:
    gateway.steps = [answer(None, "500", message)]
    with pytest.raises(CredentialError, match="LINKSTAR_MABANG_MAIN_DEVELOPER_KEY") as caught:
        client.check_access()
    assert "LINKSTAR_MABANG_MAIN_APP_KEY" in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_refused_timestamp_tells_to_set_the_clock(client: MabangClient, gateway: Gateway) -> None:
    gateway.steps = [answer(None, "0", "timestamp与服务器时间相差超过10分钟")]
    with pytest.raises(RequestRejectedError, match=r"ten minutes\. Set this machine's clock"):
        client.check_access()


def test_any_other_refusal_is_told_in_mabangs_words(client: MabangClient, gateway: Gateway) -> None:
    gateway.steps = [answer(None, "500", "maxRows过大")]
    with pytest.raises(RequestRejectedError, match="500: maxRows过大"):
        read(client, ErpStream.KITS)


def test_a_list_without_end_is_given_up(client: MabangClient, gateway: Gateway) -> None:
    gateway.steps = [page(sku(), following="again")] * 40
    with pytest.raises(MalformedAnswerError, match="the list has no end"):
        read(client, ErpStream.PRODUCTS)


def test_the_calls_in_a_minute_are_a_setting(
    account: MabangAccount, mabang_core: HttpCore, gateway: Gateway, postgres: Postgres
) -> None:
    gateway.steps = [page()]
    started = time.monotonic()
    read(MabangClient(account.model_copy(update={"calls_per_minute": 30}), mabang_core), ErpStream.KITS)
    assert time.monotonic() - started < 5
    (rate,) = postgres.fetch("SELECT rate_per_second FROM ops.rate_budget WHERE platform = 'mabang'")
    assert rate[0] == pytest.approx(0.5, rel=0.02)
