"""Amazon's notifications: each type as the official examples write it, and the queue that they come from."""

import json
from typing import Any

import httpx
import pytest

from linkstar_pipelines.connectors.amazon.push import receive
from linkstar_pipelines.connectors.amazon.queue import SqsQueue, open_queue
from linkstar_pipelines.connectors.errors import CredentialError, RequestRejectedError
from linkstar_pipelines.connectors.platform import Push, PushEvent, PushRefusedError
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.conftest import MakeCore
from tests.connectors.support import Script, amazon_store, reply, utc
from tests.support import shared_path

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
STORE = amazon_store("na", "https://amazon.test", queue_url=URL)
SELLER = "A3TH9S8BH6GOGM"


def example(schema: str) -> dict[str, Any]:
    """The first example of an official schema."""
    document = json.loads(shared_path("contracts", "amazon", "schemas-notifications", f"{schema}.json").read_text())
    first: dict[str, Any] = document["examples"][0]
    return first


def events(message: Any, seller: str = SELLER, method: str = "SQS") -> list[PushEvent]:
    store = STORE.model_copy(update={"seller_id": seller})
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return list(receive(store, None, Push(method, URL, {}, body)))  # type: ignore[arg-type]  # asks nobody


def test_an_order_change_names_the_order_and_when_it_changed() -> None:
    changed_at = utc(2022, 11, 29, 19).replace(minute=42, second=4, microsecond=284000)
    assert events(example("OrderChangeNotification")) == [
        PushEvent("d0e9e693-c3ad-4373-979f-ed4ec98dd746", SELLER, Stream.ORDERS, "903-8868176-2219830", changed_at,
                  "ORDER_CHANGE")
    ]  # fmt: skip


def test_a_change_without_an_instant_of_its_own_is_dated_by_its_event() -> None:
    message = example("OrderChangeNotification")
    message["Payload"]["OrderChangeNotification"]["OrderChangeTrigger"]["TimeOfOrderChange"] = None
    (event,) = events(message)
    assert event.changed_at == utc(2020, 1, 11).replace(minute=9, second=53, microsecond=109000)


@pytest.mark.parametrize(
    ("schema", "seller", "stream", "record"),
    [
        ("ListingsItemMfnQuantityChange", "AXXXXXXXXXXXXX", Stream.LISTINGS, "NLS-SHOES-03"),
        ("ItemInventoryEventChangeNotification", SELLER, Stream.INVENTORY, None),
        ("TransactionUpdateNotification", SELLER, Stream.FINANCES, None),
        ("ReportProcessingFinishedNotification", SELLER, None, None),
    ],
)
def test_names_in_either_case_are_read(schema: str, seller: str, stream: Stream | None, record: str | None) -> None:
    (event,) = events(example(schema), seller)
    assert (event.stream, event.record_id) == (stream, record)
    assert event.event_id
    assert event.changed_at is not None


def test_another_sellers_notification_is_refused() -> None:
    message = {
        "NotificationType": "ORDER_CHANGE", "NotificationMetadata": {"NotificationId": "n"},
        "Payload": {"OrderChangeNotification": {"SellerId": SELLER, "AmazonOrderId": "1"}},
    }  # fmt: skip
    assert events(message)[0].record_id == "1"
    with pytest.raises(PushRefusedError, match="another seller than LINKSTAR_AMAZON_NA_SELLER_ID"):
        events(message, "A1OTHER")
    with pytest.raises(PushRefusedError, match="never over HTTP"):
        events(message, method="POST")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"NotificationType": "X", "Payload": {}}', b"\xff"])
def test_what_is_no_notification_is_refused(body: bytes) -> None:
    with pytest.raises(PushRefusedError, match=r"no notification of Amazon's\. .* LINKSTAR_AMAZON_NA_QUEUE_URL"):
        events(body)


@pytest.fixture
def queue(make_core: MakeCore, monkeypatch: pytest.MonkeyPatch) -> SqsQueue:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret-key")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-session-token")
    found = open_queue(STORE, make_core())
    assert found is not None
    return found


def test_the_queue_is_asked_for_ten_messages_signed_for_its_region(queue: SqsQueue, script: Script) -> None:
    script.steps = [reply({"Messages": [{"Body": "{}", "ReceiptHandle": "r1"}]}), reply({})]
    (taken,) = queue.receive()
    assert (taken.push.method, taken.push.body, taken.receipt) == ("SQS", b"{}", "r1")
    assert queue.receive() == []
    request = script.requests[0]
    assert str(request.url) == "https://sqs.eu-west-1.amazonaws.com/"
    assert request.headers["x-amz-target"] == "AmazonSQS.ReceiveMessage"
    assert json.loads(request.content) == {"QueueUrl": URL, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 20}
    assert "/eu-west-1/sqs/aws4_request" in request.headers["authorization"]
    assert request.headers["x-amz-security-token"] == "the-session-token"


def test_what_was_kept_is_deleted_by_its_receipt(queue: SqsQueue, script: Script) -> None:
    script.steps = [reply({"Messages": [{"Body": "{}", "ReceiptHandle": f"r{n}"} for n in (1, 2)]}), reply({})]
    queue.delete(queue.receive())
    assert script.requests[1].headers["x-amz-target"] == "AmazonSQS.DeleteMessageBatch"
    entries = json.loads(script.requests[1].content)["Entries"]
    assert entries == [{"Id": "0", "ReceiptHandle": "r1"}, {"Id": "1", "ReceiptHandle": "r2"}]


def test_refused_credentials_name_the_variables_and_no_secret(queue: SqsQueue, script: Script) -> None:
    words = "should have been: x-amz-security-token:the-session-token, key the-secret-key"
    refusal = {"__type": "com.amazon.coral.service#InvalidSignatureException", "message": words}
    script.steps = [reply(refusal, 403)]
    with pytest.raises(CredentialError, match="AWS_SECRET_ACCESS_KEY") as caught:
        queue.receive()
    assert "the-se" not in str(caught.value) + str(caught.value.__cause__)


def test_a_queue_that_does_not_exist_is_said_to(queue: SqsQueue, script: Script) -> None:
    script.steps = [reply({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no such queue"}, 400)]
    with pytest.raises(RequestRejectedError, match="QueueDoesNotExist: no such queue"):
        queue.receive()


def test_without_credentials_or_region_the_variables_are_named(
    make_core: MakeCore, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    with pytest.raises(CredentialError, match=r"no AWS credentials for the queue\. Check AWS_ACCESS_KEY_ID"):
        SqsQueue(STORE, make_core(), URL).receive()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret-key")
    with pytest.raises(CredentialError, match="set AWS_DEFAULT_REGION"):
        SqsQueue(STORE, make_core(), "https://queues.example.com/123456789012/orders").receive()
    assert script.requests == []


def test_an_answer_that_is_no_queues_is_not_taken_for_an_empty_one(queue: SqsQueue, script: Script) -> None:
    script.steps = [reply({"Messages": [{"Body": 1}]}), httpx.Response(200, content=b"<html>"), reply({})]
    assert queue.receive() == []
    assert len(script.requests) == 3


def test_a_store_without_a_queue_has_none(make_core: MakeCore) -> None:
    assert open_queue(amazon_store("na", "https://amazon.test"), make_core()) is None
