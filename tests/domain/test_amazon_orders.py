"""The current state of orders: folded from any mix of versions, in our words, exact, one bad order never two."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkstar_pipelines.domain import orders as orders_of
from linkstar_pipelines.domain.amazon_listings import listings
from linkstar_pipelines.domain.amazon_orders import FORM
from linkstar_pipelines.schemas.core import OrderLines, Orders
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.schemas.raw import RawAmazonOrders
from tests.domain.amazon_payloads import RULES, ZONES, Payload, line, listing, money, order, raw_listings, raw_orders
from tests.domain.listing_maps import by_code, map_of, span

NOTHING_MAPPED = ListingMap.create_empty()


def orders(*payloads: Payload) -> tuple[dy.DataFrame[Orders], pl.DataFrame]:
    return orders_of.orders(raw_orders(*payloads), FORM, ZONES)


def lines(
    *payloads: Payload, sold_as: dy.DataFrame[ListingMap] = NOTHING_MAPPED
) -> tuple[dy.DataFrame[OrderLines], pl.DataFrame]:
    return orders_of.order_lines(raw_orders(*payloads), FORM, sold_as, ZONES)


def only_line(*payloads: Payload) -> dict[str, Any]:
    good, rejected = lines(*payloads)
    assert rejected.is_empty(), rejected
    return good.row(0, named=True)


# --- which version counts ------------------------------------------------------------------------------------------

VERSIONS = raw_orders(
    *(
        order(number, status=status, updated=f"2026-04-30T{hour}:00:00Z")
        for number in ("1", "2", "3")
        for hour, status in (("10", "PENDING"), ("11", "UNSHIPPED"), ("12", "SHIPPED"), ("12", "CANCELLED"))
    ),
    order("3", updated="2026-04-30T23:00:00Z", lines=[line(ordered="two")]),
)


def both_tables(raw: dy.DataFrame[RawAmazonOrders]) -> list[pl.DataFrame]:
    return [*orders_of.orders(raw, FORM, ZONES), *orders_of.order_lines(raw, FORM, NOTHING_MAPPED, ZONES)]


EXPECTED = both_tables(VERSIONS)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(VERSIONS.height)), st.lists(st.integers(0, VERSIONS.height - 1), max_size=6))
def test_any_order_and_repetition_of_observations_gives_the_same_state(mixed: list[int], again: list[int]) -> None:
    state = both_tables(RawAmazonOrders.cast(VERSIONS[[*mixed, *again]]))
    assert all(table.equals(expected) for table, expected in zip(state, EXPECTED, strict=True))


def test_folding_what_is_folded_changes_nothing() -> None:
    folded = orders_of.fold(VERSIONS)
    assert folded.height == 3
    assert orders_of.fold(folded).equals(folded)


def test_an_order_has_one_row_whatever_the_number_of_its_versions() -> None:
    good, rejected = orders(
        order(status="SHIPPED", updated="2026-04-30T12:00:00Z"), order(status="PENDING", updated="2026-04-30T10:00:00Z")
    )
    assert rejected.is_empty()
    assert good.select("order_id", "state", "updated_at").rows() == [
        ("111-1", "shipped", datetime(2026, 4, 30, 12, tzinfo=UTC))
    ]


# --- malformed versions --------------------------------------------------------------------------------------------

MALFORMED = {
    "payload is not in the form of orders 2026-01-01": {"proceeds": "free"},
    "order has no lines": {"lines": []},
    "total `a lot` is no amount": {"proceeds": {"grandTotal": money("a lot")}},
    "fulfilledBy `DRONE` is none of AMAZON, MERCHANT": {"by": "DRONE"},
    "currency has the wrong form": {"proceeds": {"grandTotal": money("1.00", "dollars")}},
    "line L1: quantity_ordered `two` is no whole number": {"lines": [line(ordered="two")]},
    "line L1: quantity_ordered `1.5` is no whole number": {"lines": [line(ordered=1.5)]},
    "line L1: quantity_ordered is missing or unreadable": {"lines": [line(quantityOrdered=None)]},
    "line L1: quantity_shipped is too small": {"lines": [line(fulfillment={"quantityFulfilled": -1})]},
    "line L1: quantity_shipped `all` is no whole number": {"lines": [line(fulfillment={"quantityFulfilled": "all"})]},
    "line L1: it is not so that shipped and cancelled fit ordered": {
        "lines": [line(ordered=1, fulfillment={"quantityFulfilled": 2})]
    },
    "line L1: unit_price `n/a` is no amount": {
        "lines": [line(product={"sellerSku": "a", "price": {"unitPrice": money("n/a")}})]
    },
    "line L1: a subtotal is no amount": {
        "lines": [line(proceeds={"breakdowns": [{"type": "ITEM", "subtotal": money("1,50")}]})]
    },
    "line L1: amounts are in several currencies": {
        "lines": [
            line(
                proceeds={
                    "breakdowns": [{"type": t, "subtotal": money("1", c)} for t, c in (("ITEM", "USD"), ("TAX", "EUR"))]
                }
            )
        ]
    },
    "line L1: listing_sku is missing or unreadable": {"lines": [line(product={"title": "a"})]},
    "line ?: line_id is missing or unreadable": {"lines": [line(orderItemId=None)]},
    "line L1: another row has the same key": {"lines": [line(), line()]},
}


@pytest.mark.parametrize(("reason", "parts"), MALFORMED.items(), ids=list(MALFORMED))
def test_a_malformed_order_is_rejected_whole_and_the_others_pass(reason: str, parts: dict[str, Any]) -> None:
    payloads = (order("1"), order("2", **parts), order("3"))
    for good, rejected in (orders(*payloads), lines(*payloads)):
        assert sorted(good["order_id"]) == ["1", "3"]
        assert rejected.select("reason", "scope").rows() == [(reason, "2026-04-30")]
        assert rejected["source_key"].item().startswith("amazon/na/2/")
        assert '"orderId":"2"' in rejected["payload"].item()


def test_a_store_without_time_zone_is_named() -> None:
    good, rejected = orders_of.orders(raw_orders(order()), FORM, ZONES.with_columns(store=pl.lit("eu")))
    assert good.is_empty()
    assert rejected["reason"].to_list() == ["store `na` has no time zone"]


def test_the_newest_readable_version_stands_and_the_unreadable_ones_after_it_are_quarantined() -> None:
    bad = [line(ordered="two")]
    payloads = (
        order(status="PENDING", updated="2026-04-28T10:00:00Z"),
        order(lines=bad, updated="2026-04-28T12:00:00Z"),
        order(status="UNSHIPPED", updated="2026-04-29T10:00:00Z"),
        order(lines=bad, updated="2026-04-30T10:00:00Z"),
        order(proceeds="free", updated="2026-04-30T11:00:00Z"),
    )
    good, rejected = orders(*payloads)
    assert good.select("state", "changed_on").rows() == [("to_ship", date(2026, 4, 29))]
    assert rejected["scope"].to_list() == ["2026-04-30"] * 2
    assert rejected["source_key"].n_unique() == 2
    good_lines, rejected_lines = lines(*payloads)
    assert good_lines["quantity_ordered"].to_list() == [2]
    assert rejected_lines.equals(rejected)


def test_a_good_version_after_a_bad_one_mends_the_order() -> None:
    good, rejected = orders(
        order(proceeds="free", updated="2026-04-29T10:00:00Z"), order(updated="2026-04-30T10:00:00Z")
    )
    assert good.height == 1
    assert rejected.is_empty()


# --- orders --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("PENDING_AVAILABILITY", "awaiting_payment"), ("PENDING", "awaiting_payment"), ("UNSHIPPED", "to_ship"),
        ("PARTIALLY_SHIPPED", "part_shipped"), ("SHIPPED", "shipped"), ("CANCELLED", "cancelled"),
        ("UNFULFILLABLE", "cancelled"), ("TELEPORTED", "unknown"),
    ],
)  # fmt: skip
def test_states_are_ours_and_the_platforms_word_is_kept(status: str, state: str) -> None:
    good, _ = orders(order(status=status))
    assert good.select("state", "source_state").rows() == [(state, status)]


def test_an_order_without_status_is_kept_as_unknown() -> None:
    good, _ = orders(order(fulfillment={"fulfilledBy": "AMAZON"}))
    assert good.select("state", "source_state").rows() == [("unknown", "NOT_STATED")]


@pytest.mark.parametrize(
    ("parcels", "state"),
    [(["DELIVERED"], "delivered"), (["DELIVERED", "IN_TRANSIT"], "shipped"), ([], "shipped"), ([None], "shipped")],
)
def test_an_order_is_delivered_when_all_its_packages_are(parcels: list[str | None], state: str) -> None:
    packages = [{"packageReferenceId": "1", "packageStatus": {"status": status}} for status in parcels]
    good, _ = orders(order(status="SHIPPED", by="MERCHANT", packages=packages))
    assert good["state"].to_list() == [state]


def test_an_order_has_its_day_its_total_and_its_destination() -> None:
    good, _ = orders(order(created="2026-04-30T05:00:00Z", updated="2026-05-01T01:00:00Z"))
    row = good.row(0, named=True)
    assert (row["business_day"], row["changed_on"]) == (date(2026, 4, 29), date(2026, 5, 1))
    assert (row["total_amount"], row["currency"], row["ship_country"]) == (Decimal("21.5000"), "USD", "US")
    assert row["fulfilled_by"] == "platform"


def test_a_pending_order_has_neither_amounts_nor_address_and_is_no_error() -> None:
    pending = order(
        status="PENDING", proceeds=None, recipient=None, lines=[line(proceeds=None, product={"sellerSku": "a"})]
    )
    good, rejected = orders(pending)
    assert rejected.is_empty()
    assert good.select("total_amount", "currency", "ship_country").rows() == [(None, None, None)]
    row = only_line(pending)
    assert [row[name] for name in ("unit_price", "item_amount", "tax_amount", "currency")] == [None] * 4
    assert (row["state"], row["quantity_ordered"]) == ("awaiting_payment", 2)


# --- lines ---------------------------------------------------------------------------------------------------------


def test_amounts_are_exact_per_kind_and_discounts_positive() -> None:
    kinds = (
        ("ITEM", "0.10"),
        ("ITEM", "0.20"),
        ("TAX", "1.01"),
        ("SHIPPING", "3.99"),
        ("DISCOUNT", "-0.07"),
        ("TIP", "9"),
    )
    proceeds = {"breakdowns": [{"type": kind, "subtotal": money(amount)} for kind, amount in kinds]}
    row = only_line(order(lines=[line(proceeds=proceeds)]))
    assert (row["item_amount"], row["tax_amount"]) == (Decimal("0.3000"), Decimal("1.0100"))
    assert (row["shipping_amount"], row["discount_amount"]) == (Decimal("3.9900"), Decimal("0.0700"))
    assert (row["unit_price"], row["currency"]) == (Decimal("10.0000"), "USD")


def test_yen_have_no_decimals() -> None:
    price = {"sellerSku": "a", "price": {"unitPrice": money("5980", "JPY")}}
    proceeds = {"breakdowns": [{"type": "ITEM", "subtotal": money("11960", "JPY")}]}
    row = only_line(
        order(proceeds={"grandTotal": money("11960", "JPY")}, lines=[line(product=price, proceeds=proceeds)])
    )
    assert (row["unit_price"], row["item_amount"], row["currency"]) == (Decimal(5980), Decimal(11960), "JPY")


def test_the_ioss_number_reaches_the_line() -> None:
    shipping = {"shipping": {"internationalShipping": {"iossNumber": "IM0000000007"}}}
    assert only_line(order(lines=[line(fulfillment=shipping)]))["ioss_number"] == "IM0000000007"


EXECUTED = {"cancellationExecution": {"cancelledBy": "BUYER"}}
ASKED = {"cancellationRequest": {"requester": "BUYER"}}


@pytest.mark.parametrize(
    ("status", "units", "cancellation", "expected"),
    [  # units: ordered, fulfilled, unfulfilled; expected: cancelled units, state
        ("UNSHIPPED", (3, 0, 3), None, (0, "to_ship")),
        ("UNSHIPPED", (3, 0, 3), ASKED, (0, "to_ship")),
        ("UNSHIPPED", (3, 0, 2), EXECUTED, (1, "to_ship")),
        ("UNSHIPPED", (2, 0, 2), EXECUTED, (0, "to_ship")),
        ("UNSHIPPED", (3, 0, 0), EXECUTED, (3, "cancelled")),
        ("CANCELLED", (3, 0, 0), EXECUTED, (3, "cancelled")),
        ("CANCELLED", (3, 0, None), None, (3, "cancelled")),
        ("CANCELLED", (0, 0, 0), None, (0, "cancelled")),
        ("PARTIALLY_SHIPPED", (3, 1, 2), None, (0, "part_shipped")),
        ("PARTIALLY_SHIPPED", (3, 0, 3), None, (0, "to_ship")),
        ("PARTIALLY_SHIPPED", (3, 3, 0), None, (0, "shipped")),
        ("PARTIALLY_SHIPPED", (3, 2, 0), EXECUTED, (1, "shipped")),
        ("SHIPPED", (3, 3, 0), None, (0, "shipped")),
        ("SHIPPED", (3, 2, 0), EXECUTED, (1, "shipped")),
    ],
)
def test_units_are_shipped_cancelled_or_open_and_give_the_line_its_state(
    status: str, units: tuple[int, int, int | None], cancellation: Payload | None, expected: tuple[int, str]
) -> None:
    ordered, fulfilled, unfulfilled = units
    fulfillment = {"quantityFulfilled": fulfilled, "quantityUnfulfilled": unfulfilled}
    row = only_line(
        order(status=status, lines=[line(ordered=ordered, fulfillment=fulfillment, cancellation=cancellation)])
    )
    assert (row["quantity_ordered"], row["quantity_shipped"]) == (ordered, fulfilled)
    assert (row["quantity_cancelled"], row["state"]) == expected


def test_lines_find_their_sku_by_account_and_code() -> None:
    shown, _ = listings(raw_listings(listing("ls_kitch_0001", marketplaces=("elsewhere",))), RULES)
    good, _ = lines(order(lines=[line("L1", "ls_kitch_0001"), line("L2", "LS-KITCH-0001")]), sold_as=by_code(shown))
    assert good.select("line_id", "sku", "multiplier").rows() == [("L1", "LS-KITCH-0001", 1), ("L2", None, None)]


def test_a_line_sells_what_its_listing_was_mapped_to_when_the_order_was_placed() -> None:
    changed = datetime(2026, 4, 30, tzinfo=UTC)
    sold_as = map_of(
        span("A", "LS-OLD", valid_to=changed), span("A", "LS-NEW", valid_from=changed, multiplier=3), span("B", "LS-B")
    )
    payloads = [
        order("1", created="2026-04-29T23:59:59Z", lines=[line("L1", "A"), line("L2", "B")]),
        order("2", created="2026-04-30T00:00:00Z", lines=[line("L1", "A"), line("L2", "B")]),
    ]
    good, _ = lines(*payloads, sold_as=sold_as)
    assert good.select("sku", "multiplier").rows() == [("LS-OLD", 1), ("LS-B", 1), ("LS-NEW", 3), ("LS-B", 1)]


def test_an_unmapped_listing_holds_all_of_its_order_and_no_other() -> None:
    payload = order("1", lines=[line("L1", "AMZ.GR.X7-QQ"), line("L2", "B")])
    good, rejected = lines(payload, order("2", lines=[line("L1", "B")]), sold_as=map_of(span("B", "LS-B")))
    assert rejected.is_empty()
    assert good.select("order_id", "sku", "hold").rows() == [
        ("1", None, "unmapped_listing"), ("1", "LS-B", "unmapped_listing"), ("2", "LS-B", None),
    ]  # fmt: skip
    assert orders(payload)[0].height == 1


def test_no_orders_give_no_rows() -> None:
    for good, rejected in (orders(), lines()):
        assert good.is_empty()
        assert rejected.is_empty()


# --- held for a reason with a type -----------------------------------------------------------------------------------

LISTED = pl.DataFrame({"platform": ["amazon"], "store": ["na"], "listing_sku": ["KNOWN"]})


def judged(payload: Payload, known: pl.DataFrame | None = LISTED) -> tuple[list[str], list[tuple[str, ...]]]:
    """Lines that are good, and source key without hash, type and reason of those that are not."""
    good, rejected = orders_of.order_lines(raw_orders(payload), FORM, NOTHING_MAPPED, ZONES, known)
    return good["line_id"].to_list(), rejected.select("source_key", "reason_type", "reason").rows()


def test_a_line_whose_sku_is_not_listed_is_put_aside_alone_until_it_is() -> None:
    payload = order("1", lines=[line("L1", "KNOWN"), line("L2", "NEW")])
    reason = "SKU `NEW` is in none of the listings of store `na`"
    assert judged(payload) == (["L1"], [("amazon/na/1/L2", "unknown_sku", reason)])
    assert orders(payload)[0].height == 1
    listed = pl.concat([LISTED, LISTED.with_columns(listing_sku=pl.lit("NEW"))])
    assert judged(payload, listed) == (["L1", "L2"], [])


def test_an_unlisted_sku_holds_the_rest_of_its_order_and_a_mapping_lets_it_go() -> None:
    payload = order("1", lines=[line("L1", "KNOWN"), line("L2", "NEW")])
    for spans, left, hold in (([], 1, "unknown_sku"), ([span("NEW", "LS-N")], 2, "unmapped_listing")):
        good, _ = orders_of.order_lines(raw_orders(payload), FORM, map_of(*spans), ZONES, LISTED)
        assert good["hold"].to_list() == [hold] * left


def test_while_no_listing_of_the_store_has_been_read_no_line_is_held() -> None:
    payload = order(lines=[line("L1", "NEW")])
    assert judged(payload, LISTED.with_columns(store=pl.lit("eu"))) == (["L1"], [])


@pytest.mark.parametrize(
    ("created", "ship_date", "plausible"),
    [
        ("2026-04-30T09:00:00Z", "2026-05-02T00:00:00Z", True),
        ("2026-04-30T09:00:00Z", "2026-04-29T09:00:00Z", True),
        ("2026-04-30T09:00:00Z", "2026-04-29T08:59:59Z", False),
        ("2026-04-30T09:00:00Z", "1995-06-01T00:00:00Z", False),
        ("1999-12-31T23:59:59Z", "2026-05-02T00:00:00Z", False),
    ],
)
def test_dates_before_2000_or_a_day_before_the_order_hold_it(created: str, ship_date: str, *, plausible: bool) -> None:
    fulfillment = {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "AMAZON",
                   "shipByWindow": {"latestDateTime": ship_date}}  # fmt: skip
    good, rejected = orders(order(created=created, fulfillment=fulfillment))
    assert good.height == plausible
    assert rejected["reason_type"].to_list() == ([] if plausible else ["implausible_date"])


def test_an_amount_without_its_currency_holds_the_order_with_a_type_of_its_own() -> None:
    good, rejected = orders(order(proceeds={"grandTotal": {"amount": "21.50"}}))
    assert good.is_empty()
    assert rejected["reason_type"].to_list() == ["missing_currency"]


def test_any_other_reason_is_of_the_type_schema() -> None:
    _, rejected = orders(order(lines=[line(ordered="two")]))
    assert rejected["reason_type"].to_list() == ["schema"]
