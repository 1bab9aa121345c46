"""What is where: by the last word of whoever holds it, less what orders took since; unknown stays unknown."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkstar_pipelines.domain import orders as orders_of
from linkstar_pipelines.domain.amazon_listings import listings as listings_of
from linkstar_pipelines.domain.amazon_orders import FORM
from linkstar_pipelines.domain.movements import movements
from linkstar_pipelines.domain.positions import positions
from linkstar_pipelines.schemas.core import ListingStock, OrderLines
from linkstar_pipelines.schemas.products import Listings, Skus
from linkstar_pipelines.schemas.raw import RawAmazonInventory
from tests.domain.amazon_payloads import (
    NOW,
    RULES,
    US,
    ZONES,
    Payload,
    line,
    listing,
    money,
    order,
    raw_inventory,
    raw_listings,
    raw_orders,
    stock,
)
from tests.domain.listing_maps import by_code, map_of, span

FBA, OWN = f"platform:na:{US}", f"seller:na:{US}"
SKU = "LS-KITCH-0001"
BEFORE, AFTER = "2026-05-01T11:00:00Z", "2026-05-01T13:00:00Z"  # around NOW, when stock was observed
NOTHING_ELSEWHERE = ListingStock.create_empty()


def own(sku: str, quantity: object) -> Payload:
    return listing(sku, channel="DEFAULT", quantity=quantity)


def place(
    inventory: Sequence[Payload] = (),
    listings: Sequence[Payload] = (),
    orders: Sequence[Payload] = (),
    *,
    spans: Sequence[dict[str, Any]] | None = None,
    skus: dy.DataFrame[Skus] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Positions; listings sell the SKU of their clean code unless `spans` say what they sell."""
    raw = raw_listings(*listings)
    shown, _ = listings_of(raw, RULES)
    sold_as = by_code(shown) if spans is None else map_of(*spans)
    lines, _ = orders_of.order_lines(raw_orders(*orders), FORM, sold_as, ZONES)
    return positions(
        raw_inventory(*inventory), raw, NOTHING_ELSEWHERE, lines, movements(lines), listings=shown,
        listing_map=sold_as, skus=Skus.create_empty() if skus is None else skus, cost_share=Decimal("0.40"), now=NOW,
    )  # fmt: skip


def only(**inputs: Any) -> dict[str, Any]:
    good, rejected = place(**inputs)
    assert rejected.is_empty(), rejected
    assert good.height == 1, good
    return good.row(0, named=True)


def sold(placed: str, *, shipped: int = 0, by: str = "AMAZON", order_id: str = "111-1", **parts: Any) -> Payload:
    """An order of two units of the SKU."""
    status = {0: "UNSHIPPED", 1: "PARTIALLY_SHIPPED", 2: "SHIPPED"}[shipped]
    units = {"quantityFulfilled": shipped, "quantityUnfulfilled": 2 - shipped}
    lines = [line(sku=SKU, fulfillment=units)]
    return order(order_id, status=status, by=by, created=placed, updated="2026-05-01T14:00:00Z", lines=lines, **parts)


# --- what the holder says ------------------------------------------------------------------------------------------


def test_fba_stock_is_amazons_summary() -> None:
    details = {
        "inboundWorkingQuantity": 1, "inboundShippedQuantity": 2, "inboundReceivingQuantity": 4,
        "reservedQuantity": {"totalReservedQuantity": 9, "pendingCustomerOrderQuantity": 3},
        "unfulfillableQuantity": {"totalUnfulfillableQuantity": 5},
    }  # fmt: skip
    row = only(inventory=[stock(SKU, 10, **details)], listings=[listing(SKU)])
    assert (row["node"], row["sku"], row["on_hand"], row["available"]) == (FBA, SKU, 10, 10)
    assert (row["inbound"], row["reserved"], row["unfulfillable"], row["observed_at"]) == (7, 3, 5, NOW)


def test_piles_of_one_product_under_several_codes_add_up_in_the_platforms_warehouse() -> None:
    codes = (SKU, "ls_kitch_0001_FBA")
    row = only(inventory=[stock(codes[0], 10), stock(codes[1], 5)], listings=[listing(code) for code in codes])
    assert row["on_hand"] == 15


def test_listings_of_one_product_offer_the_same_pile_of_the_seller() -> None:
    row = only(listings=[own(SKU, 10), own("ls_kitch_0001", 7)])
    assert (row["node"], row["on_hand"]) == (OWN, 10)


def test_a_product_in_both_warehouses_has_two_positions() -> None:
    good, _ = place(inventory=[stock("ls-kitch-0001", 4)], listings=[listing("ls-kitch-0001"), own(SKU, 9)])
    assert good.select("node", "on_hand").rows() == [(FBA, 4), (OWN, 9)]


@pytest.mark.parametrize("summary", [{"inventoryDetails": None}, {"inventoryDetails": {}}])
def test_a_quantity_nobody_told_is_unknown_and_not_zero(summary: Payload) -> None:
    row = only(inventory=[stock(SKU) | summary], listings=[listing(SKU)])
    assert (row["on_hand"], row["available"], row["stock_value"]) == (None, None, None)


def test_one_unknown_pile_makes_the_whole_unknown() -> None:
    row = only(
        inventory=[stock(SKU, 10), stock("ls_kitch_0001") | {"inventoryDetails": None}],
        listings=[listing(SKU), listing("ls_kitch_0001")],
    )
    assert row["on_hand"] is None


def test_a_node_that_only_sold_is_there_with_unknown_stock() -> None:
    row = only(listings=[listing(SKU)], orders=[sold(BEFORE, by="MERCHANT")])
    assert (row["node"], row["on_hand"], row["available"], row["reserved"]) == (OWN, None, None, 2)
    assert row["observed_at"] is None


def test_zero_is_known() -> None:
    row = only(inventory=[stock(SKU, 0)], listings=[listing(SKU)])
    assert (row["on_hand"], row["available"], row["stock_value"]) == (0, 0, 0)


# --- what cannot be placed or read ---------------------------------------------------------------------------------


def test_stock_under_an_unmapped_code_is_quarantined_and_touches_nothing() -> None:
    good, rejected = place(inventory=[stock("AMZ.GR.X7", 99), stock(SKU, 10)], listings=[listing(SKU)])
    assert good.select("sku", "on_hand").rows() == [(SKU, 10)]
    assert rejected.select("source_key", "reason").rows() == [
        (f"amazon/na/{US}/AMZ.GR.X7", "no SKU is mapped to this seller SKU, which has stock")
    ]


def test_orders_of_an_unmapped_code_take_no_stock() -> None:
    unmapped = order(created=AFTER, updated=AFTER, lines=[line(sku="AMZ.GR.X7")])
    assert only(inventory=[stock(SKU, 10)], listings=[listing(SKU)], orders=[unmapped])["available"] == 10


@pytest.mark.parametrize("quantity", ["many", 1.5, -1])
def test_an_unreadable_quantity_is_quarantined_and_the_stock_unknown(quantity: object) -> None:
    inputs: list[dict[str, Any]] = [
        {"inventory": [stock(SKU, quantity)], "listings": [listing(SKU)]}, {"listings": [own(SKU, quantity)]},
    ]  # fmt: skip
    for given_ in inputs:
        good, rejected = place(**given_)
        assert rejected["reason"].to_list() == [f"on_hand `{quantity}` is no number of units"]
        assert good["on_hand"].to_list() == [None]


def test_a_summary_of_another_form_is_quarantined_and_the_others_pass() -> None:
    summary = stock("LS-KITCH-0002") | {"inventoryDetails": "gone"}
    good, rejected = place(inventory=[summary, stock(SKU, 3)], listings=[listing(SKU), listing("LS-KITCH-0002")])
    assert rejected["reason"].to_list() == ["payload is not in the form of FBA inventory v1"]
    assert good.select("sku", "on_hand").rows() == [(SKU, 3), ("LS-KITCH-0002", None)]


# --- what orders took since ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["AMAZON", "MERCHANT"])
@pytest.mark.parametrize(
    ("placed", "shipped", "taken"), [(BEFORE, 0, 0), (BEFORE, 2, 0), (AFTER, 0, 2), (AFTER, 1, 2), (AFTER, 2, 2)]
)
def test_only_orders_placed_after_the_observation_are_taken_off(by: str, placed: str, shipped: int, taken: int) -> None:
    source = (
        {"inventory": [stock(SKU, 10)], "listings": [listing(SKU)]} if by == "AMAZON" else {"listings": [own(SKU, 10)]}
    )
    row = only(**source, orders=[sold(placed, shipped=shipped, by=by)])
    assert (row["on_hand"], row["taken_since"], row["available"]) == (10, taken, 10 - taken)


def test_a_cancelled_order_takes_nothing() -> None:
    cancelled = order(status="CANCELLED", created=AFTER, updated=AFTER, lines=[line(sku=SKU)])
    row = only(inventory=[stock(SKU, 10)], listings=[listing(SKU)], orders=[cancelled])
    assert (row["taken_since"], row["available"]) == (0, 10)


def test_open_units_of_the_sellers_own_stock_are_reserved_whenever_ordered() -> None:
    orders = [
        sold(BEFORE, by="MERCHANT", order_id="1"), sold(AFTER, by="MERCHANT", order_id="2", shipped=1),
        sold(BEFORE, by="MERCHANT", order_id="3", shipped=2),
    ]  # fmt: skip
    row = only(listings=[own(SKU, 10)], orders=orders)
    assert (row["reserved"], row["taken_since"], row["available"]) == (3, 2, 8)


def test_available_stock_is_never_below_zero() -> None:
    row = only(inventory=[stock(SKU, 1)], listings=[listing(SKU)], orders=[sold(AFTER)])
    assert (row["on_hand"], row["taken_since"], row["available"]) == (1, 2, 0)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.sampled_from(["AMAZON", "MERCHANT"])), max_size=6),
    st.randoms(),
)
def test_positions_do_not_depend_on_the_order_of_orders_and_never_promise_more_than_there_is(
    drawn: list[tuple[bool, int, str]], random: Any
) -> None:
    orders = [
        sold(AFTER if late else BEFORE, shipped=shipped, by=by, order_id=str(number))
        for number, (late, shipped, by) in enumerate(drawn)
    ]
    inputs: dict[str, Any] = {
        "inventory": [stock("ls-kitch-0001", 9)],
        "listings": [listing("ls-kitch-0001"), own(SKU, 7)],
    }
    listed = list(inputs["listings"])
    good, _ = place(**inputs, orders=orders)
    random.shuffle(orders)
    random.shuffle(listed)
    again, _ = place(inputs["inventory"], listed, orders)
    assert again.equals(good)
    for row in good.iter_rows(named=True):
        taken = 2 * sum(late for late, _, by in drawn if (by == "AMAZON") == (row["node"] == FBA))
        assert row["available"] == max(row["on_hand"] - taken, 0)


# --- value ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prices", "cost"),
    [
        (["10.00"], "4.0000"),
        (["10.00", "20.00", "12.00"], "4.8000"),
        (["10.00", "12.00"], "4.0000"),
        (["0.0001"], "0.0000"),
    ],
)
def test_cost_is_the_share_of_the_lower_median_price(prices: list[str], cost: str) -> None:
    codes = (SKU, "ls_kitch_0001", "LS_KITCH_0001")
    row = only(
        inventory=[stock(SKU, 3)], listings=[listing(code, price=p) for code, p in zip(codes, prices, strict=False)]
    )
    assert (row["unit_cost"], row["currency"]) == (Decimal(cost), "USD")
    assert row["stock_value"] == 3 * Decimal(cost)


def test_a_product_without_price_or_with_prices_in_two_currencies_has_no_value() -> None:
    offers = [{"marketplaceId": US, "offerType": "B2C", "price": money("9.00", "CAD")}]
    for listings in ([listing(SKU, price=None)], [listing(SKU), listing("ls_kitch_0001", offers=offers)]):
        row = only(inventory=[stock(SKU, 3)], listings=listings)
        assert (row["unit_cost"], row["currency"], row["stock_value"]) == (None, None, None)


def test_figures_of_a_listing_count_in_units_of_its_sku() -> None:
    row = only(
        inventory=[stock("PACK-OF-3", 5)],
        listings=[listing("PACK-OF-3", price="30.00")],
        orders=[order(created=AFTER, lines=[line(sku="PACK-OF-3", ordered=2)])],
        spans=[span("PACK-OF-3", SKU, multiplier=3)],
    )
    assert (row["sku"], row["on_hand"], row["taken_since"], row["reserved"]) == (SKU, 15, 6, 0)
    assert (row["unit_cost"], row["stock_value"]) == (Decimal("4.0000"), Decimal(60))


def test_a_listing_is_what_it_is_mapped_to_now() -> None:
    spans = [span(SKU, "LS-OLD-0001", valid_to=NOW), span(SKU, "LS-NEW-0001", valid_from=NOW)]
    assert only(inventory=[stock(SKU, 5)], listings=[listing(SKU)], spans=spans)["sku"] == "LS-NEW-0001"


def test_the_cost_that_the_catalogue_knows_is_taken_in_its_own_currency() -> None:
    columns = {name: column.dtype for name, column in Skus.columns().items()}
    known = {"sku": SKU, "cost": Decimal(21), "cost_currency": "CNY", "lifecycle": "active", "is_kit": False,
             "source": "decision"}  # fmt: skip
    skus = Skus.validate(pl.DataFrame([dict.fromkeys(columns) | known], schema=columns))
    row = only(inventory=[stock(SKU, 3)], listings=[listing(SKU, price="30.00")], skus=skus)
    assert (row["unit_cost"], row["currency"], row["stock_value"]) == (Decimal(21), "CNY", Decimal(63))


def test_an_older_observation_of_one_pile_dates_the_whole() -> None:
    raw = raw_listings(listing(SKU), listing("ls_kitch_0001"))
    shown, _ = listings_of(raw, RULES)
    sold_as = by_code(shown)
    earlier = datetime(2026, 5, 1, 9, tzinfo=UTC)
    inventory = RawAmazonInventory.cast(
        pl.concat([raw_inventory(stock(SKU, 1)), raw_inventory(stock("ls_kitch_0001", 1), observed_at=earlier)])
    )
    lines = OrderLines.create_empty()
    good, _ = positions(
        inventory, raw, NOTHING_ELSEWHERE, lines, movements(lines), listings=shown, listing_map=sold_as,
        skus=Skus.create_empty(), cost_share=Decimal(1), now=NOW,
    )  # fmt: skip
    assert good["observed_at"].to_list() == [earlier]


def test_nothing_known_gives_no_positions() -> None:
    good, rejected = place()
    assert good.is_empty()
    assert rejected.is_empty()


# --- platforms other than Amazon ------------------------------------------------------------------------------------


def shown(*rows: dict[str, Any]) -> dy.DataFrame[ListingStock]:
    """What another platform shows: by default ten units of the seller's in one listing."""
    usual: dict[str, Any] = {
        "platform": "ebay", "store": "us", "marketplace_id": "EBAY_US", "listing_id": "1", "node_id": "-",
        "listing_sku": SKU, "fulfilled_by": "seller", "available": 10, "reserved": None, "inbound": None,
        "unsellable": None, "observed_at": NOW,
    }  # fmt: skip
    columns = {name: column.dtype for name, column in ListingStock.columns().items()}
    return ListingStock.validate(pl.DataFrame([usual | row for row in rows], schema=columns))


def elsewhere(*rows: dict[str, Any], multiplier: int = 1) -> list[tuple[str, int | None]]:
    no_lines = OrderLines.create_empty()
    good, rejected = positions(
        raw_inventory(), raw_listings(), shown(*rows), no_lines, movements(no_lines), listings=Listings.create_empty(),
        listing_map=map_of(span(SKU, SKU, platform="ebay", store="us", multiplier=multiplier)),
        skus=Skus.create_empty(), cost_share=Decimal(1), now=NOW,
    )  # fmt: skip
    assert rejected.is_empty()
    return good.select("node", "on_hand").rows()


def test_several_listings_elsewhere_offer_the_same_pile() -> None:
    assert elsewhere({"listing_id": "1", "available": 4}, {"listing_id": "2", "available": 9}) == [
        ("seller:us:EBAY_US", 9)
    ]


def test_piles_in_a_platforms_warehouses_add_up() -> None:
    held = {"fulfilled_by": "platform"}
    assert elsewhere({"node_id": "A", "available": 4, **held}, {"node_id": "B", "available": 9, **held}) == [
        ("platform:us:EBAY_US", 13)
    ]


def test_an_unknown_figure_elsewhere_makes_the_pile_unknown() -> None:
    assert elsewhere({"listing_id": "1", "available": None}, {"listing_id": "2"}) == [("seller:us:EBAY_US", None)]


def test_figures_elsewhere_count_in_units_of_the_sku() -> None:
    assert elsewhere({"available": 4}, multiplier=2) == [("seller:us:EBAY_US", 8)]
