"""eBay's calls: tokens, windows, pages, refusals, and every trap of the platform."""

import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.ebay import operations as op
from linkstar_pipelines.connectors.ebay.client import EbayClient
from linkstar_pipelines.connectors.errors import (
    ConnectorError,
    CredentialError,
    MalformedAnswerError,
    PlatformError,
    UnreachableError,
)
from linkstar_pipelines.connectors.fields import iso_milliseconds
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Page, Parcel, Receipt, StockChange, Window
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.ebay.support import SECRETS, TEST_JWE, TEST_KEY, EbayScript, ebay_store, refusal
from tests.connectors.support import reply, utc

DAY = Window(utc(2026, 5, 1), utc(2026, 5, 2))
CLOCK = "Sun, 03 May 2026 00:00:00 GMT"
NEXT = "https://api.ebay.com/sell/fulfillment/v1/order?"


def orders(*ids: str, total: int = 3, following: str | None = None) -> httpx.Response:
    body = {"orders": [{"orderId": i} for i in ids], "total": total, **({"next": following} if following else {})}
    return reply(body, Date=CLOCK)


def read(client: EbayClient, stream: Stream, window: Window | None = DAY, reading: int = 0) -> list[Page]:
    return list(client.read(stream, window, reading))


def parcel(**changes: Any) -> Parcel:
    fields: dict[str, Any] = {
        "order_id": "01-1", "marketplace_id": "EBAY_US", "reference": "p1", "carrier": "USPS",
        "tracking_number": "9405 5096-99", "shipped_at": utc(2026, 5, 1), "lines": {"7": 2},
    }  # fmt: skip
    return Parcel(**(fields | changes))


def shipment(**changes: Any) -> dict[str, Any]:
    return {
        "fulfillmentId": "9405509699", "shipmentTrackingNumber": "9405509699",
        "shippedDate": "2026-05-01T00:00:00.000Z", "lineItems": [{"lineItemId": "7", "quantity": 2}], **changes,
    }  # fmt: skip


def shipments(*entries: dict[str, Any]) -> httpx.Response:
    return reply({"fulfillments": list(entries), "total": len(entries)})


CREATED = httpx.Response(201, headers={"Location": "https://api.ebay.com/o/01-1/shipping_fulfillment/9405509699"})


def test_the_token_is_asked_for_with_the_keyset_and_serves_many_calls(
    ebay_client: EbayClient, ebay: EbayScript
) -> None:
    ebay.steps = [orders("1"), orders("2")]
    for _ in range(2):
        read(ebay_client, Stream.ORDERS)
    (asked,) = ebay.token_requests
    keyset = base64.b64encode(f"the-client-id:{SECRETS[0]}".encode()).decode()
    assert asked.headers["authorization"] == f"Basic {keyset}"
    assert parse_qs(asked.content.decode()) == {"grant_type": ["refresh_token"], "refresh_token": [SECRETS[1]]}
    assert {request.headers["authorization"] for request in ebay.requests} == {f"Bearer {SECRETS[2]}"}


def test_a_refused_token_is_renewed_once_and_the_call_repeated(ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.token_steps = [reply({"access_token": name, "expires_in": 7200}) for name in ("stale", "fresh")]
    ebay.steps = [refusal(401, 1001), orders("1")]
    assert read(ebay_client, Stream.ORDERS)[0].records == [{"orderId": "1"}]
    assert [request.headers["authorization"] for request in ebay.requests] == ["Bearer stale", "Bearer fresh"]


@pytest.mark.parametrize(
    ("answer", "variable"),
    [
        ((400, "invalid_grant"), "LINKSTAR_EBAY_US_REFRESH_TOKEN"),
        ((401, "invalid_client"), "LINKSTAR_EBAY_US_CLIENT_SECRET"),
    ],
)
def test_refused_credentials_name_store_and_variable_but_never_a_value(
    answer: tuple[int, str], variable: str, ebay_client: EbayClient, ebay: EbayScript, postgres: Postgres
) -> None:
    status, code = answer
    ebay.token_steps = [reply({"error": code, "error_description": f"bad {SECRETS[0]} {SECRETS[1]}"}, status)]
    with pytest.raises(CredentialError, match=variable) as caught:
        ebay_client.get_order("1")
    ((log,),) = postgres.fetch("SELECT string_agg(c::text, ' ') FROM ops.api_call AS c")
    for secret in SECRETS:
        assert secret not in str(caught.value) + log


def test_a_missing_right_names_what_to_check(ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.steps = [refusal(403, 1100)]
    with pytest.raises(CredentialError, match="LINKSTAR_EBAY_US_REFRESH_TOKEN covers it"):
        ebay_client.get_order("1")


def test_orders_are_listed_by_change_with_both_bounds_fixed_and_pages_by_the_next_address(
    ebay_client: EbayClient, ebay: EbayScript
) -> None:
    bounds = "lastmodifieddate:[2026-05-01T00:00:00.000Z..2026-05-01T23:59:59.999Z]"
    query = httpx.QueryParams({"filter": bounds, "limit": "200", "offset": "200"})
    ebay.steps = [orders("1", "2", following=f"{NEXT}{query}"), orders("3")]
    pages = read(ebay_client, Stream.ORDERS)
    assert [(len(page.records), page.total) for page in pages] == [(2, 3), (1, 3)]
    first, second = ebay.queries
    assert first == {"filter": bounds, "fieldGroups": "TAX_BREAKDOWN", "limit": "200", "offset": "0"}
    assert second == {"filter": bounds, "limit": "200", "offset": "200"}
    assert b"%5B2026" in ebay.requests[0].url.query
    assert {request.url.host for request in ebay.requests} == {"ebay.test"}  # a token goes nowhere else


def test_an_open_window_ends_at_the_platforms_own_present(ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.steps = [orders(), orders("1")]
    (page,) = read(ebay_client, Stream.ORDERS, Window(utc(2026, 5, 1)))
    assert ebay.queries[1]["filter"].endswith("..2026-05-03T00:00:00.000Z]")
    assert page.upper_bound == utc(2026, 5, 3)


def test_a_window_in_the_platforms_future_asks_for_nothing(ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.steps = [orders()]
    assert read(ebay_client, Stream.ORDERS, Window(utc(2027, 1, 1))) == []


def test_other_readings_put_the_borders_elsewhere(ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.steps = [orders() for _ in range(3)]
    for reading in range(3):
        read(ebay_client, Stream.ORDERS, reading=reading)
    assert [query["limit"] for query in ebay.queries] == ["200", "173", "149"]


def test_a_circle_of_next_addresses_ends_with_an_error(ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.steps = [orders("1", following=f"{NEXT}offset=0") for _ in range(40)]
    with pytest.raises(MalformedAnswerError, match="no end"):
        read(ebay_client, Stream.ORDERS)


def test_long_windows_are_cut_without_gap_and_then_state_no_total(ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.steps = [orders("1") for _ in range(2)]
    pages = read(ebay_client, Stream.ORDERS, Window(utc(2025, 1, 1), utc(2026, 5, 1)))
    assert [page.total for page in pages] == [None, None]
    assert [query["filter"] for query in ebay.queries] == [
        "lastmodifieddate:[2025-01-01T00:00:00.000Z..2025-12-31T23:59:59.999Z]",
        "lastmodifieddate:[2026-01-01T00:00:00.000Z..2026-04-30T23:59:59.999Z]",
    ]


@pytest.mark.parametrize("answer", [refusal(404, 32100), refusal(400, 32100)])
def test_an_unknown_order_is_none(answer: httpx.Response, ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.steps = [answer]
    assert ebay_client.get_order("a/b") is None
    assert ebay.requests[0].url.raw_path.startswith(b"/sell/fulfillment/v1/order/a%2Fb?")


def test_another_refusal_of_an_order_is_an_error(ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.steps = [refusal(400, 32800, "Invalid field group")]
    with pytest.raises(ConnectorError, match="32800: Invalid field group"):
        ebay_client.get_order("1")


def test_items_are_listed_with_their_offers_and_the_page_number_as_offset(
    ebay_client: EbayClient, ebay: EbayScript
) -> None:
    items = [{"sku": "A"}, {"sku": "B"}, {"sku": "C"}]
    following = "https://api.ebay.com/sell/inventory/v1/inventory_item?limit=2&offset=1"
    ebay.steps = [
        reply({"inventoryItems": items[:2], "total": 3, "next": following}),
        reply({"offers": [{"offerId": "1"}], "next": "https://api.ebay.com/sell/inventory/v1/offer?sku=A&offset=1"}),
        reply({"offers": [{"offerId": "1"}, {"offerId": "2"}]}),
        refusal(404, 25713),
        reply({"inventoryItems": items[2:], "total": 3}),
        reply({"offers": []}),
    ]
    pages = read(ebay_client, Stream.LISTINGS, None)
    assert [page.total for page in pages] == [3, 3]
    assert pages[0].records == [
        {"inventoryItem": {"sku": "A"}, "offers": [{"offerId": "1"}, {"offerId": "2"}]},
        {"inventoryItem": {"sku": "B"}, "offers": []},
    ]
    assert [query.get("offset") for query in ebay.queries if "sku" not in query] == ["0", "1"]


def change(offer: str, quantity: int = 1) -> StockChange:
    return StockChange("EBAY_US", offer, f"SKU-{offer}", quantity)


def test_the_rows_of_a_207_become_receipts_in_the_order_of_the_changes(
    ebay_client: EbayClient, ebay: EbayScript
) -> None:
    rows = [
        {"statusCode": 400, "offerId": "2", "errors": [{"errorId": 25709, "message": "Invalid value"}]},
        {"statusCode": 200, "offerId": "1", "sku": "SKU-1", "errors": []},
    ]
    ebay.steps = [reply({"responses": rows}, 207)]
    assert ebay_client.push_stock([change("1", 5), change("2"), change("3")]) == [
        Receipt("1", accepted=True),
        Receipt("2", accepted=False, reason="25709: Invalid value"),
        Receipt("3", accepted=False, reason="eBay's answer does not mention the offer"),
    ]
    body = json.loads(ebay.requests[0].content)
    assert body["requests"][0] == {"offers": [{"offerId": "1", "availableQuantity": 5}]}
    assert ebay.requests[0].headers["content-language"] == "en-US"


def test_changes_go_by_twenty_five_and_a_call_refused_as_a_whole_is_made_one_by_one(
    ebay_client: EbayClient, ebay: EbayScript
) -> None:
    def taken(request: httpx.Request) -> httpx.Response:
        offers = [row["offers"][0]["offerId"] for row in json.loads(request.content)["requests"]]
        return reply({"responses": [{"statusCode": 200, "offerId": offer} for offer in offers]})

    ebay.steps = [taken, refusal(400, 25002, "one SKU a call"), taken, refusal(400, 25002, "no such offer")]
    receipts = ebay_client.push_stock([change(str(number)) for number in range(27)])
    assert [receipt.accepted for receipt in receipts] == [True] * 26 + [False]
    assert "no such offer" in receipts[-1].reason
    assert [len(json.loads(request.content)["requests"]) for request in ebay.requests] == [25, 2, 1, 1]


def test_a_parcel_is_told_once_after_asking_and_its_id_comes_from_the_location(
    ebay_client: EbayClient, ebay: EbayScript
) -> None:
    ebay.steps = [shipments(shipment(shipmentTrackingNumber="OTHER", fulfillmentId="OTHER")), CREATED]
    assert ebay_client.confirm_shipment(parcel()) == Receipt("p1", accepted=True, remote_id="9405509699")
    assert [request.method for request in ebay.requests] == ["GET", "POST"]
    assert json.loads(ebay.requests[1].content) == {
        "lineItems": [{"lineItemId": "7", "quantity": 2}],
        "shippedDate": "2026-05-01T00:00:00.000Z",
        "shippingCarrierCode": "USPS",
        "trackingNumber": "9405509699",
    }


@pytest.mark.parametrize("told", [parcel(), parcel(tracking_number="")])
def test_a_parcel_that_ebay_knows_is_not_told_again(told: Parcel, ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.steps = [shipments(shipment())]
    assert ebay_client.confirm_shipment(told).accepted
    assert len(ebay.requests) == 1


def test_a_parcel_without_tracking_leaves_out_carrier_and_number(ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.steps = [shipments(shipment(lineItems=[])), CREATED]
    ebay_client.confirm_shipment(parcel(tracking_number=" - "))
    assert json.loads(ebay.requests[1].content).keys() == {"lineItems", "shippedDate"}


def test_after_a_lost_answer_ebay_is_asked_instead_of_told_again(ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.steps = [shipments(), httpx.ReadTimeout("lost"), shipments(shipment())]
    assert ebay_client.confirm_shipment(parcel()).accepted
    assert [request.method for request in ebay.requests] == ["GET", "POST", "GET"]


@pytest.mark.parametrize(
    ("answer", "error"), [(httpx.ReadTimeout("lost"), UnreachableError), (refusal(500, 30500), PlatformError)]
)
def test_a_parcel_that_ebay_does_not_know_after_a_lost_answer_stays_open(
    answer: Any, error: type[ConnectorError], ebay_client: EbayClient, ebay: EbayScript
) -> None:
    ebay.steps = [shipments(), answer, shipments()]
    with pytest.raises(error):
        ebay_client.confirm_shipment(parcel())
    assert [request.method for request in ebay.requests].count("POST") == 1


def test_a_refused_shipment_gives_a_receipt_with_the_reason(ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.steps = [shipments(), refusal(400, 32300, "Invalid shipment tracking number or carrier")]
    receipt = ebay_client.confirm_shipment(parcel())
    assert not receipt.accepted
    assert "32300" in receipt.reason


def test_no_transactions_are_an_answer_without_a_body(ebay_client: EbayClient, ebay: EbayScript) -> None:
    ebay.steps = [httpx.Response(204)]
    (page,) = read(ebay_client, Stream.FINANCES)
    assert (page.records, page.total) == ([], 0)
    (request,) = ebay.requests
    assert request.url.host == "apiz.ebay.test"
    assert "signature" not in request.headers


def test_transactions_of_every_site_are_asked_for_and_signed_where_a_key_is_set(
    scripted_core: HttpCore, ebay: EbayScript
) -> None:
    key: dict[str, Any] = {"signing_private_key": SecretStr(TEST_KEY), "signing_jwe": SecretStr(TEST_JWE)}
    client = EbayClient(ebay_store(marketplace_ids=("EBAY_GB", "EBAY_DE"), **key), scripted_core)
    ebay.steps = [refusal(503, 1), httpx.Response(204), reply({"transactions": [{"transactionId": "1"}], "total": 1})]
    pages = read(client, Stream.FINANCES, reading=1)
    assert [(len(page.records), page.total) for page in pages] == [(0, None), (1, None)]
    assert [request.headers["x-ebay-c-marketplace-id"] for request in ebay.requests] == [
        "EBAY_GB",
        "EBAY_GB",
        "EBAY_DE",
    ]
    assert all(request.headers["x-ebay-signature-key"] == TEST_JWE for request in ebay.requests)
    assert ebay.queries[0]["sort"] == "transactionDate"


def test_a_signing_key_that_cannot_be_read_names_its_variable(scripted_core: HttpCore) -> None:
    store = ebay_store(signing_private_key=SecretStr("nonsense"), signing_jwe=SecretStr(TEST_JWE))
    with pytest.raises(CredentialError, match="LINKSTAR_EBAY_US_SIGNING_PRIVATE_KEY") as caught:
        read(EbayClient(store, scripted_core), Stream.FINANCES)
    assert "nonsense" not in str(caught.value)


def test_a_key_without_its_jwe_is_no_setting() -> None:
    with pytest.raises(ValueError, match="belong together"):
        ebay_store(signing_private_key=SecretStr(TEST_KEY))


def test_returns_are_found_by_creation_and_kept_by_change(ebay_client: EbayClient, ebay: EbayScript) -> None:
    def detail(return_id: str, changed: str) -> httpx.Response:
        history = [{"creationDate": {"value": changed}, "toState": "ITEM_SHIPPED"}]
        return reply({"summary": {"returnId": return_id}, "detail": {"responseHistory": history}})

    frame = {"totalEntries": 3}
    ebay.steps = [
        reply({"members": [{"returnId": "1"}, {"returnId": "2"}], "paginationOutput": frame}),
        detail("1", "2026-05-01T12:00:00.000Z"),
        detail("2", "2026-05-02T00:00:00.000Z"),
        reply({"members": [{"returnId": "3"}], "paginationOutput": frame}),
        detail("3", "2026-04-30T23:59:59.000Z"),
    ]
    pages = read(ebay_client, Stream.RETURNS)
    assert [record["summary"]["returnId"] for page in pages for record in page.records] == ["1"]
    assert {request.headers["authorization"] for request in ebay.requests} == {f"{op.POST_ORDER_AUTH} {SECRETS[2]}"}
    assert ebay.queries[0]["creation_date_range_from"] == iso_milliseconds(DAY.start - op.RETURN_LIFE)
    assert [query["offset"] for query in ebay.queries if "offset" in query] == ["1", "3"]


def test_streams_of_changes_need_a_window(ebay_client: EbayClient) -> None:
    with pytest.raises(ValueError, match="window"):
        read(ebay_client, Stream.ORDERS, None)


def test_the_plans_never_exceed_a_days_limit() -> None:
    plan = op.GET_TRANSACTIONS.plan
    assert plan.burst + plan.rate * timedelta(days=1).total_seconds() == pytest.approx(15_000)


def test_no_secret_reaches_log_errors_or_repr(ebay_client: EbayClient, ebay: EbayScript, postgres: Postgres) -> None:
    ebay.steps = [refusal(400, 30800, "token " + " ".join(SECRETS))]
    with pytest.raises(ConnectorError) as caught:
        read(ebay_client, Stream.ORDERS)
    ((log,),) = postgres.fetch("SELECT string_agg(c::text, ' ') FROM ops.api_call AS c")
    assert "lastmodifieddate" in log
    for secret in SECRETS:
        assert secret not in log + str(caught.value) + repr(ebay_client) + repr(ebay_client.store)
