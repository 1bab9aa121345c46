"""Demand: how many order lines each listing would get on a day, if stock allowed.

Here: levels, demand classes, weekly season, yearly season, trend, promotions, quantities. The rate of a cell
(product, marketplace) is popularity x market share x week day x season x trend x promotion.
Not here: baskets and life cycles (see `life`), stock (see `stock`).
"""

import math
from collections.abc import Sequence
from datetime import date
from functools import cache
from random import Random

from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Marketplace
from linkstar_pipelines.sandbox.world.catalog import Listing, Product

WEEK = (1.08, 0.98, 0.94, 0.93, 0.96, 1.02, 1.09)  # Monday first; mean 1
LINES_PER_ORDER = 1.22
UNITS_PER_LINE = 1.35
PROMOTION_LIFT, PROMOTION_DISCOUNT = 2.2, 0.15
PROMOTION_BLOCK, PROMOTION_DAYS = 30, 4


class Demand:
    """The demand of one marketplace, drawn day by day."""

    def __init__(
        self, seed: int, market: Marketplace, listings: Sequence[Listing], orders_per_day: float, opens: date
    ) -> None:
        self._seed = seed
        self._market = market
        self._opens = opens
        self._cells: list[tuple[Product, list[Listing], float]] = []
        by_product: dict[int, list[Listing]] = {}
        for listing in listings:
            by_product.setdefault(listing.product.number, []).append(listing)
        weights = {
            number: group[0].product.popularity * (0.5 + chance.unit(seed, "taste", market.code, number))
            for number, group in by_product.items()
        }
        scale = orders_per_day * market.share * LINES_PER_ORDER / sum(weights.values())
        for number, group in by_product.items():
            self._cells.append((group[0].product, group, weights[number] * scale))

    def daily_units(self, listing: Listing) -> float:
        """Return the mean units per day that the listing sells here (before season, trend and promotions)."""
        number = listing.product.number
        rate = next((rate for product, _, rate in self._cells if product.number == number), 0.0)
        return rate * listing.share * UNITS_PER_LINE

    def lines(self, day: date, rng: Random) -> list[tuple[Listing, int]]:
        """Draw the day's wanted lines as (listing, quantity)."""
        wanted = []
        weekday = WEEK[day.weekday()]
        elapsed = (day - self._opens).days
        season = day.timetuple().tm_yday / 365
        for product, listings, level in self._cells:
            rate = level * weekday * (1 + 0.15 * math.sin(2 * math.pi * (season + product.season_phase)))
            rate *= max(1 + product.yearly_trend * elapsed / 365, 0.2)
            if promotion(self._seed, product, day):
                rate *= PROMOTION_LIFT
            for _ in range(_count(rng, product.demand_class, rate)):
                listing = listings[0] if len(listings) == 1 else _pick(rng, listings)
                wanted.append((listing, _quantity(rng, product.demand_class)))
        return wanted


def promotion(seed: int, product: Product, day: date) -> str | None:
    """Return the id of the promotion that runs for the product that day, if any: four days in some months."""
    block, offset = divmod(day.toordinal(), PROMOTION_BLOCK)
    draw = _promotion_draw(seed, product.number, block)
    if draw >= 0.3:
        return None
    start = int(draw / 0.3 * (PROMOTION_BLOCK - PROMOTION_DAYS))
    return f"PROMO-{product.category}-{block}" if start <= offset < start + PROMOTION_DAYS else None


@cache
def _promotion_draw(seed: int, product_number: int, block: int) -> float:
    return chance.unit(seed, "promotion", product_number, block)


def _count(rng: Random, klass: str, rate: float) -> int:
    if klass == "smooth":
        return chance.poisson(rng, rate)
    if klass == "erratic":
        return chance.poisson(rng, rate * rng.lognormvariate(-0.32, 0.8))
    # Intermittent and lumpy demand: quiet on most days, several lines on an active one.
    active = 0.35 if klass == "intermittent" else 0.2
    return chance.poisson(rng, rate / active) if rng.random() < active else 0


def _pick(rng: Random, listings: Sequence[Listing]) -> Listing:
    draw = rng.random()
    for listing in listings:
        draw -= listing.share
        if draw < 0:
            return listing
    return listings[-1]


def _quantity(rng: Random, klass: str) -> int:
    draw = rng.random()
    if klass == "lumpy" and draw > 0.93:
        return rng.randint(4, 10)
    if draw < 0.84:
        return 1
    if draw < 0.95:
        return 2
    return 3 if draw < 0.993 else rng.randint(4, 12)
