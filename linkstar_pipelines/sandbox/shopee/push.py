"""Pushes: signed notifications of order versions, and the queue of those that were lost.

Here: what Shopee would send, and `get_lost_push_message` with its confirmation. A quarter of the pushes of the last
three days counts as lost, always the same ones.
Not here: delivering them.
"""

import json
from collections.abc import Iterator
from typing import Final

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.shopee.auth import signed
from linkstar_pipelines.sandbox.shopee.order_json import order_status
from linkstar_pipelines.sandbox.shopee.wire import Call, done, invalid
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account
from linkstar_pipelines.sandbox.world.instants import DAY

CALLBACK_URL: Final = "https://linkstar.example.com/hooks/shopee"
"""The address that is registered for an app, unless its shop's pushes are sent elsewhere."""
LOST_SHARE: Final = 0.25
LOST_DAYS: Final = 3
LOST_AT_ONCE: Final = 100


class PushDesk:
    """Makes pushes and keeps what was confirmed of the lost ones."""

    def __init__(self, bench: Bench) -> None:
        self._world = bench.world
        self._confirmed: dict[str, int] = {}
        self._urls = bench.push_urls

    def pushes(self, account: Account, since: int, until: int) -> list[SignedPush]:
        """Return the pushes of the order versions in [since, until), oldest first."""
        return [self._sign(account, message) for message, _ in self._messages(account, since, until)]

    def lost(self, call: Call) -> Reply:
        """Answer get_lost_push_message: the earliest 100 of the last three days."""
        waiting = self._lost(call)
        shown = waiting[:LOST_AT_ONCE]
        return done({
            "push_message_list": [
                {"shop_id": message["shop_id"], "code": 3, "timestamp": message["timestamp"], "data": message}
                for _, message in shown
            ],
            "has_next_page": len(waiting) > len(shown),
            "last_message_id": shown[-1][0] if shown else 0,
        })  # fmt: skip

    def confirm(self, call: Call) -> Reply:
        """Answer confirm_consumed_lost_push_message."""
        last = call.document().get("last_message_id")
        if not isinstance(last, int):
            raise invalid("last_message_id is required")
        self._confirmed[call.account.code] = max(last, self._confirmed.get(call.account.code, 0))
        return done()

    def _lost(self, call: Call) -> list[tuple[int, Json]]:
        """Return lost messages that were not confirmed, by rising message id."""
        found = self._messages(call.account, call.now - LOST_DAYS * DAY, call.now + 1)
        lost = [(number, message) for message, number in found if chance.unit("lost push", number) < LOST_SHARE]
        return [(number, message) for number, message in lost if number > self._confirmed.get(call.account.code, 0)]

    def _messages(self, account: Account, since: int, until: int) -> Iterator[tuple[Json, int]]:
        """Yield every message of a span and its id: instant and rank, so that ids rise with time."""
        store = self._world.reach(until).store(account.code)
        for at, rank, index in store.updates:
            if since <= at < until:
                order = store.by_rank[rank]
                data = {
                    "items": [], "ordersn": order.id, "status": order_status(order, order.versions[index]),
                    "completed_scenario": "", "update_time": at,
                }  # fmt: skip
                yield {"data": data, "shop_id": int(account.seller_id), "code": 3, "timestamp": at}, at * 10**6 + rank

    def _sign(self, account: Account, message: Json) -> SignedPush:
        body = json.dumps(message, separators=(",", ":"))
        url = self._urls.get(account.code, CALLBACK_URL)
        sign = signed(account.client_secret, f"{url}|{body}")
        return SignedPush({"Authorization": sign, "Content-Type": "application/json"}, body.encode())
