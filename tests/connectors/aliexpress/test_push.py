"""Notifications: only those that AliExpress signed, and what they are about."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from linkstar_pipelines.connectors.aliexpress.push import receive
from linkstar_pipelines.connectors.aliexpress.store import AliExpressStore
from linkstar_pipelines.connectors.platform import Push, PushEvent, PushRefusedError
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.aliexpress.support import SECRETS
from tests.connectors.conftest import MakeCore
from tests.connectors.support import utc

MESSAGE: dict[str, Any] = {
    "data": {"orderId": 8112345678901234, "orderStatus": "WAIT_SELLER_SEND_GOODS", "buyerId": "es123"},
    "message_type": 53, "seller_id": "2671514005", "site": "ae_global", "timestamp": 1779580800000,
}  # fmt: skip


def push(message: Any, *, secret: str = SECRETS[0], header: str = "authorization") -> Push:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    signature = hmac.new(secret.encode(), b"123456" + body, hashlib.sha256).hexdigest()
    return Push("POST", "https://hooks.test/aliexpress", {header: signature}, body)


@pytest.fixture
def received(store: AliExpressStore, make_core: MakeCore) -> Any:
    def receive_it(arrived: Push, **changes: Any) -> PushEvent:
        (event,) = receive(store.model_copy(update=changes), make_core(), arrived)
        return event

    return receive_it


def test_a_signed_notification_names_the_order_and_is_the_same_each_time_it_comes(received: Any) -> None:
    event = received(push(MESSAGE))
    assert (event.stream, event.record_id, event.account) == (Stream.ORDERS, "8112345678901234", "2671514005")
    assert event.changed_at == utc(2026, 5, 24)
    assert event.topic == "order status"
    assert received(push(MESSAGE)) == event
    assert received(push({**MESSAGE, "timestamp": 1779580800001})).event_id != event.event_id


@pytest.mark.parametrize(("kind", "about"), [(51, True), (18, True), (65, False), (9999, False)])
def test_kinds_of_messages_are_told_apart(received: Any, kind: int, about: bool) -> None:
    event = received(push({**MESSAGE, "message_type": kind}))
    assert (event.stream is Stream.ORDERS) is about
    assert (event.record_id is not None) is about


def test_the_header_of_the_signature_is_a_setting(received: Any) -> None:
    moved = push(MESSAGE, header="x-signature")
    assert received(moved, push_signature_header="x-signature").record_id == "8112345678901234"
    with pytest.raises(PushRefusedError):
        received(moved)


def test_a_changed_body_a_wrong_secret_and_a_missing_signature_are_refused(received: Any) -> None:
    good = push(MESSAGE)
    changed = Push(good.method, good.url, good.headers, good.body.replace(b"8112", b"9112"))
    bare = Push(good.method, good.url, {}, good.body)
    for bad in (changed, push(MESSAGE, secret="other"), bare, Push("POST", "", {"authorization": "ü"}, good.body)):  # noqa: S106
        with pytest.raises(PushRefusedError, match="LINKSTAR_ALIEXPRESS_AE1_APP_SECRET"):
            received(bad)


def test_another_shops_message_and_no_message_are_refused(received: Any) -> None:
    with pytest.raises(PushRefusedError, match="LINKSTAR_ALIEXPRESS_AE1_SELLER_ID"):
        received(push({**MESSAGE, "seller_id": "1"}))
    for body in (b"\xff", b"[]", b"{"):
        with pytest.raises(PushRefusedError, match="no message"):
            received(push(body))
