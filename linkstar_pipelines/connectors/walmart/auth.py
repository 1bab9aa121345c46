"""Walmart's access tokens (client credentials, 15 minutes), and what is put on a request just before it goes.

Belongs here: getting, renewing and refusing one store's token; the headers that every exchange needs fresh.
Does not belong here: what is asked.
"""

import base64
import time
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Final

from pydantic import SecretStr

from linkstar_pipelines.connectors.errors import CredentialError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import Request, json_with
from linkstar_pipelines.connectors.walmart import operations as op
from linkstar_pipelines.connectors.walmart.signing import legacy_signature
from linkstar_pipelines.connectors.walmart.store import WalmartStore
from linkstar_pipelines.storage.tokens import FreshTokens

_REFUSED: Final = (400, 401, 403)


class WalmartAuth:
    """What proves to Walmart that a store asks."""

    def __init__(self, store: WalmartStore, http: HttpCore) -> None:
        self._store = store
        self._http = http

    @property
    def legacy(self) -> bool:
        """Whether the account's calls are signed instead of carrying a token."""
        return self._store.legacy_private_key is not None

    def token(self, refused: SecretStr | None = None) -> SecretStr:
        """Return a valid access token; `refused` is one that Walmart has just refused.

        Raises:
            CredentialError: Walmart does not accept client id and secret.
        """
        return self._http.tokens.access(
            op.PLATFORM, self._store.name, self._store.client_secret, self._renew, refused=refused
        )

    def sign(self, request: Request) -> Request:
        """Complete a request just before an exchange: a correlation id of its own, and a signature if one is due.

        Raises:
            CredentialError: the private key cannot be read.
        """
        headers = {**request.headers, "WM_QOS.CORRELATION_ID": str(uuid.uuid4())}
        if self._store.legacy_private_key is not None:
            headers |= self._signature(request, self._store.legacy_private_key)
        return replace(request, headers=headers)

    def _signature(self, request: Request, key: SecretStr) -> dict[str, str]:
        store, timestamp = self._store, str(time.time_ns() // 1_000_000)
        try:
            signature = legacy_signature(store.client_id, key, request.url, request.method, timestamp)
        except ValueError:
            raise CredentialError(
                f"the private key cannot be read. Set {store.variable('legacy_private_key')} to the RSA key that "
                "Walmart gave (PKCS#8, base64, one line).",
                platform=op.PLATFORM, store=store.name, operation=request.operation,
            ) from None  # fmt: skip
        return {
            "WM_SEC.AUTH_SIGNATURE": signature,
            "WM_SEC.TIMESTAMP": timestamp,
            "WM_CONSUMER.ID": store.client_id,
        }

    def _renew(self, secret: SecretStr) -> FreshTokens:
        store = self._store
        pair = f"{store.client_id}:{secret.get_secret_value()}"
        basic = base64.b64encode(pair.encode()).decode()
        request = Request(
            platform=op.PLATFORM,
            store=store.name,
            operation="tokenAPI",
            method="POST",
            url=store.endpoint.rstrip("/") + op.TOKEN_PATH,
            headers={
                "Authorization": f"Basic {basic}",
                "Accept": "application/json",  # the default is XML
                "Content-Type": "application/x-www-form-urlencoded",
                "WM_SVC.NAME": op.SERVICE_NAME,
            },
            body=b"grant_type=client_credentials",
            secrets=(secret, SecretStr(basic)),
            decode=json_with("access_token", "expires_in"),
            sign=self.sign,
            explain=op.explain_error,
        )
        try:
            data = self._http.call(request).data
        except RequestRejectedError as error:
            if error.status not in _REFUSED:
                raise
            raise CredentialError(
                f"Walmart refused the credentials ({error.status} {error.code}). Check {store.variable('client_id')} "
                f"and {store.variable('client_secret')}; make a new API key in the Developer Portal if need be.",
                platform=op.PLATFORM, store=store.name, operation=error.operation, trace_id=error.trace_id,
            ) from None  # fmt: skip
        return FreshTokens(SecretStr(str(data["access_token"])), timedelta(seconds=float(data["expires_in"])))
