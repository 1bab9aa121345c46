"""Shipping by the seller's own logistics: marking packages as shipped.

Here: what a client marked is kept in memory and shown from then on. Each call makes another package, so units that are
in one already are refused.
Not here: an order's wire form (see `order_json`).
"""

from typing import Any

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.tiktok.order_json import Marked, package_id, unit_id, unit_statuses
from linkstar_pipelines.sandbox.tiktok.wire import NOT_SHIPPABLE, ApiError, Call, done, invalid
from linkstar_pipelines.sandbox.wire import Reply
from linkstar_pipelines.sandbox.world.order import Order

_OWN_PACKAGES = 100
"""Number of the first package that a client makes; the world's shipments are counted from 0."""


class ShippingDesk:
    """Keeps which units a client marked as shipped: order id to unit id to package."""

    def __init__(self, bench: Bench) -> None:
        self._world = bench.world
        self._marked: dict[str, dict[str, Marked]] = {}

    def marked(self, order: Order) -> dict[str, Marked]:
        """Return the units of an order that a client marked."""
        return self._marked.get(order.id, {})

    def mark(self, call: Call) -> Reply:
        """Answer the call that marks a package as shipped."""
        order = self._world.reach(call.now).store(call.account.code).orders.get(call.place["order_id"])
        if order is None or order.index_at(call.now) < 0:
            raise ApiError(NOT_SHIPPABLE, "The order does not exist.")
        body = call.document()
        units = [_text(row, "order_line_id") for row in _rows(body.get("order_line_list"))]
        infos = _rows(body.get("shipping_info_list"))
        if not units or len(set(units)) < len(units):
            raise invalid("order_line_list must name each line once")
        if len(infos) != 1:
            raise invalid("shipping_info_list must hold one tracking number")
        tracking, provider = (_text(infos[0], field) for field in ("tracking_number", "shipping_provider_id"))
        if set(units) - self._open(order, call.now):
            raise ApiError(NOT_SHIPPABLE, "An order line cannot be shipped in its present status.")
        known = self._marked.setdefault(order.id, {})
        number = _OWN_PACKAGES + len({package.package_id for package in known.values()})
        package = Marked(package_id(order, number), tracking, provider, call.now)
        known.update(dict.fromkeys(units, package))
        return done({"order_id": order.id, "order_line_item_ids": units, "package_id": package.package_id})

    def _open(self, order: Order, now: int) -> set[str]:
        version, marked = order.versions[order.index_at(now)], self.marked(order)
        return {
            unit_id(line.item_id, unit)
            for place, line in enumerate(order.lines)
            for unit, status in enumerate(unit_statuses(order, version, place, marked))
            if status == "AWAITING_SHIPMENT"
        }


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _text(row: dict[str, Any], field: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value:
        raise invalid(f"{field} is required")
    return value
