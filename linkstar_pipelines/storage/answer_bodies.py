"""Raw answers of platforms: every body that carried records, as it came, kept for at least 90 days.

Belongs here: keeping, reading and pruning bodies in `ops.answer_body`, addressed by their content.
Does not belong here: which bodies are kept, or what they mean.

A body names people, so it is compressed and then encrypted with the key of `storage/tokens.py`: without the key nobody
reads it, and a lost key is a deleted archive. The same body received again is one row.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography.fernet import Fernet
from pydantic import SecretStr

from linkstar_pipelines.storage.postgres import Postgres

_LEVEL: Final = 1  # answers are text that repeats itself: the fastest level finds most of it
_KEEP: Final = b"""
    INSERT INTO ops.answer_body (sha256, platform, store, stream, operation, received_at, size, body)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (platform, store, operation, sha256) DO UPDATE SET received_at = excluded.received_at
"""


@dataclass(frozen=True)
class AnswerBody:
    """One body as it came over the wire; `sha256` is that of the plain bytes, as in the call log."""

    sha256: str
    platform: str
    store: str
    stream: str
    operation: str
    received_at: datetime
    content: bytes = field(repr=False)


class AnswerBodies:
    """The bodies in `ops.answer_body`."""

    def __init__(self, postgres: Postgres, key: SecretStr) -> None:
        self._postgres = postgres
        self._box = Fernet(key.get_secret_value())

    def keep(self, body: AnswerBody) -> None:
        """Keep a body; it is on disk when this returns."""
        sealed = self._box.encrypt(zlib.compress(body.content, _LEVEL))
        with self._postgres.connection() as connection:
            connection.execute(
                _KEEP,
                (body.sha256, body.platform, body.store, body.stream, body.operation, body.received_at,
                 len(body.content), sealed),
            )  # fmt: skip

    def received(self, platform: str, first: datetime, last: datetime) -> Iterator[AnswerBody]:
        """Read the bodies of a platform received in [first, last), oldest first, one at a time."""
        keys = self._postgres.fetch(
            "SELECT store, operation, sha256 FROM ops.answer_body WHERE platform = %s AND received_at >= %s "
            "AND received_at < %s ORDER BY received_at, sha256", platform, first, last,
        )  # fmt: skip
        for store, operation, sha256 in keys:
            rows = self._postgres.fetch(
                "SELECT stream, received_at, body FROM ops.answer_body WHERE platform = %s AND store = %s "
                "AND operation = %s AND sha256 = %s", platform, store, operation, sha256,
            )  # fmt: skip
            for stream, received_at, sealed in rows:
                content = zlib.decompress(self._box.decrypt(bytes(sealed)))
                yield AnswerBody(sha256, platform, store, stream, operation, received_at, content)

    def prune(self, older_than_days: int) -> int:
        """Delete bodies older than so many days; return how many."""
        return self._postgres.execute(
            "DELETE FROM ops.answer_body WHERE received_at < clock_timestamp() - make_interval(days => %s)",
            older_than_days,
        )
