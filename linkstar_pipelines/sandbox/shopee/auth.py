"""Who may call: partner, signature, timestamp, access token, shop; and the tokens themselves.

Here: the two base strings, the five minutes of a timestamp, single-use refresh tokens.
Not here: the operations behind.

Credentials of an account: the partner key is the account's `client_secret`, the shop id its `seller_id`, the first
refresh token its `refresh_token`. A partner id must be a number, which `client_id` is not: `PARTNER_IDS` gives it.

A refresh token is spent by its use and gives its successor; the access token before stays good for five more minutes.
Successors are made from a serial number, so that a sandbox that was started anew still knows the one a client has
kept. A refresh whose answer a fault swallows is not committed: Shopee would lock the shop out then, which no client
can mend.
"""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from linkstar_pipelines.sandbox.faults import UNSEEN, Strike
from linkstar_pipelines.sandbox.shopee.wire import ApiError, done, invalid
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account

PARTNER_IDS: Final = {"SPSG": 2001887, "SPMY": 2001888}
"""Partner id of each account's app, by account code."""
TIMESTAMP_SECONDS: Final = 300
GRACE_SECONDS: Final = 300


def signed(key: str, base: str) -> str:
    """Return the signature over a base string."""
    return hmac.new(key.encode(), base.encode(), hashlib.sha256).hexdigest()


@dataclass(slots=True)
class _Tokens:
    """Access tokens of a shop with their end (monotonic seconds), and the serial of the refresh token that is next."""

    access: dict[str, float] = field(default_factory=dict)
    serial: int = 0


class TokenDesk:
    """Checks calls and issues tokens; `ttl` is the life of an access token in real seconds."""

    def __init__(self, seed: int, accounts: list[Account], ttl: float) -> None:
        self._seed = seed
        self._accounts = {PARTNER_IDS[account.code]: account for account in accounts}
        self._ttl = ttl
        self._tokens = {account.code: _Tokens() for account in accounts}

    def check_app(self, request: Request, path: str) -> Account:
        """Check a public call; returns the account whose app calls."""
        account, base = self._app(request, path)
        self._check_sign(request, account, base)
        return account

    def check_shop(self, request: Request, path: str) -> Account:
        """Check a call for a shop."""
        account, base = self._app(request, path)
        query = request.query_params
        token, shop = query.get("access_token", ""), query.get("shop_id", "")
        if not token:
            raise ApiError("error_param", "There is no access_token in query.")
        if not shop:
            raise ApiError("error_param", "There is no shop_id in query.")
        self._check_sign(request, account, base + token + shop)
        if shop != account.seller_id:
            raise ApiError("partner_shop_no_link", "Invalid partner_id or shop_id, please have a check.")
        if self._tokens[account.code].access.get(token, 0.0) < time.monotonic():
            raise ApiError("invalid_acceess_token", "Invalid access_token, please have a check.", 403)
        return account

    def refresh(self, account: Account, body: bytes, strike: Strike) -> Reply:
        """Spend a refresh token for new tokens."""
        asked = _asked(body)
        if asked.get("partner_id") != PARTNER_IDS[account.code]:
            raise invalid("partner_id of the body is not that of the query")
        if str(asked.get("shop_id")) != account.seller_id:
            raise ApiError("shop_no_linked", "Partner and shop has no linked.")
        tokens = self._tokens[account.code]
        serial = self._serial(account, str(asked.get("refresh_token", "")))
        if serial is None or serial < tokens.serial:
            raise ApiError("error_shop_refresh_token", "Your refresh token is error ,please check refresh token.")
        access = chance.code(32, "0123456789abcdef", self._seed, "access", account.code, serial, time.monotonic_ns())
        if strike.transport not in UNSEEN:
            now = time.monotonic()
            tokens.access = {old: min(end, now + GRACE_SECONDS) for old, end in tokens.access.items() if end > now}
            tokens.access[access] = now + self._ttl
            tokens.serial = serial + 1
        return done(
            partner_id=PARTNER_IDS[account.code],
            shop_id=int(account.seller_id),
            access_token=access,
            refresh_token=self._refresh_token(account, serial + 1),
            expire_in=int(self._ttl),
        )

    def _refresh_token(self, account: Account, serial: int) -> str:
        if serial == 0:
            return account.refresh_token
        return f"{serial:x}x{chance.code(24, '0123456789abcdef', self._seed, 'refresh', account.code, serial)}"

    def _serial(self, account: Account, token: str) -> int | None:
        """Return the serial of a refresh token; None when it was not issued here."""
        if token == account.refresh_token:
            return 0
        try:
            serial = int(token.partition("x")[0], 16)
        except ValueError:
            return None
        return serial if token == self._refresh_token(account, serial) else None

    def _app(self, request: Request, path: str) -> tuple[Account, str]:
        query = request.query_params
        partner, timestamp = query.get("partner_id", ""), query.get("timestamp", "")
        if not partner:
            raise ApiError("error_param", "There is no partner_id in query.")
        account = self._accounts.get(int(partner)) if partner.isdecimal() else None
        if account is None:
            raise ApiError("invalid_partner_id", "Invalid partner_id, please have a check.")
        if not timestamp:
            raise ApiError("error_param", "no timestamp")
        if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TIMESTAMP_SECONDS:
            raise ApiError("error_param", "Timestamp is expired.")
        return account, f"{partner}{path}{timestamp}"

    def _check_sign(self, request: Request, account: Account, base: str) -> None:
        given = request.query_params.get("sign", "")
        if not given:
            raise ApiError("error_param", "There is no sign in query.")
        if not hmac.compare_digest(signed(account.client_secret, base).encode(), given.encode()):
            raise ApiError("error_sign", "Wrong sign.", 403)


def _asked(body: bytes) -> Json:
    try:
        asked = json.loads(body)
    except ValueError as problem:
        raise invalid("the body is no JSON") from problem
    return asked if isinstance(asked, dict) else {}
