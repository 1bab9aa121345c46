"""Notifications: what AliExpress tells of changed orders, signed.

Here: messages of the order versions in a span. Not here: their delivery.
"""

import hashlib
import hmac
import json

from linkstar_pipelines.sandbox.aliexpress.buyers import login_of
from linkstar_pipelines.sandbox.aliexpress.order_json import state
from linkstar_pipelines.sandbox.aliexpress.wire import SITE
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.world.accounts import Account
from linkstar_pipelines.sandbox.world.store import Store

ORDER_STATUS = 53


def pushes(store: Store, since: int, until: int) -> list[SignedPush]:
    """Make the notifications of all order versions after `since` and up to `until`, oldest first."""
    found = []
    for at, rank, index in store.updates:
        if since < at <= until:
            order = store.by_rank[rank]
            message = {
                "data": {
                    "orderId": int(order.id),
                    "orderStatus": state(order.versions[index]),
                    "buyerId": login_of(order),
                },
                "message_type": ORDER_STATUS,
                "seller_id": store.account.seller_id,
                "site": SITE,
                "timestamp": at * 1000,
            }
            body = json.dumps(message, separators=(",", ":")).encode()
            found.append(SignedPush({"authorization": _signature(store.account, body)}, body))
    return found


def _signature(account: Account, body: bytes) -> str:
    return hmac.new(account.client_secret.encode(), account.client_id.encode() + body, hashlib.sha256).hexdigest()
