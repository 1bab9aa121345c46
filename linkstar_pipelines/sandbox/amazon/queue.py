"""An SQS queue per account, into which Amazon puts its notifications.

Here: ReceiveMessage with its visibility timeout, DeleteMessage and DeleteMessageBatch in SQS's JSON protocol, signed
with the sandbox's AWS credentials. As in a standard queue, messages come in no order, and a tenth of them twice.
Not here: what a notification says (see `notifications`), the signature (see `sigv4`).
"""

import hashlib
import hmac
import json
import re
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from linkstar_pipelines.sandbox.amazon.notifications import order_change
from linkstar_pipelines.sandbox.amazon.sigv4 import signature
from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.search import END
from linkstar_pipelines.sandbox.wire import Json, RefusedError, Reply, to_json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account
from linkstar_pipelines.sandbox.world.instants import DAY, MINUTE
from linkstar_pipelines.sandbox.world.order import Order

ACCESS_KEY_ID = "AKIALINKSTARSANDBOX1"
SECRET_ACCESS_KEY = "sandbox-secret-of-the-queues"  # noqa: S105 - documented, opens nothing else
RETENTION = 4 * DAY
"""How long a queue keeps a message, unless told otherwise."""
VISIBILITY_SECONDS = 30
MOST_AT_ONCE = 10
TWICE_SHARE = 0.1
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+/sqs/aws4_request), ?SignedHeaders=([^,]+), ?Signature=(\w+)"
)
_MEDIA_TYPE = "application/x-amz-json-1.0"


class QueueError(RefusedError):
    """A refusal in SQS's JSON protocol."""

    def __init__(self, status: int, code: str, message: str) -> None:
        body = {"__type": f"com.amazonaws.sqs#{code}", "message": message}
        super().__init__(Reply(body, status, media_type=_MEDIA_TYPE), message)


class QueueDesk:
    """The queues of all of Amazon's accounts: `<sandbox>/000000000000/<account>-notifications`."""

    def __init__(self, bench: Bench) -> None:
        self._world = bench.world
        self._clock = bench.clock
        self._accounts = {
            f"/000000000000/{account.code.lower()}-notifications": account for account in bench.accounts("amazon")
        }
        self._hidden_until: dict[str, float] = {}
        self._receipts: Counter[str] = Counter()
        self._deleted: set[str] = set()

    def answer(self, request: Request, body: bytes) -> Reply:
        """Answer a call to a queue; which one stands in the body."""
        _check_signature(request, body)
        operations: dict[str, Callable[[Account, Json], Json]] = {
            "AmazonSQS.ReceiveMessage": self._receive,
            "AmazonSQS.DeleteMessage": self._delete,
            "AmazonSQS.DeleteMessageBatch": self._delete_batch,
        }
        operation = operations.get(request.headers.get("x-amz-target", ""))
        if operation is None:
            raise QueueError(400, "UnknownOperationException", "The action is not valid for this endpoint.")
        asked = json.loads(body)
        account = self._accounts.get(re.sub(r"^https?://[^/]+", "", str(asked.get("QueueUrl"))))
        if account is None:
            raise QueueError(400, "QueueDoesNotExist", "The specified queue does not exist.")
        return Reply(content=to_json(operation(account, asked)).encode(), media_type=_MEDIA_TYPE)

    def _receive(self, account: Account, asked: Json) -> Json:
        wanted = _number(asked, "MaxNumberOfMessages", 1, 1, MOST_AT_ONCE)
        hidden = _number(asked, "VisibilityTimeout", VISIBILITY_SECONDS, 0, 12 * 60 * 60)
        now, given = time.monotonic(), list[Json]()
        for identity, order, index in self._messages(account):
            if len(given) == wanted:
                break
            if identity in self._deleted or self._hidden_until.get(identity, 0) > now:
                continue
            self._hidden_until[identity] = now + hidden
            self._receipts[identity] += 1
            text = to_json(order_change(order, index))
            given.append({
                "MessageId": identity,
                "ReceiptHandle": f"{identity}#{self._receipts[identity]}",
                "MD5OfBody": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
                "Body": text,
            })  # fmt: skip
        return {"Messages": given} if given else {}

    def _delete(self, _account: Account, asked: Json) -> Json:
        self._forget(asked.get("ReceiptHandle"))
        return {}

    def _delete_batch(self, _account: Account, asked: Json) -> Json:
        entries: list[Json] = asked.get("Entries") or []
        if not 1 <= len(entries) <= MOST_AT_ONCE:
            raise QueueError(400, "TooManyEntriesInBatchRequest", "A batch holds 1 to 10 entries.")
        for entry in entries:
            self._forget(entry.get("ReceiptHandle"))
        return {"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []}

    def _forget(self, receipt: Any) -> None:
        identity = str(receipt).partition("#")[0]
        if identity not in self._receipts:
            raise QueueError(400, "ReceiptHandleIsInvalid", "The specified receipt handle is not valid.")
        self._deleted.add(identity)

    def _messages(self, account: Account) -> list[tuple[str, Order, int]]:
        """Return the messages of the last four days in no order: id, order, and index of its version."""
        now = self._clock.now()
        store = self._world.reach(now).store(account.code)
        first, last = (bisect_right(store.updates, (at, END, END)) for at in (now - RETENTION, now))
        found = []
        for _, rank, index in store.updates[first:last]:
            order = store.by_rank[rank]
            copies = 2 if chance.unit("queue twice", order.id, index) < TWICE_SHARE else 1
            found += [(chance.digits("queue", order.id, index, copy), order, index) for copy in range(copies)]
        return sorted(found, key=lambda message: message[0])


def _number(asked: Json, name: str, default: int, low: int, high: int) -> int:
    value = asked.get(name, default)
    if not isinstance(value, int) or not low <= value <= high:
        raise QueueError(400, "InvalidParameterValue", f"{name} must be from {low} to {high}.")
    return value


def _check_signature(request: Request, body: bytes) -> None:
    """Refuse a request that is not signed with the sandbox's AWS credentials, or was signed long ago."""
    signed = _SIGNED.fullmatch(request.headers.get("authorization", ""))
    if signed is None:
        raise QueueError(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    key_id, scope, names, given = signed.groups()
    if key_id != ACCESS_KEY_ID:
        raise QueueError(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
    headers = {name: request.headers.get(name, "") for name in names.split(";")}
    if not {"host", "x-amz-date"} <= headers.keys():
        raise QueueError(403, "IncompleteSignature", "'Host' and 'X-Amz-Date' must be signed.")
    signed_at = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs(signed_at.timestamp() - time.time()) > 15 * MINUTE:
        raise QueueError(403, "InvalidSignatureException", "Signature expired.")
    expected = signature(SECRET_ACCESS_KEY, scope, request.method, request.url.path, headers, body)
    if not hmac.compare_digest(expected, given):
        raise QueueError(403, "InvalidSignatureException", "The request signature we calculated does not match.")
