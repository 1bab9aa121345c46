"""Walmart's notifications: verified, and what they say.

Belongs here: the two ways in which a notification proves itself, and reading its envelope.
Does not belong here: acting on it, or dropping the second delivery of an event (by `PushEvent.event_id`).

A store is told by BASIC_AUTH (preferred), or by an HMAC: either over method, path, time and body with headers of its
own, or over the body alone in the header that the subscription names.
"""

import base64
import hmac
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Push, PushEvent, PushRefusedError
from linkstar_pipelines.connectors.walmart.signing import body_signatures, timed_signature
from linkstar_pipelines.connectors.walmart.store import WalmartStore
from linkstar_pipelines.schemas.platforms import Stream

_SIGNATURE, _TIMESTAMP = "wm_sec.signature", "wm_sec.timestamp"
_OLDEST_SECONDS: Final = 15 * 60
_STREAMS: Final = {
    "PO_": Stream.ORDERS,
    "ORDER_": Stream.ORDERS,
    "INTENT_TO_CANCEL": Stream.ORDERS,
    "INVENTORY_": Stream.INVENTORY,
    "OFFER_": Stream.LISTINGS,
    "RETURN_": Stream.RETURNS,
}
"""What changed, by how the event type begins."""
_RECORDS: Final = {
    Stream.ORDERS: "purchaseOrderId",
    Stream.INVENTORY: "sku",
    Stream.LISTINGS: "sku",
    Stream.RETURNS: "returnOrderId",
}


def receive(store: WalmartStore, http: HttpCore, push: Push) -> Sequence[PushEvent]:  # noqa: ARG001  # interface
    """Verify a notification and tell what it says.

    Raises:
        PushRefusedError: it does not prove that Walmart sent it, or is no notification.
    """
    _verify(store, push)
    try:
        document = json.loads(push.body)
        source, payload = document["source"], document["payload"]
        topic, event_id = str(source["eventType"]), str(source["eventId"])
    except (ValueError, KeyError, TypeError):
        raise PushRefusedError(f"The notification to store '{store.name}' is not in Walmart's form.") from None
    stream = next((stream for start, stream in _STREAMS.items() if topic.startswith(start)), None)
    found = _find(payload, _RECORDS[stream]) if stream else None
    sub_topic = _find(payload, "subEventType")
    return [
        PushEvent(
            event_id=event_id,
            account=str(_find(payload, "partnerId") or ""),
            stream=stream,
            record_id=str(found) if found is not None else None,
            changed_at=_instant(source.get("eventTime")),
            topic=f"{topic}/{sub_topic}" if sub_topic else topic,
        )
    ]


def _verify(store: WalmartStore, push: Push) -> None:
    proof = push.headers.get(store.webhook_header.lower(), "")
    if store.webhook_secret is not None:
        if _SIGNATURE in push.headers:
            _verify_timed(store, push)
            return
        if any(
            hmac.compare_digest(good.encode(), proof.encode())
            for good in body_signatures(store.webhook_secret, push.body)
        ):
            return
    if store.webhook_user is not None and store.webhook_password is not None:
        pair = f"{store.webhook_user}:{store.webhook_password.get_secret_value()}"
        encoded = base64.b64encode(pair.encode())
        if hmac.compare_digest(encoded, proof.removeprefix("Basic ").encode()):
            return
    elif store.webhook_secret is None:
        raise PushRefusedError(
            f"Store '{store.name}' expects no notifications. Set {store.variable('webhook_user')} and "
            f"{store.variable('webhook_password')} to what the subscription at Walmart was made with."
        )
    raise PushRefusedError(
        f"The notification to store '{store.name}' does not prove that Walmart sent it. If it did, "
        f"{store.variable('webhook_user')}, {store.variable('webhook_password')} or "
        f"{store.variable('webhook_secret')} differs from the subscription."
    )


def _verify_timed(store: WalmartStore, push: Push) -> None:
    timestamp, secret = push.headers.get(_TIMESTAMP, ""), store.webhook_secret
    if secret is None or not timestamp.isdigit() or abs(time.time() - int(timestamp)) > _OLDEST_SECONDS:
        raise PushRefusedError(
            f"The notification to store '{store.name}' is older than {_OLDEST_SECONDS // 60} minutes, or does not say "
            "when it was sent. Check the clock of this machine."
        )
    url = urlsplit(push.url)
    target = url.path + (f"?{url.query}" if url.query else "")
    good = timed_signature(secret, push.method, target, timestamp, push.body)
    if not hmac.compare_digest(good.encode(), push.headers[_SIGNATURE].encode()):
        raise PushRefusedError(
            f"The signature of the notification to store '{store.name}' is wrong. If Walmart sent it, "
            f"{store.variable('webhook_secret')} differs from the subscription, or its address was rewritten."
        )


def _find(value: Any, name: str) -> Any:
    """Return the first field of that name, however deep: Walmart nests it differently from event to event."""
    if isinstance(value, dict):
        if value.get(name) is not None:
            return value[name]
        value = list(value.values())
    if isinstance(value, list):
        return next((found for part in value if (found := _find(part, name)) is not None), None)
    return None


def _instant(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
