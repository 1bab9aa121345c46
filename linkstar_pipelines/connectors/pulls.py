"""Pulls: one stream of one store, read whole and turned into raw rows, with the proof that nothing is missing.

Belongs here: which window a run reads, the reading, the observations made of it, and what proves it whole, for every
platform alike.
Does not belong here: when a pull happens (`orchestration/`), or where its rows go (`assets/`).

A window is proven by two independent readings that hold the same records, by the platform's own count where it states
one, and by push notifications: a record that an event names and no reading showed is asked for by its id. What is
missing meanwhile is named in `ops.ingest_gap`. The seals are put only after the rows are published.

An order that a notification names and that the platform does not know even by its id is waited for: its gap stays open
and its day unsealed until it shows, or until a day has passed since the event; then the platform's word holds.
"""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeVar

import dataframely as dy
import polars as pl

from linkstar_pipelines.connectors.complete import Reading, read_stream
from linkstar_pipelines.connectors.errors import ConnectorError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.parser_version import parser_version
from linkstar_pipelines.connectors.platform import Client, Payload, Platform, Window
from linkstar_pipelines.connectors.stores import StoreFailure, ask_stores
from linkstar_pipelines.domain.quarantine import concat_rejects
from linkstar_pipelines.schemas.platforms import CHANGING, Stream
from linkstar_pipelines.schemas.streams import identity_of
from linkstar_pipelines.storage.answer_bodies import AnswerPull
from linkstar_pipelines.storage.ingest_windows import IngestWindows, Seal, StreamOf, end_of

_SETTLED: Final = timedelta(minutes=3)  # younger changes may not be listed yet; clocks differ a little
_WAIT: Final = timedelta(days=1)  # for an order that a notification names and the platform does not know

S = TypeVar("S", bound=dy.Schema)


@dataclass(frozen=True)
class Pull:
    """What one pull brought: rows for the raw table, refused ones, and how it was read.

    Attributes:
        answered: Records of which it is known now what they are: those read, and those that a notification named and
            the platform, asked for a day, does not know. Their gaps close.
    """

    store: str
    rows: pl.DataFrame
    rejected: pl.DataFrame
    readings: int = 1
    seals: tuple[Seal, ...] = ()
    answered: frozenset[str] = frozenset()


@dataclass
class Pulls:
    """The pulls of all stores; a store that failed never keeps the others from being read."""

    done: list[Pull] = field(default_factory=list)
    failed: dict[str, StoreFailure] = field(default_factory=dict)

    def rows(self, schema: type[S]) -> dy.DataFrame[S]:
        """Rows of all stores that answered."""
        return schema.cast(pl.concat([schema.create_empty(), *(pull.rows for pull in self.done)]))

    @property
    def rejected(self) -> pl.DataFrame:
        """Refused rows of all stores."""
        return concat_rejects(*(pull.rejected for pull in self.done))


def pull_stores(stores: Sequence[str], pull: Callable[[str], Pull]) -> Pulls:
    """Pull from all stores side by side; collect failures instead of stopping at one."""
    done, failed = ask_stores(stores, pull)
    return Pulls(list(done.values()), failed)


def window(days: Collection[date], platform_now: datetime) -> Window | None:
    """The change window of a run over `days`, seen from the platform's clock; None when it lies in the future."""
    start = datetime.combine(min(days), time.min, UTC)
    end = datetime.combine(max(days), time.min, UTC) + timedelta(days=1)
    if start >= platform_now - _SETTLED:
        return None
    return Window(start, end if end <= platform_now - _SETTLED else None)


def platform_now(client: Client) -> datetime:
    """The platform's own clock: windows are judged by it. Ours where an answer carries no date."""
    return client.check_access().server_time or datetime.now(UTC)


def pull_stream(
    client: Client, platform: Platform, stream: Stream, days: Collection[date], *, readings: int, keep_personal: bool
) -> Pull:
    """Read one stream of one store: what changed on `days`, or what is there now.

    Args:
        client: The store's client.
        platform: Its platform.
        stream: One of the platform's streams.
        days: UTC days of change, for streams that are read by change time.
        readings: Fewest independent readings that must agree.
        keep_personal: Keep personal data in payloads.
    """
    http, where = client.http, StreamOf(platform.name, client.store.name, stream.value)
    now = platform_now(client)
    span = window(days, now) if stream in CHANGING else None
    if span is None and stream in CHANGING:
        return _pull(where, platform, stream, [], now, keep_personal=keep_personal)
    if span is not None and span.end is None and stream is not Stream.ORDERS:
        span = Window(span.start, now - _SETTLED)  # orders are listed up to the platform's own present
    covered = _covered(days, now) if span is not None else []
    http.windows.move(where, covered, "fetching")
    start, end = (span.start, span.end) if span is not None else (None, None)
    answers = AnswerPull(platform.name, client.store.name, stream.value, start, end, now)
    with http.landing(answers, platform.records[stream].decoders):
        try:
            reading = read_stream(
                client,
                platform,
                stream,
                span,
                readings,
                now=now,
                watch=lambda lacking: _name(http, where, covered, lacking),
            )
        except ConnectorError:
            http.windows.move(where, covered, "gap")
            raise
        notified = _Notified()
        if span is not None and stream is Stream.ORDERS:
            notified = _ask_for_notified(client, where, span, reading, now)
    http.windows.move(where, covered, "landed")
    records = itertools.chain(reading.records, notified.found.values())
    answered = reading.identities.union(notified.found, notified.given_up)
    pulled = replace(
        _pull(where, platform, stream, records, now, keep_personal=keep_personal),
        readings=reading.readings, answered=answered,
    )  # fmt: skip
    http.bodies.parsed(answers, parser_version(platform.name))
    http.windows.move(where, covered, "parsed")
    if reading.upper_bound is None:
        return pulled
    opened = {at.date() for at in notified.waiting.values()}.intersection(covered)
    whole = [day for day in covered if day not in opened]
    http.windows.move(where, whole, "compared")
    http.windows.move(where, opened, "gap")
    seals = tuple(_seals(pulled.rows, whole, reading, now - _SETTLED))
    return replace(pulled, seals=seals)


def _pull(
    where: StreamOf, platform: Platform, stream: Stream, records: Iterable[Any], now: datetime, *, keep_personal: bool
) -> Pull:
    form = platform.streams[stream]
    rows, rejected = raw_rows(platform.name, where.store, stream, form, records, now, keep_personal=keep_personal)
    return Pull(where.store, rows, rejected, 0)


def _covered(days: Collection[date], now: datetime) -> list[date]:
    """The days of a run that have begun on the platform's clock, and those between them."""
    first, last = min(days), min(max(days), now.date())
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _name(http: HttpCore, where: StreamOf, days: Collection[date], lacking: Mapping[str, str]) -> None:
    if lacking:
        http.windows.name_gaps(where, lacking)
        http.windows.move(where, days, "gap")


@dataclass(frozen=True)
class _Notified:
    """Orders that notifications name and no reading showed.

    Attributes:
        found: Those that the platform gave when asked for them.
        waiting: Those that it does not know yet, with the time of their event.
        given_up: Those that it has not known for a day.
    """

    found: Mapping[str, Payload] = field(default_factory=dict)
    waiting: Mapping[str, datetime] = field(default_factory=dict)
    given_up: Collection[str] = ()


def _ask_for_notified(client: Client, where: StreamOf, span: Window, reading: Reading, now: datetime) -> _Notified:
    """Ask for the orders that push notifications name in the window, or that are waited for, and no reading showed.

    An order that has changed again since then belongs to a later window; it is taken all the same, as an observation.
    """
    http, until = client.http, reading.upper_bound or now
    recent, gaps = http.push_events.records(*where.key, now - _WAIT, now), http.windows.open_gaps(where)
    named = {order: at for order, at in recent.items() if order in gaps}
    named |= http.push_events.records(*where.key, span.start, until)
    missing = {order: at for order, at in named.items() if order not in reading.identities}
    http.windows.name_gaps(where, dict.fromkeys(missing, "every reading; named by a notification"))
    # One call per order: only those are asked for that a reading lost, hardly ever any.
    asked = {order: client.get_order(order) for order in sorted(missing)}
    unknown = [order for order, payload in asked.items() if payload is None]
    http.windows.name_gaps(where, {order: _unknown(missing[order]) for order in unknown})
    waiting = {order: missing[order] for order in unknown if missing[order] > now - _WAIT}
    return _Notified(
        found={order: payload for order, payload in asked.items() if payload is not None},
        waiting=waiting,
        given_up=set(unknown) - set(waiting),
    )


def _unknown(changed_at: datetime) -> str:
    """What is said of an order that the platform does not know although it notified of it."""
    return (
        "every reading, and the platform does not know it by its id; named by a notification. Its day stays open until "
        f"it shows, or until {changed_at + _WAIT:%Y-%m-%d %H:%M} UTC: from then on the platform's word holds."
    )


def _seals(rows: pl.DataFrame, days: Collection[date], reading: Reading, settled: datetime) -> Iterator[Seal]:
    """The seal of every day: how many records changed on it, and what agreed; none beyond what is settled."""
    if reading.upper_bound is None:
        return
    counts = dict(rows.group_by("changed_on").len().iter_rows())
    stated = f", as the platform counts them ({reading.total})" if reading.total is not None else ""
    evidence = f"{reading.readings} readings found the same {reading.union} records{stated}"
    for day in days:
        yield Seal(day, min(end_of(day), reading.upper_bound, settled), counts.get(day, 0), reading.readings, evidence)


def seal(
    windows: IngestWindows, platform: str, stream: Stream, pulled: Pulls, late: Mapping[str, Collection[str]]
) -> None:
    """Seal what was pulled, once its rows are published.

    Args:
        windows: The windows of the installation.
        platform: Platform of the pull.
        stream: Its stream.
        pulled: The pull of every store.
        late: By store, records that showed only now in windows that had been sealed: they are named as gaps that have
            just been closed, and their windows count as reopened.
    """
    for pull in pulled.done:
        where = StreamOf(platform, pull.store, stream.value)
        if found := late.get(pull.store):
            windows.name_gaps(where, dict.fromkeys(found, "a sealed window; it came late"))
            changed = pull.rows.filter(pl.col(identity_of(platform, stream)).is_in(list(found)))["changed_on"]
            windows.reopen(where, changed.unique().to_list())
        windows.seal(where, pull.seals)
        windows.close_gaps(where, pull.answered)
