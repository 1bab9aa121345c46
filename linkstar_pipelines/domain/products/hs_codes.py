"""Tariff codes: the six digits of the Harmonised System, and the national digits behind them.

Belongs here: the form of a code, and whether its chapter and subheading exist.
Does not belong here: the table of subheadings (named in `rules/cleaning.yaml`), or duties.

Source: WCO Harmonised System: chapters 01 to 97, of which 77 is kept free; countries add up to six digits (98 and 99
are national chapters without an international meaning).
"""

from collections.abc import Collection
from typing import Final

import polars as pl

from linkstar_pipelines.domain.products.readings import first_problem, reading, steps

_LENGTHS: Final = (6, 8, 9, 10, 11, 12)
_NO_CHAPTERS: Final = ("00", "77", "98", "99")


def hs_codes(text: pl.Series, subheadings: Collection[str] | None) -> pl.DataFrame:
    """Read tariff codes.

    Args:
        text: Plain text: 6 to 12 digits, with dots, spaces or dashes between them.
        subheadings: All subheadings that exist (six digits); None judges form and chapter alone.

    Returns:
        A reading whose values are digits; its step is `separators`. The first six digits are the subheading.
    """
    typed, digits = pl.col("text"), pl.col("digits")
    frame = text.to_frame("text").with_columns(digits=typed.str.replace_all(r"[\s.\p{Pd}]", ""))
    length = digits.str.len_bytes()
    unknown = pl.lit(value=False) if subheadings is None else ~digits.str.slice(0, 6).is_in(list(subheadings))
    problem = first_problem(
        ("has characters that are no digits", ~digits.str.contains(r"^[0-9]+$")),
        ("has 7 digits: its leading zero is lost; format the column as text and enter it again", length == 7),
        (pl.format("has {} digits; a tariff code has 6, and up to 6 national ones", length), ~length.is_in(_LENGTHS)),
        (
            pl.format("names chapter {}, which does not exist", digits.str.slice(0, 2)),
            digits.str.slice(0, 2).is_in(_NO_CHAPTERS),
        ),
        (pl.format("names subheading {}, which does not exist", digits.str.slice(0, 6)), unknown),
    )
    return reading(frame, digits, step=steps(("separators", digits != typed)), problem=problem)
