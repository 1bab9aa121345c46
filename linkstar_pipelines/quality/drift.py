"""The check `schema_as_known`: the payloads that a run landed have the shape that is known of their stream.

Belongs here: which rows are looked at, and what a person is told.
Does not belong here: what a difference is (`domain/schema_drift.py`), or the Dagster step (`checks.py`).

Looked at are the newest versions of the records of the run's partitions, and of those the `MOST_PAYLOADS` that changed
last, the same number of each store; fields that may tell a state are read in all of them, some days at a time.
"""

import itertools
from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Any, Final

import dagster as dg
import polars as pl

from linkstar_pipelines.domain.calendar import parted
from linkstar_pipelines.domain.payload_shapes import KEY, holds_states, shape, words_at
from linkstar_pipelines.domain.schema_drift import Difference, differences, learn, worded
from linkstar_pipelines.schemas.catalog import Table
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.streams import RAW_TABLES, identity_of
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.payload_shapes import PayloadShapes

CHECK: Final = "schema_as_known"
MOST_PAYLOADS: Final = 4_000
MOST_AT_ONCE: Final = 20_000  # payloads in memory

_STREAMS: Final = {schema: stream for stream, schema in RAW_TABLES.items()}
_SHOWN: Final = 50


def stream_of(table: Table) -> tuple[str, Stream] | None:
    """Platform and stream of a raw table; None for tables that land no payloads."""
    return _STREAMS.get(table.schema)


def spec(table: Table) -> dg.AssetCheckSpec:
    """The check, for a raw stream table."""
    return dg.AssetCheckSpec(
        CHECK,
        asset=dg.AssetKey(table.asset_key),
        description="No field is new, gone, renamed or of another type, and no field with few words has a new one, "
        "against the shape that is known of the stream. A difference stays until "
        "`linkstar quality accept-drift`, or until it is gone.",
    )


def result(table: Table, lake: Lake, shapes: PayloadShapes, days: Collection[date] | None) -> dg.AssetCheckResult:
    """Learn from what has landed, and tell what differs.

    Args:
        table: A raw stream table.
        lake: The lake.
        shapes: The known shapes.
        days: The run's partitions; None for a table without.
    """
    found, baseline, looked_at = _look(table, lake, shapes, days)
    metadata: dict[str, Any] = {"payloads": looked_at, "differences": len(found)}
    if baseline:
        metadata["baseline"] = "The first landing: what it holds is what is known from now on."
    if found:
        metadata["found"] = dg.MetadataValue.table([_record(difference) for difference in found[:_SHOWN]])
        metadata["what_to_do"] = (
            f"Read what {table.full_name} makes of these fields. Where that is right, or has been made right: "
            f"linkstar quality accept-drift --platform {table.name.partition('_')[0]}"
        )
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(table.asset_key),
        check_name=CHECK,
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def _look(
    table: Table, lake: Lake, shapes: PayloadShapes, days: Collection[date] | None
) -> tuple[list[Difference], bool, int]:
    platform, stream = _STREAMS[table.schema]
    batches = [None] if days is None else list(parted(days, lake.rows_by_day(table.schema, days), MOST_AT_ONCE))[::-1]
    identity, known = identity_of(platform, stream), shapes.known(platform, stream.value)
    newest = (_newest(table, identity, lake, batch) for batch in batches)
    rows = next((rows for rows in newest if not rows.is_empty()), None)
    if rows is None:
        return differences(known), False, 0
    looked_at = rows.group_by("store", maintain_order=True).head(max(MOST_PAYLOADS // rows["store"].n_unique(), 1))
    landed = shape(looked_at, worded(known))
    rest = rows.join(looked_at, on="record_id", how="anti")
    states = set(landed.filter(pl.col("word") != "", holds_states(pl.col("path")))["path"])
    for older in itertools.chain([rest], newest) if states else ():
        if not older.is_empty():
            landed = _together(landed, words_at(older, states))
    facts = shapes.change(platform, stream.value, lambda before: learn(before, landed, datetime.now(UTC)))
    return differences(facts), known.is_empty(), looked_at.height


def _newest(table: Table, identity: str, lake: Lake, days: Collection[date] | None) -> pl.DataFrame:
    """The newest version of every record: `store`, `record_id`, `payload`, those that changed last first."""
    changed = next(name for name in ("updated_at", "posted_at", "observed_at") if name in table.schema.column_names())
    columns = dict.fromkeys(["store", identity, changed, "observed_at", "payload_hash", "payload"])
    rows = lake.read(table.schema, columns=list(columns), days=days)
    order = ["observed_at", changed, "payload_hash"]
    return (
        rows.sort(list(dict.fromkeys(order)), descending=True)
        .unique(["store", identity], keep="first", maintain_order=True)
        .sort(changed, "store", identity, descending=[True, False, False])
        .select("store", record_id=pl.concat_str("store", identity, separator="/"), payload="payload")
    )


def _together(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """One shape of two."""
    both = pl.concat([first, second])
    return both.group_by(KEY).agg(pl.col("seen", "parents").sum(), pl.col("record_id", "sample").first()).sort(KEY)


def _record(difference: Difference) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "kind": difference.kind,
            "path": difference.path,
            "known": difference.known,
            "found": difference.found,
            "record": difference.record_id,
            "since": difference.since.isoformat(timespec="seconds"),
        }
    )
