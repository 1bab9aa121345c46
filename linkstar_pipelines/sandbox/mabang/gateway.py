"""Mabang's way of a request: one address, app key, timestamp, signature, call rate, interface; and how Mabang speaks.

As all interfaces come to one address, faults strike them as one operation, `api`. An overloaded gateway and a broken
one answer HTTP 200 with code 0, a message and null data: a success that hides a failure.
Not here: the interfaces (one module per group), transport faults (see `sandbox.gateway`).
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.routing import Route

from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.gateway import Gateway
from linkstar_pipelines.sandbox.mabang.wire import Call, invalid, refused
from linkstar_pipelines.sandbox.quota import QuotaDesk
from linkstar_pipelines.sandbox.wire import Reply

APP_KEY: Final = "sandbox-mabang"
DEVELOPER_KEY: Final = "sandbox-mabang-key"
TIMESTAMP_SECONDS: Final = 600
RATE, BURST = 2.0, 10
"""Requests per second of each interface. Mabang publishes none: this only lets clients meet a limit."""

Interface = Callable[[Call], Reply]


class MabangDialect:
    """The gateway's own words."""

    def throttled(self) -> Reply:
        """Say that too many requests came: code 0, null data."""
        return refused("请求过于频繁，请稍后再试", "0").reply

    def broken(self, status: int) -> Reply:
        """Say that the gateway failed: with HTTP 200, code 0 and null data, or with HTTP 503."""
        return refused("网关内部错误", "0", 200 if status == 500 else status).reply

    def astray(self, status: int, target: str) -> Reply:
        """Answer a request that reaches no interface."""
        return refused(f"接口不存在：{target}", "404", status).reply

    def access_token(self, request: Request, body: bytes) -> str:  # noqa: ARG002 - the Dialect
        """Return none: calls are signed, there is no token that ends."""
        return ""

    def expired(self) -> Reply:
        """Answer as to a wrong signature."""
        return refused("签名错误").reply

    def headers(self, operation: str, status: int, request_id: str) -> Mapping[str, str]:  # noqa: ARG002 - the Dialect
        """Return none: the gateway tells nothing in them."""
        return {}


class MabangGateway:
    """Makes the route of the gateway."""

    def __init__(self, gateway: Gateway, clock: Clock, rate_scale: float) -> None:
        self._gateway = gateway
        self._clock = clock
        self._scale = rate_scale

    def route(self, interfaces: Mapping[str, Interface]) -> Route:
        """Make the one route of all interfaces."""
        quotas = QuotaDesk(dict.fromkeys(interfaces, (RATE, BURST)), self._scale)

        def answer(request: Request, body: bytes, strike: Strike) -> Reply:
            document = _checked(request, body)
            name = str(document.get("api", ""))
            if name not in interfaces:
                raise refused(f"接口不存在：{name}", "404")
            if not quotas.spend(APP_KEY, name):
                raise refused("请求过于频繁，请稍后再试", "0")
            return interfaces[name](Call(name, self._clock.now(), document["data"], strike))

        return self._gateway.route("POST", "/api/v2", "api", answer)


def _checked(request: Request, body: bytes) -> dict[str, Any]:
    """Check signature, app key and timestamp, in that order; return the body."""
    expected = hmac.new(DEVELOPER_KEY.encode(), body, hashlib.sha256).hexdigest()
    try:
        document = json.loads(body)
    except ValueError:
        raise invalid("请求体不是JSON") from None
    if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
        raise invalid("缺少data")
    if document.get("appkey") != APP_KEY:
        raise refused("appkey不存在")
    if not hmac.compare_digest(expected.encode(), request.headers.get("authorization", "").encode()):
        raise refused("签名错误")
    stamp = str(document.get("timestamp", ""))
    if len(stamp) != 10 or not stamp.isdecimal() or abs(time.time() - int(stamp)) > TIMESTAMP_SECONDS:
        raise refused("timestamp与服务器时间相差超过10分钟")
    return document
