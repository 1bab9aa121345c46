"""The business day is the day on the store's own wall."""

from datetime import UTC, date, datetime

import polars as pl

from linkstar_pipelines.domain.calendar import business_day


def days(instants: list[datetime], zone: pl.Expr | str, zones: list[str | None] | None = None) -> list[date | None]:
    instant = pl.Series("instant", instants, dtype=pl.Datetime("us", "UTC"))
    frame = pl.DataFrame([instant, pl.Series("zone", zones or [None] * len(instants), dtype=pl.String)])
    return frame.select(day=business_day(pl.col("instant"), zone)).to_series().to_list()


def test_the_day_begins_at_midnight_of_the_zone_not_of_utc() -> None:
    instants = [datetime(2026, 3, 1, 7, 59, tzinfo=UTC), datetime(2026, 3, 1, 8, 0, tzinfo=UTC)]
    assert days(instants, "America/Los_Angeles") == [date(2026, 2, 28), date(2026, 3, 1)]


def test_daylight_saving_moves_midnight_by_an_hour() -> None:
    instants = [datetime(2026, 7, 1, 6, 59, tzinfo=UTC), datetime(2026, 7, 1, 7, 0, tzinfo=UTC)]
    assert days(instants, "America/Los_Angeles") == [date(2026, 6, 30), date(2026, 7, 1)]


def test_every_row_may_have_its_own_zone() -> None:
    instants = [datetime(2026, 3, 1, 23, 30, tzinfo=UTC)] * 4
    zones = ["America/New_York", "Europe/Berlin", "Asia/Tokyo", None]
    assert days(instants, pl.col("zone"), zones) == [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 2), None]


def test_an_empty_frame_or_one_without_zones_has_no_days() -> None:
    assert days([], pl.col("zone")) == []
    assert days([datetime(2026, 3, 1, tzinfo=UTC)], pl.col("zone")) == [None]
