"""Parsing again what was kept: raw rows from the kept answers of a pull, without asking any platform.

Belongs here: making the rows of kept answers that a pull made of them when they came.
Does not belong here: how a platform's records come out of its answers (`connectors/<platform>/records.py`), keeping
answers (`http.py`), or publishing rows (`operations/replay.py`).

Parsing is a pure function of the answers and the code: the same answers give the same rows, so a day that was parsed
wrongly is mended by mending the code and replaying.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import polars as pl

from linkstar_pipelines.connectors.kept import KeptAnswers
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.platform import Platform, Window
from linkstar_pipelines.domain.observations import any_json
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.settings import StoreSettings
from linkstar_pipelines.storage.answer_bodies import AnswerBodies, AnswerPull

_AT_ONCE: Final = 2_000  # records that are held and published together


@dataclass(frozen=True)
class Parsed:
    """A part of what a pull's answers hold: rows of the raw table, refused records, and how many records they were."""

    rows: pl.DataFrame
    rejected: pl.DataFrame
    records: int


def parse(
    platform: Platform, store: StoreSettings, bodies: AnswerBodies, pull: AnswerPull, *, keep_personal: bool = False
) -> Iterator[Parsed]:
    """Parse the kept answers of a pull again, a part at a time.

    Args:
        platform: The platform they came from.
        store: Settings of the store: records carry its marketplace where answers name none.
        bodies: Where answers are kept.
        pull: The pull.
        keep_personal: Keep personal data in payloads.

    Raises:
        DecodeError: an answer lacks what its records are put together from.
        ConnectorError: an answer is not what it was taken for when it came.
    """
    stream = Stream(pull.stream)
    described, form = platform.records[stream], platform.streams[stream]
    window = Window(pull.window_start, pull.window_end) if pull.window_start is not None else None
    kept = KeptAnswers(bodies.answers(pull), lambda answer: bodies.content(pull, answer), described.decoders, window)
    records = distinct(described.read(store, kept))
    while part := list(islice(records, _AT_ONCE)):
        rows, rejected = raw_rows(
            platform.name, pull.store, stream, form, part, pull.observed_at, keep_personal=keep_personal
        )
        yield Parsed(rows, rejected, len(part))


def distinct(records: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Every distinct record of several readings, in the order first seen, as a reading that is whole has them."""
    seen: set[bytes] = set()
    for item in records:
        record = item if isinstance(item, dict) else {"unreadable": item}
        digest = hashlib.sha256(any_json(record).encode()).digest()
        if digest not in seen:
            seen.add(digest)
            yield record
