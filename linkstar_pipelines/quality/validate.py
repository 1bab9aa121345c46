"""The bridge to Great Expectations: expectations and a frame in, outcomes out.

Belongs here: what knows Great Expectations or pandas, imported inside the functions that use them (`docs.py`, which
writes its pages, is built on it).
Does not belong here: what is expected (`expectations.py`, `business.py`), or Dagster (`checks.py`).

What the bridge takes care of, as version 1.24 has it: frames go over as Arrow-backed pandas (plain pandas corrupts
big integers, decimals and dates); results come back in another order and are matched by `meta`; an expectation that
raised comes back as one that failed, and is made an error again; the fingerprint that it takes of each frame costs
20 s per million rows, is used for nothing, and is switched off.
"""

import os
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Final

import polars as pl

from linkstar_pipelines.quality.expectations import Expectation, Severity, keeps

MASK: Final = "***"
SAMPLE_ROWS: Final = 5
_ID: Final = "linkstar_expectation"
_RESULT_FORMAT: Final = {"result_format": "COMPLETE", "return_unexpected_index_query": False}


class ExpectationError(Exception):
    """An expectation could not be evaluated. This is a fault of ours, not of the data."""


@dataclass(frozen=True)
class Tally:
    """How one expectation went: rows judged, rows that broke it, and whether that is tolerated."""

    evaluated: int
    unexpected: int
    passed: bool

    @property
    def percent(self) -> float:
        """Share of the judged rows that broke it, in percent."""
        return 100 * self.unexpected / self.evaluated if self.evaluated else 0.0


@dataclass(frozen=True)
class Outcome:
    """What came of one expectation.

    Attributes:
        expectation: What was expected.
        tally: How it went over all rows looked at. Rows to which it does not apply (null) are not counted.
        rows: Rows that there are; more than were looked at if those are a sample.
        sample: Up to `SAMPLE_ROWS` rows that broke it: keys and the columns concerned as text, personal ones masked.
        by_day: The same tally for each daily partition in the frame, where partitions were asked for.
    """

    expectation: Expectation
    tally: Tally
    rows: int
    sample: tuple[dict[str, str | None], ...] = ()
    by_day: dict[date, Tally] = field(default_factory=dict)

    @property
    def check(self) -> str:
        """Name of the check it belongs to."""
        return self.expectation.check

    @property
    def severity(self) -> Severity:
        """`critical` or `warning`."""
        return self.expectation.severity

    @property
    def passed(self) -> bool:
        """True if it holds."""
        return self.tally.passed

    def with_more(self, other: "Outcome") -> "Outcome":
        """This outcome and that of the same expectation over other rows (of other days) as one."""
        evaluated, unexpected = (
            self.tally.evaluated + other.tally.evaluated,
            self.tally.unexpected + other.tally.unexpected,
        )
        passed = evaluated - unexpected >= self.expectation.mostly * evaluated
        return Outcome(
            self.expectation,
            Tally(evaluated, unexpected, passed),
            self.rows + other.rows,
            (self.sample + other.sample)[:SAMPLE_ROWS],
            self.by_day | other.by_day,
        )


def validate(
    frame: pl.DataFrame,
    expectations: Sequence[Expectation],
    *,
    keys: Sequence[str] = (),
    personal: Collection[str] = (),
    day: str | None = None,
) -> list[Outcome]:
    """Judge a frame.

    Args:
        frame: The rows, with the columns that the expectations and the keys name.
        expectations: What is expected; `source` is of no concern here.
        keys: Columns that tell which row it is, shown in samples.
        personal: Columns whose values are masked in samples.
        day: Column with the daily partition, to get the tally of each.

    Returns:
        One outcome per expectation, in their order. Nothing is wrong with an empty frame.

    Raises:
        ExpectationError: an expectation could not be evaluated.
    """
    prepared = prepare(frame, expectations)
    verdicts = [_Verdict()] * len(expectations) if frame.is_empty() else _judge(frame, prepared, expectations)
    outcomes = []
    for expectation, verdict in zip(expectations, verdicts, strict=True):
        applies = _applies(prepared, expectation)
        broken = pl.Series(verdict.broken_rows, dtype=pl.UInt32)
        outcomes.append(
            Outcome(
                expectation,
                Tally(int(applies.sum()), broken.len(), verdict.passed),
                frame.height,
                _sample(frame, [*dict.fromkeys((*keys, *expectation.columns))], broken, personal),
                {} if day is None else _by_day(frame[day], applies, broken, expectation.mostly),
            )
        )
    return outcomes


@dataclass(frozen=True)
class _Verdict:
    passed: bool = True
    broken_rows: Sequence[int] = ()


def prepare(frame: pl.DataFrame, expectations: Sequence[Expectation]) -> pl.DataFrame:
    """Return the columns that Great Expectations looks at: words as text, rules as true or false.

    Raises:
        ExpectationError: a rule cannot be evaluated.
    """
    plain = sorted({name for expectation in expectations if expectation.rule is None for name in expectation.target})
    rules = {e.target[0]: e.rule for e in expectations if e.rule is not None}
    try:
        return frame.select(*(_as_text(frame, name) for name in plain), **rules)
    except pl.exceptions.PolarsError as error:
        raise ExpectationError(f"The rules of {', '.join(rules)} cannot be evaluated: {error}") from error


def _as_text(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String) if isinstance(frame.schema.get(name), pl.Enum) else pl.col(name)


def _judge(frame: pl.DataFrame, prepared: pl.DataFrame, expectations: Sequence[Expectation]) -> list[_Verdict]:
    """Judge in two looks: a check's rules all at once, then one by one only where something is wrong.

    Great Expectations takes about 20 ms to plan each expectation, whatever the number of rows.
    """
    together = _together(expectations)
    singly = sorted(set(range(len(expectations))) - {place for places in together.values() for place in places})
    first = [
        *(_all_of(check, [expectations[place] for place in places]) for check, places in together.items()),
        *(expectations[place] for place in singly),
    ]
    seen = _run(prepare(frame, first), first)
    verdicts = dict(zip(singly, seen[len(together) :], strict=True))
    doubtful = [
        place
        for places, verdict in zip(together.values(), seen[: len(together)], strict=True)
        for place in places
        if not verdict.passed
    ]
    if doubtful:
        verdicts |= zip(doubtful, _run(prepared, [expectations[place] for place in doubtful]), strict=True)
    return [verdicts.get(place, _Verdict()) for place in range(len(expectations))]


def _together(expectations: Sequence[Expectation]) -> dict[str, list[int]]:
    """Places of the expectations of each check that can be judged as one: every row must keep each of them."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, expectation in enumerate(expectations):
        if expectation.row_rule is not None and expectation.mostly == 1:
            places[expectation.check].append(place)
    return {check: group for check, group in places.items() if len(group) > 1}


def _all_of(check: str, expectations: Sequence[Expectation]) -> Expectation:
    rules = [e.row_rule.fill_null(value=True) for e in expectations if e.row_rule is not None]
    description = " ".join(e.description for e in expectations)
    return keeps(check, pl.all_horizontal(*rules), description, severity=expectations[0].severity)


def _run(prepared: pl.DataFrame, expectations: Sequence[Expectation]) -> list[_Verdict]:
    """What Great Expectations says about each expectation."""
    batch = _batches().get_batch({"dataframe": prepared.to_pandas(use_pyarrow_extension_array=True)})
    report = batch.validate(new_suite("expectations", expectations), result_format=_RESULT_FORMAT)
    results = {result.expectation_config.meta[_ID]: result for result in report.results}
    verdicts = []
    for place, expectation in enumerate(expectations):
        message = _raised(results[place].exception_info)
        if message is not None:
            raise ExpectationError(
                f"{expectation.check}: {expectation.type} on {', '.join(expectation.target)} could not be evaluated: "
                f"{message}"
            )
        result = results[place]
        verdicts.append(_Verdict(bool(result.success), result.result["unexpected_index_list"]))
    return verdicts


def _raised(info: dict[str, Any]) -> str | None:
    """Message of the exception, if there was one: the record is flat, or holds one record per metric."""
    records = [info] if "raised_exception" in info else list(info.values())
    return next((str(record["exception_message"]) for record in records if record["raised_exception"]), None)


def new_context() -> Any:
    """Import Great Expectations (4 to 12 s, once per process) and return an empty context in memory."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.execution_engine import pandas_execution_engine

    # Frames below this size are hashed whole for a fingerprint that nobody reads.
    pandas_execution_engine.HASH_THRESHOLD = 0
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def new_suite(name: str, expectations: Sequence[Expectation]) -> Any:
    """Return a Great Expectations suite; each expectation's place is in its `meta`."""
    import great_expectations as gx
    from great_expectations import expectations as classes

    made = [
        getattr(classes, e.type)(**e.kwargs, severity=e.severity, description=e.description, meta={_ID: place})
        for place, e in enumerate(expectations)
    ]
    return gx.ExpectationSuite(name=name, expectations=made)


@lru_cache(maxsize=1)
def _batches() -> Any:
    """What makes a batch of a frame: one for the process."""
    asset = new_context().data_sources.add_pandas("frames").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole")


def _applies(prepared: pl.DataFrame, expectation: Expectation) -> pl.Series:
    """True where an expectation applies: where there is a value, unless it is the value that is expected."""
    if expectation.type == "ExpectColumnValuesToNotBeNull":
        return pl.repeat(value=True, n=prepared.height, eager=True)
    columns = [pl.col(name).is_not_null() for name in expectation.target]
    return prepared.select(pl.any_horizontal(*columns)).to_series()


def _by_day(days: pl.Series, applies: pl.Series, broken: pl.Series, mostly: float) -> dict[date, Tally]:
    rows = pl.DataFrame({"day": days, "applies": applies}).with_row_index("row")
    rows = rows.with_columns(broken=pl.col("row").is_in(broken.implode()))
    counts = rows.group_by("day").agg(evaluated=pl.col("applies").sum(), unexpected=pl.col("broken").sum())
    kept_enough = (pl.col("evaluated") - pl.col("unexpected").cast(pl.Int64)) >= mostly * pl.col("evaluated")
    return {
        row["day"]: Tally(row["evaluated"], row["unexpected"], row["passed"])
        for row in counts.sort("day").with_columns(passed=kept_enough).iter_rows(named=True)
    }


def _sample(
    frame: pl.DataFrame, columns: Sequence[str], broken: pl.Series, personal: Collection[str]
) -> tuple[dict[str, str | None], ...]:
    rows = frame.select(columns)[broken.head(SAMPLE_ROWS)]
    return tuple(rows.select(_shown(name, masked=name in personal) for name in columns).to_dicts())


def _shown(name: str, *, masked: bool) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    return pl.when(text.is_not_null()).then(pl.lit(MASK)).alias(name) if masked else text
