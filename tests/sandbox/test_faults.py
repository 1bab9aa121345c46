"""Faults happen when switched on, as often as asked for, the same with the same seed, and never on the control side."""

import json
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.sandbox.support import (
    ALL_DATA,
    INVENTORY,
    MARKETS,
    OPENS,
    ORDERS,
    RATES,
    TRANSACTIONS,
    Json,
    Wire,
    credentials,
    item_path,
    listings_path,
    stock_of,
)
from tests.support import running_sandbox

US = MARKETS["na"][0]
TRANSPORT = ("quota_429", "error_500", "error_503", "timeout_before", "timeout_after", "truncated_body")
SEARCHES = {
    "orders": (ORDERS, {"lastUpdatedAfter": OPENS, "maxResultsPerPage": "50"}, "orders"),
    "listings": (listings_path("na"), {"marketplaceIds": US}, "items"),
    "transactions": (TRANSACTIONS, {"postedAfter": OPENS}, "payload.transactions"),
}


@pytest.fixture
def wire(own_url: str) -> Wire:
    """A logged-in account of the module's own sandbox, all faults off."""
    wire = Wire(own_url)
    wire.faults()
    wire.token()
    return wire


def outcome(wire: Wire) -> str:
    """What becomes of one search."""
    try:
        answer = wire.get(ORDERS, lastUpdatedAfter=OPENS)
        answer.json()
    except httpx.TransportError:
        return "dropped"
    except json.JSONDecodeError:
        return "cut"
    return str(answer.status_code)


@pytest.mark.parametrize(
    ("fault", "outcomes"),
    [
        ("quota_429", {"429"}),
        ("error_500", {"500"}),
        ("error_503", {"503"}),
        ("timeout_before", {"dropped"}),
        ("timeout_after", {"dropped"}),
        ("truncated_body", {"dropped", "cut"}),
    ],
)
def test_each_transport_fault_shows_in_its_own_way(wire: Wire, fault: str, outcomes: set[str]) -> None:
    assert outcome(wire) == "200"
    wire.faults(**{fault: 1.0})
    assert {outcome(wire) for _ in range(12)} == outcomes
    wire.faults()
    assert outcome(wire) == "200"


def test_a_throttled_answer_of_the_fault_tells_no_rate(wire: Wire) -> None:
    wire.faults(quota_429=1.0)
    answer = wire.get(ORDERS, lastUpdatedAfter=OPENS)
    assert answer.status_code == 429
    assert "x-amzn-RateLimit-Limit" not in answer.headers


@pytest.mark.parametrize(("fault", "stored"), [("timeout_before", False), ("timeout_after", True)])
def test_a_timeout_strikes_before_or_after_the_work_is_done(wire: Wire, fault: str, stored: bool) -> None:
    params = {"marketplaceIds": US, "includedData": "fulfillmentAvailability"}
    items = wire.listings(includedData="fulfillmentAvailability")
    sku = next(item["sku"] for item in items if "quantity" in item["fulfillmentAvailability"][0])
    path, units = item_path("na", sku), 1000 + len(fault)
    value = [{"fulfillment_channel_code": "DEFAULT", "quantity": units}]
    change = {"op": "replace", "path": "/attributes/fulfillment_availability", "value": value}
    wire.faults(**{fault: 1.0})
    with pytest.raises(httpx.TransportError):
        wire.send("PATCH", path, {"marketplaceIds": US}, json={"productType": "HOME", "patches": [change]})
    wire.faults()
    shown = wire.get(path, **params).json()["fulfillmentAvailability"][0]["quantity"]
    assert (shown == units) is stored


def test_login_and_public_files_are_struck_too(wire: Wire) -> None:
    wire.faults(error_503=1.0)
    assert wire.http.post("/auth/o2/token", data=credentials("na")).status_code == 503
    assert wire.http.get(RATES).status_code == 503


@pytest.mark.parametrize("fault", [*TRANSPORT, "clock_skew"])
def test_the_control_side_is_never_struck(wire: Wire, fault: str) -> None:
    wire.faults(**{fault: 1.0})
    for path in ("health", "clock", "faults", "log", "world/orders", "world/products"):
        assert wire.control(path)


def entries(page: Json, path: str) -> list[Json]:
    found = page
    for part in path.split("."):
        found = found[part]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("name", SEARCHES)
def test_a_doubled_page_comes_again_under_the_token_that_follows(wire: Wire, name: str) -> None:
    path, params, place = SEARCHES[name]
    whole = [entries(page, place) for page in wire.pages(path, **params)]
    assert len(whole) > 2
    wire.faults(duplicate_page=1.0)
    pages = wire.pages(path, **params)
    first = entries(next(pages), place)
    wire.faults()
    rest = [entries(page, place) for page in pages]
    assert first == rest[0] == whole[0]
    assert [entry for page in rest for entry in page] == [entry for page in whole for entry in page]


@pytest.mark.parametrize("name", SEARCHES)
def test_a_missing_page_is_skipped_and_nothing_tells(wire: Wire, name: str) -> None:
    path, params, place = SEARCHES[name]
    whole = [entry for page in wire.pages(path, **params) for entry in entries(page, place)]
    size = len(entries(next(wire.pages(path, **params)), place))
    wire.faults(missing_page=1.0)
    pages = wire.pages(path, **params)
    found = list(entries(next(pages), place))
    wire.faults()
    found += [entry for page in pages for entry in entries(page, place)]
    assert found == whole[size:]


def test_stock_pages_are_doubled_and_skipped_as_well(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--orders-per-day", "2", "--products", "120", "--rate-scale", "100000") as url:
        wire = Wire(url)
        whole = [summary["sellerSku"] for summary in wire.stock(US)]
        wire.token()
        wire.faults(missing_page=1.0)
        page = wire.get(INVENTORY, **stock_of(US)).json()
        assert [summary["sellerSku"] for summary in page["payload"]["inventorySummaries"]] == whole[50:100]
        wire.faults(duplicate_page=1.0)
        first = wire.get(INVENTORY, **stock_of(US)).json()
        token = first["pagination"]["nextToken"]
        assert wire.get(INVENTORY, **stock_of(US), nextToken=token).json()["payload"] == first["payload"]


def test_late_orders_are_missing_from_the_search_for_six_hours_at_most(trading: Wire) -> None:
    wire = trading
    wire.tell("clock", {"advance": 120})
    on_time = {order["orderId"]: order["lastUpdatedTime"] for order in wire.orders()}
    wire.faults(late_orders=1.0)
    shown = {order["orderId"]: order["lastUpdatedTime"] for order in wire.orders()}
    late = {order for order, change in on_time.items() if shown.get(order) != change}
    assert late
    for order in late:
        assert wire.get(f"{ORDERS}/{order}").json()["order"]["lastUpdatedTime"] == on_time[order]
        told = wire.truth()[order]
        assert told["lastUpdatedTime"] == on_time[order]
        assert told["searchable"] == shown.get(order)
    wire.tell("clock", {"advance": 6 * 3600})
    after = {order["orderId"]: order["lastUpdatedTime"] for order in wire.orders()}
    assert all(after[order] >= on_time[order] for order in late)


def test_malformed_orders_lack_a_part_in_the_search_alone(wire: Wire) -> None:
    sound = {order["orderId"]: order for order in wire.orders(includedData=ALL_DATA)}
    wire.faults(malformed_order=0.2)
    kinds: Counter[str] = Counter()
    for order in wire.orders(includedData=ALL_DATA):
        if "orderId" not in order:
            kinds["no id"] += 1
        elif order["orderItems"] is None:
            kinds["no lines"] += 1
            assert wire.get(f"{ORDERS}/{order['orderId']}", includedData=ALL_DATA).json()["order"]["orderItems"]
        elif order != sound[order["orderId"]]:
            kinds["no price"] += 1
            assert order["orderItems"][0]["product"]["price"]["unitPrice"]["amount"] == "n/a"
    assert set(kinds) == {"no id", "no lines", "no price"}
    assert 0.1 < sum(kinds.values()) / len(sound) < 0.3


def test_a_skewed_clock_shows_in_the_date_header(wire: Wire) -> None:
    straight = wire.get(ORDERS).headers["Date"]
    wire.faults(clock_skew=1.0)
    assert (straight, wire.get(ORDERS).headers["Date"]) == (
        "Sun, 24 May 2026 00:00:00 GMT",
        "Sun, 24 May 2026 00:10:00 GMT",
    )


def test_all_switches_on_every_fault_but_the_two_that_are_named_alone(wire: Wire) -> None:
    wire.faults(all=0.2)
    plan = wire.control("faults")["faults"]
    assert {name for name, probability in plan.items() if probability} == {
        *TRANSPORT,
        "duplicate_page",
        "missing_page",
        "late_orders",
    }


def test_faults_come_as_often_as_asked_for_and_the_same_again_after_a_restart_of_the_draws(wire: Wire) -> None:
    runs = []
    for _ in range(2):
        wire.faults(error_500=0.3)
        runs.append([outcome(wire) for _ in range(60)])
    assert runs[0] == runs[1]
    assert 8 <= runs[0].count("500") <= 30
    assert runs[0].count("200") == 60 - runs[0].count("500")


def test_the_seed_decides_which_requests_are_struck(tmp_path: Path) -> None:
    flags = ("--orders-per-day", "1", "--products", "10", "--rate-scale", "100000", "--fault", "error_503=0.5")
    runs = []
    for seed in ("3", "3", "4"):
        with running_sandbox(tmp_path, *flags, "--seed", seed) as url:
            http = Wire(url).http
            runs.append([http.get(ORDERS).status_code for _ in range(40)])
    assert runs[0] == runs[1] != runs[2]
    assert set(runs[0]) == {403, 503}


def test_the_log_counts_what_was_answered_and_why(wire: Wire) -> None:
    wire.tell("log/clear", {})
    wire.faults(error_500=1.0)
    outcome(wire)
    wire.faults(timeout_before=1.0)
    outcome(wire)
    wire.faults()
    outcome(wire)
    counts = {(c["status"], c["fault"]): c["count"] for c in wire.control("log")["counts"]}
    assert counts == {(500, "error_500"): 1, (0, "timeout_before"): 1, (200, None): 1}


@pytest.mark.parametrize("wrong", [{"earthquake": 0.1}, {"error_500": 1.5}, {"error_500": -0.1}])
def test_a_fault_that_does_not_exist_or_is_no_probability_is_refused(wire: Wire, wrong: dict[str, float]) -> None:
    answer = wire.http.post("/_control/faults", json={"faults": wrong})
    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json()["error"]


def test_a_token_that_ends_early_stays_dead_and_the_next_one_lives(wire: Wire) -> None:
    assert outcome(wire) == "200"
    wire.faults(token_expiry=1.0)
    answer = wire.get(ORDERS, lastUpdatedAfter=OPENS)
    assert answer.status_code == 403
    assert "expired" in answer.text
    wire.faults()
    assert outcome(wire) == "403"
    wire.renew()
    assert outcome(wire) == "200"


def test_an_empty_page_has_no_entry_and_no_next_one_or_no_byte_at_all(wire: Wire) -> None:
    wire.faults(empty_page=1.0)
    answers = [wire.get(ORDERS, lastUpdatedAfter=OPENS, maxResultsPerPage="20") for _ in range(12)]
    assert {answer.status_code for answer in answers} == {200}
    assert {len(answer.content) for answer in answers} > {0}
    told = [answer.json() for answer in answers if answer.content]
    assert all(body["orders"] == [] and "pagination" not in body for body in told)


def test_disorder_loses_nothing_and_comes_in_another_order_within_and_across_pages(wire: Wire) -> None:
    sound = [order["orderId"] for order in wire.orders(maxResultsPerPage="20")]
    wire.faults(disorder=1.0)
    mixed = [order["orderId"] for order in wire.orders(maxResultsPerPage="20")]
    assert set(mixed) == set(sound)
    assert list(dict.fromkeys(mixed)) != sound
    assert set(mixed[:20]) != set(sound[:20]) or set(mixed[20:40]) != set(sound[20:40])


def test_added_fields_come_at_every_depth_and_change_nothing_that_was_there(wire: Wire) -> None:
    query = {"lastUpdatedAfter": OPENS, "maxResultsPerPage": "5", "includedData": ALL_DATA}
    sound = wire.get(ORDERS, **query).json()
    wire.faults(schema_additions=1.0)
    added = wire.get(ORDERS, **query).json()
    assert "addedLater" in added
    assert "addedLater" in added["orders"][0]["orderItems"][0]["product"]
    assert {order["fulfillment"]["fulfillmentServiceLevel"] for order in added["orders"]} == {"ADDED_LATER"}
    assert _without_additions(added) == _without_additions(sound)


def _without_additions(node: object) -> object:
    if isinstance(node, list):
        return [_without_additions(entry) for entry in node]
    if isinstance(node, dict):
        left_out = {"addedLater", "fulfillmentServiceLevel"}
        return {name: _without_additions(value) for name, value in node.items() if name not in left_out}
    return node
