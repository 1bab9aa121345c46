"""Calling Amazon's operations for one store: access token, page tokens, refusals.

Belongs here: what every operation needs, whatever it is about.
Does not belong here: parameters and meaning of an operation (`client.py`, `reports.py`), or credentials (`auth.py`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import httpx

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.auth import AmazonAuth
from linkstar_pipelines.connectors.amazon.operations import Operation
from linkstar_pipelines.connectors.errors import CredentialError, MalformedAnswerError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Payload
from linkstar_pipelines.connectors.request import Answer, Request, json_with
from linkstar_pipelines.domain.observations import canonical_json
from linkstar_pipelines.settings import AmazonStore

_USER_AGENT: Final = "LinkStarPipelines/0.1 (Language=Python)"
_MOST_TOKEN_REPEATS: Final = 25  # a faulty platform may serve a page again; an endless circle it must not become
_REFUSED: Final = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN})


class AmazonCalls:
    """Calls of one store. Every method raises the errors of `HttpCore.call`."""

    def __init__(self, store: AmazonStore, http: HttpCore) -> None:
        self.store = store
        self.http = http
        self._auth = AmazonAuth(store, http)
        self._dated: datetime | None = None

    @property
    def present(self) -> datetime:
        """Amazon's own clock by the date of its newest answer; ours while there is none."""
        return self._dated or datetime.now(UTC)

    def call(
        self,
        operation: Operation,
        params: Mapping[str, str],
        *path: str,
        body: Mapping[str, Any] | None = None,
        asked: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call with the current access token; if Amazon refuses the token, once more with a fresh one.

        Args:
            operation: What is called.
            params: Query parameters.
            path: Values of the path's placeholders, in order.
            body: JSON body, for operations that take one.
            asked: What is kept beside the answer (`Request.asked`).

        Raises:
            CredentialError: Amazon refuses the operation even with a fresh token.
        """
        token = self._auth.token()
        request = Request(
            platform=op.PLATFORM,
            store=self.store.name,
            operation=operation.name,
            method=operation.method,
            url=self.store.endpoint.rstrip("/") + operation.path.format(*(quote(part, safe="") for part in path)),
            params=params,
            headers=_headers(token.get_secret_value(), json_body=body is not None),
            body=canonical_json(body).encode() if body is not None else None,
            idempotent=operation.idempotent,
            plan=operation.plan,
            asked=asked or {},
            public_params=op.PUBLIC_PARAMS,
            secrets=(token, self.store.client_secret, self.store.refresh_token),
            decode=json_with(*operation.required) if operation.required else lambda _body, _headers: {},
            quota_header=op.RATE_HEADER,
            request_id_header=op.REQUEST_ID_HEADER,
            explain=op.explain_error,
        )
        try:
            return self._noted(self.http.call(request))
        except RequestRejectedError as error:
            if error.status not in _REFUSED:
                raise
        fresh = self._auth.token(not_this=token)
        headers = _headers(fresh.get_secret_value(), json_body=body is not None)
        request = replace(request, headers=headers, secrets=(fresh, *request.secrets))
        try:
            return self._noted(self.http.call(request))
        except RequestRejectedError as error:
            if error.status not in _REFUSED:
                raise
            raise self._not_allowed(error) from None

    def pages(
        self,
        operation: Operation,
        params: Mapping[str, str],
        token_param: str,
        next_token: Callable[[Payload], str | None],
        *path: str,
        asked: Mapping[str, str] | None = None,
    ) -> Iterator[Payload]:
        """Follow page tokens to the end of a listing; every original parameter is repeated beside the token.

        Raises:
            MalformedAnswerError: the same token comes back again and again.
        """
        token: str | None = None
        repeats: dict[str, int] = {}
        while True:
            answer = self.call(operation, {**params, token_param: token} if token else params, *path, asked=asked)
            yield answer.data
            token = next_token(answer.data)
            if not token:
                return
            repeats[token] = repeats.get(token, 0) + 1
            if repeats[token] > _MOST_TOKEN_REPEATS:
                raise MalformedAnswerError(
                    "the same page token came back again and again; the listing has no end. Run it later.",
                    platform=op.PLATFORM, store=self.store.name, operation=operation.name, trace_id=answer.trace_id,
                )  # fmt: skip

    def _noted(self, answer: Answer) -> Answer:
        self._dated = answer.server_time or self._dated
        return answer

    def _not_allowed(self, error: RequestRejectedError) -> CredentialError:
        prefix = f"LINKSTAR_AMAZON_{self.store.name.upper()}"
        return CredentialError(
            f"Amazon refuses the operation even with a fresh access token ({error.status} {error.code}). Check that "
            f"{prefix}_MARKETPLACE_IDS, {prefix}_SELLER_ID and {prefix}_ENDPOINT belong to the account of "
            f"{prefix}_REFRESH_TOKEN, and that the application has the role for this operation.",
            platform=error.platform, store=error.store, operation=error.operation, trace_id=error.trace_id,
        )  # fmt: skip


def _headers(token: str, *, json_body: bool) -> dict[str, str]:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    sent = {"content-type": "application/json"} if json_body else {}
    return {
        "x-amz-access-token": token, "x-amz-date": stamp, "user-agent": _USER_AGENT, "accept": "application/json",
        **sent,
    }  # fmt: skip
