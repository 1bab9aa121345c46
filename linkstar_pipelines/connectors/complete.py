"""Reading a paged listing again and again until it may be called whole.

Belongs here: making readings, uniting them, and asking the stop rule of `domain/completeness.py` when to end.
Does not belong here: any platform's parameters (each platform's `complete.py`).
"""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from linkstar_pipelines.connectors.errors import IncompleteReadingError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import canonical_json
from linkstar_pipelines.domain.completeness import Estimate, PageTally, estimate_unseen

Payload = dict[str, Any]
_MOST_READINGS: Final = 30


@dataclass(frozen=True)
class Listing:
    """Which listing is read, and how many records the platform puts on a full page of it."""

    platform: str
    store: str
    operation: str
    page_size: int


@dataclass(frozen=True)
class Reading:
    """A listing that may be called whole.

    Attributes:
        records: every distinct payload that any reading showed, in the order first seen. A record that changed
            between two readings is there in both versions; a malformed one stays beside a good one.
        upper_bound: for orders, the instant up to which the listing is whole; None elsewhere.
        readings: how many readings it took.
        found: records (distinct keys) that each reading found.
        union: records (distinct keys) that all readings found together.
        expected_unseen: estimated number of records that no reading found (below 0.01).
    """

    records: list[Payload]
    upper_bound: datetime | None
    readings: int
    found: tuple[int, ...]
    union: int
    expected_unseen: float


class _Union:
    """What all readings found together."""

    def __init__(self) -> None:
        self.records: list[Payload] = []
        self.widest_page = 0
        self._payloads: set[bytes] = set()
        self._countable: set[str] = set()
        self._seen: list[set[str]] = []

    def add(self, pages: Iterable[list[Any]], key: Callable[[Payload], str], counts: Callable[[Payload], bool]) -> None:
        seen: set[str] = set()
        for page in pages:
            self.widest_page = max(self.widest_page, len(page))
            for item in page:
                record = item if isinstance(item, dict) else {"unreadable": item}
                digest = hashlib.sha256(canonical_json(record).encode()).digest()
                if digest not in self._payloads:
                    self._payloads.add(digest)
                    self.records.append(record)
                if identity := key(record):
                    seen.add(identity)
                    if counts(record):
                        self._countable.add(identity)
        self._seen.append(seen)

    @property
    def size(self) -> int:
        return len(self._countable)

    @property
    def found(self) -> tuple[int, ...]:
        return tuple(len(self._countable & seen) for seen in self._seen)


def read_until_complete(
    read_once: Callable[[int], Iterator[list[Payload]]],
    key: Callable[[Payload], str],
    min_readings: int,
    *,
    listing: Listing,
    http: HttpCore,
    counts: Callable[[Payload], bool] = lambda _: True,
) -> Reading:
    """Read a listing at least `min_readings` times, and on until hardly anything can still be unseen.

    Args:
        read_once: makes one reading, given its number from 0; yields pages.
        key: identity of a record, empty for a record that has none (kept, but not counted).
        min_readings: fewest readings.
        listing: what is read.
        http: the core that `read_once` calls through; it knows of faults, and of earlier readings.
        counts: whether a record takes part in the comparison of the readings.

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
        if estimate.whole or enough:
            http.page_tallies.add(*where, PageTally(estimate.pages, estimate.skipped, faults))
        if estimate.whole:
            return Reading(union.records, None, number + 1, union.found, union.size, estimate.unseen)
        if enough:
            raise _incomplete(listing, union.found, union.size, estimate)
    raise AssertionError("itertools.count has no end")


def _incomplete(listing: Listing, found: tuple[int, ...], union: int, estimate: Estimate) -> IncompleteReadingError:
    return IncompleteReadingError(
        f"{len(found)} readings keep disagreeing: they found {min(found)} to {max(found)} of {union} records, about "
        f"{estimate.skip_rate:.0%} of the pages are skipped, and {estimate.unseen:.2g} records are expected to be "
        "still unseen. Nothing of this window was kept; run it later.",
        platform=listing.platform, store=listing.store, operation=listing.operation,
    )  # fmt: skip
