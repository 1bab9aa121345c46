"""Tokens and signatures of the gateway.

Here: `/auth/token/create` and `/auth/token/refresh`, the check of signature, time and token of every call. A refresh
gives a new access token and the same refresh token, whose end it does not move.
Tokens are signed and carry their end (real time), so they outlive a restart of the sandbox.
Not here: the credentials themselves (see `world.accounts`).
"""

import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from itertools import count

from linkstar_pipelines.sandbox.aliexpress.wire import refused
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.accounts import Account

REFRESH_LIFE = 60 * 86_400
"""Seconds that a refresh token of a launched app lives."""
MOST_SKEW = 7200
TOKEN_NAMES = ("session", "access_token")


def signature(parameters: Mapping[str, str], secret: str, path: str = "") -> str:
    """Sign parameters as the gateway's documentation says."""
    pairs = sorted((name, value) for name, value in parameters.items() if name != "sign" and value != "")
    text = path + "".join(f"{name}{value}" for name, value in pairs)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest().upper()


class TokenDesk:
    """Knows the apps and shops, and issues access tokens that live `ttl` real seconds."""

    def __init__(self, seed: int, accounts: Iterable[Account], ttl: float) -> None:
        self._key = f"iop-{seed}".encode()
        self._apps = {account.client_id: account for account in accounts}
        self._by_code = {account.code: account for account in self._apps.values()}
        self._ttl = ttl
        self._refresh_ends = time.time() + REFRESH_LIFE
        self._serial = count(1)

    def create(self, parameters: Mapping[str, str]) -> Reply:
        """Answer `/auth/token/create`: the code is what the seller's consent would have brought."""
        account = self.app(parameters, "/auth/token/create")
        if parameters.get("code") != f"sandbox-code-{account.code.lower()}":
            raise refused("InvalidCode", "Invalid authorization code")
        return Reply(self._tokens(account))

    def refresh(self, parameters: Mapping[str, str]) -> Reply:
        """Answer `/auth/token/refresh`."""
        account = self.app(parameters, "/auth/token/refresh")
        if parameters.get("refresh_token") != account.refresh_token:
            raise refused("IllegalRefreshToken", "The specified refresh token is invalid or expired")
        return Reply(self._tokens(account))

    def app(self, parameters: Mapping[str, str], path: str = "") -> Account:
        """Return the account whose app signed a call; refuses any other."""
        account = self._apps.get(parameters.get("app_key", ""))
        if account is None:
            raise refused("InvalidAppKey", "The specified App Key is invalid")
        stamp = parameters.get("timestamp", "")
        if not stamp.isdigit() or abs(time.time() - int(stamp) / 1000) > MOST_SKEW:
            raise refused("IllegalTimestamp", "The specified timestamp is invalid or expired")
        expected = signature(parameters, account.client_secret, path)
        if parameters.get("sign_method") != "sha256" or parameters.get("sign") != expected:
            raise refused("IncompleteSignature", "The request signature does not conform to platform standards")
        return account

    def shop(self, parameters: Mapping[str, str]) -> Account:
        """Return the account that a signed and logged-in call is of; refuses any other."""
        account = self.app(parameters)
        token = next((parameters[name] for name in TOKEN_NAMES if parameters.get(name)), "")
        text, _, _ = token.rpartition(".")
        code, _, rest = text.partition(".")
        genuine = hmac.compare_digest(self._sealed(text).encode(), token.encode())
        if not genuine or self._by_code.get(code) is not account or float(rest.rpartition(".")[0]) < time.time():
            raise refused("IllegalAccessToken", "The specified access token is invalid or expired")
        return account

    def _tokens(self, account: Account) -> Json:
        now = time.time()
        return {
            "access_token": self._sealed(f"{account.code}.{now + self._ttl:.3f}.{next(self._serial)}"),
            "refresh_token": account.refresh_token,
            "expires_in": int(self._ttl),
            "refresh_expires_in": int(self._refresh_ends - now),
            "expire_time": int((now + self._ttl) * 1000),
            "refresh_token_valid_time": int(self._refresh_ends * 1000),
            "user_id": account.seller_id,
            "seller_id": account.seller_id,
            "havana_id": account.seller_id,
            "account": f"{account.code.lower()}@shop.example.com",
            "account_platform": "seller_center",
            "sp": "ae",
            "code": "0",
        }

    def _sealed(self, text: str) -> str:
        return f"{text}.{hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32]}"
