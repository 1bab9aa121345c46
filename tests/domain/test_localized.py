"""Numbers and instants in a file's own locale."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkstar_pipelines.domain.localized import amounts, decimal_signs, instants, whole_numbers


def read(*texts: str | None) -> list[Decimal | None]:
    """Read amounts that stand in one file."""
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    dot, comma = frame.select(decimal_signs("text")).row(0)
    return frame.select(amounts(pl.col("text"), pl.lit(dot), pl.lit(comma))).to_series().to_list()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.34", "12.34"), ("-12,34", "-12.34"), ("1,234.56", "1234.56"), ("1.234,56", "1234.56"),
        ("1 234,56", "1234.56"), ("1\u00a0234,5", "1234.5"), ("1\u202f234,50", "1234.5"), ("1'234.50", "1234.5"),
        ("−7.50", "-7.5"), ("+3.00", "3"), ("1200", "1200"), ("1,234,567", "1234567"), ("1.234", "1234"),
        ("0.125", "0.125"), (".50", "0.5"), ("-0,0004", "-0.0004"), ("1,234.5678", "1234.5678"),
    ],
)  # fmt: skip
def test_amounts_are_read_exactly(text: str, value: str) -> None:
    assert read(text) == [Decimal(value)]


@pytest.mark.parametrize(
    "text", ["", "-", ".", "abc", "1,2,3", "12.34.56", "1.2345,6", "12,34.5", "1.23456", "NaN", "1e5", "(12.34)", None]
)
def test_what_is_no_amount_is_not_guessed(text: str | None) -> None:
    assert read(text) == [None]


def test_the_sign_of_the_file_decides_about_its_doubtful_values() -> None:
    assert read("1.234", "5,50") == [Decimal(1234), Decimal("5.50")]
    assert read("1,234", "5.50") == [Decimal(1234), Decimal("5.50")]
    assert read("1.234", "5.50") == [Decimal("1.234"), Decimal("5.50")]


def test_a_file_that_mixes_signs_keeps_its_clear_values_and_loses_the_doubtful_ones() -> None:
    assert read("1,50", "2.50", "3", "1.234") == [Decimal("1.50"), Decimal("2.50"), Decimal(3), None]


@settings(deadline=None)
@given(cents=st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=10), comma=st.booleans())
def test_what_a_locale_writes_is_read_back(cents: list[int], comma: bool) -> None:
    values = [Decimal(number) / 100 for number in cents]
    texts = [f"{value:,.2f}" for value in values]
    if comma:
        texts = [text.translate(str.maketrans(",.", ".,")) for text in texts]
    assert read(*texts) == values


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-03-14 07:00:00 UTC", "2026-03-14T07:00:00+00:00"),
        ("14.03.2026 07:00:00 UTC", "2026-03-14T07:00:00+00:00"),
        ("2026-03-14T07:00:00+00:00", "2026-03-14T07:00:00+00:00"),
        ("2026-03-14T07:00:00Z", "2026-03-14T07:00:00+00:00"),
        ("2026-03-14T00:00:00-07:00", "2026-03-14T07:00:00+00:00"),
        ("2026-03-14 07:00:00.250 UTC", "2026-03-14T07:00:00.250000+00:00"),
        ("14.03.2026 07:00", "2026-03-14T07:00:00+00:00"),
        ("2026-03-14", "2026-03-14T00:00:00+00:00"),
        ("14.03.2026", "2026-03-14T00:00:00+00:00"),
        (" 4.3.2026 ", "2026-03-04T00:00:00+00:00"),
    ],
)
def test_instants_are_read_in_every_known_form(text: str, iso: str) -> None:
    (found,) = pl.select(instants(pl.lit(text))).to_series().to_list()
    assert found.isoformat() == iso


@pytest.mark.parametrize(
    "text", ["03/04/2026", "31.02.2026", "2026-13-01", "soon", "", "2026-03-14 07:00:00 PDT", "20260314"]
)
def test_what_is_no_clear_instant_is_not_guessed(text: str) -> None:
    assert pl.select(instants(pl.lit(text))).to_series().to_list() == [None]


def test_counts_may_have_decimals_of_zero_only() -> None:
    frame = pl.DataFrame({"text": ["3", " 2 ", "2.0", "2,00", "-1", "1.5", "x", None]})
    assert frame.select(whole_numbers(pl.col("text"))).to_series().to_list() == [3, 2, 2, 2, -1, None, None, None]
