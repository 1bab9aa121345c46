"""Orders: `orders/search` and the order detail.

Here: filters by update or creation time, pages whose token is bound to all other parameters, the total of the whole
result, and the orders that the malformed fault spoils. The search goes by the search index; details are always of the
newest version.
Not here: an order's wire form (see `order_json`).
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.paging import Key, cut
from linkstar_pipelines.sandbox.payload_faults import LONG_AGO, ShipDate
from linkstar_pipelines.sandbox.search import Found
from linkstar_pipelines.sandbox.tiktok.catalog import Catalog
from linkstar_pipelines.sandbox.tiktok.order_json import order_status, render
from linkstar_pipelines.sandbox.tiktok.pages import cursor_of, next_token
from linkstar_pipelines.sandbox.tiktok.shipping import ShippingDesk
from linkstar_pipelines.sandbox.tiktok.wire import Call, done, invalid
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.order import Order

MOST_DETAILS: Final = 50
_SHIP_DATE: Final = ShipDate(("rts_sla_time",), LONG_AGO)
_FILTERS: Final = frozenset({
    "order_status", "create_time_ge", "create_time_lt", "update_time_ge", "update_time_lt", "shipping_type",
})  # fmt: skip


class OrdersApi:
    """Answers the order calls."""

    def __init__(self, bench: Bench, catalogs: dict[str, Catalog], shipping: ShippingDesk) -> None:
        self._bench = bench
        self._catalogs = catalogs
        self._shipping = shipping

    def search(self, call: Call) -> Reply:
        """Answer orders/search, oldest first."""
        wanted, size = call.document(), call.page_size()
        if unknown := wanted.keys() - _FILTERS:
            raise invalid(f"unknown filter {sorted(unknown)[0]}")
        if call.query.get("sort_order", "ASC") != "ASC":
            raise invalid("the sandbox sorts ascending only")
        bound = hashlib.sha256(call.body).hexdigest()[:16]

        def stream(after: Key | None) -> Iterator[tuple[Key, Found]]:
            return self._matching(call, wanted, after)

        page = cut(stream, lambda found: self._show(*found), cursor_of(self._bench, call, bound), size, call.strike)
        # The total is that of the whole result, whatever page is asked for.
        total = sum(1 for _ in stream(None))
        data: Json = {"next_page_token": next_token(self._bench, call, bound, page.next), "total_count": total}
        return done(data | ({"orders": page.items} if page.items else {}))

    def detail(self, call: Call) -> Reply:
        """Answer the order detail; orders that are not known are left out."""
        ids = call.query.get("ids", "").split(",")
        if not ids[0] or len(ids) > MOST_DETAILS:
            raise invalid(f"ids must name 1 to {MOST_DETAILS} orders")
        orders = self._bench.world.reach(call.now).store(call.account.code).orders
        known = [(orders[name], orders[name].index_at(call.now)) for name in ids if name in orders]
        return done({"orders": [self._show(order, index) for order, index in known if index >= 0]})

    def _matching(self, call: Call, wanted: Json, after: Key | None) -> Iterator[tuple[Key, Found]]:
        index, store = self._bench.index, self._bench.world.reach(call.now).store(call.account.code)
        by_creation = call.query.get("sort_field", "create_time") == "create_time"
        field, other = ("create_time", "update_time") if by_creation else ("update_time", "create_time")
        walk = index.created if by_creation else index.updated
        first, last = _span(wanted, field, call.now)
        other_first, other_last = _span(wanted, other, call.now)
        for key, (order, position) in walk(store, first, last, after, call.now):
            version = order.versions[position]
            also = version.at if by_creation else order.created
            status = wanted.get("order_status") in {None, order_status(order, version)}
            if status and other_first <= also <= other_last and wanted.get("shipping_type") in {None, "SELLER"}:
                yield key, (order, position)

    def _show(self, order: Order, index: int) -> Json:
        told = render(order, order.versions[index], self._catalogs[order.account.code], self._shipping.marked(order))
        body = self._bench.index.spoil(order, told, _SHIP_DATE)
        spoiled = self._bench.index.malformed(order, index)
        if spoiled == 0:
            del body["id"]
        elif spoiled == 1:
            body["line_items"] = None
        elif spoiled == 2:
            body["line_items"][0] |= {"original_price": "n/a", "sale_price": "n/a"}
        return body


def _span(wanted: Json, field: str, now: int) -> tuple[int, int]:
    """Return the first and last instant of a filter; the end is not part of what was asked for."""
    first, end = wanted.get(f"{field}_ge", 0), wanted.get(f"{field}_lt", now + 1)
    if not isinstance(first, int) or not isinstance(end, int):
        raise invalid(f"{field}_ge and {field}_lt must be Unix timestamps in seconds")
    return first, end - 1
