"""The world as a whole: all accounts, simulated up to the day that is asked for.

Here: which accounts trade, from which day, until when; and the horizon reached so far.
Not here: the simulation of a day (see `store`), the clock (see `sandbox.clock`).
Deterministic: days are simulated in order from the opening day, each seeded by its own date, so what is visible at
an instant depends on (seed, opens, closes, orders per day, products, accounts, instant) and on nothing else.
"""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from linkstar_pipelines.sandbox.world.accounts import ACCOUNTS
from linkstar_pipelines.sandbox.world.catalog import make_products
from linkstar_pipelines.sandbox.world.instants import day_of
from linkstar_pipelines.sandbox.world.store import Store


@dataclass(frozen=True, slots=True)
class WorldPlan:
    """What a world is made from; `closes` is the first day without new orders, None for an endless world."""

    seed: int = 7
    opens: date = date(2026, 3, 1)
    closes: date | None = date(2026, 5, 24)
    orders_per_day: float = 120.0
    products: int = 120
    accounts: tuple[str, ...] = ("NA", "EU", "FE")


class World:
    """The simulated world; ask it only through `reach(now)`, which simulates what is still missing."""

    def __init__(self, plan: WorldPlan) -> None:
        self.plan = plan
        self.products = make_products(plan.seed, plan.products)
        accounts = [ACCOUNTS[code] for code in plan.accounts]
        total_share = sum(market.share for account in accounts for market in account.marketplaces)
        per_share = plan.orders_per_day / total_share
        self._stores = {
            account.code: Store(plan.seed, account, self.products, plan.opens, per_share) for account in accounts
        }
        self._next_day = plan.opens
        self.days_reached = 0

    def reach(self, now: int) -> "World":
        """Simulate up to and including the day of `now`."""
        last = day_of(now)
        if self._next_day > last:
            return self
        gc.disable()  # many records are made and all of them stay: searching them for garbage is lost time
        while self._next_day <= last:
            trading = self.plan.closes is None or self._next_day < self.plan.closes
            for store in self._stores.values():
                store.simulate(self._next_day, trading)
            self._next_day += timedelta(days=1)
            self.days_reached += 1
        for store in self._stores.values():
            store.settle()
        gc.freeze()
        gc.enable()
        return self

    @property
    def stores(self) -> Sequence[Store]:
        """All accounts' stores."""
        return list(self._stores.values())

    def store(self, account_code: str) -> Store:
        """Return one account's store."""
        return self._stores[account_code]
