"""Orders: `get_order_list` and `get_order_detail`.

Here: windows of at most 15 days by update or creation time, the cursor, details of up to 50 orders, and the orders
that the malformed fault spoils. The list goes by the search index; details are always of the newest version.
Not here: an order's wire form (see `order_json`).
"""

from collections.abc import Iterator
from typing import Final

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.paging import Key, TokenRefusedError, cut
from linkstar_pipelines.sandbox.payload_faults import LONG_AGO, ShipDate
from linkstar_pipelines.sandbox.search import Found
from linkstar_pipelines.sandbox.shopee.catalog import Catalog
from linkstar_pipelines.sandbox.shopee.logistics import ShippingDesk
from linkstar_pipelines.sandbox.shopee.order_json import order_status, render
from linkstar_pipelines.sandbox.shopee.wire import ApiError, Call, done, invalid
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.instants import DAY
from linkstar_pipelines.sandbox.world.order import Order

LONGEST_WINDOW: Final = 15 * DAY
MOST_DETAILS: Final = 50
_SHIP_DATE: Final = ShipDate(("ship_by_date",), LONG_AGO)


class OrdersApi:
    """Answers the order calls."""

    def __init__(self, bench: Bench, catalogs: dict[str, Catalog], shipping: ShippingDesk) -> None:
        self._bench = bench
        self._catalogs = catalogs
        self._shipping = shipping

    def search(self, call: Call) -> Reply:
        """Answer get_order_list."""
        field = call.text("time_range_field")
        if field not in {"create_time", "update_time"}:
            raise invalid("time_range_field must be create_time or update_time")
        first, last = span(call, "time_from", "time_to", "order.order_list_invalid_time")
        size, wanted = call.whole("page_size", 1, 100), call.query.get("order_status", "")
        shown = set(call.query.get("response_optional_fields", "").split(","))
        store, index = self._bench.world.reach(call.now).store(call.account.code), self._bench.index

        def stream(after: Key | None) -> Iterator[tuple[Key, Found]]:
            walk = index.updated if field == "update_time" else index.created
            for key, (order, version) in walk(store, first, last, after, call.now):
                if not wanted or order_status(order, order.versions[version]) == wanted:
                    yield key, (order, version)

        def row(found: Found) -> Json:
            order, version = found
            status = {"order_status": order_status(order, order.versions[version])}
            return {"order_sn": order.id, **(status if "order_status" in shown else {})}

        page = cut(stream, row, self._cursor(call), size, call.strike)
        cursor = self._bench.tokens.write(page.next) if page.next else ""
        return done({"more": bool(page.next), "next_cursor": cursor, "order_list": page.items})

    def detail(self, call: Call) -> Reply:
        """Answer get_order_detail."""
        asked = call.text("order_sn_list").split(",")
        if len(asked) > MOST_DETAILS:
            raise invalid(f"order_sn_list takes at most {MOST_DETAILS} orders")
        fields = frozenset(call.query.get("response_optional_fields", "").split(","))
        store = self._bench.world.reach(call.now).store(call.account.code)
        known = [store.orders[sn] for sn in asked if sn in store.orders]
        orders = [order for order in known if order.index_at(call.now) >= 0]
        if not orders:
            raise ApiError("error_not_found", "Wrong parameters, detail: the order is not found.")
        return done({"order_list": [self._show(order, call, fields) for order in orders]})

    def _show(self, order: Order, call: Call, fields: frozenset[str]) -> Json:
        index = order.index_at(call.now)
        catalog, arranged = self._catalogs[call.account.code], self._shipping.arranged(order)
        body = self._bench.index.spoil(
            order, render(order, order.versions[index], catalog, arranged, fields), _SHIP_DATE
        )
        spoiled = self._bench.index.malformed(order, index)
        if spoiled == 0:
            del body["order_sn"]
        elif spoiled == 1:
            body["item_list"] = None
        elif spoiled == 2 and "item_list" in body:
            body["item_list"][0] |= {"model_original_price": "n/a", "model_discounted_price": "n/a"}
        return body

    def _cursor(self, call: Call) -> Json:
        token = call.query.get("cursor", "")
        try:
            return self._bench.tokens.read(token, self._bench.options.page_token_ttl) if token else {}
        except TokenRefusedError as problem:
            raise invalid("cursor is invalid") from problem


def span(call: Call, first: str, last: str, code: str) -> tuple[int, int]:
    """Read a time range, both ends included, of at most 15 days.

    Raises:
        ApiError: it is too long or runs backwards, in the operation's own `code`.
    """
    start, end = call.whole(first, 0, 2**32 - 1), call.whole(last, 0, 2**32 - 1)
    if not start < end or end - start > LONGEST_WINDOW:
        raise ApiError(code, "Start time must be earlier than end time and diff in 15days.")
    return start, end
