"""The gateway before all operations: faults, auth, usage plans, envelopes, and the log of what was answered.

Here: the way of one HTTP request through the platform, in this order: transport faults that strike first, access
token, usage plan, the operation, transport faults that strike last. Dates and windows go by the virtual clock.
Not here: the operations (one module per API), the drawing of faults (see `sandbox.faults`).
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import count

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from linkstar_pipelines.sandbox.amazon.auth import TokenDesk
from linkstar_pipelines.sandbox.amazon.quota import QuotaDesk
from linkstar_pipelines.sandbox.amazon.wire import ApiError, Call, Json, Reply, to_json
from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.faults import FaultDesk, Strike
from linkstar_pipelines.sandbox.transport import Cut, Dropped
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.instants import iso

Operation = Callable[[Call], Reply]
Open = Callable[[Request, bytes], Reply]
CLOCK_SKEW_SECONDS = 600
RECENT = 500


@dataclass(slots=True)
class ExchangeLog:
    """Counts of (operation, status, fault), and the latest exchanges; status 0 stands for no answer."""

    counts: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    recent: deque[Json] = field(default_factory=lambda: deque(maxlen=RECENT))

    def note(self, request_id: str, operation: str, status: int, *, fault: str, at: int, target: str) -> None:
        """Add one exchange."""
        self.counts[operation, status, fault] += 1
        self.recent.append(
            {
                "requestId": request_id,
                "operation": operation,
                "status": status,
                "fault": fault or None,
                "at": iso(at),
                "target": target,
            }
        )


@dataclass(slots=True)
class _Answer:
    response: Response
    status: int
    fault: str = ""


class Gateway:
    """Makes Starlette routes out of operations."""

    def __init__(self, clock: Clock, tokens: TokenDesk, quotas: QuotaDesk, faults: FaultDesk) -> None:
        self.log = ExchangeLog()
        self._clock = clock
        self._tokens = tokens
        self._quotas = quotas
        self._faults = faults
        self._serial = count(1)

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

        return self._route(method, path, name, answer)

    def open(self, method: str, path: str, name: str, operate: Open) -> Route:
        """Make the route of a request without an access token (login, links, public files)."""
        return self._route(method, path, name, lambda request, body, _strike: operate(request, body))

    def refuse(self, request: Request, status: int, message: str) -> Response:
        """Answer a request that reaches no operation, in Amazon's envelope."""
        code = {404: "NotFound", 405: "InvalidInput"}.get(status, "InternalFailure")
        error = ApiError(status, code, message, f"{request.method} {request.url.path}")
        answer = self._respond("unknown", Reply(error.body, status), self._request_id(), Strike())
        self.log.note("", "unknown", status, fault="", at=self._clock.now(), target=request.url.path)
        return answer.response

    def _route(self, method: str, path: str, name: str, answer: Callable[[Request, bytes, Strike], Reply]) -> Route:
        async def endpoint(request: Request) -> Response:
            strike, request_id = self._faults.draw(name), self._request_id()
            body = await request.body()
            found = await self._exchange(name, strike, request_id, lambda: answer(request, body, strike))
            target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            now = self._clock.now()
            self.log.note(request_id, name, found.status, fault=found.fault, at=now, target=target)
            return found.response

        return Route(path, endpoint, methods=[method], name=name)

    async def _exchange(self, name: str, strike: Strike, request_id: str, work: Callable[[], Reply]) -> _Answer:
        fault = strike.transport or ""
        if fault == "quota_429":
            return self._respond(name, _reply_to(_quota_exceeded()), request_id, strike, fault=fault, with_rate=False)
        if fault in {"error_500", "error_503"}:
            status = int(fault[-3:])
            code = "InternalFailure" if status == 500 else "ServiceUnavailable"
            error = ApiError(status, code, "We encountered an internal error. Please try again.")
            return self._respond(name, _reply_to(error), request_id, strike, fault=fault)
        if fault == "timeout_before":
            return await self._drop(fault)
        try:
            reply = work()
        except ApiError as error:
            reply = _reply_to(error)
        if fault == "timeout_after":
            return await self._drop(fault)
        return self._respond(name, reply, request_id, strike, fault=fault)

    async def _drop(self, fault: str) -> _Answer:
        await asyncio.sleep(self._faults.plan.delay)
        return _Answer(Dropped(), 0, fault)

    def _respond(
        self, name: str, reply: Reply, request_id: str, strike: Strike, *, fault: str = "", with_rate: bool = True
    ) -> _Answer:
        content = reply.content
        if content is None:
            content = to_json(reply.body or {}).encode()
        now = self._clock.now() + (CLOCK_SKEW_SECONDS if strike.clock_skew else 0)
        headers = {**reply.headers, "x-amzn-RequestId": request_id, "Date": formatdate(now, usegmt=True)}
        rate = self._quotas.rate(name)
        if rate is not None and with_rate and reply.status in {200, 202, 400, 404, 429}:
            headers["x-amzn-RateLimit-Limit"] = f"{rate:.10g}"
        status, fault = reply.status, fault or ("clock_skew" if strike.clock_skew else "")
        if fault == "truncated_body":
            half = content[: len(content) // 2]
            announced = len(content) if strike.half else len(half)
            return _Answer(Cut(half, announced, status, headers, reply.media_type), status, fault)
        return _Answer(Response(content, status, headers, reply.media_type), status, fault)

    def _request_id(self) -> str:
        text = chance.code(32, "0123456789abcdef", "request", next(self._serial))
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _reply_to(error: ApiError) -> Reply:
    return Reply(error.body, error.status)


def _quota_exceeded() -> ApiError:
    return ApiError(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
