"""Shopify's side alone: token, versions, queries, points, search, pages, quantities, fulfilments, webhooks."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from linkstar_pipelines.sandbox.app import make_app
from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.shopify import side as shopify_side
from linkstar_pipelines.sandbox.shopify.side import Side
from linkstar_pipelines.sandbox.world.accounts import ACCOUNTS
from linkstar_pipelines.sandbox.world.instants import parse
from tests.support import running_sandbox

WORLD = (
    *("--accounts", "SFUS,SFDE", "--orders-per-day", "6", "--products", "30", "--rate-scale", "100000"),
    *("--clock", "frozen:2026-04-20T20:00:00Z"),
)
PATH = "/shopify/admin/api/2026-10/graphql.json"
TOKEN = {"X-Shopify-Access-Token": "sandbox-refresh-sfus"}
LOCATION = "gid://shopify/Location/71234567890"
ORDERS = """query ($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { id updatedAt createdAt } pageInfo { hasNextPage endCursor }
  }
}"""
SET = """mutation ($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { code message } }
}"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small world in the middle of its trade."""
    with running_sandbox(tmp_path_factory.mktemp("shopify"), *WORLD) as address:
        yield address


def ask(url: str, query: str, path: str = PATH, /, **variables: Any) -> httpx.Response:
    """Send a query as the US shop's app."""
    return httpx.post(url + path, json={"query": query, "variables": variables}, headers=TOKEN, timeout=30)


def data(url: str, query: str, /, **variables: Any) -> Any:
    """Ask for what must be there."""
    body = ask(url, query, **variables).raise_for_status().json()
    assert "errors" not in body, body["errors"]
    return body["data"]


def code(answer: httpx.Response) -> str:
    """Code of an error that comes with HTTP 200."""
    assert answer.status_code == 200
    found: str = answer.json()["errors"][0]["extensions"]["code"]
    return found


def test_an_unknown_token_and_an_unknown_path_are_refused(url: str) -> None:
    for headers in ({}, {"X-Shopify-Access-Token": "forged"}):
        answer = httpx.post(url + PATH, json={"query": "{ shop { id } }"}, headers=headers)
        assert answer.status_code == 401
        assert "Invalid API key" in answer.json()["errors"]
    assert ask(url, "{ shop { id } }", "/shopify/admin/api/orders.json").status_code == 404
    assert httpx.post(url + PATH, content=b"{", headers=TOKEN).status_code == 400


def test_another_version_is_answered_in_the_one_that_is_spoken(url: str) -> None:
    answer = ask(url, "{ shop { myshopifyDomain } }", PATH.replace("2026-10", "2023-01"))
    assert answer.json()["data"]["shop"] == {"myshopifyDomain": "linkstar-us.myshopify.com"}
    assert answer.headers["X-Shopify-API-Version"] == "2026-10"


@pytest.mark.parametrize(
    "query", ["{ shop { nothing } }", "{ shop {", "mutation { orders(first: 1) { nodes { id } } }"]
)
def test_a_wrong_query_is_refused_in_http_200(url: str, query: str) -> None:
    answer = ask(url, query)
    assert answer.status_code == 200
    assert "data" not in answer.json()
    assert answer.json()["errors"][0]["message"]


def test_only_what_was_asked_for_is_answered(url: str) -> None:
    (order,) = data(url, "{ orders(first: 1) { nodes { name lineItems(first: 1) { nodes { sku } } } } }")["orders"][
        "nodes"
    ]
    assert order["name"].startswith("#")
    assert list(order) == ["name", "lineItems"]
    assert list(order["lineItems"]["nodes"][0]) == ["sku"]


def test_a_query_that_may_cost_too_much_is_refused(url: str) -> None:
    query = "{ orders(first: 250) { nodes { id lineItems(first: 10) { nodes { id } } } } }"
    assert code(ask(url, query))


def test_points_are_taken_given_back_and_run_out(tmp_path: Path) -> None:
    query = "{ orders(first: 90) { nodes { id lineItems(first: 10) { nodes { id } } } } }"
    with running_sandbox(tmp_path, *WORLD, "--rate-scale", "0.5") as address:
        first = ask(address, query).json()["extensions"]["cost"]
        assert first["requestedQueryCost"] == 990
        assert first["actualQueryCost"] < 400
        status = first["throttleStatus"]
        assert (status["maximumAvailable"], status["restoreRate"]) == (1000.0, 50.0)
        assert status["currentlyAvailable"] >= 1000 - first["actualQueryCost"] - 1
        assert code(ask(address, query)) == "THROTTLED"


def test_pages_hold_every_order_of_a_span_once_and_the_count_agrees(url: str) -> None:
    span = "updated_at:>='2026-04-01T00:00:00Z' updated_at:<'2026-04-10T00:00:00Z'"
    found, after = [], None
    while True:
        page = data(url, ORDERS, first=7, after=after, query=span)["orders"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    world = httpx.get(f"{url}/_control/world/orders", params={"store": "SFUS"}).json()["orders"]
    expected = {
        f"gid://shopify/Order/{order['orderId']}"
        for order in world
        if "2026-04-01" <= order["lastUpdatedTime"] < "2026-04-10"
    }
    assert len(found) == len(expected) > 14
    assert {order["id"] for order in found} == expected
    assert [order["updatedAt"] for order in found] == sorted(order["updatedAt"] for order in found)
    counted = data(url, "query ($query: String) { ordersCount(query: $query) { count precision } }", query=span)
    assert counted["ordersCount"] == {"count": len(expected), "precision": "EXACT"}
    capped = data(url, "{ ordersCount(limit: 3) { count precision } }")
    assert capped["ordersCount"] == {"count": 3, "precision": "AT_LEAST"}


def test_a_search_term_that_is_not_understood_is_left_out_with_a_warning(url: str) -> None:
    body = ask(url, ORDERS, first=1, query="updatd_at:>'2026-04-01'").json()
    assert body["data"]["orders"]["nodes"]
    (search,) = body["extensions"]["search"]
    assert search["warnings"][0]["field"] == "updatd_at"
    assert code(ask(url, ORDERS, first=1, query="updated_at:>'yesterday'"))


@pytest.mark.parametrize("variables", [{"first": 0}, {"first": 251}, {"first": 5, "after": "forged"}])
def test_bad_paging_is_refused(url: str, variables: dict[str, Any]) -> None:
    assert code(ask(url, ORDERS, **variables))


def test_lines_are_paged_inside_their_order(url: str) -> None:
    query = """query ($first: Int!, $after: String) { orders(first: 100) { nodes {
      lineItems(first: $first, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } } }"""
    whole = [o["lineItems"] for o in data(url, query.replace("first: 100", "first: 40"), first=10)["orders"]["nodes"]]
    place = next(place for place, lines in enumerate(whole) if len(lines["nodes"]) > 1)
    first = data(url, query, first=1)["orders"]["nodes"][place]["lineItems"]
    assert first["pageInfo"]["hasNextPage"]
    second = data(url, query, first=1, after=first["pageInfo"]["endCursor"])["orders"]["nodes"][place]["lineItems"]
    assert [*first["nodes"], *second["nodes"]] == whole[place]["nodes"][:2]


def item_of(url: str) -> tuple[str, int]:
    query = "{ productVariants(first: 1) { nodes { inventoryQuantity inventoryItem { id } } } }"
    (variant,) = data(url, query)["productVariants"]["nodes"]
    return variant["inventoryItem"]["id"], variant["inventoryQuantity"]


def change(item: str, quantity: int, **expected: int | None) -> dict[str, Any]:
    entry = {"inventoryItemId": item, "locationId": LOCATION, "quantity": quantity, **expected}
    return {"name": "available", "reason": "correction", "quantities": [entry]}


def test_a_quantity_is_set_only_from_the_expected_one_and_once_per_key(url: str) -> None:
    item, present = item_of(url)

    def errors(key: str, wanted: dict[str, Any]) -> list[str]:
        found = data(url, SET, input=wanted, key=key)["inventorySetQuantities"]["userErrors"]
        return [error["code"] for error in found]

    assert errors("a", change(item, present + 5, changeFromQuantity=present + 1))
    assert item_of(url)[1] == present
    assert errors("b", change(item, present + 5, changeFromQuantity=present)) == []
    assert errors("b", change(item, present + 5, changeFromQuantity=present)) == []
    assert item_of(url)[1] == present + 5
    assert errors("c", change(item, present, changeFromQuantity=None)) == []
    assert errors("d", change("gid://shopify/InventoryItem/1", 1, changeFromQuantity=None))
    assert item_of(url)[1] == present


def test_a_quantity_needs_a_key_and_an_expectation(url: str) -> None:
    item, _ = item_of(url)
    assert code(ask(url, SET, input=change(item, 1), key="k"))
    keyless = SET.replace(" @idempotent(key: $key)", "").replace(", $key: String!", "")
    assert code(ask(url, keyless, input=change(item, 1, changeFromQuantity=None)))


def test_webhooks_tell_every_change_of_a_span_and_prove_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    sides: list[Side] = []

    class Kept(Side):
        def __init__(self, bench: Bench) -> None:
            super().__init__(bench)
            sides.append(self)

    monkeypatch.setattr(shopify_side, "Side", Kept)
    make_app(parse_options(WORLD))
    account = ACCOUNTS["SFUS"]
    found = sides[0].pushes(account, parse("2026-04-01"), parse("2026-04-05"))
    topics = {push.headers["X-Shopify-Topic"] for push in found}
    assert {"orders/create", "orders/updated"} <= topics
    for push in found:
        digest = hmac.new(b"sandbox-secret-sfus", push.body, hashlib.sha256).digest()
        assert push.headers["X-Shopify-Hmac-Sha256"] == base64.b64encode(digest).decode()
        assert "2026-04-01" <= json.loads(push.body)["updated_at"] < "2026-04-05"
    assert len({push.headers["X-Shopify-Webhook-Id"] for push in found}) == len(found) > 10
