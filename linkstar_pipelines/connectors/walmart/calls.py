"""One exchange with Walmart, and the ways it pages, for one store.

Belongs here: addresses, headers, tokens, cursors. Does not belong here: which stream is made of which calls.

Walmart pages in three ways: orders and returns give a whole query string to call next, in place of one's own
parameters and as it is; the seller's stock gives a cursor to add; items and WFS stock take an offset.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx

from linkstar_pipelines.connectors.errors import CredentialError, MalformedAnswerError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Payload
from linkstar_pipelines.connectors.request import Answer, Request
from linkstar_pipelines.connectors.walmart import operations as op
from linkstar_pipelines.connectors.walmart.auth import WalmartAuth
from linkstar_pipelines.connectors.walmart.operations import Operation
from linkstar_pipelines.connectors.walmart.store import WalmartStore
from linkstar_pipelines.domain.observations import canonical_json

_MOST_REPEATS: Final = 25  # a faulty platform may serve a page again; an endless circle it must not become
_NOTHING: Final[Mapping[str, str]] = {}
_DENIED: Final = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class WalmartCalls:
    """Calls of one store."""

    def __init__(self, store: WalmartStore, http: HttpCore) -> None:
        self._store = store
        self._http = http
        self._auth = WalmartAuth(store, http)

    @property
    def legacy(self) -> bool:
        """Whether the account is on the former Canadian platform."""
        return self._auth.legacy

    def call(
        self,
        operation: Operation,
        params: Mapping[str, str] | None = None,
        *path: str,
        body: Mapping[str, Any] | None = None,
        query: str = "",
        asked: Mapping[str, str] = _NOTHING,
    ) -> Answer:
        """Call an operation; if Walmart refuses the token, once more with a fresh one.

        Args:
            operation: What is asked.
            params: Query parameters.
            path: Values of the path's placeholders.
            body: JSON body.
            query: A query string to send as it is, in place of `params`.
            asked: To which records the answer belongs (`Request.asked`).

        Raises:
            CredentialError: Walmart refuses the store even with a fresh token.
        """
        target = operation.path.format(*(quote(part, safe="") for part in path))
        query = query or (f"?{urlencode(params, quote_via=quote)}" if params else "")
        request = Request(
            platform=op.PLATFORM,
            store=self._store.name,
            operation=operation.name,
            method=operation.method,
            url=f"{self._store.endpoint.rstrip('/')}{'/v3/ca' if self.legacy else '/v3'}{target}{query}",
            headers=self._headers(),
            body=canonical_json(body).encode() if body is not None else None,
            idempotent=operation.idempotent,
            plan=operation.plan,
            asked=asked,
            public_params=op.PUBLIC_PARAMS,
            secrets=(self._store.client_secret,),
            decode=op.decoder(operation),
            sign=self._auth.sign,
            request_id_header="WM_QOS.CORRELATION_ID",
            explain=op.explain_error,
        )
        return self._http.call(request) if self.legacy else self._with_token(request)

    def query_pages(
        self,
        operation: Operation,
        first: Payload,
        meta: Callable[[Payload], Payload],
        holds: Callable[[Payload], Any],
        asked: Mapping[str, str] = _NOTHING,
    ) -> Iterator[Payload]:
        """Follow the query strings from a first page on; `holds` tells whether a page has records.

        Raises:
            MalformedAnswerError: a cursor is no query string, or they go in a circle.
        """
        page, seen = first, Counter[str]()
        while True:
            yield page
            cursor = meta(page).get("nextCursor")
            if not cursor or not holds(page):
                return
            seen[cursor] += 1
            if not str(cursor).startswith("?") or seen[cursor] > _MOST_REPEATS:
                raise self._no_end(operation)
            page = self.call(operation, query=str(cursor), asked=asked).data

    def offset_pages(self, operation: Operation, size: int, holds: Callable[[Payload], Any]) -> Iterator[Payload]:
        """Ask for page after page by offset until one has no records.

        Raises:
            MalformedAnswerError: the same page came again and again.
        """
        repeats, before = 0, ""
        for offset in itertools.count(0, size):
            answer = self.call(operation, {"limit": str(size), "offset": str(offset)})
            if not holds(answer.data):
                return
            repeats, before = (repeats + 1 if answer.sha256 == before else 0), answer.sha256
            if repeats > _MOST_REPEATS:
                raise self._no_end(operation)
            yield answer.data

    def cursor_pages(self, operation: Operation, size: int) -> Iterator[Payload]:
        """Ask for page after page by an opaque cursor.

        Raises:
            MalformedAnswerError: the cursors go in a circle.
        """
        params, seen = {"limit": str(size)}, Counter[str]()
        while True:
            page = self.call(operation, params).data
            yield page
            cursor = (page.get("meta") or {}).get("nextCursor")
            if not cursor:
                return
            seen[cursor] += 1
            if seen[cursor] > _MOST_REPEATS:
                raise self._no_end(operation)
            params = {"limit": str(size), "nextCursor": str(cursor)}

    def _headers(self) -> dict[str, str]:
        # Some operations without a body want its type all the same.
        headers = {"Accept": "application/json", "Content-Type": "application/json", "WM_SVC.NAME": op.SERVICE_NAME}
        channel = self._store.channel_type
        return headers | ({"WM_CONSUMER.CHANNEL.TYPE": channel} if channel else {})

    def _with_token(self, request: Request) -> Answer:
        token = self._auth.token()
        for last in (False, True):
            headers = {**request.headers, "WM_SEC.ACCESS_TOKEN": token.get_secret_value()}
            try:
                return self._http.call(replace(request, headers=headers, secrets=(token, *request.secrets)))
            except RequestRejectedError as error:
                if error.status not in _DENIED:
                    raise
                if last:
                    raise self._not_allowed(error) from None
                token = self._auth.token(refused=token)
        raise AssertionError("the second refusal is raised")

    def _not_allowed(self, error: RequestRejectedError) -> CredentialError:
        store = self._store
        return CredentialError(
            f"Walmart refuses the operation even with a fresh access token ({error.status} {error.code}). Check that "
            f"{store.variable('endpoint')} belongs to the key of {store.variable('client_id')}, and that the key has "
            "the permission for this operation in the Developer Portal.",
            platform=error.platform, store=error.store, operation=error.operation, trace_id=error.trace_id,
        )  # fmt: skip

    def _no_end(self, operation: Operation) -> MalformedAnswerError:
        return MalformedAnswerError(
            "the next page leads nowhere: its cursor is no query string, or the same page came again and again. Run it "
            "later; if it stays, compare Walmart's current API model with the connector.",
            platform=op.PLATFORM, store=self._store.name, operation=operation.name,
        )  # fmt: skip
