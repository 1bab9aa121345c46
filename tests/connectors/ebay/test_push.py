"""Notifications: eBay's vectors, forged ones, other sellers, and the key that is asked for once an hour."""

import base64
import json
import time
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from linkstar_pipelines.connectors.ebay import push as ebay_push
from linkstar_pipelines.connectors.ebay.push import receive
from linkstar_pipelines.connectors.ebay.store import EbayStore
from linkstar_pipelines.connectors.errors import PlatformError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Push, PushEvent, PushRefusedError
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.ebay.support import EbayScript, ebay_store, refusal
from tests.connectors.support import reply, utc
from tests.support import shared_path

KEY = ec.generate_private_key(ec.SECP256R1())
KID = "0f6b0c5e-1111-2222-3333-444455556666"


@pytest.fixture(autouse=True)
def no_known_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ebay_push, "_keys", {})


def confirmation(**changes: Any) -> dict[str, Any]:
    data = {"user": {"userId": "u1", "username": "the-seller"}, "order": {"orderId": "01-00001-00001"}, **changes}
    return {
        "metadata": {"topic": "ORDER_CONFIRMATION", "schemaVersion": "1.0", "deprecated": False},
        "notification": {"notificationId": "n1", "eventDate": "2026-05-01T00:00:00.000Z", "data": data},
    }


def push_of(body: bytes, signature: str) -> Push:
    return Push("POST", "https://linkstar.test/hooks/ebay", {"x-ebay-signature": signature}, body)


def mark_of(signed: bytes) -> str:
    signature = base64.b64encode(KEY.sign(signed, ec.ECDSA(hashes.SHA1()))).decode()  # noqa: S303
    return base64.b64encode(
        json.dumps({"alg": "ecdsa", "kid": KID, "signature": signature, "digest": "SHA1"}).encode()
    ).decode()


def signed_push(document: Any) -> Push:
    body = json.dumps(document, separators=(",", ":")).encode()
    return push_of(body, mark_of(body))


def public_key() -> httpx.Response:
    der = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = f"-----BEGIN PUBLIC KEY-----{base64.b64encode(der).decode()}-----END PUBLIC KEY-----"
    return reply({"key": text, "algorithm": "ECDSA", "digest": "SHA1"})


@pytest.mark.parametrize("name", ["VALID", "INVALID", "SIGNATURE_MISMATCH"])
def test_ebays_published_notifications(
    name: str, ebay_settings: EbayStore, scripted_core: HttpCore, ebay: EbayScript
) -> None:
    path = shared_path("contracts", "ebay", "event-notification-test-vectors.json")
    vector = json.loads(path.read_text())[name]
    ebay.steps = [reply(vector["response"])]
    body = json.dumps(vector["message"], indent=2).encode()  # spaces are not signed
    if name == "VALID":
        (event,) = receive(ebay_settings, scripted_core, push_of(body, vector["signature"]))
        assert (event.topic, event.stream, event.record_id) == ("MARKETPLACE_ACCOUNT_DELETION", None, None)
        assert event.event_id == vector["message"]["notification"]["notificationId"]
    else:
        with pytest.raises(PushRefusedError, match="does not fit the body"):
            receive(ebay_settings, scripted_core, push_of(body, vector["signature"]))


def test_a_confirmed_order_names_account_order_and_time(
    ebay_settings: EbayStore, scripted_core: HttpCore, ebay: EbayScript
) -> None:
    ebay.steps = [public_key()]
    (event,) = receive(ebay_settings, scripted_core, signed_push(confirmation()))
    assert event == PushEvent(
        "n1", "the-seller", Stream.ORDERS, "01-00001-00001", utc(2026, 5, 1), "ORDER_CONFIRMATION"
    )
    (asked,) = ebay.requests
    assert asked.url.path == f"/commerce/notification/v1/public_key/{KID}"
    assert b"client_credentials" in ebay.token_requests[0].content


def test_the_key_is_asked_for_once_and_again_after_an_hour(
    ebay_settings: EbayStore, scripted_core: HttpCore, ebay: EbayScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    ebay.steps = [public_key(), public_key()]
    for _ in range(3):
        receive(ebay_settings, scripted_core, signed_push(confirmation()))
    assert len(ebay.requests) == 1
    later = time.monotonic() + 3601
    monkeypatch.setattr(time, "monotonic", lambda: later)
    receive(ebay_settings, scripted_core, signed_push(confirmation()))
    assert len(ebay.requests) == 2


def test_a_changed_body_is_refused(ebay_settings: EbayStore, scripted_core: HttpCore, ebay: EbayScript) -> None:
    ebay.steps = [public_key()]
    forged = push_of(json.dumps(confirmation(order={"orderId": "2"})).encode(), mark_of(b"something else"))
    with pytest.raises(PushRefusedError, match="does not fit the body"):
        receive(ebay_settings, scripted_core, forged)


def test_a_notification_about_another_seller_is_refused(scripted_core: HttpCore, ebay: EbayScript) -> None:
    ebay.steps = [public_key()]
    push = signed_push(confirmation())
    with pytest.raises(PushRefusedError, match="another seller"):
        receive(ebay_store(seller_id="somebody-else"), scripted_core, push)
    (event,) = receive(ebay_store(seller_id=""), scripted_core, push)
    assert event.account == "u1"


@pytest.mark.parametrize(
    "header", ["", "no base64!", base64.b64encode(b"{}").decode(), base64.b64encode(b"[]").decode()]
)
def test_an_unreadable_signature_is_refused_before_anything_is_asked(
    header: str, ebay_settings: EbayStore, scripted_core: HttpCore, ebay: EbayScript
) -> None:
    with pytest.raises(PushRefusedError, match="missing or no eBay signature"):
        receive(ebay_settings, scripted_core, push_of(b"{}", header))
    assert ebay.requests == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"metadata": {}, "notification": {"notificationId": "1"}}'])
def test_a_body_that_is_no_notification_is_refused(
    body: bytes, ebay_settings: EbayStore, scripted_core: HttpCore
) -> None:
    with pytest.raises(PushRefusedError, match="no eBay notification"):
        receive(ebay_settings, scripted_core, push_of(body, mark_of(body)))


def test_an_unknown_key_is_refused_but_a_failing_platform_is_no_refusal(
    ebay_settings: EbayStore, scripted_core: HttpCore, ebay: EbayScript
) -> None:
    ebay.steps = [refusal(404, 195001)]
    with pytest.raises(PushRefusedError, match="knows no key"):
        receive(ebay_settings, scripted_core, signed_push(confirmation()))
    ebay.steps = [refusal(500, 195000)] * 4
    with pytest.raises(PlatformError):
        receive(ebay_settings, scripted_core, signed_push(confirmation()))
