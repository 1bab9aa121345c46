"""Lengths in millimetres and weights in grams, from whatever unit the source writes them in.

Belongs here: the units and what they come to, and cells such as `12.5 cm` or `12x8x3cm`.
Does not belong here: what people call the units (`rules/cleaning.yaml`), or whether a size is likely (`outliers.py`).

International yard and pound agreement (1959): 1 in = 25.4 mm, 1 lb = 453.59237 g. Chinese market units: 1 斤 = 500 g,
1 两 = 50 g. Results are whole millimetres and grams, halves rounded up.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final

import polars as pl

from linkstar_pipelines.domain.products.numbers import EXACT, NUMBER, DecimalSigns, numbers
from linkstar_pipelines.domain.products.readings import first_problem, reading, steps

LENGTHS: Final = {
    "mm": Decimal(1), "cm": Decimal(10), "m": Decimal(1000), "in": Decimal("25.4"), "ft": Decimal("304.8"),
}  # fmt: skip
"""Millimetres in a unit of length."""
WEIGHTS: Final = {
    "g": Decimal(1), "kg": Decimal(1000), "lb": Decimal("453.59237"), "oz": Decimal("28.349523125"),
    "jin": Decimal(500), "liang": Decimal(50),
}  # fmt: skip
"""Grams in a unit of weight."""

_SIDES: Final = rf"^({NUMBER})\s*[x×*]\s*({NUMBER})\s*[x×*]\s*({NUMBER})\s*(\D*)$"
_MEASURE: Final = rf"^({NUMBER})\s*(\D*)$"
_LARGEST: Final = Decimal(10) ** 9
"""Whole units beyond which a measure cannot be one: a thousand kilometres, a thousand tonnes."""


def words(text: pl.Series, meanings: Mapping[str, Collection[str]], what: str) -> pl.DataFrame:
    """Read words of a list: units, kinds of battery, stages of life.

    Args:
        text: Plain text; case, a closing full stop and brackets do not matter.
        meanings: What the words mean: words in lower case, by the value they stand for.
        what: What the values are, for the message: `unit of length`.

    Returns:
        A reading; its step is `word`.
    """
    lookup = {word: value for value, listed in meanings.items() for word in (value, *listed)}
    frame = text.to_frame("text").with_columns(word=pl.col("text").str.strip_chars(" .()").str.to_lowercase())
    value = pl.col("word").replace_strict(lookup, default=None, return_dtype=pl.String)
    unknown = (
        f"is no {what} that the rules know ({', '.join(meanings)})",
        value.is_null() & pl.col("text").is_not_null(),
    )
    return reading(frame, value, step=steps(("word", value != pl.col("text"))), problem=first_problem(unknown))


def sides(length: pl.Series, width: pl.Series, height: pl.Series) -> pl.DataFrame:
    """Split cells of length that hold all three sides, such as `12x8x3cm`.

    Args:
        length: Plain text.
        width: Likewise; where it or `height` says something, nothing is split.
        height: Likewise.

    Returns:
        Columns `length`, `width`, `height` (text) and `split` (whether they come of one cell).
    """
    frame = pl.DataFrame({"length": length, "width": width, "height": height})
    alone = pl.col("width").is_null() & pl.col("height").is_null()
    split = (alone & pl.col("length").str.contains(_SIDES)).fill_null(value=False)
    side = {
        name: pl.when("split").then(
            pl.concat_str(pl.col("length").str.extract(_SIDES, i), pl.lit(" "), pl.col("length").str.extract(_SIDES, 4))
        )
        for i, name in enumerate(("length", "width", "height"), start=1)
    }
    return frame.with_columns(split=split).with_columns(
        pl.coalesce(part, name).alias(name) for name, part in side.items()
    )


def measures(
    text: pl.Series,
    unit: pl.Series,
    signs: DecimalSigns,
    factors: Mapping[str, Decimal],
    names: Mapping[str, Collection[str]],
) -> pl.DataFrame:
    """Read lengths or weights.

    Args:
        text: Plain text: a number, with or without its unit. Zero says nothing: it is what systems write for "unknown".
        unit: The unit of cells without one, a key of `factors`; null where the source does not say.
        signs: The decimal signs of the source.
        factors: What a unit comes to: `LENGTHS` or `WEIGHTS`.
        names: What people call the units.

    Returns:
        A reading with values of Int64, at least 1; its steps are those of numbers, `unit`, `round` and `empty`.
    """
    frame = pl.DataFrame({"text": text, "unit": unit}).with_columns(
        number=pl.coalesce(pl.col("text").str.extract(_MEASURE, 1), "text"),
        word=pl.col("text").str.extract(_MEASURE, 2).replace("", None),
    )
    named = words(frame["word"], names, "unit")
    read = numbers(frame["number"], signs)
    frame = frame.with_columns(
        named["value"].alias("named"), read["value"].alias("amount"),
        read["step"].alias("reading"), read["problem"].alias("unreadable"),
    )  # fmt: skip
    frame = frame.with_columns(used=pl.coalesce("named", "unit"))
    factor = pl.col("used").replace_strict(dict(factors), default=None, return_dtype=EXACT)
    fits = pl.col("amount").abs() <= pl.lit(_LARGEST).cast(EXACT)
    frame = frame.with_columns(exact=pl.when(fits).then(pl.col("amount")) * factor)
    # Decimals are cut where they become whole, so half a unit more rounds halves up.
    frame = frame.with_columns(
        whole=(pl.col("exact") + pl.lit(Decimal("0.5")).cast(EXACT)).cast(pl.Int64, strict=False)
    )
    nothing = pl.col("amount") == 0
    problem = first_problem(
        (pl.col("unreadable"), pl.col("unreadable").is_not_null()),
        (
            pl.format(f"`{{}}` is no unit that the rules know ({', '.join(factors)})", "word"),
            pl.col("word").is_not_null() & pl.col("named").is_null(),
        ),
        ("is below zero", pl.col("amount") < 0),
        ("is too large to be true", ~fits),
        (f"has no unit; write one of {', '.join(factors)} behind it", pl.col("used").is_null() & ~nothing),
        ("is less than half of the smallest unit that is kept (1 mm, 1 g)", (pl.col("whole") == 0) & ~nothing),
    )
    done = steps(
        ("empty", nothing),
        *(
            (name, pl.col("reading").str.contains(name, literal=True) & ~nothing)
            for name in ("decimal_comma", "grouping")
        ),
        ("unit", pl.col("exact").is_not_null() & ((factor != 1) | pl.col("word").is_not_null())),
        ("round", pl.col("whole").cast(EXACT) != pl.col("exact")),
    )
    return reading(frame, pl.when(~nothing).then(pl.col("whole")), step=done, problem=problem)
