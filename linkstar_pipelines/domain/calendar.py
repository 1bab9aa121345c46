"""Days: that of an instant in a store's own time zone, and many of them in parts.

Belongs here: calendar arithmetic. Does not belong here: which zone a store has (settings).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

import polars as pl


def business_day(instant: pl.Expr, zone: pl.Expr | str) -> pl.Expr:
    """Return the day of an instant as the clocks of a time zone show it, daylight saving included.

    Args:
        instant: Instants, `datetime[us, UTC]`.
        zone: IANA name of the zone, or an expression that gives it row by row; null gives null.
    """
    if isinstance(zone, str):
        return instant.dt.convert_time_zone(zone).dt.date()
    return pl.map_batches([instant, zone], _days_by_zone, return_dtype=pl.Date, is_elementwise=True)


def _days_by_zone(columns: Sequence[pl.Series]) -> pl.Series:
    frame = pl.DataFrame({"instant": columns[0], "zone": columns[1]})
    # A conversion takes one zone for a whole column; there are as many passes as zones, which are few.
    days = [
        pl.when(pl.col("zone") == name).then(business_day(pl.col("instant"), name))
        for name in frame["zone"].drop_nulls().unique().sort()
    ]
    return frame.with_columns(day=pl.coalesce(days) if days else pl.lit(None, dtype=pl.Date))["day"]


def parted(days: Collection[date], rows: Mapping[date, int], most: int) -> Iterator[list[date]]:
    """Part days so that each part holds at most so many rows, or is a single day: never more than that in memory.

    Args:
        days: The days, in any order.
        rows: Rows of each day; none of a day that is not there.
        most: Most rows of a part.

    Yields:
        Days in their order, one part at least.
    """
    part: list[date] = []
    held = 0
    for day in sorted(days):
        if part and held + rows.get(day, 0) > most:
            yield part
            part, held = [], 0
        part.append(day)
        held += rows.get(day, 0)
    yield part
