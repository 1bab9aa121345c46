"""The Walmart client against scripted answers: tokens, cursors, windows, writes, and each of Walmart's traps."""

import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.errors import (
    CredentialError,
    IncompleteReadingError,
    MalformedAnswerError,
    PlatformError,
    RequestRejectedError,
    UnreachableError,
)
from linkstar_pipelines.connectors.platform import Page, Parcel, StockChange, Window
from linkstar_pipelines.connectors.walmart.client import WalmartClient
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.conftest import MakeCore
from tests.connectors.support import reply, utc
from tests.connectors.walmart.support import (
    SECRETS,
    WalmartScript,
    detail,
    error,
    line,
    order,
    orders_page,
    status,
    walmart_store,
)
from tests.connectors.walmart.test_signing import EXAMPLE_KEY

DAY = Window(utc(2026, 5, 11), utc(2026, 5, 12))
NONE = orders_page()


def read(client: WalmartClient, stream: Stream, window: Window | None = DAY, reading: int = 0) -> list[Page]:
    return list(client.read(stream, window, reading))


# Tokens and headers -------------------------------------------------------------------------------------------------


def test_one_token_serves_many_calls_and_every_exchange_has_a_correlation_id_of_its_own(
    client: WalmartClient, script: WalmartScript
) -> None:
    script.steps = [error(500, "SYSTEM_ERROR"), reply({"order": order()}), reply({"order": order()})]
    client.get_order("1")
    client.get_order("1")
    (asked,) = script.token_requests
    assert asked.content == b"grant_type=client_credentials"
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"the-client-id:the-client-secret").decode()
    for request in (asked, *script.requests):
        assert request.headers["accept"] == "application/json"
        assert request.headers["wm_svc.name"] == "Walmart Marketplace"
    ids = [request.headers["wm_qos.correlation_id"] for request in (asked, *script.requests)]
    assert len(set(ids)) == 4
    assert {request.headers["wm_sec.access_token"] for request in script.requests} == {SECRETS[1]}


def test_a_refused_token_is_renewed_once_and_the_call_repeated(client: WalmartClient, script: WalmartScript) -> None:
    script.token_steps = [reply({"access_token": name, "expires_in": 900}) for name in ("stale", "fresh")]
    script.steps = [error(401, "UNAUTHORIZED.GMP_GATEWAY_API"), reply({"order": order()})]
    assert client.get_order("1") is not None
    assert [request.headers["wm_sec.access_token"] for request in script.requests] == ["stale", "fresh"]


def test_a_refusal_of_the_fresh_token_names_the_variables_to_check(
    client: WalmartClient, script: WalmartScript
) -> None:
    script.steps = [error(403, "FORBIDDEN.GMP_GATEWAY_API")] * 2
    with pytest.raises(CredentialError, match="LINKSTAR_WALMART_WM1_CLIENT_ID"):
        client.get_order("1")


def test_refused_credentials_name_the_variables_and_show_no_secret(
    client: WalmartClient, script: WalmartScript, postgres: Postgres
) -> None:
    basic = base64.b64encode(b"the-client-id:the-client-secret").decode()
    script.token_steps = [error(401, "UNAUTHORIZED", f"bad {SECRETS[0]} in {basic}")]
    with pytest.raises(CredentialError, match="LINKSTAR_WALMART_WM1_CLIENT_SECRET") as caught:
        client.check_access()
    client.http.call_log.flush()
    ((log,),) = postgres.fetch("SELECT string_agg(c::text, ' ') FROM ops.api_call AS c")
    for secret in (*SECRETS, basic):
        assert secret not in str(caught.value) + log + repr(client.store)


def test_access_is_checked_by_the_token_and_tells_the_platforms_clock(
    client: WalmartClient, script: WalmartScript
) -> None:
    script.steps = [detail()]
    check = client.check_access()
    assert check.server_time == utc(2026, 5, 13)
    assert check.skew is not None
    assert check.skew < timedelta(days=-100)
    assert script.requests[0].url.path == "/v3/token/detail"


def test_the_call_log_masks_cursors_and_keeps_what_was_asked(
    client: WalmartClient, script: WalmartScript, postgres: Postgres
) -> None:
    script.steps = [detail(), orders_page(order(), total=2, cursor="?soIndex=2&cursorToken=hidden"), NONE, NONE, NONE]
    read(client, Stream.ORDERS)
    client.http.call_log.flush()
    ((log,),) = postgres.fetch("SELECT string_agg(c::text, ' ') FROM ops.api_call AS c")
    assert "lastModifiedStartDate=2026-05-10T23:59:59Z" in log.replace("%3A", ":")
    assert "hidden" not in log


# Orders -------------------------------------------------------------------------------------------------------------


def test_orders_are_asked_for_once_per_ship_node_with_the_creation_window_set(
    client: WalmartClient, script: WalmartScript
) -> None:
    script.steps = [detail(), orders_page(order("1")), orders_page(order("2"), order("3")), NONE]
    pages = read(client, Stream.ORDERS)
    common = {
        "createdStartDate": "2025-11-14T00:01:00Z",  # 180 days before the platform's present
        "lastModifiedStartDate": "2026-05-10T23:59:59Z",
        "lastModifiedEndDate": "2026-05-12T00:00:00Z",
        "limit": "200",
    }
    nodes = ("SellerFulfilled", "WFSFulfilled", "3PLFulfilled")
    assert script.queries[1:] == [{**common, "shipNodeType": node} for node in nodes]
    assert [[o["purchaseOrderId"] for o in page.records] for page in pages] == [["1"], ["2", "3"], []]
    assert {page.total for page in pages} == {3}
    assert {page.upper_bound and page.upper_bound.replace(microsecond=0) for page in pages} <= {
        utc(2026, 5, 13),
        utc(2026, 5, 13) + timedelta(seconds=1),
    }


def test_an_order_without_a_ship_node_gets_the_one_it_was_listed_under(
    client: WalmartClient, script: WalmartScript
) -> None:
    bare = {name: value for name, value in order().items() if name != "shipNode"}
    script.steps = [detail(), NONE, orders_page(bare), NONE]
    (found,) = [record for page in read(client, Stream.ORDERS) for record in page.records]
    assert found["shipNode"] == {"type": "WFSFulfilled"}
    assert found.keys() - bare.keys() == {"shipNode"}


def test_the_next_cursor_is_sent_as_it_is_and_alone(client: WalmartClient, script: WalmartScript) -> None:
    cursor = "?limit=100&hasMoreElements=true&soIndex=31&poIndex=10&createdStartDate=2013-08-16T00:00:00.000Z&x=a%2Bb"
    script.steps = [
        detail(),
        orders_page(order("1"), total=2, cursor=cursor),
        orders_page(order("2"), total=2),
        NONE,
        NONE,
    ]
    # The first pages of all nodes are asked for before anything is given out.
    script.steps = [script.steps[i] for i in (0, 1, 3, 4, 2)]
    pages = read(client, Stream.ORDERS)
    assert script.requests[-1].url.raw_path.decode() == f"/v3/orders{cursor}"
    assert [page.total for page in pages] == [2] * 4
    assert sum(len(page.records) for page in pages) == 2


@pytest.mark.parametrize("cursor", ["limit=100", "https://walmart.test/v3/orders?limit=100"])
def test_a_cursor_that_is_no_query_string_is_malformed(
    cursor: str, client: WalmartClient, script: WalmartScript
) -> None:
    script.steps = [detail(), orders_page(order(), cursor=cursor), NONE, NONE]
    with pytest.raises(MalformedAnswerError, match="leads nowhere"):
        read(client, Stream.ORDERS)


def test_a_circle_of_cursors_ends_with_an_error(client: WalmartClient, script: WalmartScript) -> None:
    circle = [orders_page(order(), cursor="?poIndex=1") for _ in range(60)]
    script.steps = [detail(), circle[0], NONE, NONE, *circle]
    with pytest.raises(MalformedAnswerError, match="again and again"):
        read(client, Stream.ORDERS)


def test_a_window_with_too_many_orders_is_halved_and_states_no_total(
    client: WalmartClient, script: WalmartScript
) -> None:
    script.steps = [detail(), orders_page(total=10_001), orders_page(order("1")), orders_page(order("2")), NONE, NONE]
    pages = read(client, Stream.ORDERS)
    spans = [(q["lastModifiedStartDate"], q["lastModifiedEndDate"]) for q in script.queries[1:4]]
    assert spans == [
        ("2026-05-10T23:59:59Z", "2026-05-12T00:00:00Z"),
        ("2026-05-10T23:59:59Z", "2026-05-11T12:00:00Z"),
        ("2026-05-11T11:59:59Z", "2026-05-12T00:00:00Z"),
    ]
    assert {page.total for page in pages} == {None}
    assert [len(page.records) for page in pages] == [1, 1, 0, 0]


def test_an_open_window_has_no_end_and_one_beyond_what_walmart_keeps_is_shortened(
    client: WalmartClient, script: WalmartScript
) -> None:
    script.steps = [detail(), NONE, NONE, NONE]
    read(client, Stream.ORDERS, Window(utc(2020, 1, 1)))
    query = script.queries[1]
    assert "lastModifiedEndDate" not in query
    assert query["lastModifiedStartDate"] == "2025-11-14T00:00:59Z"
    assert read(client, Stream.ORDERS, Window(utc(2020, 1, 1), utc(2020, 1, 2))) == []


def test_another_reading_has_other_page_borders(client: WalmartClient, script: WalmartScript) -> None:
    script.steps = [detail(), *[NONE] * 9]
    for reading in range(3):
        read(client, Stream.ORDERS, DAY, reading)
    assert [query["limit"] for query in script.queries[1::3]] == ["200", "174", "146"]


def test_a_list_that_answers_not_found_is_empty(client: WalmartClient, script: WalmartScript) -> None:
    script.steps = [detail(), *[error(404, "CONTENT_NOT_FOUND.GMP_ORDER_API")] * 3]
    assert [page.records for page in read(client, Stream.ORDERS)] == [[], [], []]
    script.steps = [error(404, "INVALID_REQUEST.GMP_GATEWAY_API")]
    with pytest.raises(RequestRejectedError, match="GMP_GATEWAY_API"):
        read(client, Stream.ORDERS)


def test_amounts_keep_their_digits(client: WalmartClient, script: WalmartScript) -> None:
    script.steps = [httpx.Response(200, content=b'{"order": {"amount": 9.10}}')]
    assert client.get_order("1") == {"amount": Decimal("9.10")}


def test_errors_inside_a_success_are_failures(client: WalmartClient, script: WalmartScript) -> None:
    inside = {"code": "INVALID_REQUEST_PARAM", "description": "bad date", "severity": "ERROR", "category": "REQUEST"}
    script.steps = [detail(), reply({"list": {"errors": [inside], "meta": {"limit": 1}, "elements": {"order": []}}})]
    with pytest.raises(RequestRejectedError, match="INVALID_REQUEST_PARAM: bad date"):
        read(client, Stream.ORDERS)
    script.steps = [reply({"errors": [{**inside, "category": "SYSTEM"}]})] * 4
    with pytest.raises(PlatformError):
        client.get_order("1")


def test_a_stream_of_changes_needs_a_window(client: WalmartClient) -> None:
    with pytest.raises(ValueError, match="window"):
        read(client, Stream.RETURNS, None)


# Listings and stock -------------------------------------------------------------------------------------------------


def wfs(*skus: str, total: int | None = None) -> httpx.Response:
    inventory = [{"sku": sku, "shipNodes": [{"shipNodeType": "WFSFulfilled", "availToSellQty": 1}]} for sku in skus]
    return reply(
        {"headers": {"totalCount": len(skus) if total is None else total}, "payload": {"inventory": inventory}}
    )


def test_items_are_paged_by_offset_and_carry_who_ships_them(client: WalmartClient, script: WalmartScript) -> None:
    items = [{"sku": f"S{n}"} for n in range(51)]
    script.steps = [
        wfs("S1"),
        wfs(total=1),
        reply({"ItemResponse": items[:50], "totalItems": 51}),
        reply({"ItemResponse": items[50:], "totalItems": 51}),
        reply({"ItemResponse": [], "totalItems": 51}),
    ]
    pages = read(client, Stream.LISTINGS, None)
    assert script.queries[2:] == [{"limit": "50", "offset": str(offset)} for offset in (0, 50, 100)]
    assert {page.total for page in pages} == {51}
    shipped = {item["sku"]: item["shipNodeType"] for page in pages for item in page.records}
    assert len(shipped) == 51
    assert [sku for sku, node in shipped.items() if node == "WFSFulfilled"] == ["S1"]


def test_wfs_stock_is_read_again_until_it_has_as_many_skus_as_stated(
    client: WalmartClient, script: WalmartScript
) -> None:
    script.steps = [wfs("A", total=2), wfs(total=2), wfs("B", total=2), wfs(total=2), reply({"ItemResponse": []})]
    assert read(client, Stream.LISTINGS, None) == []
    script.steps = [wfs("A", total=2), wfs(total=2)] * 10
    with pytest.raises(IncompleteReadingError, match="1 SKUs; Walmart counts more"):
        read(client, Stream.LISTINGS, None)


def test_an_account_without_wfs_is_not_asked_for_it(make_core: MakeCore, script: WalmartScript) -> None:
    client = WalmartClient(walmart_store(wfs=False), make_core())
    script.steps = [reply({"meta": {"totalCount": 0}, "elements": {"inventories": []}})]
    (page,) = read(client, Stream.INVENTORY, None)
    assert (page.records, page.total) == ([], 0)


def test_stock_is_both_lists_and_the_seller_s_cursor_is_a_parameter(
    client: WalmartClient, script: WalmartScript
) -> None:
    def own(*skus: str, **meta: Any) -> httpx.Response:
        inventories = [{"sku": sku, "nodes": []} for sku in skus]
        return reply({"meta": {"totalCount": 2, **meta}, "elements": {"inventories": inventories}})

    script.steps = [wfs("W", total=1), wfs(total=1), own("A", nextCursor="NTVm+=/"), own("B")]
    pages = read(client, Stream.INVENTORY, None)
    assert script.queries[2:] == [{"limit": "50"}, {"limit": "50", "nextCursor": "NTVm+=/"}]
    assert [[record["sku"] for record in page.records] for page in pages] == [["A"], ["B"], ["W"]]
    assert [page.total for page in pages] == [3, 3, None]


def test_a_quantity_is_put_with_the_sku_encoded_and_the_echo_compared(
    client: WalmartClient, script: WalmartScript
) -> None:
    script.steps = [
        reply({"sku": "A/ #1", "quantity": {"unit": "EACH", "amount": 5}}),
        reply({"sku": "B", "quantity": {"unit": "EACH", "amount": 0}}),
        error(404, "CONTENT_NOT_FOUND.GMP_INVENTORY_API"),
    ]
    receipts = client.push_stock([StockChange("WALMART_US", sku, sku, 5) for sku in ("A/ #1", "B", "C")])
    assert script.requests[0].url.raw_path == b"/v3/inventory?sku=A%2F%20%231"
    assert json.loads(script.requests[0].content) == {"sku": "A/ #1", "quantity": {"unit": "EACH", "amount": 5}}
    assert [(receipt.accepted, receipt.reason) for receipt in receipts] == [
        (True, ""),
        (False, "Walmart set 0"),
        (False, "404 CONTENT_NOT_FOUND.GMP_INVENTORY_API"),
    ]


# Shipments ----------------------------------------------------------------------------------------------------------


def parcel(carrier: str = "YunExpress", **lines: int) -> Parcel:
    units = {name.removeprefix("line_"): count for name, count in (lines or {"line_1": 1}).items()}
    return Parcel("1796277083022", "WALMART_US", "P-1", carrier, "YT123", utc(2026, 5, 12), units)


def shipped(*lines: dict[str, Any]) -> httpx.Response:
    return reply({"order": order(orderLines={"orderLine": list(lines)})})


def test_a_parcel_is_told_after_the_order_was_acknowledged(client: WalmartClient, script: WalmartScript) -> None:
    script.steps = [
        reply({"order": order()}),
        reply({"order": order()}),
        shipped(line("1", 1, status("Shipped", 1, "YT123"))),
    ]
    receipt = client.confirm_shipment(parcel())
    assert (receipt.accepted, receipt.remote_id) == (True, "YT123")
    assert [(request.method, request.url.path) for request in script.requests] == [
        ("GET", "/v3/orders/1796277083022"),
        ("POST", "/v3/orders/1796277083022/acknowledge"),
        ("POST", "/v3/orders/1796277083022/shipping"),
    ]
    (told,) = json.loads(script.requests[-1].content)["orderShipment"]["orderLines"]["orderLine"]
    assert told == {
        "lineNumber": "1",
        "intentToCancelOverride": False,
        "sellerOrderId": "P-1",
        "orderLineStatuses": {
            "orderLineStatus": [
                {
                    "status": "Shipped",
                    "statusQuantity": {"unitOfMeasurement": "EACH", "amount": "1"},
                    "trackingInfo": {
                        "shipDateTime": 1778544000000,
                        "carrierName": {"carrier": "YunExpress"},
                        "methodCode": "Standard",
                        "trackingNumber": "YT123",
                        "trackingURL": "https://t.17track.net/en#nums=YT123",
                    },
                }
            ]
        },
    }


def test_an_unlisted_carrier_goes_as_another_one_with_a_tracking_address(
    client: WalmartClient, script: WalmartScript
) -> None:
    waiting = line("1", 1, status("Acknowledged", 1)) | {"intentToCancel": "TRUE"}
    script.steps = [shipped(waiting), shipped(line("1", 1, status("Shipped", 1, "YT123")))]
    assert client.confirm_shipment(parcel("Blue Whale")).accepted
    (told,) = json.loads(script.requests[-1].content)["orderShipment"]["orderLines"]["orderLine"]
    tracking = told["orderLineStatuses"]["orderLineStatus"][0]["trackingInfo"]
    assert tracking["carrierName"] == {"otherCarrier": "Blue Whale"}
    assert tracking["trackingURL"].endswith("YT123")
    assert told["intentToCancelOverride"] is True


def test_a_parcel_that_walmart_knows_is_not_told_again(client: WalmartClient, script: WalmartScript) -> None:
    script.steps = [shipped(line("1", 2, status("Shipped", 1, "YT123"), status("Acknowledged", 1)))]
    assert client.confirm_shipment(parcel()).accepted
    assert len(script.requests) == 1


def test_only_the_lines_that_walmart_does_not_know_yet_are_told(client: WalmartClient, script: WalmartScript) -> None:
    known = line("1", 1, status("Shipped", 1, "YT123"))
    script.steps = [
        shipped(known, line("2", 3, status("Acknowledged", 3))),
        shipped(known, line("2", 3, status("Shipped", 2, "YT123"), status("Acknowledged", 1))),
    ]
    assert client.confirm_shipment(parcel(line_1=1, line_2=2)).accepted
    told = json.loads(script.requests[-1].content)["orderShipment"]["orderLines"]["orderLine"]
    assert [entry["lineNumber"] for entry in told] == ["2"]


def test_a_shipment_whose_answer_was_lost_is_not_repeated_and_found_by_asking(
    client: WalmartClient, script: WalmartScript
) -> None:
    waiting = shipped(line("1", 1, status("Acknowledged", 1)))
    script.steps = [waiting, httpx.ReadTimeout("silence")]
    with pytest.raises(UnreachableError):
        client.confirm_shipment(parcel())
    assert [request.method for request in script.requests] == ["GET", "POST"]
    script.steps = [shipped(line("1", 1, status("Shipped", 1, "YT123")))]
    assert client.confirm_shipment(parcel()).accepted


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([error(404, "CONTENT_NOT_FOUND.GMP_ORDER_API")], "Walmart knows no order 1796277083022"),
        ([shipped(line("2"))], "the order has no line 1"),
        ([shipped(line("1", 1, status("Cancelled", 1)))], "line 1 has 0 units left to ship, not 1"),
        (
            [shipped(line("1", 1, status("Acknowledged", 1))), error(400, "INVALID_REQUEST_CONTENT.GMP_ORDER_API")],
            "400 INVALID_REQUEST_CONTENT.GMP_ORDER_API",
        ),
        ([shipped(line("1", 1, status("Acknowledged", 1)))] * 2, "the answer does not show the parcel"),
    ],
)
def test_a_parcel_that_cannot_be_told_gets_the_reason(
    answers: list[httpx.Response], reason: str, client: WalmartClient, script: WalmartScript
) -> None:
    script.steps = list(answers)
    receipt = client.confirm_shipment(parcel())
    assert (receipt.accepted, receipt.reason) == (False, reason)


# Returns and money --------------------------------------------------------------------------------------------------


def returns_page(*ids: str, cursor: str = "", total: int = 0) -> httpx.Response:
    records = [{"returnOrderId": i} for i in ids]
    return reply({"meta": {"totalCount": total, "limit": 10, "nextCursor": cursor}, "returnOrders": records})


def test_returns_are_paged_by_query_string_and_wfs_is_asked_apart(client: WalmartClient, script: WalmartScript) -> None:
    cursor = "?sellerId=151&limit=10&offset=10"
    script.steps = [detail(), returns_page("1", cursor=cursor), returns_page("2"), returns_page("3")]
    pages = read(client, Stream.RETURNS)
    assert script.queries[1] == {
        "returnLastModifiedStartDate": "2026-05-10T23:59:59Z",
        "returnLastModifiedEndDate": "2026-05-12T00:00:00Z",
        "limit": "200",
        "replacementInfo": "true",
    }
    assert script.requests[2].url.raw_path.decode() == f"/v3/returns{cursor}"
    assert script.queries[3]["isWFSEnabled"] == "Y"
    assert [page.total for page in pages] == [None] * 3


def test_a_cursor_on_an_empty_page_of_returns_is_the_end(make_core: MakeCore, script: WalmartScript) -> None:
    client = WalmartClient(walmart_store(wfs=False), make_core())
    script.steps = [detail(), returns_page("1", cursor="?offset=1", total=1), returns_page(cursor="?offset=2", total=1)]
    assert [page.total for page in read(client, Stream.RETURNS)] == [1, 1]


def report(*rows: dict[str, str], following: int | None) -> httpx.Response:
    return reply({"reportData": list(rows), "nextOffset": following, "totalRecords": len(rows)})


def dates(*days: str) -> httpx.Response:
    return reply({"availableApReportDates": list(days)})


def test_reports_dated_within_the_window_are_read_by_byte_offset(client: WalmartClient, script: WalmartScript) -> None:
    row = {"Amount": "1.00"}
    script.steps = [
        detail(),
        dates("05102026", "05112026", "05122026"),
        report(row, row, following=973),
        report(row, following=1200),
        report(following=1200),
    ]
    records = [record for page in read(client, Stream.FINANCES) for record in page.records]
    assert records == [{"reportDate": "05112026", "ordinal": n, "row": row} for n in (1, 2, 3)]
    assert [query["offset"] for query in script.queries[2:]] == ["0", "973", "1200"]
    assert script.queries[2] == {
        "reportDate": "05112026", "reportVersion": "v1", "offset": "0", "noOfRecords": "1000",
    }  # fmt: skip


def test_a_report_page_that_comes_again_is_counted_once_and_one_that_stays_is_the_end(
    client: WalmartClient, script: WalmartScript
) -> None:
    script.steps = [
        detail(),
        dates("05112026"),
        report({"Amount": "1"}, following=0),
        report({"Amount": "1"}, following=50),
        report({"Amount": "2"}, following=None),
        report({"Amount": "2"}, following=50),
        report({"Amount": "2"}, following=50),
    ]
    records = [record for page in read(client, Stream.FINANCES) for record in page.records]
    assert [(record["row"]["Amount"], record["ordinal"]) for record in records] == [("1", 1), ("2", 1)]


def test_a_report_date_that_cannot_be_read_stops_the_stream(client: WalmartClient, script: WalmartScript) -> None:
    script.steps = [detail(), dates("2026-05-11")]
    with pytest.raises(MalformedAnswerError, match="MMDDYYYY"):
        read(client, Stream.FINANCES)


# The former Canadian platform ---------------------------------------------------------------------------------------


def test_an_account_of_the_former_platform_signs_its_calls(make_core: MakeCore, script: WalmartScript) -> None:
    client = WalmartClient(walmart_store(legacy_private_key=EXAMPLE_KEY), make_core())
    script.steps = [reply({"order": order()}), reply({"ItemResponse": []}, Date="Wed, 13 May 2026 00:00:00 GMT"), NONE]
    client.get_order("1")
    first = script.requests[0]
    assert first.url.path == "/v3/ca/orders/1"
    assert first.headers["wm_consumer.id"] == "the-client-id"
    assert first.headers["wm_sec.auth_signature"]
    age = datetime.now(UTC).timestamp() - int(first.headers["wm_sec.timestamp"]) / 1000
    assert 0 <= age < 60
    assert "wm_sec.access_token" not in first.headers
    assert script.token_requests == []
    read(client, Stream.ORDERS)
    assert len(script.requests) == 3
    assert read(client, Stream.RETURNS) == read(client, Stream.FINANCES) == []


def test_a_private_key_that_is_none_names_its_variable(make_core: MakeCore, script: WalmartScript) -> None:
    client = WalmartClient(walmart_store(legacy_private_key=SecretStr("bm8ga2V5")), make_core())
    with pytest.raises(CredentialError, match="LINKSTAR_WALMART_WM1_LEGACY_PRIVATE_KEY"):
        client.get_order("1")
