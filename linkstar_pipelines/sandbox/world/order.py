"""Orders of the world: records of what was ordered and of every version an order goes through.

Here: the plain records and what can be read off them at an instant.
Not here: how a life is drawn (see `life`), prices and fees (see `prices`), the wire format.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from enum import StrEnum

from linkstar_pipelines.sandbox.world.accounts import Account, Marketplace
from linkstar_pipelines.sandbox.world.catalog import Listing
from linkstar_pipelines.sandbox.world.prices import UnitPrice


class Status(StrEnum):
    """Fulfillment status, in the platform's spelling."""

    PENDING = "PENDING"
    UNSHIPPED = "UNSHIPPED"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"


@dataclass(slots=True)
class Line:
    """One order line; every amount is per unit, so each share of the line is exact."""

    item_id: str
    listing: Listing
    quantity: int
    price: UnitPrice
    ioss: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One state of an order from `at` on: units ordered and shipped per line.

    `moved` marks that the address was changed, `delivered` that the parcels arrived, `cancelled_by` who cancelled.
    """

    at: int
    status: Status
    ordered: tuple[int, ...]
    shipped: tuple[int, ...]
    moved: bool = False
    delivered: bool = False
    cancelled_by: str | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    """One shipment: units per line that left at `at`."""

    id: str
    at: int
    quantities: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Order:
    """One order with all its versions, oldest first; `rank` is unique and grows with the creation time."""

    id: str
    rank: int
    account: Account
    market: Marketplace
    country: str
    fba: bool
    created: int
    lines: tuple[Line, ...]
    versions: list[Version] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)

    def index_at(self, now: int) -> int:
        """Return the index of the version in force at `now`; -1 before the order exists."""
        return bisect_right(self.versions, now, key=lambda version: version.at) - 1

    def cancelled_units(self, version: Version) -> tuple[int, ...]:
        """Return the units per line that were ordered at first and have been cancelled by then."""
        if version.status is Status.CANCELLED:
            return tuple(line.quantity for line in self.lines)
        return tuple(line.quantity - left for line, left in zip(self.lines, version.ordered, strict=True))
