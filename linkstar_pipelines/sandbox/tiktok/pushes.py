"""Webhooks: signed notifications of order versions.

Here: what TikTok Shop would send, and its signature. Not here: delivering them.
"""

import hashlib
import hmac
import json

from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.tiktok.order_json import order_status
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.store import Store


def pushes(store: Store, since: int, until: int) -> list[SignedPush]:
    """Return the webhooks of the order versions in [since, until), oldest first."""
    found = []
    for at, rank, index in store.updates:
        if since <= at < until:
            order = store.by_rank[rank]
            status = order_status(order, order.versions[index])
            data = {
                "order_id": order.id,
                "order_status": _STATUSES.get(status, status),
                "is_on_hold_order": False,
                "update_time": at,
            }
            found.append(_signed(store, at, f"{order.id}/{index}", data))
    return found


_STATUSES = {"CANCELLED": "CANCEL", "PARTIALLY_SHIPPING": "AWAITING_SHIPMENT"}
"""Webhooks name these states otherwise than orders do."""


def _signed(store: Store, at: int, event: str, data: dict[str, object]) -> SignedPush:
    account = store.account
    message = {
        "type": 1,
        "tts_notification_id": str(7 * 10**18 + chance.number("tiktok webhook", event) % 10**18),
        "shop_id": account.seller_id,
        "timestamp": at,
        "data": data,
    }
    body = json.dumps(message, separators=(",", ":")).encode()
    sign = hmac.new(account.client_secret.encode(), account.client_id.encode() + body, hashlib.sha256).hexdigest()
    return SignedPush({"Authorization": sign, "Content-Type": "application/json"}, body)
