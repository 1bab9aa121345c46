"""What is read over the wire is exactly the world's truth, the same in every process, and only ever grows."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from tests.sandbox.support import (
    ALL_DATA,
    INVENTORY,
    LISTING_DATA,
    MARKETS,
    OPENS,
    ORDERS,
    RATES,
    REPORTS,
    SETTLEMENT_REPORT,
    SMALL,
    TRANSACTIONS,
    Json,
    Wire,
    instant,
    listings_path,
    stock_of,
)
from tests.support import running_sandbox

LAST = "2026-07-15T00:00:00Z"
"""By then every life that began has ended."""
LATER = {
    "PENDING": {"PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED"},
    "UNSHIPPED": {"UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED"},
    "PARTIALLY_SHIPPED": {"PARTIALLY_SHIPPED", "SHIPPED"},
    "SHIPPED": {"SHIPPED"},
    "CANCELLED": {"CANCELLED"},
}
"""What an order of a status may have become when one looks again."""


@pytest.fixture(scope="module")
def ended_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small world after its last event."""
    with running_sandbox(tmp_path_factory.mktemp("ended"), *SMALL, "--clock", f"frozen:{LAST}") as url:
        yield url


def told(order: Json, market: str) -> Json:
    """An order as the wire tells it, in the form of the truth."""
    lines = [
        (line["orderItemId"], line["product"]["sellerSku"], line["quantityOrdered"], _shipped(line))
        for line in order["orderItems"]
    ]
    return {
        "marketplaceId": market,
        "status": order["fulfillment"]["fulfillmentStatus"],
        "fulfilledBy": order["fulfillment"]["fulfilledBy"],
        "createdTime": order["createdTime"],
        "lastUpdatedTime": order["lastUpdatedTime"],
        "lines": lines,
    }


def _shipped(line: Json) -> int:
    units: int = line["fulfillment"]["quantityFulfilled"]
    return units


def expected(truth: Json) -> Json:
    lines = [
        (line["orderItemId"], line["sellerSku"], line["quantityOrdered"], line["quantityShipped"])
        for line in truth["lines"]
    ]
    fields = ("marketplaceId", "status", "fulfilledBy", "createdTime", "lastUpdatedTime")
    return {**{field: truth[field] for field in fields}, "lines": lines}


@pytest.mark.parametrize("code", MARKETS)
@pytest.mark.parametrize("bound", ["lastUpdatedAfter", "createdAfter"])
def test_a_whole_sweep_finds_exactly_the_worlds_orders_and_lines(ended_url: str, code: str, bound: str) -> None:
    wire = Wire(ended_url, code)
    params = {bound: OPENS, "includedData": "FULFILLMENT", "maxResultsPerPage": "37"}
    found = [order for page in wire.pages(ORDERS, **params) for order in page["orders"]]
    assert len(found) == len({order["orderId"] for order in found})
    read = {order["orderId"]: told(order, order["salesChannel"]["marketplaceId"]) for order in found}
    assert read == {order_id: expected(order) for order_id, order in wire.truth().items()}
    assert len(read) > 50


def test_at_any_instant_a_sweep_finds_all_but_what_changed_in_the_last_two_minutes(each_account: Wire) -> None:
    bound = instant(each_account.get(ORDERS, lastUpdatedAfter=OPENS).json()["lastUpdatedBefore"])
    read = {order["orderId"]: order["lastUpdatedTime"] for order in each_account.orders()}
    world = {order_id: order["lastUpdatedTime"] for order_id, order in each_account.truth().items()}
    assert read == {order_id: change for order_id, change in world.items() if instant(change) <= bound}


def test_sweeps_that_start_where_the_last_one_ended_miss_no_change_and_orders_only_grow_older(tmp_path: Path) -> None:
    flags = (*SMALL, "--accounts", "EU", "--clock", "frozen:2026-05-12T00:00:00Z")
    known: dict[str, tuple[str, str]] = {}
    seen: set[tuple[str, str]] = set()
    with running_sandbox(tmp_path, *flags) as url:
        wire, after, steps = Wire(url, "eu"), OPENS, 0
        while after < "2026-06-04":
            params = {"lastUpdatedAfter": after, "includedData": "FULFILLMENT"}
            pages = list(wire.pages(ORDERS, **params))
            for order in (order for page in pages for order in page["orders"]):
                now = (order["lastUpdatedTime"], order["fulfillment"]["fulfillmentStatus"])
                before = known.get(order["orderId"], now)
                assert before[0] <= now[0]
                assert now[1] in LATER[before[1]]
                known[order["orderId"]] = now
                seen.add((order["orderId"], now[1]))
            after, steps = pages[0]["lastUpdatedBefore"], steps + 1
            wire.tell("clock", {"advance": 12 * 3600})
        world = wire.truth(at=after)
    assert steps > 40
    assert known == {order_id: (order["lastUpdatedTime"], order["status"]) for order_id, order in world.items()}
    assert {status for _, status in seen} == set(LATER)


def test_versions_of_an_order_follow_each_other_in_time(eu: Wire) -> None:
    days = [f"2026-05-{day:02d}T00:00:00Z" for day in range(1, 25)]
    snapshots = [eu.truth(at=day) for day in days]
    changed = 0
    for earlier, later in pairwise(snapshots):
        assert set(earlier) <= set(later)
        for order_id, before in earlier.items():
            after = later[order_id]
            assert before["lastUpdatedTime"] <= after["lastUpdatedTime"]
            assert after["status"] in LATER[before["status"]]
            assert before["createdTime"] == after["createdTime"]
            changed += before["lastUpdatedTime"] < after["lastUpdatedTime"]
    assert changed > 50


def test_the_world_has_orders_for_codes_that_no_rule_can_read(sandbox_url: str) -> None:
    lines = [line for code in MARKETS for order in Wire(sandbox_url, code).truth().values() for line in order["lines"]]
    unreadable = [line for line in lines if not line["readable"]]
    assert 0 < len(unreadable) < 0.1 * len(lines)


def answers(url: str) -> dict[str, bytes]:
    """The body of one answer of each kind, link signatures (which carry real time) left out."""
    found = {"rates": httpx.get(f"{url}{RATES}").content}
    for code, markets in MARKETS.items():
        wire = Wire(url, code)
        requests: dict[str, dict[str, str]] = {
            ORDERS: {"lastUpdatedAfter": OPENS, "includedData": ALL_DATA},
            listings_path(code): {"marketplaceIds": ",".join(markets), "includedData": LISTING_DATA},
            INVENTORY: {**stock_of(markets[0]), "details": "true"},
            TRANSACTIONS: {"postedAfter": OPENS},
            REPORTS: {"reportTypes": SETTLEMENT_REPORT, "pageSize": "100"},
        }
        for path, params in requests.items():
            answer = wire.get(path, **params)
            assert answer.status_code == 200, answer.text
            found[f"{code} {path}"] = answer.content
        found[f"{code} truth"] = wire.http.get("/_control/world/orders", params={"store": code.upper()}).content
    return found


def test_two_processes_answer_the_same_byte_for_byte_whatever_way_they_came_to_an_instant(tmp_path: Path) -> None:
    at = "2026-05-10T09:00:00Z"
    with running_sandbox(tmp_path, *SMALL, "--clock", f"frozen:{at}") as url:
        straight = answers(url)
    with running_sandbox(tmp_path, *SMALL, "--clock", "frozen:2026-03-20T00:00:00Z") as url:
        wire = Wire(url, "eu")
        wire.orders()
        wire.tell("clock", {"set": "2026-04-17T12:34:56Z"})
        list(wire.pages(TRANSACTIONS, postedAfter=OPENS))
        wire.tell("clock", {"set": at})
        stepped = answers(url)
    assert len(straight) == 1 + 3 * 6
    assert stepped == straight


def test_another_seed_makes_another_world(tmp_path: Path, small_url: str) -> None:
    with running_sandbox(tmp_path, *SMALL, "--seed", "8") as url:
        other = set(Wire(url).truth())
    assert other
    assert not other & set(Wire(small_url).truth())


def test_the_clock_moves_forward_alone(fresh_url: str) -> None:
    wire = Wire(fresh_url)
    assert wire.tell("clock", {"advance": 90})["now"] == "2026-05-24T00:01:30Z"
    answer = wire.http.post("/_control/clock", json={"set": "2026-05-24T00:00:00Z"})
    assert answer.status_code == 400
    assert "backwards" in answer.json()["error"]
    assert wire.control("clock")["now"] == "2026-05-24T00:01:30Z"


def test_a_live_clock_goes_on_after_a_restart_and_never_backwards(tmp_path: Path) -> None:
    flags = ("--orders-per-day", "1", "--products", "5", "--clock", "live:3600", "--state-dir", str(tmp_path / "state"))
    readings = []
    for _ in range(2):
        with running_sandbox(tmp_path, *flags) as url:
            readings += [Wire(url).control("clock")["now"] for _ in range(3)]
    assert readings == sorted(readings)
    assert readings[3] > readings[0] >= "2026-05-24T00:00:00Z"
