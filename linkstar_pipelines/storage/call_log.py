"""The call log: one row per HTTP exchange in `ops.api_call`.

Belongs here: writing exchanges in batches, pruning, and the age of the log. Rows carry sizes and hashes of
bodies, never bodies or headers; addresses and errors arrive here already masked.
Does not belong here: masking (`connectors/masking.py`), or what a platform's answer means.
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from linkstar_pipelines.storage.postgres import Postgres

_FULL: Final = 50  # rows
_STALE_SECONDS: Final = 2.0

_INSERT: Final = b"""
    INSERT INTO ops.api_call (trace_id, attempt, platform, store, operation, method, url, status, outcome, error,
                              request_id, quota_headers, request_bytes, response_bytes, response_sha256,
                              started_at, elapsed_ms)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class Exchange:
    """One attempt of one call, as it is written down.

    `outcome` is `ok`, `throttled`, `rejected`, `platform_error`, `unreachable`, `timeout`, `broken` (connection
    lost on the way) or `malformed`. `status` is None where no answer came.
    """

    trace_id: str
    attempt: int
    platform: str
    store: str
    operation: str
    method: str
    url: str
    outcome: str
    started_at: datetime
    elapsed_ms: float
    status: int | None = None
    error: str | None = None
    request_id: str | None = None
    quota_headers: Mapping[str, str] = field(default_factory=dict)
    request_bytes: int = 0
    response_bytes: int = 0
    response_sha256: str | None = None

    def row(self) -> tuple[object, ...]:
        """Values in the order of the table's columns."""
        return (
            self.trace_id, self.attempt, self.platform, self.store, self.operation, self.method, self.url,
            self.status, self.outcome, self.error, self.request_id, json.dumps(dict(self.quota_headers)),
            self.request_bytes, self.response_bytes, self.response_sha256, self.started_at, self.elapsed_ms,
        )  # fmt: skip


class CallLog:
    """Writes exchanges in batches; `flush` makes them visible, and every error and `close` flush."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._pending: list[Exchange] = []
        self._oldest_pending = 0.0
        self._lock = threading.Lock()

    def append(self, exchange: Exchange) -> None:
        """Note one exchange; it reaches the table when the batch is full or two seconds old, or on `flush`."""
        with self._lock:
            if not self._pending:
                self._oldest_pending = time.monotonic()
            self._pending.append(exchange)
            due = len(self._pending) >= _FULL or time.monotonic() - self._oldest_pending > _STALE_SECONDS
        if due:
            self.flush()

    def flush(self) -> None:
        """Write what is pending."""
        with self._lock:
            batch, self._pending = self._pending, []
        if batch:
            with self._postgres.connection() as connection:
                connection.execute("SET LOCAL synchronous_commit = off")
                connection.cursor().executemany(_INSERT, [exchange.row() for exchange in batch])

    def prune(self, older_than_days: int) -> int:
        """Delete exchanges older than so many days; return how many."""
        return self._postgres.execute(
            "DELETE FROM ops.api_call WHERE started_at < clock_timestamp() - make_interval(days => %s)",
            older_than_days,
        )

    def made_since(self, instant: datetime) -> dict[tuple[str, str, str], int]:
        """Exchanges since an instant, by platform, store and operation."""
        rows = self._postgres.fetch(
            "SELECT platform, store, operation, count(*) FROM ops.api_call WHERE started_at >= %s "
            "GROUP BY platform, store, operation", instant,
        )  # fmt: skip
        return {(row[0], row[1], row[2]): row[3] for row in rows}

    def answered_since(self, platform: str, operation: str, instant: datetime) -> dict[str, datetime]:
        """By store, when an operation last answered well, where it has since an instant."""
        rows = self._postgres.fetch(
            "SELECT store, max(started_at) FROM ops.api_call WHERE platform = %s AND operation = %s "
            "AND outcome = 'ok' AND started_at >= %s GROUP BY store", platform, operation, instant,
        )  # fmt: skip
        return dict(rows)

    def oldest(self) -> datetime | None:
        """Instant of the oldest exchange kept, None if the log is empty."""
        (row,) = self._postgres.fetch("SELECT min(started_at) FROM ops.api_call")
        instant: datetime | None = row[0]
        return instant
