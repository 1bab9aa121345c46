"""The gateway before all operations: faults, the way of one HTTP request, and the log of what was answered.

Here: transport faults that strike first, the platform's own answer, transport faults that strike last. It is the
same for every platform; what a platform says when it breaks or throttles is its `Dialect`.
Not here: auth, usage plans and operations (each platform's own), the drawing of faults (see `sandbox.faults`).
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import count
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.faults import EMPTY_BODY, FaultDesk, Strike
from linkstar_pipelines.sandbox.payload_faults import with_additions
from linkstar_pipelines.sandbox.transport import Cut, Dropped
from linkstar_pipelines.sandbox.wire import Json, RefusedError, Reply, to_bytes, to_json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.instants import iso

Answer = Callable[[Request, bytes, Strike], Reply]
"""What a platform answers to a request with that body, struck by those faults; raises `RefusedError`."""
CLOCK_SKEW_SECONDS = 600
RECENT = 500


class Dialect(Protocol):
    """How a platform speaks where no operation is involved."""

    def throttled(self) -> Reply:
        """Say that too many requests came."""
        ...

    def broken(self, status: int) -> Reply:
        """Say that the platform itself failed (500 or 503)."""
        ...

    def astray(self, status: int, target: str) -> Reply:
        """Say that a request reached no operation (404, 405)."""
        ...

    def headers(self, operation: str, status: int, request_id: str) -> Mapping[str, str]:
        """Return the headers that every answer carries."""
        ...

    def access_token(self, request: Request, body: bytes) -> str:
        """Return the access token of a request; empty where it carries none, or one that never ends."""
        ...

    def expired(self) -> Reply:
        """Say that the access token has ended."""
        ...


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
class _Deaths:
    """Access tokens that ended before their stated time. None dies before it has served a request unharmed."""

    served: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)

    def strikes(self, token: str, strike: Strike) -> bool:
        """Tell whether a request's token is dead, or dies of this strike."""
        if strike.token_expiry and token in self.served:
            self.dead.add(token)
        if token and strike.transport is None:
            self.served.add(token)
        return token in self.dead


@dataclass(slots=True)
class _Answer:
    response: Response
    status: int
    fault: str = ""


class Gateway:
    """Makes Starlette routes out of a platform's answers.

    Args:
        dialect: How the platform speaks.
        clock: The virtual clock; answers carry its date.
        faults: Draws the faults of each request.
        log: Where exchanges are noted.
        prefix: Put before operation names in the log and in the draw of faults; empty for Amazon.
    """

    def __init__(self, dialect: Dialect, clock: Clock, faults: FaultDesk, log: ExchangeLog, prefix: str = "") -> None:
        self._dialect = dialect
        self._clock = clock
        self._faults = faults
        self._log = log
        self._prefix = prefix
        self._serial = count(1)
        self._deaths = _Deaths()

    def route(self, methods: str | Sequence[str], path: str, name: str, answer: Answer) -> Route:
        """Make the route of one operation.

        Args:
            methods: HTTP method, or several.
            path: Path with Starlette's placeholders.
            name: Operation, as it stands in the log.
            answer: What the platform answers.
        """
        name = self._prefix + name

        async def endpoint(request: Request) -> Response:
            strike, request_id = self._faults.draw(name), self._request_id()
            body = await request.body()
            if self._deaths.strikes(self._dialect.access_token(request, body), strike):
                found = self._respond(name, self._dialect.expired(), request_id, strike, fault="token_expiry")
            else:
                found = await self._exchange(name, strike, request_id, lambda: answer(request, body, strike))
            target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            self._log.note(request_id, name, found.status, fault=found.fault, at=self._clock.now(), target=target)
            return found.response

        return Route(path, endpoint, methods=[methods] if isinstance(methods, str) else list(methods), name=name)

    def astray(self, request: Request, status: int) -> Response:
        """Answer a request that reaches no operation."""
        reply = self._dialect.astray(status, f"{request.method} {request.url.path}")
        name = f"{self._prefix}unknown"
        self._log.note("", name, reply.status, fault="", at=self._clock.now(), target=request.url.path)
        return self._respond("unknown", reply, self._request_id(), Strike()).response

    async def _exchange(self, name: str, strike: Strike, request_id: str, work: Callable[[], Reply]) -> _Answer:
        fault = strike.transport or ""
        if fault == "quota_429":
            return self._respond(name, self._dialect.throttled(), request_id, strike, fault=fault)
        if fault in {"error_500", "error_503"}:
            return self._respond(name, self._dialect.broken(int(fault[-3:])), request_id, strike, fault=fault)
        if fault == "timeout_before":
            return await self._drop(fault)
        try:
            reply = work()
        except RefusedError as refused:
            reply = refused.reply
        if fault == "timeout_after":
            return await self._drop(fault)
        return self._respond(name, reply, request_id, strike, fault=fault)

    async def _drop(self, fault: str) -> _Answer:
        await asyncio.sleep(self._faults.plan.delay)
        return _Answer(Dropped(), 0, fault)

    def _respond(self, name: str, reply: Reply, request_id: str, strike: Strike, *, fault: str = "") -> _Answer:
        content = reply.content
        if content is None:
            content = b"" if reply.body is None else to_bytes(to_json(reply.body))
        if fault == EMPTY_BODY:
            content = b""
        elif self._faults.adds_fields(name) and reply.status == 200 and reply.media_type == "application/json":
            content = with_additions(content)
        now = self._clock.now() + (CLOCK_SKEW_SECONDS if strike.clock_skew else 0)
        operation = name.removeprefix(self._prefix)
        # A throttled answer that is a fault tells nothing of the rate: the client must not learn from it.
        said = {} if fault == "quota_429" else self._dialect.headers(operation, reply.status, request_id)
        headers = {**reply.headers, **said, "Date": formatdate(now, usegmt=True)}
        status, fault = reply.status, fault or ("clock_skew" if strike.clock_skew else "")
        if fault == "truncated_body":
            half = content[: len(content) // 2]
            announced = len(content) if strike.half else len(half)
            return _Answer(Cut(half, announced, status, headers, reply.media_type), status, fault)
        return _Answer(Response(content, status, headers, reply.media_type), status, fault)

    def _request_id(self) -> str:
        text = chance.code(32, "0123456789abcdef", "request", next(self._serial))
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
