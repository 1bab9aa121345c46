"""Business days: the day of an instant in a store's own time zone.

Belongs here: calendar arithmetic on frames. Does not belong here: which zone a store has (settings).
"""

from collections.abc import Sequence

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
