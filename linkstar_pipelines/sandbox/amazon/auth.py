"""Login with Amazon (LWA): access tokens for refresh tokens.

Here: `POST /auth/o2/token` with Amazon's own error bodies, and the check of the access token on every call.
Tokens are signed and carry their end (real time), so they outlive a restart of the sandbox but not their hour.
Not here: the credentials themselves (see `world.accounts`).
"""

import hashlib
import hmac
import time
from collections.abc import Iterable
from itertools import count
from urllib.parse import parse_qs

from linkstar_pipelines.sandbox.amazon.wire import unauthorized
from linkstar_pipelines.sandbox.wire import Reply
from linkstar_pipelines.sandbox.world.accounts import Account

PREFIX = "Atza|"


class TokenDesk:
    """Issues and checks access tokens that live `ttl` real seconds."""

    def __init__(self, seed: int, accounts: Iterable[Account], ttl: float) -> None:
        self._key = f"lwa-{seed}".encode()
        self._accounts = {account.client_id: account for account in accounts}
        self._by_code = {account.code: account for account in self._accounts.values()}
        self._ttl = ttl
        self._serial = count(1)

    def issue(self, body: bytes) -> Reply:
        """Answer a form-encoded token request: 200, 400 (`invalid_request`, `invalid_grant`, ...) or 401."""
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        grant = form.get("grant_type")
        if grant is None:
            return _refuse(400, "invalid_request", "The request is missing a required parameter : grant_type")
        if grant != "refresh_token":
            return _refuse(400, "unsupported_grant_type", f"The grant type {grant} is not supported")
        for name in ("refresh_token", "client_id", "client_secret"):
            if name not in form:
                return _refuse(400, "invalid_request", f"The request is missing a required parameter : {name}")
        account = self._accounts.get(form["client_id"])
        if account is None or form["client_secret"] != account.client_secret:
            return _refuse(401, "invalid_client", "Client authentication failed")
        if form["refresh_token"] != account.refresh_token:
            return _refuse(400, "invalid_grant", "The request has an invalid grant parameter : refresh_token")
        token = self._sign(f"{account.code}.{time.time() + self._ttl:.3f}.{next(self._serial)}")
        body_out = {
            "access_token": PREFIX + token,
            "refresh_token": account.refresh_token,
            "token_type": "bearer",
            "expires_in": int(self._ttl),
        }
        return Reply(body_out, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})

    def check(self, token: str | None) -> Account:
        """Return the account that an access token stands for.

        Raises:
            ApiError: 403 `Unauthorized` when the token is missing, forged or past its end.
        """
        if not token:
            raise unauthorized("Access token is missing in the request header.")
        text, _, _ = token.removeprefix(PREFIX).rpartition(".")
        if not token.startswith(PREFIX) or not hmac.compare_digest(
            self._sign(text).encode(), token[len(PREFIX) :].encode()
        ):
            raise unauthorized("Access token is malformed or was not issued here.")
        code, end = text.split(".", 1)
        if float(end.rpartition(".")[0]) < time.time():
            raise unauthorized("The access token you provided has expired.")
        return self._by_code[code]

    def _sign(self, text: str) -> str:
        return f"{text}.{hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32]}"


def _refuse(status: int, error: str, description: str) -> Reply:
    return Reply({"error": error, "error_description": description}, status=status)
