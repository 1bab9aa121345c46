"""Access tokens of the Walmart side: client credentials, 15 minutes.

Here: `POST /v3/token`, and the check of the token on every call. Tokens are signed and carry their end (real time).
Not here: the credentials themselves (see `world.accounts`).
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterable
from itertools import count
from urllib.parse import parse_qs

from starlette.requests import Request

from linkstar_pipelines.sandbox.walmart.wire import ApiError
from linkstar_pipelines.sandbox.wire import Reply
from linkstar_pipelines.sandbox.world.accounts import Account

LONGEST = 900.0


class TokenDesk:
    """Issues and checks access tokens that live `ttl` real seconds, at most 900."""

    def __init__(self, seed: int, accounts: Iterable[Account], ttl: float) -> None:
        self._key = f"walmart-{seed}".encode()
        self._accounts = {account.client_id: account for account in accounts}
        self._by_code = {account.code: account for account in self._accounts.values()}
        self._ttl = min(ttl, LONGEST)
        self._serial = count(1)

    def issue(self, request: Request, body: bytes) -> Reply:
        """Answer a form-encoded token request; in XML unless JSON is asked for."""
        account = self._account(request.headers.get("authorization", ""))
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if form.get("grant_type") != "client_credentials":
            raise ApiError(400, "INVALID_REQUEST_PARAM.GMP_GATEWAY_API", "grant_type must be client_credentials")
        token = self._sign(f"{account.code}.{time.time() + self._ttl:.3f}.{next(self._serial)}")
        if "json" not in request.headers.get("accept", ""):
            text = f"<OAuthTokenDTO><accessToken>{token}</accessToken><tokenType>Bearer</tokenType></OAuthTokenDTO>"
            return Reply(content=text.encode(), media_type="application/xml")
        return Reply({"access_token": token, "token_type": "Bearer", "expires_in": int(self._ttl)})

    def check(self, token: str | None) -> Account:
        """Return the account that an access token stands for.

        Raises:
            ApiError: 401 when the token is missing, forged or past its end.
        """
        text, _, _ = (token or "").rpartition(".")
        if not token or not hmac.compare_digest(self._sign(text).encode(), token.encode()):
            raise _unauthorized("Access token is missing or was not issued here.")
        code, end = text.split(".", 1)
        if float(end.rpartition(".")[0]) < time.time():
            raise _unauthorized("The access token has expired.")
        return self._by_code[code]

    def _account(self, header: str) -> Account:
        scheme, _, encoded = header.partition(" ")
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            client_id, secret = "", ""
        account = self._accounts.get(client_id)
        if scheme != "Basic" or account is None or secret != account.client_secret:
            raise _unauthorized("Client id or client secret is wrong.")
        return account

    def _sign(self, text: str) -> str:
        return f"{text}.{hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32]}"


def _unauthorized(description: str) -> ApiError:
    return ApiError(401, "UNAUTHORIZED.GMP_GATEWAY_API", description)
