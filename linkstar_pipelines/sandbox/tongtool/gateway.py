"""Tongtool's way of a request: token, signature, quota, merchant, query; and how Tongtool speaks.

A quota that is used up is told with HTTP 200 and code 526, or with HTTP 429, by turns; a failure of its own with HTTP
200 and code 527, or with HTTP 503.
Not here: the queries (one module per subject), transport faults (see `sandbox.gateway`).
"""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final

from starlette.requests import Request
from starlette.routing import Route

from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.gateway import Gateway
from linkstar_pipelines.sandbox.tongtool.auth import MERCHANT, TokenDesk
from linkstar_pipelines.sandbox.tongtool.wire import (
    NOT_AUTHORIZED,
    SYSTEM_FAULT,
    TOKEN_EXPIRED,
    TOO_MANY,
    Call,
    invalid,
    refused,
)
from linkstar_pipelines.sandbox.wire import Reply
from linkstar_pipelines.sandbox.world.instants import MINUTE

Query = Callable[[Call], Reply]
CALLS: Final = 5
"""Calls that a merchant has in a minute, all queries together."""


class TongtoolDialect:
    """The platform's own words."""

    def __init__(self) -> None:
        self._refusals = count()

    def throttled(self) -> Reply:
        """Say that too many requests came."""
        return refused(TOO_MANY, status=429 if next(self._refusals) % 2 else 200).reply

    def broken(self, status: int) -> Reply:
        """Say that the platform itself failed."""
        return refused(SYSTEM_FAULT, status=200 if status == 500 else status).reply

    def astray(self, status: int, target: str) -> Reply:
        """Answer a request that reaches no query."""
        return Reply({"code": status, "message": f"接口不存在：{target}", "datas": None}, status)

    def access_token(self, request: Request, body: bytes) -> str:  # noqa: ARG002 - the Dialect
        """Return the app token of a query; the second step of a login has one that nobody has used yet."""
        return request.query_params.get("app_token", "") if "/api-service/" in request.url.path else ""

    def expired(self) -> Reply:
        """Say that the token has ended."""
        return refused(TOKEN_EXPIRED).reply

    def headers(self, operation: str, status: int, request_id: str) -> Mapping[str, str]:  # noqa: ARG002 - the Dialect
        """Return none: Tongtool tells nothing in them, neither what is left of the quota."""
        return {}


class MinuteQuota:
    """Counts the calls of the last minute, which the scale of the sandbox shortens."""

    def __init__(self, scale: float) -> None:
        self._window = MINUTE / scale
        self._latest: deque[float] = deque(maxlen=CALLS)

    def spend(self) -> bool:
        """Count one call; False, and not counted, when the minute has no more."""
        now = time.monotonic()
        if len(self._latest) == CALLS and now - self._latest[0] < self._window:
            return False
        self._latest.append(now)
        return True


class TongtoolGateway:
    """Makes the routes of the platform."""

    def __init__(
        self, gateway: Gateway, dialect: TongtoolDialect, clock: Clock, tokens: TokenDesk, scale: float
    ) -> None:
        self._gateway = gateway
        self._dialect = dialect
        self._clock = clock
        self._tokens = tokens
        self._quota = MinuteQuota(scale)

    def login(self, path: str, name: str, operate: Callable[[Request], Reply]) -> Route:
        """Make the route of a call that leads to a session."""

        def answer(request: Request, _body: bytes, _strike: Strike) -> Reply:
            return operate(request)

        return self._gateway.route("GET", f"/open-platform-service/{path}", name, answer)

    def query(self, name: str, operate: Query) -> Route:
        """Make the route of a query."""

        def answer(request: Request, body: bytes, strike: Strike) -> Reply:
            self._tokens.check(request)
            if not self._quota.spend():
                return self._dialect.throttled()
            if request.headers.get("api_version") != "3.0":
                raise invalid("api_version")
            data = _document(body)
            if data.get("merchantId") != MERCHANT:
                raise refused(NOT_AUTHORIZED)
            return operate(Call(self._clock.now(), data, strike))

        return self._gateway.route("POST", f"/api-service/openapi/tongtool/{name}", name, answer)


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise invalid("JSON")
    return found
