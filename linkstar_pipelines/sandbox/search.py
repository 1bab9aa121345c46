"""The search index of a platform: which version of an order it shows at an instant.

Here: walking the orders of an account by update or creation time as the index knows them, the lateness of single
versions, and which orders it spoils. Every platform's order list goes through it, so faults strike all alike.
Not here: windows, pages and wire forms of a platform.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from copy import deepcopy

from linkstar_pipelines.sandbox.faults import FaultDesk
from linkstar_pipelines.sandbox.paging import Key
from linkstar_pipelines.sandbox.payload_faults import ShipDate, spoil
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world.order import Order
from linkstar_pipelines.sandbox.world.store import Store

Found = tuple[Order, int]
"""An order and the index of its version that is shown."""
END = 2**62


class SearchIndex:
    """What a platform's order search knows."""

    def __init__(self, faults: FaultDesk) -> None:
        self._faults = faults

    def version(self, order: Order, now: int) -> int:
        """Return the index of the version that is shown at `now`; -1 when none is shown yet."""
        index = order.index_at(now)
        while index >= 0 and order.versions[index].at + self._faults.lateness(order.id, index) > now:
            index -= 1
        return index

    def updated(self, store: Store, first: int, last: int, after: Key | None, now: int) -> Iterator[tuple[Key, Found]]:
        """Walk the orders last changed in [first, last], oldest change first, from behind a key on.

        An order that changes between two pages leaves the window: it belongs to the next sweep.
        """
        start = (int(after[0]), int(after[1]), END) if after else (first, -1, -1)
        for position in range(bisect_left(store.updates, start), len(store.updates)):
            at, rank, index = store.updates[position]
            if at > last:
                return
            order = store.by_rank[rank]
            if self.version(order, now) == index:
                yield [at, rank], (order, index)

    def created(self, store: Store, first: int, last: int, after: Key | None, now: int) -> Iterator[tuple[Key, Found]]:
        """Walk the orders placed in [first, last], oldest first, from behind a key on."""
        start = (int(after[0]), int(after[1])) if after else (first, -1)
        for position in range(bisect_right(store.creations, start), len(store.creations)):
            at, rank = store.creations[position]
            if at > last:
                return
            order = store.by_rank[rank]
            index = self.version(order, now)
            if index >= 0:
                yield [at, rank], (order, index)

    def spoil(self, order: Order, body: Json, ship_date: ShipDate) -> Json:
        """Return an order as a list shows it: with something wrong in it where it is one of the bad ones.

        Args:
            order: The order.
            body: Its wire form.
            ship_date: Where the platform writes the day of shipping.
        """
        way = self._faults.bad(order.id)
        if way is None:
            return body
        body = deepcopy(body)
        self._faults.spoiled[order.id] = spoil(body, way, ship_date)
        return body

    def sound(self, order: Order, index: int) -> bool:
        """Tell whether a shown order is neither malformed nor bad."""
        return self.malformed(order, index) is None and self._faults.bad(order.id) is None

    def malformed(self, order: Order, index: int) -> int | None:
        """Return which part of a shown order is spoiled (0, 1 or 2), None for a sound one."""
        return self._faults.malformed(order.id, index)
