"""Judging a table as it is in the lake: what to read for which expectations, and how much of it.

Belongs here: the rule of what is looked at. Does not belong here: how a frame is judged (`validate.py`), or Dagster.

All rows of the partitions in question are looked at. One exception keeps large tables cheap: what a table's schema
enforces on every row when it is published, or landing makes of every payload, is, above `MOST_ROWS` rows, looked at in
a sample by hash of the key, which is the same each time. Unique keys, business expectations and reconciliations always
see every row. Partitions are judged some days at a time, so that a backfill of years takes no more memory than one of
weeks; what must hold across partitions is a reconciliation's.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import polars as pl

from linkstar_pipelines.domain.calendar import parted
from linkstar_pipelines.quality.expectations import Expectation
from linkstar_pipelines.quality.validate import Outcome, validate
from linkstar_pipelines.schemas.catalog import Table
from linkstar_pipelines.storage.lake import Lake

MOST_ROWS: Final = 200_000
MOST_PAYLOADS: Final = 20_000
"""The same for tables of payloads, whose rows are some kilobytes long."""
DAY: Final = "changed_on"


@dataclass(frozen=True)
class Part:
    """Rows read for some of the expectations of a table.

    Attributes:
        name: The table, or the reconciliation.
        frame: The rows.
        expectations: What is judged by them.
        keys: Columns that tell which row it is.
        rows: Rows that there are; more than in `frame` if that is a sample.
        day: Column with the daily partition, if partitions were asked for and the frame has them.
    """

    name: str
    frame: pl.DataFrame
    expectations: Sequence[Expectation]
    keys: Sequence[str]
    rows: int
    day: str | None


def evaluate(
    table: Table,
    expectations: Sequence[Expectation],
    lake: Lake,
    days: Collection[date] | None = None,
    *,
    most_rows: int = MOST_ROWS,
) -> list[Outcome]:
    """Judge a table, or some of its daily partitions.

    Args:
        table: The table.
        expectations: Some or all of what is expected of it.
        lake: The lake.
        days: Daily partitions; `None`: the whole table.
        most_rows: Above this, expectations marked as `sampled` look at a sample of about this size; of partitions,
            no more rows than this are in memory at once.

    Returns:
        One outcome per expectation, grouped by what they were read from; with tallies by day where `days` are given.

    Raises:
        ExpectationError: an expectation could not be evaluated.
    """
    outcomes: dict[int, Outcome] = {}  # by expectation, which holds expressions and so has no hash
    for part in parts(table, expectations, lake, days, most_rows=most_rows):
        judged = validate(part.frame, part.expectations, keys=part.keys, personal=table.personal, day=part.day)
        for outcome in judged:
            found, before = replace(outcome, rows=part.rows), outcomes.get(id(outcome.expectation))
            outcomes[id(outcome.expectation)] = found if before is None else before.with_more(found)
    return list(outcomes.values())


def parts(
    table: Table,
    expectations: Sequence[Expectation],
    lake: Lake,
    days: Collection[date] | None = None,
    *,
    most_rows: int = MOST_ROWS,
) -> Iterator[Part]:
    """Read what it takes to judge a table, one part after the other. Arguments as for `evaluate`."""
    if "payload" in table.schema.column_names():
        most_rows = min(most_rows, MOST_PAYLOADS)
    counts = {} if days is None else lake.rows_by_day(table.schema, days)
    rows = lake.count(table.schema) if days is None else sum(counts[day] for day in set(days) & counts.keys())
    one_in = math.ceil(rows / most_rows)
    batches: list[Collection[date] | None] = [None] if days is None else [*parted(days, counts, most_rows)]
    own = [expectation for expectation in expectations if expectation.source is None]
    every_row = [expectation for expectation in own if one_in <= 1 or not expectation.sampled]
    sampled = [expectation for expectation in own if expectation not in every_row]
    key = ", ".join(f'"{name}"' for name in table.schema.primary_key())
    for batch in batches:
        held = rows if batch is None else sum(counts.get(day, 0) for day in batch)
        if every_row:
            yield _part(table.full_name, table, every_row, lake, batch, rows=held)
        if sampled:
            name = f"{table.full_name} (1 row in {one_in})"
            yield _part(name, table, sampled, lake, batch, rows=held, where=f"hash({key}) % {one_in} = 0")
    for source in dict.fromkeys(e.source for e in expectations if e.source is not None):
        judging = [expectation for expectation in expectations if expectation.source is source]
        for batch in batches if judging[0].by_day else [days]:
            frame = source(lake, batch)
            day = DAY if days is not None and DAY in frame.columns else None
            name = f"{table.full_name} {judging[0].check}"
            yield Part(name, frame, judging, frame.columns, frame.height, day)


def _part(
    name: str,
    table: Table,
    expectations: Sequence[Expectation],
    lake: Lake,
    days: Collection[date] | None,
    *,
    rows: int,
    where: str | None = None,
) -> Part:
    keys = table.schema.primary_key()
    needed = {*keys, *(name for expectation in expectations for name in expectation.columns)}
    if days is not None:
        needed.add(DAY)
    columns = [name for name in table.schema.column_names() if name in needed]
    frame = lake.read(table.schema, columns=columns, days=days, where=where)
    return Part(name, frame, expectations, keys, rows, None if days is None else DAY)
