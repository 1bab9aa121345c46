"""Every answer of every operation fits the official model: the good ones, the refusals, and the struck ones."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.sandbox.support import (
    ALL_DATA,
    DOCUMENTS,
    INVENTORY,
    LISTING_DATA,
    MARKETS,
    OPENS,
    ORDERS,
    REPORTS,
    SETTLEMENT_REPORT,
    TRANSACTIONS,
    Json,
    Wire,
    assert_fits_model,
    item_path,
    listings_path,
    operation_of,
    stock_of,
)

US, DE = "ATVPDKIKX0DER", "A1PA6795UKMFR9"


def push(op: str, code: str, quantity: object) -> Json:
    """Body of a PATCH that sets a quantity."""
    value = [{"fulfillment_channel_code": code, "quantity": quantity}]
    return {
        "productType": "HOME",
        "patches": [{"op": op, "path": "/attributes/fulfillment_availability", "value": value}],
    }


def any_order(wire: Wire) -> str:
    return str(wire.get(ORDERS, lastUpdatedAfter=OPENS).json()["orders"][0]["orderId"])


def any_sku(wire: Wire) -> str:
    return str(wire.get(listings_path("eu"), marketplaceIds=DE).json()["items"][0]["sku"])


def any_report(wire: Wire) -> Json:
    report: Json = wire.get(REPORTS, reportTypes=SETTLEMENT_REPORT).json()["reports"][0]
    return report


GOOD: dict[str, Callable[[Wire], httpx.Response]] = {
    "getOrder": lambda w: w.get(f"{ORDERS}/{any_order(w)}", includedData=ALL_DATA),
    "getListingsItem": lambda w: w.get(item_path("eu", any_sku(w)), marketplaceIds=DE, includedData=LISTING_DATA),
    "patchListingsItem": lambda w: w.send(
        "PATCH",
        item_path("eu", any_sku(w)),
        {"marketplaceIds": DE, "mode": "VALIDATION_PREVIEW"},
        json=push("replace", "DEFAULT", 3),
    ),
    "patchListingsItem, refused": lambda w: w.send(
        "PATCH", item_path("eu", any_sku(w)), {"marketplaceIds": DE}, json=push("replace", "DEFAULT", -1)
    ),
    "getReports": lambda w: w.get(REPORTS, reportTypes=SETTLEMENT_REPORT, pageSize="2"),
    "getReport": lambda w: w.get(f"{REPORTS}/{any_report(w)['reportId']}"),
    "getReportDocument": lambda w: w.get(f"{DOCUMENTS}/{any_report(w)['reportDocumentId']}"),
}
WRONG: dict[str, tuple[int, str, Callable[[Wire], httpx.Response]]] = {
    "orders, no bound": (400, "InvalidInput", lambda w: w.get(ORDERS)),
    "orders, foreign": (403, "Unauthorized", lambda w: w.get(ORDERS, lastUpdatedAfter=OPENS, marketplaceIds=US)),
    "order, unknown": (404, "NotFound", lambda w: w.get(f"{ORDERS}/000-0000000-0000000")),
    "order, wrong data": (400, "InvalidInput", lambda w: w.get(f"{ORDERS}/{any_order(w)}", includedData="ALL")),
    "listings, no marketplace": (400, "InvalidInput", lambda w: w.get(listings_path("eu"))),
    "listings, foreign": (403, "Unauthorized", lambda w: w.get(listings_path("na"), marketplaceIds=US)),
    "listing, unknown": (404, "NotFound", lambda w: w.get(item_path("eu", "no such"), marketplaceIds=DE)),
    "patch, no body": (
        400,
        "InvalidInput",
        lambda w: w.send("PATCH", item_path("eu", any_sku(w)), {"marketplaceIds": DE}, json={}),
    ),
    "inventory, no marketplace": (400, "InvalidInput", lambda w: w.get(INVENTORY, granularityType="Marketplace")),
    "inventory, foreign": (403, "Unauthorized", lambda w: w.get(INVENTORY, **stock_of(US))),
    "finances, no bound": (400, "InvalidInput", lambda w: w.get(TRANSACTIONS)),
    "reports, no type": (400, "InvalidInput", lambda w: w.get(REPORTS)),
    "report, unknown": (404, "NotFound", lambda w: w.get(f"{REPORTS}/1")),
    "report, requested": (
        400,
        "InvalidInput",
        lambda w: w.send("POST", REPORTS, json={"reportType": SETTLEMENT_REPORT, "marketplaceIds": [DE]}),
    ),
    "document, unknown": (404, "NotFound", lambda w: w.get(f"{DOCUMENTS}/1")),
}
PATHS = {
    "searchOrders": ("GET", ORDERS),
    "getOrder": ("GET", f"{ORDERS}/1"),
    "searchListingsItems": ("GET", listings_path("eu")),
    "getListingsItem": ("GET", item_path("eu", "1")),
    "patchListingsItem": ("PATCH", item_path("eu", "1")),
    "getInventorySummaries": ("GET", INVENTORY),
    "listTransactions": ("GET", TRANSACTIONS),
    "getReports": ("GET", REPORTS),
    "createReport": ("POST", REPORTS),
    "getReport": ("GET", f"{REPORTS}/1"),
    "getReportDocument": ("GET", f"{DOCUMENTS}/1"),
}


def check_pages(wire: Wire, path: str, **params: str) -> int:
    """Check every page of a search; returns how many there were."""
    pages = list(wire.pages(path, **params))
    for page in pages:
        request = httpx.Request("GET", f"{wire.url}{path}")
        assert_fits_model(httpx.Response(200, json=page, request=request))
    return len(pages)


def test_every_order_of_every_account_fits_the_model(each_account: Wire) -> None:
    assert check_pages(each_account, ORDERS, lastUpdatedAfter=OPENS, includedData=ALL_DATA) > 0
    assert check_pages(each_account, ORDERS, createdAfter=OPENS, maxResultsPerPage="90") > 0


def test_every_listing_of_every_account_fits_the_model(each_account: Wire) -> None:
    markets = ",".join(MARKETS[each_account.code])
    path = listings_path(each_account.code)
    assert check_pages(each_account, path, marketplaceIds=markets, includedData=LISTING_DATA) > 1


def test_every_stock_summary_of_every_marketplace_fits_the_model(each_account: Wire) -> None:
    for market in MARKETS[each_account.code]:
        assert check_pages(each_account, INVENTORY, **stock_of(market), details="true") > 0


def test_every_transaction_of_every_account_fits_the_model(each_account: Wire) -> None:
    assert check_pages(each_account, TRANSACTIONS, postedAfter=OPENS) > 1


@pytest.mark.parametrize("name", GOOD)
def test_a_good_answer_fits_the_model(name: str, eu: Wire) -> None:
    answer = GOOD[name](eu)
    assert answer.status_code == 200, answer.text
    assert_fits_model(answer)


@pytest.mark.parametrize("name", WRONG)
def test_a_refusal_fits_the_model_and_carries_amazons_code(name: str, eu: Wire) -> None:
    status, code, call = WRONG[name]
    answer = call(eu)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
    assert_fits_model(answer)


@pytest.mark.parametrize(("fault", "status"), [("quota_429", 429), ("error_500", 500), ("error_503", 503)])
@pytest.mark.parametrize("name", PATHS)
def test_a_struck_answer_fits_the_model(name: str, fault: str, status: int, own_url: str) -> None:
    wire = Wire(own_url, "eu")
    wire.faults()
    wire.token()
    wire.faults(**{fault: 1.0})
    method, path = PATHS[name]
    answer = wire.send(method, path)
    assert answer.status_code == status
    assert_fits_model(answer)


@pytest.mark.parametrize("name", PATHS)
def test_without_a_token_every_operation_refuses_in_the_form_of_the_model(name: str, small_url: str) -> None:
    method, path = PATHS[name]
    answer = httpx.request(method, f"{small_url}{path}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "Unauthorized")
    assert_fits_model(answer)


@pytest.mark.parametrize("name", PATHS)
def test_the_operations_served_are_those_of_the_model(name: str, small_url: str) -> None:
    method, path = PATHS[name]
    assert operation_of(method, f"{small_url}{path}")["operationId"] == name


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/no/such/path", 404), ("DELETE", ORDERS, 405)])
def test_what_is_no_operation_is_refused_in_amazons_envelope(
    method: str, path: str, status: int, small_url: str
) -> None:
    answer = httpx.request(method, f"{small_url}{path}")
    assert answer.status_code == status
    [error] = answer.json()["errors"]
    assert set(error) == {"code", "message", "details"}


def test_every_answer_names_its_request(eu: Wire) -> None:
    answers = [eu.get(ORDERS), eu.get("/no/such/path"), eu.get(INVENTORY, **stock_of(DE))]
    ids = {answer.headers["x-amzn-RequestId"] for answer in answers}
    assert len(ids) == len(answers)


def test_the_check_itself_refuses_what_the_model_does_not_know() -> None:
    request = httpx.Request("GET", f"https://amazon.test{ORDERS}/1")
    order: dict[str, Any] = {
        "orderId": "1",
        "createdTime": "2026-05-01T00:00:00Z",
        "lastUpdatedTime": "2026-05-01T00:00:00Z",
        "salesChannel": {"channelName": "AMAZON"},
        "orderItems": [],
    }
    assert_fits_model(httpx.Response(200, json={"order": order}, request=request))
    for wrong in ({**order, "orderID": "1"}, {**order, "createdTime": "yesterday"}, {**order, "orderItems": None}):
        with pytest.raises(Exception, match=r"orderID|yesterday|None"):
            assert_fits_model(httpx.Response(200, content=json.dumps({"order": wrong}), request=request))
