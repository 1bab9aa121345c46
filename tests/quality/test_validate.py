"""The bridge to Great Expectations: right results, masked samples, and errors that are errors."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from linkstar_pipelines.quality.business import expectations_of
from linkstar_pipelines.quality.expectations import Expectation, keeps
from linkstar_pipelines.quality.validate import MASK, SAMPLE_ROWS, ExpectationError, Tally, validate
from linkstar_pipelines.schemas.catalog import table_named
from tests.quality.frames import valid_frame

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 3, day) for day in (16, 17, 18))


def _in_set(column: str, *words: object, mostly: float = 1) -> Expectation:
    kwargs = {"column": column, "value_set": list(words), "mostly": mostly}
    return Expectation("words", "ExpectColumnValuesToBeInSet", kwargs, "critical", f"{column} is a known word.")


def _required(column: str) -> Expectation:
    return Expectation("given", "ExpectColumnValuesToNotBeNull", {"column": column}, "critical", f"{column} is given.")


def test_outcomes_come_in_the_order_of_the_expectations() -> None:
    frame = pl.DataFrame({"a": ["x", "y"], "b": ["x", None]})
    expectations = [_required("b"), _in_set("a", "x"), _in_set("b", "x"), _required("a"), _in_set("a", "y")]
    outcomes = validate(frame, expectations)
    assert [outcome.expectation for outcome in outcomes] == expectations
    assert [outcome.tally.unexpected for outcome in outcomes] == [1, 1, 0, 0, 1]


def test_a_sample_tells_which_rows_broke_it_and_no_more_than_a_few() -> None:
    frame = pl.DataFrame({"id": range(100), "word": ["good", "bad"] * 50})
    (outcome,) = validate(frame, [_in_set("word", "good")], keys=["id"])
    assert outcome.tally == Tally(evaluated=100, unexpected=50, passed=False)
    assert outcome.tally.percent == 50
    assert outcome.sample == tuple({"id": str(1 + 2 * n), "word": "bad"} for n in range(SAMPLE_ROWS))


def test_personal_values_are_masked_in_samples_and_missing_ones_stay_missing() -> None:
    frame = pl.DataFrame({"id": [1, 2], "name": ["Ada Lovelace", None], "ok": [False, False]})
    expectation = keeps("named", (pl.col("name").str.len_chars() > 99).fill_null(value=False), "Names are long.")
    (outcome,) = validate(frame, [expectation], keys=["id"], personal=["name"])
    assert outcome.sample == ({"id": "1", "name": MASK}, {"id": "2", "name": None})
    assert "Lovelace" not in repr(outcome)


def test_the_payload_of_an_order_never_shows() -> None:
    table = table_named("raw.amazon_orders")
    frame = valid_frame(table, 3).with_columns(payload=pl.lit('{"buyer": "Ada Lovelace"}'))
    outcomes = validate(frame, expectations_of(table), keys=table.schema.primary_key(), personal=table.personal)
    broken = [outcome for outcome in outcomes if not outcome.passed]
    assert [outcome.check for outcome in broken] == ["payload_names_its_key"]
    assert {row["payload"] for row in broken[0].sample} == {MASK}
    assert "Lovelace" not in repr(outcomes)


def test_an_expectation_that_raises_is_an_error_and_no_failed_check() -> None:
    frame = pl.DataFrame({"word": [["a", "list"]]})
    wrong = Expectation("forms", "ExpectColumnValuesToMatchRegex", {"column": "word", "regex": "("}, "critical", "-")
    with pytest.raises(ExpectationError, match=r"forms: ExpectColumnValuesToMatchRegex on word could not be evaluated"):
        validate(frame, [wrong])


def test_a_rule_that_cannot_be_evaluated_is_an_error() -> None:
    with pytest.raises(ExpectationError, match="broken_rule"):
        validate(pl.DataFrame({"word": ["a"]}), [keeps("broken_rule", pl.col("word") > 1, "-")])


def test_nothing_is_wrong_with_no_rows() -> None:
    empty = pl.DataFrame(schema={"word": pl.String, "day": pl.Date})
    (outcome,) = validate(empty, [_in_set("word", "good")], day="day")
    assert outcome.passed
    assert outcome.tally == Tally(evaluated=0, unexpected=0, passed=True)
    assert outcome.by_day == {}


def test_each_day_has_its_own_tally() -> None:
    frame = pl.DataFrame(
        {
            "day": [MONDAY, MONDAY, TUESDAY, TUESDAY, WEDNESDAY],
            "word": ["good", "bad", "good", None, "good"],
        }
    )
    share, present = validate(frame, [_in_set("word", "good", mostly=0.7), _required("word")], day="day")
    assert share.tally == Tally(evaluated=4, unexpected=1, passed=True)
    assert share.by_day == {
        MONDAY: Tally(2, 1, passed=False),
        TUESDAY: Tally(1, 0, passed=True),
        WEDNESDAY: Tally(1, 0, passed=True),
    }
    assert present.by_day[TUESDAY] == Tally(2, 1, passed=False)


def test_rows_with_the_same_key_are_found_on_both_days() -> None:
    frame = pl.DataFrame({"day": [MONDAY, TUESDAY, TUESDAY], "a": ["x", "x", "y"], "b": [1, 1, 1]})
    kwargs = {"column_list": ["a", "b"]}
    unique = Expectation("unique_key", "ExpectCompoundColumnsToBeUnique", kwargs, "critical", "-")
    (outcome,) = validate(frame, [unique], day="day")
    assert {day: tally.unexpected for day, tally in outcome.by_day.items()} == {MONDAY: 1, TUESDAY: 1}


def test_big_integers_decimals_and_missing_values_go_over_unharmed() -> None:
    big = 9_007_199_254_740_993
    frame = pl.DataFrame({"n": [big, None, 5], "money": [Decimal("0.1"), None, Decimal("0.2")]})
    outcomes = validate(frame, [_in_set("n", big, 5), _in_set("money", Decimal("0.1"), Decimal("0.2"))])
    assert [outcome.tally for outcome in outcomes] == [Tally(2, 0, passed=True)] * 2


@pytest.mark.parametrize("mostly", [1, 0.9, 0.75, 0.74, 0.5])
def test_our_tally_and_the_verdict_of_great_expectations_agree(mostly: float) -> None:
    frame = pl.DataFrame({"word": ["good", "good", "good", "bad", None], "day": [MONDAY] * 5})
    (outcome,) = validate(frame, [_in_set("word", "good", mostly=mostly)], day="day")
    assert outcome.by_day[MONDAY] == outcome.tally


def test_frames_are_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fingerprint costs 20 s per million rows; the switch is a constant of the library and may move."""
    from great_expectations.execution_engine import pandas_execution_engine

    def hashed(frame: object) -> str:
        raise AssertionError("a frame was hashed")

    monkeypatch.setattr(pandas_execution_engine, "hash_pandas_dataframe", hashed)
    (outcome,) = validate(pl.DataFrame({"word": ["good"]}), [_in_set("word", "good")])
    assert outcome.passed
