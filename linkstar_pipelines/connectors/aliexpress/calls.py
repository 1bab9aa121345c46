"""Business methods of the gateway: one call, or a listing page by page, for one store.

Belongs here: signed requests, the renewal of a refused token, page numbers, and whom a refusal accuses.
Does not belong here: which methods are called with which parameters (`client.py`).

AliExpress publishes no call rates, so there is no budget to keep: a throttled call waits and is repeated.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pydantic import SecretStr

from linkstar_pipelines.connectors.aliexpress import answers
from linkstar_pipelines.connectors.aliexpress import operations as op
from linkstar_pipelines.connectors.aliexpress.auth import FORM_ENCODED, AliExpressAuth, with_signature
from linkstar_pipelines.connectors.aliexpress.store import AliExpressStore
from linkstar_pipelines.connectors.errors import CredentialError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Page
from linkstar_pipelines.connectors.request import Answer, Headers, Request

_MOST_REPEATS: Final = 10  # pages in a row without anything new; an endless circle it must not become
_NOTHING: Final[Mapping[str, str]] = {}
_ACCUSED: Final = {
    "IncompleteSignature": ("app_secret",),
    "InvalidAppKey": ("app_key",),
    "MissingAppKey": ("app_key",),
    "InsufficientPermission": ("app_key", "refresh_token"),
    "25": ("app_secret",),
    "29": ("app_key",),
    "11": ("app_key", "refresh_token"),
}
"""Settings that a refusal's code points at: of the gateway, and of its older form (25, 29, 11)."""


class AliExpressCalls:
    """Calls to one shop."""

    def __init__(self, store: AliExpressStore, http: HttpCore) -> None:
        self._store = store
        self._http = http
        self._auth = AliExpressAuth(store, http)

    def call(
        self,
        method: str,
        parameters: Mapping[str, str],
        *,
        idempotent: bool = True,
        read: Callable[[answers.Payload], Any] = lambda body: body,
        asked: Mapping[str, str] = _NOTHING,
    ) -> Answer:
        """Call a method; a refused access token is renewed once.

        Args:
            method: Name of the method.
            parameters: Its parameters; objects as JSON text.
            idempotent: Whether it may be repeated.
            read: Takes what is needed out of the body without its envelope; raises `DecodeError` where parts lack.
            asked: To which record the answer belongs (`Request.asked`).

        Raises:
            CredentialError: AliExpress does not accept the app or the shop's authorisation.
            ConnectorError: as `HttpCore.call`.
        """
        token = self._auth.token()
        try:
            return self._http.call(
                replace(self._request(method, parameters, token, read, idempotent=idempotent), asked=asked)
            )
        except RequestRejectedError as error:
            if error.code not in op.TOKEN_REFUSED:
                raise self._accused(error) from None
        token = self._auth.token(refused=token)
        try:
            return self._http.call(
                replace(self._request(method, parameters, token, read, idempotent=idempotent), asked=asked)
            )
        except RequestRejectedError as error:
            raise self._accused(error) from None

    def pages(
        self,
        listing: op.Listing,
        queries: Sequence[Mapping[str, Any]],
        reading: int = 0,
        asked: Mapping[str, str] = _NOTHING,
    ) -> Iterator[Page]:
        """List the entries of several queries, one after the other; `total` is that of all of them.

        The first page of every query is asked for before the second of any, since only then the total is known. Pages
        are read until as many different entries came as there are, or an empty page came: one that is served twice
        pushes the others behind.

        Args:
            listing: What is listed.
            queries: Queries without page number and size.
            reading: Number of the reading: another one has other page borders.
            asked: Which record alone is looked for (`Request.asked`).
        """
        share = op.SHARES_OF_FULL_PAGE[reading % len(op.SHARES_OF_FULL_PAGE)]
        size = int(listing.page_size * share)
        firsts = [self._page(listing, query, 1, size, asked) for query in queries]
        total = _sum([first.total for first in firsts])
        for query, first in zip(queries, firsts, strict=True):
            seen: set[str] = set()
            number, page, repeats = 1, first, 0
            while True:
                yield Page(page.records, total)
                found = {str(record.get(listing.identity)) for record in page.records if isinstance(record, dict)}
                repeats = repeats + 1 if found <= seen else 0
                seen |= found
                everything = page.total is not None and len(seen) >= page.total
                if not page.records or everything or repeats > _MOST_REPEATS:
                    break
                number += 1
                page = self._page(listing, query, number, size, asked)

    def _page(  # what is listed, and which part of it
        self, listing: op.Listing, query: Mapping[str, Any], number: int, size: int, asked: Mapping[str, str]
    ) -> Page:
        parameters = {listing.parameter: to_json({**query, listing.page: number, "page_size": size})}
        answer = self.call(listing.method, parameters, read=lambda body: answers.entries(listing, body), asked=asked)
        records, total = answer.data
        return Page(records, total)

    def _request(
        self,
        method: str,
        parameters: Mapping[str, str],
        token: SecretStr,
        read: Callable[[answers.Payload], Any],
        *,
        idempotent: bool,
    ) -> Request:
        store, unpack = self._store, answers.body_of(method)
        told = {**parameters, "method": method, store.session_parameter: token.get_secret_value()}

        def decode(content: bytes, headers: Headers) -> Any:
            return read(unpack(content, headers))

        return Request(
            platform=op.PLATFORM,
            store=store.name,
            operation=method,
            method="POST",
            url=store.endpoint + op.SYNC_PATH,
            headers=FORM_ENCODED,
            idempotent=idempotent,
            secrets=(store.app_secret, store.refresh_token, token),
            decode=decode,
            sign=lambda request: with_signature(request, told, store),
            explain=answers.explain,
        )

    def _accused(self, error: RequestRejectedError) -> CredentialError | RequestRejectedError:
        accused = ("refresh_token",) if error.code in op.TOKEN_REFUSED else _ACCUSED.get(error.code)
        if accused is None:
            return error
        names = " and ".join(self._store.variable(field) for field in accused)
        return CredentialError(
            f"AliExpress refuses the shop's calls ({error.code}). Check {names}, and that the app may call this "
            "method; authorise the shop again if need be.",
            platform=error.platform, store=error.store, operation=error.operation, trace_id=error.trace_id,
        )  # fmt: skip


def to_json(value: object) -> str:
    """Write a complex parameter as the gateway wants it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_number(identity: str) -> int | str:
    """Write an id as the methods declare it: a number, unless it is none."""
    return int(identity) if identity.isdecimal() else identity


def _sum(totals: Sequence[int | None]) -> int | None:
    known = [total for total in totals if total is not None]
    return sum(known) if len(known) == len(totals) else None
