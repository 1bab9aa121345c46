"""Orders API 2026-01-01: searchOrders and getOrder.

Here: finding orders by update or creation time, the window rules, page tokens that are bound to every original
parameter but `maxResultsPerPage`, and the two faults of the search index (late and malformed orders).
Pages are cut by key (time, order) at the instant of each call: an order that changes between two pages leaves the
window and belongs to the next sweep. Not here: an order's wire form (see `order_json`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from linkstar_pipelines.sandbox.amazon.order_json import DATASETS, render
from linkstar_pipelines.sandbox.amazon.shipments import ShipmentsApi
from linkstar_pipelines.sandbox.amazon.wire import SETTLE_TIME, Call, invalid, not_found
from linkstar_pipelines.sandbox.paging import Key, TokenBook, TokenRefusedError, cut, fingerprint
from linkstar_pipelines.sandbox.payload_faults import LONG_AGO, ShipDate
from linkstar_pipelines.sandbox.search import Found, SearchIndex
from linkstar_pipelines.sandbox.wire import Json, Reply, to_bytes, to_json
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import iso
from linkstar_pipelines.sandbox.world.order import Order, Status

STATUSES = ("PENDING_AVAILABILITY", *(status.value for status in Status), "UNFULFILLABLE")
_SHIP_DATE = ShipDate(("fulfillment", "shipByWindow", "latestDateTime"), iso(LONG_AGO))
MISMATCH = "All parameters must match the original request except maxResultsPerPage"


@dataclass(frozen=True, slots=True)
class _Window:
    """The time window of a search, both ends included; `by_update` says which time counts."""

    by_update: bool
    first: int
    last: int


class OrdersApi:
    """Answers the operations of the Orders API."""

    def __init__(
        self, world: World, index: SearchIndex, tokens: TokenBook, token_ttl: float, shipments: ShipmentsApi
    ) -> None:
        self._world = world
        self._index = index
        self._tokens = tokens
        self._token_ttl = token_ttl
        self._shipments = shipments

    def search(self, call: Call) -> Reply:
        """Answer searchOrders."""
        window = _window(call)
        size = call.integer("maxResultsPerPage", 100, 1, 100)
        parts = frozenset(call.words("includedData", DATASETS))
        statuses = set(call.words("fulfillmentStatuses", STATUSES))
        fulfillers = set(call.words("fulfilledBy", ("MERCHANT", "AMAZON")))
        markets = {market.id for market in call.marketplaces()}
        mark = fingerprint(call.query, "paginationToken", "maxResultsPerPage")
        cursor: Json = {}
        if token := call.text("paginationToken"):
            cursor = self._cursor(token, mark)
            window = _Window(window.by_update, window.first, cursor["last"])
        store = self._world.reach(call.now).store(call.account.code)

        def wanted(found: Found) -> bool:
            order, index = found
            return (
                order.market.id in markets
                and (not statuses or order.versions[index].status.value in statuses)
                and (not fulfillers or ("AMAZON" if order.fba else "MERCHANT") in fulfillers)
            )

        def stream(after: Key | None) -> Iterator[tuple[Key, Found]]:
            walk = self._index.updated if window.by_update else self._index.created
            found = walk(store, window.first, window.last, after, call.now)
            return ((key, item) for key, item in found if wanted(item))

        page = cut(stream, lambda found: self._show(found, parts), cursor, size, call.strike)
        body: Json = {"lastUpdatedBefore" if window.by_update else "createdBefore": iso(window.last)}
        if page.next:
            token = self._tokens.write({**page.next, "last": window.last, "mark": mark})
            body["pagination"] = {"nextToken": token}
        return Reply(content=to_bytes(f'{{"orders":[{",".join(page.items)}],{to_json(body)[1:]}'))

    def get(self, call: Call) -> Reply:
        """Answer getOrder: always the newest version, whatever the search index shows."""
        parts = frozenset(call.words("includedData", DATASETS))
        order = self._world.reach(call.now).store(call.account.code).orders.get(call.path["orderId"])
        index = order.index_at(call.now) if order else -1
        if order is None or index < 0:
            raise not_found(f"Order {call.path['orderId']} does not exist for this seller.")
        body = render(order, order.versions[index], parts)
        if "PACKAGES" in parts and (told := self._shipments.packages(order.id)):
            body["packages"] = [*body.get("packages", []), *told]
        return Reply({"order": body})

    def _cursor(self, token: str, mark: str) -> Json:
        try:
            cursor = self._tokens.read(token, self._token_ttl)
        except TokenRefusedError as problem:
            raise invalid(str(problem), "Invalid paginationToken") from problem
        if cursor.get("mark") != mark:
            raise invalid(MISMATCH, MISMATCH)
        return cursor

    def _show(self, found: Found, parts: frozenset[str]) -> str:
        order, index = found
        if self._index.sound(order, index):
            return _text(order, index, parts)
        body = self._index.spoil(order, render(order, order.versions[index], parts), _SHIP_DATE)
        spoiled = self._index.malformed(order, index)
        if spoiled == 0:
            del body["orderId"]
        elif spoiled == 1:
            body["orderItems"] = None
        elif spoiled == 2:
            price = {"unitPrice": {"amount": "n/a", "currencyCode": order.market.currency}}
            body["orderItems"][0]["product"]["price"] = price
        return to_json(body)


@lru_cache(maxsize=12_000)
def _text(order: Order, index: int, parts: frozenset[str]) -> str:
    """Write one order as JSON text; kept, because clients sweep the same window several times."""
    return to_json(render(order, order.versions[index], parts))


def _window(call: Call) -> _Window:
    """Read the time window: exactly one lower bound, the matching upper bound at least two minutes old."""
    created, updated = call.instant("createdAfter"), call.instant("lastUpdatedAfter")
    by_update = updated is not None
    if (created is None) is not by_update:
        raise invalid("Exactly one of createdAfter and lastUpdatedAfter must be provided.")
    if call.text("createdBefore" if by_update else "lastUpdatedBefore"):
        raise invalid("The lower and the upper bound must be of the same kind.")
    name = "lastUpdatedBefore" if by_update else "createdBefore"
    latest = call.now - SETTLE_TIME
    last = call.instant(name)
    if last is not None and last > latest:
        raise invalid(f"{name} must be at least two minutes before the time of the request.")
    last = latest if last is None else last
    first = updated if updated is not None else created
    if first is None or last < first:
        raise invalid(f"{name} must be equal to or after the lower bound.")
    return _Window(by_update, first, last)
