"""The HTTP core that every connector shares: budget, timeouts, safe retries, typed errors, the call log.

Belongs here: how one logical call becomes one or more exchanges, whatever the platform.
Does not belong here: credentials, parameters or paging of a platform (its own module), or storage details.

Retries use exponential backoff with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture
Blog, 2015). What is safe to repeat: idempotent requests after any transient fault; others only when the platform
provably did not process them (no connection was made, or it answered 429).
"""

import hashlib
import math
import random
import ssl
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from linkstar_pipelines.connectors.errors import (
    BudgetExhaustedError,
    ConnectorError,
    MalformedAnswerError,
    PlatformError,
    RequestRejectedError,
    ThrottledError,
    UnreachableError,
)
from linkstar_pipelines.connectors.masking import mask_text, mask_url
from linkstar_pipelines.connectors.request import Answer, DecodeError, FailureInBody, Request, read_json
from linkstar_pipelines.connectors.usage import UsageMeter
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.answer_bodies import AnswerBodies, AnswerPull
from linkstar_pipelines.storage.call_log import CallLog, Exchange
from linkstar_pipelines.storage.ingest_windows import IngestWindows
from linkstar_pipelines.storage.page_tally import PageTallies
from linkstar_pipelines.storage.postgres import Postgres, open_postgres
from linkstar_pipelines.storage.push_events import PushEvents
from linkstar_pipelines.storage.rate_budget import YIELDING_FLOOR, Grant, RateBudget
from linkstar_pipelines.storage.tokens import StoreTokens, token_key

_FIRST_PAUSE: Final = 0.05  # seconds, before the second attempt
_LAST_PAUSE: Final = 5.0  # before the last one
_BUDGET_POLL: Final = 1.0  # another process may learn a faster rate while this one waits
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class _Outcome:
    """What one exchange came to; `failure` is None for a good answer."""

    kind: str
    failure: str | None = None
    answer: Answer | None = None
    status: int = 0
    code: str = ""
    processed: bool = True
    retry_after: float = 0.0


class HttpCore:
    """Sends requests for all connectors of a process; safe to share between threads.

    Args:
        postgres: the operational database (budgets and call log).
        timeout: longest wait for one answer, seconds.
        max_attempts: exchanges for one call that is safe to repeat.
        max_wait: longest wait for rate budget in one call, seconds.
        token_key: key of the stored tokens (`storage/tokens.py`).
        yielding: leave a floor of every budget to others: for backfills, so that new orders never wait for history.
        client: transport to use instead of an own connection pool.
        sleep: how to wait, in seconds.
    """

    def __init__(
        self,
        postgres: Postgres,
        *,
        timeout: float,
        max_attempts: int,
        max_wait: float,
        token_key: SecretStr,
        yielding: bool = False,
        client: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._timeout = timeout
        self._max_attempts = max_attempts
        self._max_wait = max_wait
        self._yielding = yielding
        self._client = client or httpx.Client(
            timeout=timeout, limits=httpx.Limits(max_connections=20), verify=_certificates()
        )
        self._sleep = sleep
        self._jitter = random.Random()  # noqa: S311  # spreads retries; nothing is kept secret by it
        self.budget = RateBudget(postgres)
        self.usage = UsageMeter()
        self._faults: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self.call_log = CallLog(postgres)
        self.page_tallies = PageTallies(postgres)
        self.tokens = StoreTokens(postgres, token_key)
        self.bodies = AnswerBodies(postgres, token_key)
        self.windows = IngestWindows(postgres)
        self.push_events = PushEvents(postgres)
        self._landing: dict[tuple[str, str], tuple[AnswerPull, Collection[str]]] = {}

    @classmethod
    def of(cls, settings: Settings, **changes: Any) -> Self:
        """Make the core of these settings; `changes` replace single arguments."""
        arguments: dict[str, Any] = {
            "timeout": settings.http_timeout_seconds,
            "max_attempts": settings.http_max_attempts,
            "max_wait": settings.http_max_wait_seconds,
            "token_key": token_key(settings.token_key, settings.data_dir),
        }
        return cls(open_postgres(settings), **(arguments | changes))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write the rest of the call log and close the connections."""
        self.call_log.flush()
        self._client.close()

    @contextmanager
    def landing(self, pull: AnswerPull, operations: Collection[str]) -> Iterator[None]:
        """Keep the raw answers of a pull within the block, before anything is read out of them.

        A store is read by one pull at a time in one core. A pull that breaks off within the block stays without an end.

        Args:
            pull: The pull, of one stream of one store.
            operations: Operations whose answers make its records.
        """
        self.bodies.begin(pull)
        self._landing[pull.platform, pull.store] = pull, operations
        try:
            yield
        finally:
            del self._landing[pull.platform, pull.store]
        self.bodies.end(pull)

    def faults(self, platform: str, store: str) -> int:
        """Exchanges with this store that failed in transport or with 5xx since this object was made."""
        with self._lock:
            return self._faults[platform, store]

    def call(self, request: Request) -> Answer:
        """Send the request, again where that is safe, and return the decoded answer.

        Raises:
            BudgetExhaustedError: no rate budget within the configured wait.
            UnreachableError: no connection or no answer after all attempts.
            ThrottledError: 429 after all attempts.
            PlatformError: 5xx after all attempts.
            RequestRejectedError: the platform refused the request (other 4xx).
            MalformedAnswerError: the body stayed cut or without its required parts after all attempts.
        """
        trace_id = uuid.uuid4().hex
        try:
            return self._attempt_until_answered(request, trace_id)
        except ConnectorError:
            self.call_log.flush()
            raise

    def _attempt_until_answered(self, request: Request, trace_id: str) -> Answer:
        grant = self._await_budget(request, trace_id)
        for attempt in range(1, self._max_attempts + 1):
            # While the granted rate is not learned, the documented one could make a repetition wait for minutes
            # without need: until then the pauses between attempts are the only brake.
            if attempt > 1 and grant.learned:
                grant = self._await_budget(request, trace_id)
            outcome = self._exchange(request, trace_id, attempt, grant)
            if outcome.answer is not None:
                return outcome.answer
            if outcome.kind in {"platform_error", "unreachable", "timeout", "broken", "malformed"}:
                with self._lock:
                    self._faults[request.platform, request.store] += 1
            if outcome.kind == "rejected" or not (request.idempotent or not outcome.processed):
                raise self._error(request, trace_id, outcome, attempt)
            if attempt == self._max_attempts or outcome.retry_after > self._max_wait:
                raise self._error(request, trace_id, outcome, attempt)
            self._sleep(self._pause(outcome, attempt))
        raise AssertionError("max_attempts is at least 1")

    def _pause(self, outcome: _Outcome, attempt: int) -> float:
        """Seconds until the next attempt: ceilings grow geometrically, from the first pause to the last."""
        share = (attempt - 1) / max(1, self._max_attempts - 2)
        ceiling = _FIRST_PAUSE * (_LAST_PAUSE / _FIRST_PAUSE) ** share
        return max(outcome.retry_after, self._jitter.uniform(0, ceiling))

    def _await_budget(self, request: Request, trace_id: str) -> Grant:
        if request.plan is None:
            return Grant(wait=0, rate=0, learned=False)
        waited = 0.0
        while True:
            floor = YIELDING_FLOOR if self._yielding else 0.0
            grant = self.budget.take(*_bucket(request), request.plan, floor=floor)
            if grant.granted:
                return grant
            if waited + grant.wait > self._max_wait:
                raise BudgetExhaustedError(
                    f"the rate budget ({grant.rate:g} requests a second) frees the next call only in "
                    f"{grant.wait:.0f} s, more than the {self._max_wait:g} s allowed. Run it later or less often, "
                    "or raise LINKSTAR_HTTP_MAX_WAIT_SECONDS.",
                    platform=request.platform, store=request.store, operation=request.operation, trace_id=trace_id,
                )  # fmt: skip
            pause = min(grant.wait, _BUDGET_POLL)
            self._sleep(pause)
            self.usage.waited(request, pause)
            waited += pause

    def _exchange(self, request: Request, trace_id: str, attempt: int, grant: Grant) -> _Outcome:
        started_at, started = datetime.now(UTC), time.perf_counter()
        response: httpx.Response | None = None
        if request.sign is not None:
            request = request.sign(request)
        try:
            response = self._client.request(
                request.method,
                request.url,
                params=dict(request.params) or None,
                headers=dict(request.headers),
                content=request.body,
                timeout=self._timeout,
            )
            outcome = self._judge(request, response, trace_id, attempt, started_at)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            outcome = self._transport_failure(error)
        elapsed = time.perf_counter() - started
        self.usage.exchanged(request, elapsed)
        self._learn(request, response, outcome, grant, last=attempt == self._max_attempts)
        url = mask_url(str(httpx.URL(request.url).copy_merge_params(dict(request.params))), request.public_params)
        self.call_log.append(
            Exchange(
                trace_id=trace_id, attempt=attempt, platform=request.platform, store=request.store,
                operation=request.operation, method=request.method, url=url, outcome=outcome.kind,
                started_at=started_at, elapsed_ms=elapsed * 1000,
                status=response.status_code if response is not None else None,
                error=outcome.failure,
                request_id=_header(response, request.request_id_header),
                quota_headers=_quota(response, request.quota_header),
                request_bytes=len(request.body or b""),
                response_bytes=len(response.content) if response is not None else 0,
                response_sha256=hashlib.sha256(response.content).hexdigest() if response is not None else None,
            )
        )  # fmt: skip
        return outcome

    def _transport_failure(self, error: httpx.RequestError | httpx.InvalidURL) -> _Outcome:
        words = type(error).__name__
        if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
            return _Outcome("unreachable", f"{words}: no usable address", processed=False)
        if isinstance(error, _NOT_SENT):
            return _Outcome("unreachable", f"{words}: {error}"[:200], processed=False)
        if isinstance(error, httpx.TimeoutException):
            return _Outcome("timeout", f"{words} after {self._timeout:g} s")
        if isinstance(error, httpx.DecodingError):
            return _Outcome("malformed", f"{words}: compressed body cannot be read")
        return _Outcome("broken", f"{words}: {error}"[:200])

    def _judge(  # one exchange
        self, request: Request, response: httpx.Response, trace_id: str, attempt: int, asked_at: datetime
    ) -> _Outcome:
        status = response.status_code
        if response.is_success:
            return self._decode(request, response, trace_id, attempt, asked_at)
        code, message = _explanation(request, response)
        words = mask_text(f"{status} {code}: {message}".rstrip(": "), request.secrets)
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return _Outcome("throttled", words, status=status, processed=False, retry_after=_retry_after(response))
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return _Outcome("platform_error", words, status=status, retry_after=_retry_after(response))
        return _Outcome("rejected", words, status=status, code=code)

    def _keep(self, request: Request, content: bytes) -> None:
        pull, operations = self._landing.get((request.platform, request.store), (None, ()))
        if pull is not None and request.operation in operations:
            self.bodies.keep(pull, request.operation, request.asked, content)

    def _decode(  # one exchange
        self, request: Request, response: httpx.Response, trace_id: str, attempt: int, asked_at: datetime
    ) -> _Outcome:
        self._keep(request, response.content)
        try:
            data = request.decode(response.content, response.headers)
        except DecodeError as error:
            return _Outcome("malformed", str(error), status=response.status_code)
        except FailureInBody as failure:
            words = mask_text(f"{failure.code}: {failure}".rstrip(": "), request.secrets)
            processed = failure.kind != "throttled"
            return _Outcome(failure.kind, words, status=response.status_code, code=failure.code, processed=processed)
        answer = Answer(
            status=response.status_code,
            data=data,
            headers=response.headers,
            sha256=hashlib.sha256(response.content).hexdigest(),
            trace_id=trace_id,
            attempts=attempt,
            answered_at=asked_at + (datetime.now(UTC) - asked_at) / 2,
            granted_rate=_rate(response, request.quota_header),
        )
        return _Outcome("ok", answer=answer)

    def _learn(
        self, request: Request, response: httpx.Response | None, outcome: _Outcome, grant: Grant, *, last: bool
    ) -> None:
        if request.plan is None or response is None:
            return
        key = _bucket(request)
        rate = request.plan.rate if request.plan.window else _rate(response, request.quota_header)
        if rate is not None and not (grant.learned and math.isclose(rate, grant.rate, rel_tol=1e-6)):
            self.budget.learn(*key, rate)
        if outcome.kind == "throttled" and (grant.learned or rate is not None or last):
            self.budget.empty(*key, window=request.plan.window)

    def _error(self, request: Request, trace_id: str, outcome: _Outcome, attempts: int) -> ConnectorError:
        where = {
            "platform": request.platform, "store": request.store, "operation": request.operation,
            "trace_id": trace_id,
        }  # fmt: skip
        host = urlsplit(request.url).netloc.rpartition("@")[2] or "(no host)"
        tries = f"after {attempts} attempt{'s' if attempts > 1 else ''}"
        if outcome.kind == "rejected":
            return RequestRejectedError(
                f"the platform refused the request: {outcome.failure}",
                status=outcome.status, code=outcome.code, **where,
            )  # fmt: skip
        if outcome.kind == "throttled":
            return ThrottledError(
                f"{host} still answers '{outcome.failure}' {tries}. Another program may be using the same account's "
                "quota; run it later.", **where,
            )  # fmt: skip
        if outcome.kind == "platform_error":
            return PlatformError(
                f"{host} still answers '{outcome.failure}' {tries}. The fault is the platform's; run it later.",
                **where,
            )
        if outcome.kind == "malformed":
            return MalformedAnswerError(
                f"the answer of {host} is not usable {tries}: {outcome.failure}. Run it later; if it stays, "
                "compare the platform's current API model with the connector.", **where,
            )  # fmt: skip
        return UnreachableError(
            f"{host} cannot be reached {tries}: {outcome.failure}. Check the endpoint in the store's settings, "
            "the network and any proxy.", **where,
        )  # fmt: skip


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """The trusted certificates: reading them takes 20 ms, for each client anew."""
    return httpx.create_ssl_context()


def _bucket(request: Request) -> tuple[str, str, str]:
    """The budget that a request is taken from: platform, whom the platform counts by, and what it counts together."""
    return request.platform, request.counted_by or request.store, request.counted_as or request.operation


def _header(response: httpx.Response | None, name: str | None) -> str | None:
    return response.headers.get(name) if response is not None and name else None


def _quota(response: httpx.Response | None, name: str | None) -> dict[str, str]:
    value = _header(response, name)
    return {name.lower(): value} if name and value else {}


def _rate(response: httpx.Response, name: str | None) -> float | None:
    try:
        rate = float(_header(response, name) or 0)
    except ValueError:
        return None
    return rate if 0 < rate < math.inf else None


def _retry_after(response: httpx.Response) -> float:
    """Seconds that the platform asks to wait (RFC 9110, delay form), 0 if it does not say."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdigit() else 0.0


def _explanation(request: Request, response: httpx.Response) -> tuple[str, str]:
    try:
        return request.explain(read_json(response.content))
    except DecodeError:
        return "", ""
