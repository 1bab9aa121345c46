"""Access tokens of one store, from its refresh token.

Belongs here: asking for tokens, and saying which setting is wrong when they are refused.
Does not belong here: keeping tokens (`storage/tokens.py`).

A refresh gives a new access token and does not extend the refresh token's end: 60 days after the shop's authorisation
it has to be authorised again.
"""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from pydantic import SecretStr

from linkstar_pipelines.connectors.aliexpress import answers
from linkstar_pipelines.connectors.aliexpress import operations as op
from linkstar_pipelines.connectors.aliexpress.signing import sign
from linkstar_pipelines.connectors.aliexpress.store import AliExpressStore
from linkstar_pipelines.connectors.errors import CredentialError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import Request
from linkstar_pipelines.storage.tokens import FreshTokens

FORM_ENCODED: Final = {"content-type": "application/x-www-form-urlencoded;charset=utf-8"}


def with_signature(request: Request, parameters: dict[str, str], store: AliExpressStore, path: str = "") -> Request:
    """Return the request with its parameters as a signed form, stamped with the present."""
    told = {
        "app_key": store.app_key,
        "sign_method": "sha256",
        "timestamp": str(time.time_ns() // 1_000_000),
        **{name: value for name, value in parameters.items() if value},
    }
    return replace(request, body=urlencode({**told, "sign": sign(told, store.app_secret, path)}).encode())


class AliExpressAuth:
    """Access tokens of one store."""

    def __init__(self, store: AliExpressStore, http: HttpCore) -> None:
        self._store = store
        self._http = http

    def token(self, *, refused: SecretStr | None = None) -> SecretStr:
        """Return a valid access token.

        Args:
            refused: A token that the platform has just refused; it is replaced.

        Raises:
            CredentialError: AliExpress does not accept the app or the refresh token.
        """
        store = self._store
        return self._http.tokens.access(op.PLATFORM, store.name, store.refresh_token, self._renew, refused=refused)

    def _renew(self, refresh_token: SecretStr) -> FreshTokens:
        store = self._store
        parameters = {"refresh_token": refresh_token.get_secret_value()}
        request = Request(
            platform=op.PLATFORM,
            store=store.name,
            operation="token",
            method="POST",
            url=f"{store.endpoint}{op.REST_PATH}{op.TOKEN_REFRESH}",
            headers=FORM_ENCODED,
            secrets=(store.app_secret, refresh_token),
            decode=answers.tokens,
            sign=lambda request: with_signature(request, parameters, store, op.TOKEN_REFRESH),
            explain=answers.explain,
        )
        try:
            given: dict[str, Any] = self._http.call(request).data
        except RequestRejectedError as error:
            raise self._refused(error) from None
        return FreshTokens(
            access=SecretStr(str(given["access_token"])),
            lifetime=timedelta(seconds=float(given["expires_in"])),
            refresh=SecretStr(str(given["refresh_token"])) if given.get("refresh_token") else None,
            refresh_lifetime=_seconds(given.get("refresh_expires_in")),
        )

    def _refused(self, error: RequestRejectedError) -> CredentialError:
        name = self._store.variable
        return CredentialError(
            f"AliExpress gives no access token ({error.code}). Check {name('refresh_token')} (it ends 60 days after "
            f"the shop's authorisation and is not extended by use), {name('app_key')} and {name('app_secret')}; "
            "authorise the shop again if need be.",
            platform=error.platform, store=error.store, operation=error.operation, trace_id=error.trace_id,
        )  # fmt: skip


def _seconds(value: object) -> timedelta | None:
    return timedelta(seconds=float(value)) if isinstance(value, int | str) and str(value).isdigit() else None
