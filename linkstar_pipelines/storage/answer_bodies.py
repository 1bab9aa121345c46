"""Raw answers of platforms: every body that carried records, as it came, kept for at least 90 days.

Belongs here: keeping, reading and pruning the answers of a pull: `ops.answer_pull` (one pull of a stream of a store),
`ops.answer` (its answers in the order they came, and what was asked), `ops.answer_body` (the bodies, addressed by their
content: the same body received again is one row).
Does not belong here: which answers are kept, or what they mean (`connectors/`).

Bodies name people, and so may what was asked: both are encrypted with the key of `storage/tokens.py`. Without the key
nobody reads them, and a lost key is a deleted archive.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa
from cryptography.fernet import Fernet
from pydantic import SecretStr

from linkstar_pipelines.storage.postgres import Postgres

_CODEC: Final = "zstd"
_BEGIN: Final = b"""
    INSERT INTO ops.answer_pull (id, platform, store, stream, window_start, window_end, observed_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_KEEP_BODY: Final = b"""
    INSERT INTO ops.answer_body (sha256, platform, store, operation, received_at, size, body)
    VALUES (%s, %s, %s, %s, clock_timestamp(), %s, %s)
    ON CONFLICT (platform, store, operation, sha256) DO UPDATE SET received_at = excluded.received_at
"""
_KEEP: Final = b"""
    INSERT INTO ops.answer (pull, platform, store, operation, sha256, asked) VALUES (%s, %s, %s, %s, %s, %s)
"""
_PULLS: Final = (
    "SELECT id, platform, store, stream, window_start, window_end, observed_at, begun_at, parser "
    "FROM ops.answer_pull WHERE ended_at IS NOT NULL AND platform = %s"
)


class NothingKeptError(Exception):
    """The answers of some days are not, or no longer, kept. The message names the span that is."""


@dataclass(frozen=True)
class AnswerPull:
    """One pull whose answers are kept.

    Attributes:
        window_start: First change time that was asked for; None where a stream is read as it is.
        window_end: End of the change times; None where it was the platform's present.
        observed_at: When its records were observed, by the platform's clock.
        begun_at: When it began, by ours: the day on which its answers were received.
        parser: Version of the code that parsed it last.
    """

    platform: str
    store: str
    stream: str
    window_start: datetime | None
    window_end: datetime | None
    observed_at: datetime
    begun_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    parser: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True)
class KeptAnswer:
    """One answer of a pull.

    Attributes:
        number: Answers of a pull came in the order of their numbers.
        sha256: Hash of the plain body, as in the call log.
        asked: What of the request tells to which record the answer belongs; holds no secret.
    """

    number: int
    operation: str
    sha256: str
    asked: Mapping[str, str] = field(repr=False)


class AnswerBodies:
    """The kept answers."""

    def __init__(self, postgres: Postgres, key: SecretStr) -> None:
        self._postgres = postgres
        self._box = Fernet(key.get_secret_value())

    def begin(self, pull: AnswerPull) -> None:
        """Note that a pull begins. Until `end`, its answers count as a part of something unknown."""
        with self._postgres.connection() as connection:
            connection.execute(
                _BEGIN,
                (pull.id, pull.platform, pull.store, pull.stream, pull.window_start, pull.window_end, pull.observed_at),
            )

    def keep(self, pull: AnswerPull, operation: str, asked: Mapping[str, str], content: bytes) -> None:
        """Keep an answer of a pull. It outlives this process at once, and a crash of the server from `end` on."""
        digest = hashlib.sha256(content).hexdigest()
        sealed = self._box.encrypt(pa.compress(content, codec=_CODEC, asbytes=True))
        facts = self._box.encrypt(json.dumps(dict(asked)).encode()) if asked else None
        owner = (pull.platform, pull.store, operation)
        with self._postgres.connection() as connection, connection.pipeline():
            # The commit of `end` takes all before it to the disk; waiting at each page takes longer than the page.
            connection.execute("SET LOCAL synchronous_commit = off")
            connection.execute(_KEEP_BODY, (digest, *owner, len(content), sealed))
            connection.execute(_KEEP, (pull.id, *owner, digest, facts))

    def end(self, pull: AnswerPull) -> None:
        """Note that all answers of a pull are kept; they are on disk when this returns."""
        self._postgres.execute("UPDATE ops.answer_pull SET ended_at = clock_timestamp() WHERE id = %s", pull.id)

    def parsed(self, pull: AnswerPull, parser: str) -> None:
        """Note which version of the code parsed a pull."""
        self._postgres.execute(
            "UPDATE ops.answer_pull SET parser = %s, parsed_at = clock_timestamp() WHERE id = %s", parser, pull.id
        )

    def pulls(
        self, platform: str, first: datetime, last: datetime, *, store: str | None = None, stream: str | None = None
    ) -> list[AnswerPull]:
        """Pulls of a platform that began in [first, last) and were read to their end, oldest first.

        One that broke off published nothing, and some of its records lack a part.
        """
        conditions, values = " AND begun_at >= %s AND begun_at < %s", [platform, first, last]
        for name, value in (("store", store), ("stream", stream)):
            if value is not None:
                conditions, values = f"{conditions} AND {name} = %s", [*values, value]
        rows = self._postgres.fetch(f"{_PULLS}{conditions} ORDER BY begun_at, id", *values)
        return [_pull_of(row) for row in rows]

    def span(self, platform: str) -> tuple[datetime, datetime] | None:
        """When the oldest and the newest kept pull of a platform began; None where there is none."""
        ((oldest, newest),) = self._postgres.fetch(
            "SELECT min(begun_at), max(begun_at) FROM ops.answer_pull WHERE ended_at IS NOT NULL AND platform = %s",
            platform,
        )
        return (oldest, newest) if oldest is not None else None

    def answers(self, pull: AnswerPull) -> list[KeptAnswer]:
        """The answers of a pull in the order they came, without their bodies."""
        rows = self._postgres.fetch(
            "SELECT number, operation, sha256, asked FROM ops.answer WHERE pull = %s ORDER BY number", pull.id
        )
        return [KeptAnswer(number, operation, sha256, self._facts(asked)) for number, operation, sha256, asked in rows]

    def content(self, pull: AnswerPull, answer: KeptAnswer) -> bytes:
        """The body of an answer, as it came."""
        ((sealed, size),) = self._postgres.fetch(
            "SELECT body, size FROM ops.answer_body "
            "WHERE platform = %s AND store = %s AND operation = %s AND sha256 = %s",
            pull.platform, pull.store, answer.operation, answer.sha256,
        )  # fmt: skip
        packed = self._box.decrypt(bytes(sealed))
        content: bytes = pa.decompress(packed, decompressed_size=size, codec=_CODEC, asbytes=True)
        return content

    def prune(self, older_than_days: int) -> int:
        """Delete pulls older than so many days, and the bodies that no other received; return how many bodies."""
        self._postgres.execute(
            "DELETE FROM ops.answer_pull WHERE begun_at < clock_timestamp() - make_interval(days => %s)",
            older_than_days,
        )
        return self._postgres.execute(
            "DELETE FROM ops.answer_body b WHERE received_at < clock_timestamp() - make_interval(days => %s) "
            "AND NOT EXISTS (SELECT FROM ops.answer a "
            "WHERE (a.platform, a.store, a.operation, a.sha256) = (b.platform, b.store, b.operation, b.sha256))",
            older_than_days,
        )

    def _facts(self, sealed: bytes | None) -> dict[str, str]:
        facts: dict[str, str] = json.loads(self._box.decrypt(bytes(sealed))) if sealed is not None else {}
        return facts


def _pull_of(row: tuple[Any, ...]) -> AnswerPull:
    identity, platform, store, stream, *instants, parser = row
    start, end, observed_at, begun_at = (moment and moment.astimezone(UTC) for moment in instants)
    return AnswerPull(platform, store, stream, start, end, observed_at, begun_at, parser, identity)
