"""Shopee's tokens: an access token for four hours, and a refresh token that is spent at its first use.

Belongs here: getting tokens with a refresh token. `http.tokens` keeps them, lets one process renew them, and stores
the successor before anything uses it.
Does not belong here: what a token is used for.
"""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from pydantic import SecretStr

from linkstar_pipelines.connectors.errors import CredentialError, RequestRejectedError
from linkstar_pipelines.connectors.fields import json_body
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import Request
from linkstar_pipelines.connectors.shopee import operations as op
from linkstar_pipelines.connectors.shopee.signing import public_base, signature
from linkstar_pipelines.connectors.shopee.store import ShopeeStore
from linkstar_pipelines.storage.tokens import FreshTokens

_SUSPECTS: Final = {
    "error_sign": ("partner_key",),
    "error_partner_key_expired": ("partner_key",),
    "invalid_partner_id": ("partner_id",),
    "error_auth": ("partner_id", "shop_id", "refresh_token"),
    "shop_no_linked": ("shop_id",),
    "partner_shop_no_link": ("partner_id", "shop_id"),
    "shop_banned": ("shop_id",),
    "error_shop": ("shop_id",),
    "error_shop_refresh_token": ("refresh_token", "shop_id"),
    "refresh_token_expired": ("refresh_token",),
    "shop_access_expired": ("refresh_token",),
    "invalid_acceess_token": ("refresh_token", "shop_id"),
    "error_permission": ("partner_id",),
    "error_api_permission": ("partner_id",),
    "source_ip_undeclared": ("partner_id",),
}
"""Settings to check, by error code (`invalid_acceess_token` is Shopee's spelling)."""
_SPENT: Final = frozenset({"error_shop_refresh_token", "refresh_token_expired", "shop_access_expired"})


def fresh_tokens(store: ShopeeStore, http: HttpCore, refresh_token: SecretStr) -> FreshTokens:
    """Spend a refresh token for new tokens.

    Raises:
        CredentialError: Shopee does not accept partner id, partner key, shop id or refresh token.
    """

    def sign(request: Request) -> Request:
        timestamp = int(time.time())
        sign = signature(store.partner_key, public_base(store.partner_id, op.REFRESH_TOKEN.path, timestamp))
        query = urlencode({"partner_id": store.partner_id, "timestamp": timestamp, "sign": sign})
        return replace(request, url=f"{request.url}?{query}")

    body = {
        "refresh_token": refresh_token.get_secret_value(), "partner_id": store.partner_id, "shop_id": store.shop_id,
    }  # fmt: skip
    request = Request(
        platform=op.PLATFORM,
        store=store.name,
        operation=op.REFRESH_TOKEN.name,
        method=op.REFRESH_TOKEN.method,
        url=store.endpoint + op.REFRESH_TOKEN.path,
        headers={"content-type": "application/json"},
        body=json_body(body),
        # A second sight of a spent token is refused and makes nothing; where the first did not arrive, it helps.
        idempotent=True,
        public_params=op.PUBLIC_PARAMS,
        secrets=(store.partner_key, refresh_token),
        decode=op.envelope(op.REFRESH_TOKEN.required),
        sign=sign,
        explain=op.explain_error,
    )
    try:
        answer: dict[str, Any] = http.call(request).data
    except RequestRejectedError as error:
        raise credential_error(store, error) or error from None
    return FreshTokens(
        access=SecretStr(str(answer["access_token"])),
        lifetime=timedelta(seconds=float(answer["expire_in"])),
        refresh=SecretStr(str(answer["refresh_token"])),
        refresh_lifetime=op.REFRESH_TOKEN_LIFE,
    )


def credential_error(store: ShopeeStore, error: RequestRejectedError) -> CredentialError | None:
    """Turn a refusal into a `CredentialError` that names what to check; None where the refusal is about the request."""
    code = op.bare(error.code)
    suspects = _SUSPECTS.get(code)
    if suspects is None:
        return None
    variables = " and ".join(store.variable(field) for field in suspects)
    remedy = {
        "source_ip_undeclared": "Declare this machine's address in the IP whitelist of the app in the console.",
        "error_permission": "Ask for the permission of this call in the console.",
        "error_api_permission": "The type of the app may not make this call; see the console.",
    }.get(code, "Authorise the shop again in the console if need be.")
    if code in _SPENT:
        remedy = (
            "The token is spent, expired or revoked: authorise the shop again in the console and set the new "
            "refresh token."
        )
    return CredentialError(
        f"Shopee refused the credentials ({code}). Check {variables}. {remedy}",
        platform=error.platform, store=error.store, operation=error.operation, trace_id=error.trace_id,
    )  # fmt: skip
