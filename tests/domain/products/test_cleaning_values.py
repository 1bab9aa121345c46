"""Single values: GTINs, tariff codes, measures, numbers, countries and currencies are read exactly or refused."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import ean

from linkstar_pipelines.domain.products.countries import amounts, countries, currencies
from linkstar_pipelines.domain.products.gtins import check_digit, gtins
from linkstar_pipelines.domain.products.hs_codes import hs_codes
from linkstar_pipelines.domain.products.numbers import DecimalSigns, decimal_signs, numbers
from linkstar_pipelines.domain.products.units import LENGTHS, WEIGHTS, measures
from linkstar_pipelines.rules.cleaning import load_cleaning_rules
from tests.support import shared_path

TERMS = load_cleaning_rules().terms
NO_SIGN = DecimalSigns(dot=False, comma=False)


def text(*values: str | None) -> pl.Series:
    return pl.Series("text", values, dtype=pl.String)


@pytest.mark.parametrize(
    ("typed", "value", "problem"),
    [
        ("4006381333931", "04006381333931", None),
        ("036000 291452", "00036000291452", None),
        ("96385074", "00000096385074", None),
        ("4006381333931.0", "04006381333931", None),
        ("10012345000017", "10012345000017", None),
        ("4006381333932", None, "ends in 2, but its check digit should be 1"),
        ("400638133393", None, "ends in 3, but its check digit should be 0"),
        ("12345", None, "has 5 digits; a GTIN has 8, 12 (UPC), 13 (EAN) or 14"),
        ("0000000000000", None, "is a placeholder, no GTIN"),
        ("2000000000008", None, "is a number for use inside one shop (GS1 restricted circulation), no GTIN"),
        ("0212345678909", None, "is a number for use inside one shop (GS1 restricted circulation), no GTIN"),
        ("6.9E+12", None, "was shortened by a spreadsheet; format the column as text and enter it again"),
        ("40063813339x1", None, "has characters that are no digits"),
    ],
)
def test_gtins(typed: str, value: str | None, problem: str | None) -> None:
    (row,) = gtins(text(typed)).rows(named=True)
    assert (row["value"], row["problem"]) == (value, problem)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.text("0123456789", min_size=1, max_size=15) | st.from_regex(r"[0-9]{13}", fullmatch=True), max_size=20)
)
def test_gtins_agree_with_python_stdnum(typed: list[str]) -> None:
    right = pl.select(number=pl.lit(text(*(code[:13].zfill(13) + "0" for code in typed)))).select(
        pl.concat_str(pl.col("number").str.slice(0, 13), check_digit(pl.col("number")))
    ).to_series().to_list()  # fmt: skip
    for code, problem in zip(typed + right, gtins(text(*typed, *right))["problem"], strict=True):
        # A right check digit is not enough: placeholders and shops' own numbers are no GTINs.
        formal = problem is None or problem.startswith(("is a placeholder", "is a number for use"))
        assert formal == ean.is_valid(code) or set(code) in [{digit} for digit in "0123456789"]


@pytest.mark.parametrize(
    ("typed", "value", "problem"),
    [
        ("8517.13", "851713", None),
        ("8517 13 00-00", "8517130000", None),
        ("101210", None, "names subheading 101210, which does not exist"),
        ("101.21.00", None, "has 7 digits: its leading zero is lost; format the column as text and enter it again"),
        ("7701.10", None, "names chapter 77, which does not exist"),
        ("8517", None, "has 4 digits; a tariff code has 6, and up to 6 national ones"),
        ("knife", None, "has characters that are no digits"),
    ],
)
def test_tariff_codes(typed: str, value: str | None, problem: str | None) -> None:
    (row,) = hs_codes(text(typed), {"851713", "010121"}).rows(named=True)
    assert (row["value"], row["problem"]) == (value, problem)


def test_every_subheading_of_the_harmonised_system_is_accepted_in_form() -> None:
    table = pl.read_parquet(shared_path("data", "reference", "harmonized_system.parquet"))
    subheadings = table.filter(pl.col("level") == "6")["hscode"]
    refused = hs_codes(subheadings, set(subheadings)).filter(pl.col("problem").is_not_null())
    assert subheadings.len() == 5613
    assert refused["problem"].to_list() == ["names chapter 99, which does not exist"]


@pytest.mark.parametrize(
    ("typed", "unit", "grams"),
    [
        ("1 kg", None, 1000), ("0,5 公斤", None, 500), ("12", "g", 12), ("1 lb", None, 454), ("1.5 OZ", None, 43),
        ("3斤", None, 1500), ("2两", None, 100), ("1,234.5 g", None, 1235), ("12.5", "g", 13), ("0", None, None),
        ("12.350000000000001", "kg", 12350), ("500 (g)", "kg", 500),
    ],
)  # fmt: skip
def test_weights_become_whole_grams_halves_rounded_up(typed: str, unit: str | None, grams: int | None) -> None:
    (row,) = measures(text(typed), text(unit), NO_SIGN, WEIGHTS, TERMS.weight_units).rows(named=True)
    assert (row["value"], row["problem"]) == (grams, None)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("12", "has no unit; write one of mm, cm, m, in, ft behind it"),
        ("12 el", "`el` is no unit that the rules know (mm, cm, m, in, ft)"),
        ("-3 cm", "is below zero"),
        ("0.4 mm", "is less than half of the smallest unit that is kept (1 mm, 1 g)"),
        ("999999999999 m", "is too large to be true"),
        ("long", "is no number"),
        ("1e3", "was shortened by a spreadsheet; format the column as a plain number"),
    ],
)
def test_measures_that_cannot_be_read(typed: str, problem: str) -> None:
    (row,) = measures(text(typed), text(None), NO_SIGN, LENGTHS, TERMS.length_units).rows(named=True)
    assert (row["value"], row["problem"]) == (None, problem)


@settings(deadline=None, max_examples=40)
@given(st.decimals(min_value=1, max_value=99999, places=3), st.sampled_from(sorted(LENGTHS)))
def test_lengths_are_exact(number: Decimal, unit: str) -> None:
    dot = DecimalSigns(dot=True, comma=False)
    (value,) = measures(text(f"{number} {unit}"), text(None), dot, LENGTHS, TERMS.length_units)["value"]
    assert value == int(number * LENGTHS[unit] + Decimal("0.5"))


@pytest.mark.parametrize(
    ("others", "typed", "value"),
    [
        ([], "1.234", None), ([], "1,234", None), ([], "12,5", "12.5"), ([], "1.234,5", "1234.5"),
        ([], "1,234,567", "1234567"), ([], "0.125", "0.125"), ([], "1 234,5", "1234.5"), ([], "1'234", "1234"),
        (["0.5"], "1.234", "1.234"), (["0.5"], "1,234", "1234"), (["0,5"], "1.234", "1234"),
        (["0,5"], "1,234", "1.234"), (["0,5", "0.5"], "1.234", None), ([], "12 5", None), ([], ".5", "0.5"),
    ],
)  # fmt: skip
def test_a_number_that_can_mean_two_things_is_read_by_its_file_or_not_at_all(
    others: list[str], typed: str, value: str | None
) -> None:
    (row,) = numbers(text(typed), decimal_signs(text(*others, typed))).rows(named=True)
    assert row["value"] == (None if value is None else Decimal(value))
    assert (row["problem"] is None) == (value is not None)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("CN", "CN"), ("chn", "CN"), ("156", "CN"), ("中国", "CN"), ("中国大陆", "CN"),
        ("Viet Nam", "VN"), ("vietnam", "VN"),
        ("UK", "GB"), ("德国", "DE"), ("台湾", "TW"), ("United States", "US"), ("Atlantis", None),
    ],
)  # fmt: skip
def test_countries(typed: str, code: str | None) -> None:
    assert countries(text(typed), TERMS.countries)["value"].to_list() == [code]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("usd", "USD"), ("RMB", "CNY"), ("元", "CNY"), ("¥", "CNY"), ("人民币元", "CNY"), ("Euro", "EUR"), ("$", None),
        ("BTC", None),
    ],
)  # fmt: skip
def test_currencies_and_a_bare_dollar_sign_is_none(typed: str, code: str | None) -> None:
    assert currencies(text(typed), TERMS.currencies)["value"].to_list() == [code]


@pytest.mark.parametrize(
    ("typed", "given_currency", "value", "problem"),
    [
        ("¥12.50", None, "12.5", None), ("12.5 USD", None, "12.5", None), ("US$ 3", "USD", "3", None),
        ("3", "EUR", "3", None), ("0.00005", "EUR", "0.0001", None), ("3", None, None, "has no currency"),
        ("¥3", "USD", None, "is in CNY, but its column says USD"), ("-3", "USD", None, "is below zero"),
        ("$3", None, None, "`$` is no currency, or stands for several; write an ISO code such as USD"),
        ("US$3 EUR", None, None, "names two currencies"), ("99999999999999999", "USD", None, "is no number"),
    ],
)  # fmt: skip
def test_amounts(typed: str, given_currency: str | None, value: str | None, problem: str | None) -> None:
    (row,) = amounts(text(typed), text(given_currency), NO_SIGN, TERMS.currencies).rows(named=True)
    assert (row["value"], row["problem"]) == (None if value is None else Decimal(value), problem)
