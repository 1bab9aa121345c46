"""Plans of backfills: how many records a window holds, how many calls they take, and how long that lasts.

Belongs here: looking at the first pages of a window, the arithmetic that follows from them, and how progress is worded.
Does not belong here: which days and stores are read (`operations/backfill.py`), or reading them (`pulls.py`).

A plan is made of real calls. Where the platform states how many records there are, they are known; where the first
pages hold all of them, too; else two short slices of the window are read whole, and what they hold is scaled up. What
detail calls a record takes is seen from the calls made. Calls that have to be repeated are not foreseen.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from typing import Final

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Client, Page, Platform, Window
from linkstar_pipelines.connectors.pulls import platform_now, window
from linkstar_pipelines.connectors.usage import calls_since
from linkstar_pipelines.schemas.platforms import CHANGING, Stream
from linkstar_pipelines.storage.rate_budget import RATE_SHARE, YIELDING_FLOOR

_FEWEST_PAGES: Final = 2  # the second one tells what a further page costs: the first may carry counts and checks
_MOST_PAGES: Final = 8  # short pages (of many lists, or of many spans) are followed so far
_SLICES: Final = (0.25, 0.75)  # where they begin: the ends of a window may be fuller or emptier than the rest
_SHORTEST_SHARE: Final = 1 / 64  # of a window: how long a slice is where the first page tells nothing
_MOST_PARTS: Final = 6  # of a pull in more parts, so many are looked at
_SETTLED: Final = timedelta(minutes=3)  # platforms list no younger changes where a window names its end
_LOOKING_SHARE: Final = 0.5
_MINUTE: Final = 60
_HOUR: Final = 3600


class Basis(IntEnum):
    """How the number of records is known, surest first."""

    STATED = 1
    """The platform says so."""
    READ = 2
    """The first pages held all of them."""
    ESTIMATED = 3
    """From slices of the window, or from days that have been sealed before."""
    AT_LEAST = 4
    """They are more than were seen, and nothing tells how many."""


@dataclass(frozen=True)
class Allowance:
    """What a platform allows of one operation.

    Attributes:
        owner: Whom it counts by: the store, or its application.
        rate: Requests per second, learned from its answers or documented; None for an operation without a plan.
        at_once: Requests that a backfill may make now without waiting.
    """

    owner: str
    rate: float | None = None
    at_once: float = 0.0


@dataclass(frozen=True)
class StreamPlan:
    """What it takes to read one stream of one store.

    Attributes:
        days: Days of change that are read; 0 for a stream that is read as it is now.
        records: Records in all of them.
        basis: How that number is known.
        calls: Calls by operation, over all readings.
        allowances: What the platform allows of these operations.
        latency: Seconds that one call takes, as measured.
    """

    platform: str
    store: str
    stream: Stream
    days: int
    records: int
    basis: Basis
    calls: Mapping[str, int]
    allowances: Mapping[str, Allowance]
    latency: float

    @property
    def all_calls(self) -> int:
        """Calls of all operations."""
        return sum(self.calls.values())

    @property
    def brake(self) -> tuple[str, float] | None:
        """The operation whose budget lasts longest, and its rate; None where no budget is the brake."""
        waits = {name: wait for name in self.calls if (wait := self._wait(name)) > self.all_calls * self.latency}
        slowest = max(waits, key=lambda name: waits[name], default=None)
        rate = self.allowances[slowest].rate if slowest is not None else None
        return (slowest, rate) if slowest is not None and rate is not None else None

    def _wait(self, operation: str) -> float:
        return budget_seconds(self.calls[operation], self.allowances.get(operation, Allowance(self.store)))


def budget_seconds(calls: int, allowance: Allowance) -> float:
    """How long a budget makes so many calls last, if nobody else spends it."""
    if allowance.rate is None:
        return 0.0
    return max(0.0, calls - allowance.at_once) / (allowance.rate * RATE_SHARE)


def seconds(plans: Iterable[StreamPlan]) -> float:
    """How long it takes to carry out some plans.

    Streams are read one after another; the stores of a platform side by side, and where the platform counts by
    application they share one budget. Nothing is faster than the calls themselves.
    """
    together: defaultdict[tuple[str, Stream], list[StreamPlan]] = defaultdict(list)
    for plan in plans:
        together[plan.platform, plan.stream].append(plan)
    return sum(map(_seconds_side_by_side, together.values()))


def remaining(plan: StreamPlan, made: Mapping[str, int]) -> StreamPlan:
    """What is left of a plan once some of its calls are made, by operation."""
    spent = {name: replace(allowed, at_once=max(0.0, allowed.at_once - made.get(name, 0)))
             for name, allowed in plan.allowances.items()}  # fmt: skip
    left = {name: max(0, count - made.get(name, 0)) for name, count in plan.calls.items()}
    return replace(plan, calls=left, allowances=spent)


def _seconds_side_by_side(plans: Sequence[StreamPlan]) -> float:
    calls, allowances = Counter[tuple[str, str]](), dict[tuple[str, str], Allowance]()
    for plan in plans:
        for operation, allowance in plan.allowances.items():
            bucket = (allowance.owner, operation)
            allowances[bucket] = allowance
            calls[bucket] += plan.calls.get(operation, 0)
    budgets = [budget_seconds(calls[bucket], allowance) for bucket, allowance in allowances.items()]
    return max([*budgets, *(plan.all_calls * plan.latency for plan in plans)], default=0.0)


@dataclass(frozen=True)
class Sample:
    """What the first pages of a window showed.

    Attributes:
        pages: How many they were.
        found: Records on them.
        total: How many the platform says there are.
        whole: Whether there were no further pages.
        spread: How far apart the change times on the first page lie; None where it tells none.
        calls: Calls that they took, by operation.
        further: Calls that a further page takes, by operation.
    """

    pages: int
    found: int
    total: int | None
    whole: bool
    spread: timedelta | None
    calls: Mapping[str, int]
    further: Mapping[str, int]


@dataclass(frozen=True)
class Slice:
    """What a short span within a window holds and takes: days, pages, records, and calls by operation."""

    days: float
    pages: int
    found: int
    calls: Mapping[str, int]


@dataclass(frozen=True)
class Part:
    """What one part of a window takes: records, how they are known, and calls of one reading by operation."""

    records: int
    basis: Basis
    calls: Mapping[str, int]


def judge(sample: Sample, page_size: int, days: float, slices: Sequence[Slice]) -> Part:
    """Tell what a window takes in one reading.

    Args:
        sample: What its first pages showed.
        page_size: Records on a full page.
        days: Length of the window.
        slices: Parts of it that were read whole.
    """
    if sample.total is not None:
        records = max(sample.total, sample.found)
        calls = _with_pages(sample.calls, sample.further, records - sample.found, page_size)
        return Part(records, Basis.STATED, calls)
    if sample.whole:
        return Part(sample.found, Basis.READ, sample.calls)
    seen = sum(one.found for one in slices)
    if not seen:
        return Part(sample.found, Basis.AT_LEAST, sample.calls)
    records = max(sample.found, round(seen / sum(one.days for one in slices) * days))
    pages, full_pages = sum(one.pages for one in slices), math.ceil(records / page_size)
    once = sum((Counter(one.calls) for one in slices), Counter[str]())
    # What a slice took once for a page is needed for full pages; what it took for records, for all of them.
    calls = {
        operation: math.ceil(full_pages * made / pages) if made <= pages else math.ceil(records * made / seen)
        for operation, made in once.items()
    }
    return Part(records, Basis.ESTIMATED, calls)


def _with_pages(calls: Mapping[str, int], further: Mapping[str, int], records: int, page_size: int) -> dict[str, int]:
    """Calls with those of the pages that further records fill."""
    pages = math.ceil(max(0, records) / page_size)
    return dict(Counter(calls) + Counter({operation: count * pages for operation, count in further.items()}))


def extrapolate(
    parts: Sequence[Part], share: float, pulls: int, readings: int, checks: Mapping[str, int]
) -> tuple[int, Basis, dict[str, int]]:
    """Conclude from some parts of a pull to all of it: records, how they are known, and calls by operation.

    Args:
        parts: The parts that were looked at.
        share: How much longer the whole is than these parts; 1 where all were looked at.
        pulls: How many parts there are.
        readings: How often each is read.
        checks: Calls that each begins with, by operation.
    """
    records = round(share * sum(part.records for part in parts))
    basis = max([part.basis for part in parts] + [Basis.ESTIMATED] * (share > 1))
    once = sum((Counter(part.calls) for part in parts), Counter[str]())
    calls = Counter({operation: math.ceil(share * made) * readings for operation, made in once.items()})
    return records, basis, dict(calls + Counter({operation: made * pulls for operation, made in checks.items()}))


def plan(
    client: Client,
    platform: Platform,
    stream: Stream,
    spans: Sequence[tuple[date, date]],
    *,
    readings: int,
    sealed: Mapping[date, int] | None = None,
) -> StreamPlan:
    """Look at the first pages of some spans of days and tell what it takes to read them all.

    Args:
        client: The store's client; its core should yield.
        platform: Its platform.
        stream: Stream to read.
        spans: First and last UTC day of change of each pull; left out of account for a stream that is read as it is.
        readings: Readings of each pull.
        sealed: Records of days that were sealed before: what is estimated from where a platform tells nothing else.

    Raises:
        ConnectorError: the store does not answer.
    """
    http, form, store = client.http, platform.streams[stream], client.store.name
    before = http.usage.of(platform.name, store)
    now = platform_now(client)
    checks = calls_since(before, http.usage.of(platform.name, store))
    pulls = _pulls(spans, now) if stream in CHANGING else [None]
    if not pulls:
        return StreamPlan(platform.name, store, stream, 0, 0, Basis.READ, {}, {}, 0.0)
    looked_at = pulls[:: math.ceil(len(pulls) / _MOST_PARTS)]
    parts = [_look(client, platform, stream, pull) for pull in looked_at]
    days = sum(map(_days, pulls))
    share = days / sum(map(_days, looked_at)) if days else 1.0
    records, basis, calls = extrapolate(parts, share, len(pulls), readings, checks)
    if basis is Basis.AT_LEAST and sealed and days:
        expected = max(records, round(sum(sealed.values()) / len(sealed) * days))
        calls = _with_pages(calls, {form.operation: readings}, expected - records, form.page_size)
        records, basis = expected, Basis.ESTIMATED
    return StreamPlan(
        platform.name, store, stream, days, records, basis, calls, _allowances(http, platform.name, store, calls),
        _latency(http, platform.name, store),
    )  # fmt: skip


def _pulls(spans: Sequence[tuple[date, date]], now: datetime) -> list[Window | None]:
    """The windows of change times that have begun on the platform's clock, each with an end."""
    begun = [window(span, now) for span in spans]
    return [Window(found.start, found.end or now - _SETTLED) for found in begun if found is not None]


def _days(span: Window | None) -> int:
    return math.ceil(_length(span) / timedelta(days=1)) if span is not None else 0


def _length(span: Window) -> timedelta:
    return (span.end or datetime.now(UTC)) - span.start


def _look(client: Client, platform: Platform, stream: Stream, span: Window | None) -> Part:
    sample, page_size = _sample(client, platform, stream, span), platform.streams[stream].page_size
    if span is None:
        return judge(sample, page_size, 0, [])
    slices = []
    if sample.total is None and not sample.whole:
        # Half of what the first page spans fits on one page, and says as much of how many there are.
        half = sample.spread / 2 if sample.spread else _length(span) * _SHORTEST_SHARE
        length = min(half, _length(span) / 4)
        for place in _SLICES:
            start = span.start + place * _length(span)
            seen = _sample(client, platform, stream, Window(start, start + length), fewest_pages=_MOST_PAGES)
            if seen.whole:
                slices.append(Slice(length / timedelta(days=1), seen.pages, seen.found, seen.calls))
    return judge(sample, page_size, _length(span) / timedelta(days=1), slices)


def _sample(
    client: Client, platform: Platform, stream: Stream, span: Window | None, fewest_pages: int = _FEWEST_PAGES
) -> Sample:
    form, usage, where = platform.streams[stream], client.http.usage, (platform.name, client.store.name)
    before = usage.of(*where)
    pages: list[Page] = []
    costs: list[dict[str, int]] = []
    whole, total = True, None
    for page in client.read(stream, span, 0):
        made = usage.of(*where)
        costs.append(calls_since(before, made))
        before = made
        pages.append(page)
        total = page.total if page.total is not None else total
        full = total is not None or len(page.records) >= form.page_size
        if len(pages) >= fewest_pages and (full or len(pages) >= _MOST_PAGES):
            whole = False
            break
    costs.append(calls_since(before, usage.of(*where)))
    fullest = max(range(1, len(pages)), key=lambda n: len(pages[n].records), default=0)
    times = _times(platform, stream, pages[0]) if pages else []
    return Sample(
        pages=len(pages),
        found=sum(len(page.records) for page in pages),
        total=total,
        whole=whole,
        spread=max(times) - min(times) if times else None,
        calls=dict(sum(map(Counter, costs), Counter[str]())),
        further=costs[fullest] or {form.operation: 1},
    )


def _times(platform: Platform, stream: Stream, page: Page) -> list[datetime]:
    changed_at = platform.streams[stream].changed_at
    return [at for record in page.records if isinstance(record, dict) and (at := changed_at(record)) is not None]


def _allowances(http: HttpCore, platform: str, store: str, operations: Iterable[str]) -> dict[str, Allowance]:
    owners = {operation: usage.owner for operation, usage in http.usage.of(platform, store).items()}
    found = {operation: Allowance(owners.get(operation, store)) for operation in operations}
    for where, owner, operation, rate, burst, tokens, _ in http.budget.known():
        if where == platform and operation in found and found[operation].owner == owner:
            floor = min(burst - 1, YIELDING_FLOOR * burst)
            found[operation] = Allowance(owner, rate, max(0.0, tokens - floor))
    return found


def _latency(http: HttpCore, platform: str, store: str) -> float:
    used = http.usage.of(platform, store).values()
    return sum(usage.seconds for usage in used) / max(1, sum(usage.calls for usage in used))


def rest_after_look(http: HttpCore, platform: str, stores: Collection[str]) -> dict[str, timedelta]:
    """How long each store is left alone after it was looked at, so that looking spends half of its budgets at most.

    The other half is for runs. Without it a look every few seconds would take each call that a small plan frees, and
    a backfill, which leaves a floor to others, would never get one.

    Args:
        http: The core that the looks went through, and nothing else.
        platform: Platform of the stores.
        stores: The stores that were looked at.
    """
    rates = {(owner, name): rate for where, owner, name, rate, *_ in http.budget.known() if where == platform}
    used = {store: http.usage.of(platform, store) for store in stores}
    calls = Counter[tuple[str, str]]()
    for usages in used.values():
        calls.update({(usage.owner, name): usage.calls for name, usage in usages.items()})
    return {
        store: timedelta(
            seconds=max(
                (calls[bucket] / (rates[bucket] * _LOOKING_SHARE) for name, usage in usages.items()
                 if (bucket := (usage.owner, name)) in rates),
                default=0.0,
            )
        )
        for store, usages in used.items()
    }  # fmt: skip


def duration(length: float) -> str:
    """Write a number of seconds as people say it: `40 s`, `12 min`, `3 h 05 min`."""
    if length < 1.5 * _MINUTE:
        return f"{math.ceil(length)} s"
    minutes = round(length / _MINUTE)
    return f"{minutes} min" if length < 2 * _HOUR else f"{minutes // 60} h {minutes % 60:02} min"


def progress_line(done_days: int, all_days: int, records: int, seconds: float) -> str:
    """How far a pull has come: the line that a run logs after each part.

    Args:
        done_days: Days that are read.
        all_days: Days that the pull reads.
        records: Records found so far.
        seconds: Seconds since it began.
    """
    so_far = f"{done_days} of {all_days} days read, {records:,} records"
    if done_days >= all_days:
        return f"{so_far}, in {duration(seconds)}"
    left = f"about {duration(seconds / done_days * (all_days - done_days))} left" if done_days else "begun"
    return f"{so_far}, {left}"
