"""TikTok Shop's webhooks: whether one is genuine, and what it says.

Belongs here: the check of `Authorization` over app key and raw body, and the meaning of the types.
Does not belong here: taking webhooks in over HTTP, or acting on them.

The signature holds no time, so a repetition is as genuine as the first delivery: `tts_notification_id` tells them.
"""

import hashlib
import hmac
from typing import Any, Final

from linkstar_pipelines.connectors.fields import instant_of
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Push, PushEvent, PushRefusedError
from linkstar_pipelines.connectors.request import DecodeError, read_json
from linkstar_pipelines.connectors.tiktok.signing import push_signature
from linkstar_pipelines.connectors.tiktok.store import TikTokStore
from linkstar_pipelines.schemas.platforms import Stream

STREAMS: Final = {
    1: Stream.ORDERS, 3: Stream.ORDERS, 4: Stream.ORDERS, 11: Stream.ORDERS,
    5: Stream.LISTINGS, 15: Stream.LISTINGS, 16: Stream.LISTINGS,
}  # fmt: skip
"""What a type is about: order status, address, package, cancellation; product status, information, creation. The
others are about no stream that is read: returns (2, 12), authorisation (6, 7), messages."""
_RECORD_IDS: Final = {1: "order_id", 3: "order_id", 11: "order_id", 2: "order_id", 12: "return_id"}
"""Name of the record's id. A package (4) may hold several orders, a product is several listings: both have none."""


def receive(store: TikTokStore, _: HttpCore, push: Push) -> list[PushEvent]:
    """Verify a webhook of a shop and tell what it says.

    Raises:
        PushRefusedError: the signature is wrong or absent, the body is no webhook, or it is about another shop.
    """
    where = f"tiktok store '{store.name}'"
    expected = push_signature(store.app_secret, store.app_key, push.body)
    given = push.headers.get("authorization", "")
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise PushRefusedError(
            f"{where}: the webhook is not signed with the app secret. Check {store.variable('app_secret')} and "
            f"{store.variable('app_key')}; otherwise it is forged."
        )
    try:
        message = read_json(push.body)
    except DecodeError:
        raise PushRefusedError(f"{where}: the body of the webhook is no JSON.") from None
    kind = message.get("type") if isinstance(message, dict) else None
    if not isinstance(kind, int) or isinstance(kind, bool):
        raise PushRefusedError(f"{where}: the body is not in the form of a TikTok Shop webhook: it has no type.")
    account = str(message.get("shop_id") or "")
    if account != store.shop_id and kind in STREAMS:
        raise PushRefusedError(f"{where}: the webhook is about another shop; {store.variable('shop_id')} is ours.")
    return [_event(kind, account, message, push.body)]


def _event(kind: int, account: str, message: dict[str, Any], body: bytes) -> PushEvent:
    data = message.get("data")
    fields: dict[str, Any] = data if isinstance(data, dict) else {}
    record = fields.get(_RECORD_IDS.get(kind, ""))
    return PushEvent(
        event_id=str(message.get("tts_notification_id") or hashlib.sha256(body).hexdigest()),
        account=account,
        stream=STREAMS.get(kind),
        record_id=str(record) if record else None,
        changed_at=instant_of(fields.get("update_time")) or instant_of(message.get("timestamp")),
        topic=str(kind),
    )
