"""Orders API: list, read, acknowledge, ship.

Here: finding orders by change or creation time within 180 days and one kind of ship node, cursors that are whole
query strings (given back as they are, with nothing added), and what the seller tells of acknowledgements and parcels.
That is kept in memory and shown from then on; the world's own life of an order is not changed by it.
Not here: an order's wire form (see `order_json`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from linkstar_pipelines.sandbox.paging import Key, TokenBook, TokenRefusedError, cut, fingerprint
from linkstar_pipelines.sandbox.payload_faults import LONG_AGO, ShipDate
from linkstar_pipelines.sandbox.search import Found, SearchIndex
from linkstar_pipelines.sandbox.walmart.order_json import Told, is_acknowledged, left_to_ship, node_of, render
from linkstar_pipelines.sandbox.walmart.wire import ApiError, Call, invalid, milliseconds, not_found
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import DAY
from linkstar_pipelines.sandbox.world.order import Order
from linkstar_pipelines.sandbox.world.store import Store

NODES = ("SellerFulfilled", "WFSFulfilled", "3PLFulfilled")
STATUSES = ("Created", "Acknowledged", "Shipped", "Delivered", "Cancelled")
MOST_ORDERS = 10_000
KEPT_DAYS, DEFAULT_DAYS = 180, 7
CURSOR_PARTS = ("limit", "hasMoreElements", "soIndex", "poIndex", "partnerId", "sellerId", "cursorToken")
_SHIP_DATE = ShipDate(("shippingInfo", "estimatedShipDate"), milliseconds(LONG_AGO))
METHODS = ("Standard", "Express", "OneDay", "Freight", "WhiteGlove", "Value")
LISTED_CARRIERS = frozenset({"UPS", "USPS", "FedEx", "DHL", "4PX", "YunExpress", "Yanwen", "China Post", "SF Express"})
"""Some of the carriers that Walmart lists; any other must come as `otherCarrier`."""


@dataclass(slots=True)
class _Told:
    """What a seller told of one order."""

    acknowledged: bool = False
    parts: list[Told] = field(default_factory=list)


class OrdersApi:
    """Answers the operations of the Orders API."""

    def __init__(self, world: World, index: SearchIndex, tokens: TokenBook, token_ttl: float) -> None:
        self._world = world
        self._index = index
        self._tokens = tokens
        self._token_ttl = token_ttl
        self._told: dict[str, _Told] = {}

    def search(self, call: Call) -> Reply:
        """Answer getAllOrders."""
        size = call.integer("limit", 100, 1, 200)
        cursor = self._cursor(call)
        store = self._world.reach(call.now).store(call.account.code)

        def stream(after: Key | None) -> Iterator[tuple[Key, Found]]:
            return self._found(call, store, after)

        total = sum(1 for _ in stream(None))
        if total > MOST_ORDERS:
            raise invalid(f"The query finds {total} orders, more than {MOST_ORDERS}. Narrow it down.")
        page = cut(stream, self._show, cursor, size, call.strike)
        meta: Json = {"totalCount": total, "limit": size}
        if page.next:
            given = int(cursor.get("given", 0)) + len(page.items)
            meta["nextCursor"] = self._next(call, {**page.next, "given": given}, size, total)
        return Reply({"list": {"meta": meta, "elements": {"order": page.items}}})

    def get(self, call: Call) -> Reply:
        """Answer getAnOrder: always the newest version, whatever the list shows."""
        return Reply({"order": self._render(*self._order(call))})

    def acknowledge(self, call: Call) -> Reply:
        """Answer acknowledgeOrders."""
        order, index = self._order(call)
        self._told.setdefault(order.id, _Told()).acknowledged = True
        return Reply({"order": self._render(order, index)})

    def ship(self, call: Call) -> Reply:
        """Answer shippingUpdates: units may be shipped once, and only after the order was acknowledged."""
        order, index = self._order(call)
        version, told = order.versions[index], self._told.setdefault(order.id, _Told())
        if order.fba:
            raise _refused("The order is fulfilled by Walmart.")
        if not (told.acknowledged or is_acknowledged(order, version)):
            raise _refused("The order has to be acknowledged first.")
        parts = _parts(call.json())
        for part in parts:
            line = next((i for i, line in enumerate(order.lines) if line.item_id == part.line_id), None)
            if line is None:
                raise _refused(f"The order has no line {part.line_id}.")
            if part.units > left_to_ship(order, version, line, told.parts):
                raise _refused(f"Line {part.line_id} has fewer units left to ship.")
        told.parts.extend(parts)
        return Reply({"order": self._render(order, index)})

    def _order(self, call: Call) -> tuple[Order, int]:
        order = self._world.reach(call.now).store(call.account.code).orders.get(call.path["purchaseOrderId"])
        index = order.index_at(call.now) if order else -1
        if order is None or index < 0:
            raise not_found("ORDER", f"Order {call.path['purchaseOrderId']} was not found.")
        return order, index

    def _found(self, call: Call, store: Store, after: Key | None) -> Iterator[tuple[Key, Found]]:
        node, status = call.text("shipNodeType") or NODES[0], call.text("status")
        if node not in NODES or (status and status not in STATUSES):
            raise invalid("shipNodeType or status has an unknown value.")
        created_from = call.instant("createdStartDate")
        created_from = call.now - DEFAULT_DAYS * DAY if created_from is None else created_from
        created_from = max(created_from, call.now - KEPT_DAYS * DAY)
        created_to = call.instant("createdEndDate") or call.now
        first, last = call.instant("lastModifiedStartDate"), call.instant("lastModifiedEndDate")
        if first is None and last is None:
            found = self._index.created(store, created_from, created_to, after, call.now)
        else:
            end = call.now if last is None else min(last - 1, call.now)
            found = self._index.updated(store, first or 0, end, after, call.now)
        for key, (order, index) in found:
            if node_of(order) != node or not created_from <= order.created <= created_to:
                continue
            if not status or status in self._states(order, index):
                yield key, (order, index)

    def _states(self, order: Order, index: int) -> set[str]:
        lines = self._render(order, index)["orderLines"]["orderLine"]
        return {entry["status"] for line in lines for entry in line["orderLineStatuses"]["orderLineStatus"]}

    def _cursor(self, call: Call) -> Json:
        if call.text("hasMoreElements") is None:
            return {}
        try:
            cursor = self._tokens.read(call.text("cursorToken") or "", self._token_ttl)
        except TokenRefusedError as problem:
            raise invalid(f"nextCursor: {problem}") from problem
        if cursor.get("mark") != fingerprint(call.query, *CURSOR_PARTS):
            raise invalid("The parameters differ from those of nextCursor: give it back as it is.")
        return cursor

    def _next(self, call: Call, cursor: Json, size: int, total: int) -> str:
        """Write the query string of the next page; it carries the parameters of the first one."""
        own = {name: value for name, value in call.query.items() if name not in CURSOR_PARTS}
        token = self._tokens.write({**cursor, "mark": fingerprint(own)})
        seller = call.account.seller_id
        head = {"limit": size, "hasMoreElements": "true", "soIndex": total, "poIndex": cursor["given"]}
        return "?" + urlencode({**head, "partnerId": seller, "sellerId": seller, **own, "cursorToken": token})

    def _show(self, found: Found) -> Json:
        order, index = found
        body = self._index.spoil(order, self._render(order, index), _SHIP_DATE)
        spoiled = self._index.malformed(order, index)
        if spoiled == 0:
            del body["purchaseOrderId"]
        elif spoiled == 1:
            body["orderLines"]["orderLine"] = None
        elif spoiled == 2:
            body["orderLines"]["orderLine"][0]["charges"]["charge"][0]["chargeAmount"]["amount"] = "n/a"
        return body

    def _render(self, order: Order, index: int) -> Json:
        version, told = order.versions[index], self._told.get(order.id) or _Told()
        acknowledged = told.acknowledged or is_acknowledged(order, version)
        return render(order, version, told.parts, acknowledged=acknowledged)


def _parts(body: Json) -> list[Told]:
    """Read what a shipping call reports, and refuse what Walmart would."""
    try:
        return [
            _part(line, status)
            for line in body["orderShipment"]["orderLines"]["orderLine"]
            for status in line["orderLineStatuses"]["orderLineStatus"]
        ]
    except (KeyError, TypeError, ValueError) as problem:
        raise _refused("The body is no orderShipment.") from problem


def _part(line: Json, status: Json) -> Told:
    tracking, carrier = status["trackingInfo"], status["trackingInfo"]["carrierName"]
    if status["status"] != "Shipped" or not line["sellerOrderId"]:
        raise _refused("status must be Shipped, and sellerOrderId be given.")
    if tracking["methodCode"] not in METHODS or not tracking["trackingNumber"] or int(tracking["shipDateTime"]) <= 0:
        raise _refused("trackingInfo is not complete.")
    if carrier.get("carrier") not in LISTED_CARRIERS and not (
        carrier.get("otherCarrier") and tracking.get("trackingURL")
    ):
        raise _refused("carrierName must be a listed carrier, or otherCarrier with a trackingURL.")
    return Told(str(line["lineNumber"]), int(status["statusQuantity"]["amount"]), tracking)


def _refused(description: str) -> ApiError:
    return ApiError(400, "INVALID_REQUEST_CONTENT.GMP_ORDER_API", description, category="DATA")
