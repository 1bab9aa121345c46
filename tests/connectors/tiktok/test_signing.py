"""Signatures: the public vector, and the calls as they are signed."""

import hashlib
import hmac

import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.platform import StockChange
from linkstar_pipelines.connectors.tiktok import calls
from linkstar_pipelines.connectors.tiktok.client import TikTokClient
from linkstar_pipelines.connectors.tiktok.signing import call_signature, push_signature
from linkstar_pipelines.connectors.tiktok.store import TikTokStore
from tests.connectors.tiktok.support import APP_SECRET, CIPHER, TikTok, bad, good

SECRET = SecretStr("app_secret")
VECTOR = "d3cb7fe11ecae942802ceeca67e7cf10120cc12f1517d45fbc1c8cfe5413c80f"


def test_a_call_is_signed_as_an_independent_library_signs_it() -> None:
    assert call_signature(SECRET, "/test-api", {"foo": "bar"}) == VECTOR


def test_signature_and_token_are_no_part_of_what_is_signed() -> None:
    query = {"sign": "x", "foo": "bar", "access_token": "y"}
    assert call_signature(SECRET, "/test-api", query) == VECTOR


def test_the_query_is_sorted_and_the_body_stands_behind_it() -> None:
    message = b'app_secret/padd_1bb2{"a":1}app_secret'
    expected = hmac.new(b"app_secret", message, hashlib.sha256).hexdigest()
    assert call_signature(SECRET, "/p", {"b": "b2", "add": "_1"}, b'{"a":1}') == expected


def test_a_webhook_is_signed_over_app_key_and_raw_body() -> None:
    expected = hmac.new(b"app_secret", b'key{"type":1}', hashlib.sha256).hexdigest()
    assert push_signature(SECRET, "key", b'{"type":1}') == expected


def test_every_exchange_is_signed_anew_over_the_path_without_host_or_mount(
    tiktok_client: TikTokClient, tiktok: TikTok, shop: TikTokStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(1_700_000_000, 1_700_000_100))
    monkeypatch.setattr(f"{calls.__name__}.time.time", lambda: float(next(seconds)))
    mounted = TikTokClient(shop.model_copy(update={"endpoint": "https://proxy.test/mount"}), tiktok_client.http)
    tiktok.steps = [bad(36009002), good({})]
    assert mounted.push_stock([StockChange("TIKTOK_US", "1-2", "code", 3)])[0].accepted
    path = "/product/202309/products/1/inventory/update"
    assert [request.url.path for request in tiktok.requests] == [f"/mount{path}"] * 2
    for request, query in zip(tiktok.requests, tiktok.queries, strict=True):
        assert query["shop_cipher"] == CIPHER
        assert query["sign"] == call_signature(SecretStr(APP_SECRET), path, query, request.content)
        assert request.headers["x-tts-access-token"] == "access-1"
    first, second = (query["timestamp"] for query in tiktok.queries)
    assert first < second
