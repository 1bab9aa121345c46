"""The Walmart client against scripted answers: tokens, headers, the former platform, and writes."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.errors import (
    CredentialError,
    UnreachableError,
)
from linkstar_pipelines.connectors.platform import Parcel, StockChange
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
    read,
    status,
    walmart_store,
)
from tests.connectors.walmart.test_signing import EXAMPLE_KEY

NONE = orders_page()


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
