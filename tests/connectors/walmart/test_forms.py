"""Walmart's records as raw rows: identity, times, marketplace, and no personal data."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.platform import Row
from linkstar_pipelines.connectors.walmart.forms import FORMS, mask_order, mask_return, order_changed, return_changed
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.support import utc
from tests.connectors.walmart.support import line, order

RETURN: dict[str, Any] = {
    "returnOrderId": "103738048909818825",
    "customerEmailId": "emailID123456@relay.walmart.com",
    "customerName": {"firstName": "Jane", "lastName": "Example"},
    "returnOrderDate": "2026-05-01T01:01:08.000Z",
    "returnLineGroups": [{"labels": [{"labelImageURL": "https://i5.walmartimages.com/label.png"}]}],
    "returnOrderLines": [
        {
            "returnOrderLineNumber": 1,
            "purchaseOrderId": "4790210558890",
            "statusTime": "2026-05-03T05:45:45.000Z",
            "currentTrackingStatuses": [{"statusTime": "2026-05-04T00:00:00.000Z"}],
            "returnTrackingDetail": [
                {
                    "eventTime": "2026-05-05T00:46:11.000Z",
                    "references": [
                        {"name": "FedexTrackingLink", "value": "https://x.test"},
                        {"name": "SLA", "value": "7"},
                    ],
                }
            ],
        }
    ],
}


def only_row(stream: Stream, record: dict[str, Any]) -> Row:
    """The one row that a record gives."""
    rows = FORMS[stream].rows(record)
    assert not isinstance(rows, str), rows
    (row,) = rows
    return row


def test_an_order_changed_when_its_latest_line_did() -> None:
    late = line("2") | {"statusDate": 1568466648123}
    changed = order_changed(order(orderLines={"orderLine": [line(), late]}))
    assert changed == datetime(2019, 9, 14, 13, 10, 48, 123000, UTC)
    assert order_changed(order(orderLines=None)) == datetime(2019, 9, 14, 13, 9, 31, tzinfo=UTC)
    assert order_changed({"orderDate": "2019-09-14T13:09:31.000Z"}) == datetime(2019, 9, 14, 13, 9, 31, tzinfo=UTC)
    assert order_changed({"orderDate": Decimal("1568466571000")}) == datetime(2019, 9, 14, 13, 9, 31, tzinfo=UTC)


@pytest.mark.parametrize("unusable", [{}, {"orderDate": "soon"}, {"orderDate": True}, {"orderDate": 10**30}, None, []])
def test_an_order_without_readable_dates_has_no_change_time(unusable: Any) -> None:
    assert order_changed(unusable) is None


def test_the_row_of_an_order_names_it_its_site_and_its_times() -> None:
    assert FORMS[Stream.ORDERS].rows(order()) == [
        {
            "order_id": "1796277083022",
            "marketplace_id": "WALMART_US",
            "created_at": "2019-09-14T13:09:31+00:00",
            "updated_at": "2019-09-14T13:10:47+00:00",
        }
    ]
    canadian = order(shippingInfo={"postalAddress": {"country": "CAN"}})
    assert only_row(Stream.ORDERS, canadian)["marketplace_id"] == "WALMART_CA"


@pytest.mark.parametrize("lines", [None, {}, {"orderLine": None}, {"orderLine": "x"}, []])
def test_an_order_without_a_list_of_lines_says_so(lines: Any) -> None:
    assert FORMS[Stream.ORDERS].rows(order(orderLines=lines)) == "orderLines.orderLine is missing or no list"


def test_an_order_without_its_number_still_counts_in_a_reading() -> None:
    nameless = {name: value for name, value in order().items() if name != "purchaseOrderId"}
    assert FORMS[Stream.ORDERS].identify(nameless) == "5281956426648"
    rows, refused = raw_rows("walmart", "wm1", Stream.ORDERS, FORMS[Stream.ORDERS], [nameless], utc(2026, 5, 1))
    assert rows.is_empty()
    assert refused["reason"].to_list() == ["order_id is missing or unreadable"]


def test_nothing_of_a_person_is_left_in_an_order_but_town_and_country() -> None:
    shipped = line()
    shipped["orderLineStatuses"]["orderLineStatus"][0]["returnCenterAddress"] = {"dayPhone": "555"}
    shipped["fulfillment"] = {"pickUpBy": "Kathryn Example", "shipMethod": "VALUE"}
    full = order(orderLines={"orderLine": [shipped]}, buyerId="b-1", pickupPersons=[{"name": "Kathryn"}])
    before = deepcopy(full)
    masked = mask_order(full)
    assert full == before
    assert masked["shippingInfo"] == {
        "estimatedDeliveryDate": 1569438000000,
        "estimatedShipDate": 1568700000000,
        "methodCode": "Value",
        "postalAddress": {
            "city": "Warners", "state": "NY", "postalCode": "13164", "country": "USA", "addressType": "RESIDENTIAL",
        },
    }  # fmt: skip
    text = json.dumps(masked)
    for personal in ("Kathryn", "3258", "Garage", "3155598681", "relay.walmart.com", "b-1", "dayPhone"):
        assert personal not in text
    assert mask_order(masked) == masked
    assert masked["orderLines"]["orderLine"][0]["fulfillment"] == {"shipMethod": "VALUE"}


@pytest.mark.parametrize("broken", [{}, {"shippingInfo": None}, {"shippingInfo": {"postalAddress": "x"}}])
def test_a_malformed_order_can_be_masked(broken: dict[str, Any]) -> None:
    assert "postalAddress" not in (mask_order(broken).get("shippingInfo") or {})


def test_a_return_is_dated_by_its_latest_event_and_masked() -> None:
    assert return_changed(RETURN) == datetime(2026, 5, 5, 0, 46, 11, tzinfo=UTC)
    assert only_row(Stream.RETURNS, RETURN) == {
        "return_id": "103738048909818825",
        "order_id": "4790210558890",
        "updated_at": "2026-05-05T00:46:11+00:00",
    }
    text = json.dumps(mask_return(RETURN))
    for personal in ("Jane", "emailID", "label.png", "x.test"):
        assert personal not in text
    assert '"SLA"' in text
    assert FORMS[Stream.RETURNS].rows({"returnOrderId": "1"}) == "returnOrderLines is missing or empty"


def test_a_listing_is_named_by_its_sku() -> None:
    assert FORMS[Stream.LISTINGS].rows({"sku": " a-1", "mart": "WALMART_US"}) == [
        {"listing_id": " a-1", "seller_sku": " a-1", "marketplace_id": "WALMART_US"}
    ]


def test_stock_gives_a_row_for_every_node() -> None:
    form = FORMS[Stream.INVENTORY]
    own = {"sku": "A", "nodes": [{"shipNode": "2"}, {"shipNode": "1"}]}
    warehoused = {"sku": "A", "shipNodes": [{"shipNodeType": "WFSFulfilled"}]}
    nodes = [row["node_id"] for record in (own, warehoused) for row in form.rows(record) if not isinstance(row, str)]
    assert nodes == ["1", "2", "WFSFulfilled"]
    assert (form.identify(own), form.identify(warehoused)) == ("A", "WFSFulfilled/A")
    assert form.rows({"sku": "A", "nodes": None}) == "neither nodes nor shipNodes is a list"


def test_a_settlement_row_is_named_by_report_content_and_number() -> None:
    form = FORMS[Stream.FINANCES]
    record = {"reportDate": "05112026", "ordinal": 1, "row": {"Amount": "1.00", "Transaction Type": "Sale"}}
    row = only_row(Stream.FINANCES, record)
    assert (row["posted_at"], row["transaction_status"]) == ("2026-05-11T00:00:00+00:00", "Sale")
    others = [
        record | {"ordinal": 2},
        record | {"reportDate": "05122026"},
        record | {"row": {"Amount": "1.01", "Transaction Type": "Sale"}},
    ]
    assert len({form.identify(one) for one in (record, *others)}) == 4
    assert form.identify(deepcopy(record)) == row["transaction_id"]
    assert form.rows({"reportDate": "05112026", "row": None}) == "the row of the report is no object"
    assert form.changed_at({"reportDate": "2026-05-11"}) is None
