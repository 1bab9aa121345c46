"""Reading a paged listing again and again until it may be called whole.

Belongs here: making readings, uniting them, naming what one of them lacked, and asking the stop rule of
`domain/completeness.py` when to end. A reading is whole when the readings agree and, where the platform states how
many records there are, they found exactly as many. That there is nothing at all, without a count that says so, takes
five readings.
Does not belong here: any platform's parameters (each platform's client).
"""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, overload

from linkstar_pipelines.connectors.errors import IncompleteReadingError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Client, Page, Payload, Platform, Window
from linkstar_pipelines.connectors.request import read_json
from linkstar_pipelines.domain.completeness import Estimate, PageTally, estimate_unseen
from linkstar_pipelines.domain.observations import any_json
from linkstar_pipelines.schemas.platforms import CHANGING, Stream

_MOST_READINGS: Final = 30
_EMPTY_READINGS: Final = 5  # a platform may answer nothing for a moment; that two readings say so proves little


@dataclass(frozen=True)
class Listing:
    """Which listing is read, and how many records the platform puts on a full page of it."""

    platform: str
    store: str
    operation: str
    page_size: int


class Records(Sequence[Payload]):
    """Payloads kept as their JSON text, a fifth of what they take as objects; decoded when they are asked for."""

    def __init__(self) -> None:
        self._texts: list[bytes] = []

    def append(self, text: bytes) -> None:
        """Keep one payload."""
        self._texts.append(text)

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, place: int) -> Payload: ...
    @overload
    def __getitem__(self, place: slice) -> list[Payload]: ...
    def __getitem__(self, place: int | slice) -> Payload | list[Payload]:
        if isinstance(place, slice):
            return [read_json(text) for text in self._texts[place]]
        record: Payload = read_json(self._texts[place])
        return record


@dataclass(frozen=True)
class Reading:
    """A listing that may be called whole.

    Attributes:
        records: every distinct payload that any reading showed, in the order first seen, decoded anew each time. A
            record that changed between two readings is there in both versions; a malformed one stays beside a good one.
        upper_bound: for orders, the instant up to which the listing is whole; None elsewhere.
        readings: how many readings it took.
        found: records (distinct keys) that each reading found.
        union: records (distinct keys) that all readings found together.
        total: how many records the platform says there are; None where it does not say.
        identities: identities of all records that any reading showed.
        gaps: records that at least one reading lacked, with the numbers of the readings that lacked them.
        expected_unseen: estimated number of records that no reading found (below 0.01).
    """

    records: Sequence[Payload]
    upper_bound: datetime | None
    readings: int
    found: tuple[int, ...]
    union: int
    total: int | None
    identities: frozenset[str]
    gaps: dict[str, tuple[int, ...]]
    expected_unseen: float


class _Union:
    """What all readings found together."""

    def __init__(self) -> None:
        self.records = Records()
        self.widest_page = 0
        self._payloads: set[bytes] = set()
        self._countable: set[str] = set()
        self._seen: list[set[str]] = []
        self._totals: list[int | None] = []
        self._unnamed: set[bytes] = set()

    def add(self, pages: Iterable[Page], key: Callable[[Payload], str], counts: Callable[[Payload], bool]) -> None:
        seen: set[str] = set()
        total: int | None = None
        for page in pages:
            self.widest_page = max(self.widest_page, len(page.records))
            total = page.total if page.total is not None else total
            for item in page.records:
                record = item if isinstance(item, dict) else {"unreadable": item}
                text = any_json(record).encode()
                digest = hashlib.sha256(text).digest()
                if digest not in self._payloads:
                    self._payloads.add(digest)
                    self.records.append(text)
                if identity := key(record):
                    seen.add(identity)
                    if counts(record):
                        self._countable.add(identity)
                else:
                    self._unnamed.add(digest)
        self._seen.append(seen)
        self._totals.append(total)

    @property
    def total(self) -> int | None:
        """The platform's last word on how many there are."""
        return next((total for total in reversed(self._totals) if total is not None), None)

    @property
    def told(self) -> bool:
        """Whether the platform has shown a record, or stated how many there are (also none)."""
        return bool(self.records) or self.total is not None

    @property
    def as_many_as_stated(self) -> bool:
        """Whether all readings together found as many records as the platform stated in one of them.

        A record without identity counts by its content: the platform counts it too.
        """
        stated = {total for total in self._totals if total is not None}
        return not stated or len(self.identities) + len(self._unnamed) in stated

    @property
    def gaps(self) -> dict[str, tuple[int, ...]]:
        """Counted records that some readings lacked, and which."""
        lacking = {
            key: tuple(number for number, seen in enumerate(self._seen) if key not in seen)
            for key in sorted(self._countable)
        }
        return {key: numbers for key, numbers in lacking.items() if numbers}

    @property
    def identities(self) -> frozenset[str]:
        return frozenset().union(*self._seen)

    @property
    def size(self) -> int:
        return len(self._countable)

    @property
    def found(self) -> tuple[int, ...]:
        return tuple(len(self._countable & seen) for seen in self._seen)


def read_until_complete(
    read_once: Callable[[int], Iterator[Page]],
    key: Callable[[Payload], str],
    min_readings: int,
    *,
    listing: Listing,
    http: HttpCore,
    counts: Callable[[Payload], bool] = lambda _: True,
    watch: Callable[[Mapping[str, str]], None] = lambda _: None,
) -> Reading:
    """Read a listing at least `min_readings` times, and on until hardly anything can still be unseen.

    Args:
        read_once: makes one reading, given its number from 0; yields pages.
        key: identity of a record, empty for a record that has none (kept, but not counted).
        min_readings: fewest readings.
        listing: what is read.
        http: the core that `read_once` calls through; it knows of faults, and of earlier readings.
        counts: whether a record takes part in the comparison of the readings.
        watch: told, after each reading that leaves doubt, which records some reading lacked, and which.

    Raises:
        IncompleteReadingError: 30 readings still leave too much doubt.
        ConnectorError: a reading failed for good.
    """
    where = (listing.platform, listing.store, listing.operation)
    history = http.page_tallies.load(*where)
    faults_before = http.faults(listing.platform, listing.store)
    union = _Union()
    for number in itertools.count():
        union.add(read_once(number), key, counts)
        if number + 1 < min_readings:
            continue
        faults = http.faults(listing.platform, listing.store) - faults_before
        page_size = max(union.widest_page, listing.page_size)
        estimate = estimate_unseen(union.found, union.size, page_size, faults=faults, history=history)
        enough = number + 1 >= max(_MOST_READINGS, min_readings)
        whole = estimate.whole and union.as_many_as_stated and (union.told or number + 1 >= _EMPTY_READINGS)
        if whole or enough:
            http.page_tallies.add(*where, PageTally(estimate.pages, estimate.skipped, faults))
        if whole:
            return Reading(
                union.records, None, number + 1, union.found, union.size, union.total, union.identities, union.gaps,
                estimate.unseen,
            )  # fmt: skip
        watch({key: f"reading {', '.join(str(n + 1) for n in numbers)}" for key, numbers in union.gaps.items()})
        if enough:
            raise _incomplete(listing, union, estimate)
    raise AssertionError("itertools.count has no end")


def _incomplete(listing: Listing, union: _Union, estimate: Estimate) -> IncompleteReadingError:
    found = union.found
    stated = f" The platform states {union.total}." if union.total is not None else ""
    return IncompleteReadingError(
        f"{len(found)} readings keep disagreeing: they found {min(found)} to {max(found)} of {union.size} records, "
        f"about {estimate.skip_rate:.0%} of the pages are skipped, and {estimate.unseen:.2g} records are expected to "
        f"be still unseen.{stated} Nothing of this window was kept; run it later.",
        platform=listing.platform, store=listing.store, operation=listing.operation,
    )  # fmt: skip


def read_stream(  # who, what, when, and how surely
    client: Client,
    platform: Platform,
    stream: Stream,
    window: Window | None,
    min_readings: int,
    *,
    now: datetime,
    watch: Callable[[Mapping[str, str]], None] = lambda _: None,
) -> Reading:
    """Read a stream of a store until it may be called whole; `upper_bound` is how far a reading by change time went.

    In an open window, records that change while it is read move out of no reading: each reading runs up to its own
    present, and what lies beyond the first reading's bound is kept but not compared. The bound is the platform's own
    word, or `now`, the platform's clock before the reading.

    Raises:
        IncompleteReadingError: the readings keep disagreeing.
        ConnectorError: a reading failed for good.
    """
    form = platform.streams[stream]
    bound = window.end if window is not None else None

    def read_once(number: int) -> Iterator[Page]:
        nonlocal bound
        for page in client.read(stream, window, number):
            bound = bound or page.upper_bound or now
            yield page

    def counts(record: Payload) -> bool:
        changed_at = form.changed_at(record)
        return bound is None or changed_at is None or changed_at <= bound

    reading = read_until_complete(
        read_once,
        form.identify,
        min_readings,
        listing=Listing(platform.name, client.store.name, form.operation, form.page_size),
        http=client.http,
        counts=counts,
        watch=watch,
    )
    return replace(reading, upper_bound=(bound or now) if stream in CHANGING else None)
