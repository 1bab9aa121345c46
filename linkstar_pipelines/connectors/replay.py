"""Parsing again what was kept: raw rows from raw answers, without asking any platform.

Belongs here: reading records out of kept bodies and making the rows a pull made of them.
Does not belong here: keeping bodies (`http.py`), or publishing rows.

Parsing is a pure function of the bytes and this code: the same bodies give the same rows, so a day that was parsed
wrongly is mended by mending the code and replaying.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import polars as pl

from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.platform import Platform
from linkstar_pipelines.connectors.request import DecodeError, read_json
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.answer_bodies import AnswerBody


def records_in(content: bytes, path: str) -> list[Any]:
    """Return the records of a body: the list, or the single object, at a dotted path; none where it is absent or cut.

    Args:
        content: The body as it came.
        path: Such as `payload.transactions`; empty for a body that is the list itself.
    """
    try:
        place = read_json(content)
    except DecodeError:
        return []  # a cut body was kept and refused when it came; its repetition holds the records
    for part in filter(None, path.split(".")):
        place = place.get(part) if isinstance(place, dict) else None
    if isinstance(place, list):
        return place
    return [place] if isinstance(place, dict) else []


def replay(
    platform: Platform, bodies: Iterable[AnswerBody], *, keep_personal: bool = False
) -> Iterator[tuple[Stream, pl.DataFrame, pl.DataFrame]]:
    """Make raw rows of kept bodies.

    Args:
        platform: The platform they came from.
        bodies: Kept bodies, of any of its stores and streams.
        keep_personal: Keep personal data in payloads.

    Yields:
        Stream, rows of its raw table and rejected payloads, once for each store, stream and instant of receipt.
    """
    found: defaultdict[tuple[str, Stream, datetime], list[Any]] = defaultdict(list)
    for body in bodies:
        if body.operation in platform.bodies:
            stream, path = platform.bodies[body.operation]
            found[body.store, stream, body.received_at].extend(records_in(body.content, path))
    for (store, stream, received_at), records in found.items():
        form = platform.streams[stream]
        rows, rejected = raw_rows(platform.name, store, stream, form, records, received_at, keep_personal=keep_personal)
        yield stream, rows, rejected
