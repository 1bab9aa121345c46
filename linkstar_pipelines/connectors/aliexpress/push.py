"""Notifications of AliExpress: who sent them, and what they are about.

Belongs here: the signature's verification and the reading of the message.
Does not belong here: receiving them over HTTP, or what is done about them.

There is no limit of age: a notification that comes late, or twice, is still only a hint to look.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from linkstar_pipelines.connectors.aliexpress.signing import push_signature
from linkstar_pipelines.connectors.aliexpress.store import AliExpressStore
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Push, PushEvent, PushRefusedError
from linkstar_pipelines.schemas.platforms import Stream

TOPICS: Final = {51: "order payment", 53: "order status", 18: "order logistics", 65: "authorisation expiring"}
"""Known kinds of message; the first three are about orders."""
_ABOUT_ORDERS: Final = frozenset({51, 53, 18})


def receive(store: AliExpressStore, _http: HttpCore, push: Push) -> Sequence[PushEvent]:
    """Verify a notification and tell what it says; one of an unknown kind is about no stream.

    Raises:
        PushRefusedError: its signature is missing or wrong, it is no message, or it is another shop's.
    """
    given = push.headers.get(store.push_signature_header, "")
    expected = push_signature(store.app_key, store.app_secret, push.body)
    if not hmac.compare_digest(given.lower().encode(), expected.encode()):
        raise PushRefusedError(
            f"The notification for aliexpress store '{store.name}' is not signed with its app secret. If it is "
            f"AliExpress' own, check {store.variable('app_key')}, {store.variable('app_secret')} and "
            f"{store.variable('push_signature_header')}."
        )
    message = _message(store, push.body)
    if str(message.get("seller_id")) != store.seller_id:
        raise PushRefusedError(
            f"The notification is of another shop than aliexpress store '{store.name}'. Check "
            f"{store.variable('seller_id')}."
        )
    kind, data = message.get("message_type"), message.get("data")
    about = data if isinstance(data, dict) and kind in _ABOUT_ORDERS else {}
    order_id = about.get("orderId")
    return [
        PushEvent(
            event_id=hashlib.sha256(push.body).hexdigest(),
            account=store.seller_id,
            stream=Stream.ORDERS if order_id else None,
            record_id=str(order_id) if order_id else None,
            changed_at=_instant(message.get("timestamp")),
            topic=TOPICS.get(kind, f"message type {kind}") if isinstance(kind, int) else f"message type {kind}",
        )
    ]


def _message(store: AliExpressStore, body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except (json.JSONDecodeError, UnicodeDecodeError):
        message = None
    if not isinstance(message, dict):
        raise PushRefusedError(f"The notification for aliexpress store '{store.name}' holds no message.")
    return message


def _instant(milliseconds: object) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if isinstance(milliseconds, int) else None
