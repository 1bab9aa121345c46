"""The life of an order: payment, cancel, edit, shipment in parts, delivery, return.

Here: the draws that turn a new order into its versions, shipments and returns. Shares: 1.5 % cancelled while
pending, 2.5 % while unshipped, 2 % edited, 6 % of the orders with two or more units shipped in two parts, 6 % of the
shipped lines returned. Times run from minutes to about three days; merchant orders also get a delivery version.
Not here: stock and money that follow from it (see `stock`, `money`).
"""

from dataclasses import dataclass
from random import Random

from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.instants import DAY, HOUR, MINUTE
from linkstar_pipelines.sandbox.world.order import Order, Shipment, Status, Version

CANCELLED_PENDING, CANCELLED_UNSHIPPED, EDITED, SPLIT, RETURNED = 0.015, 0.025, 0.02, 0.06, 0.06


@dataclass(frozen=True, slots=True)
class Return:
    """Units of one line of one shipment that come back at `at` and are refunded."""

    shipment: Shipment
    line: int
    quantity: int
    at: int
    sellable: bool


def live(order: Order, rng: Random) -> None:
    """Draw the whole life of a new order into its versions and shipments."""
    ordered = tuple(line.quantity for line in order.lines)
    nothing = (0,) * len(ordered)
    order.versions.append(Version(order.created, Status.PENDING, ordered, nothing))
    fate = rng.random()
    paid = order.created + _payment_delay(rng)
    if fate < CANCELLED_PENDING:
        order.versions.append(Version(paid, Status.CANCELLED, ordered, nothing, cancelled_by="BUYER"))
        return
    order.versions.append(Version(paid, Status.UNSHIPPED, ordered, nothing))
    now, moved = paid, False
    if fate < CANCELLED_PENDING + CANCELLED_UNSHIPPED:
        now += chance.between(rng, 20 * MINUTE, 20 * HOUR)
        by = rng.choice(("BUYER", "BUYER", "MERCHANT")) if not order.fba else "BUYER"
        order.versions.append(Version(now, Status.CANCELLED, ordered, nothing, cancelled_by=by))
        return
    if fate > 1 - EDITED:
        now += chance.between(rng, 10 * MINUTE, 90 * MINUTE)
        largest = max(range(len(ordered)), key=ordered.__getitem__)
        if ordered[largest] > 1:
            ordered = tuple(q - 1 if i == largest else q for i, q in enumerate(ordered))
        else:
            moved = True
        order.versions.append(Version(now, Status.UNSHIPPED, ordered, nothing, moved=moved))
    _ship(order, rng, now, ordered, moved)


def _ship(order: Order, rng: Random, now: int, ordered: tuple[int, ...], moved: bool) -> None:
    now += chance.between(rng, 100 * MINUTE, 30 * HOUR) if order.fba else chance.between(rng, 5 * HOUR, 66 * HOUR)
    shipped = (0,) * len(ordered)
    if sum(ordered) > 1 and rng.random() < SPLIT:
        first = tuple(1 if i == 0 else 0 for i in range(len(ordered)))
        _leave(order, now, first)
        order.versions.append(Version(now, Status.PARTIALLY_SHIPPED, ordered, first, moved=moved))
        shipped = first
        now += chance.between(rng, 3 * HOUR, 30 * HOUR)
    _leave(order, now, tuple(q - s for q, s in zip(ordered, shipped, strict=True)))
    order.versions.append(Version(now, Status.SHIPPED, ordered, ordered, moved=moved))
    if not order.fba:
        now += 2 * DAY + rng.randrange(5 * DAY)
        order.versions.append(Version(now, Status.SHIPPED, ordered, ordered, moved=moved, delivered=True))


def _leave(order: Order, now: int, quantities: tuple[int, ...]) -> None:
    number = chance.number("shipment", order.id, len(order.shipments)) % 10**9
    order.shipments.append(Shipment(f"D{number:09d}", now, quantities))


def _payment_delay(rng: Random) -> int:
    """Half of the payments clear within half an hour, a few take most of a day."""
    draw = rng.random()
    if draw < 0.5:
        return 2 * MINUTE + rng.randrange(28 * MINUTE)
    return rng.randrange(30 * MINUTE, 2 * HOUR) if draw < 0.93 else rng.randrange(2 * HOUR, 22 * HOUR)


def draw_returns(order: Order, rng: Random, not_before: dict[str, int]) -> list[Return]:
    """Draw which shipped lines come back, 3 to 20 days after they left.

    Args:
        order: An order that has been drawn by `live`.
        rng: The generator to draw from.
        not_before: Shipment id to the earliest instant of a refund (when its money was deferred until then).
    """
    returns = []
    for shipment in order.shipments:
        for index, quantity in enumerate(shipment.quantities):
            if quantity and rng.random() < RETURNED:
                at = shipment.at + 3 * DAY + rng.randrange(17 * DAY)
                at = max(at, not_before.get(shipment.id, 0) + HOUR)
                back = quantity if rng.random() < 0.7 else rng.randint(1, quantity)
                returns.append(Return(shipment, index, back, at, rng.random() < 0.6))
    return returns
