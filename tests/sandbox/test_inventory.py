"""FBA stock: every FBA listing of the marketplace once, quantities that add up, and changes as orders take stock."""

import pytest

from tests.sandbox.support import INVENTORY, MARKETS, Json, Wire, assert_refused, instant, stock_of

US = MARKETS["na"][0]


def fba_skus(wire: Wire) -> set[str]:
    """What the world says about who ships."""
    return {
        listing["sellerSku"]
        for product in wire.control("world/products")["products"]
        for listing in product["listings"]
        if listing["store"] == wire.code.upper() and listing["fulfilledBy"] == "AMAZON"
    }


def units(summaries: list[Json]) -> dict[str, Json]:
    return {summary["sellerSku"]: summary["inventoryDetails"] for summary in summaries}


def test_each_fba_listing_is_listed_once_in_each_marketplace(each_account: Wire) -> None:
    for market in MARKETS[each_account.code]:
        skus = [summary["sellerSku"] for summary in each_account.stock(market)]
        assert len(skus) == len(set(skus))
        assert set(skus) == fba_skus(each_account)


def test_pages_hold_fifty_and_their_token_stands_outside_the_payload(sandbox_url: str) -> None:
    pages = list(Wire(sandbox_url).pages(INVENTORY, **stock_of(US)))
    assert len(pages) > 1
    for page in pages[:-1]:
        assert len(page["payload"]["inventorySummaries"]) == 50
        assert page["pagination"]["nextToken"]
        assert "nextToken" not in page["payload"]


def test_the_total_counts_all_units_and_no_quantity_is_negative(each_account: Wire) -> None:
    for market in MARKETS[each_account.code]:
        for summary in each_account.stock(market, details="true"):
            details = summary["inventoryDetails"]
            parts = [
                details["fulfillableQuantity"],
                details["inboundWorkingQuantity"],
                details["inboundShippedQuantity"],
                details["inboundReceivingQuantity"],
                details["reservedQuantity"]["totalReservedQuantity"],
                details["unfulfillableQuantity"]["totalUnfulfillableQuantity"],
            ]
            assert min(parts) >= 0
            assert summary["totalQuantity"] == sum(parts)


def test_details_come_only_when_asked_for(eu: Wire) -> None:
    assert not any("inventoryDetails" in summary for summary in eu.stock(MARKETS["eu"][0]))


def test_some_goods_are_reserved_some_on_the_way_and_some_are_out(sandbox_url: str) -> None:
    details = units(Wire(sandbox_url).stock(US, details="true")).values()
    assert any(part["reservedQuantity"]["pendingCustomerOrderQuantity"] for part in details)
    assert any(part["inboundShippedQuantity"] for part in details)
    assert any(part["fulfillableQuantity"] == 0 for part in details)


def test_named_codes_and_changes_since_an_instant_narrow_the_list(each_account: Wire) -> None:
    market = MARKETS[each_account.code][0]
    everything = each_account.stock(market)
    first, second, *_ = [summary["sellerSku"] for summary in everything]
    wanted = {first, second}
    assert {s["sellerSku"] for s in each_account.stock(market, sellerSkus=f"{first},{second}")} == wanted
    assert {s["sellerSku"] for s in each_account.stock(market, sellerSku=first)} == {first}
    since = "2026-05-20T00:00:00Z"
    late = {s["sellerSku"] for s in everything if instant(s["lastUpdatedTime"]) >= instant(since)}
    assert {s["sellerSku"] for s in each_account.stock(market, startDateTime=since)} == late
    assert 0 < len(late) < len(everything)


@pytest.mark.parametrize(
    "wrong",
    [
        {"granularityType": "Country"},
        {"granularityId": "A1PA6795UKMFR9"},
        {"granularityId": ""},
        {"marketplaceIds": ""},
        {"sellerSkus": ",".join(map(str, range(51)))},
        {"startDateTime": "Monday"},
        {"nextToken": "nonsense"},
    ],
)
def test_requests_that_make_no_sense_are_refused(small_url: str, wrong: dict[str, str]) -> None:
    assert_refused(Wire(small_url).get(INVENTORY, **{**stock_of(US), **wrong}), 400)


def reserved_units(wire: Wire) -> dict[str, int]:
    found = {
        sku: part["reservedQuantity"]["totalReservedQuantity"]
        for sku, part in units(wire.stock(US, details="true")).items()
    }
    return {sku: reserved for sku, reserved in found.items() if reserved}


def test_what_open_orders_wait_for_is_reserved_until_it_ships(trading: Wire) -> None:
    wire = trading
    owed: dict[str, int] = {}
    for order in wire.truth().values():
        if order["fulfilledBy"] == "AMAZON" and order["status"] in {"PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED"}:
            for line in order["lines"]:
                left = line["quantityOrdered"] - line["quantityShipped"]
                owed[line["sellerSku"]] = owed.get(line["sellerSku"], 0) + left
    assert reserved_units(wire) == {sku: left for sku, left in owed.items() if left} != {}
    for _ in range(10):
        wire.tell("clock", {"advance": 2 * 86_400})
        assert min(part["fulfillableQuantity"] for part in units(wire.stock(US, details="true")).values()) >= 0
    assert reserved_units(wire) == {}
