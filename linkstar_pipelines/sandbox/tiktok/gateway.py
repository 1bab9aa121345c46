"""TikTok Shop's way of a request: signature, token, call rate, operation; and how TikTok speaks.

Not here: the operations (one module per group), transport faults (see `sandbox.gateway`).
"""

from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.routing import Route

from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.gateway import Gateway
from linkstar_pipelines.sandbox.quota import QuotaDesk
from linkstar_pipelines.sandbox.tiktok import wire
from linkstar_pipelines.sandbox.tiktok.auth import TokenDesk
from linkstar_pipelines.sandbox.tiktok.wire import ApiError, Call
from linkstar_pipelines.sandbox.wire import Reply

Operation = Callable[[Call], Reply]
PLANS: Final = dict.fromkeys(
    (
        "getAuthorizedShops", "getOrderList", "getOrderDetail", "searchProducts", "inventorySearch",
        "updateInventory", "markPackageAsShipped",
    ),
    (50.0, 50),
)  # fmt: skip
"""Requests per second and burst of each call and shop: the sandbox's own figures, none is published."""


class TikTokDialect:
    """TikTok's envelope."""

    def throttled(self) -> Reply:
        """Say that too many requests came, with HTTP 200."""
        return _too_many().reply

    def broken(self, status: int) -> Reply:
        """Say that the platform failed."""
        return ApiError(wire.BROKEN, "Internal error. Please try again.", status).reply

    def astray(self, status: int, target: str) -> Reply:
        """Answer a request that reaches no operation."""
        return ApiError(wire.ASTRAY, f"Invalid path ({target}).", status).reply

    def access_token(self, request: Request, body: bytes) -> str:  # noqa: ARG002  # interface
        """Return the access token's header."""
        return request.headers.get("x-tts-access-token", "")

    def expired(self) -> Reply:
        """Answer 401 with its own code."""
        return ApiError(wire.EXPIRED_TOKEN, "Expired credentials. The access token has expired.", 401).reply

    def headers(self, operation: str, status: int, request_id: str) -> Mapping[str, str]:  # noqa: ARG002 - the Dialect
        """Return the log id."""
        return {"x-tt-logid": request_id}


class TikTokGateway:
    """Makes routes of calls."""

    def __init__(self, gateway: Gateway, clock: Clock, tokens: TokenDesk, quotas: QuotaDesk) -> None:
        self._gateway = gateway
        self._clock = clock
        self._tokens = tokens
        self._quotas = quotas

    def route(self, method: str, path: str, name: str, operate: Operation, *, of_shop: bool = True) -> Route:
        """Make the route of one call; `of_shop` tells whether it needs the shop's cipher."""

        def answer(request: Request, body: bytes, strike: Strike) -> Reply:
            account = self._tokens.check(request, body, of_shop=of_shop)
            if not self._quotas.spend(account.code, name):
                raise _too_many()
            call = Call(account, self._clock.now(), request.query_params, body, strike, dict(request.path_params))
            return operate(call)

        return self._gateway.route(method, path, name, answer)

    def refresh(self, path: str) -> Route:
        """Make the route that gives tokens."""
        return self._gateway.route("GET", path, "refreshToken", self._tokens.refresh)


def _too_many() -> ApiError:
    return ApiError(wire.TOO_MANY, "Too many requests. You've made too many requests in a short period of time.")
