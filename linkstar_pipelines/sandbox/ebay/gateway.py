"""eBay's way of a request: access token, daily limit, signature where it is wanted, operation; and how eBay speaks.

Not here: the operations (one module per API), transport faults (see `sandbox.gateway`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.routing import Route

from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.ebay.auth import USER, TokenDesk
from linkstar_pipelines.sandbox.ebay.signatures import check_signature, wants_signature
from linkstar_pipelines.sandbox.ebay.wire import ApiError, Call
from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.gateway import Gateway
from linkstar_pipelines.sandbox.quota import QuotaDesk
from linkstar_pipelines.sandbox.wire import Reply

Operation = Callable[[Call], Reply]
DAY_SECONDS = 86_400
DAILY = {
    "getOrders": 100_000,
    "getOrder": 100_000,
    "getShippingFulfillments": 100_000,
    "createShippingFulfillment": 100_000,
    "getInventoryItems": 2_000_000,
    "getOffers": 2_000_000,
    "bulkUpdatePriceQuantity": 2_000_000,
    "getTransactions": 15_000,
    "searchReturns": 5_000,
    "getReturn": 5_000,
    "getPublicKey": 10_000,
}
"""Calls a day; a day's worth may come at once, and fills up again evenly."""
PLANS = {name: (calls / DAY_SECONDS, calls) for name, calls in DAILY.items()}


@dataclass(frozen=True, slots=True)
class Access:
    """How an operation is authorised: scheme and kind of token, and whether it wants signed requests."""

    scheme: str = "Bearer"
    kind: str = USER
    signed: bool = False


class EbayDialect:
    """eBay's envelope; its headers tell nothing of limits."""

    def throttled(self) -> Reply:
        """Answer 429."""
        return _too_many().reply

    def broken(self, status: int) -> Reply:
        """Answer 500 or 503 with eBay's system error."""
        return ApiError(status, 30500, "API_FULFILLMENT", "System error", "APPLICATION").reply

    def astray(self, status: int, target: str) -> Reply:
        """Answer a request that reaches no operation."""
        return ApiError(status, 2002, "ACCESS", f"Resource not found: {target}").reply

    def access_token(self, request: Request, body: bytes) -> str:  # noqa: ARG002  # interface
        """Return the access token with its scheme; an application's own password is none."""
        given = request.headers.get("authorization", "")
        return "" if given.startswith("Basic ") else given

    def expired(self) -> Reply:
        """Answer 401."""
        return ApiError(401, 1001, "OAuth", "Invalid access token: it has expired").reply

    def headers(self, operation: str, status: int, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """Return eBay's own id of the exchange."""
        return {"rlogid": request_id}


class EbayGateway:
    """Makes routes of operations that need an access token."""

    def __init__(self, gateway: Gateway, clock: Clock, tokens: TokenDesk, quotas: QuotaDesk) -> None:
        self._gateway = gateway
        self._clock = clock
        self._tokens = tokens
        self._quotas = quotas

    def operation(self, method: str, path: str, name: str, operate: Operation, access: Access | None = None) -> Route:
        """Make the route of an operation."""
        needed = access or Access()

        def answer(request: Request, body: bytes, strike: Strike) -> Reply:
            headers = dict(request.headers)
            account = self._tokens.check(headers.get("authorization", ""), needed.scheme, needed.kind)
            if not self._quotas.spend(account.code, name):
                raise _too_many()
            if needed.signed and wants_signature(account):
                check_signature(request.method, request.url.path, headers, body)
            url = str(request.url.replace(query=""))
            query, now = dict(request.query_params), self._clock.now()
            return operate(Call(account, now, query, headers, request.path_params, body, url, strike))

        return self._gateway.route(method, path, name, answer)


def _too_many() -> ApiError:
    return ApiError(429, 2001, "ACCESS", "The request limit has been reached for the resource.")
