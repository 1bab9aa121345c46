"""Amazon's queue in the sandbox: AWS's signature, messages in the official form, hidden while worked on, deleted."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from linkstar_pipelines.sandbox.amazon.queue import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from linkstar_pipelines.sandbox.amazon.sigv4 import signature
from tests.support import running_sandbox, shared_path, world_orders

CLIENT = httpx.Client()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    flags = ("--accounts", "NA", "--orders-per-day", "6", "--products", "20", "--rate-scale", "100000",
             "--opens", "2026-05-10", "--clock", "frozen:2026-05-13T22:00:00Z")  # fmt: skip
    with running_sandbox(tmp_path_factory.mktemp("queue"), *flags) as url:
        yield url


def ask(url: str, operation: str, secret: str = SECRET_ACCESS_KEY, **asked: Any) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"QueueUrl": f"{url}/000000000000/na-notifications", **asked}).encode()
    headers = {"X-Amz-Target": f"AmazonSQS.{operation}", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", f"{url}/", headers, body)
    SigV4Auth(Credentials(ACCESS_KEY_ID, secret), "sqs", "us-east-1").add_auth(request)
    answer = CLIENT.post(f"{url}/", headers=dict(request.headers.items()), content=body)
    return answer.status_code, answer.json()


def test_the_signature_is_that_of_awss_published_vectors() -> None:
    secret, scope = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830/us-east-1/service/aws4_request"
    headers = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
    vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    posted = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
    assert signature(secret, scope, "GET", "/", headers, b"") == vanilla
    assert signature(secret, scope, "POST", "/", headers, b"") == posted


def test_whoever_does_not_sign_is_refused(url: str) -> None:
    assert ask(url, "ReceiveMessage", secret="wrong")[0] == 403  # noqa: S106
    assert httpx.post(f"{url}/", content=b"{}").status_code == 403


def test_messages_are_order_changes_in_the_official_form(url: str) -> None:
    schema = shared_path("contracts", "amazon", "schemas-notifications", "OrderChangeNotification.json")
    _, answer = ask(url, "ReceiveMessage", MaxNumberOfMessages=10, VisibilityTimeout=0)
    assert len(answer["Messages"]) == 10
    for message in answer["Messages"]:
        jsonschema.validate(json.loads(message["Body"]), json.loads(schema.read_text()))


def test_messages_are_hidden_while_worked_on_and_gone_once_deleted(url: str) -> None:
    orders = {order["orderId"] for order in world_orders(url, "NA")}
    seen: set[str] = set()
    told: list[str] = []
    while messages := ask(url, "ReceiveMessage", MaxNumberOfMessages=10, VisibilityTimeout=600)[1].get("Messages"):
        assert not seen & {message["MessageId"] for message in messages}
        seen |= {message["MessageId"] for message in messages}
        bodies = [json.loads(message["Body"]) for message in messages]
        told += [body["NotificationMetadata"]["NotificationId"] for body in bodies]
        changes = [body["Payload"]["OrderChangeNotification"] for body in bodies]
        assert {change["AmazonOrderId"] for change in changes} <= orders
        entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
        assert ask(url, "DeleteMessageBatch", Entries=entries)[1]["Failed"] == []
    assert len(told) > len(set(told)), "some come twice"
    assert ask(url, "ReceiveMessage", VisibilityTimeout=0) == (200, {})
