"""Countries as ISO 3166 alpha-2 codes and currencies as ISO 4217 codes, from names in English and Chinese.

Belongs here: looking names and codes up, and amounts of money that name their currency in the same cell.
Does not belong here: what else people call them (`rules/cleaning.yaml`).

Codes and names are those of pycountry (ISO 3166-1, ISO 4217) and its Chinese translations (iso-codes).
"""

import gettext
from collections.abc import Mapping
from functools import cache
from typing import Final

import polars as pl
import pycountry

from linkstar_pipelines.domain.products.numbers import NUMBER, DecimalSigns, numbers
from linkstar_pipelines.domain.products.readings import first_problem, reading, steps
from linkstar_pipelines.schemas import columns as c

MISSING_CURRENCY: Final = "has no currency"
"""What is wrong with an amount whose currency neither its cell nor a column names."""

_AMOUNT: Final = rf"^([^\d.,+-]*?)\s*({NUMBER})\s*([^\d]*)$"


@cache
def country_names() -> dict[str, str]:
    """Return alpha-2 codes by everything ISO calls a country, in lower case: codes, names, Chinese names."""
    chinese = _chinese("iso3166-1")
    return {
        name.lower(): country.alpha_2
        for country in pycountry.countries
        for name in (
            country.alpha_2, country.alpha_3, country.numeric, country.name, chinese.gettext(country.name),
            getattr(country, "official_name", country.name), getattr(country, "common_name", country.name),
        )
    }  # fmt: skip


@cache
def currency_names() -> dict[str, str]:
    """Return codes of currencies by everything ISO calls them, in lower case: codes, names, Chinese names."""
    chinese = _chinese("iso4217")
    return {
        name.lower(): currency.alpha_3
        for currency in pycountry.currencies
        for name in (currency.name, chinese.gettext(currency.name), currency.alpha_3)
    }


def countries(text: pl.Series, aliases: Mapping[str, str]) -> pl.DataFrame:
    """Read countries.

    Args:
        text: Plain text.
        aliases: Codes by what else people call countries, in lower case.

    Returns:
        A reading; its step is `country`.
    """
    return _looked_up(text, {**country_names(), **aliases}, "country", "write its two-letter ISO code, such as CN")


def currencies(text: pl.Series, aliases: Mapping[str, str]) -> pl.DataFrame:
    """Read currencies.

    Args:
        text: Plain text: a code, name or symbol.
        aliases: Codes by what else people call currencies, in lower case. A bare `$` is several currencies: it is read
            only if it stands here.

    Returns:
        A reading; its step is `currency`.
    """
    return _looked_up(text, {**currency_names(), **aliases}, "currency", "write its ISO code, such as CNY or USD")


def amounts(text: pl.Series, currency: pl.Series, signs: DecimalSigns, aliases: Mapping[str, str]) -> pl.DataFrame:
    """Read amounts of money.

    Args:
        text: Plain text: a number of at least 0, with or without its currency before or behind it.
        currency: Currency of the cells without one; null where the source does not say.
        signs: The decimal signs of the source.
        aliases: As for `currencies`.

    Returns:
        A reading with values of `columns.MONEY`, and the column `currency` besides; its steps are those of numbers,
        `currency` and `round` (to four decimals, halves up).
    """
    groups = [pl.col("text").str.extract(_AMOUNT, i).str.strip_chars().replace("", None) for i in (1, 2, 3)]
    frame = pl.DataFrame({"text": text, "given": currency}).with_columns(
        before=groups[0], number=pl.coalesce(groups[1], "text"), behind=groups[2]
    )
    frame = frame.with_columns(word=pl.coalesce("before", "behind"))
    named, read = currencies(frame["word"], aliases), numbers(frame["number"], signs)
    frame = frame.with_columns(
        named["value"].alias("named"), read["value"].alias("exact"),
        read["step"].alias("reading"), read["problem"].alias("unreadable"),
    )  # fmt: skip
    rounded = pl.col("exact").round(4, mode="half_away_from_zero").cast(c.MONEY, strict=False)
    frame = frame.with_columns(rounded=rounded, currency=pl.coalesce("named", "given"))
    problem = first_problem(
        (pl.col("unreadable"), pl.col("unreadable").is_not_null()),
        (
            pl.format("`{}` is no currency, or stands for several; write an ISO code such as USD", "word"),
            pl.col("word").is_not_null() & pl.col("named").is_null(),
        ),
        ("names two currencies", pl.col("before").is_not_null() & pl.col("behind").is_not_null()),
        ("is below zero", pl.col("exact") < 0),
        ("is too large to be true", pl.col("rounded").is_null() & pl.col("exact").is_not_null()),
        (
            pl.format("is in {}, but its column says {}", "named", "given"),
            pl.col("named") != pl.col("given"),
        ),
        (MISSING_CURRENCY, pl.col("currency").is_null() & pl.col("exact").is_not_null()),
    )
    done = steps(
        *((name, pl.col("reading").str.contains(name, literal=True)) for name in ("decimal_comma", "grouping")),
        ("currency", pl.col("word").is_not_null()),
        ("round", pl.col("rounded") != pl.col("exact")),
    )
    return reading(frame, pl.col("rounded"), step=done, problem=problem).with_columns(frame["currency"])


def _looked_up(text: pl.Series, codes: Mapping[str, str], what: str, remedy: str) -> pl.DataFrame:
    value = pl.col("text").str.to_lowercase().replace_strict(dict(codes), default=None, return_dtype=pl.String)
    frame = text.to_frame("text").with_columns(found=value)
    unknown = (f"is no {what} that the rules know; {remedy}", pl.col("found").is_null() & pl.col("text").is_not_null())
    done = steps((what, pl.col("found") != pl.col("text")))
    return reading(frame, pl.col("found"), step=done, problem=first_problem(unknown))


def _chinese(domain: str) -> gettext.NullTranslations:
    return gettext.translation(domain, pycountry.LOCALES_DIR, languages=["zh_CN"])
