"""Shopee's way of a request: signature, token, call rate, operation; and how Shopee speaks.

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
from linkstar_pipelines.sandbox.shopee.auth import TokenDesk
from linkstar_pipelines.sandbox.shopee.wire import ApiError, Call
from linkstar_pipelines.sandbox.wire import Reply

Operation = Callable[[Call], Reply]
_CALLS: Final = (
    "get_shop_info", "get_order_list", "get_order_detail", "get_item_list", "get_item_base_info", "get_model_list",
    "update_stock", "get_shipping_parameter", "ship_order", "get_tracking_number", "get_return_list",
    "get_return_detail", "get_escrow_list", "get_escrow_detail", "get_wallet_transaction_list",
    "get_lost_push_message", "confirm_consumed_lost_push_message",
)  # fmt: skip
PLANS: Final = dict.fromkeys(_CALLS, (40.0, 150))
"""Requests per second and burst of each call: the sandbox's own figures, Shopee publishes none."""


class ShopeeDialect:
    """Shopee's envelope."""

    def throttled(self) -> Reply:
        """Answer `error_rate_limit`, with HTTP 200."""
        return _too_many().reply

    def broken(self, status: int) -> Reply:
        """Answer `error_server`."""
        return ApiError("error_server", "Something wrong. Please try later.", status).reply

    def astray(self, status: int, target: str) -> Reply:
        """Answer a request that reaches no operation."""
        offline = "Permission denied. This API is currently offline or the request path is incorrect."
        return ApiError("error_param", f"{offline} ({target})", status).reply

    def access_token(self, request: Request, body: bytes) -> str:  # noqa: ARG002  # interface
        """Return the access token of the query."""
        return request.query_params.get("access_token", "")

    def expired(self) -> Reply:
        """Answer 403 in Shopee's spelling."""
        return ApiError("invalid_acceess_token", "Invalid access_token, please have a check.", 403).reply

    def headers(self, operation: str, status: int, request_id: str) -> Mapping[str, str]:  # noqa: ARG002 - the Dialect
        """Return the request id."""
        return {"x-request-id": request_id}


class ShopeeGateway:
    """Makes routes of calls; the path that is signed is the operation's own, wherever the sandbox is mounted."""

    def __init__(self, gateway: Gateway, clock: Clock, tokens: TokenDesk, quotas: QuotaDesk) -> None:
        self._gateway = gateway
        self._clock = clock
        self._tokens = tokens
        self._quotas = quotas

    def shop(self, method: str, path: str, operate: Operation) -> Route:
        """Make the route of a call for a shop."""
        return self._route(method, path, operate, public=False)

    def public(self, method: str, path: str, operate: Operation) -> Route:
        """Make the route of a call that concerns an app."""
        return self._route(method, path, operate, public=True)

    def refresh(self, path: str) -> Route:
        """Make the route that gives tokens."""

        def answer(request: Request, body: bytes, strike: Strike) -> Reply:
            return self._tokens.refresh(self._tokens.check_app(request, path), body, strike)

        return self._gateway.route("POST", path, "refresh_access_token", answer)

    def _route(self, method: str, path: str, operate: Operation, *, public: bool) -> Route:
        name = path.rpartition("/")[2]

        def answer(request: Request, body: bytes, strike: Strike) -> Reply:
            check = self._tokens.check_app if public else self._tokens.check_shop
            account = check(request, path)
            if not self._quotas.spend(account.code, name):
                raise _too_many()
            return operate(Call(account, self._clock.now(), request.query_params, body, strike))

        return self._gateway.route(method, path, name, answer)


def _too_many() -> ApiError:
    return ApiError("error_rate_limit", "Too many requests. You have reached the rate limit. Please try again later.")
