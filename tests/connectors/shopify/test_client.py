"""The Shopify client against scripted answers: pages, counts, points, and every failure inside HTTP 200."""

import json
from typing import Any

import httpx
import pytest

from linkstar_pipelines.connectors.errors import (
    CredentialError,
    MalformedAnswerError,
    PlatformError,
    RequestRejectedError,
    ThrottledError,
)
from linkstar_pipelines.connectors.platform import Parcel, StockChange, Window
from linkstar_pipelines.connectors.shopify.client import ShopifyClient
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.conftest import MakeCore
from tests.connectors.shopify.support import (
    LOCATION,
    SECRETS,
    answer,
    connection,
    count,
    fault,
    level,
    line,
    order,
    page,
    read,
    shop,
    shopify_store,
    variant,
)
from tests.connectors.support import Script, reply, utc

PARCEL = Parcel("5001", "SHOPIFY_US", "P1", "DHL", "T1", utc(2026, 5, 11), {"11": 2})
CHANGE = StockChange("SHOPIFY_US", "41", "LS-1", 7)


def variables(script: Script) -> list[dict[str, Any]]:
    """Variables of each request."""
    return [json.loads(request.content)["variables"] for request in script.requests]


def test_orders_are_counted_and_followed_page_by_page(client: ShopifyClient, script: Script) -> None:
    script.steps = [shop(), count(3), page("orders", order("1"), order("2"), cursor="c1"), page("orders", order("3"))]
    first, second = read(client, Stream.ORDERS)
    assert [record["id"].rpartition("/")[2] for record in (*first.records, *second.records)] == ["1", "2", "3"]
    assert {record["marketplaceId"] for record in first.records} == {"SHOPIFY_US"}
    assert (first.total, second.total, first.upper_bound) == (3, 3, utc(2026, 5, 12))
    bounds = "updated_at:>='2026-05-11T00:00:00Z' updated_at:<'2026-05-12T00:00:00Z'"
    _, counted, *pages = variables(script)
    assert counted == {"query": bounds}
    assert pages == [{"query": bounds, "first": 10, "after": after} for after in (None, "c1")]
    request = script.requests[0]
    assert request.url == "https://shopify.test/admin/api/2026-10/graphql.json"
    assert request.headers["x-shopify-access-token"] == SECRETS[0]


def test_an_open_window_ends_at_the_shops_present_and_readings_differ_in_page_size(
    client: ShopifyClient, script: Script
) -> None:
    script.steps = [shop(), count(0), page("orders")]
    (found,) = read(client, Stream.ORDERS, Window(utc(2026, 5, 11)), reading=1)
    assert (found.total, found.upper_bound) == (0, utc(2026, 5, 12))
    assert variables(script)[-1]["first"] == 9


def test_a_count_that_is_not_exact_is_no_total(client: ShopifyClient, script: Script) -> None:
    script.steps = [shop(), count(10_000, "AT_LEAST"), page("orders")]
    assert read(client, Stream.ORDERS)[0].total is None


def test_lines_beyond_the_first_page_are_added_once(client: ShopifyClient, script: Script) -> None:
    long = order("1", lineItems=connection(line("1"), line("2"), cursor="l2"))
    script.steps = [
        answer({"order": long}),
        answer({"order": {"lineItems": connection(line("2"), line("3"), cursor="l3")}}),
        answer({"order": {"lineItems": connection(line("4"))}}),
    ]
    found = client.get_order("1")
    assert found is not None
    assert [entry["id"].rpartition("/")[2] for entry in found["lineItems"]["nodes"]] == ["1", "2", "3", "4"]
    assert variables(script)[1] == {"id": "gid://shopify/Order/1", "after": "l2"}


def test_lines_whose_pages_have_no_end_are_no_answer(client: ShopifyClient, script: Script) -> None:
    circle = connection(line("1"), cursor="l1")
    script.steps = [answer({"order": order("1", lineItems=circle)}), answer({"order": {"lineItems": circle}})]
    with pytest.raises(MalformedAnswerError, match="came back"):
        client.get_order("1")


def test_old_orders_without_the_scope_are_not_left_out_silently(client: ShopifyClient, script: Script) -> None:
    script.steps = [shop("read_orders")]
    with pytest.raises(CredentialError, match=r"LINKSTAR_SHOPIFY_SF1_ACCESS_TOKEN the scope `read_all_orders`"):
        read(client, Stream.ORDERS, Window(utc(2026, 3, 1)))


def test_throttled_in_http_200_is_asked_again(client: ShopifyClient, script: Script) -> None:
    script.steps = [reply({"errors": [fault("THROTTLED", "Throttled")]}), shop()]
    assert client.check_access().server_time == utc(2026, 5, 12)
    assert len(script.pauses) == 1


def test_a_shop_that_stays_throttled_is_named(client: ShopifyClient, script: Script) -> None:
    script.steps = [reply({"errors": [fault("THROTTLED", "Throttled")]})] * 4
    with pytest.raises(ThrottledError, match="sf1"):
        client.check_access()


def test_the_rate_is_learnt_from_the_stated_points(client: ShopifyClient, script: Script) -> None:
    status = {"maximumAvailable": 20000.0, "currentlyAvailable": 19990, "restoreRate": 1000.0}
    said = {"shop": {"currencyCode": "USD"}, "currentAppInstallation": {"accessScopes": []}}
    script.steps = [shop(), answer(said, cost={"throttleStatus": status})]
    assert client.check_access().granted_rate == pytest.approx(100 / 250)
    assert client.check_access().granted_rate == pytest.approx(1000 / 250)


@pytest.mark.parametrize("data", [None, {"order": None}])
def test_an_error_beside_or_without_data_is_a_failure(client: ShopifyClient, script: Script, data: Any) -> None:
    script.steps = [answer(data, fault("MAX_COST_EXCEEDED", "Query cost is 1200"))]
    with pytest.raises(RequestRejectedError, match="MAX_COST_EXCEEDED: Query cost is 1200"):
        client.get_order("1")


def test_the_platforms_own_fault_is_asked_again_and_named(client: ShopifyClient, script: Script) -> None:
    script.steps = [answer(None, fault("INTERNAL_SERVER_ERROR"))] * 4
    with pytest.raises(PlatformError, match="INTERNAL_SERVER_ERROR"):
        client.get_order("1")


def test_a_search_term_that_was_left_out_is_a_failure(client: ShopifyClient, script: Script) -> None:
    odd = answer({"ordersCount": {"count": 9, "precision": "EXACT"}}, search=[{"warnings": [{"field": "x"}]}])
    script.steps = [shop(), odd]
    with pytest.raises(RequestRejectedError, match="SEARCH_WARNING"):
        read(client, Stream.ORDERS)


def test_an_answer_without_what_was_asked_for_is_malformed(client: ShopifyClient, script: Script) -> None:
    script.steps = [reply({"data": {}})] * 4
    with pytest.raises(MalformedAnswerError, match=r"lacks 'data\.order'"):
        client.get_order("1")


def test_a_page_without_records_is_malformed(client: ShopifyClient, script: Script) -> None:
    script.steps = [shop(), count(0), answer({"orders": {"nodes": None, "pageInfo": {}}})]
    with pytest.raises(MalformedAnswerError, match="lacks its records"):
        read(client, Stream.ORDERS)


def test_cursors_in_a_circle_end(client: ShopifyClient, script: Script) -> None:
    script.steps = [shop(), count(1), *[page("orders", order("1"), cursor="c")] * 27]
    with pytest.raises(MalformedAnswerError, match="again and again"):
        read(client, Stream.ORDERS)


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (reply({"errors": "[API] Invalid API key or access token"}, 401), "LINKSTAR_SHOPIFY_SF1_ACCESS_TOKEN"),
        (reply({"errors": "Not Found"}, 404), "LINKSTAR_SHOPIFY_SF1_SHOP"),
        (answer(None, fault("ACCESS_DENIED", "Required access: read_orders")), "lacks a scope"),
    ],
)
def test_a_refused_app_names_what_to_check_and_no_secret(
    client: ShopifyClient, script: Script, refusal: httpx.Response, words: str
) -> None:
    script.steps = [refusal]
    with pytest.raises(CredentialError, match=words) as raised:
        client.get_order("1")
    assert SECRETS[0] not in str(raised.value)


def test_variants_carry_the_shops_currency(client: ShopifyClient, script: Script) -> None:
    script.steps = [shop(), count(1, of="productVariantsCount"), page("productVariants", variant(), None)]
    (found,) = read(client, Stream.LISTINGS, None)
    assert (found.records[0]["currencyCode"], found.records[1], found.total) == ("USD", None, 1)


def test_stock_levels_beyond_the_first_page_are_added(client: ShopifyClient, script: Script) -> None:
    item = {"id": "gid://shopify/InventoryItem/541", "inventoryLevels": connection(level("1"), cursor="v1")}
    script.steps = [
        count(1, of="productVariantsCount"),
        page("productVariants", variant(inventoryItem=item)),
        answer({"inventoryItem": {"inventoryLevels": connection(level("2"))}}),
    ]
    (found,) = read(client, Stream.INVENTORY, None)
    assert found.records[0]["inventoryItem"]["inventoryLevels"] == {"nodes": [level("1"), level("2")]}


def test_streams_that_shopify_does_not_have_and_orders_without_a_window_are_refused(client: ShopifyClient) -> None:
    for stream, window in ((Stream.RETURNS, Window(utc(2026, 5, 1))), (Stream.ORDERS, None)):
        with pytest.raises(ValueError, match="cannot be read"):
            client.read(stream, window, 0)


def stocked(available: int) -> httpx.Response:
    present = level(available=available)
    return answer(
        {"productVariant": {"inventoryItem": {"id": "gid://shopify/InventoryItem/541", "inventoryLevel": present}}}
    )


def test_a_quantity_is_set_from_the_one_that_was_read(client: ShopifyClient, script: Script) -> None:
    script.steps = [stocked(3), answer({"inventorySetQuantities": {"userErrors": []}})]
    (receipt,) = client.push_stock([CHANGE])
    assert (receipt.subject, receipt.accepted) == ("41", True)
    sent = variables(script)[1]
    assert sent["key"]
    assert sent["input"]["quantities"] == [{
        "inventoryItemId": "gid://shopify/InventoryItem/541", "locationId": f"gid://shopify/Location/{LOCATION}",
        "quantity": 7, "changeFromQuantity": 3,
    }]  # fmt: skip


def test_a_repeated_change_has_the_key_of_the_first_and_a_new_one_its_own(
    client: ShopifyClient, script: Script
) -> None:
    done = answer({"inventorySetQuantities": {"userErrors": []}})
    script.steps = [stocked(3), reply({}, 503), done, stocked(7), done]
    assert all(receipt.accepted for receipt in client.push_stock([CHANGE, CHANGE]))
    keys = [sent["key"] for sent in variables(script) if "key" in sent]
    assert keys[0] == keys[1] != keys[2]


def test_a_quantity_that_changed_in_between_is_refused_in_shopifys_words(client: ShopifyClient, script: Script) -> None:
    stale = {"code": "STALE", "field": ["input"], "message": "no longer matches"}
    script.steps = [stocked(3), answer({"inventorySetQuantities": {"userErrors": [stale]}})]
    (receipt,) = client.push_stock([CHANGE])
    assert (receipt.accepted, receipt.reason) == (False, "STALE: no longer matches")


def test_a_call_that_is_refused_or_a_level_without_a_figure_is_a_refusal_and_others_go_on(
    client: ShopifyClient, script: Script
) -> None:
    empty = {"id": "gid://shopify/InventoryItem/541", "inventoryLevel": level()}
    done = answer({"inventorySetQuantities": {"userErrors": []}})
    script.steps = [
        answer(None, fault("BAD_REQUEST", "bad")),
        answer({"productVariant": {"inventoryItem": empty}}),
        stocked(0),
        done,
    ]
    refused, unstocked, taken = client.push_stock([CHANGE] * 3)
    assert (refused.accepted, unstocked.accepted, taken.accepted) == (False, False, True)
    assert "BAD_REQUEST: bad" in refused.reason
    assert "not stocked" in unstocked.reason


def shippable(*fulfillments: Any, status: str = "OPEN", remaining: int = 2) -> httpx.Response:
    entry = {"id": "gid://shopify/FulfillmentOrderLineItem/31", "remainingQuantity": remaining,
             "lineItem": {"id": "gid://shopify/LineItem/11"}}  # fmt: skip
    waiting = {"id": "gid://shopify/FulfillmentOrder/21", "status": status, "lineItems": connection(entry)}
    return answer({"order": {"fulfillments": list(fulfillments), "fulfillmentOrders": connection(waiting)}})


def told(number: str = "T1", status: str = "SUCCESS") -> dict[str, Any]:
    return {"id": "gid://shopify/Fulfillment/61", "status": status, "trackingInfo": [{"number": number}]}


def created(*errors: Any) -> httpx.Response:
    made = None if errors else {"id": "gid://shopify/Fulfillment/61", "status": "SUCCESS"}
    return answer({"fulfillmentCreate": {"fulfillment": made, "userErrors": list(errors)}})


def test_a_parcel_is_told_on_its_fulfilment_order(client: ShopifyClient, script: Script) -> None:
    script.steps = [shippable(told("another"), told("T1", "CANCELLED")), created()]
    receipt = client.confirm_shipment(PARCEL)
    assert (receipt.accepted, receipt.remote_id) == (True, "61")
    sent = variables(script)[1]["fulfillment"]
    assert sent["trackingInfo"] == {"number": "T1", "company": "DHL"}
    assert sent["lineItemsByFulfillmentOrder"] == [{
        "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/21",
        "fulfillmentOrderLineItems": [{"id": "gid://shopify/FulfillmentOrderLineItem/31", "quantity": 2}],
    }]  # fmt: skip


def test_a_parcel_that_shopify_knows_is_not_told_again(client: ShopifyClient, script: Script) -> None:
    script.steps = [shippable(told())]
    assert client.confirm_shipment(PARCEL).accepted
    assert len(script.requests) == 1


def test_an_unanswered_confirmation_is_looked_up_and_never_repeated_blindly(
    client: ShopifyClient, script: Script
) -> None:
    script.steps = [shippable(), httpx.ReadTimeout("silence"), shippable(told())]
    assert client.confirm_shipment(PARCEL).remote_id == "61"
    assert len(script.requests) == 3


def test_an_unanswered_confirmation_that_was_not_taken_is_the_callers_to_repeat(
    client: ShopifyClient, script: Script
) -> None:
    script.steps = [shippable(), reply({}, 503), shippable()]
    with pytest.raises(PlatformError):
        client.confirm_shipment(PARCEL)


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([answer({"order": None})], "Shopify knows no order 5001"),
        ([shippable(status="ON_HOLD")], "no open units left of line 11"),
        ([shippable(remaining=1)], "no open units left of line 11"),
        ([shippable(), created({"field": ["x"], "message": "is not open"})], "is not open"),
        ([shippable(), answer(None, fault("BAD_REQUEST", "bad"))], "BAD_REQUEST: bad"),
    ],
)
def test_what_shopify_does_not_take_is_a_refusal(
    client: ShopifyClient, script: Script, steps: list[httpx.Response], reason: str
) -> None:
    script.steps = list(steps)
    receipt = client.confirm_shipment(PARCEL)
    assert not receipt.accepted
    assert reason in receipt.reason


def test_without_an_endpoint_the_shop_itself_is_asked(make_core: MakeCore, script: Script) -> None:
    script.steps = [shop()]
    ShopifyClient(shopify_store(url=""), make_core()).check_access()
    assert script.requests[0].url.host == "linkstar-us.myshopify.com"
