"""One eBay call: address, token, signature, refusal; and following a listing's pages.

Belongs here: what every operation needs. Does not belong here: parameters of single operations (`client.py`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
from pydantic import SecretStr

from linkstar_pipelines.connectors.ebay import operations as op
from linkstar_pipelines.connectors.ebay.auth import EbayAuth
from linkstar_pipelines.connectors.ebay.operations import Operation
from linkstar_pipelines.connectors.ebay.signing import SigningKeyError, load_key, signer
from linkstar_pipelines.connectors.ebay.store import EbayStore
from linkstar_pipelines.connectors.errors import CredentialError, MalformedAnswerError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Payload
from linkstar_pipelines.connectors.request import Answer, Request

_MOST_PAGE_REPEATS: Final = 25  # a faulty platform may send back to a page; an endless circle it must not become


@dataclass(frozen=True)
class Call:
    """What one call asks for.

    Attributes:
        path: Parts of the operation's path.
        marketplace_id: Site in whose name it is asked, where that matters.
        body: Sent as JSON; None for a call without one.
        idempotent: Whether eBay may safely see it twice.
        signed: Whether it is of the calls that sellers in the EU and the UK sign.
        asked: To which record the answer belongs (`Request.asked`).
        own_name: Whether it is asked in the application's own name, not the seller's.
        host: Base address, where it is not the API host.
    """

    operation: Operation
    params: Mapping[str, str]
    path: tuple[str, ...] = ()
    marketplace_id: str | None = None
    body: Mapping[str, Any] | None = None
    idempotent: bool = True
    signed: bool = False
    own_name: bool = False
    host: str | None = None
    asked: Mapping[str, str] = field(default_factory=dict)


class EbayCalls:
    """Sends calls of one store."""

    def __init__(self, store: EbayStore, http: HttpCore) -> None:
        self._store = store
        self._http = http
        self._auth = EbayAuth(store, http)

    def send(self, call: Call) -> Answer:
        """Call with the current access token; if eBay does not take the token, once more with a fresh one.

        Raises:
            CredentialError: eBay refuses the store, or the store's signing key cannot be read.
            ConnectorError: as in `HttpCore.call`.
        """
        tokens = self._auth.application_token if call.own_name else self._auth.token
        token = tokens()
        try:
            return self._http.call(self._request(call, token))
        except RequestRejectedError as error:
            if error.status == httpx.codes.FORBIDDEN:
                raise self._not_allowed(error) from None
            if error.status != httpx.codes.UNAUTHORIZED:
                raise
        fresh = tokens(refused=token)
        try:
            return self._http.call(self._request(call, fresh))
        except RequestRejectedError as error:
            if error.status not in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
                raise
            raise self._not_allowed(error) from None

    def pages(self, call: Call) -> Iterator[Payload]:
        """Follow a listing from page to page by the `next` address of each.

        Only the query of that address is used, on our own host: a token never goes where an answer points.

        Raises:
            MalformedAnswerError: the listing has no end.
        """
        repeats: dict[str, int] = {}
        while True:
            answer = self.send(call)
            yield answer.data
            following = answer.data.get("next")
            if not isinstance(following, str) or not following:
                return
            query = urlsplit(following).query
            repeats[query] = repeats.get(query, 0) + 1
            if not query or repeats[query] > _MOST_PAGE_REPEATS:
                raise MalformedAnswerError(
                    "the listing points to the same next page again and again; it has no end. Run it later.",
                    platform=op.PLATFORM, store=self._store.name, operation=call.operation.name,
                    trace_id=answer.trace_id,
                )  # fmt: skip
            call = replace(call, params=dict(parse_qsl(query)))

    def _request(self, call: Call, token: SecretStr) -> Request:
        store, operation = self._store, call.operation
        headers = {
            "authorization": f"{operation.auth} {token.get_secret_value()}",
            "accept": "application/json",
        }
        if call.marketplace_id:
            headers["x-ebay-c-marketplace-id"] = call.marketplace_id
        if call.body is not None:
            headers |= {"content-type": "application/json", "content-language": "en-US"}
        return Request(
            platform=op.PLATFORM,
            store=store.name,
            operation=operation.name,
            method=operation.method,
            url=(call.host or store.api_url).rstrip("/")
            + operation.path.format(*(quote(part, safe="") for part in call.path)),
            params=call.params,
            headers=headers,
            body=None if call.body is None else json.dumps(call.body, separators=(",", ":")).encode(),
            idempotent=call.idempotent,
            plan=operation.plan,
            public_params=op.PUBLIC_PARAMS,
            secrets=(token, *self._secrets()),
            decode=op.decoder(operation),
            asked=call.asked,
            sign=self._signer(operation) if call.signed else None,
            explain=op.explain_error,
        )

    def _secrets(self) -> tuple[SecretStr, ...]:
        store = self._store
        optional = (store.signing_private_key, store.signing_jwe, store.verification_token)
        return (store.client_secret, store.refresh_token, *(secret for secret in optional if secret is not None))

    def _signer(self, operation: Operation) -> Any:
        store = self._store
        if store.signing_private_key is None or store.signing_jwe is None:
            return None
        try:
            return signer(load_key(store.signing_private_key), store.signing_jwe)
        except SigningKeyError as error:
            raise CredentialError(
                f"{error}. Check {store.variable('signing_private_key')}: it must be the `privateKey` that eBay's Key "
                "Management API showed when the key was made.",
                platform=op.PLATFORM, store=store.name, operation=operation.name,
            ) from None  # fmt: skip

    def _not_allowed(self, error: RequestRejectedError) -> CredentialError:
        variable = self._store.variable
        return CredentialError(
            f"eBay refuses the operation ({error.status} {error.code}). Check that the consent behind "
            f"{variable('refresh_token')} covers it, that {variable('marketplace_ids')} are the seller's, and for "
            f"sellers in the EU or the UK {variable('signing_private_key')} and {variable('signing_jwe')}.",
            platform=error.platform, store=error.store, operation=error.operation, trace_id=error.trace_id,
        )  # fmt: skip
