"""The Walmart client reading streams from scripted answers: windows, cursors, totals, and each trap."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from linkstar_pipelines.connectors.errors import (
    IncompleteReadingError,
    MalformedAnswerError,
    PlatformError,
    RequestRejectedError,
)
from linkstar_pipelines.connectors.platform import Window
from linkstar_pipelines.connectors.walmart.client import WalmartClient
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.conftest import MakeCore
from tests.connectors.support import reply, utc
from tests.connectors.walmart.support import (
    DAY,
    WalmartScript,
    detail,
    error,
    order,
    orders_page,
    read,
    walmart_store,
)

NONE = orders_page()


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
        "reportDate": "05112026", "offset": "0", "noOfRecords": "1000",
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
