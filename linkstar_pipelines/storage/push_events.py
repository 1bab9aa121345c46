"""What push notifications said: hints to look, and evidence of what a reading must hold.

Belongs here: keeping verified events in `ops.push_event` once each, and asking for those of a span.
Does not belong here: verifying a notification (each platform's `push.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from linkstar_pipelines.storage.postgres import Postgres

_KEEP: Final = b"""
    INSERT INTO ops.push_event AS e (platform, store, event_id, stream, record_id, changed_at, topic)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (platform, store, event_id) DO UPDATE SET deliveries = e.deliveries + 1
"""


@dataclass(frozen=True)
class KeptEvent:
    """One event of a store: what changed, and when, as far as the platform says."""

    platform: str
    store: str
    event_id: str
    stream: str | None
    record_id: str | None
    changed_at: datetime | None
    topic: str


class PushEvents:
    """The events in `ops.push_event`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def keep(self, events: Iterable[KeptEvent]) -> None:
        """Keep events; the same event delivered again only counts up its deliveries."""
        with self._postgres.connection() as connection:
            connection.cursor().executemany(
                _KEEP,
                [(e.platform, e.store, e.event_id, e.stream, e.record_id, e.changed_at, e.topic) for e in events],
            )

    def records(self, platform: str, store: str, stream: str, first: datetime, last: datetime) -> dict[str, datetime]:
        """Records whose latest change, as far as events tell, lies in [first, last), each with its instant."""
        rows = self._postgres.fetch(
            "SELECT record_id, max(changed_at) FROM ops.push_event WHERE platform = %s AND store = %s AND stream = %s "
            "AND changed_at >= %s AND record_id IS NOT NULL GROUP BY record_id HAVING max(changed_at) < %s",
            platform, store, stream, first, last,
        )  # fmt: skip
        return dict(rows)

    def prune(self, older_than_days: int) -> int:
        """Delete events that came longer ago; returns how many."""
        return self._postgres.execute(
            "DELETE FROM ops.push_event WHERE received_at < clock_timestamp() - make_interval(days => %s)",
            older_than_days,
        )
