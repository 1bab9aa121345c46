"""Spans of time painted over each other: what holds when, where later words cover earlier ones.

Belongs here: painting layers, for listings and kits alike. Does not belong here: what is painted.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import polars as pl

from linkstar_pipelines.schemas.columns import INSTANT

SINCE_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FOREVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
_START, _END = pl.col("valid_from"), pl.col("valid_to")


def paint(layers: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Paint layers over each other; within a key, one of a higher `layer` covers the others where it holds.

    Args:
        layers: The key, `valid_from` (null: since ever), `valid_to` (null: until further notice), `layer` (an integer,
            no two of a key alike), and whatever a layer says. Layers that end before 1970 or before they begin paint
            nothing.
        key: Columns whose values are painted apart.

    Returns:
        The same columns without `layer`: spans that do not overlap, `valid_from` never null.
    """
    bounded = layers.with_columns(
        pl.max_horizontal(_START.fill_null(SINCE_EVER), pl.lit(SINCE_EVER)).cast(INSTANT).alias("valid_from"),
        _END.fill_null(_FOREVER).cast(INSTANT).alias("valid_to"),
    ).filter(_START < _END)
    edges = pl.concat([bounded.select(*key, at=_START), bounded.select(*key, at=_END)]).unique().sort(*key, "at")
    same_key = pl.all_horizontal(pl.col(name) == pl.col(name).shift(-1) for name in key)
    segments = edges.with_columns(until=pl.when(same_key).then(pl.col("at").shift(-1))).drop_nulls("until")
    covering = segments.join(bounded, on=list(key)).filter((pl.col("at") >= _START) & (pl.col("until") <= _END))
    top = covering.sort("layer").unique([*key, "at"], keep="last")
    return _open(top.with_columns(valid_from="at", valid_to="until").select(*_but(layers.columns, "layer")))


def join_neighbors(spans: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Make one span of those that follow each other without a gap and say the same.

    Args:
        spans: The key, `valid_from`, `valid_to`, and what a span says; spans of a key do not overlap.
        key: Columns within which spans follow each other.
    """
    ordered = spans.sort(*key, "valid_from")
    said = _but(spans.columns, "valid_from", "valid_to")
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in said)
    continues = ordered.select(same & (_END.shift(1) == _START).fill_null(value=False)).to_series()
    first, last = ~continues, ~continues.shift(-1, fill_value=False)
    return ordered.filter(first).with_columns(ordered.filter(last)["valid_to"])


def _open(spans: pl.DataFrame) -> pl.DataFrame:
    return spans.with_columns(valid_to=pl.when(_END < _FOREVER).then(_END))


def _but(names: Sequence[str], *left_out: str) -> list[str]:
    return [name for name in names if name not in left_out]
