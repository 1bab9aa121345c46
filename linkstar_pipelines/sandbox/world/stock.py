"""Stock: what each pool of units holds at any instant, and how it is refilled.

A pool belongs to one listing and one place: FBA pools to (listing, marketplace), merchant pools to the listing.
Here: reservation by orders, receipts, losses, returns, inbound shipments, and the view at an instant.
Not here: who orders (see `demand`), what the wire shows of it.
Invariant: the fulfillable quantity is never negative; what a pool cannot give is not sold.
"""

import heapq
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from linkstar_pipelines.sandbox.world.instants import DAY, HOUR

REVIEW_EVERY = 7  # days
CASE = 6  # units per carton


@dataclass(frozen=True, slots=True)
class Inbound:
    """One inbound shipment of `quantity` units; received in parts at `receipts` (instant, units)."""

    quantity: int
    working: int
    shipped: int
    receiving: int
    receipts: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class StockView:
    """What a pool holds at an instant, in units; `changed` is the instant of the last change."""

    fulfillable: int
    reserved: int
    damaged: int
    inbound_working: int
    inbound_shipped: int
    inbound_receiving: int
    changed: int


@dataclass(slots=True)
class Pool:
    """Units of one listing in one place; calls that take units must come in order of time."""

    daily_units: float
    fba: bool
    neglected: bool
    opened: int
    available: int = 0
    inbounds: list[Inbound] = field(default_factory=list)
    _coming: list[tuple[int, int]] = field(default_factory=list)
    _events: list[tuple[int, int, int, int]] = field(default_factory=list)
    _sums: tuple[list[int], list[int], list[int], list[int]] | None = None

    def open_with(self, rng: Random) -> None:
        """Put in the opening stock: 25 to 60 days of demand, or 50 to 95 for pools nobody refills."""
        cover = rng.uniform(50, 95) if self.neglected else rng.uniform(25, 60)
        self.available = int(self.daily_units * cover) + 3
        self._note(self.opened, self.available, 0, 0)

    def take(self, instant: int, quantity: int) -> bool:
        """Reserve `quantity` units for an order; False when fewer are there (the sale is lost)."""
        self._catch_up(instant)
        if self.available < quantity:
            return False
        self.available -= quantity
        self._note(instant, -quantity, quantity, 0)
        return True

    def give_back(self, instant: int, quantity: int) -> None:
        """Release reserved units at a later instant (a cancel)."""
        heapq.heappush(self._coming, (instant, quantity))
        self._note(instant, quantity, -quantity, 0)

    def ship(self, instant: int, quantity: int) -> None:
        """Let reserved units leave."""
        self._note(instant, 0, -quantity, 0)

    def take_return(self, instant: int, quantity: int, sellable: bool) -> None:
        """Take returned units back, to stock or to the damaged ones."""
        if sellable:
            heapq.heappush(self._coming, (instant, quantity))
        self._note(instant, quantity if sellable else 0, 0, 0 if sellable else quantity)

    def lose(self, instant: int, quantity: int) -> int:
        """Lose up to `quantity` units in the warehouse; returns how many were lost."""
        self._catch_up(instant)
        lost = min(quantity, self.available)
        if lost:
            self.available -= lost
            self._note(instant, -lost, 0, 0)
        return lost

    def review(self, instant: int, rng: Random) -> None:
        """Order a refill when stock and what is on the way cover less than the target."""
        self._catch_up(instant)
        on_the_way = sum(units for i in self.inbounds for at, units in i.receipts if at > instant)
        lead, target, batch = (24, 45, 35) if self.fba else (7, 20, 25)
        if self.neglected or self.available + on_the_way > self.daily_units * target:
            return
        quantity = max(-(-int(self.daily_units * batch) // CASE), 1) * CASE
        shipped = instant + (2 * DAY if self.fba else DAY) + rng.randrange(DAY)
        receiving = instant + lead * DAY + rng.randrange(4 * DAY)
        first = quantity * 2 // 3
        receipts = (
            (receiving + 6 * HOUR + rng.randrange(DAY), first),
            (receiving + 30 * HOUR + rng.randrange(2 * DAY), quantity - first),
        )
        self.inbounds.append(Inbound(quantity, instant, shipped, receiving, receipts))
        for at, units in receipts:
            heapq.heappush(self._coming, (at, units))
            self._note(at, units, 0, 0)

    def view(self, now: int) -> StockView:
        """Return what the pool holds at `now`."""
        if self._sums is None:
            self._events.sort()
            columns = list(zip(*self._events, strict=True))
            self._sums = (
                list(columns[0]),
                list(accumulate(columns[1])),
                list(accumulate(columns[2])),
                list(accumulate(columns[3])),
            )
        instants, fulfillable, reserved, damaged = self._sums
        last = bisect_right(instants, now) - 1
        if last < 0:
            return StockView(0, 0, 0, 0, 0, 0, self.opened)
        working = shipped = receiving = 0
        for inbound in self.inbounds:
            if inbound.working <= now < inbound.shipped:
                working += inbound.quantity
            elif inbound.shipped <= now < inbound.receiving:
                shipped += inbound.quantity
            elif inbound.receiving <= now:
                receiving += sum(units for at, units in inbound.receipts if at > now)
        return StockView(fulfillable[last], reserved[last], damaged[last], working, shipped, receiving, instants[last])

    def _catch_up(self, instant: int) -> None:
        while self._coming and self._coming[0][0] <= instant:
            self.available += heapq.heappop(self._coming)[1]

    def _note(self, instant: int, fulfillable: int, reserved: int, damaged: int) -> None:
        self._events.append((instant, fulfillable, reserved, damaged))
        self._sums = None
