"""Shopee's push notifications: whether one is genuine, and what it says.

Belongs here: the check of `Authorization` over the registered address and the raw body, and the meaning of the codes.
Does not belong here: taking pushes in over HTTP, or acting on them.

A push carries no id. It is identified by what it says, without the time of its delivery, so that a repeated delivery
and its copy in the queue of lost pushes are the same event.
"""

import hashlib
import hmac
from typing import Any, Final

from linkstar_pipelines.connectors.fields import instant_of
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Push, PushEvent, PushRefusedError
from linkstar_pipelines.connectors.request import DecodeError, read_json
from linkstar_pipelines.connectors.shopee.signing import push_base, signature
from linkstar_pipelines.connectors.shopee.store import ShopeeStore
from linkstar_pipelines.domain.observations import canonical_json
from linkstar_pipelines.schemas.platforms import Stream

STREAMS: Final = {3: Stream.ORDERS, 4: Stream.ORDERS, 30: Stream.ORDERS, 29: Stream.RETURNS}
"""What a code is about: order status, tracking number, package fulfilment, return. The others are about the app."""
_RECORD_IDS: Final = {
    Stream.ORDERS: ("ordersn", "order_sn"),
    Stream.RETURNS: ("return_sn", "returnsn"),
}
"""Names of the record's id: pushes write `ordersn` where calls write `order_sn`."""


def receive(store: ShopeeStore, _: HttpCore, push: Push) -> list[PushEvent]:
    """Verify a push of a shop and tell what it says.

    Raises:
        PushRefusedError: the signature is wrong or absent, the body is no push, or it is about another shop.
    """
    expected = signature(store.partner_key, push_base(store.push_url or push.url, push.body))
    given = push.headers.get("authorization", "")
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise PushRefusedError(
            f"shopee store '{store.name}': the push is not signed with the partner key for the registered address. "
            f"Check {store.variable('partner_key')}, and LINKSTAR_PUSH_URL or {store.variable('push_url')}; otherwise "
            "it is forged."
        )
    try:
        event = event_of(read_json(push.body))
    except DecodeError:
        raise PushRefusedError(f"shopee store '{store.name}': the body of the push is no JSON.") from None
    if event.account != str(store.shop_id) and event.stream is not None:
        raise PushRefusedError(f"shopee store '{store.name}': the push is about another shop.")
    return [event]


def event_of(message: Any) -> PushEvent:
    """Tell what a message says, whether pushed or fetched from the queue of lost ones.

    Raises:
        PushRefusedError: the message has no code, or is no object.
    """
    code = message.get("code") if isinstance(message, dict) else None
    if not isinstance(code, int) or isinstance(code, bool):
        raise PushRefusedError("the message is not in the form of a Shopee push: it has no code")
    data = message.get("data")
    fields: dict[str, Any] = data if isinstance(data, dict) else {}
    stream = STREAMS.get(code)
    names = _RECORD_IDS[stream] if stream else ()
    record = next((str(fields[name]) for name in names if fields.get(name)), None)
    account = message.get("shop_id")
    said = canonical_json([code, account, data])
    return PushEvent(
        event_id=hashlib.sha256(said.encode()).hexdigest(),
        account=str(account) if account else "",
        stream=stream,
        record_id=record,
        changed_at=instant_of(fields.get("update_time")) or instant_of(message.get("timestamp")),
        topic=str(code),
    )
