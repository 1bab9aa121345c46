"""Numbers and instants written in a file's own locale, read exactly.

Belongs here: reading text such as `1.234,56` or `14.03.2026 07:00:00 UTC` where the file does not name its locale.
Does not belong here: what the values mean, or dates that cannot be told apart (`03/04/2026` is not read at all).
"""

import polars as pl

from linkstar_pipelines.schemas import columns as c

_SPACES = r"[\s\x{00A0}\x{202F}'’]"
_DOT_DECIMAL = r"\.\d{1,2}$|^[+-]?0?\.\d+$|,.*\.\d+$"
_COMMA_DECIMAL = r",\d{1,2}$|^[+-]?0?,\d+$|\..*,\d+$"
_DOT_FORM = r"^([+-]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d{1,4})?)$"
_COMMA_FORM = r"^([+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)?(?:,\d{1,4})?)$"
_WHOLE_FORM = r"^([+-]?(?:\d+|\d{1,3}(?:(?:,\d{3})+|(?:\.\d{3})+)))$"


def decimal_signs(*columns: str) -> list[pl.Expr]:
    """Tell which decimal signs a file uses, from the values that leave no doubt (`12,5`, `1.234,56`, `0.125`).

    Args:
        columns: All columns of the file that hold amounts as text.

    Returns:
        Two aggregations over the rows of a file, `dot` and `comma`: true where that sign is used for sure.
    """
    return [
        pl.any_horizontal(_plain(pl.col(name)).str.contains(form).any() for name in columns).alias(sign)
        for sign, form in (("dot", _DOT_DECIMAL), ("comma", _COMMA_DECIMAL))
    ]


def amounts(text: pl.Expr, dot: pl.Expr, comma: pl.Expr) -> pl.Expr:
    """Read amounts of money in the number format of their file.

    The file's decimal sign holds for each of its values, so `1.234` is 1234 where the sign is a comma. In a file that
    shows no sign, amounts are whole; in one that shows both, a value counts only if it leaves no doubt by itself.

    Args:
        text: The values; at most 4 decimals, with or without signs of grouping.
        dot: Whether the file of the value uses the dot, see `decimal_signs`.
        comma: Whether it uses the comma.

    Returns:
        Decimal(18,4); null where the text is no number in that format, or fits more than one.
    """
    value = _plain(text)
    as_whole = value.str.extract(_WHOLE_FORM).str.replace_all(r"[.,]", "")
    as_dot = value.str.extract(_DOT_FORM).str.replace_all(",", "", literal=True)
    as_comma = value.str.extract(_COMMA_FORM).str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    clear_dot, clear_comma = value.str.contains(_DOT_DECIMAL), value.str.contains(_COMMA_DECIMAL)
    number = (
        pl.when(~dot & ~comma)
        .then(as_whole)
        .when(dot & ~comma)
        .then(as_dot)
        .when(comma & ~dot)
        .then(as_comma)
        .when(clear_dot | ~value.str.contains(r"[.,]"))
        .then(as_dot)
        .when(clear_comma)
        .then(as_comma)
    )
    return number.cast(c.MONEY, strict=False)


def instants(text: pl.Expr) -> pl.Expr:
    """Read instants: ISO 8601 or `dd.mm.yyyy`, with `UTC`, `Z` or an offset; without a zone they are UTC.

    Returns:
        `datetime[us, UTC]`; null where the text is none of these, or is not a day of the calendar.
    """
    # One chain, each step rewriting one habit to the form of the last line: eager Polars would compute a shared
    # part of several branches again for each of them.
    return (
        text.str.strip_chars()
        .str.replace(r"(?i)\s*(UTC|GMT|Z)$", "+0000")
        .str.replace(r"\s*([+-]\d{2}):?(\d{2})$", "${1}${2}")
        .str.replace(r"(?i)(\d)[T\s]+(\d)", "${1} ${2}")
        .str.replace(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})", "${3}-${2}-${1}")
        .str.replace(r"^(\d{4}-\d{1,2}-\d{1,2})$", "${1} 00:00:00+0000")
        .str.replace(r"(:\d{2}(?:\.\d+)?)$", "${1}+0000")
        .str.replace(r" (\d{1,2}:\d{2})([+-]\d{4})$", " ${1}:00${2}")
        .str.to_datetime("%Y-%m-%d %H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False)
    )


def whole_numbers(text: pl.Expr) -> pl.Expr:
    """Read counts; decimals of zero are allowed (`2.0`, `2,0`). Null where the text is no whole number."""
    return _plain(text).str.replace(r"[.,]0+$", "").cast(pl.Int64, strict=False)


def _plain(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(_SPACES, "").str.replace("−", "-", literal=True)
