"""eBay's OAuth: access tokens of the seller, and of the application itself.

Belongs here: asking the token endpoint; `http.tokens` keeps what it gives.
Does not belong here: what a token is used for.

The refresh answer carries no new refresh token. No scope is sent: eBay then grants all that the seller consented to,
while a scope beyond that consent would be refused.
"""

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from linkstar_pipelines.connectors.ebay import operations as op
from linkstar_pipelines.connectors.ebay.store import EbayStore
from linkstar_pipelines.connectors.errors import CredentialError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import Request, json_with
from linkstar_pipelines.storage.tokens import FreshTokens


class EbayAuth:
    """Access tokens of one store; all processes share what `http.tokens` keeps."""

    def __init__(self, store: EbayStore, http: HttpCore) -> None:
        self._store = store
        self._http = http

    def token(self, *, refused: SecretStr | None = None) -> SecretStr:
        """Return a valid access token of the seller.

        Args:
            refused: a token that eBay has just refused.

        Raises:
            CredentialError: eBay does not accept the client id, client secret or refresh token.
        """
        store = self._store
        return self._http.tokens.access(op.PLATFORM, store.name, store.refresh_token, self._renew, refused=refused)

    def application_token(self, *, refused: SecretStr | None = None) -> SecretStr:
        """Return a valid access token of the application itself: it opens what belongs to no seller.

        Args:
            refused: a token that eBay has just refused.

        Raises:
            CredentialError: eBay does not accept the client id or client secret.
        """
        store = self._store
        form = {"grant_type": "client_credentials", "scope": op.APPLICATION_SCOPE}
        return self._http.tokens.access(
            op.PLATFORM, f"{store.name}/application", store.client_secret, lambda _: self._ask(form), refused=refused
        )

    def _renew(self, refresh_token: SecretStr) -> FreshTokens:
        return self._ask({"grant_type": "refresh_token", "refresh_token": refresh_token.get_secret_value()})

    def _ask(self, form: dict[str, str]) -> FreshTokens:
        store = self._store
        keyset = base64.b64encode(f"{store.client_id}:{store.client_secret.get_secret_value()}".encode()).decode()
        request = Request(
            platform=op.PLATFORM,
            store=store.name,
            operation="token",
            method="POST",
            url=store.api_url.rstrip("/") + store.token_path,
            headers={"authorization": f"Basic {keyset}", "content-type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
            idempotent=True,  # asked twice, it gives two valid tokens
            secrets=(store.client_secret, store.refresh_token, SecretStr(keyset)),
            decode=json_with("access_token", "expires_in"),
            explain=op.explain_error,
        )
        try:
            data: dict[str, Any] = self._http.call(request).data
        except RequestRejectedError as error:
            raise self._refused(error) from None
        return FreshTokens(SecretStr(str(data["access_token"])), timedelta(seconds=float(data["expires_in"])))

    def _refused(self, error: RequestRejectedError) -> CredentialError:
        variable = self._store.variable
        keyset = f"{variable('client_id')} and {variable('client_secret')}"
        suspects = {
            "invalid_grant": f"{variable('refresh_token')} (expired, revoked, or of another keyset)",
            "invalid_client": keyset,
        }
        suspect = suspects.get(error.code, f"{keyset}, {variable('refresh_token')}, {variable('api_url')}")
        return CredentialError(
            f"eBay's token endpoint refused the credentials ({error.status} {error.code}). Check {suspect}; let the "
            "seller consent again if need be.",
            platform=error.platform, store=error.store, operation=error.operation, trace_id=error.trace_id,
        )  # fmt: skip
