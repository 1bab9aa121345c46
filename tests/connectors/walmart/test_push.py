"""Walmart's notifications: which are believed, and what they say."""

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Push, PushEvent, PushRefusedError
from linkstar_pipelines.connectors.walmart.push import receive
from linkstar_pipelines.connectors.walmart.signing import body_signatures, timed_signature
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.walmart.support import walmart_store
from tests.support import TOKEN_KEY

BASIC = walmart_store(webhook_user="hook", webhook_password=SecretStr("word"))
HMAC = walmart_store(webhook_secret=SecretStr("secret"))
PROOF = {"authorization": "Basic " + base64.b64encode(b"hook:word").decode()}
URL = "https://linkstar.example.com/hooks/walmart?store=wm1"
CREATED = {
    "source": {"eventType": "PO_CREATED", "eventTime": "2026-05-13T01:02:03.000Z", "eventId": "e-1"},
    "payload": {"partnerId": "10001234567", "purchaseOrderId": "1796277083022", "orderLines": []},
}


@pytest.fixture(scope="module")
def http(wire_database: Postgres) -> Iterator[HttpCore]:
    """A core; no notification needs it."""
    with HttpCore(wire_database, timeout=1, max_attempts=1, max_wait=1, token_key=TOKEN_KEY) as core:
        yield core


def push(body: Any, headers: dict[str, str]) -> Push:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Push("POST", URL, headers, content)


def test_a_created_order_is_told_with_its_event_id(http: HttpCore) -> None:
    (event,) = receive(BASIC, http, push(CREATED, PROOF))
    assert event == PushEvent(
        event_id="e-1",
        account="10001234567",
        stream=Stream.ORDERS,
        record_id="1796277083022",
        changed_at=datetime(2026, 5, 13, 1, 2, 3, tzinfo=UTC),
        topic="PO_CREATED",
    )


@pytest.mark.parametrize(
    ("event_type", "payload", "told"),
    [
        (
            "ORDER_UPDATES",
            {"meta": {"subEventType": "INTENT_TO_CANCEL"}, "order": {"purchaseOrderId": "7"}},
            (Stream.ORDERS, "7", "ORDER_UPDATES/INTENT_TO_CANCEL"),
        ),
        ("PO_LINE_AUTOCANCELLED", {"purchaseOrderId": "7"}, (Stream.ORDERS, "7", "PO_LINE_AUTOCANCELLED")),
        ("RETURN_CREATED", {"returnOrders": [{"returnOrderId": "9"}]}, (Stream.RETURNS, "9", "RETURN_CREATED")),
        ("INVENTORY_OOS", {"sku": "A"}, (Stream.INVENTORY, "A", "INVENTORY_OOS")),
        ("OFFER_UNPUBLISHED", {"sku": "A"}, (Stream.LISTINGS, "A", "OFFER_UNPUBLISHED")),
        ("REPORT_STATUS", {"requestId": "r"}, (None, None, "REPORT_STATUS")),
    ],
)
def test_every_kind_of_event_names_its_stream_and_record(
    event_type: str, payload: dict[str, Any], told: tuple[Stream | None, str | None, str], http: HttpCore
) -> None:
    source = {"eventType": event_type, "eventTime": "2026-05-13T01:02:03Z", "eventId": "e"}
    (event,) = receive(BASIC, http, push({"source": source, "payload": payload}, PROOF))
    assert (event.stream, event.record_id, event.topic) == told


@pytest.mark.parametrize("place", [0, 1], ids=["hex", "base64"])
def test_an_hmac_of_the_body_is_proof(place: int, http: HttpCore) -> None:
    content = json.dumps(CREATED).encode()
    proof = body_signatures(SecretStr("secret"), content)[place]
    assert receive(HMAC, http, push(content, {"authorization": proof}))
    with pytest.raises(PushRefusedError, match="LINKSTAR_WALMART_WM1_WEBHOOK_SECRET"):
        receive(HMAC, http, push(content + b" ", {"authorization": proof}))


def timed(content: bytes, age: int = 0) -> dict[str, str]:
    timestamp = str(int(time.time()) - age)
    signature = timed_signature(SecretStr("secret"), "POST", "/hooks/walmart?store=wm1", timestamp, content)
    return {"wm_sec.timestamp": timestamp, "wm_sec.signature": signature}


def test_a_timed_signature_is_proof_while_it_is_young(http: HttpCore) -> None:
    content = json.dumps(CREATED).encode()
    assert receive(HMAC, http, push(content, timed(content)))
    with pytest.raises(PushRefusedError, match="older than 15 minutes"):
        receive(HMAC, http, push(content, timed(content, age=3600)))
    with pytest.raises(PushRefusedError, match="signature"):
        receive(HMAC, http, push(content.replace(b"PO_C", b"PO_D"), timed(content)))


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Basic aG9vazp3b3Jvbmc="}, {"authorization": "word"}, {"authorization": "Basic é"}],
)
def test_a_wrong_or_missing_password_is_refused_without_showing_the_right_one(
    headers: dict[str, str], http: HttpCore
) -> None:
    with pytest.raises(PushRefusedError, match="does not prove") as caught:
        receive(BASIC, http, push(CREATED, headers))
    assert "word'" not in str(caught.value)


def test_a_store_without_webhook_settings_believes_nothing(http: HttpCore) -> None:
    with pytest.raises(PushRefusedError, match="LINKSTAR_WALMART_WM1_WEBHOOK_PASSWORD"):
        receive(walmart_store(), http, push(CREATED, PROOF))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"source": {}}', b'{"source": {"eventType": "PO_CREATED"}, "payload": 1}']
)
def test_what_is_no_notification_is_refused(body: bytes, http: HttpCore) -> None:
    with pytest.raises(PushRefusedError, match="form"):
        receive(BASIC, http, push(body, PROOF))
