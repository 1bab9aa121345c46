"""Shipping: `get_shipping_parameter`, `ship_order`, `get_tracking_number`.

Here: the seller's own channel (`non_integrated`): the client brings the tracking number. What it arranged is kept in
memory and shown from then on; a second call for the same package is refused.
Not here: an order's wire form (see `order_json`).
"""

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.shopee.order_json import package_number
from linkstar_pipelines.sandbox.shopee.wire import ApiError, Call, done, invalid
from linkstar_pipelines.sandbox.wire import Reply
from linkstar_pipelines.sandbox.world.order import Order, Status


class ShippingDesk:
    """Keeps which packages a client arranged: package number to tracking number and instant."""

    def __init__(self, bench: Bench) -> None:
        self._world = bench.world
        self._arranged: dict[str, tuple[str, int]] = {}

    def arranged(self, order: Order) -> dict[str, int]:
        """Return the arranged packages of an order, with the instant."""
        numbers = [package_number(order, position) for position in range(len(order.shipments) + 1)]
        return {number: self._arranged[number][1] for number in numbers if number in self._arranged}

    def parameter(self, call: Call) -> Reply:
        """Answer get_shipping_parameter."""
        self._open_package(call, call.text("order_sn"), call.query.get("package_number", ""))
        return done({
            "info_needed": {"non_integrated": ["tracking_no"]}, "dropoff": None, "pickup": None,
        })  # fmt: skip

    def ship(self, call: Call) -> Reply:
        """Answer ship_order."""
        body = call.document()
        number = self._open_package(call, str(body.get("order_sn", "")), str(body.get("package_number") or ""))
        if "pickup" in body or "dropoff" in body:
            raise ApiError("logistics.ship_order_unsupport_pickup", "This order does not support ship with pickup.")
        way = body.get("non_integrated")
        tracking = str(way.get("tracking_number", "")) if isinstance(way, dict) else ""
        if not tracking:
            raise ApiError("logistics.ship_order_need_tracking_number", "Parameter tracking_number can not be null.")
        self._arranged[number] = (tracking, call.now)
        return done()

    def tracking(self, call: Call) -> Reply:
        """Answer get_tracking_number."""
        order, wanted = self._order(call, call.text("order_sn")), call.query.get("package_number", "")
        version = order.versions[order.index_at(call.now)]
        gone = [shipment for shipment in order.shipments if shipment.at <= version.at]
        count = len(gone) + (sum(version.ordered) > sum(version.shipped))
        numbers = [package_number(order, position) for position in range(count)]
        number = _chosen(numbers, wanted)
        if number in self._arranged:
            return done({"tracking_number": self._arranged[number][0]})
        place = numbers.index(number)
        return done({"tracking_number": f"SBX{gone[place].id[1:]}{order.market.id}" if place < len(gone) else ""})

    def _open_package(self, call: Call, order_id: str, wanted: str) -> str:
        """Return the number of the package that is still to be arranged."""
        order = self._order(call, order_id)
        version = order.versions[order.index_at(call.now)]
        gone = sum(1 for shipment in order.shipments if shipment.at <= version.at)
        if version.status not in {Status.UNSHIPPED, Status.PARTIALLY_SHIPPED}:
            raise ApiError("logistics.ship_order_not_ready_to_ship", "The order is not ready to ship.")
        number = _chosen([package_number(order, position) for position in range(gone + 1)], wanted)
        if number in self._arranged or number != package_number(order, gone):
            raise ApiError("logistics.package_already_shipped", "This package has already been arranged shipment.")
        return number

    def _order(self, call: Call, order_id: str) -> Order:
        order = self._world.reach(call.now).store(call.account.code).orders.get(order_id)
        if order is None or order.index_at(call.now) < 0:
            raise ApiError("logistics.order not found", "Relative order is not found.")
        return order


def _chosen(numbers: list[str], wanted: str) -> str:
    """Return the package that is meant: a split order needs its number, any other must not have one."""
    if len(numbers) > 1 and not wanted:
        raise ApiError(
            "logistics.ship_order_need_pacakge_number", "Please request with package_number for this split order."
        )
    if not numbers or (wanted and wanted not in numbers):
        raise invalid("package_number is not one of the order's")
    return wanted or numbers[0]
