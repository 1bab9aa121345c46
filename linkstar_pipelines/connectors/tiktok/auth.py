"""TikTok Shop's tokens: an access token for about a week, and a refresh token that each refresh replaces.

Belongs here: getting tokens with a refresh token, and naming the setting behind a refusal. `http.tokens` keeps the
tokens, lets one process renew them, and stores the successor before anything uses it.
Does not belong here: what a token is used for.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import SecretStr

from linkstar_pipelines.connectors.errors import CredentialError, RequestRejectedError
from linkstar_pipelines.connectors.fields import instant_of
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import DecodeError, Headers, Request
from linkstar_pipelines.connectors.tiktok import operations as op
from linkstar_pipelines.connectors.tiktok.store import TikTokStore
from linkstar_pipelines.storage.tokens import FreshTokens

_AGAIN: Final = "Authorise the shop again in the Partner Center and set the new refresh token if need be."


def fresh_tokens(store: TikTokStore, http: HttpCore, refresh_token: SecretStr) -> FreshTokens:
    """Spend a refresh token for new tokens.

    Raises:
        CredentialError: TikTok does not accept app key, app secret or refresh token.
    """
    operation = op.REFRESH_TOKEN
    request = Request(
        platform=op.PLATFORM,
        store=store.name,
        operation=operation.name,
        method=operation.method,
        url=store.auth_url + operation.path,
        params={
            "app_key": store.app_key,
            "app_secret": store.app_secret.get_secret_value(),
            "refresh_token": refresh_token.get_secret_value(),
            "grant_type": "refresh_token",
        },
        # A second sight of a spent token is refused and makes nothing; where the first did not arrive, it helps.
        idempotent=True,
        public_params=op.PUBLIC_PARAMS,
        secrets=(store.app_secret, refresh_token),
        decode=_tokens,
        explain=op.explain_error,
    )
    try:
        fresh: FreshTokens = http.call(request).data
    except RequestRejectedError as error:
        suspects = _variables(store, "app_key", "app_secret", "refresh_token")
        raise _credential_error(error, f"Check {suspects}. {_AGAIN}") from None
    return fresh


def _tokens(body: bytes, headers: Headers) -> FreshTokens:
    """Read tokens; the two `..._expire_in` are instants (epoch seconds), whatever their names say."""
    data: dict[str, Any] = op.envelope(op.REFRESH_TOKEN.required)(body, headers)
    return FreshTokens(
        access=SecretStr(str(data["access_token"])),
        lifetime=_until(data["access_token_expire_in"]),
        refresh=SecretStr(str(data["refresh_token"])),
        refresh_lifetime=_until(data["refresh_token_expire_in"]),
    )


def _until(seconds: Any) -> timedelta:
    end = instant_of(seconds)
    if end is None:
        raise DecodeError("the end of a token is no instant in epoch seconds")
    return max(end - datetime.now(UTC), timedelta(0))


def credential_error(store: TikTokStore, error: RequestRejectedError) -> CredentialError | None:
    """Turn a refusal into a `CredentialError` that names what to check; None where the refusal is about the request."""
    if error.code in op.TOKEN_REFUSED:
        return _credential_error(error, f"Check {_variables(store, 'refresh_token')}. {_AGAIN}")
    if error.code == op.SIGN_REFUSED:
        return _credential_error(error, f"Check {_variables(store, 'app_secret', 'app_key')}.")
    if error.code in op.SHOP_REFUSED:
        return _credential_error(error, f"Check {_variables(store, 'shop_cipher')}.")
    if error.code == op.NO_SCOPE:
        return _credential_error(
            error, f"Enable the scope of this call for the app of {_variables(store, 'app_key')} in the Partner Center."
        )
    return None


def wrong_shop(store: TikTokStore, operation: str) -> CredentialError:
    """Say that the authorisation does not cover the shop of the settings."""
    return CredentialError(
        "the seller's authorisation does not name this shop with this cipher. Check "
        f"{_variables(store, 'shop_id', 'shop_cipher')}; `Get Authorized Shops` lists both.",
        platform=op.PLATFORM, store=store.name, operation=operation,
    )  # fmt: skip


def _variables(store: TikTokStore, *fields: str) -> str:
    return " and ".join(store.variable(field) for field in fields)


def _credential_error(error: RequestRejectedError, remedy: str) -> CredentialError:
    return CredentialError(
        f"TikTok Shop refused the credentials ({error.code or error.status}). {remedy}",
        platform=error.platform, store=error.store, operation=error.operation, trace_id=error.trace_id,
    )  # fmt: skip
