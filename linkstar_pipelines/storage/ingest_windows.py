"""Ingest windows: which days of a store's stream are proven whole, and what was missing meanwhile.

Belongs here: the states of `ops.ingest_window` and the named gaps of `ops.ingest_gap`.
Does not belong here: reading a window, or deciding that it is whole (`connectors/`).

A window is one UTC day of change of one stream of one store. It goes planned, fetching, landed (raw answers kept),
parsed, compared, sealed; while something is missing it is in `gap`. A window sealed before its day ended is sealed up
to an instant. Late evidence reopens a sealed window. The cursor of a stream is the instant up to which every day is
sealed: it never passes an unsealed one.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from linkstar_pipelines.storage.postgres import Postgres

_STATE: Final = b"""
    INSERT INTO ops.ingest_window (platform, store, stream, day, state) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (platform, store, stream, day) DO UPDATE SET state = excluded.state, updated_at = clock_timestamp()
"""
_SEAL: Final = b"""
    INSERT INTO ops.ingest_window AS w
        (platform, store, stream, day, state, sealed_until, records, readings, evidence, sealed_at)
    VALUES (%s, %s, %s, %s, 'sealed', %s, %s, %s, %s, clock_timestamp())
    ON CONFLICT (platform, store, stream, day) DO UPDATE SET
        state = 'sealed', sealed_until = GREATEST(w.sealed_until, excluded.sealed_until),
        records = excluded.records, readings = excluded.readings, evidence = excluded.evidence,
        sealed_at = excluded.sealed_at, updated_at = clock_timestamp()
"""
_GAP: Final = b"""
    INSERT INTO ops.ingest_gap (platform, store, stream, record_id, lacked_by) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (platform, store, stream, record_id) WHERE closed_at IS NULL DO UPDATE
    SET lacked_by = excluded.lacked_by
"""
_CLOSE: Final = (
    "UPDATE ops.ingest_gap SET closed_at = clock_timestamp() "
    "WHERE closed_at IS NULL AND platform = %s AND store = %s AND stream = %s AND record_id = ANY(%s)"
)
_REOPEN: Final = b"""
    UPDATE ops.ingest_window SET state = 'reopened', reopened = reopened + 1, updated_at = clock_timestamp()
    WHERE platform = %s AND store = %s AND stream = %s AND day = %s AND sealed_until IS NOT NULL
"""


@dataclass(frozen=True)
class StreamOf:
    """One stream of one store."""

    platform: str
    store: str
    stream: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Its key in the tables."""
        return (self.platform, self.store, self.stream)


@dataclass(frozen=True)
class Seal:
    """The proof that a window is whole.

    Attributes:
        day: UTC day of change.
        until: Instant up to which it is proven; the end of the day, or earlier while the day is not over.
        records: Distinct records that changed within it.
        readings: Independent readings that agreed.
        evidence: What agreed with what, in words.
    """

    day: date
    until: datetime
    records: int
    readings: int
    evidence: str


class IngestWindows:
    """The windows in `ops.ingest_window`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def move(self, where: StreamOf, days: Collection[date], state: str) -> None:
        """Note how far the windows of some days have come."""
        with self._postgres.connection() as connection:
            connection.cursor().executemany(_STATE, [(*where.key, day, state) for day in days])

    def name_gaps(self, where: StreamOf, lacking: Mapping[str, str]) -> None:
        """Name records that are known to exist and were lacked by a reading, with what lacked them."""
        with self._postgres.connection() as connection:
            connection.cursor().executemany(_GAP, [(*where.key, record, by) for record, by in lacking.items()])

    def close_gaps(self, where: StreamOf, answered: Collection[str]) -> int:
        """Note that some records, if they were missing, are missing no more.

        Returns:
            How many gaps were closed.
        """
        return self._postgres.execute(_CLOSE, *where.key, list(answered))

    def open_gaps(self, where: StreamOf) -> list[str]:
        """Records that are known to be missing now."""
        rows = self._postgres.fetch(
            "SELECT record_id FROM ops.ingest_gap WHERE closed_at IS NULL AND platform = %s AND store = %s "
            "AND stream = %s ORDER BY record_id", *where.key,
        )  # fmt: skip
        return [row[0] for row in rows]

    def seal(self, where: StreamOf, seals: Iterable[Seal]) -> None:
        """Seal windows."""
        with self._postgres.connection() as connection:
            connection.cursor().executemany(
                _SEAL, [(*where.key, s.day, s.until, s.records, s.readings, s.evidence) for s in seals]
            )

    def reopen(self, where: StreamOf, days: Collection[date]) -> None:
        """Note that late evidence showed sealed windows not to have been whole."""
        with self._postgres.connection() as connection:
            connection.cursor().executemany(_REOPEN, [(*where.key, day) for day in days])

    def sealed_until(self, where: StreamOf) -> dict[date, datetime]:
        """Days with a seal, and up to which instant each holds."""
        rows = self._postgres.fetch(
            "SELECT day, sealed_until FROM ops.ingest_window WHERE sealed_until IS NOT NULL AND state = 'sealed' "
            "AND platform = %s AND store = %s AND stream = %s ORDER BY day", *where.key,
        )  # fmt: skip
        return dict(rows)

    def sealed_records(self, where: StreamOf) -> dict[date, int]:
        """Days with a seal, and how many records changed on each."""
        rows = self._postgres.fetch(
            "SELECT day, records FROM ops.ingest_window WHERE state = 'sealed' "
            "AND platform = %s AND store = %s AND stream = %s ORDER BY day", *where.key,
        )  # fmt: skip
        return dict(rows)

    def read_since(self, instant: datetime, first: date, last: date) -> dict[StreamOf, int]:
        """Days of a span that have been read since an instant, by stream."""
        rows = self._postgres.fetch(
            "SELECT platform, store, stream, count(*) FROM ops.ingest_window WHERE state = ANY(%s) "
            "AND updated_at >= %s AND day BETWEEN %s AND %s GROUP BY platform, store, stream",
            ["landed", "parsed", "compared", "sealed"], instant, first, last,
        )  # fmt: skip
        return {StreamOf(*row[:3]): row[3] for row in rows}

    def newest_seals(self, platform: str, stream: str) -> dict[str, datetime]:
        """By store, when the newest of its sealed days was last sealed, by our clock."""
        rows = self._postgres.fetch(
            "SELECT DISTINCT ON (store) store, sealed_at FROM ops.ingest_window WHERE state = 'sealed' "
            "AND platform = %s AND stream = %s ORDER BY store, day DESC", platform, stream,
        )  # fmt: skip
        return dict(rows)

    def once_sealed_until(self, where: StreamOf) -> dict[date, datetime]:
        """Days that were ever sealed, and up to which instant, whatever is done with them now."""
        rows = self._postgres.fetch(
            "SELECT day, sealed_until FROM ops.ingest_window WHERE sealed_until IS NOT NULL "
            "AND platform = %s AND store = %s AND stream = %s ORDER BY day", *where.key,
        )  # fmt: skip
        return dict(rows)

    def last_sealed(self, where: StreamOf, day: date) -> datetime | None:
        """When a day or the one before it was last sealed, by our clock; None where neither ever was."""
        (row,) = self._postgres.fetch(
            "SELECT max(sealed_at) FROM ops.ingest_window WHERE platform = %s AND store = %s AND stream = %s "
            "AND day BETWEEN %s AND %s", *where.key, day - timedelta(days=1), day,
        )  # fmt: skip
        instant: datetime | None = row[0]
        return instant

    def unsealed(self, where: StreamOf, days: Collection[date]) -> dict[date, str]:
        """Windows of some days that were begun and are not sealed, with their state."""
        rows = self._postgres.fetch(
            "SELECT day, state FROM ops.ingest_window WHERE state <> 'sealed' AND platform = %s AND store = %s "
            "AND stream = %s AND day = ANY(%s) ORDER BY day", *where.key, list(days),
        )  # fmt: skip
        return dict(rows)

    def cursor(self, where: StreamOf, start: date) -> datetime:
        """The instant up to which every day from `start` on is sealed."""
        sealed, day = self.sealed_until(where), start
        while day in sealed and sealed[day] >= end_of(day):
            day += timedelta(days=1)
        return sealed.get(day, datetime.combine(day, time.min, UTC))


def end_of(day: date) -> datetime:
    """The first instant after a UTC day."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC)
