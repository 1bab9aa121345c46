"""Observations: what a platform answered, turned into rows of its raw tables by the platform's stream form.

Belongs here: the one way from payloads to raw rows, for all platforms and streams.
Does not belong here: fetching, or what a payload means.

A payload that is no object, or that its form cannot place, is rejected with the reason; the others pass. An observation
is identified by its payload hash: the same payload seen twice is one row.
"""

import gc
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import polars as pl

from linkstar_pipelines.connectors.platform import StreamForm
from linkstar_pipelines.domain.observations import Seen, any_json, canonical_json, legible
from linkstar_pipelines.schemas.platforms import CHANGING, Stream
from linkstar_pipelines.schemas.quality import ReasonType
from linkstar_pipelines.schemas.streams import RAW_TABLES, identity_of

_COLLECT_AFTER: Final = 50_000  # objects made and not freed
_BROKEN_TEXT: Final = "a text in it is no UTF-8; ask the platform to mend the record"


def spare_the_collector() -> None:
    """Have this process look for cycles of objects less often: payloads are trees, which go without it.

    For processes that read many of them: the looking takes a sixth of the time.
    """
    gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])


def raw_rows(  # noqa: PLR0917  # who, what, and how it was read
    platform: str,
    store: str,
    stream: Stream,
    form: StreamForm,
    payloads: Iterable[Any],
    observed_at: datetime,
    *,
    keep_personal: bool = False,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make raw rows of payloads.

    Args:
        platform: Platform of the store.
        store: Store the records belong to.
        stream: Stream they were read from.
        form: How the platform's records become rows.
        payloads: Records as the platform gave them; the same version may occur more than once.
        observed_at: When they were read.
        keep_personal: Keep what the form's `mask` takes out.

    Returns:
        Rows of the stream's raw table (`changed_on` is the UTC day of the change), and rejected payloads (masked).
    """
    schema, identity = RAW_TABLES[platform, stream], identity_of(platform, stream)
    seen = Seen(platform, store, schema, identity)
    # One record at a time: reading, masking and hashing a payload are not set-based.
    for payload in payloads:
        if not isinstance(payload, dict):
            seen.refuse_no_object(payload)
            continue
        kept = payload if keep_personal else form.mask(payload)
        try:
            text = canonical_json(kept)
        except UnicodeEncodeError:
            seen.refuse(legible(form.identify(payload)) or None, any_json(kept), _BROKEN_TEXT, ReasonType.BROKEN_TEXT)
            continue
        rows = form.rows(payload)
        if isinstance(rows, str):
            seen.refuse(form.identify(payload) or None, text, rows)
            continue
        for row in rows:
            seen.add(text, row)
    frame = seen.frame(observed_at)
    if stream in CHANGING:
        changed = "posted_at" if stream is Stream.FINANCES else "updated_at"
        frame = frame.with_columns(changed_on=pl.col(changed).dt.date())
    return seen.split(frame)
