"""One account's side of the world: its listings, pools, orders and transactions, day after day.

Here: the simulation of a day and the sorted indexes over what came of it.
Not here: which days have been reached (see `engine`), the single draws (see `demand`, `life`, `money`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account, Marketplace
from linkstar_pipelines.sandbox.world.catalog import Listing, Product, make_listings
from linkstar_pipelines.sandbox.world.demand import Demand, promotion
from linkstar_pipelines.sandbox.world.identifiers import Place, line_id, order_id
from linkstar_pipelines.sandbox.world.instants import DAY, start_of
from linkstar_pipelines.sandbox.world.life import Return, draw_returns, live
from linkstar_pipelines.sandbox.world.money import Transaction, account_events, lost_stock, refund, sale
from linkstar_pipelines.sandbox.world.order import Line, Order, Status
from linkstar_pipelines.sandbox.world.prices import price_unit
from linkstar_pipelines.sandbox.world.stock import REVIEW_EVERY, Pool

COUNTRIES = {  # marketplace: ((country, cumulative share), ...)
    "US": (("US", 1.0),),
    "UK": (("GB", 0.97), ("FR", 1.0)),
    "DE": (("DE", 0.80), ("FR", 0.86), ("IT", 0.91), ("AT", 0.96), ("NL", 1.0)),
    "JP": (("JP", 1.0),),
    "EBAY_GB": (("GB", 0.97), ("FR", 1.0)),
    "EBAY_DE": (("DE", 0.84), ("FR", 0.90), ("AT", 1.0)),
    "ALIEXPRESS_1": (("ES", 0.35), ("FR", 0.60), ("DE", 0.75), ("GB", 0.88), ("NL", 1.0)),
    "ALIEXPRESS_2": (("ES", 0.45), ("FR", 0.75), ("IT", 0.90), ("GB", 1.0)),
}
IMPORTING = frozenset({"DE", "EBAY_DE", "ALIEXPRESS_1", "ALIEXPRESS_2"})
"""Marketplaces whose parcels from outside the EU go under the import one stop shop."""
EU_COUNTRIES = frozenset({"DE", "FR", "IT", "ES", "NL", "AT"})
NEGLECTED_SHARE = 0.10
LOSS_PER_DAY = 0.0015


@dataclass(slots=True)
class _Draft:
    created: int
    market: Marketplace
    fba: bool
    wanted: list[tuple[Listing, int]]


def _countries(market: Marketplace) -> tuple[tuple[str, float], ...]:
    """Return where a marketplace's orders go, with cumulative shares; its own country unless more are known."""
    return COUNTRIES.get(market.code) or ((market.country, 1.0),)


class Store:
    """The simulated seller account; grows by `simulate`, and its indexes are sorted by `settle`.

    Attributes:
        orders: Every order by its id.
        updates: (instant, rank, version index) of every version, sorted.
        creations: (instant, rank) of every order, sorted.
        by_rank: Orders in the order of their rank.
        transactions: Every transaction, in no order.
        returns: (order, return) of everything that comes back, in no order.
    """

    def __init__(
        self, seed: int, account: Account, products: Sequence[Product], opens: date, orders_per_share: float
    ) -> None:
        self.account = account
        self.listings = make_listings(seed, products, account, start_of(opens))
        self.orders: dict[str, Order] = {}
        self.by_rank: list[Order] = []
        self.updates: list[tuple[int, int, int]] = []
        self.creations: list[tuple[int, int]] = []
        self.transactions: list[Transaction] = []
        self.returns: list[tuple[Order, Return]] = []
        self._seed = seed
        self._demands = {
            market.code: Demand(seed, market, self.listings, orders_per_share, opens) for market in account.marketplaces
        }
        self._pools: dict[tuple[str, str], Pool] = {}
        for listing in self.listings:
            for market in account.marketplaces if listing.fba else account.marketplaces[:1]:
                self._open_pool(listing, market, start_of(opens))

    def pool(self, listing: Listing, market: Marketplace) -> Pool:
        """Return the pool that serves a listing in a marketplace."""
        return self._pools[listing.seller_sku, market.code if listing.fba else ""]

    def simulate(self, day: date, trading: bool) -> None:
        """Live through one day; when not `trading` nothing new begins and the day stays empty."""
        if not trading:
            return
        rng = chance.generator(self._seed, "store", self.account.code, day.toordinal())
        self._tend_stock(day, rng)
        drafts = [draft for market in self.account.marketplaces for draft in self._drafts(day, market)]
        for draft in sorted(drafts, key=lambda draft: draft.created):
            self._place(draft, day, rng)
        for market in self.account.marketplaces:
            self.transactions.extend(account_events(self.account, market, day, rng))

    def settle(self) -> None:
        """Sort the indexes after days were added."""
        self.updates.sort()
        self.creations.sort()

    def _open_pool(self, listing: Listing, market: Marketplace, opened: int) -> None:
        markets = (market,) if listing.fba else self.account.marketplaces
        rng = chance.generator(self._seed, "pool", listing.fn_sku, market.code)
        pool = Pool(
            daily_units=sum(self._demands[m.code].daily_units(listing) for m in markets),
            fba=listing.fba,
            neglected=rng.random() < NEGLECTED_SHARE,
            opened=opened,
        )
        pool.open_with(rng)
        self._pools[listing.seller_sku, market.code if listing.fba else ""] = pool

    def _tend_stock(self, day: date, rng: Random) -> None:
        midnight = start_of(day)
        markets = {market.code: market for market in self.account.marketplaces}
        listings = {listing.seller_sku: listing for listing in self.listings}
        for index, ((seller_sku, market_code), pool) in enumerate(self._pools.items()):
            if (day.toordinal() + index) % REVIEW_EVERY == 0:
                pool.review(midnight, rng)
            if pool.fba and rng.random() < LOSS_PER_DAY:
                lost = pool.lose(midnight, rng.randint(1, 3))
                if lost:
                    market, listing = markets[market_code], listings[seller_sku]
                    at = midnight + 5 * DAY + rng.randrange(DAY)
                    self.transactions.append(lost_stock(self.account, market, listing, lost, at))

    def _drafts(self, day: date, market: Marketplace) -> list[_Draft]:
        """Group the day's wanted lines of a marketplace into baskets of one to three, by channel."""
        rng = chance.generator(self._seed, "baskets", market.code, day.toordinal())
        wanted = self._demands[market.code].lines(day, rng)
        drafts = []
        for fba in (True, False):
            lines = [line for line in wanted if line[0].fba is fba]
            rng.shuffle(lines)
            while lines:
                draw = rng.random()
                size = 1 if draw < 0.82 else 2 if draw < 0.96 else 3
                basket = {listing.seller_sku: (listing, units) for listing, units in lines[:size]}
                del lines[:size]
                hour = int(rng.gauss(market.peak_hour, 4.5)) % 24
                created = start_of(day) + hour * 3600 + rng.randrange(3600)
                drafts.append(_Draft(created, market, fba, list(basket.values())))
        return drafts

    def _place(self, draft: _Draft, day: date, rng: Random) -> None:
        """Turn a basket into an order of what is in stock, and follow its whole life."""
        taken = [
            (listing, units)
            for listing, units in draft.wanted
            if self.pool(listing, draft.market).take(draft.created, units)
        ]
        if not taken:
            return
        rank, market = len(self.by_rank), draft.market
        draw = rng.random()
        country = next(country for country, share in _countries(market) if draw < share)
        charged = rng.random() < (0.1 if draft.fba else 0.4)
        shipping, state = (market.whole(4.99 * market.price_factor) if charged else 0), rng.random()
        place = Place(self._seed, self.account, market, rank, draft.created)
        lines = tuple(
            Line(
                item_id=line_id(place, position),
                listing=listing,
                quantity=units,
                price=price_unit(
                    listing.product,
                    market,
                    country,
                    fba=draft.fba,
                    shipping=shipping,
                    promotion=promotion(self._seed, listing.product, day),
                    state=state,
                ),
                ioss=market.code in IMPORTING and country in EU_COUNTRIES and listing.from_outside_eu,
            )
            for position, (listing, units) in enumerate(taken)
        )
        order = Order(order_id(place), rank, self.account, market, country, draft.fba, draft.created, lines)
        live(order, rng)
        self._keep(order, rng)

    def _keep(self, order: Order, rng: Random) -> None:
        self.orders[order.id] = order
        self.by_rank.append(order)
        self.creations.append((order.created, order.rank))
        self.updates.extend((version.at, order.rank, index) for index, version in enumerate(order.versions))
        pools = [self.pool(line.listing, order.market) for line in order.lines]
        gone = tuple(0 for _ in order.lines)
        for version in order.versions:
            cancelled = order.cancelled_units(version)
            for pool, units, before in zip(pools, cancelled, gone, strict=True):
                if units > before:
                    pool.give_back(version.at, units - before)
            gone = cancelled
        releases = {}
        for shipment in order.shipments:
            for pool, units in zip(pools, shipment.quantities, strict=True):
                if units:
                    pool.ship(shipment.at, units)
            booked = sale(order, shipment)
            self.transactions.append(booked)
            releases[shipment.id] = booked.settled
        if order.versions[-1].status is Status.CANCELLED:
            return
        for returned in draw_returns(order, rng, releases):
            self.transactions.append(refund(order, returned))
            self.returns.append((order, returned))
            pools[returned.line].take_return(returned.at, returned.quantity, returned.sellable)
