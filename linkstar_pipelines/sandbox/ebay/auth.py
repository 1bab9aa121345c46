"""eBay's OAuth: tokens of sellers for refresh tokens, and tokens of the application itself.

Here: `POST /identity/v1/oauth2/token` with its error bodies, and the check of the authorization header on every call.
Tokens are signed and carry their end (real time). Not here: the credentials themselves (see `world.accounts`).
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Iterable
from itertools import count
from urllib.parse import parse_qs

from starlette.requests import Request

from linkstar_pipelines.sandbox.ebay.wire import ApiError
from linkstar_pipelines.sandbox.wire import Reply
from linkstar_pipelines.sandbox.world.accounts import Account

PREFIX = "v^1.1#i^1#"
USER, APPLICATION = "user", "application"
KINDS = {"refresh_token": USER, "client_credentials": APPLICATION}


class TokenDesk:
    """Issues and checks access tokens that live `ttl` real seconds."""

    def __init__(self, seed: int, accounts: Iterable[Account], ttl: float) -> None:
        self._key = f"ebay-oauth-{seed}".encode()
        self._accounts = {account.client_id: account for account in accounts}
        self._by_code = {account.code: account for account in self._accounts.values()}
        self._ttl = ttl
        self._serial = count(1)

    def issue(self, request: Request, body: bytes) -> Reply:
        """Answer a token request: 200, 400 (`invalid_grant`, `unsupported_grant_type`, ...) or 401."""
        account = self._client(request.headers.get("authorization", ""))
        if account is None:
            return _refuse(401, "invalid_client", "client authentication failed")
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        kind = KINDS.get(form.get("grant_type", ""))
        if kind is None:
            return _refuse(400, "unsupported_grant_type", "grant type in request is not supported")
        if kind == APPLICATION and "scope" not in form:
            return _refuse(400, "invalid_scope", "The requested scope is invalid")
        if kind == USER and form.get("refresh_token") != account.refresh_token:
            return _refuse(400, "invalid_grant", "the provided authorization refresh token is invalid")
        token = self._sign(f"{account.code}.{kind}.{time.time() + self._ttl:.3f}.{next(self._serial)}")
        holder = "User Access Token" if kind == USER else "Application Access Token"
        return Reply({"access_token": PREFIX + token, "expires_in": int(self._ttl), "token_type": holder})

    def check(self, header: str, scheme: str, kind: str) -> Account:
        """Return the account that an authorization header stands for.

        Raises:
            ApiError: 401 when the token is missing, forged or past its end; 403 when it is of the other kind.
        """
        given, _, token = header.partition(" ")
        text, _, _ = token.removeprefix(PREFIX).rpartition(".")
        known = hmac.compare_digest((PREFIX + self._sign(text)).encode(), token.encode())
        if given != scheme or not known:
            raise ApiError(401, 1001, "OAuth", "Invalid access token")
        code, found, rest = text.split(".", 2)
        if float(rest.rpartition(".")[0]) < time.time():
            raise ApiError(401, 1001, "OAuth", "Invalid access token: it has expired")
        if found != kind:
            raise ApiError(403, 1100, "ACCESS", "Access denied: insufficient permissions to fulfill the request")
        return self._by_code[code]

    def _client(self, header: str) -> Account | None:
        scheme, _, encoded = header.partition(" ")
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return None
        account = self._accounts.get(client_id) if scheme == "Basic" else None
        return account if account and account.client_secret == secret else None

    def _sign(self, text: str) -> str:
        return f"{text}.{hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32]}"


def _refuse(status: int, error: str, description: str) -> Reply:
    return Reply({"error": error, "error_description": description}, status=status)
