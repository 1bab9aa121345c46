"""Webhooks: the vector, good ones, forged ones, and those of another shop."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Push, PushRefusedError
from linkstar_pipelines.connectors.shopify.push import receive
from linkstar_pipelines.connectors.shopify.signing import signature
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.conftest import MakeCore
from tests.connectors.shopify.support import shopify_store
from tests.connectors.support import utc

HUSH = SecretStr("hush")


@pytest.fixture
def http(make_core: MakeCore) -> HttpCore:
    return make_core()


def push_of(body: bytes, topic: str = "orders/updated", **changes: str) -> Push:
    headers = {
        "x-shopify-hmac-sha256": signature(HUSH, body),
        "x-shopify-shop-domain": "linkstar-us.myshopify.com",
        "x-shopify-topic": topic,
        "x-shopify-webhook-id": "w-1",
        "x-shopify-triggered-at": "2026-05-11T02:00:05.5Z",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return Push("POST", "https://linkstar.test/hooks/shopify", headers, body)


def body_of(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_the_signature_is_that_of_the_vector() -> None:
    assert signature(HUSH, b'{"id":1}') == "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY="


@pytest.mark.parametrize("topic", ["orders/create", "orders/updated", "orders/cancelled"])
def test_a_webhook_of_an_order_names_it(http: HttpCore, topic: str) -> None:
    (event,) = receive(shopify_store(), http, push_of(body_of(id=5001, updated_at="2026-05-11T04:00:00+02:00"), topic))
    assert (event.event_id, event.account, event.topic) == ("w-1", "linkstar-us.myshopify.com", topic)
    assert (event.stream, event.record_id) == (Stream.ORDERS, "5001")
    assert event.changed_at == utc(2026, 5, 11, 2)


@pytest.mark.parametrize(
    ("topic", "stream"),
    [("products/update", Stream.LISTINGS), ("inventory_levels/update", Stream.INVENTORY), ("app/uninstalled", None)],
)
def test_other_webhooks_name_no_record_and_are_dated_by_their_header(
    http: HttpCore, topic: str, stream: Stream | None
) -> None:
    (event,) = receive(shopify_store(), http, push_of(body_of(id=7), topic))
    assert (event.stream, event.record_id) == (stream, None)
    assert event.changed_at is not None
    assert event.changed_at.replace(microsecond=0) == utc(2026, 5, 11, 2).replace(second=5)


def test_a_changed_body_and_a_missing_signature_are_refused_with_the_remedy(http: HttpCore) -> None:
    good = push_of(body_of(id=1))
    for bad in (
        Push(good.method, good.url, good.headers, body_of(id=2)),
        push_of(body_of(id=1), x_shopify_hmac_sha256=""),
        push_of(body_of(id=1), x_shopify_hmac_sha256="ümlaut"),
    ):
        with pytest.raises(PushRefusedError, match="LINKSTAR_SHOPIFY_SF1_CLIENT_SECRET") as refusal:
            receive(shopify_store(), http, bad)
        assert "hush" not in str(refusal.value)


def test_another_shops_webhook_is_refused(http: HttpCore) -> None:
    with pytest.raises(PushRefusedError, match="LINKSTAR_SHOPIFY_SF1_SHOP"):
        receive(shopify_store(), http, push_of(body_of(id=1), x_shopify_shop_domain="other.myshopify.com"))


@pytest.mark.parametrize(
    "push", [push_of(b"[]"), push_of(b"{"), push_of(b"{}", ""), push_of(b"{}", x_shopify_webhook_id="")]
)
def test_what_is_no_webhook_is_refused(http: HttpCore, push: Push) -> None:
    with pytest.raises(PushRefusedError, match="not in Shopify's form"):
        receive(shopify_store(), http, push)
