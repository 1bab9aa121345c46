"""Amazon's way of a request: access token, usage plan, operation; and how Amazon speaks.

Not here: the operations (one module per API), transport faults (see `sandbox.gateway`).
"""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.routing import Route

from linkstar_pipelines.sandbox.amazon.auth import TokenDesk
from linkstar_pipelines.sandbox.amazon.wire import ApiError, Call, unauthorized
from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.gateway import Gateway
from linkstar_pipelines.sandbox.quota import QuotaDesk
from linkstar_pipelines.sandbox.wire import Reply

Operation = Callable[[Call], Reply]
Open = Callable[[Request, bytes], Reply]
_TELLS_RATE = frozenset({200, 202, 400, 404, 429})


class AmazonDialect:
    """Amazon's envelope and headers."""

    def __init__(self, quotas: QuotaDesk) -> None:
        self._quotas = quotas

    def throttled(self) -> Reply:
        """Answer 429 `QuotaExceeded`."""
        return _quota_exceeded().reply

    def broken(self, status: int) -> Reply:
        """Answer 500 `InternalFailure` or 503 `ServiceUnavailable`."""
        code = "InternalFailure" if status == 500 else "ServiceUnavailable"
        return ApiError(status, code, "We encountered an internal error. Please try again.").reply

    def astray(self, status: int, target: str) -> Reply:
        """Answer a request that reaches no operation."""
        code = {404: "NotFound", 405: "InvalidInput"}.get(status, "InternalFailure")
        return ApiError(status, code, "No such operation.", target).reply

    def access_token(self, request: Request, body: bytes) -> str:  # noqa: ARG002  # interface
        """Return the access token's header."""
        return request.headers.get("x-amz-access-token", "")

    def expired(self) -> Reply:
        """Answer 403 `Unauthorized`."""
        return unauthorized("The access token you provided has expired.").reply

    def headers(self, operation: str, status: int, request_id: str) -> Mapping[str, str]:
        """Return the request id, and the rate where Amazon tells it."""
        rate = self._quotas.rate(operation)
        told = {"x-amzn-RateLimit-Limit": f"{rate:.10g}"} if rate is not None and status in _TELLS_RATE else {}
        return {"x-amzn-RequestId": request_id, **told}


class AmazonGateway:
    """Makes routes of operations that need an access token, and of those that do not."""

    def __init__(self, gateway: Gateway, clock: Clock, tokens: TokenDesk, quotas: QuotaDesk) -> None:
        self._gateway = gateway
        self._clock = clock
        self._tokens = tokens
        self._quotas = quotas

    def operation(self, method: str, path: str, name: str, operate: Operation) -> Route:
        """Make the route of an operation that needs an access token."""

        def answer(request: Request, body: bytes, strike: Strike) -> Reply:
            account = self._tokens.check(request.headers.get("x-amz-access-token"))
            if not self._quotas.spend(account.code, name):
                raise _quota_exceeded()
            query: dict[str, str] = {}
            for key, value in request.query_params.multi_items():
                query[key] = f"{query[key]},{value}" if key in query else value
            now, base_url = self._clock.now(), str(request.base_url).rstrip("/")
            return operate(Call(account, now, query, request.path_params, body, base_url, strike))

        return self._gateway.route(method, path, name, answer)

    def open(self, method: str, path: str, name: str, operate: Open) -> Route:
        """Make the route of a request without an access token (login, links, public files)."""
        return self._gateway.route(method, path, name, lambda request, body, _strike: operate(request, body))


def _quota_exceeded() -> ApiError:
    return ApiError(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
