"""Searching orders: windows, the two-minute rule, page tokens, filters, and what an order shows when."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.support import (
    ALL_DATA,
    MARKETS,
    OPENS,
    ORDERS,
    SMALL,
    Json,
    Wire,
    assert_refused,
    instant,
)
from tests.support import running_sandbox

MISMATCH = "All parameters must match the original request except maxResultsPerPage"
FIRST = {"lastUpdatedAfter": OPENS, "includedData": "PROCEEDS,FULFILLMENT", "maxResultsPerPage": "20"}


def first_token(wire: Wire, **changes: str) -> str:
    return str(wire.get(ORDERS, **{**FIRST, **changes}).json()["pagination"]["nextToken"])


def test_a_page_token_goes_on_only_with_every_original_parameter(eu: Wire) -> None:
    token = first_token(eu)
    assert eu.get(ORDERS, **FIRST, paginationToken=token).status_code == 200
    without = {name: value for name, value in FIRST.items() if name != "includedData"}
    for changed in (
        {},
        without,
        {**FIRST, "includedData": "PROCEEDS"},
        {**FIRST, "lastUpdatedAfter": "2026-03-02T00:00:00Z"},
        {**FIRST, "fulfilledBy": "AMAZON"},
        {**FIRST, "marketplaceIds": MARKETS["eu"][0]},
    ):
        answer = eu.get(ORDERS, **changed, paginationToken=token)
        if changed:
            assert_refused(answer, 400, MISMATCH)
        else:
            assert_refused(answer, 400)


def test_the_page_size_alone_may_change_from_page_to_page(eu: Wire) -> None:
    whole = [order["orderId"] for order in eu.orders()]
    page = eu.get(ORDERS, **FIRST).json()
    found = [order["orderId"] for order in page["orders"]]
    size = 1
    while token := page.get("pagination", {}).get("nextToken"):
        size = size % 100 + 7
        page = eu.get(ORDERS, **{**FIRST, "maxResultsPerPage": str(min(size, 100))}, paginationToken=token).json()
        found += [order["orderId"] for order in page["orders"]]
    assert found == whole


def test_a_forged_page_token_is_refused(eu: Wire) -> None:
    token = first_token(eu)
    for forged in ("nonsense", token[:-1] + ("0" if token[-1] != "0" else "1"), f"A{token}"):
        assert_refused(eu.get(ORDERS, **FIRST, paginationToken=forged), 400)


def test_an_old_page_token_is_refused(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *SMALL, "--page-token-ttl", "0") as url:
        wire = Wire(url)
        assert_refused(wire.get(ORDERS, **FIRST, paginationToken=first_token(wire)), 400, "expired")


def test_an_upper_bound_must_be_two_minutes_old(eu: Wire) -> None:
    now = eu.control("clock")["now"]
    assert now == "2026-05-24T00:00:00Z"
    for kind in ("lastUpdated", "created"):
        lower = {f"{kind}After": OPENS}
        assert_refused(eu.get(ORDERS, **lower, **{f"{kind}Before": "2026-05-23T23:58:01Z"}), 400, "two minutes")
        assert eu.get(ORDERS, **lower, **{f"{kind}Before": "2026-05-23T23:58:00Z"}).status_code == 200
        assert eu.get(ORDERS, **lower).json()[f"{kind}Before"] == "2026-05-23T23:58:00Z"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"createdAfter": OPENS, "lastUpdatedAfter": OPENS},
        {"createdAfter": OPENS, "lastUpdatedBefore": "2026-05-01T00:00:00Z"},
        {"lastUpdatedAfter": "2026-05-02T00:00:00Z", "lastUpdatedBefore": "2026-05-01T00:00:00Z"},
        {"lastUpdatedAfter": "yesterday"},
        {"lastUpdatedAfter": OPENS, "maxResultsPerPage": "0"},
        {"lastUpdatedAfter": OPENS, "maxResultsPerPage": "101"},
        {"lastUpdatedAfter": OPENS, "includedData": "EVERYTHING"},
        {"lastUpdatedAfter": OPENS, "fulfillmentStatuses": "Canceled"},
        {"lastUpdatedAfter": OPENS, "fulfilledBy": "FBA"},
    ],
)
def test_parameters_that_make_no_sense_are_refused(eu: Wire, wrong: dict[str, str]) -> None:
    assert_refused(eu.get(ORDERS, **wrong), 400)


@pytest.mark.parametrize(("kind", "field"), [("lastUpdated", "lastUpdatedTime"), ("created", "createdTime")])
def test_a_window_holds_its_orders_in_order_of_time_both_ends_included(eu: Wire, kind: str, field: str) -> None:
    everything = [order for page in eu.pages(ORDERS, **{f"{kind}After": OPENS}) for order in page["orders"]]
    times = [order[field] for order in everything]
    assert times == sorted(times)
    low, high = times[10], times[-10]
    bounds = {f"{kind}After": low, f"{kind}Before": high}
    inside = [order for page in eu.pages(ORDERS, **bounds) for order in page["orders"]]
    assert [order["orderId"] for order in inside] == [o["orderId"] for o in everything if low <= o[field] <= high]


def test_filters_leave_what_they_name(eu: Wire) -> None:
    everything = eu.orders(includedData="FULFILLMENT")
    market = MARKETS["eu"][1]

    def ids(orders: list[Json]) -> list[str]:
        return [order["orderId"] for order in orders]

    def having(path: str, value: str) -> list[str]:
        return ids([order for order in everything if order["fulfillment"][path] == value])

    assert ids(eu.orders(fulfilledBy="MERCHANT")) == having("fulfilledBy", "MERCHANT") != []
    assert ids(eu.orders(fulfillmentStatuses="CANCELLED")) == having("fulfillmentStatus", "CANCELLED") != []
    assert ids(eu.orders(marketplaceIds=market)) == ids(
        [order for order in everything if order["salesChannel"]["marketplaceId"] == market]
    )


def test_the_parts_of_an_order_come_only_when_asked_for(eu: Wire) -> None:
    bare = [part for order in eu.orders() for part in order]
    assert not {"buyer", "recipient", "proceeds", "fulfillment", "packages", "tax"} & set(bare)
    full = [part for order in eu.orders(includedData=ALL_DATA) for part in order]
    assert {"buyer", "recipient", "proceeds", "fulfillment", "packages"} <= set(full)


def test_a_pending_order_shows_no_price_buyer_or_address(sandbox_url: str) -> None:
    pending = [
        order
        for code in MARKETS
        for order in Wire(sandbox_url, code).orders(includedData=ALL_DATA, fulfillmentStatuses="PENDING")
    ]
    assert pending
    for order in pending:
        assert not {"buyer", "recipient", "proceeds"} & set(order)
        assert all("price" not in line["product"] and "proceeds" not in line for line in order["orderItems"])


def test_buyers_are_invented(each_account: Wire) -> None:
    buyers = [o["buyer"] for o in each_account.orders(includedData="BUYER") if "buyer" in o]
    assert buyers
    assert all(buyer["buyerEmail"].endswith("example.com") for buyer in buyers)


def amount(money: Json, currency: str) -> Decimal:
    assert money["currencyCode"] == currency
    assert isinstance(money["amount"], str)
    value = Decimal(money["amount"])
    assert value.as_tuple().exponent == (0 if currency == "JPY" else -2)
    return value


def test_amounts_of_an_order_add_up_exactly_in_the_currency_of_its_marketplace(each_account: Wire) -> None:
    currencies = {"US": "USD", "UK": "GBP", "DE": "EUR", "JP": "JPY"}
    truth = each_account.truth()
    sold = [order for order in each_account.orders(includedData=ALL_DATA) if "proceeds" in order]
    assert len(sold) > 20
    for order in sold:
        currency = currencies[truth[order["orderId"]]["marketplace"]]
        totals = []
        for line in order["orderItems"]:
            parts = [amount(part["subtotal"], currency) for part in line["proceeds"]["breakdowns"]]
            totals.append(amount(line["proceeds"]["proceedsTotal"], currency))
            assert sum(parts) == totals[-1]
        assert amount(order["proceeds"]["grandTotal"], currency) == sum(totals)


def test_orders_sent_from_outside_the_eu_carry_an_ioss_number(eu: Wire) -> None:
    orders: list[Any] = eu.orders(includedData=ALL_DATA)
    numbers = [
        line["fulfillment"]["shipping"]["internationalShipping"]["iossNumber"]
        for order in orders
        for line in order["orderItems"]
        if "internationalShipping" in line.get("fulfillment", {}).get("shipping", {})
    ]
    assert numbers
    assert all(number.startswith("IM") and len(number) == 12 for number in numbers)


def test_one_order_is_the_same_in_the_search_and_alone(eu: Wire) -> None:
    bound = eu.get(ORDERS, lastUpdatedAfter=OPENS).json()["lastUpdatedBefore"]
    for order in eu.orders(includedData=ALL_DATA)[-30:]:
        assert instant(order["lastUpdatedTime"]) <= instant(bound)
        alone = eu.get(f"{ORDERS}/{order['orderId']}", includedData=ALL_DATA).json()["order"]
        assert alone == order
