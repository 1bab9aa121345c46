"""What earlier readings of a paged listing showed about skipped pages and faults, shared by all processes.

Belongs here: the running tally in `ops.page_tally`; it fades with a half-life of six hours, so that a platform's bad
day is remembered for that day.
Does not belong here: what follows from it (`domain/completeness.py`).
"""

from typing import Final

from linkstar_pipelines.domain.completeness import PageTally
from linkstar_pipelines.storage.postgres import Postgres

_HALF_LIFE_SECONDS: Final = 6 * 3600
_FADE: Final = f"power(0.5, extract(epoch FROM clock_timestamp() - t.updated_at) / {_HALF_LIFE_SECONDS})"
_LOAD: Final = f"""
    SELECT pages * {_FADE}, skipped * {_FADE}, faults * {_FADE}
    FROM ops.page_tally AS t WHERE platform = %s AND store = %s AND operation = %s
"""  # noqa: S608  # constants of this module only
_ADD: Final = f"""
    INSERT INTO ops.page_tally AS t (platform, store, operation, pages, skipped, faults)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (platform, store, operation) DO UPDATE SET
        pages = t.pages * {_FADE} + excluded.pages,
        skipped = t.skipped * {_FADE} + excluded.skipped,
        faults = t.faults * {_FADE} + excluded.faults,
        updated_at = clock_timestamp()
"""  # noqa: S608  # constants of this module only


class PageTallies:
    """The tallies in `ops.page_tally`, one per platform, store and operation."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def load(self, platform: str, store: str, operation: str) -> PageTally:
        """Return the faded tally; an empty one for a listing never read."""
        rows = self._postgres.fetch(_LOAD, platform, store, operation)
        return PageTally(*rows[0]) if rows else PageTally()

    def add(self, platform: str, store: str, operation: str, tally: PageTally) -> None:
        """Add what a finished series of readings showed."""
        self._postgres.execute(_ADD, platform, store, operation, tally.pages, tally.skipped, tally.faults)
