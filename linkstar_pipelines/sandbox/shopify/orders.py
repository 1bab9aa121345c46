"""Orders: search, count, one order, and the fulfilments that a seller makes.

Here: the search terms that are understood (`updated_at` and `created_at` with comparisons; any other is left out, with
a warning beside the answer), pages, and fulfilments kept in memory. Making one again makes another as long as units are
left. Not here: an order as an object (see `order_json`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLResolveInfo

from linkstar_pipelines.sandbox.paging import Key, TokenBook, cut
from linkstar_pipelines.sandbox.payload_faults import LONG_AGO, ShipDate
from linkstar_pipelines.sandbox.search import Found, SearchIndex
from linkstar_pipelines.sandbox.shopify.order_json import Told, fulfillment_order_id, render, render_told
from linkstar_pipelines.sandbox.shopify.wire import Call, Resolved, connection, cursor_of, gid, places, refused, size_of
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import iso, parse
from linkstar_pipelines.sandbox.world.order import Order
from linkstar_pipelines.sandbox.world.store import Store

_TERM = re.compile(r"(?P<field>\w+):(?P<sign>>=|<=|>|<)?(?P<quote>['\"]?)(?P<value>[^'\"\s]+)(?P=quote)|\S+")
_FIELDS = ("updated_at", "created_at")
FAR = 2**40
_SHIP_DATE = ShipDate(("fulfillments", "createdAt"), iso(LONG_AGO))


@dataclass(slots=True)
class _Span:
    """Instants within [first, last], both included."""

    first: int = 0
    last: int = FAR

    def narrow(self, sign: str, at: int) -> None:
        if sign in {">", ">="}:
            self.first = max(self.first, at + (sign == ">"))
        elif sign in {"<", "<="}:
            self.last = min(self.last, at - (sign == "<"))
        else:
            self.first, self.last = at, at


class OrdersApi:
    """Resolves orders."""

    def __init__(self, world: World, index: SearchIndex, tokens: TokenBook) -> None:
        self._world = world
        self._index = index
        self._tokens = tokens
        self._told: dict[str, list[Told]] = {}

    def search(
        self,
        info: GraphQLResolveInfo,
        *,
        first: int | None = None,
        after: str | None = None,
        query: str | None = None,
        sortKey: str = "ID",  # noqa: N803  # the schema's name
        reverse: bool = False,
    ) -> Resolved:
        """Resolve `orders`."""
        call: Call = info.context
        size, cursor = size_of(first), cursor_of(self._tokens, after)
        found = self._found(call, query, "orders")
        found.sort(key=lambda item: _sort_key(item, sortKey), reverse=reverse)

        def show(item: Found) -> Resolved:
            order, index = item
            if not self._index.sound(order, index):
                call.spoiled[gid("Order", order.id)] = item
            return render(order, order.versions[index], self._told.get(order.id, []))

        if sortKey == "UPDATED_AT" and not reverse:
            page = cut(lambda key: _after(found, key), show, cursor, size, call.strike)
        else:
            page = cut(places(found), show, cursor, size, call.strike)
        return connection(self._tokens, page, begun=bool(cursor))

    def spoil(self, call: Call, data: Json) -> None:
        """Spoil what the draw of faults spoils in a page of orders, asked for under its own name with `id`."""
        page = data.get("orders") or {}
        nodes = page.get("nodes") or []
        for place, node in enumerate(nodes):
            if node.get("id") in call.spoiled:
                nodes[place] = self._spoiled(node, *call.spoiled[node["id"]])

    def _spoiled(self, node: Json, order: Order, index: int) -> Json:
        node = self._index.spoil(order, node, _SHIP_DATE)
        spoiled = self._index.malformed(order, index)
        lines = (node.get("lineItems") or {}).get("nodes") or []
        if spoiled == 0:
            del node["id"]
        elif spoiled == 1:
            node["lineItems"] = None
        elif spoiled == 2 and lines and "originalUnitPriceSet" in lines[0]:
            lines[0]["originalUnitPriceSet"]["shopMoney"]["amount"] = "n/a"
        return node

    def count(self, info: GraphQLResolveInfo, query: str | None = None, limit: int | None = 10_000) -> Resolved:
        """Resolve `ordersCount`."""
        total = len(self._found(info.context, query, "ordersCount"))
        return counted(total, limit)

    def get(self, info: GraphQLResolveInfo, id: str) -> Resolved | None:  # noqa: A002  # the schema's name
        """Resolve `order`: always the newest version, whatever the search index shows."""
        call: Call = info.context
        order = self._store(call).orders.get(id.removeprefix(gid("Order", "")))
        return self._newest(call, order) if order and order.index_at(call.now) >= 0 else None

    def fulfill(self, info: GraphQLResolveInfo, fulfillment: Mapping[str, Any], **_message: Any) -> Resolved:
        """Resolve `fulfillmentCreate` for one fulfilment order."""
        call: Call = info.context
        wanted = fulfillment["lineItemsByFulfillmentOrder"]
        if len(wanted) != 1:
            return _user_error("All fulfillment orders must be for the same order.")
        order = self._of_fulfillment_order(call, wanted[0]["fulfillmentOrderId"])
        if order is None:
            return _user_error("Fulfillment order does not exist.")
        shown = self._newest(call, order)
        open_order = shown["fulfillmentOrders"](info, 1)["nodes"][0]
        if open_order["status"] != "OPEN":
            return _user_error("The fulfillment order is not in an open state.")
        entries = open_order["lineItems"](info, len(order.lines))["nodes"]
        left = {entry["id"]: entry["remainingQuantity"] for entry in entries}
        asked = wanted[0].get("fulfillmentOrderLineItems")
        units = left if asked is None else {entry["id"]: entry["quantity"] for entry in asked}
        if not units or any(not 0 < count <= left.get(key, 0) for key, count in units.items() if asked):
            return _user_error("Invalid fulfillment order line item quantity requested.")
        made = self._tell(call, order, [units.get(key, 0) for key in left], fulfillment, info)
        return {"fulfillment": made, "userErrors": []}

    def _tell(
        self, call: Call, order: Order, units: list[int], fulfillment: Mapping[str, Any], info: GraphQLResolveInfo
    ) -> Resolved:
        told, tracking = self._told.setdefault(order.id, []), fulfillment.get("trackingInfo") or {}
        entry = Told(
            id=f"{chance.number('told fulfillment', order.id, len(told)) % 10**13:013d}",
            at=call.now,
            number=tracking.get("number") or "",
            company=tracking.get("company") or "",
            units=tuple(units),
        )
        told.append(entry)
        lines = self._newest(call, order)["lineItems"](info, len(order.lines))["nodes"]
        return render_told(order, entry, lines)

    def _newest(self, call: Call, order: Order) -> Resolved:
        return render(order, order.versions[order.index_at(call.now)], self._told.get(order.id, []))

    def _of_fulfillment_order(self, call: Call, key: str) -> Order | None:
        orders = self._store(call).by_rank
        known = (order for order in orders if order.index_at(call.now) >= 0)
        return next((o for o in known if gid("FulfillmentOrder", fulfillment_order_id(o)) == key), None)

    def _store(self, call: Call) -> Store:
        return self._world.reach(call.now).store(call.account.code)

    def _found(self, call: Call, query: str | None, path: str) -> list[Found]:
        updated, created = self._spans(call, query or "", path)
        walk = self._index.updated(self._store(call), updated.first, min(updated.last, call.now), None, call.now)
        return [item for _, item in walk if created.first <= item[0].created <= created.last]

    def _spans(self, call: Call, query: str, path: str) -> tuple[_Span, _Span]:
        spans, warnings = {name: _Span() for name in _FIELDS}, []
        for term in _TERM.finditer(query.replace(" AND ", " ")):
            name = term["field"]
            if name not in _FIELDS:
                words = f"Invalid search field for this query: {name or term[0]}"
                warnings.append({"field": name or term[0], "message": words, "code": "invalid_field"})
                continue
            try:
                spans[name].narrow(term["sign"] or "", parse(term["value"]))
            except ValueError as problem:
                raise refused(f"Invalid timestamp for query filter `{name}`.", "BAD_REQUEST") from problem
        if warnings:
            call.searches.append({"path": [path], "query": query, "warnings": warnings})
        return spans["updated_at"], spans["created_at"]


def counted(total: int, limit: int | None) -> Resolved:
    """Write a count: exact below its limit."""
    if limit is not None and total > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": total, "precision": "EXACT"}


def _user_error(message: str) -> Resolved:
    return {"fulfillment": None, "userErrors": [{"field": ["fulfillment"], "message": message}]}


def _updated(item: Found) -> tuple[int, int]:
    order, index = item
    return order.versions[index].at, order.rank


def _sort_key(item: Found, sort_key: str) -> tuple[int, int]:
    return _updated(item) if sort_key == "UPDATED_AT" else (item[0].created, item[0].rank)


def _after(found: list[Found], key: Key | None) -> Iterator[tuple[Key, Found]]:
    """Walk orders by their change from behind a key on: one that changes between two pages moves behind."""
    for item in found:
        place = _updated(item)
        if key is None or place > (int(key[0]), int(key[1])):
            yield list(place), item
