"""The SQS queue that Amazon delivers notifications to.

Belongs here: the calls to the queue (SQS JSON protocol, AWS Signature Version 4 by botocore) and its credentials.
Does not belong here: what a message says (`push.py`), or when the queue is asked (`operations/receive.py`).

Credentials and region come from the standard AWS_* variables, or from what else the AWS SDKs look at (profile, role of
the machine). They belong to the queue, not to the seller.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.push import QUEUE
from linkstar_pipelines.connectors.errors import CredentialError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Push, QueuedPush
from linkstar_pipelines.connectors.request import DecodeError, Headers, Request, read_json
from linkstar_pipelines.settings import AmazonStore

AT_ONCE: Final = 10  # the most that SQS gives, and deletes, in one call
WAIT_SECONDS: Final = 20  # the longest that SQS lets wait for a message (long polling)
_REFUSALS: Final = frozenset({
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "IncompleteSignature", "InvalidClientTokenId",
    "InvalidSecurity", "InvalidSignatureException", "MissingAuthenticationToken", "SignatureDoesNotMatch",
    "UnrecognizedClientException",
})  # fmt: skip
_REGION: Final = re.compile(r"\bsqs[.-]([a-z0-9-]+)\.|^([a-z0-9-]+)\.queue\.")


class SqsQueue:
    """One queue; its calls go through the HTTP core, under the name of a store that uses it."""

    def __init__(self, store: AmazonStore, http: HttpCore, url: str) -> None:
        from botocore.session import get_session  # half a second: only where there is a queue

        self._store = store
        self._http = http
        self._session = get_session()
        self._credentials: Any = None
        self.url = url

    def receive(self) -> Sequence[QueuedPush]:
        """Take up to ten messages, waiting up to 20 seconds for one; the queue hides them from others meanwhile.

        Raises:
            CredentialError: there are no AWS credentials or no region, or the queue does not accept them.
            ConnectorError: the queue does not answer, or refuses.
        """
        asked = {"MaxNumberOfMessages": AT_ONCE, "WaitTimeSeconds": WAIT_SECONDS}
        messages = self._call("ReceiveMessage", asked).get("Messages") or []
        return [
            QueuedPush(Push(QUEUE, self.url, {}, message["Body"].encode()), message["ReceiptHandle"])
            for message in messages
        ]

    def delete(self, taken: Sequence[QueuedPush]) -> None:
        """Have the queue forget up to ten messages; one that it fails to forget comes again, which does no harm.

        Raises:
            CredentialError: the queue does not accept the credentials.
            ConnectorError: the queue does not answer, or refuses.
        """
        entries = [{"Id": str(number), "ReceiptHandle": queued.receipt} for number, queued in enumerate(taken)]
        self._call("DeleteMessageBatch", {"Entries": entries})

    def _call(self, operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        credentials, region = self._access(operation)
        place = urlsplit(self.url)

        def sign(request: Request) -> Request:
            unsigned = AWSRequest(request.method, request.url, dict(request.headers), request.body)
            SigV4Auth(credentials.get_frozen_credentials(), "sqs", region).add_auth(unsigned)
            return replace(request, headers=dict(unsigned.headers.items()))

        known = credentials.get_frozen_credentials()
        request = Request(
            platform=op.PLATFORM,
            store=self._store.name,
            operation=operation,
            method="POST",
            url=f"{place.scheme}://{place.netloc}/",
            headers={"X-Amz-Target": f"AmazonSQS.{operation}", "Content-Type": "application/x-amz-json-1.0"},
            body=json.dumps({"QueueUrl": self.url, **asked}).encode(),
            secrets=tuple(SecretStr(text) for text in (known.secret_key, known.token) if text),
            decode=_decode,
            sign=sign,
            request_id_header=op.REQUEST_ID_HEADER,
            explain=_explain,
        )
        try:
            answer: dict[str, Any] = self._http.call(request).data
        except RequestRejectedError as error:
            if error.code not in _REFUSALS:
                raise
            words = f"AWS does not accept the credentials for the queue ({error.code})"
            raise self._refused(operation, words) from error
        return answer

    def _access(self, operation: str) -> tuple[Any, str]:
        """Return the credentials, which renew themselves, and the queue's region."""
        self._credentials = self._credentials or self._session.get_credentials()
        if self._credentials is None:
            raise self._refused(operation, "there are no AWS credentials for the queue")
        found = _REGION.search(urlsplit(self.url).netloc)
        region = found[1] or found[2] if found else self._session.get_config_variable("region")
        if not region:
            raise self._refused(operation, "the queue's address names no region; set AWS_DEFAULT_REGION, then")
        return self._credentials, str(region)

    def _refused(self, operation: str, words: str) -> CredentialError:
        return CredentialError(
            f"{words}. Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the profile or role), that they may "
            f"receive and delete messages, and {self._store.variable('queue_url')}.",
            platform=op.PLATFORM, store=self._store.name, operation=operation,
        )  # fmt: skip


def open_queue(store: AmazonStore, http: HttpCore) -> SqsQueue | None:
    """Return the queue of a store's notifications; None for a store without one."""
    return SqsQueue(store, http, store.queue_url) if store.queue_url else None


def _decode(body: bytes, _: Headers) -> dict[str, Any]:
    document = read_json(body)
    messages = document.get("Messages") or [] if isinstance(document, dict) else None
    if not isinstance(messages, list) or not all(
        isinstance(message, dict)
        and isinstance(message.get("Body"), str)
        and isinstance(message.get("ReceiptHandle"), str)
        for message in messages
    ):
        raise DecodeError("the answer is not in the form of an SQS queue's")
    return dict(document)


def _explain(document: Any) -> tuple[str, str]:
    """Read an error of the JSON protocol; its type may carry a namespace before `#`."""
    if not isinstance(document, dict):
        return "", ""
    return str(document.get("__type", "")).rpartition("#")[2], str(document.get("message") or document.get("Message"))
