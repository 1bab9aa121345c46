"""Currency conversion at a stated rate and day, exact in decimals.

Belongs here: which rate applies to a day, the cross rate between two currencies, and the converted amount.
Does not belong here: fetching rates (`connectors`), or deciding which amounts are converted.
"""

from decimal import Decimal
from typing import Final

import polars as pl

from linkstar_pipelines.schemas import columns as c

MAX_AGE_DAYS: Final = 10
"""A rate older than this is no rate: longer than any run of bank holidays, shorter than a dead currency's silence."""

_RATE_UNIT: Final = 10**8


def convert(
    frame: pl.DataFrame, *, amount: str, currency: str, day: str, rates: pl.DataFrame, base: str
) -> pl.DataFrame:
    """Add the amount in the base currency, with the rate and the day of the rate used.

    Rates are units per euro, so the cross rate is `units(base) / units(currency)`, both of the same day: the last
    one on or before the row's day, never a later one, and never one older than `MAX_AGE_DAYS`. Amounts in the base
    currency itself keep rate 1 and their own day. The amount is computed from the two published rates and rounded
    once, half to even, to 4 places; `fx_rate` is the same cross rate for the reader, half to even at 8 places.

    Args:
        frame: Any frame with the three columns named below; its rows keep their order.
        amount: Column of amounts, Decimal(18,4).
        currency: Column of ISO 4217 codes.
        day: Column of days (Date) that decide the rate.
        rates: Rows of `RawFxRates`: `day`, `currency`, `units_per_eur`.
        base: ISO 4217 code of the base currency.

    Returns:
        The frame with `fx_rate` Decimal(18,8), `fx_day` Date and `base_amount` Decimal(18,4) added; all three are
        null where no rate is known.
    """
    is_base = pl.col(currency) == base
    found = (
        frame.with_row_index("_row")
        .sort(day, nulls_last=True)
        .join_asof(
            _pairs(rates, base),
            left_on=day,
            right_on="_rate_day",
            by_left=currency,
            by_right="_rate_currency",
            strategy="backward",
            tolerance=f"{MAX_AGE_DAYS}d",
            coalesce=False,
            # Both sides are sorted by day just above; Polars cannot verify that within groups.
            check_sortedness=False,
        )
        .sort("_row")
    )
    from_units, to_units = pl.col("_from_units"), pl.col("_to_units")
    exact_rate = _divide_half_even(to_units * _RATE_UNIT, from_units)
    exact_amount = _divide_half_even(pl.col(amount).to_physical().cast(pl.Int128) * to_units, from_units)
    return found.with_columns(
        fx_rate=pl.when(is_base).then(pl.lit(Decimal(1)).cast(c.RATE)).otherwise(_scaled(exact_rate, 8)),
        fx_day=pl.when(is_base).then(pl.col(day)).otherwise(pl.col("_rate_day")),
        base_amount=pl.when(is_base).then(pl.col(amount)).otherwise(_scaled(exact_amount, 4)),
    ).drop("_row", "_rate_day", "_rate_currency", "_from_units", "_to_units", strict=False)


def _pairs(rates: pl.DataFrame, base: str) -> pl.DataFrame:
    """List, per day, the published units of each currency and of the base; the euro has 1 unit on each day."""
    published = rates.select(
        _rate_day="day",
        _rate_currency="currency",
        _from_units=pl.col("units_per_eur").cast(c.RATE).to_physical().cast(pl.Int128),
    )
    euro = (
        published.select("_rate_day")
        .unique()
        .with_columns(_rate_currency=pl.lit("EUR"), _from_units=pl.lit(_RATE_UNIT, dtype=pl.Int128))
    )
    units = pl.concat([published.filter(pl.col("_rate_currency") != "EUR"), euro])
    to_base = units.filter(pl.col("_rate_currency") == base).select("_rate_day", _to_units="_from_units")
    return units.join(to_base, on="_rate_day").sort("_rate_day")


def _divide_half_even(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """Divide whole numbers, ties to the even neighbor. The denominator is positive."""
    floor = numerator // denominator
    twice_rest = (numerator - floor * denominator) * 2
    up = (twice_rest > denominator) | ((twice_rest == denominator) & (floor % 2 != 0))
    return floor + up.cast(pl.Int128)


def _scaled(whole: pl.Expr, places: int) -> pl.Expr:
    """Read a whole number as a decimal with so many places, without going through floats."""
    digits = whole.abs().cast(pl.String).str.zfill(places + 1)
    sign = pl.when(whole < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return (sign + digits.str.head(-places) + "." + digits.str.tail(places)).cast(pl.Decimal(18, places))
