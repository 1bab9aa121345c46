"""Webhooks that Shopify sends of orders: created, updated, cancelled.

Here: their bodies (the order in the form of the REST API, in part) and their proof. Not here: delivering them, twice or
out of order.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator

from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.shopify.gateway import VERSION
from linkstar_pipelines.sandbox.shopify.wire import gid
from linkstar_pipelines.sandbox.wire import Json, to_json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account
from linkstar_pipelines.sandbox.world.instants import iso
from linkstar_pipelines.sandbox.world.order import Order, Status, Version
from linkstar_pipelines.sandbox.world.store import Store


def domain(account: Account) -> str:
    """Return the shop's own domain."""
    return f"{account.seller_id}.myshopify.com"


def pushes(store: Store, since: int, until: int) -> Iterator[SignedPush]:
    """Write the webhooks of what happened to a store's orders in [since, until), oldest first."""
    for at, rank, index in store.updates:
        if since <= at < until:
            order = store.by_rank[rank]
            version = order.versions[index]
            cancelled = version.status is Status.CANCELLED
            topic = "orders/create" if index == 0 else "orders/cancelled" if cancelled else "orders/updated"
            yield _sign(store.account, topic, order, version, index)


def _body(order: Order, version: Version) -> Json:
    return {
        "id": int(order.id),
        "admin_graphql_api_id": gid("Order", order.id),
        "name": f"#{1001 + order.rank}",
        "created_at": iso(order.created),
        "updated_at": iso(version.at),
        "cancelled_at": iso(version.at) if version.status is Status.CANCELLED else None,
        "currency": order.market.currency,
        "line_items": [
            {"id": int(line.item_id), "sku": line.listing.seller_sku, "quantity": line.quantity} for line in order.lines
        ],
    }


def _sign(account: Account, topic: str, order: Order, version: Version, index: int) -> SignedPush:
    body = to_json(_body(order, version)).encode()
    digest = hmac.new(account.client_secret.encode(), body, hashlib.sha256).digest()
    event = chance.code(32, "0123456789abcdef", "shopify webhook", order.id, index)
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
        "X-Shopify-Shop-Domain": domain(account),
        "X-Shopify-API-Version": VERSION,
        "X-Shopify-Webhook-Id": f"{event[:8]}-{event[8:12]}-{event[12:16]}-{event[16:20]}-{event[20:]}",
        "X-Shopify-Triggered-At": iso(version.at),
    }
    return SignedPush(headers, body)
