"""The rate budget: one bucket for all processes, documented at first, learned from the platform's answers."""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from linkstar_pipelines.connectors.amazon import operations as amazon
from linkstar_pipelines.connectors.errors import BudgetExhaustedError, ThrottledError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import Request
from linkstar_pipelines.connectors.usage import Usage
from linkstar_pipelines.storage.postgres import Postgres
from linkstar_pipelines.storage.rate_budget import BURST_SHARE, RATE_SHARE, YIELDING_FLOOR, Plan, RateBudget
from tests.connectors.conftest import MakeCore
from tests.connectors.support import Script, error, reply
from tests.support import TOKEN_KEY

KEY = ("amazon", "na", "searchOrders")
HOURLY = Plan(rate=1 / 3600, burst=10)


@pytest.fixture
def budget(postgres: Postgres) -> RateBudget:
    return RateBudget(postgres)


def tokens(postgres: Postgres) -> float:
    ((left,),) = postgres.fetch("SELECT tokens FROM ops.rate_budget")
    return float(left)


def test_a_new_bucket_holds_the_documented_burst_less_the_safety_share(budget: RateBudget) -> None:
    granted = [budget.take(*KEY, HOURLY).granted for _ in range(12)]
    assert granted == [True] * int(10 * BURST_SHARE) + [False] * 3


def test_an_empty_bucket_tells_how_long_to_wait(budget: RateBudget) -> None:
    for _ in range(9):
        budget.take(*KEY, HOURLY)
    wait = budget.take(*KEY, HOURLY).wait
    left = 10 * BURST_SHARE - 9
    assert (1 - left) * 3600 / RATE_SHARE - 60 < wait <= (1 - left) * 3600 / RATE_SHARE


def test_a_backfill_leaves_a_floor_to_the_present(budget: RateBudget) -> None:
    backfill = [budget.take(*KEY, HOURLY, floor=YIELDING_FLOOR).granted for _ in range(12)]
    assert backfill.count(True) == 7 - 1
    present = [budget.take(*KEY, HOURLY).granted for _ in range(12)]
    assert present.count(True) == 3


def test_a_backfill_gets_on_even_where_the_bucket_holds_one(budget: RateBudget) -> None:
    assert budget.take(*KEY, Plan(rate=1 / 3600, burst=1), floor=YIELDING_FLOOR).granted


def test_what_the_platform_counts_by_application_is_one_bucket_for_its_stores(
    make_core: MakeCore, script: Script
) -> None:
    script.steps = [reply({}), reply({})]
    core = make_core(max_wait=0.001)
    plan = Plan(rate=1 / 3600, burst=1)
    core.call(Request("ebay", "us", "getOrders", "GET", "https://ebay.test", plan=plan, counted_by="app-1"))
    with pytest.raises(BudgetExhaustedError):
        core.call(Request("ebay", "de", "getOrders", "GET", "https://ebay.test", plan=plan, counted_by="app-1"))
    core.call(Request("ebay", "de", "getOrders", "GET", "https://ebay.test", plan=plan, counted_by="app-2"))


def test_buckets_of_stores_and_operations_are_apart(budget: RateBudget) -> None:
    plan = Plan(rate=1 / 3600, burst=1)
    keys = [KEY, ("amazon", "eu", "searchOrders"), ("amazon", "na", "getOrder")]
    assert all(budget.take(*key, plan).granted for key in keys)
    assert not any(budget.take(*key, plan).granted for key in keys)


def test_a_learned_rate_takes_effect_at_once(budget: RateBudget) -> None:
    for _ in range(10):
        budget.take(*KEY, HOURLY)
    budget.learn(*KEY, 1000.0)
    time.sleep(0.02)
    grant = budget.take(*KEY, HOURLY)
    assert grant.granted
    assert grant.rate == pytest.approx(1000.0)


def test_a_refusal_empties_the_bucket(budget: RateBudget, postgres: Postgres) -> None:
    budget.take(*KEY, HOURLY)
    budget.empty(*KEY)
    assert tokens(postgres) == 0
    assert not budget.take(*KEY, HOURLY).granted


def test_repetitions_do_not_wait_for_the_documented_rate_before_the_granted_one_is_learned(
    script: Script, make_core: MakeCore
) -> None:
    core = make_core(max_attempts=60, max_wait=1)
    request = Request(*KEY, "GET", "https://amazon.test/orders", plan=HOURLY, quota_header="x-amzn-RateLimit-Limit")
    script.steps = [*[error(429, "QuotaExceeded"), error(500, "InternalFailure")] * 20, reply({})]
    assert core.call(request).attempts == 41


def test_a_429_that_stays_empties_even_a_bucket_that_is_not_learned(
    script: Script, make_core: MakeCore, postgres: Postgres
) -> None:
    script.steps = [error(429, "QuotaExceeded")] * 4
    request = Request(*KEY, "GET", "https://amazon.test/orders", plan=HOURLY, quota_header="x-amzn-RateLimit-Limit")
    with pytest.raises(ThrottledError):
        make_core().call(request)
    assert tokens(postgres) == 0


def test_the_core_learns_the_rate_from_the_answer_and_uses_it_for_the_next_call(
    script: Script, make_core: MakeCore, postgres: Postgres
) -> None:
    core = make_core()
    request = Request(*KEY, "GET", "https://amazon.test/orders", plan=HOURLY, quota_header="x-amzn-RateLimit-Limit")
    script.steps = [reply({}, x_amzn_RateLimit_Limit="56")] * 12
    answers = [core.call(request) for _ in range(12)]
    assert {answer.granted_rate for answer in answers} == {56.0}
    ((rate,),) = postgres.fetch("SELECT rate_per_second FROM ops.rate_budget")
    assert rate == pytest.approx(56 * RATE_SHARE)


MINUTE = Plan(rate=5 / 60, burst=1, window=60)
"""Five calls a minute, of which no answer ever tells anything."""


def test_where_answers_never_tell_the_rate_repetitions_keep_to_the_plan(script: Script, make_core: MakeCore) -> None:
    script.steps = [error(500, "InternalFailure"), reply({})]
    with pytest.raises(BudgetExhaustedError, match=r"frees the next call only in 1[12] s"):
        make_core(max_wait=1).call(Request(*KEY, "GET", "https://amazon.test/orders", plan=MINUTE))
    assert len(script.requests) == 1


def test_a_quota_that_is_used_up_is_left_alone_for_its_whole_window(
    script: Script, make_core: MakeCore, budget: RateBudget
) -> None:
    script.steps = [error(429, "QuotaExceeded")]
    with pytest.raises(ThrottledError):
        make_core(max_attempts=1).call(Request(*KEY, "GET", "https://amazon.test/orders", plan=MINUTE))
    assert 58 < budget.take(*KEY, MINUTE).wait <= 60


def test_another_plan_of_the_settings_takes_effect_with_the_next_call(
    script: Script, make_core: MakeCore, postgres: Postgres
) -> None:
    core, wider = make_core(), Plan(rate=10 / 60, burst=1, window=60)
    for plan in (MINUTE, wider):
        script.steps = [reply({})]
        postgres.execute("UPDATE ops.rate_budget SET tokens = 1")
        core.call(Request(*KEY, "GET", "https://amazon.test/orders", plan=plan))
    ((rate,),) = postgres.fetch("SELECT rate_per_second FROM ops.rate_budget")
    assert rate == pytest.approx(10 / 60 * RATE_SHARE)


def test_what_the_platform_counts_together_is_one_bucket_for_its_operations(
    script: Script, make_core: MakeCore, postgres: Postgres
) -> None:
    core = make_core()
    for operation in ("goodsQuery", "stocksQuery"):
        script.steps = [reply({})]
        url = "https://amazon.test/orders"
        core.call(Request("amazon", "na", operation, "GET", url, plan=HOURLY, counted_as="all"))
    assert tokens(postgres) == pytest.approx(10 * BURST_SHARE - 2, abs=0.01)
    assert postgres.fetch("SELECT operation FROM ops.rate_budget") == [("all",)]


def test_the_core_empties_the_bucket_after_a_429(script: Script, make_core: MakeCore, postgres: Postgres) -> None:
    core = make_core(max_attempts=1)
    request = Request(*KEY, "GET", "https://amazon.test/orders", plan=HOURLY, quota_header="x-amzn-RateLimit-Limit")
    script.steps = [reply({}, x_amzn_RateLimit_Limit="0.001"), error(429, "QuotaExceeded")]
    core.call(request)
    with pytest.raises(ThrottledError):
        core.call(request)
    with pytest.raises(BudgetExhaustedError, match=r"0\.001 requests a second"):
        core.call(request)
    assert len(script.requests) == 2


class LimitedPlatform:
    """A real server with the shape of Amazon's plan for orders, a thousand times as fast: 20 at once, 5.6 a second."""

    rate, burst = 5.6, 20.0

    def __init__(self) -> None:
        self.answers: dict[int, int] = {}
        self.first = self.last = 0.0
        self.url = ""
        self._tokens, self._at = self.burst, time.monotonic()

    def answer(self) -> int:
        now = time.monotonic()
        self._tokens, self._at = min(self.burst, self._tokens + self.rate * (now - self._at)), now
        status = 200 if self._tokens >= 1 else 429
        self._tokens -= status == 200
        self.answers[status] = self.answers.get(status, 0) + 1
        self.first, self.last = self.first or now, now
        return status

    @property
    def allowed(self) -> float:
        """Calls that the plan allowed from the first to the last one."""
        return self.burst + self.rate * (self.last - self.first)


@pytest.fixture
def limited_platform() -> Iterator[LimitedPlatform]:
    platform = LimitedPlatform()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(platform.answer())
            self.send_header("x-amzn-RateLimit-Limit", str(platform.rate))
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    platform.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield platform
    server.shutdown()
    server.server_close()


def order_search(url: str) -> Request:
    """A search for orders, with the documented plan: one call in three minutes until the answers tell another rate."""
    return Request(*KEY, "GET", url, plan=amazon.SEARCH_ORDERS.plan, quota_header=amazon.RATE_HEADER)


def core_of(url: str, *, yielding: bool = False) -> HttpCore:
    return HttpCore(
        Postgres(url), timeout=10, max_attempts=1, max_wait=60, token_key=TOKEN_KEY, client=httpx.Client(),
        yielding=yielding,
    )  # fmt: skip


def _spend(url: str, address: str, calls: int) -> None:
    with core_of(url) as core:
        for _ in range(calls):
            core.call(order_search(address))


def test_three_processes_behind_use_95_percent_of_one_plan_and_draw_no_429(
    postgres: Postgres, limited_platform: LimitedPlatform
) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_spend, args=(postgres.url, limited_platform.url, 25)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert limited_platform.answers == {200: 75}
    assert 75 / limited_platform.allowed >= 0.95


def test_a_backfill_at_full_speed_does_not_keep_the_present_waiting(
    postgres: Postgres, limited_platform: LimitedPlatform
) -> None:
    with core_of(postgres.url, yielding=True) as history, core_of(postgres.url) as present:
        request = order_search(limited_platform.url)
        worker = threading.Thread(target=lambda: [history.call(request) for _ in range(24)])
        worker.start()
        while not (history.usage.of("amazon", "na").get("searchOrders") or Usage("na")).waited:
            time.sleep(0.01)  # until the backfill has spent all it may
        for _ in range(3):
            present.call(request)
        assert present.usage.of("amazon", "na")["searchOrders"].waited == 0
        worker.join(60)
        assert history.usage.of("amazon", "na")["searchOrders"].calls == 24
    assert limited_platform.answers == {200: 27}
