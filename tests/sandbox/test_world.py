"""The world behind the wire: stock that is never negative, lives that only go forward, prices that add up, dirt."""

import re
import unicodedata
from collections import Counter
from datetime import date, timedelta

import pytest

from linkstar_pipelines.sandbox.world.demand import promotion
from linkstar_pipelines.sandbox.world.engine import World, WorldPlan
from linkstar_pipelines.sandbox.world.instants import DAY, HOUR, parse
from linkstar_pipelines.sandbox.world.order import Order, Status
from linkstar_pipelines.sandbox.world.store import Store

NOW = parse("2026-05-24T00:00:00Z")
AFTERWARDS = NOW + 60 * DAY
PLAN = WorldPlan(orders_per_day=40, products=60)
FORWARD = {
    Status.PENDING: {Status.UNSHIPPED, Status.CANCELLED},
    Status.UNSHIPPED: {Status.UNSHIPPED, Status.PARTIALLY_SHIPPED, Status.SHIPPED, Status.CANCELLED},
    Status.PARTIALLY_SHIPPED: {Status.SHIPPED},
    Status.SHIPPED: {Status.SHIPPED},
    Status.CANCELLED: set(),
}


@pytest.fixture(scope="module")
def world() -> World:
    return World(PLAN).reach(AFTERWARDS)


def orders_of(world: World) -> list[Order]:
    return [order for store in world.stores for order in store.by_rank]


def test_the_world_does_not_depend_on_the_steps_in_which_it_is_reached() -> None:
    at_once, stepwise = World(PLAN).reach(NOW), World(PLAN)
    for day in range(0, 90, 7):
        stepwise.reach(parse("2026-03-01") + day * DAY)
    for one, other in zip(at_once.stores, stepwise.reach(NOW).stores, strict=True):
        assert one.updates == other.updates
        assert list(one.orders) == list(other.orders)
        assert sorted(t.id for t in one.transactions) == sorted(t.id for t in other.transactions)


def test_another_seed_is_another_world(world: World) -> None:
    other = World(WorldPlan(seed=8, orders_per_day=40, products=60)).reach(NOW)
    assert not {order.id for order in orders_of(world)} & {order.id for order in orders_of(other)}


def test_orders_arrive_at_about_the_rate_asked_for_and_only_while_the_world_is_open(world: World) -> None:
    orders = orders_of(world)
    assert 0.8 < len(orders) / (40 * 84) < 1.25
    assert all(parse("2026-03-01") <= order.created < NOW for order in orders)
    assert {order.market.code for order in orders} == {"US", "UK", "DE", "JP"}


def test_an_endless_world_goes_on() -> None:
    endless = World(WorldPlan(orders_per_day=10, products=20, closes=None)).reach(NOW + 7 * DAY)
    assert max(order.created for order in orders_of(endless)) > NOW + 6 * DAY


def test_ids_are_unique_and_have_amazon_s_form(world: World) -> None:
    for store in world.stores:
        assert len(store.orders) == len(store.by_rank)
        items = [line.item_id for order in store.by_rank for line in order.lines]
        assert len(set(items)) == len(items)
        assert all(re.fullmatch(r"\d{3}-\d{7}-\d{7}", order_id) for order_id in store.orders)


def test_every_version_of_an_order_is_later_than_the_one_before_and_a_step_forward(world: World) -> None:
    for order in orders_of(world):
        assert order.versions[0].at == order.created
        for before, after in zip(order.versions, order.versions[1:], strict=False):
            assert before.at < after.at
            assert after.status in FORWARD[before.status]
            assert all(new <= old for new, old in zip(after.ordered, before.ordered, strict=True))
            assert all(new >= old for new, old in zip(after.shipped, before.shipped, strict=True))


def test_every_life_ends_shipped_in_full_or_cancelled(world: World) -> None:
    for order in orders_of(world):
        last = order.versions[-1]
        sent = tuple(sum(units) for units in zip(*(s.quantities for s in order.shipments), strict=True))
        assert (last.status, sent) in {(Status.SHIPPED, last.ordered), (Status.CANCELLED, ())}
        paid = order.versions[1].at if len(order.versions) > 1 else order.created
        assert all(paid < shipment.at < order.created + 6 * DAY for shipment in order.shipments)


def test_shares_of_cancels_edits_and_parts_are_about_what_is_promised(world: World) -> None:
    orders = orders_of(world)
    cancelled = sum(order.versions[-1].status is Status.CANCELLED for order in orders)
    edited = sum(Counter(v.status for v in order.versions)[Status.UNSHIPPED] > 1 for order in orders)
    in_parts = sum(len(order.shipments) > 1 for order in orders)
    refunded = sum(t.kind == "Refund" for store in world.stores for t in store.transactions)
    assert 0.02 < cancelled / len(orders) < 0.06
    assert 0.01 < edited / len(orders) < 0.035
    assert in_parts > 0
    assert 0.03 < refunded / len(orders) < 0.12


def instants_of(store: Store) -> list[int]:
    """Instants just before, at and after events of the store's orders, and all days."""
    moments = [at + shift for at, _, _ in store.updates[::40] for shift in (-1, 0, 1)]
    return [*moments, *range(parse("2026-03-01"), AFTERWARDS, 12 * HOUR)]


def test_stock_is_never_negative(world: World) -> None:
    views = 0
    for store in world.stores:
        moments = instants_of(store)
        for listing in store.listings[::3]:
            for market in store.account.marketplaces:
                pool = store.pool(listing, market)
                for now in moments[::5]:
                    view = pool.view(now)
                    views += 1
                    assert min(view.fulfillable, view.reserved, view.damaged) >= 0
                    assert min(view.inbound_working, view.inbound_shipped, view.inbound_receiving) >= 0
    assert views > 1000


def test_nothing_stays_reserved_or_on_the_way_once_every_life_has_ended(world: World) -> None:
    for store in world.stores:
        for listing in store.listings:
            view = store.pool(listing, store.account.marketplaces[0]).view(AFTERWARDS)
            assert (view.reserved, view.inbound_working, view.inbound_shipped, view.inbound_receiving) == (0, 0, 0, 0)


def test_some_fba_stock_has_run_out_some_is_about_to_and_some_is_inbound(world: World) -> None:
    views = [
        store.pool(listing, market).view(NOW)
        for store in world.stores
        for listing in store.listings
        if listing.fba
        for market in store.account.marketplaces
    ]
    assert any(view.fulfillable == 0 for view in views)
    assert any(0 < view.fulfillable <= 3 for view in views)
    assert any(view.inbound_working + view.inbound_shipped + view.inbound_receiving for view in views)


def test_what_the_buyer_pays_is_the_price_shown_less_the_promotion(world: World) -> None:
    """With VAT the gross price is taken apart to the unit; in the US tax comes on top."""
    promoted = 0
    for order in orders_of(world):
        for line in order.lines:
            price, gross = line.price, line.listing.product.gross_price(order.market)
            promoted += bool(price.discount)
            assert bool(price.promotion) is bool(price.discount)
            if order.market.code == "US":
                assert price.principal == gross
                assert 0 <= price.tax <= gross * 0.09 + 1
            else:
                assert price.principal + price.tax - price.discount == gross - round(gross * 0.15) * bool(
                    price.promotion
                )
            assert price.commission >= order.market.referral_minimum
            assert bool(price.parcel_fee) is order.fba
    assert promoted > 0


def test_a_promotion_runs_four_days_on_end(world: World) -> None:
    days = [date(2026, 3, 1) + timedelta(days=n) for n in range(300)]
    for product in world.products[:20]:
        runs = Counter(p for day in days if (p := promotion(PLAN.seed, product, day)))
        assert set(list(runs.values())[1:-1]) <= {4}


def clean(seller_sku: str) -> str:
    """The rules that undo the dirt of a readable seller SKU."""
    text = unicodedata.normalize("NFKC", seller_sku).strip().upper().replace("_", "-")
    return re.sub(r"(-FBA| \(FBA\))$", "", text)


def test_readable_seller_skus_can_be_cleaned_by_rule_and_the_others_cannot() -> None:
    world = World(WorldPlan()).reach(NOW)
    listings = [listing for store in world.stores for listing in store.listings]
    for listing in listings:
        if listing.readable:
            assert clean(listing.seller_sku) == listing.product.sku
        else:
            assert not re.fullmatch(r"LS-[A-Z]{5}-\d{4}", clean(listing.seller_sku))
    unreadable = [listing for listing in listings if not listing.readable]
    assert 0.02 < len(unreadable) / len(listings) < 0.06
    assert sum(listing.seller_sku != listing.product.sku for listing in listings) > len(listings) / 2
    for store in world.stores:
        assert any(not line.listing.readable for order in store.by_rank for line in order.lines)
