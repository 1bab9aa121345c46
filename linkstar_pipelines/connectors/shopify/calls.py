"""One exchange with Shopify, and its pages, for one shop.

Belongs here: the endpoint, the token, points, cursors. Does not belong here: which stream is made of which calls.

Shopify counts points, not calls, and all operations of an app draw on the same ones. Every operation has a budget as
of the points it usually needs, at the rate that the shop's last answer stated, or until then that of the smallest plan.
What is too many all the same, Shopify answers with `THROTTLED`, and it is asked again.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx

from linkstar_pipelines.connectors.errors import CredentialError, MalformedAnswerError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Payload
from linkstar_pipelines.connectors.request import Answer, DecodeError, Request
from linkstar_pipelines.connectors.shopify import operations as op
from linkstar_pipelines.connectors.shopify import records
from linkstar_pipelines.connectors.shopify.operations import Operation
from linkstar_pipelines.connectors.shopify.store import ShopifyStore
from linkstar_pipelines.domain.observations import canonical_json
from linkstar_pipelines.storage.rate_budget import Plan

_MOST_REPEATS: Final = 25  # a faulty platform may serve a page again; an endless circle it must not become
_NOTHING: Final[Mapping[str, str]] = {}
_DENIED: Final = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND)


class ShopifyCalls:
    """Calls of one shop."""

    def __init__(self, store: ShopifyStore, http: HttpCore) -> None:
        self._store = store
        self._http = http
        self._restore_rate = op.RESTORE_RATE
        self._most_points = op.MOST_POINTS

    def rate(self, operation: Operation) -> float:
        """Calls a second that the shop's points allow of an operation alone, as far as known."""
        return self._restore_rate / operation.cost

    def send(
        self, operation: Operation, variables: Mapping[str, Any] | None = None, asked: Mapping[str, str] = _NOTHING
    ) -> Answer:
        """Call an operation; `asked` tells to which record the answer belongs (`Request.asked`).

        Raises:
            CredentialError: Shopify refuses the token, the shop, or the operation to this app.
        """
        token = self._store.access_token
        request = Request(
            platform=op.PLATFORM,
            store=self._store.name,
            operation=operation.name,
            method="POST",
            url=self._store.url,
            headers={"X-Shopify-Access-Token": token.get_secret_value(), "Content-Type": "application/json"},
            body=canonical_json({"query": operation.document, "variables": dict(variables or {})}).encode(),
            idempotent=operation.idempotent,
            asked=asked,
            plan=Plan(self.rate(operation), max(1.0, self._most_points / operation.cost)),
            secrets=(token, self._store.client_secret),
            decode=op.decoder(operation, self._store.api_version),
            request_id_header="X-Request-Id",
            explain=op.explain_error,
        )
        try:
            answer = self._http.call(request)
        except RequestRejectedError as error:
            if error.status not in _DENIED and error.code != op.NOT_ALLOWED:
                raise
            raise self._not_allowed(error) from None
        self._learn(answer.data)
        return answer

    def ask(
        self, operation: Operation, variables: Mapping[str, Any] | None = None, asked: Mapping[str, str] = _NOTHING
    ) -> Any:
        """Call an operation and return what it asked for; None where the shop has no such thing."""
        return self.send(operation, variables, asked).data["data"][operation.root]

    def pages(self, operation: Operation, size: int, variables: Mapping[str, Any] | None = None) -> Iterator[list[Any]]:
        """Follow a listing from its first page on; yields the records of each.

        Raises:
            MalformedAnswerError: a page is no page, or the cursors go in a circle.
        """
        after, seen = None, Counter[str]()
        while True:
            page = self.ask(operation, {**(variables or {}), "first": size, "after": after})
            try:
                yield records.nodes_of(page)
            except DecodeError as error:
                raise self.malformed(operation, str(error)) from None
            after = records.next_cursor(page)
            if after is None:
                return
            seen[after] += 1
            if seen[after] > _MOST_REPEATS:
                raise self.malformed(operation, "the cursor of the next page came back again and again")

    def malformed(self, operation: Operation, what: str) -> MalformedAnswerError:
        """Make the error of an answer that cannot be used."""
        return MalformedAnswerError(
            f"{what}. Run it later; if it stays, compare Shopify's current API version with the connector.",
            platform=op.PLATFORM, store=self._store.name, operation=operation.name,
        )  # fmt: skip

    def _learn(self, document: Payload) -> None:
        cost = (document.get("extensions") or {}).get("cost") or {}
        status = cost.get("throttleStatus") or {}
        rate, most = status.get("restoreRate"), status.get("maximumAvailable")
        if rate and most:
            self._restore_rate, self._most_points = float(rate), float(most)

    def _not_allowed(self, error: RequestRejectedError) -> CredentialError:
        store = self._store
        words = f"Shopify refuses the call ({error.status} {error.code}".rstrip() + ")"
        if error.code == op.NOT_ALLOWED:
            remedy = (
                f"The app of {store.variable('access_token')} lacks a scope for this operation: grant it in the shop's "
                "admin, install the app again and set the new token."
            )
        else:
            remedy = (
                f"Check that {store.variable('access_token')} is the Admin API token of an app installed in the shop "
                f"of {store.variable('shop')}, and that {store.variable('endpoint')} is unset or right."
            )
        return CredentialError(
            f"{words}. {remedy}",
            platform=error.platform, store=error.store, operation=error.operation, trace_id=error.trace_id,
        )  # fmt: skip
