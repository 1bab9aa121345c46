"""What is expected of a table: plain data, and the part of it that follows from the table's schema.

Belongs here: the form of an expectation, and the structural expectations of any table.
Does not belong here: business knowledge (`business.py`), or Great Expectations itself (`validate.py`).

Every expectation judges rows, never a frame as a whole, so that one pass over many partitions tells the result of
each of them. Sums and counts are expected of a reconciliation: a frame with one row per thing that must add up.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal, Protocol

import dataframely as dy
import polars as pl

from linkstar_pipelines.schemas.catalog import Table

Severity = Literal["critical", "warning"]

ROW_WISE: Final = frozenset({
    "ExpectColumnValuesToNotBeNull", "ExpectColumnValuesToBeInSet", "ExpectColumnValuesToBeBetween",
    "ExpectColumnValuesToMatchRegex", "ExpectColumnValueLengthsToBeBetween", "ExpectColumnValuesToBeUnique",
    "ExpectCompoundColumnsToBeUnique",
})  # fmt: skip
"""Great Expectations' types that judge rows; others are refused."""

NO_DUPLICATES: Final = "no_duplicates"
"""The check of every table that nothing is in it twice."""

_BOUNDS: Final = frozenset({"min", "max", "min_exclusive", "max_exclusive", "nan", "inf"})


class Reader(Protocol):
    """The part of the lake that a reconciliation needs."""

    def read(
        self,
        schema: type[dy.Schema],
        *,
        columns: list[str] | None = None,
        days: Collection[date] | None = None,
        where: str | None = None,
    ) -> pl.DataFrame:
        """Read some columns of some partitions of a table."""
        ...


Reconciliation = Callable[[Reader, Collection[date] | None], pl.DataFrame]
"""Makes the frame to judge from the lake and the daily partitions in question (`None`: all)."""


@dataclass(frozen=True)
class Expectation:
    """One thing expected of each row.

    Attributes:
        check: Name of the check it belongs to; a check has several expectations of one severity.
        type: Class name in Great Expectations, one of `ROW_WISE`.
        kwargs: Its arguments; `mostly` is the share of rows that must keep it.
        severity: `critical` blocks what comes downstream, `warning` only shows.
        description: What is expected, in a sentence.
        rule: Where a column alone cannot tell: the expression behind the true-or-false column `kwargs["column"]`.
            Null means that the rule does not apply to the row.
        holds: The same as a rule in Polars, where `type` judges a column directly. Expectations of one check that
            all have a rule are first judged together.
        source: Where the rows come from, if not from the table itself.
        by_day: True if `source` says the same of some days, whatever days are asked for beside them.
        sampled: True if a large table may be judged by a sample, because every row was held to the same rule
            when it was published.
    """

    check: str
    type: str
    kwargs: Mapping[str, Any]
    severity: Severity
    description: str
    rule: pl.Expr | None = field(default=None, compare=False)
    holds: pl.Expr | None = field(default=None, compare=False)
    source: Reconciliation | None = None
    by_day: bool = False
    sampled: bool = False

    def __post_init__(self) -> None:
        """Refuse types that judge a frame as a whole.

        Raises:
            ValueError: the type is not row-wise.
        """
        if self.type not in ROW_WISE:
            raise ValueError(f"{self.check}: {self.type} judges no rows; use one of {', '.join(sorted(ROW_WISE))}.")

    @property
    def target(self) -> tuple[str, ...]:
        """Columns that Great Expectations looks at: of the table, or the one that `rule` makes."""
        return tuple(self.kwargs.get("column_list", ())) or (self.kwargs["column"],)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table (or reconciliation) that it takes to judge a row."""
        return self.target if self.rule is None else tuple(sorted(set(self.rule.meta.root_names())))

    @property
    def row_rule(self) -> pl.Expr | None:
        """What it expects of a row, in Polars, if that can be said; null means that it does not apply."""
        return self.rule if self.rule is not None else self.holds

    @property
    def mostly(self) -> float:
        """Share of rows that must keep it."""
        return float(self.kwargs.get("mostly", 1))

    @property
    def threshold(self) -> str:
        """What is tolerated, in words."""
        return "every row" if self.mostly == 1 else f"at least {self.mostly:.6g} of the rows"


def keeps(
    check: str,
    rule: pl.Expr,
    description: str,
    *,
    name: str | None = None,
    severity: Severity = "warning",
    mostly: float = 1,
    sampled: bool = False,
) -> Expectation:
    """Expect that a rule over the columns of a row is true; null means that it does not apply.

    Args:
        check: Name of the check.
        rule: The rule.
        description: What is expected, in a sentence.
        name: Name of the rule within the check, if the check has several.
        severity: `critical` blocks what comes downstream.
        mostly: Share of the rows it applies to that must keep it.
        sampled: See `Expectation`.
    """
    kwargs = {"column": name or check, "value_set": [True]} | ({"mostly": mostly} if mostly != 1 else {})
    return Expectation(check, "ExpectColumnValuesToBeInSet", kwargs, severity, description, rule=rule, sampled=sampled)


def structural(table: Table) -> list[Expectation]:
    """Return the expectations that follow from a table's schema, all of them critical.

    They form up to four checks: `required_values` (what must not be null), `valid_values` (forms, sets and bounds
    of single columns), `row_rules` (rules over several columns, if there are any) and `no_duplicates` (the key).
    """
    expectations = []
    for name, column in table.schema.columns().items():
        if not column.nullable:
            expectations.append(_required(name))
        expectations += _valid(name, column)
    return [*expectations, *_row_rules(table.schema), _unique_key(table.schema)]


def _required(name: str) -> Expectation:
    return Expectation(
        "required_values", "ExpectColumnValuesToNotBeNull", {"column": name}, "critical", f"{name} is given.",
        holds=pl.col(name).is_not_null(), sampled=True,
    )  # fmt: skip


def _valid(name: str, column: dy.Column) -> list[Expectation]:
    """Forms, sets and bounds of one column."""
    rules = column.validation_rules(pl.col(name))

    def expect(kind: str, description: str, *holds: pl.Expr, **kwargs: object) -> Expectation:
        return Expectation(
            "valid_values", kind, {"column": name, **kwargs}, "critical", description,
            holds=pl.all_horizontal(*holds), sampled=True,
        )  # fmt: skip

    found = []
    match column:
        case dy.Enum():
            words = list(column.categories)
            known = pl.col(name).cast(pl.String).is_in(words)
            found.append(expect("ExpectColumnValuesToBeInSet", f"{name} is a known word.", known, value_set=words))
        case dy.String():
            if column.regex is not None:
                description = f"{name} has the form {column.regex}."
                found.append(expect("ExpectColumnValuesToMatchRegex", description, rules["regex"], regex=column.regex))
            if column.min_length is not None or column.max_length is not None:
                lengths = {"min_value": column.min_length, "max_value": column.max_length}
                holds = [rules[kind] for kind in ("min_length", "max_length") if kind in rules]
                found.append(
                    expect("ExpectColumnValueLengthsToBeBetween", f"{name} has a fitting length.", *holds, **lengths)
                )
        case dy.Decimal() | dy.Date() | dy.Datetime() | dy.Float64() | dy.Int64():
            found += _bounds(name, column)
    return found


def _bounds(name: str, column: dy.Decimal | dy.Date | dy.Datetime | dy.Float64 | dy.Int64) -> list[Expectation]:
    """Bounds of one column. Those of integers go to Great Expectations as they are, the others as a rule.

    On decimals and dates it compares Python objects one by one (4 s per million rows), and pandas takes a float
    that is not a number for a missing one.
    """
    bounds = {kind: rule for kind, rule in column.validation_rules(pl.col(name)).items() if kind in _BOUNDS}
    if not bounds:
        return []
    description = f"{name} is within its bounds."
    rule = pl.all_horizontal(*bounds.values())
    if not isinstance(column, dy.Int64):
        rule_name = f"{name}_within_bounds"
        return [keeps("valid_values", rule, description, name=rule_name, severity="critical", sampled=True)]
    kwargs: dict[str, Any] = {"column": name}
    for kind, value in (("min", column.min), ("max", column.max)):
        exclusive = getattr(column, f"{kind}_exclusive")
        if exclusive is not None:
            kwargs |= {f"{kind}_value": exclusive, f"strict_{kind}": True}
        elif value is not None:
            kwargs[f"{kind}_value"] = value
    return [
        Expectation(
            "valid_values", "ExpectColumnValuesToBeBetween", kwargs, "critical", description, holds=rule, sampled=True
        )
    ]


def _row_rules(schema: type[dy.Schema]) -> list[Expectation]:
    # dataframely has no public list of a schema's own rules; a test pins this one.
    rules = schema._schema_validation_rules()  # noqa: SLF001
    return [
        keeps(
            "row_rules", rule.expr, f"It is so that {name.replace('_', ' ')}.", name=name, severity="critical",
            sampled=True,
        )
        for name, rule in rules.items()
    ]  # fmt: skip


def _unique_key(schema: type[dy.Schema]) -> Expectation:
    keys = schema.primary_key()
    description = f"No two rows have the same {', '.join(keys)}."
    if len(keys) == 1:
        return Expectation(NO_DUPLICATES, "ExpectColumnValuesToBeUnique", {"column": keys[0]}, "critical", description)
    kwargs = {"column_list": keys}
    return Expectation(NO_DUPLICATES, "ExpectCompoundColumnsToBeUnique", kwargs, "critical", description)
