"""JSON is read exactly, and one bad row spoils nothing."""

import json
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkstar_pipelines.domain import json_columns

SHAPE = pl.Struct({"a": pl.Struct({"b": pl.String}), "c": pl.List(pl.String)})
BAD = ("no json", '{"a":"text"}', '{"c":{"x":1}}', "[1]", '{"a":{"b":', '"text"')


def test_fields_are_read_absent_ones_are_null_and_others_are_skipped() -> None:
    decoded = json_columns.decode(pl.Series(['{"a":{"b":"x","z":1},"q":2}', "{}"]), SHAPE)
    assert decoded.to_list() == [{"a": {"b": "x"}, "c": None}, {"a": None, "c": None}]


@given(st.lists(st.one_of(st.sampled_from(BAD), st.integers(0, 9).map(lambda n: json.dumps({"a": {"b": str(n)}})))))
def test_bad_payloads_become_null_and_all_others_are_read(payloads: list[str]) -> None:
    decoded = json_columns.decode(pl.Series(payloads, dtype=pl.String), SHAPE)
    expected = [None if text in BAD else {"a": json.loads(text)["a"], "c": None} for text in payloads]
    assert decoded.to_list() == expected


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("19.99", "19.99"), ("5980", "5980"), ("-0.01", "-0.01"), ("99999999999999.9999", "99999999999999.9999"),
        ("0.00001", None), ("1e3", None), ("1,50", None), ("", None), ("NaN", None), (" 1", None), (None, None),
    ],
)  # fmt: skip
def test_amounts_are_read_exactly_or_not_at_all(text: str | None, amount: str | None) -> None:
    read = pl.DataFrame({"t": pl.Series([text], dtype=pl.String)}).select(json_columns.amount(pl.col("t"))).item()
    assert read == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("-3", -3), ("1.5", None), ("two", None), (None, None)])
def test_whole_numbers_are_never_cut_from_broken_ones(text: str | None, number: int | None) -> None:
    read = pl.DataFrame({"t": pl.Series([text], dtype=pl.String)}).select(json_columns.whole(pl.col("t"))).item()
    assert read == number


def test_instants_are_turned_to_utc_and_need_an_offset() -> None:
    texts = [
        "2026-05-01T10:00:00.250Z",
        "2026-05-01T10:00:00Z",
        "2026-05-01T10:00:00+02:00",
        "2026-05-01T10:00:00",
        "?",
    ]
    read = pl.DataFrame({"t": texts}).select(json_columns.instant(pl.col("t"))).to_series()
    assert read.dtype == pl.Datetime("us", "UTC")
    assert [None if t is None else t.isoformat() for t in read] == [
        "2026-05-01T10:00:00.250000+00:00", "2026-05-01T10:00:00+00:00", "2026-05-01T08:00:00+00:00", None, None,
    ]  # fmt: skip
