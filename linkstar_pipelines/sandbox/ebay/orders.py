"""Fulfillment API: getOrders, getOrder and the shipping fulfilments of an order.

Here: the filters and their refusals, pages over orders sorted by creation, and shipments that a seller tells. A told
shipment is kept in memory and shown when its order's shipments are asked for; telling it again adds another one.
Not here: an order's wire form (see `order_json`).
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from linkstar_pipelines.sandbox.ebay.order_json import render, render_shipment
from linkstar_pipelines.sandbox.ebay.pages import page
from linkstar_pipelines.sandbox.ebay.wire import FULFILLMENT as API
from linkstar_pipelines.sandbox.ebay.wire import ApiError, Call, stamp
from linkstar_pipelines.sandbox.payload_faults import LONG_AGO, ShipDate
from linkstar_pipelines.sandbox.search import Found, SearchIndex
from linkstar_pipelines.sandbox.wire import Json, Reply, to_bytes, to_json
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import DAY, parse
from linkstar_pipelines.sandbox.world.order import Order

DEFAULT_LIMIT, MOST = 50, 200
MOST_IDS = 50
DEFAULT_REACH, LONGEST = 90 * DAY, 730 * DAY
CLOCK_TOLERANCE = 600
FILTERS = {"creationdate", "lastmodifieddate", "orderfulfillmentstatus"}
STATUS_SETS = ({"NOT_STARTED", "IN_PROGRESS"}, {"FULFILLED", "IN_PROGRESS"})
FIELD_GROUPS = {"", "TAX_BREAKDOWN"}
_SHIP_DATE = ShipDate(("lineItems", "lineItemFulfillmentInstructions", "shipByDate"), stamp(LONG_AGO))
NO_TRACKING = "999"


class OrdersApi:
    """Answers the operations of the Fulfillment API."""

    def __init__(self, world: World, index: SearchIndex) -> None:
        self._world = world
        self._index = index
        self._told: dict[str, list[Json]] = {}

    def search(self, call: Call) -> Reply:
        """Answer getOrders."""
        limit, offset = call.limit(API, DEFAULT_LIMIT, MOST), call.offset(API)
        _check_groups(call)
        found = sorted(self._found(call), key=lambda item: (item[0].created, item[0].rank))
        items, frame = page(call, found, self._show, offset, limit)
        head = to_json({**frame, "offset": offset})
        return Reply(content=to_bytes(f'{{"orders":[{",".join(items)}],{head[1:]}'))

    def get(self, call: Call) -> Reply:
        """Answer getOrder: always the newest version, whatever the search index shows."""
        _check_groups(call)
        order = self._order(call, status=404)
        return Reply(render(order, order.versions[order.index_at(call.now)], cancel_requests=True))

    def shipments(self, call: Call) -> Reply:
        """Answer getShippingFulfillments: those of the world, then those that were told."""
        order = self._order(call)
        shown = [render_shipment(order, shipment) for shipment in order.shipments if shipment.at <= call.now]
        shown += self._told.get(order.id, [])
        return Reply({"fulfillments": shown, "total": len(shown)})

    def ship(self, call: Call) -> Reply:
        """Answer createShippingFulfillment: 201 and the address of the new one, whose id is its tracking number."""
        order, body = self._order(call), call.document(API, 32600)
        carrier, number = body.get("shippingCarrierCode"), body.get("trackingNumber")
        if bool(carrier) != bool(number) or (number and not (str(number).isascii() and str(number).isalnum())):
            raise _refused(32300, "Invalid shipment tracking number or carrier")
        shipped = body.get("shippedDate", stamp(call.now))
        shipment: Json = {
            "fulfillmentId": number or NO_TRACKING,
            "shippedDate": stamp(_shipped_at(shipped)),
            "lineItems": _lines(order, body.get("lineItems")),
        }
        if number:
            shipment |= {"shipmentTrackingNumber": number, "shippingCarrierCode": carrier}
        self._told.setdefault(order.id, []).append(shipment)
        return Reply(status=201, headers={"Location": f"{call.url}/{shipment['fulfillmentId']}"})

    def _order(self, call: Call, status: int = 400) -> Order:
        order_id = call.path["orderId"]
        order = self._world.reach(call.now).store(call.account.code).orders.get(order_id)
        if order is None or order.index_at(call.now) < 0:
            raise ApiError(status, 32100, API.domain, f"Invalid order ID: {order_id}")
        return order

    def _found(self, call: Call) -> Iterator[Found]:
        store = self._world.reach(call.now).store(call.account.code)
        if ids := call.query.get("orderIds"):
            return self._named(call, ids.split(","))
        criteria = call.criteria(API)
        if unknown := criteria.keys() - FILTERS:
            raise _refused(30700, f"Invalid filter name: {', '.join(sorted(unknown))}")
        by_creation = "creationdate" in criteria or "lastmodifieddate" not in criteria
        given = criteria.get("creationdate" if by_creation else "lastmodifieddate")
        first, last = _span(call, given)
        walk = self._index.created if by_creation else self._index.updated
        wanted = _statuses(criteria.get("orderfulfillmentstatus"))
        found = (item for _, item in walk(store, first, last, None, call.now))
        return (item for item in found if not wanted or _status(item) in wanted)

    def _named(self, call: Call, ids: list[str]) -> Iterator[Found]:
        if len(ids) > MOST_IDS:
            raise _refused(30900, "Exceeded maximum number of order IDs (the current limit is 50)")
        orders = self._world.reach(call.now).store(call.account.code).orders
        known = (orders[order_id] for order_id in dict.fromkeys(ids) if order_id in orders)
        return ((order, index) for order in known if (index := self._index.version(order, call.now)) >= 0)

    def _show(self, found: Found) -> str:
        order, index = found
        if self._index.sound(order, index):
            return _text(order, index)
        body = self._index.spoil(order, render(order, order.versions[index]), _SHIP_DATE)
        spoiled = self._index.malformed(order, index)
        if spoiled == 0:
            del body["orderId"]
        elif spoiled == 1:
            body["lineItems"] = None
        elif spoiled == 2:
            body["lineItems"][0]["lineItemCost"]["value"] = "n/a"
        return to_json(body)


@lru_cache(maxsize=12_000)
def _text(order: Order, index: int) -> str:
    """Write one order as JSON text; kept, because clients sweep the same window several times."""
    return to_json(render(order, order.versions[index]))


def _status(found: Found) -> str:
    order, index = found
    return str(render(order, order.versions[index])["orderFulfillmentStatus"])


def _statuses(text: str | None) -> set[str]:
    if text is None:
        return set()
    wanted = set(text.split("|"))
    if wanted not in STATUS_SETS:
        raise _refused(API.bad_filter, f"Invalid filter value {text} for filter orderfulfillmentstatus")
    return wanted


def _span(call: Call, text: str | None) -> tuple[int, int]:
    if text is None:
        return call.now - DEFAULT_REACH, call.now
    if text.startswith(".."):
        raise _refused(30820, "Start date is missing")
    first, end = call.span(API, text)
    last = call.now if end is None else end
    if max(first, last) > call.now + CLOCK_TOLERANCE:
        raise _refused(30850, "Start and end dates can't be in the future")
    if first > last:
        raise _refused(30840, "Start date should be before end date")
    if last - first > LONGEST:
        raise _refused(30830, "Time range between start date and end date must be within '2' years.")
    return first, last


def _check_groups(call: Call) -> None:
    if (groups := call.query.get("fieldGroups", "")) not in FIELD_GROUPS:
        raise _refused(32800, f"Invalid field group: {groups}")


def _shipped_at(text: Any) -> int:
    try:
        return parse(text)
    except (TypeError, ValueError) as problem:
        raise _refused(32500, "Invalid shipped date") from problem


def _lines(order: Order, lines: Any) -> list[Json]:
    known, shown = {line.item_id for line in order.lines}, []
    for line in lines if isinstance(lines, list) else []:
        line_id = line.get("lineItemId") if isinstance(line, dict) else None
        if line_id not in known:
            raise _refused(32200, f"Invalid line item id: {line_id}")
        shown.append({"lineItemId": line_id, "quantity": int(line.get("quantity", 1))})
    if len({line["lineItemId"] for line in shown}) < len(shown) or not shown:
        raise _refused(32210 if shown else 32600, "Duplicate or no line item in the request")
    return shown


def _refused(error_id: int, message: str) -> ApiError:
    return ApiError(400, error_id, API.domain, message)
