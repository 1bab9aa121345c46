"""The known shapes of payloads, one per platform and stream, in `ops.payload_shape`.

Belongs here: reading and replacing what is known of a stream, one process at a time.
Does not belong here: what a difference is (`domain/schema_drift.py`), or reading shapes (`domain/payload_shapes.py`).
"""

from collections.abc import Callable
from typing import Final

import polars as pl

from linkstar_pipelines.domain.schema_drift import FACTS, accept, differences
from linkstar_pipelines.storage.postgres import Postgres

_COLUMNS: Final = ", ".join(FACTS.names())
_READ: Final = f"SELECT {_COLUMNS} FROM ops.payload_shape WHERE platform = %s AND stream = %s"  # noqa: S608  # constants
_FORGET: Final = "DELETE FROM ops.payload_shape WHERE platform = %s AND stream = %s"
_KEEP: Final = (
    f"INSERT INTO ops.payload_shape (platform, stream, {_COLUMNS}) "  # noqa: S608  # constants
    f"VALUES (%s, %s, {', '.join(['%s'] * len(FACTS))})"
)
_LOCK: Final = 752_617_412  # class of our advisory locks: learning the shape of one stream


class PayloadShapes:
    """The shapes in `ops.payload_shape`, as frames of `domain.schema_drift.FACTS`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def known(self, platform: str, stream: str) -> pl.DataFrame:
        """What is known of a stream; empty before its first landing."""
        return pl.DataFrame(self._postgres.fetch(_READ, platform, stream), schema=FACTS, orient="row")

    def change(self, platform: str, stream: str, work: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
        """Replace what is known of a stream by what `work` makes of it, all at once; returns it."""
        with self._postgres.connection() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_LOCK, f"{platform}/{stream}"))
            rows = connection.execute(_READ.encode(), (platform, stream)).fetchall()
            known = pl.DataFrame(rows, schema=FACTS, orient="row")
            facts = work(known)
            connection.execute(_FORGET.encode(), (platform, stream))
            values = [(platform, stream, *row) for row in facts.iter_rows()]
            connection.cursor().executemany(_KEEP.encode(), values)
        return facts

    def accept(self, platform: str | None = None) -> dict[str, int]:
        """Take the open differences of one platform, or of all, for known; returns how many by platform and stream."""
        streams = self._postgres.fetch(
            "SELECT DISTINCT platform, stream FROM ops.payload_shape WHERE platform = %s OR %s::text IS NULL "
            "ORDER BY platform, stream", platform, platform,
        )  # fmt: skip
        accepted = {}
        for name, stream in streams:
            if found := len(differences(self.known(name, stream))):
                self.change(name, stream, accept)
                accepted[f"{name}/{stream}"] = found
        return accepted
