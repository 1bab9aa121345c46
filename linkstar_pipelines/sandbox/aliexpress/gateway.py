"""The gateway: one address for all business methods, one path per system call, and how it speaks.

Here: reading form and query, the login of every call, limits per method, the envelope. As all business methods come to
one address, faults strike them as one operation, `sync`.
Not here: the methods (one module per subject), transport faults (see `sandbox.gateway`).
"""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.routing import Route

from linkstar_pipelines.sandbox.aliexpress.auth import TOKEN_NAMES, TokenDesk
from linkstar_pipelines.sandbox.aliexpress.wire import BusinessError, Call, refused
from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.gateway import Gateway
from linkstar_pipelines.sandbox.quota import Plans, QuotaDesk
from linkstar_pipelines.sandbox.wire import Json, Reply

Method = Callable[[Call], Json]
"""What a method answers within its envelope; raises `BusinessError` and refusals."""
RATE, BURST = 10.0, 20
"""Requests per second of a shop and method. AliExpress publishes none: this only lets clients meet a limit."""


class IopDialect:
    """The gateway's own words; all but its outages come with HTTP 200."""

    def throttled(self) -> Reply:
        """Answer `ApiCallLimit`."""
        return refused("ApiCallLimit", "The API call frequency exceeds the limit", "ISP").reply

    def broken(self, status: int) -> Reply:
        """Answer an outage."""
        body = {"type": "SYSTEM", "code": "ServiceUnavailable", "message": "Service unavailable", "request_id": "0"}
        return Reply(body, status)

    def astray(self, status: int, target: str) -> Reply:
        """Answer a request that reaches no method."""
        return Reply(refused("InvalidApiPath", f"The API path {target} is invalid").reply.body, status)

    def access_token(self, request: Request, body: bytes) -> str:
        """Return the access token of the parameters."""
        parameters = _parameters(request, body)
        return next((parameters[name] for name in TOKEN_NAMES if parameters.get(name)), "")

    def expired(self) -> Reply:
        """Answer `IllegalAccessToken`."""
        return refused("IllegalAccessToken", "The specified access token is invalid or expired").reply

    def headers(self, _operation: str, _status: int, _request_id: str) -> Mapping[str, str]:
        """Return no headers: the gateway tells nothing in them."""
        return {}


class IopGateway:
    """Makes the routes of the gateway."""

    def __init__(self, gateway: Gateway, clock: Clock, tokens: TokenDesk, rate_scale: float) -> None:
        self._gateway = gateway
        self._clock = clock
        self._tokens = tokens
        self._scale = rate_scale

    def sync(self, methods: Mapping[str, Method]) -> Route:
        """Make the route of all business methods."""
        plans: Plans = dict.fromkeys(methods, (RATE, BURST))
        quotas = QuotaDesk(plans, self._scale)

        def answer(request: Request, body: bytes, strike: Strike) -> Reply:
            parameters = _parameters(request, body)
            account = self._tokens.shop(parameters)
            name = parameters.get("method", "")
            if name not in methods:
                raise refused("InvalidApiPath", f"The API {name} is invalid")
            if not quotas.spend(account.code, name):
                raise refused("ApiCallLimit", "The API call frequency exceeds the limit", "ISP")
            try:
                told = methods[name](Call(account, self._clock.now(), parameters, strike))
            except BusinessError as failure:
                told = {"result": {"success": False, "error_code": failure.code, "error_message": str(failure)}}
            return Reply({f"{name.replace('.', '_')}_response": {**told, "request_id": "0"}})

        return self._gateway.route("POST", "/sync", "sync", answer)

    def system(self, path: str, name: str, operate: Callable[[Mapping[str, str]], Reply]) -> Route:
        """Make the route of a system call."""

        def answer(request: Request, body: bytes, _strike: Strike) -> Reply:
            return operate(_parameters(request, body))

        return self._gateway.route(("GET", "POST"), f"/rest{path}", name, answer)


def _parameters(request: Request, body: bytes) -> dict[str, str]:
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return {**request.query_params, **form}
