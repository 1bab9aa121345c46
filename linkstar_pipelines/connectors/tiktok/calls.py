"""One call to TikTok Shop: query, signature, token, envelope.

Belongs here: how any operation is asked; a refused token is renewed once.
Does not belong here: which operation is asked when, with which parameters (`pages.py`, `writing.py`, `client.py`).
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from linkstar_pipelines.connectors.errors import RequestRejectedError
from linkstar_pipelines.connectors.fields import json_body
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import Answer, Request
from linkstar_pipelines.connectors.tiktok import operations as op
from linkstar_pipelines.connectors.tiktok.auth import credential_error, fresh_tokens
from linkstar_pipelines.connectors.tiktok.operations import Operation
from linkstar_pipelines.connectors.tiktok.signing import call_signature
from linkstar_pipelines.connectors.tiktok.store import TikTokStore

NO_QUERY: Mapping[str, str] = {}


class TikTokCalls:
    """Calls to one shop."""

    def __init__(self, store: TikTokStore, http: HttpCore) -> None:
        self.store = store
        self.http = http

    def ask(
        self,
        operation: Operation,
        query: Mapping[str, str] = NO_QUERY,
        body: dict[str, Any] | None = None,
        *,
        subject: str = "",
        idempotent: bool = True,
    ) -> Answer:
        """Make a call; the answer's data is that of the envelope.

        Args:
            operation: What is asked.
            query: Parameters beside those that every call has.
            body: Body of a POST.
            subject: What stands for `{id}` in the path.
            idempotent: Whether TikTok may see it twice.

        Raises:
            CredentialError: TikTok refuses the store, or keeps refusing its fresh token.
            ConnectorError: as `HttpCore.call`.
        """
        path = operation.path.format(id=subject)
        token = self._token()
        try:
            return self.http.call(self._request(operation, path, query, body, token, idempotent=idempotent))
        except RequestRejectedError as error:
            if error.code not in op.TOKEN_REFUSED:
                raise credential_error(self.store, error) or error from None
        token = self._token(refused=token)
        try:
            return self.http.call(self._request(operation, path, query, body, token, idempotent=idempotent))
        except RequestRejectedError as error:
            raise credential_error(self.store, error) or error from None

    def _token(self, refused: SecretStr | None = None) -> SecretStr:
        store, http = self.store, self.http
        return http.tokens.access(
            op.PLATFORM, store.name, store.refresh_token, lambda token: fresh_tokens(store, http, token),
            refused=refused,
        )  # fmt: skip

    def _request(
        self, operation: Operation, path: str, query: Mapping[str, str], body: dict[str, Any] | None,
        token: SecretStr, *, idempotent: bool,
    ) -> Request:  # fmt: skip
        store = self.store

        def sign(request: Request) -> Request:
            params = {**query, "app_key": store.app_key, "timestamp": str(int(time.time()))}
            if operation.of_shop:
                params["shop_cipher"] = store.shop_cipher
            params["sign"] = call_signature(store.app_secret, path, params, request.body or b"")
            return replace(request, params=params)

        return Request(
            platform=op.PLATFORM,
            store=store.name,
            operation=operation.name,
            method=operation.method,
            url=store.endpoint + path,
            headers={"content-type": "application/json", "x-tts-access-token": token.get_secret_value()},
            body=json_body(body or {}) if operation.method == "POST" else None,
            idempotent=idempotent,
            plan=op.PLAN,
            public_params=op.PUBLIC_PARAMS,
            secrets=(store.app_secret, token),
            decode=op.envelope(operation.required),
            sign=sign,
            explain=op.explain_error,
        )
