"""Rejected rows: splitting a frame into rows that keep their schema's rules and rows that do not, with the reason.

Belongs here: the form of a rejected row, the type of its reason, and the readable wording of a broken rule.
Does not belong here: what makes a row wrong (schemas, and the domain module that reads it), or where rejected rows
are kept (the lake).

A frame of rejected rows has the columns `source_key: String` (where the row came from, such as
`amazon/na/111-222/3f2a9c01d4e5`), `reason: String` (comma-separated), `reason_type: String` (a word of `ReasonType`; it
may be left out or null, which is `schema`) and `payload: String` (the row as JSON). Rows of daily tables carry
`scope: String` too: the partition (ISO day) in which they were rejected.
"""

from typing import Final, TypeVar

import dataframely as dy
import polars as pl

from linkstar_pipelines.schemas.quality import ReasonType

S = TypeVar("S", bound=dy.Schema)

REJECTED: Final = pl.Schema(
    {"source_key": pl.String, "reason": pl.String, "reason_type": pl.String, "payload": pl.String}
)

_TYPE_OF_RULE: Final = {
    "currency|nullability": ReasonType.MISSING_CURRENCY,
    "amount_has_currency": ReasonType.MISSING_CURRENCY,
}
"""Rules of schemas whose breach has a type of its own."""

_WORDING: Final = {
    "nullability": "is missing or unreadable",
    "regex": "has the wrong form",
    "min_length": "is empty",
    "min": "is too small",
    "min_exclusive": "is too small",
    "max": "is too large",
    "max_exclusive": "is too large",
}


def no_rejects() -> pl.DataFrame:
    """Return an empty frame of rejected rows."""
    return REJECTED.to_frame()


def concat_rejects(*frames: pl.DataFrame) -> pl.DataFrame:
    """Put frames of rejected rows under each other; a column that only some have (`scope`) is null elsewhere."""
    return pl.concat([no_rejects(), *frames], how="diagonal")


def plainest_type() -> pl.Expr:
    """Return the one type of several reasons, as an aggregation: the first that is more than `schema`."""
    named = pl.col("reason_type").filter(pl.col("reason_type") != ReasonType.SCHEMA.value)
    return named.first().fill_null(ReasonType.SCHEMA.value)


def split(
    frame: pl.DataFrame, schema: type[S], source_key: pl.Expr, *, scope: pl.Expr | None = None
) -> tuple[dy.DataFrame[S], pl.DataFrame]:
    """Split a frame by the rules of its schema.

    Args:
        frame: At least the columns of the schema, in their types.
        schema: The rules. Rows that share a primary key are all rejected: none of them is known to be the right one.
        source_key: Where a row came from, as an expression over the schema's columns.
        scope: Partition of a row of a daily table, as an expression over the schema's columns.

    Returns:
        The good rows, and the others with columns `source_key`, `reason`, `reason_type`, `payload` (and `scope` if
        asked for).

    Raises:
        dataframely.exc.SchemaError: a column is absent or of another type.
    """
    good, failure = schema.filter(frame, cast=False)
    details = failure.details()
    columns = schema.column_names()
    broken = [name for name in details.columns if name not in columns]
    reasons = [pl.when(pl.col(rule) == "invalid").then(pl.lit(describe(rule))) for rule in broken]
    types = [pl.when(pl.col(r) == "invalid").then(pl.lit(_TYPE_OF_RULE[r].value)) for r in broken if r in _TYPE_OF_RULE]
    extra = {} if scope is None else {"scope": scope.cast(pl.String)}
    rejected = details.select(
        source_key=source_key,
        reason=pl.concat_list(reasons).list.drop_nulls().list.join(", ") if reasons else pl.lit(""),
        reason_type=pl.coalesce(*types, pl.lit(ReasonType.SCHEMA.value)),
        payload=pl.struct(columns).struct.json_encode(),
        **extra,
    )
    return good, rejected


def describe(rule: str) -> str:
    """Word a broken rule for the person who has to mend the row.

    Args:
        rule: Name of a dataframely rule: `<column>|<kind>` or the name of a rule of the whole row.
    """
    if rule == "primary_key":
        return "another row has the same key"
    column, bar, kind = rule.partition("|")
    if not bar:
        return f"it is not so that {rule.replace('_', ' ')}"
    return f"{column} {_WORDING.get(kind, f'breaks the rule {kind}')}"
