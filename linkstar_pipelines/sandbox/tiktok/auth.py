"""Who may call: app, signature, timestamp, access token, shop cipher; and the tokens themselves.

Here: the signature over path, query and body, the five minutes of a timestamp, rotating refresh tokens.
Not here: the operations behind.

Credentials of an account: the app key is its `client_id`, the app secret its `client_secret`, the shop id its
`seller_id`, the first refresh token its `refresh_token`, and the shop cipher what `cipher_of` gives.

A refresh token is spent by its use and gives its successor. Successors are made from a serial number, so that a sandbox
that was started anew still knows the one a client has kept. A refresh whose answer a fault swallows is not committed:
the shop would be locked out then, which no client can mend.
"""

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from linkstar_pipelines.sandbox.faults import UNSEEN, Strike
from linkstar_pipelines.sandbox.tiktok import wire
from linkstar_pipelines.sandbox.tiktok.wire import ApiError, done
from linkstar_pipelines.sandbox.wire import Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account

TIMESTAMP_SECONDS: Final = 300
REFRESH_SECONDS: Final = 180 * 86_400
_HEX: Final = "0123456789abcdef"


def cipher_of(account: Account) -> str:
    """Return the cipher of an account's shop."""
    return f"SBX_{account.code.lower()}-cipher"


def sign(secret: str, path: str, query: dict[str, str], body: bytes) -> str:
    """Return the signature of a call."""
    text = secret + path
    for name in sorted(query):
        if name not in {"sign", "access_token"}:
            text += name + query[name]
    return hmac.new(secret.encode(), text.encode() + body + secret.encode(), hashlib.sha256).hexdigest()


@dataclass(slots=True)
class _Tokens:
    """Access tokens of a shop with their end (monotonic seconds), and the serial of the refresh token that is next."""

    access: dict[str, float] = field(default_factory=dict)
    serial: int = 0


class TokenDesk:
    """Checks calls and issues tokens; `ttl` is the life of an access token in real seconds."""

    def __init__(self, seed: int, accounts: list[Account], ttl: float) -> None:
        self._seed = seed
        self._accounts = {account.client_id: account for account in accounts}
        self._ttl = ttl
        self._tokens = {account.code: _Tokens() for account in accounts}

    def check(self, request: Request, body: bytes, *, of_shop: bool) -> Account:
        """Check a call; returns the account whose app calls."""
        query = dict(request.query_params)
        account = self._accounts.get(query.get("app_key", ""))
        if account is None:
            raise ApiError(wire.BAD_SIGN, "Invalid credentials. The 'app_key' query parameter is invalid.", 401)
        stamp = query.get("timestamp", "")
        if not stamp.isdecimal() or abs(time.time() - int(stamp)) > TIMESTAMP_SECONDS:
            raise ApiError(wire.INVALID, "Invalid parameter: the 'timestamp' is not within five minutes.", 400)
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        expected = sign(account.client_secret, path, query, body)
        if not hmac.compare_digest(expected.encode(), query.get("sign", "").encode()):
            raise ApiError(wire.BAD_SIGN, "Invalid credentials. The 'sign' query parameter is invalid.", 401)
        self._check_token(account, request.headers.get("x-tts-access-token", ""))
        if of_shop and query.get("shop_cipher") != cipher_of(account):
            raise ApiError(wire.BAD_CIPHER, "Invalid 'shop_cipher'.", 400)
        return account

    def refresh(self, request: Request, _: bytes, strike: Strike) -> Reply:
        """Spend a refresh token for new tokens; the call is not signed."""
        query = request.query_params
        account = self._accounts.get(query.get("app_key", ""))
        if account is None or query.get("app_secret") != account.client_secret:
            raise ApiError(wire.UNKNOWN_APP, "The app_key or app_secret is invalid.")
        if query.get("grant_type") != "refresh_token":
            raise ApiError(wire.INVALID, "The grant_type is invalid.")
        tokens = self._tokens[account.code]
        serial = self._serial(account, query.get("refresh_token", ""))
        if serial is None or serial < tokens.serial:
            raise ApiError(wire.SPENT_REFRESH_TOKEN, "The refresh_token is invalid or expired.")
        access = "SBX_" + chance.code(40, _HEX, self._seed, "tiktok", account.code, serial, time.monotonic_ns())
        if strike.transport not in UNSEEN:
            tokens.access[access] = time.monotonic() + self._ttl
            tokens.serial = serial + 1
        return done({
            "access_token": access,
            "access_token_expire_in": int(time.time() + self._ttl),
            "refresh_token": self._refresh_token(account, serial + 1),
            "refresh_token_expire_in": int(time.time()) + REFRESH_SECONDS,
            "open_id": account.seller_id,
            "seller_name": account.code,
            "seller_base_region": account.marketplaces[0].country,
            "user_type": 0,
        })  # fmt: skip

    def _check_token(self, account: Account, token: str) -> None:
        end = self._tokens[account.code].access.get(token)
        if end is None:
            raise ApiError(wire.INVALID_TOKEN, "The 'x-tts-access-token' is invalid.", 401)
        if end < time.monotonic():
            raise ApiError(wire.EXPIRED_TOKEN, "Expired credentials. The access token has expired.", 401)

    def _refresh_token(self, account: Account, serial: int) -> str:
        if serial == 0:
            return account.refresh_token
        return f"{serial:x}x{chance.code(24, _HEX, self._seed, 'tiktok refresh', account.code, serial)}"

    def _serial(self, account: Account, token: str) -> int | None:
        """Return the serial of a refresh token; None when it was not issued here."""
        if token == account.refresh_token:
            return 0
        try:
            serial = int(token.partition("x")[0], 16)
        except ValueError:
            return None
        return serial if token == self._refresh_token(account, serial) else None
