"""Numbers in text, read exactly: decimal sign by sign, never by guess.

Belongs here: telling `12,5`, `1.234,56` and `1,234` apart, and refusing what can mean two numbers.
Does not belong here: units and currencies around a number (`units.py`, `countries.py`).
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from linkstar_pipelines.domain.products.readings import first_problem, reading, steps

EXACT: Final = pl.Decimal(38, 9)
"""Numbers are read to nine decimals; what a spreadsheet adds beyond them is noise."""

NUMBER: Final = r"[+-]?(?:\d[\d.,'’\x{00A0}\x{202F} ]*\d|[.,]?\d)(?:[eE][+-]?\d+)?"
"""Regular expression of what may be a number, with signs of grouping."""

_FLOAT: Final = r"(?i)^\S*\de[+-]?\d+$"
_GROUPING_SPACES: Final = r"(\d)['’\x{00A0}\x{202F} ](\d{3})"
_EITHER: Final = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"
_DOT: Final = r"^[+-]?(?:\d{0,12}|\d{1,3}(?:,\d{3}){1,3})\.\d+$|^[+-]?\d{1,3}(?:,\d{3}){2,3}$"
_COMMA: Final = r"^[+-]?(?:\d{0,12}|\d{1,3}(?:\.\d{3}){1,3}),\d+$|^[+-]?\d{1,3}(?:\.\d{3}){2,3}$"
_WHOLE: Final = r"^[+-]?\d{1,12}$"


@dataclass(frozen=True)
class DecimalSigns:
    """Which decimal signs a source uses for sure: they decide what `1.234` means there."""

    dot: bool
    comma: bool


def decimal_signs(*texts: pl.Series) -> DecimalSigns:
    """Tell which decimal signs a source uses, from the numbers that can mean only one thing (`12,5`, `1.234,56`)."""
    dot = comma = False
    for text in texts:
        number = _ungrouped(text.str.extract(f"({NUMBER})"))
        clear = number.filter(~number.str.contains(_EITHER))
        dot = dot or bool(clear.str.contains(_DOT).any())
        comma = comma or bool(clear.str.contains(_COMMA).any())
    return DecimalSigns(dot=dot, comma=comma)


def numbers(text: pl.Series, signs: DecimalSigns) -> pl.DataFrame:
    """Read numbers.

    Args:
        text: A number each, without unit.
        signs: The decimal signs of its source.

    Returns:
        A reading with values of `EXACT`; its steps are `grouping` and `decimal_comma`.
    """
    number = pl.col("number")
    frame = text.to_frame("text").with_columns(number=_ungrouped(text))
    frame = frame.with_columns(either=number.str.contains(_EITHER))
    # A lone sign before three digits is the decimal sign of the source, or else groups thousands.
    as_dot = pl.when("either").then(signs.dot and not signs.comma).otherwise(number.str.contains(_DOT))
    as_comma = pl.when("either").then(signs.comma and not signs.dot).otherwise(number.str.contains(_COMMA))
    frame = frame.with_columns(as_dot=as_dot, as_comma=as_comma, whole=number.str.contains(_WHOLE))
    exact = (
        pl.when("whole")
        .then(number)
        .when("as_dot")
        .then(number.str.replace_all(",", "", literal=True))
        .when("as_comma")
        .then(number.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True))
    )
    problem = first_problem(
        ("was shortened by a spreadsheet; format the column as a plain number", number.str.contains(_FLOAT)),
        ("can mean two numbers, its sign being for decimals or for thousands; write it without grouping",
         pl.col("either") & ~pl.col("as_dot") & ~pl.col("as_comma")),
        ("is no number", ~(pl.col("whole") | pl.col("as_dot") | pl.col("as_comma"))),
    )  # fmt: skip
    done = steps(
        ("decimal_comma", pl.col("as_comma") & number.str.contains(r",\d+$")),
        ("grouping", exact.str.len_bytes() < pl.col("text").str.len_bytes()),
    )
    return reading(frame, exact.cast(EXACT, strict=False), step=done, problem=problem)


def _ungrouped(number: pl.Series) -> pl.Series:
    return number.str.strip_chars().str.replace_all(_GROUPING_SPACES, "${1}${2}")
