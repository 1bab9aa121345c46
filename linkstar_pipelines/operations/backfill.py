"""Backfills: a plan that says how long it will take, then the runs that read the days, and what follows from them.

Belongs here: which days of which stores are still to be read, the plan as a person reads it, and the order of the runs.
Does not belong here: the arithmetic of a plan (`connectors/plans.py`), or the bar (`backfill_bar.py`).

It may be killed at any point and started again: days that are sealed meanwhile are not read again.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.prompt import Confirm
from rich.table import Table

from linkstar_pipelines.connectors.chunks import Chunks
from linkstar_pipelines.connectors.errors import ConnectorError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.plans import Basis, StreamPlan, duration, plan, seconds
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.connectors.stores import ask_stores
from linkstar_pipelines.operations import runs
from linkstar_pipelines.operations.backfill_bar import BackfillBar
from linkstar_pipelines.orchestration.jobs import LOOP, pulls, range_tags
from linkstar_pipelines.schemas.catalog import TABLES
from linkstar_pipelines.schemas.platforms import CHANGING, PLATFORMS, Stream
from linkstar_pipelines.settings import ConfigurationError, Settings, load_settings
from linkstar_pipelines.storage.ingest_windows import IngestWindows, StreamOf, end_of
from linkstar_pipelines.storage.postgres import open_postgres
from resources.platforms import STORES_TAG
from resources.yielding import YIELDING_TAG

Span = tuple[date, date]
"""First and last day, both included."""

_LONGEST_RUN: Final = {"dagster/max_runtime": str(int(timedelta(days=30).total_seconds()))}
"""A backfill lasts as long as it lasts; runs of the daemon are ended after four hours (`dagster.yaml`)."""


@dataclass(frozen=True)
class Step:
    """One run: streams of some stores of a platform over a span of days."""

    platform: str
    streams: tuple[Stream, ...]
    stores: tuple[str, ...]
    span: Span


def backfill(
    console: Console,
    span: Span,
    platform: str | None = None,
    store: str | None = None,
    *,
    plan_only: bool = False,
    yes: bool = False,
    again: bool = False,
) -> int:
    """Plan a backfill, ask, and carry it out; returns the exit code.

    Args:
        console: Where to show it.
        span: First and last UTC day of change.
        platform: Only this platform.
        store: Only this store.
        plan_only: Show the plan and do nothing.
        yes: Do not ask.
        again: Read days again that are sealed.

    Raises:
        ConfigurationError: the days lie outside of history, or no such store is connected.
    """
    settings = load_settings()
    span = _within_history(settings, span)
    stores = _chosen(settings, platform, store)
    windows = IngestWindows(open_postgres(settings))
    days = {
        StreamOf(name, shop, stream.value): spans_to_read(span, {} if again else windows.sealed_until(where))
        for name, shops in stores.items()
        for stream in PLATFORMS[name].streams
        if stream in CHANGING
        for shop in shops
        for where in [StreamOf(name, shop, stream.value)]
    }
    plans, failures = _plans(settings, stores, days)
    _show(console, settings, span, plans, failures)
    if plan_only:
        return 1 if failures else 0
    if not yes and not Confirm.ask("Go on?", console=console, default=True):
        return 0
    steps = [step for name, shops in stores.items() for step in steps_of(name, shops, days, span)]
    return _run(console, settings, steps, plans, span)


def spans_to_read(span: Span, sealed_until: Mapping[date, datetime]) -> list[Span]:
    """The days of a span that are not sealed up to their end, as spans without gaps."""
    first, last = span
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    to_read = [day for day in days if day not in sealed_until or sealed_until[day] < end_of(day)]
    # Days that follow each other have the same distance to their place in the list.
    groups = groupby(enumerate(to_read), key=lambda numbered: numbered[1] - timedelta(days=numbered[0]))
    found = [[day for _, day in group] for _, group in groups]
    return [(group[0], group[-1]) for group in found]


def steps_of(platform: str, stores: Collection[str], days: Mapping[StreamOf, Sequence[Span]], span: Span) -> list[Step]:
    """The runs of one platform: what is as it is now, then stream by stream the days that are still to be read.

    Stores that need the same days share a run.
    """
    present = tuple(stream for stream in PLATFORMS[platform].streams if stream not in CHANGING)
    steps = [Step(platform, present, tuple(stores), span)] if present else []
    for stream in PLATFORMS[platform].streams:
        if stream not in CHANGING:
            continue
        together: defaultdict[Span, list[str]] = defaultdict(list)
        for store in stores:
            for part in days.get(StreamOf(platform, store, stream.value), ()):
                together[part].append(store)
        steps += [Step(platform, (stream,), tuple(shops), part) for part, shops in sorted(together.items())]
    return steps


def _within_history(settings: Settings, span: Span) -> Span:
    first, last = span
    today = datetime.now(UTC).date()
    if first > last:
        raise ConfigurationError(f"The first day, {first}, comes after the last one, {last}. Swap --from and --to.")
    if first < settings.history_start:
        raise ConfigurationError(
            f"History begins on {settings.history_start}, after {first}. Begin later, or set LINKSTAR_HISTORY_START to "
            f"{first} for every process."
        )
    if last > today:
        raise ConfigurationError(f"{last} has not come yet. Give --to a day up to {today}.")
    return span


def _chosen(settings: Settings, platform: str | None, store: str | None) -> dict[str, list[str]]:
    """Connected stores by platform, of those that are meant."""
    chosen: defaultdict[str, list[str]] = defaultdict(list)
    for name, where in settings.stores.items():
        if platform in {None, where} and store in {None, name}:
            chosen[where].append(name)
    if not chosen:
        asked = " ".join(filter(None, [platform, store])) or "at all"
        known = ", ".join(f"{where} {name}" for name, where in settings.stores.items()) or "none"
        raise ConfigurationError(f"No store is connected for '{asked}'. Connected are: {known}.")
    return dict(chosen)


def _plans(
    settings: Settings, stores: Mapping[str, Sequence[str]], days: Mapping[StreamOf, Sequence[Span]]
) -> tuple[list[StreamPlan], list[str]]:
    """Plan all streams of all stores by asking them; returns the plans, and why some streams have none."""
    where = {store: name for name, shops in stores.items() for store in shops}
    failures: list[str] = []
    with HttpCore.of(settings, yielding=True) as http:

        def ask(store: str) -> list[StreamPlan]:
            platform, found = platform_named(where[store]), list[StreamPlan]()
            client = platform.client(platform.store.load(store), http)
            for stream in PLATFORMS[platform.name].streams:
                mine = StreamOf(platform.name, store, stream.value)
                parts = [part for span in days.get(mine, ()) for part in _chunks(span)]
                if stream in CHANGING and not parts:
                    continue
                sealed, readings = http.windows.sealed_records(mine), settings.order_readings
                try:
                    found.append(plan(client, platform, stream, parts, readings=readings, sealed=sealed))
                except ConnectorError as error:
                    failures.append(str(error))
            return found

        answers, refused = ask_stores(list(where), ask)
    failures += map(str, refused.values())
    return [one for found in answers.values() for one in found], failures


def _chunks(span: Span) -> list[Span]:
    """The parts in which a run reads a span: of a store so large that there are more of them, they matter less."""
    first, last = span
    chunks, found = Chunks([first + timedelta(days=n) for n in range((last - first).days + 1)]), []
    for chunk in chunks:
        found.append((chunk[0], chunk[-1]))
        chunks.brought(chunk, 0)
    return found


def _show(
    console: Console, settings: Settings, span: Span, plans: Sequence[StreamPlan], failures: Sequence[str]
) -> None:
    table = Table(title=f"Backfill {span[0]} to {span[1]}", title_justify="left")
    for heading in ("platform", "store", "stream"):
        table.add_column(heading)
    for heading in ("days", "records", "calls", "calls/s", "time"):
        table.add_column(heading, justify="right")
    for one in plans:
        brake = one.brake
        table.add_row(
            one.platform, one.store, one.stream.value, str(one.days) if one.stream in CHANGING else "now",
            _MARKS[one.basis] + f"{one.records:,}", _bound(one) + f"{one.all_calls:,}",
            f"{brake[1]:g}" if brake else "-", _bound(one) + duration(seconds([one])),
        )  # fmt: skip
    console.print(table)
    for failure in failures:
        console.print(failure, style="red", highlight=False, markup=False)
    length, at_least = seconds(plans), any(one.basis is Basis.AT_LEAST for one in plans)
    ends = datetime.now(ZoneInfo(settings.time_zone)) + timedelta(seconds=length)
    console.print(
        f"Reading takes {'at least' if at_least else 'about'} {duration(length)}, until {ends:%a %d %b %H:%M} "
        f"({settings.time_zone}). Stores are read side by side, streams one after another.",
        highlight=False,
    )
    console.print("~ is estimated, ≥ a lower bound, - not held up by a budget.", style="dim", highlight=False)


_MARKS: Final = {Basis.STATED: "", Basis.READ: "", Basis.ESTIMATED: "~", Basis.AT_LEAST: "≥"}


def _bound(one: StreamPlan) -> str:
    return "≥" if one.basis is Basis.AT_LEAST else ""


def _run(console: Console, settings: Settings, steps: Sequence[Step], plans: Sequence[StreamPlan], span: Span) -> int:
    opened, outcomes = runs.instance(settings), list[runs.Outcome]()
    with BackfillBar(console, open_postgres(settings), plans, span) as bar:
        for step in steps:
            outcomes.append(
                runs.execute(
                    opened,
                    pulls[step.platform].name,
                    title=f"{step.platform} {', '.join(step.streams)}, {step.span[0]} to {step.span[1]}",
                    tags={**_tags(step.span), STORES_TAG: ",".join(step.stores)},
                    tables=[f"raw.{step.platform}_{stream.value}" for stream in step.streams],
                    display=bar.display,
                )
            )
            if step.streams[0] not in CHANGING:
                bar.has_read(step.platform, step.streams)
        follows = [table.full_name for table in TABLES if table.layer != "raw"]
        outcomes.append(
            runs.execute(
                opened, LOOP, title="What follows from them", tags=_tags(span), tables=follows, display=bar.display
            )
        )
    for problem in dict.fromkeys(problem for outcome in outcomes for problem in outcome.problems):
        console.print(problem, style="red", highlight=False, markup=False)
    whole = all(outcome.success and not outcome.unread for outcome in outcomes)
    console.print(
        "Every day was read." if whole else "Not every day was read. The same command again reads those that are left."
    )
    return 0 if whole else 1


def _tags(span: Span) -> dict[str, str]:
    return {**range_tags(span[0].isoformat(), span[1].isoformat()), YIELDING_TAG: "true", **_LONGEST_RUN}
