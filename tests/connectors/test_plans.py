"""Plans of backfills: the arithmetic, and estimates held against what a backfill then really took."""

import os
import time
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from linkstar_pipelines.connectors.amazon import operations as amazon
from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.plans import (
    Allowance,
    Basis,
    Part,
    Sample,
    Slice,
    StreamPlan,
    budget_seconds,
    duration,
    extrapolate,
    judge,
    plan,
    progress_line,
    remaining,
    rest_after_look,
    seconds,
)
from linkstar_pipelines.connectors.platform import Window
from linkstar_pipelines.connectors.pulls import pull_stream
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.connectors.shopee import operations as shopee
from linkstar_pipelines.operations import trial
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.postgres import Postgres
from linkstar_pipelines.storage.rate_budget import RATE_SHARE, Plan
from tests.connectors.support import Script, reply, utc
from tests.support import TOKEN_KEY, running_sandbox


def sample(found: int = 100, **changes: object) -> Sample:
    fields = {
        "pages": 2, "total": None, "whole": False, "spread": None, "calls": {"list": 2, "detail": 4},
        "further": {"list": 1},
    }  # fmt: skip
    return Sample(found=found, **{**fields, **changes})  # type: ignore[arg-type]


def stream_plan(platform: str = "amazon", store: str = "na", **changes: object) -> StreamPlan:
    fields = {
        "stream": Stream.ORDERS, "days": 10, "records": 100, "basis": Basis.READ, "calls": {"list": 100},
        "allowances": {"list": Allowance(store, rate=2.0, at_once=10)}, "latency": 0.01,
    }  # fmt: skip
    return StreamPlan(platform, store, **{**fields, **changes})  # type: ignore[arg-type]


def test_records_are_as_many_as_the_platform_states() -> None:
    part = judge(sample(total=450), 50, 10, [Slice(1, 1, 7, {"list": 1})])
    assert (part.records, part.basis) == (450, Basis.STATED)


def test_records_are_those_read_where_no_page_follows() -> None:
    part = judge(sample(found=37, whole=True), 50, 10, [])
    assert (part.records, part.basis, part.calls) == (37, Basis.READ, {"list": 2, "detail": 4})


def test_records_and_calls_are_scaled_up_from_slices() -> None:
    slices = [Slice(0.5, 1, 30, {"list": 1, "detail": 30}), Slice(0.5, 1, 50, {"list": 1, "detail": 50})]
    part = judge(sample(), 50, 10, slices)
    assert (part.records, part.basis) == (800, Basis.ESTIMATED)
    assert part.calls == {"list": 16, "detail": 800}


def test_a_stream_of_two_lists_is_scaled_up_by_both() -> None:
    part = judge(sample(), 50, 10, [Slice(1, 2, 40, {"escrows": 1, "wallet": 1, "detail": 25})])
    assert part.calls == {"escrows": 4, "wallet": 4, "detail": 250}


def test_where_nothing_tells_how_many_there_are_it_is_a_lower_bound() -> None:
    assert judge(sample(), 50, 0, []).basis is Basis.AT_LEAST
    assert judge(sample(), 50, 10, [Slice(1, 1, 0, {"list": 1})]).basis is Basis.AT_LEAST


def test_further_pages_cost_what_a_further_page_was_seen_to_cost() -> None:
    part = judge(sample(total=451, further={"list": 1, "detail": 50}), 50, 10, [])
    assert part.calls == {"list": 2 + 8, "detail": 4 + 8 * 50}


def test_every_reading_takes_all_pages_and_every_pull_its_checks() -> None:
    parts = [Part(100, Basis.STATED, {"list": 3}), Part(50, Basis.READ, {"list": 2, "detail": 7})]
    records, basis, calls = extrapolate(parts, 1.0, 2, 2, {"check": 1})
    assert (records, basis, calls) == (150, Basis.READ, {"list": 10, "detail": 14, "check": 2})


def test_parts_that_were_not_looked_at_are_taken_to_be_like_the_others() -> None:
    records, basis, calls = extrapolate([Part(100, Basis.STATED, {"list": 3})], 4.0, 4, 2, {"check": 1})
    assert (records, basis, calls) == (400, Basis.ESTIMATED, {"list": 24, "check": 4})


def test_a_budget_holds_up_what_it_does_not_allow_at_once() -> None:
    assert budget_seconds(8, Allowance("na", rate=2.0, at_once=10)) == 0
    assert budget_seconds(110, Allowance("na", rate=2.0, at_once=10)) == pytest.approx(50 / RATE_SHARE)
    assert budget_seconds(110, Allowance("na")) == 0


def test_the_slowest_operation_is_the_brake() -> None:
    plan = stream_plan(
        calls={"list": 100, "detail": 100},
        allowances={"list": Allowance("na", rate=2.0), "detail": Allowance("na", rate=0.5)},
    )
    assert plan.brake == ("detail", 0.5)
    assert seconds([plan]) == pytest.approx(200 / RATE_SHARE)


def test_nothing_is_faster_than_its_calls() -> None:
    plan = stream_plan(latency=3.0)
    assert plan.brake is None
    assert seconds([plan]) == 300


def test_stores_are_read_side_by_side_and_streams_one_after_another() -> None:
    slow, fast = stream_plan(store="na"), stream_plan(store="eu", calls={"list": 20})
    assert seconds([slow, fast]) == seconds([slow])
    finances = stream_plan(stream=Stream.FINANCES)
    assert seconds([slow, fast, finances]) == pytest.approx(2 * seconds([slow]))


def test_stores_that_share_the_budget_of_an_application_wait_for_each_other() -> None:
    shared = {"list": Allowance("app", rate=2.0, at_once=10)}
    plans = [stream_plan("ebay", store, allowances=shared) for store in ("us", "de")]
    assert seconds(plans) == pytest.approx((200 - 10) / 2 / RATE_SHARE)


def test_calls_that_are_made_are_no_longer_waited_for() -> None:
    rest = remaining(stream_plan(), {"list": 60})
    assert rest.all_calls == 40
    assert seconds([rest]) == pytest.approx(40 / 2 / RATE_SHARE)
    assert seconds([remaining(stream_plan(), {"list": 500})]) == 0


@pytest.mark.parametrize(
    ("length", "text"), [(0.2, "1 s"), (40, "40 s"), (120, "2 min"), (7100, "118 min"), (11_100, "3 h 05 min")]
)
def test_durations_are_said_as_people_say_them(length: float, text: str) -> None:
    assert duration(length) == text


def test_a_line_of_progress_tells_what_is_done_and_what_is_left() -> None:
    assert progress_line(30, 90, 1234, 600) == "30 of 90 days read, 1,234 records, about 20 min left"
    assert progress_line(90, 90, 4000, 1800) == "90 of 90 days read, 4,000 records, in 30 min"
    assert progress_line(0, 90, 0, 0) == "0 of 90 days read, 0 records, begun"


OPENS, LAST = date(2026, 3, 1), date(2026, 4, 19)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sandbox of two platforms; Amazon grants 2.8 order calls a second after its burst, Shopee grants all we ask."""
    flags = (
        "--accounts", "NA,SPSG", "--orders-per-day", "30", "--products", "30", "--rate-scale", "500",
        "--opens", OPENS.isoformat(), "--closes", LAST.isoformat(), "--clock", "frozen:2026-05-01T00:00:00Z",
    )  # fmt: skip
    with running_sandbox(tmp_path_factory.mktemp("books"), *flags) as url:
        yield url


@pytest.mark.parametrize(
    ("name", "stream", "last"),
    [
        ("na", Stream.ORDERS, LAST),
        pytest.param("spsg", Stream.FINANCES, date(2026, 3, 24), marks=pytest.mark.drill),  # a call for each escrow
    ],
)
def test_a_plan_comes_within_30_percent_of_what_the_pull_takes(  # noqa: PLR0917  # fixtures
    name: str, stream: Stream, last: date, books: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shopee, "PLAN", Plan(12, 10))  # ours to choose: slow enough to be the brake on any machine
    settings = connected(books, monkeypatch)
    platform = platform_named(settings.stores[name])
    spans = [(OPENS, OPENS + timedelta(days=13)), (OPENS + timedelta(days=14), last)]
    with yielding_core(postgres) as core:
        client = platform.client(platform.store.load(name), core)
        planned = plan(client, platform, stream, spans, readings=2)
    with yielding_core(postgres) as core:
        client = platform.client(platform.store.load(name), core)
        begun, records = time.monotonic(), 0
        for first, end in spans:
            days = [first + timedelta(days=n) for n in range((end - first).days + 1)]
            records += pull_stream(client, platform, stream, days, readings=2, keep_personal=False).rows.height
        took = time.monotonic() - begun
        used = core.usage.of(platform.name, name)
    calls = sum(usage.calls for usage in used.values())
    assert planned.days == (last - OPENS).days + 1
    assert planned.records == pytest.approx(records, rel=0.3)
    assert planned.all_calls == pytest.approx(calls, rel=0.3)
    assert planned.brake is not None
    assert sum(usage.waited for usage in used.values()) > 0, "the budget was not the brake"
    assert seconds([planned]) == pytest.approx(took, rel=0.3)


def connected(url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of the two stores; the environment is put back after the test."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    return trial.connect(url, OPENS, platforms=["amazon", "shopee"])


def yielding_core(postgres: Postgres) -> HttpCore:
    return HttpCore(postgres, timeout=10, max_attempts=4, max_wait=60, token_key=TOKEN_KEY, yielding=True)


def test_looking_leaves_half_of_a_small_budget_to_runs(client: AmazonClient, script: Script) -> None:
    """By Amazon's documented plan a look every 15 seconds would take every call there is."""
    script.steps = [reply({"orders": [], "lastUpdatedBefore": "2026-05-02T00:00:00Z"})]
    list(client.read(Stream.ORDERS, Window(utc(2026, 5, 1)), 0))
    rests = rest_after_look(client.http, "amazon", ["na", "eu"])
    assert rests["na"].total_seconds() == pytest.approx(2 / amazon.SEARCH_ORDERS.plan.rate, rel=0.01)
    assert rests["eu"] == timedelta(0)
