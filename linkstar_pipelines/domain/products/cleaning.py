"""Cleaning records of the catalogue: text of any source becomes rows of the house's types, with a report.

Belongs here: which reader reads which column, what rejects a row, and the order of it all.
Does not belong here: the readers (`gtins.py`, `units.py`, `countries.py`, `hs_codes.py`, `sku_codes.py`), the words
they go by (`rules/cleaning.yaml`), or what is decided from clean rows (`migration.py`).

Nothing is guessed: a value that can mean two things is a wrong value. A row is rejected for a wrong or missing required
value, for a wrong value of any column where the caller is strict, and where another row of its source has its key and
says something else. Every row is cleaned, rejected, or the exact duplicate of a cleaned one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from linkstar_pipelines.domain.products.cleaning_rules import KEYS, CleaningRules
from linkstar_pipelines.domain.products.columns import AMOUNTS, Origin, read, rows_of
from linkstar_pipelines.domain.products.numbers import DecimalSigns, decimal_signs
from linkstar_pipelines.domain.products.report import ENTRIES, entries, rejected, repeated, report, torn_apart

_SLICE: Final = 250_000
"""Rows read at once: bounds the memory of what lies between text and value."""


@dataclass(frozen=True)
class Cleaned:
    """What came of records.

    Attributes:
        rows: Clean rows in the order of the records: `source`, `source_key` and the columns of the target table that
            the kind of record tells (`rows.py`).
        report: Every value changed (`report.REPORT`).
        rejected: Rows that could not be taken, in the form of the quarantine; their payload is the record with all its
            columns (`file` and `position` too, where it has them) and `problems`: column, value and reason of each.
    """

    rows: pl.DataFrame
    report: pl.DataFrame
    rejected: pl.DataFrame


def clean(kind: str, records: pl.DataFrame, rules: CleaningRules, *, strict: bool) -> Cleaned:
    """Clean records of one kind.

    Args:
        kind: A key of `records.KINDS`.
        records: At least the columns of the kind, all text; `source` and `source_key` are never null.
        rules: How.
        strict: Whether a wrong value rejects its row even if it is not required; otherwise it is left out and the
            report says so.
    """
    numbered = records.with_row_index("position")
    empty = numbered.clear()
    pieces = [_clean_piece(kind, empty, _origin(kind, empty, rules), strict=strict)]
    one = numbered["source"].n_unique() == 1  # the most usual case needs no copy
    for part in [numbered] if one else numbered.partition_by("source", maintain_order=True):
        origin = _origin(kind, part, rules)
        pieces += [_clean_piece(kind, piece, origin, strict=strict) for piece in part.iter_slices(_SLICE)]
    rows = pl.concat([piece.rows for piece in pieces])
    told = [piece.told for piece in pieces]
    bad = pl.concat([piece.bad for piece in pieces])
    pieces.clear()

    same, apart = repeated(rows.join(bad, on="position", how="anti"), KEYS[kind])
    bad = pl.concat([bad, apart.select("position").unique()])
    told.append(apart)
    if kind == "kits":
        torn = torn_apart(rows, "kit_sku", bad)
        bad = pl.concat([bad, torn.select("position")])
        told.append(torn)
        same = same.join(bad, on="position", how="anti")
    out = pl.concat([bad, same.select("position")])
    refused = rejected(told, numbered, bad)
    # Piece by piece, each let go at once: the entries of a million rows fill a gigabyte.
    kept = [told.pop(0).join(out, on="position", how="anti") for _ in range(len(told))] if out.height else told
    return Cleaned(
        rows=rows.join(out, on="position", how="anti", maintain_order="left").drop("position"),
        report=report([*kept, same]),
        rejected=refused,
    )


@dataclass(frozen=True)
class _Piece:
    """Some records read: `rows` (bad ones too), `told` (`report.ENTRIES`), and `position` of the bad ones."""

    rows: pl.DataFrame
    told: pl.DataFrame
    bad: pl.DataFrame


def _origin(kind: str, part: pl.DataFrame, rules: CleaningRules) -> Origin:
    """Tell what holds for all records of one source."""
    name = str(part["source"].first() or "").partition("/")[0]
    sign = rules.terms.decimal_signs.get(name)
    if sign is not None:
        signs = DecimalSigns(dot=sign == ".", comma=sign == ",")
    else:
        signs = decimal_signs(*(part[column] for column in AMOUNTS[kind]))
    return Origin(name=name, signs=signs, rules=rules)


def _clean_piece(kind: str, piece: pl.DataFrame, origin: Origin, *, strict: bool) -> _Piece:
    readings = read(kind, piece, origin)
    required = origin.rules.terms.required[kind]
    missing = pl.when(pl.col("value").is_null()).then(pl.lit("is missing"))
    for column in required:
        readings[column] = readings[column].with_columns(problem=pl.coalesce("problem", missing))
    judged = list(readings) if strict else required
    numbers = piece.select("position", "source", "source_key")
    told = [entries(numbers, piece[column], column, reading) for column, reading in readings.items()]
    return _Piece(
        rows=numbers.hstack(rows_of(kind, readings, origin.rules)),
        told=pl.concat([ENTRIES.to_frame(), *told]),
        bad=numbers.select("position").filter(_any_problem(readings, judged, piece.height)),
    )


def _any_problem(readings: Mapping[str, pl.DataFrame], columns: Iterable[str], height: int) -> pl.Series:
    found = pl.Series([False], dtype=pl.Boolean).new_from_index(0, height)
    for column in columns:
        found |= readings[column]["problem"].is_not_null()
    return found
