"""Notifications that Walmart sends of orders: created, and cancelled.

Here: their bodies and the proof they carry (BASIC_AUTH with the account's own client id and secret). Walmart sends
nothing when a seller acknowledges or ships. Not here: delivering them, twice or out of order.
"""

import base64
from collections.abc import Iterator

from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.walmart.order_json import node_of
from linkstar_pipelines.sandbox.wire import Json, to_json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account
from linkstar_pipelines.sandbox.world.instants import iso
from linkstar_pipelines.sandbox.world.order import Order, Status, Version
from linkstar_pipelines.sandbox.world.store import Store


def pushes(store: Store, since: int, until: int) -> Iterator[SignedPush]:
    """Write the notifications of what happened in [since, until), oldest first."""
    for at, rank, index in store.updates:
        order = store.by_rank[rank]
        version = order.versions[index]
        if not since <= at < until:
            continue
        if index == 0:
            yield _sign(store.account, _body(order, version, index, "PO_CREATED", "CREATED"))
        elif version.status is Status.CANCELLED:
            yield _sign(store.account, _body(order, version, index, "PO_LINE_AUTOCANCELLED", "CANCELLED"))


def _body(order: Order, version: Version, index: int, event: str, status: str) -> Json:
    lines = [
        {
            "lineNumber": line.item_id,
            "sku": line.listing.seller_sku,
            "quantity": {"unitOfMeasure": "EACH", "measurementValue": str(units)},
            "status": status,
            "statusDate": iso(version.at),
        }
        for line, units in zip(order.lines, version.ordered, strict=True)
    ]
    return {
        "source": {
            "eventType": event,
            "eventTime": iso(version.at),
            "eventId": chance.code(32, "0123456789abcdef", "event", order.id, index),
        },
        "payload": {
            "partnerId": order.account.seller_id,
            "purchaseOrderId": order.id,
            "orderDate": iso(order.created),
            "orderLines": lines,
            "shipNodeType": node_of(order),
        },
    }


def _sign(account: Account, body: Json) -> SignedPush:
    pair = base64.b64encode(f"{account.client_id}:{account.client_secret}".encode()).decode()
    return SignedPush({"Authorization": f"Basic {pair}", "Content-Type": "application/json"}, to_json(body).encode())
