"""One call to Shopee: query, signature, token, envelope.

Belongs here: how any operation is asked; a refused token is renewed once.
Does not belong here: which operation is asked when, with which parameters (`client.py`, `listing.py`, `shipping.py`).
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from pydantic import SecretStr

from linkstar_pipelines.connectors.errors import RequestRejectedError
from linkstar_pipelines.connectors.fields import json_body
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import Answer, Request
from linkstar_pipelines.connectors.shopee import operations as op
from linkstar_pipelines.connectors.shopee.auth import credential_error, fresh_tokens
from linkstar_pipelines.connectors.shopee.operations import Operation
from linkstar_pipelines.connectors.shopee.signing import public_base, shop_base, signature
from linkstar_pipelines.connectors.shopee.store import ShopeeStore

Query = Sequence[tuple[str, str | int]]
"""Parameters in order; a name may occur several times."""
_NOTHING: Final[Mapping[str, str]] = {}


class ShopeeCalls:
    """Calls to one shop."""

    def __init__(self, store: ShopeeStore, http: HttpCore) -> None:
        self.store = store
        self.http = http

    def ask(
        self,
        operation: Operation,
        query: Query = (),
        body: dict[str, Any] | None = None,
        *,
        idempotent: bool = True,
        asked: Mapping[str, str] = _NOTHING,
    ) -> Answer:
        """Make a call for the shop; `asked` tells to which record the answer belongs (`Request.asked`).

        Raises:
            CredentialError: Shopee refuses the store, or keeps refusing its fresh token.
            ConnectorError: as `HttpCore.call`.
        """
        token = self._token()
        request = self._request(operation, query, body, token, idempotent=idempotent)
        try:
            return self.http.call(replace(request, asked=asked))
        except RequestRejectedError as error:
            if not _token_refused(error):
                raise credential_error(self.store, error) or error from None
        token = self._token(refused=token)
        request = self._request(operation, query, body, token, idempotent=idempotent)
        try:
            return self.http.call(replace(request, asked=asked))
        except RequestRejectedError as error:
            raise credential_error(self.store, error) or error from None

    def ask_publicly(self, operation: Operation, body: dict[str, Any] | None = None) -> Answer:
        """Make a call that concerns the app and not one shop; errors as in `ask`."""
        try:
            return self.http.call(self._request(operation, (), body, None, idempotent=True))
        except RequestRejectedError as error:
            raise credential_error(self.store, error) or error from None

    def _token(self, refused: SecretStr | None = None) -> SecretStr:
        store, http = self.store, self.http
        return http.tokens.access(
            op.PLATFORM, store.name, store.refresh_token, lambda token: fresh_tokens(store, http, token),
            refused=refused,
        )  # fmt: skip

    def _request(
        self, operation: Operation, query: Query, body: dict[str, Any] | None, token: SecretStr | None, *,
        idempotent: bool,
    ) -> Request:  # fmt: skip
        store = self.store

        def sign(request: Request) -> Request:
            timestamp = int(time.time())
            base = public_base(store.partner_id, operation.path, timestamp)
            signed: list[tuple[str, str | int]] = [("partner_id", store.partner_id), ("timestamp", timestamp)]
            if token is not None:
                base = shop_base(store.partner_id, operation.path, timestamp, token, store.shop_id)
                signed += [("access_token", token.get_secret_value()), ("shop_id", store.shop_id)]
            signed.append(("sign", signature(store.partner_key, base)))
            return replace(request, url=f"{request.url}?{urlencode([*query, *signed])}")

        return Request(
            platform=op.PLATFORM,
            store=store.name,
            operation=operation.name,
            method=operation.method,
            url=store.endpoint + operation.path,
            headers={"content-type": "application/json"} if body is not None else {},
            body=json_body(body) if body is not None else None,
            idempotent=idempotent,
            plan=op.PLAN,
            public_params=op.PUBLIC_PARAMS,
            secrets=(store.partner_key, *([token] if token is not None else [])),
            decode=op.envelope(operation.required),
            sign=sign,
            explain=op.explain_error,
        )


def _token_refused(error: RequestRejectedError) -> bool:
    """Tell whether the access token was refused: by its own code (Shopee's spelling), or by the general one."""
    code = op.bare(error.code)
    return code == "invalid_acceess_token" or (code == "error_auth" and "access_token" in str(error))
