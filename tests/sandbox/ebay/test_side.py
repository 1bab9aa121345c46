"""eBay's side alone: OAuth, filters, pages, refusals, stock, shipments, money, returns."""

import base64
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.ebay.conftest import SMALL
from tests.sandbox.ebay.support import (
    ALL_TIME,
    ITEMS,
    KEYS,
    OFFERS,
    ORDERS,
    PUSH,
    RETURNS,
    TRANSACTIONS,
    EbayWire,
    error_of,
)
from tests.support import running_sandbox, world_orders


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"refresh_token": "other"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 400, "invalid_scope"),
        ({"secret": "wrong"}, 401, "invalid_client"),
    ],
)
def test_bad_logins_are_refused(form: dict[str, str], status: int, error: str, us: EbayWire) -> None:
    answer = us.login(**form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_refresh_gives_no_new_refresh_token(us: EbayWire) -> None:
    body = us.login().json()
    assert "refresh_token" not in body
    assert body["expires_in"] == 3600


@pytest.mark.parametrize("header", ["", "Bearer forged", "IAF"])
def test_calls_without_a_valid_token_are_refused(header: str, us: EbayWire) -> None:
    header = f"IAF {us.token()}" if header == "IAF" else header
    assert error_of(us.http.get(us.url + ORDERS, headers={"authorization": header})) == (401, 1001)


def test_the_applications_token_opens_public_keys_and_nothing_of_a_seller(us: EbayWire) -> None:
    token = us.token(grant_type="client_credentials", scope="https://api.ebay.com/oauth/api_scope")
    headers = {"authorization": f"Bearer {token}"}
    assert error_of(us.http.get(us.url + ORDERS, headers=headers)) == (403, 1100)
    assert error_of(us.http.get(f"{us.url}{KEYS}/unknown", headers=headers)) == (404, 195001)
    assert error_of(us.get(f"{KEYS}/unknown")) == (403, 1100)


def test_a_token_ends(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *SMALL, "--token-ttl", "0.3") as url:
        wire = EbayWire(url)
        assert wire.get(ORDERS).status_code == 200
        time.sleep(0.4)
        assert error_of(wire.get(ORDERS)) == (401, 1001)


@pytest.mark.parametrize(
    ("params", "error_id"),
    [
        ({"limit": "201"}, 31100),
        ({"offset": "-1"}, 31000),
        ({"fieldGroups": "ALL"}, 32800),
        ({"filter": "colour:{RED}"}, 30700),
        ({"filter": "lastmodifieddate"}, 30800),
        ({"filter": "lastmodifieddate:[yesterday..]"}, 30810),
        ({"filter": "lastmodifieddate:[..2026-05-01T00:00:00.000Z]"}, 30820),
        ({"filter": "lastmodifieddate:[2023-05-01T00:00:00.000Z..2026-05-01T00:00:00.000Z]"}, 30830),
        ({"filter": "lastmodifieddate:[2026-05-02T00:00:00.000Z..2026-05-01T00:00:00.000Z]"}, 30840),
        ({"filter": "lastmodifieddate:[2026-05-01T00:00:00.000Z..2026-06-01T00:00:00.000Z]"}, 30850),
        ({"filter": "orderfulfillmentstatus:{FULFILLED}"}, 30800),
        ({"orderIds": ",".join(map(str, range(51)))}, 30900),
    ],
)
def test_bad_order_searches_are_refused_with_ebays_error(params: dict[str, str], error_id: int, us: EbayWire) -> None:
    assert error_of(us.get(ORDERS, **params)) == (400, error_id)


def test_orders_are_paged_by_absolute_next_addresses_with_a_total_of_the_whole(us: EbayWire) -> None:
    first = us.get(ORDERS, filter=ALL_TIME, limit=40).json()
    world = world_orders(us.url.removesuffix("/ebay"), "EBUS")
    assert first["total"] == len(world) > 40
    assert first["next"].startswith(us.url)
    assert "prev" not in first
    found = us.pages(ORDERS, "orders", filter=ALL_TIME, limit=40)
    assert [order["orderId"] for order in found] == [
        order["orderId"] for order in sorted(world, key=lambda order: order["createdTime"])
    ]
    assert us.get(ORDERS, filter=ALL_TIME, offset=9999).json()["orders"] == []


def test_of_two_dates_only_the_creation_counts_and_statuses_filter(us: EbayWire) -> None:
    both = "creationdate:[2026-04-01T00:00:00.000Z..2026-04-10T00:00:00.000Z]"
    found = us.pages(ORDERS, "orders", filter=f"{both},lastmodifieddate:[2026-05-20T00:00:00.000Z..]")
    assert found
    assert all("2026-04-01" <= order["creationDate"] <= "2026-04-10T00:00:00.000Z" for order in found)
    shipped = us.pages(ORDERS, "orders", filter=f"{ALL_TIME},orderfulfillmentstatus:{{FULFILLED|IN_PROGRESS}}")
    assert {order["orderFulfillmentStatus"] for order in shipped} <= {"FULFILLED", "IN_PROGRESS"}
    named = us.get(ORDERS, orderIds=f"{found[0]['orderId']},unknown", filter="nonsense").json()
    assert [order["orderId"] for order in named["orders"]] == [found[0]["orderId"]]


def test_cancel_requests_are_told_by_get_order_alone(us: EbayWire) -> None:
    listed = us.pages(ORDERS, "orders", filter=ALL_TIME, limit=200)
    cancelled = next(order for order in listed if order["cancelStatus"]["cancelState"] == "CANCELED")
    assert cancelled["cancelStatus"]["cancelRequests"] == []
    assert us.get(f"{ORDERS}/{cancelled['orderId']}").json()["cancelStatus"]["cancelRequests"]


def test_unpaid_orders_have_no_address_and_importing_lines_name_their_ioss_number(eu: EbayWire) -> None:
    listed = eu.pages(ORDERS, "orders", filter=ALL_TIME, limit=200)
    for order in listed:
        assert bool(order["fulfillmentStartInstructions"]) is (order["orderPaymentStatus"] != "PENDING")
    references = [
        tax["ebayReference"]
        for order in listed
        for line in order["lineItems"]
        for tax in line.get("ebayCollectAndRemitTaxes", [])
    ]
    assert references
    assert {(reference["name"], reference["value"]) for reference in references} == {("IOSS", "IM2760000742")}


def test_malformed_orders_are_spoiled_in_three_ways(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *SMALL, "--fault", "malformed_order=0.5") as url:
        found = EbayWire(url).pages(ORDERS, "orders", filter=ALL_TIME, limit=200)
    assert any("orderId" not in order for order in found)
    assert any(order["lineItems"] is None for order in found)
    assert any(order["lineItems"] and order["lineItems"][0]["lineItemCost"]["value"] == "n/a" for order in found)


def test_items_are_paged_by_page_number(us: EbayWire) -> None:
    pages = [us.get(ITEMS, limit=10, offset=number).json() for number in range(4)]
    skus = [item["sku"] for page in pages for item in page["inventoryItems"]]
    assert len(skus) == len(set(skus)) == pages[0]["total"]
    assert pages[0]["next"].endswith("limit=10&offset=1")
    assert error_of(us.get(ITEMS, limit=201)) == (400, 25706)


def test_offers_belong_to_an_sku_and_there_is_one_per_site(eu: EbayWire) -> None:
    sku = eu.get(ITEMS).json()["inventoryItems"][0]["sku"]
    assert [offer["marketplaceId"] for offer in eu.get(OFFERS, sku=sku).json()["offers"]] == ["EBAY_GB", "EBAY_DE"]
    assert error_of(eu.get(OFFERS, sku="unknown")) == (404, 25713)
    assert error_of(eu.get(OFFERS)) == (400, 25709)


def test_a_pushed_quantity_is_shown_by_that_offer_and_bad_rows_make_a_207(eu: EbayWire) -> None:
    sku = eu.get(ITEMS).json()["inventoryItems"][0]["sku"]
    offer = eu.get(OFFERS, sku=sku).json()["offers"][0]["offerId"]

    def push(*offers: dict[str, Any]) -> httpx.Response:
        return eu.send("POST", PUSH, json={"requests": [{"offers": [entry]} for entry in offers]})

    good = {"offerId": offer, "availableQuantity": 77}
    assert push(good).status_code == 200
    mixed = push(good, {"offerId": "none", "availableQuantity": 1}, {"offerId": offer, "availableQuantity": -1})
    assert mixed.status_code == 207
    assert [row["statusCode"] for row in mixed.json()["responses"]] == [200, 404, 400]
    quantities = [entry["availableQuantity"] for entry in eu.get(OFFERS, sku=sku).json()["offers"]]
    assert quantities[0] == 77 != quantities[1]
    assert error_of(push(*[good] * 26)) == (400, 25709)


def test_a_shipment_told_twice_is_two_shipments(us: EbayWire) -> None:
    order = us.get(ORDERS, filter=ALL_TIME).json()["orders"][0]
    path = f"{ORDERS}/{order['orderId']}/shipping_fulfillment"
    before = us.get(path).json()["total"]
    body = {
        "lineItems": [{"lineItemId": order["lineItems"][0]["lineItemId"], "quantity": 1}],
        "shippedDate": "2026-05-20T00:00:00.000Z", "shippingCarrierCode": "USPS", "trackingNumber": "ABC123",
    }  # fmt: skip
    answers = [us.send("POST", path, json=body) for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(201, b"")] * 2
    assert answers[0].headers["location"] == f"{us.url}{path}/ABC123"
    assert us.get(path).json()["total"] == before + 2


@pytest.mark.parametrize(
    ("changes", "error_id"),
    [
        ({"trackingNumber": "A B-1"}, 32300),
        ({"shippingCarrierCode": None}, 32300),
        ({"shippedDate": "today"}, 32500),
        ({"lineItems": [{"lineItemId": "x"}]}, 32200),
        ({"lineItems": []}, 32600),
    ],
)
def test_bad_shipments_are_refused(changes: dict[str, Any], error_id: int, us: EbayWire) -> None:
    order = us.get(ORDERS, filter=ALL_TIME).json()["orders"][0]
    lines = [{"lineItemId": order["lineItems"][0]["lineItemId"], "quantity": 1}]
    body = {"lineItems": lines, "shippingCarrierCode": "USPS", "trackingNumber": "A1", **changes}
    path = f"{ORDERS}/{order['orderId']}/shipping_fulfillment"
    assert error_of(us.send("POST", path, json=body)) == (400, error_id)
    assert error_of(us.get(f"{ORDERS}/none/shipping_fulfillment")) == (400, 32100)


def test_transactions_are_of_the_site_that_the_header_names_and_nothing_is_204(us: EbayWire) -> None:
    found = us.get(TRANSACTIONS, limit=1000).json()
    assert found["total"] == len(found["transactions"]) > 50
    dates = [transaction["transactionDate"] for transaction in found["transactions"]]
    assert dates == sorted(dates, reverse=True)
    assert all(float(transaction["amount"]["value"]) >= 0 for transaction in found["transactions"])
    empty = us.get(TRANSACTIONS, filter="transactionDate:[2020-01-01T00:00:00.000Z..2020-01-02T00:00:00.000Z]")
    assert (empty.status_code, empty.content) == (204, b"")
    other = us.send("GET", TRANSACTIONS, headers={"x-ebay-c-marketplace-id": "EBAY_GB"})
    assert other.status_code == 204


def test_a_transaction_id_is_looked_up_with_its_type_only(us: EbayWire) -> None:
    found = us.get(TRANSACTIONS, filter="transactionType:{REFUND}").json()["transactions"][0]
    assert us.get(TRANSACTIONS, filter=f"transactionId:{{{found['transactionId']}}}").status_code == 400
    by_type = us.get(TRANSACTIONS, filter=f"transactionId:{{{found['transactionId']}}},transactionType:{{REFUND}}")
    assert by_type.json()["total"] == 1


def test_european_sellers_sign_their_finances(eu: EbayWire) -> None:
    site = {"x-ebay-c-marketplace-id": "EBAY_DE"}

    def ask(**changes: str) -> httpx.Response:
        return eu.send("GET", TRANSACTIONS, headers=site | eu.signed(TRANSACTIONS, **changes))

    assert error_of(eu.send("GET", TRANSACTIONS, headers=site)) == (403, 215122)
    assert ask().status_code == 200
    for changes in ({"path": "/other"}, {"authority": "other"}, {"method": "POST"}, {"created": "1658440308"}):
        assert error_of(ask(**changes)) == (403, 215122), changes


def test_returns_are_searched_by_creation_and_told_in_detail_by_id(us: EbayWire) -> None:
    body = us.get(f"{RETURNS}/search", creation_date_range_from="2026-03-01T00:00:00.000Z").json()
    assert body["paginationOutput"]["totalEntries"] == len(body["members"]) > 0
    second = us.get(f"{RETURNS}/search", creation_date_range_from="2026-03-01T00:00:00.000Z", limit=1, offset=2).json()[
        "members"
    ]
    assert second == body["members"][1:2]
    member = body["members"][0]
    detail = us.get(f"{RETURNS}/{member['returnId']}").json()
    assert detail["summary"] == member
    assert detail["detail"]["responseHistory"][-1]["toState"] == member["status"]
    assert us.get(f"{RETURNS}/none").status_code == 404


def test_an_address_that_is_no_operation_is_refused_in_ebays_envelope(us: EbayWire) -> None:
    assert error_of(us.get("/sell/marketing/v1/ad")) == (404, 2002)


def test_basic_authorization_must_be_readable(us: EbayWire) -> None:
    broken = base64.b64encode(b"\xff\xfe").decode()
    answer = us.http.post(f"{us.url}/identity/v1/oauth2/token", headers={"authorization": f"Basic {broken}"})
    assert answer.status_code == 401
