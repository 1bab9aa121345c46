"""Walmart's way of a request: its headers, access token, usage plan, operation; and how Walmart speaks.

Not here: the operations (one module per API), transport faults (see `sandbox.gateway`).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.routing import Route

from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.gateway import Gateway
from linkstar_pipelines.sandbox.walmart.auth import TokenDesk
from linkstar_pipelines.sandbox.walmart.plans import TokenCounts
from linkstar_pipelines.sandbox.walmart.wire import ApiError, Call, invalid
from linkstar_pipelines.sandbox.wire import RefusedError, Reply

Operation = Callable[[Call], Reply]
HEADERS = ("WM_SVC.NAME", "WM_QOS.CORRELATION_ID")
"""Headers without which nothing is answered."""


class WalmartDialect:
    """Walmart's envelope and headers."""

    def throttled(self) -> Reply:
        """Answer 429."""
        return _throttled().reply

    def broken(self, status: int) -> Reply:
        """Answer 500 or 503."""
        return ApiError(status, "SYSTEM_ERROR.GMP_GATEWAY_API", "Internal error.", category="SYSTEM").reply

    def astray(self, status: int, target: str) -> Reply:
        """Answer a request that reaches no operation."""
        return ApiError(status, "INVALID_REQUEST.GMP_GATEWAY_API", f"No such operation: {target}").reply

    def access_token(self, request: Request, body: bytes) -> str:  # noqa: ARG002  # interface
        """Return the access token's header."""
        return request.headers.get("WM_SEC.ACCESS_TOKEN", "")

    def expired(self) -> Reply:
        """Answer 401."""
        return ApiError(401, "UNAUTHORIZED.GMP_GATEWAY_API", "The access token has expired.").reply

    def headers(self, operation: str, status: int, request_id: str) -> Mapping[str, str]:  # noqa: ARG002  # interface
        """Return the headers that every answer carries."""
        return {"WM_SVC.NAME": "Walmart Marketplace", "WM_QOS.CORRELATION_ID": request_id}


class WalmartGateway:
    """Makes routes of operations that need an access token, and of the one that gives it."""

    def __init__(self, gateway: Gateway, clock: Clock, tokens: TokenDesk, counts: TokenCounts) -> None:
        self._gateway = gateway
        self._clock = clock
        self._tokens = tokens
        self._counts = counts

    def operation(self, method: str, path: str, name: str, operate: Operation) -> Route:
        """Make the route of an operation that needs an access token."""

        def answer(request: Request, body: bytes, strike: Strike) -> Reply:
            _check_headers(request)
            account = self._tokens.check(request.headers.get("WM_SEC.ACCESS_TOKEN"))
            if not self._counts.spend(account.code, name):
                raise RefusedError(self._counted(_throttled().reply, account.code, name))
            items = request.query_params.multi_items()
            if len(dict(items)) < len(items):
                raise invalid("A query parameter was given twice.")
            call = Call(account, self._clock.now(), dict(items), request.path_params, body, strike)
            try:
                reply = operate(call)
            except RefusedError as refused:
                reply = refused.reply
            return self._counted(reply, account.code, name)

        return self._gateway.route(method, path, name, answer)

    def token(self, path: str) -> Route:
        """Make the route of the token endpoint."""

        def answer(request: Request, body: bytes, _strike: Strike) -> Reply:
            _check_headers(request)
            return self._tokens.issue(request, body)

        return self._gateway.route("POST", path, "tokenAPI", answer)

    def _counted(self, reply: Reply, account_code: str, name: str) -> Reply:
        """Add what is left of the window, and when it is filled again."""
        counts = {
            "X-Current-Token-Count": str(self._counts.left(account_code, name)),
            "X-Next-Replenishment-Time": str(int((time.time() + self._counts.pause(name)) * 1000)),
        }
        return replace(reply, headers={**reply.headers, **counts})


def _check_headers(request: Request) -> None:
    for name in HEADERS:
        if not request.headers.get(name):
            raise ApiError(400, "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", f"Missing header {name}")


def _throttled() -> ApiError:
    return ApiError(429, "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API", "Too many requests.")
