"""JSON text in columns, read with declared types and without letting one bad row spoil the others.

Belongs here: decoding payload columns and reading numbers, money and instants out of their text.
Does not belong here: what the fields of a payload mean (the modules of each stream).

Declare every leaf as `pl.String`: the decoder would otherwise cut 1.5 units to 1 without a word.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import polars as pl

from linkstar_pipelines.schemas.columns import INSTANT, MONEY

_AMOUNT: Final = r"^-?\d{1,14}(\.\d{1,4})?$"
_WHOLE: Final = r"^-?\d{1,18}$"
_CORES: Final = pl.thread_pool_size()
_WORTH_PARTING: Final = 500


def decode(payloads: pl.Series, dtype: pl.Struct) -> pl.Series:
    """Decode a column of JSON objects.

    The decoder of Polars works on one core, so the column is cut into a part for each. It refuses a whole part when one
    value has another shape than declared. A refused part is halved until the values at fault stand alone: n good and k
    bad values cost about k * log2(n) extra passes.

    Args:
        payloads: JSON text.
        dtype: The fields to read; others are skipped, absent ones are null.

    Returns:
        Structs of `dtype`; null where the text is no JSON or has another shape.
    """
    length = -(-len(payloads) // _CORES)
    if length < _WORTH_PARTING:
        return _decode(payloads, dtype)
    with ThreadPoolExecutor(_CORES) as pool:
        return pl.concat(pool.map(lambda n: _decode(payloads[n : n + length], dtype), range(0, len(payloads), length)))


def _decode(payloads: pl.Series, dtype: pl.Struct) -> pl.Series:
    try:
        return payloads.str.json_decode(dtype)
    except pl.exceptions.ComputeError:
        if len(payloads) == 1:
            return pl.Series(payloads.name, [None], dtype=dtype)
    middle = len(payloads) // 2
    return _decode(payloads[:middle], dtype).append(_decode(payloads[middle:], dtype))


def amount(text: pl.Expr) -> pl.Expr:
    """Read an amount of money exactly: plain digits, at most 4 decimals, never by way of a float; else null."""
    return pl.when(text.str.contains(_AMOUNT)).then(text).cast(MONEY)


def whole(text: pl.Expr) -> pl.Expr:
    """Read a whole number; null when the text is none (1.5 is none)."""
    return pl.when(text.str.contains(_WHOLE)).then(text).cast(pl.Int64)


def instant(text: pl.Expr) -> pl.Expr:
    """Read an ISO 8601 instant with its offset as UTC; null when the text is none."""
    return text.str.to_datetime(time_unit="us", time_zone="UTC", strict=False).cast(INSTANT)


def epoch(text: pl.Expr, *, milliseconds: bool = False) -> pl.Expr:
    """Read seconds (or milliseconds) since 1970 as UTC; null when the text is no whole number, or 0, which is unset."""
    count = whole(text) * (1_000 if milliseconds else 1_000_000)
    return pl.when(count != 0).then(count).cast(INSTANT)


def unreadable(text: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Tell whether a text is there that could not be read as a value."""
    return text.is_not_null() & value.is_null()
