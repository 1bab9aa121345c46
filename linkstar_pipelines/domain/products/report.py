"""What cleaning tells: every value that it changed, and every row that it could not take.

Belongs here: the form of the report, the rejected rows, and rows of one source with the same key.
Does not belong here: how values are read (`cleaning.py` and the readers).
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from linkstar_pipelines.domain.products.countries import MISSING_CURRENCY
from linkstar_pipelines.schemas.quality import ReasonType

REPORT: Final = pl.Schema(dict.fromkeys(["source", "source_key", "column", "before", "after", "step"], pl.String))
"""One row per value that was changed. `step` names what was done, joined by `+`; `dropped: <reason>` for a wrong value
that was left out, `duplicate of <source key>` (with the key's value as `before`) for a row that says what another says.
"""

ENTRIES: Final = pl.Schema({"position": pl.get_index_type()} | dict(REPORT) | {"problem": pl.String})
"""The report in the making: `position` is the row's number in the frame of records, `problem` what is wrong."""

_NAMED: Final = 3
"""Other rows that a message names."""


def entries(origin: pl.DataFrame, before: pl.Series, column: str, reading: pl.DataFrame) -> pl.DataFrame:
    """Return one entry per value of a column that was changed or is wrong.

    Args:
        origin: Columns `position`, `source` and `source_key` of the rows.
        before: The values as the source has them.
        column: Name of the column in the records.
        reading: What came of them (`readings.py`).
    """
    told = origin.with_columns(
        before=before, after=reading["value"].cast(pl.String), step=reading["step"], problem=reading["problem"]
    ).filter(pl.col("step").is_not_null() | pl.col("problem").is_not_null())
    return told.select("position", "source", "source_key", column=pl.lit(column), before="before", after="after",
                       step="step", problem="problem")  # fmt: skip


def report(told: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the report made of entries: those of rows that were kept, and of their duplicates."""
    wrong = pl.col("problem").is_not_null()
    step = pl.when(wrong).then(pl.concat_str(pl.lit("dropped: "), "problem")).otherwise("step")
    return pl.concat([piece.select(*list(REPORT)[:-1], step=step) for piece in told])


def repeated(rows: pl.DataFrame, key: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Find rows of one source that have the same key.

    Args:
        rows: Cleaned rows with `position`, `source`, `source_key` and their columns.
        key: Columns of the key; its last one is named in the entries.

    Returns:
        Entries of rows that say what an earlier one says (step `duplicate of ...`), and entries of rows of which
        another says something else (with the problem): none of these is known to be the right one.
    """
    by, last = ["source", *key], key[-1]
    rest = [name for name in rows.columns if name not in {"position", "source_key", *by}]
    twins = rows.filter(pl.struct(by).is_duplicated()).sort("position")
    if twins.is_empty():
        return ENTRIES.to_frame(), ENTRIES.to_frame()
    differing = [pl.when(pl.col(name).n_unique() > 1).then(pl.lit(name)) for name in rest]
    groups = twins.group_by(by, maintain_order=True).agg(
        first=pl.col("source_key").first(),
        first_position=pl.col("position").first(),
        keys=pl.col("source_key").unique(maintain_order=True),
        differ=pl.concat_str(*differing, separator=", ", ignore_nulls=True) if differing else pl.lit(""),
    )
    twins = twins.join(groups, on=by, nulls_equal=True, maintain_order="left")
    said = [pl.col("position", "source", "source_key"), pl.col(last).alias("before"), pl.lit(last).alias("column")]
    nothing = pl.lit(None, pl.String)
    same = twins.filter(pl.col("differ") == "", pl.col("position") != pl.col("first_position")).select(
        *said, after=nothing, problem=nothing,
        step=pl.concat_str(pl.lit("duplicate of "), "first"),
    )  # fmt: skip
    others = pl.col("keys").list.set_difference(pl.concat_list("source_key")).list.head(_NAMED).list.join(", ")
    apart = twins.filter(pl.col("differ") != "").select(
        *said, after=nothing, step=nothing,
        problem=pl.concat_str(pl.lit("another row has it too, with another "), "differ", pl.lit(": "), others),
    )  # fmt: skip
    return same.select(list(ENTRIES)), apart.select(list(ENTRIES))


def torn_apart(rows: pl.DataFrame, whole: str, bad: pl.DataFrame) -> pl.DataFrame:
    """Return entries that reject the rows of a whole of which another row is rejected: a kit lacks no component.

    Args:
        rows: Cleaned rows with `position`, `source`, `source_key` and `whole`, the rejected ones among them.
        whole: Column that names the whole.
        bad: Column `position` of the rejected ones.
    """
    broken = rows.join(bad, on="position", how="semi").filter(pl.col(whole).is_not_null())
    wholes = broken.group_by("source", whole).agg(culprit=pl.col("source_key").first())
    rest = rows.join(bad, on="position", how="anti").join(wholes, on=["source", whole], nulls_equal=True)
    nothing = pl.lit(None, pl.String)
    return rest.select(
        "position", "source", "source_key", column=pl.lit(whole), before=pl.col(whole), after=nothing, step=nothing,
        problem=pl.concat_str(pl.lit("another row of it is wrong: "), "culprit"),
    )  # fmt: skip


def rejected(told: Sequence[pl.DataFrame], records: pl.DataFrame, bad: pl.DataFrame) -> pl.DataFrame:
    """Return the rejected rows in the form of the quarantine (`domain/quarantine.py`), in their order.

    Args:
        told: Entries of cleaning.
        records: The records with their `position`; all their columns go into the payload, and with them `problems`: a
            list of column, value and reason.
        bad: Column `position` of the rows to reject.
    """
    wrong = pl.concat([piece.filter(pl.col("problem").is_not_null()) for piece in told]).join(
        bad, on="position", how="semi"
    )
    sentence = pl.concat_str(
        "column", pl.lit(" "), pl.concat_str(pl.lit("`"), "before", pl.lit("` ")).fill_null(""), "problem"
    )
    by_row = wrong.group_by("position", maintain_order=True).agg(
        reason=sentence.str.join(", "),
        no_currency=(pl.col("problem") == MISSING_CURRENCY).any(),
        problems=pl.struct("column", value="before", reason="problem"),
    )
    kind = pl.when("no_currency").then(pl.lit(ReasonType.MISSING_CURRENCY.value))
    columns = [name for name in records.columns if name != "position"]
    return (
        records.join(by_row, on="position")
        .sort("position")
        .select(
            "source_key", "reason",
            reason_type=kind.otherwise(pl.lit(ReasonType.SCHEMA.value)),
            payload=pl.struct(*columns, "problems").struct.json_encode(),
        )
    )  # fmt: skip
