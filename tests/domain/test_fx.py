"""Currency conversion: the last rate on or before the day, exact in decimals."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from linkstar_pipelines.domain.fx import MAX_AGE_DAYS, convert
from linkstar_pipelines.schemas import columns as c

FRIDAY, SUNDAY, MONDAY = date(2026, 1, 2), date(2026, 1, 4), date(2026, 1, 5)


def rates(*rows: tuple[date, str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [(day, currency, Decimal(units), "ECB") for day, currency, units in rows],
        schema={"day": pl.Date, "currency": pl.String, "units_per_eur": c.RATE, "source": pl.String},
        orient="row",
    )


def amounts(*rows: tuple[str | None, str | None, date | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [(None if value is None else Decimal(value), currency, day) for value, currency, day in rows],
        schema={"amount": c.MONEY, "currency": pl.String, "day": pl.Date},
        orient="row",
    )


def converted(frame: pl.DataFrame, known: pl.DataFrame, base: str) -> list[tuple[object, ...]]:
    result = convert(frame, amount="amount", currency="currency", day="day", rates=known, base=base)
    assert result.columns == ["amount", "currency", "day", "fx_rate", "fx_day", "base_amount"]
    assert result.schema["fx_rate"] == c.RATE
    assert result.schema["base_amount"] == c.MONEY
    return result.select("fx_rate", "fx_day", "base_amount").rows()


TWO_DAYS = rates((FRIDAY, "USD", "1.1"), (FRIDAY, "GBP", "0.85"), (MONDAY, "USD", "1.2"), (MONDAY, "GBP", "0.9"))


def test_a_weekend_uses_the_friday_before_and_never_the_monday_after() -> None:
    assert converted(amounts(("10", "GBP", SUNDAY)), TWO_DAYS, "USD") == [
        (Decimal("1.29411765"), FRIDAY, Decimal("12.9412"))
    ]


def test_rows_keep_their_order_whatever_their_days() -> None:
    frame = amounts(("1", "EUR", MONDAY), ("2", "GBP", FRIDAY), ("3", "USD", SUNDAY))
    result = convert(frame, amount="amount", currency="currency", day="day", rates=TWO_DAYS, base="USD")
    assert result.select(frame.columns).equals(frame)


def test_the_euro_needs_no_published_rate_on_either_side() -> None:
    assert converted(amounts(("10", "EUR", MONDAY)), TWO_DAYS, "USD")[0][2] == Decimal("12.0000")
    assert converted(amounts(("12", "USD", MONDAY)), TWO_DAYS, "EUR")[0][2] == Decimal("10.0000")


def test_the_base_currency_itself_has_rate_one_on_its_own_day_even_without_rates() -> None:
    assert converted(amounts(("7.25", "USD", SUNDAY)), rates(), "USD") == [
        (Decimal("1.00000000"), SUNDAY, Decimal("7.2500"))
    ]


def test_a_rate_is_used_up_to_its_age_limit_and_not_beyond() -> None:
    last_day, day_after = date(2026, 1, 5 + MAX_AGE_DAYS), date(2026, 1, 6 + MAX_AGE_DAYS)
    found = converted(amounts(("1", "GBP", last_day), ("1", "GBP", day_after)), TWO_DAYS, "USD")
    assert found[0][1] == MONDAY
    assert found[1] == (None, None, None)


@pytest.mark.parametrize(
    "row", [("1", "XXX", MONDAY), ("1", "GBP", date(2026, 1, 1)), ("1", "GBP", None), ("1", None, MONDAY)]
)
def test_without_a_known_rate_nothing_is_converted(row: tuple[str, str | None, date | None]) -> None:
    assert converted(amounts(row), TWO_DAYS, "USD") == [(None, None, None)]


def test_both_currencies_are_taken_from_the_same_day() -> None:
    gap = rates((FRIDAY, "USD", "1.1"), (FRIDAY, "GBP", "0.85"), (MONDAY, "GBP", "0.9"))
    assert converted(amounts(("10", "GBP", MONDAY)), gap, "USD")[0][1] == FRIDAY


def test_ties_go_to_the_even_neighbor() -> None:
    half = rates((FRIDAY, "AAA", "2"))
    found = converted(amounts(("0.0001", "AAA", FRIDAY), ("0.0003", "AAA", FRIDAY)), half, "EUR")
    assert [row[2] for row in found] == [Decimal("0.0000"), Decimal("0.0002")]


money = st.decimals(-(10**9), 10**9, places=4)
rate = st.decimals("0.0001", 20000, places=8)


@settings(deadline=None)
@given(amount=money, one=rate, other=rate)
def test_the_amount_is_the_exact_cross_rate_rounded_once(amount: Decimal, one: Decimal, other: Decimal) -> None:
    known = rates((FRIDAY, "AAA", str(one)), (FRIDAY, "BBB", str(other)))
    expected = (amount * other / one).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
    assume(abs(expected) < 10**13)
    assert converted(amounts((str(amount), "AAA", FRIDAY)), known, "BBB")[0][2] == expected


@settings(deadline=None)
@given(cents=st.integers(-(10**8), 10**8), one=rate, other=rate)
def test_there_and_back_is_within_one_minor_unit(cents: int, one: Decimal, other: Decimal) -> None:
    """The way there keeps 4 places, so the way back can only be exact if the middle currency is not far coarser."""
    if not Decimal("0.01") <= other / one:
        one, other = other, one
    known = rates((FRIDAY, "AAA", str(one)), (FRIDAY, "BBB", str(other)))
    amount = Decimal(cents) / 100
    there = converted(amounts((str(amount), "AAA", FRIDAY)), known, "BBB")[0][2]
    back = converted(amounts((str(there), "BBB", FRIDAY)), known, "AAA")[0][2]
    assert isinstance(back, Decimal)
    assert abs(back - amount) <= Decimal("0.01")
