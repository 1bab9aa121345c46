"""Faults: each one really shows on the wire, strikes at its rate, repeats with its seed, and leaves control alone."""

import json
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from linkstar_pipelines.sandbox.faults import APART, DATA, NAMES, STREAM, TRANSPORT, FaultDesk, FaultPlan
from tests.sandbox.support import DOCUMENTS, OPENS, ORDERS, RATES, REPORTS, SETTLEMENT_REPORT, Json, Wire

SEARCH = {"lastUpdatedAfter": OPENS, "maxResultsPerPage": "10"}


@pytest.fixture
def wire(own_url: str) -> Iterator[Wire]:
    """A logged-in way to the module's own sandbox; its faults are off again afterwards."""
    way = Wire(own_url)
    way.token()
    yield way
    way.faults()


def fate(wire: Wire) -> str:
    """What becomes of one search: a status, or the way in which the answer is broken."""
    try:
        answer = wire.get(ORDERS, **SEARCH)
    except httpx.RemoteProtocolError as problem:
        return "no answer" if "without sending a response" in str(problem) else "cut off"
    try:
        answer.json()
    except json.JSONDecodeError:
        return "no JSON"
    return str(answer.status_code)


def served(wire: Wire, **search: str) -> list[list[str]]:
    """Order ids of every page of a sweep."""
    return [[order["orderId"] for order in page["orders"]] for page in wire.pages(ORDERS, **{**SEARCH, **search})]


@pytest.mark.parametrize(("fault", "status"), [("quota_429", 429), ("error_500", 500), ("error_503", 503)])
def test_a_refusing_fault_answers_in_amazon_s_envelope_without_a_rate(wire: Wire, fault: str, status: int) -> None:
    wire.faults(**{fault: 1.0})
    answer = wire.get(ORDERS, **SEARCH)
    assert answer.status_code == status
    assert set(answer.json()["errors"][0]) == {"code", "message", "details"}
    assert "x-amzn-ratelimit-limit" not in answer.headers
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after"])
def test_a_timeout_closes_the_connection_without_an_answer(wire: Wire, fault: str) -> None:
    wire.faults(**{fault: 1.0})
    assert fate(wire) == "no answer"


def test_a_timeout_before_does_nothing_and_a_timeout_after_has_done_the_work(wire: Wire) -> None:
    listing = next(item for item in wire.listings(includedData="fulfillmentAvailability") if "quantity" in part(item))
    shown = part(listing)["quantity"]
    for fault, expected in (("timeout_before", shown), ("timeout_after", shown + 1)):
        wire.faults(**{fault: 1.0})
        with pytest.raises(httpx.RemoteProtocolError):
            push(wire, listing["sku"], shown + 1)
        wire.faults()
        again = wire.listings(includedData="fulfillmentAvailability", identifiers=listing["sku"], identifiersType="SKU")
        assert part(again[0])["quantity"] == expected


def part(listing: Json) -> Json:
    availability: Json = listing["fulfillmentAvailability"][0]
    return availability


def push(wire: Wire, sku: str, quantity: int) -> httpx.Response:
    value = [{"fulfillment_channel_code": "DEFAULT", "quantity": quantity}]
    patch = {"op": "replace", "path": "/attributes/fulfillment_availability", "value": value}
    path = f"/listings/2021-08-01/items/A1LINKSTARNA/{sku}"
    body = {"productType": "HOME", "patches": [patch]}
    return wire.send("PATCH", path, {"marketplaceIds": "ATVPDKIKX0DER"}, json=body)


def test_a_truncated_body_is_either_whole_http_with_broken_json_or_cut_off(wire: Wire) -> None:
    wire.faults(truncated_body=1.0)
    assert {fate(wire) for _ in range(20)} == {"no JSON", "cut off"}


def test_transport_faults_strike_logins_downloads_and_the_public_file_too_but_never_control(wire: Wire) -> None:
    reports = wire.get(REPORTS, reportTypes=SETTLEMENT_REPORT).json()["reports"]
    link = wire.get(f"{DOCUMENTS}/{reports[0]['reportDocumentId']}").json()["url"]
    wire.faults(error_503=1.0)
    assert wire.http.post("/auth/o2/token", data={}).status_code == 503
    assert httpx.get(link).status_code == 503
    assert httpx.get(wire.url + RATES).status_code == 503
    for path in ("health", "clock", "faults", "log", "world/orders", "world/products", "world/settlements"):
        assert wire.http.get(f"/_control/{path}").status_code == 200


def test_a_duplicate_page_comes_again_under_the_following_token(wire: Wire) -> None:
    sound = served(wire)
    wire.faults(duplicate_page=0.4)
    struck = served(wire)
    assert len(struck) > len(sound)
    distinct = [page for page, before in zip(struck, [None, *struck], strict=False) if page != before]
    assert distinct == sound


def test_a_missing_page_is_skipped_without_a_word_and_even_the_first_can_be(wire: Wire) -> None:
    sound = served(wire)
    wire.faults(missing_page=0.4)
    struck = served(wire)
    assert len(struck) < len(sound)
    assert all(page in sound for page in struck)
    wire.faults(missing_page=1.0)
    assert served(wire)[0] == sound[1]


def test_page_faults_strike_listings_too(wire: Wire) -> None:
    sound = [item["sku"] for item in wire.listings(pageSize="5")]
    wire.faults(missing_page=0.5)
    assert len([item["sku"] for item in wire.listings(pageSize="5")]) < len(sound)
    wire.faults(duplicate_page=0.5)
    doubled = Counter(item["sku"] for item in wire.listings(pageSize="5"))
    assert set(doubled) == set(sound)
    assert max(doubled.values()) > 1


def test_late_orders_are_hidden_from_the_search_for_at_most_six_hours_and_from_nothing_else(wire: Wire) -> None:
    wire.faults(late_orders=1.0)
    truth = wire.truth()
    late = {order_id for order_id, order in truth.items() if order["searchable"] != order["lastUpdatedTime"]}
    assert late
    shown = {order["orderId"]: order["lastUpdatedTime"] for order in wire.orders()}
    for order_id in late:
        assert shown.get(order_id) == truth[order_id]["searchable"]
        assert truth[order_id]["lastUpdatedTime"] > "2026-05-23T18:00:00Z"
        current = wire.get(f"{ORDERS}/{order_id}").json()["order"]
        assert current["lastUpdatedTime"] == truth[order_id]["lastUpdatedTime"]


def test_a_malformed_order_lacks_something_in_the_search_and_is_sound_when_read_alone(wire: Wire) -> None:
    sound = {order["orderId"]: order for order in wire.orders()}
    wire.faults(malformed_order=0.5)
    kinds = Counter(flaw(order) for order in wire.orders())
    assert set(kinds) == {"sound", "no orderId", "no orderItems", "no number"}
    assert sum(kinds.values()) == len(sound)
    order_id = next(iter(sound))
    assert wire.get(f"{ORDERS}/{order_id}").json()["order"] == sound[order_id]


def flaw(order: Json) -> str:
    if "orderId" not in order:
        return "no orderId"
    if order["orderItems"] is None:
        return "no orderItems"
    price = order["orderItems"][0]["product"].get("price")
    return "no number" if price and price["unitPrice"]["amount"] == "n/a" else "sound"


def test_a_skewed_clock_shows_in_the_date_of_the_answer(wire: Wire) -> None:
    assert wire.get(ORDERS, **SEARCH).headers["date"] == "Sun, 24 May 2026 00:00:00 GMT"
    wire.faults(clock_skew=1.0)
    assert wire.get(ORDERS, **SEARCH).headers["date"] == "Sun, 24 May 2026 00:10:00 GMT"


def test_the_same_requests_meet_the_same_faults_again(wire: Wire) -> None:
    wire.faults(all=0.3)
    first = [fate(wire) for _ in range(40)]
    wire.faults(all=0.3)
    assert [fate(wire) for _ in range(40)] == first
    assert len(set(first)) > 4


def test_the_log_counts_what_was_answered_and_which_fault_struck(wire: Wire) -> None:
    wire.tell("log/clear", {})
    wire.faults(error_500=1.0)
    wire.get(ORDERS, **SEARCH)
    wire.faults(timeout_before=1.0)
    fate(wire)
    wire.faults()
    wire.get(ORDERS, **SEARCH)
    log = wire.control("log")
    counts = {(c["operation"], c["status"], c["fault"]): c["count"] for c in log["counts"]}
    assert counts == {
        ("searchOrders", 500, "error_500"): 1,
        ("searchOrders", 0, "timeout_before"): 1,
        ("searchOrders", 200, None): 1,
    }
    assert [exchange["status"] for exchange in log["recent"]] == [500, 0, 200]


def test_without_faults_every_order_of_the_world_is_found_exactly_once(wire: Wire) -> None:
    wire.tell("clock", {"set": "2026-05-24T06:00:00Z"})
    found = {order["orderId"]: order["lastUpdatedTime"] for order in wire.orders()}
    truth = wire.truth(at="2026-05-24T05:58:00Z")
    assert len(found) == len(wire.orders())
    assert found == {order_id: order["lastUpdatedTime"] for order_id, order in truth.items()}


def test_all_names_every_fault_but_those_apart() -> None:
    plan = FaultPlan.from_texts(["all=0.2", "error_500=0.5"])
    assert plan.chance_of("error_500") == 0.5
    assert {name for name in NAMES if plan.chance_of(name) == 0.2} == {*TRANSPORT, *STREAM, *DATA} - {"error_500"}
    assert all(plan.chance_of(name) == 0 for name in APART)


def test_faults_strike_about_as_often_as_they_are_told_and_each_operation_has_its_own_luck() -> None:
    desk = FaultDesk(7, FaultPlan.from_texts(["missing_page=0.2"]))
    struck = [desk.draw("searchOrders").missing_page for _ in range(2000)]
    other = [desk.draw("getOrder").missing_page for _ in range(2000)]
    assert 0.17 < sum(struck) / 2000 < 0.23
    assert struck != other
