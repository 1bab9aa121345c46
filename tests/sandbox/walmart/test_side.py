"""Walmart's side alone: auth, headers, cursors, ship nodes, writes, reports, notifications."""

import base64
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.walmart.side import Side
from linkstar_pipelines.sandbox.world.accounts import ACCOUNTS
from linkstar_pipelines.sandbox.world.instants import parse
from tests.sandbox.walmart.support import OPENS, WORLD, Json, Wire, refusal
from tests.support import running_sandbox


def test_a_token_lives_fifteen_minutes_at_most_and_is_xml_unless_json_is_asked_for(wm1: Wire) -> None:
    answer = wm1.ask_token().json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 900)
    assert wm1.ask_token(Accept="*/*").text.startswith("<OAuthTokenDTO>")


def test_wrong_credentials_tokens_and_headers_are_refused(wm1: Wire) -> None:
    assert refusal(wm1.ask_token("wrong")) == (401, "UNAUTHORIZED.GMP_GATEWAY_API")
    assert refusal(wm1.ask_token(Authorization="Bearer x"))[0] == 401
    for name in ("WM_SVC.NAME", "WM_QOS.CORRELATION_ID"):
        short = {key: value for key, value in wm1.headers.items() if key != name}
        answer = wm1.http.get("/v3/orders", headers=short)
        assert refusal(answer) == (400, "INVALID_REQUEST_HEADER.GMP_GATEWAY_API")
    for token in ("", "forged", wm1.headers["WM_SEC.ACCESS_TOKEN"][:-1] + "x"):
        answer = wm1.http.get("/v3/orders", headers={**wm1.headers, "WM_SEC.ACCESS_TOKEN": token})
        assert refusal(answer) == (401, "UNAUTHORIZED.GMP_GATEWAY_API")
    assert refusal(wm1.ask("/v3/nothing"))[0] == 404


def test_an_expired_token_is_refused(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *WORLD, "--token-ttl", "0.3") as url:
        wire = Wire(url, "wm1")
        assert wire.get("/v3/token/detail")["is_valid"] is True
        time.sleep(0.4)
        assert refusal(wire.ask("/v3/token/detail"))[0] == 401


def test_every_answer_tells_what_is_left_of_the_window(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *WORLD, "--rate-scale", "0.01") as url:
        wire = Wire(url, "wm1")
        answers = [wire.ask("/v3/report/reconreport/availableReconFiles", reportVersion="v1") for _ in range(21)]
    assert [int(answer.headers["X-Current-Token-Count"]) for answer in answers] == [*range(19, -1, -1), 0]
    assert refusal(answers[-1]) == (429, "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API")
    assert int(answers[-1].headers["X-Next-Replenishment-Time"]) > time.time() * 1000


def test_the_list_shows_the_seller_s_orders_of_a_week_unless_told_otherwise(wm1: Wire) -> None:
    world = wm1.truth()
    by_seller = {order["orderId"] for order in world.values() if order["fulfilledBy"] == "MERCHANT"}
    shown = wm1.orders()
    assert {order["purchaseOrderId"] for order in shown} == by_seller
    assert {order["shipNode"]["type"] for order in shown} == {"SellerFulfilled"}
    warehoused = wm1.orders(shipNodeType="WFSFulfilled")
    assert {order["purchaseOrderId"] for order in warehoused} == world.keys() - by_seller
    assert wm1.orders(shipNodeType="3PLFulfilled") == []
    assert refusal(wm1.ask("/v3/orders", shipNodeType="Elsewhere"))[0] == 400
    week = wm1.get("/v3/orders", lastModifiedStartDate=OPENS)["list"]["meta"]["totalCount"]
    recent = [order for order in shown if order["orderDate"] >= parse("2026-05-13T20:00:00Z") * 1000]
    assert 0 < week == len(recent) < len(shown)


def test_a_cursor_is_a_query_string_that_must_come_back_as_it_is(wm1: Wire) -> None:
    pages = list(wm1.order_pages(limit="20"))
    total = pages[0]["meta"]["totalCount"]
    assert {page["meta"]["totalCount"] for page in pages} == {total}
    assert sum(len(page["elements"]["order"]) for page in pages) == total > 40
    cursor = pages[0]["meta"]["nextCursor"]
    assert cursor.startswith("?limit=20&hasMoreElements=true&soIndex=")
    parts = dict(parse_qsl(cursor[1:]))
    assert parts["lastModifiedStartDate"] == OPENS
    assert refusal(wm1.ask(f"/v3/orders{cursor}&limit=20"))[0] == 400
    assert refusal(wm1.ask("/v3/orders", **{**parts, "shipNodeType": "WFSFulfilled"}))[0] == 400
    assert refusal(wm1.ask("/v3/orders", **{**parts, "cursorToken": "x"}))[0] == 400
    assert "nextCursor" not in pages[-1]["meta"]


@pytest.mark.parametrize("params", [{"limit": "201"}, {"lastModifiedStartDate": "yesterday"}, {"status": "Lost"}])
def test_bad_parameters_are_refused(params: dict[str, str], wm1: Wire) -> None:
    assert refusal(wm1.ask("/v3/orders", **params)) == (400, "INVALID_REQUEST_PARAM.GMP_GATEWAY_API")


def states(order: Json) -> dict[str, list[tuple[str, int]]]:
    return {
        line["lineNumber"]: [
            (entry["status"], int(entry["statusQuantity"]["amount"]))
            for entry in line["orderLineStatuses"]["orderLineStatus"]
        ]
        for line in order["orderLines"]["orderLine"]
    }


def test_the_units_of_a_line_are_split_by_state_and_add_up(wm2: Wire) -> None:
    world = wm2.truth()
    split = 0
    for order in wm2.orders():
        truth = world[order["purchaseOrderId"]]
        found = states(order)
        assert found.keys() == {line["orderItemId"] for line in truth["lines"]}
        for line in truth["lines"]:
            parts = found[line["orderItemId"]]
            assert sum(units for _, units in parts) == line["quantityOrdered"]
            gone = sum(units for name, units in parts if name in {"Shipped", "Delivered"})
            assert gone == line["quantityShipped"]
            split += len(parts) > 1
    assert split
    delivered = wm2.orders(status="Delivered")
    assert delivered
    assert all(any(name == "Delivered" for parts in states(order).values() for name, _ in parts) for order in delivered)


def shipment(order: Json, units: int | None = None, **carrier: str) -> Json:
    tracking = {
        "shipDateTime": 1779300000000,
        "carrierName": carrier or {"carrier": "YunExpress"},
        "methodCode": "Standard",
        "trackingNumber": "YT1",
    }
    lines = [
        {
            "lineNumber": line["lineNumber"],
            "sellerOrderId": "P1",
            "orderLineStatuses": {
                "orderLineStatus": [
                    {
                        "status": "Shipped",
                        "statusQuantity": {"unitOfMeasurement": "EACH", "amount": str(units or quantity)},
                        "trackingInfo": tracking,
                    }
                ]
            },
        }
        for line in order["orderLines"]["orderLine"]
        if (quantity := int(line["orderLineQuantity"]["amount"]))
    ]
    return {"orderShipment": {"orderLines": {"orderLine": lines}}}


def test_a_shipment_needs_an_acknowledgement_and_is_kept(wm2: Wire) -> None:
    order = next(one for one in wm2.orders(status="Created") if len(states(one)) == 1)
    path = f"/v3/orders/{order['purchaseOrderId']}"
    refused = (400, "INVALID_REQUEST_CONTENT.GMP_ORDER_API")
    assert refusal(wm2.ask(f"{path}/shipping", shipment(order))) == refused
    acknowledged = wm2.ask(f"{path}/acknowledge", {}).json()["order"]
    assert {name for parts in states(acknowledged).values() for name, _ in parts} == {"Acknowledged"}
    for wrong in (
        shipment(order, 99),
        shipment(order, otherCarrier="Blue Whale"),
        shipment(order, carrier="Nobody"),
        {},
    ):
        assert refusal(wm2.ask(f"{path}/shipping", wrong)) == refused
    shown = wm2.ask(f"{path}/shipping", shipment(order)).json()["order"]
    assert wm2.get(path)["order"] == shown
    assert shown in wm2.orders()
    assert {name for parts in states(shown).values() for name, _ in parts} == {"Shipped"}
    assert refusal(wm2.ask(f"{path}/shipping", shipment(order))) == refused


def test_wfs_orders_cannot_be_shipped_and_unknown_ones_are_not_found(wm1: Wire) -> None:
    order = wm1.orders(shipNodeType="WFSFulfilled")[0]
    answer = wm1.ask(f"/v3/orders/{order['purchaseOrderId']}/shipping", shipment(order))
    assert refusal(answer) == (400, "INVALID_REQUEST_CONTENT.GMP_ORDER_API")
    assert refusal(wm1.ask("/v3/orders/1")) == (404, "CONTENT_NOT_FOUND.GMP_ORDER_API")


def test_items_and_both_stocks_hold_every_listing_once(wm1: Wire) -> None:
    items = [
        item["sku"]
        for offset in range(0, 200, 50)
        for item in wm1.get("/v3/items", limit="50", offset=str(offset))["ItemResponse"]
    ]
    first = wm1.get("/v3/inventories", limit="5")
    own = first["elements"]["inventories"]
    while cursor := first["meta"].get("nextCursor"):
        first = wm1.get("/v3/inventories", limit="5", nextCursor=cursor)
        own += first["elements"]["inventories"]
    warehoused = wm1.get("/v3/fulfillment/inventory", limit="300")
    assert len(items) == len(set(items)) == wm1.get("/v3/items")["totalItems"]
    skus = [record["sku"] for record in (*own, *warehoused["payload"]["inventory"])]
    assert sorted(skus) == sorted(items)
    assert warehoused["headers"]["totalCount"] == len(warehoused["payload"]["inventory"])
    assert refusal(wm1.ask("/v3/inventories", nextCursor="x"))[0] == 400
    assert refusal(wm1.ask("/v3/items", limit="51"))[0] == 400


def test_a_pushed_quantity_is_shown_and_wfs_quantities_cannot_be_pushed(wm1: Wire) -> None:
    own = wm1.get("/v3/inventories", limit="1")["elements"]["inventories"][0]["sku"]
    warehoused = wm1.get("/v3/fulfillment/inventory")["payload"]["inventory"][0]["sku"]

    def push(sku: str, amount: Any, inner: str | None = None) -> httpx.Response:
        body = {"sku": inner or sku, "quantity": {"unit": "EACH", "amount": amount}}
        return wm1.ask("/v3/inventory", body, "PUT", sku=sku)

    assert push(own, 77).json() == {"sku": own, "quantity": {"unit": "EACH", "amount": 77}}
    assert wm1.get("/v3/inventory", sku=own)["quantity"]["amount"] == 77
    assert wm1.get("/v3/inventories", limit="1")["elements"]["inventories"][0]["nodes"][0]["inputQty"]["amount"] == 77
    assert refusal(push("nothing", 1)) == (404, "CONTENT_NOT_FOUND.GMP_INVENTORY_API")
    for answer in (push(warehoused, 1), push(own, -1), push(own, 1.5), push(own, True), push(own, 1, "other")):
        assert refusal(answer) == (400, "INVALID_REQUEST_CONTENT.GMP_INVENTORY_API")


def test_returns_are_paged_by_query_string_and_those_of_wfs_are_listed_apart(wm1: Wire) -> None:
    def read(**params: str) -> list[Json]:
        page = wm1.get("/v3/returns", limit="3", **params)
        found: list[Json] = page["returnOrders"]
        while cursor := page["meta"]["nextCursor"]:
            assert cursor.startswith("?sellerId=10001234567&limit=3&offset=")
            page = wm1.get(f"/v3/returns{cursor}")
            found += page["returnOrders"]
        assert page["meta"]["totalCount"] == len(found)
        return found

    own, warehoused = read(), read(isWFSEnabled="Y")
    shippers = {order["orderId"]: order["fulfilledBy"] for order in wm1.truth().values()}
    for returns, shipper in ((own, "MERCHANT"), (warehoused, "AMAZON")):
        assert {shippers[record["returnOrderLines"][0]["purchaseOrderId"]] for record in returns} == {shipper}
    late = read(isWFSEnabled="Y", returnLastModifiedStartDate="2026-05-01T00:00:00Z")
    assert 0 < len(late) < len(warehoused)
    assert refusal(wm1.ask("/v3/returns", sellerId="1"))[0] == 400


def test_a_report_is_text_in_every_cell_and_adds_up(wm1: Wire) -> None:
    path = "/v3/report/reconreport"
    days = wm1.get(f"{path}/availableReconFiles", reportVersion="v1")["availableApReportDates"]
    assert len(days) >= 4
    rows, offset = [], 0
    while True:
        page = wm1.get(f"{path}/reconFileJson", reportDate=days[-1], offset=str(offset), noOfRecords="20")
        if not page["reportData"]:
            break
        assert page["totalRecords"] == len(page["reportData"]) <= 20
        rows += page["reportData"]
        offset = page["nextOffset"]
    assert all(isinstance(cell, str) for row in rows for cell in row.values())
    summary, *others = rows
    cents = {row["Amount"]: round(float(row["Amount"]) * 100) for row in others}
    assert sum(cents[row["Amount"]] for row in others) == round(float(summary["Total Payable"]) * 100)
    assert '""' in {cell for row in others for cell in row.values()}
    asked = {"reportDate": days[-1]}
    assert refusal(wm1.ask(f"{path}/reconFileJson", **asked, offset="1"))[0] == 400
    assert refusal(wm1.ask(f"{path}/reconFileJson", **{**asked, "reportDate": "01011999"}))[0] == 404
    assert refusal(wm1.ask(f"{path}/availableReconFiles"))[0] == 400


def test_faults_speak_walmart_s_language(tmp_path: Path) -> None:
    codes = {"quota_429": "REQUEST_THRESHOLD_VIOLATED", "error_503": "SYSTEM_ERROR"}
    with running_sandbox(tmp_path, *WORLD) as url:
        for fault, code in codes.items():
            httpx.post(f"{url}/_control/faults", json={"faults": {"all": 0, fault: 1}}).raise_for_status()
            answer = Wire(url, "wm1").ask_token()
            assert refusal(answer) == (int(fault[-3:]), f"{code}.GMP_GATEWAY_API")


def test_notifications_tell_of_new_and_cancelled_orders_with_the_account_s_proof(side: Side, wm1: Wire) -> None:
    since, until = parse("2026-03-02T00:00:00Z"), parse("2026-05-08T00:00:00Z")
    told = side.pushes(ACCOUNTS["WM1"], since, until)
    bodies = [json.loads(push.body) for push in told]
    created = {body["payload"]["purchaseOrderId"] for body in bodies if body["source"]["eventType"] == "PO_CREATED"}
    world = wm1.truth()
    assert created == {order["orderId"] for order in world.values() if since <= parse(order["createdTime"]) < until}
    kinds = {body["source"]["eventType"] for body in bodies}
    assert kinds == {"PO_CREATED", "PO_LINE_AUTOCANCELLED"}
    assert len({body["source"]["eventId"] for body in bodies}) == len(bodies)
    times = [body["source"]["eventTime"] for body in bodies]
    assert times == sorted(times)
    proof = "Basic " + base64.b64encode(b"sandbox-client-wm1:sandbox-secret-wm1").decode()
    assert {push.headers["Authorization"] for push in told} == {proof}
    assert side.pushes(ACCOUNTS["WM1"], since, until) == told


@pytest.fixture
def side() -> Side:
    """The side in this process, on the same world."""
    from linkstar_pipelines.sandbox.app import _bench

    return Side(_bench(parse_options(WORLD)))
