"""Global Trade Item Numbers (GTIN, UPC, EAN): the form with 14 digits and a right check digit.

Belongs here: the check digit, lengths, and numbers that identify no product. Source: GS1 General Specifications.
Does not belong here: two products with one GTIN (checks of `core.skus`), or what a GTIN is matched to.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain.products.readings import first_problem, reading, steps

LENGTHS: Final = (8, 12, 13, 14)
"""Digits of GTIN-8, GTIN-12 (UPC), GTIN-13 (EAN) and GTIN-14."""

_RESTRICTED: Final = r"^\d(?:02|04|2)"
"""Restricted circulation numbers, with 14 digits: GS1 prefixes 02, 04 and 20 to 29, given by a shop for itself."""
_RESTRICTED_SHORT: Final = r"^[02]\d{7}$"
"""The same for GTIN-8."""
_ONE_DIGIT: Final = f"^(?:{'|'.join(f'{digit}+' for digit in range(10))})$"
_FLOAT: Final = r"(?i)^\d(?:[.,]\d*)?e\+?\d+$"


def gtins(text: pl.Series) -> pl.DataFrame:
    """Read GTINs.

    Args:
        text: Plain text; spaces and dashes between digits, and decimals of zero, are let go.

    Returns:
        A reading whose values have 14 digits; its steps are `separators` and `pad`.
    """
    typed = pl.col("text")
    digits, number = pl.col("digits"), pl.col("number")
    frame = text.to_frame("text").with_columns(
        digits=typed.str.replace(r"^(\d{8,14})\.0+$", "${1}").str.replace_all(r"[\s\p{Pd}]", "")
    )
    frame = frame.with_columns(number=digits.str.zfill(14))
    length = digits.str.len_bytes()
    problem = first_problem(
        ("was shortened by a spreadsheet; format the column as text and enter it again", typed.str.contains(_FLOAT)),
        ("has characters that are no digits", ~digits.str.contains(r"^[0-9]+$")),
        (
            pl.format("has {} digits; a GTIN has 8, 12 (UPC), 13 (EAN) or 14", length),
            ~length.is_in(LENGTHS),
        ),
        ("is a placeholder, no GTIN", digits.str.contains(_ONE_DIGIT)),
        (
            pl.format("ends in {}, but its check digit should be {}", number.str.slice(13, 1), check_digit(number)),
            number.str.slice(13, 1) != check_digit(number),
        ),
        (
            "is a number for use inside one shop (GS1 restricted circulation), no GTIN",
            pl.when(length == 8)
            .then(digits.str.contains(_RESTRICTED_SHORT))
            .otherwise(number.str.contains(_RESTRICTED)),
        ),
    )
    done = steps(("separators", digits != typed), ("pad", length < 14))
    return reading(frame, number, step=done, problem=problem)


def check_digit(number: pl.Expr) -> pl.Expr:
    """Return the right last digit of numbers with 14 digits, as text: weights 3, 1, 3, ... from the left."""
    weighted = [number.str.slice(i, 1).cast(pl.Int32, strict=False) * (3 if i % 2 == 0 else 1) for i in range(13)]
    return ((10 - pl.sum_horizontal(weighted) % 10) % 10).cast(pl.String)
