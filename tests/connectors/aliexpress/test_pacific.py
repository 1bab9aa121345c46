"""Windows and times of a wall clock that shows an hour twice and leaves one out: no change is outside its window."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkstar_pipelines.connectors.aliexpress.pacific import FORM, LOAN_FORM, bounds, instant, may_be_within, parse
from linkstar_pipelines.connectors.platform import Window
from tests.connectors.support import utc

COAST = ZoneInfo("America/Los_Angeles")
CHANGES = (utc(2026, 3, 8, 10), utc(2026, 11, 1, 9))
"""When the clock jumps: forward in March, back in November."""
HOUR = timedelta(hours=1)

near = st.builds(
    lambda change, seconds: change + timedelta(seconds=seconds), st.sampled_from(CHANGES), st.integers(-10_000, 10_000)
)
anywhere = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
moments = near | anywhere


def on_the_wire(moment: datetime) -> str:
    return moment.astimezone(COAST).strftime(FORM)


def readings(text: str) -> set[datetime]:
    """The instants that a platform may take a wall clock's text for."""
    local = datetime.strptime(text, FORM)  # noqa: DTZ007
    return {local.replace(tzinfo=COAST, fold=fold).astimezone(UTC) for fold in (0, 1)}


@given(moments, st.integers(0, 20_000), st.integers(1, 20_000))
def test_whatever_the_platform_compares_a_window_holds_every_change_in_it(
    moment: datetime, before: int, after: int
) -> None:
    window = Window(moment - timedelta(seconds=before), moment + timedelta(seconds=after))
    start, end = bounds(window)
    assert end is not None
    assert start <= on_the_wire(moment) <= end
    assert max(readings(start)) <= moment <= min(readings(end))
    assert may_be_within(on_the_wire(moment), window)


@given(moments, st.integers(0, 86_400))
def test_a_window_is_widened_by_two_hours_at_most_and_only_where_the_clock_doubles(
    start: datetime, length: int
) -> None:
    window = Window(start, start + timedelta(seconds=length))
    first, last = bounds(window)
    assert last is not None
    assert start - min(readings(first)) <= 2 * HOUR
    assert max(readings(last)) - (start + timedelta(seconds=length)) <= 2 * HOUR
    if abs(start - CHANGES[1]) > timedelta(days=2) and start.month not in {10, 11}:
        assert parse(first) == start


@given(moments)
def test_a_time_comes_back_as_it_was_or_one_hour_early_in_the_same_utc_day(moment: datetime) -> None:
    read = parse(on_the_wire(moment))
    assert read is not None
    assert moment - read in {timedelta(0), HOUR}
    assert read.date() == moment.date()


def test_columns_are_read_as_single_times_are() -> None:
    texts = ["2026-11-01 01:30:00", "2026-11-01 02:00:00", "2026-07-01 12:00:00", "2026-01-01 12:00:00", "soon", None]
    column = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(instant(pl.col("text")))["text"]
    assert column.to_list() == [parse(text) for text in texts]


def test_the_doubled_hour_is_read_as_its_first_occurrence() -> None:
    assert parse("2026-11-01 01:30:00") == utc(2026, 11, 1, 8) + HOUR / 2


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (utc(2026, 7, 1), utc(2026, 7, 2), ("2026-06-30 17:00:00", "2026-07-01 17:00:00")),
        (utc(2026, 1, 1), utc(2026, 1, 2), ("2025-12-31 16:00:00", "2026-01-01 16:00:00")),
        (utc(2026, 11, 1, 8), utc(2026, 11, 1, 9), ("2026-11-01 00:00:00", "2026-11-01 02:00:00")),
        (utc(2026, 3, 8, 9), utc(2026, 3, 8, 10), ("2026-03-08 01:00:00", "2026-03-08 03:00:00")),
    ],
)
def test_bounds_are_the_coasts_wall_clock(start: datetime, end: datetime, expected: tuple[str, str]) -> None:
    assert bounds(Window(start, end)) == expected


def test_an_open_window_has_no_end_and_parts_of_a_second_are_rounded_outwards() -> None:
    start = utc(2026, 7, 1) + timedelta(milliseconds=5)
    assert bounds(Window(start)) == ("2026-06-30 17:00:00", None)
    assert bounds(Window(start, start)) == ("2026-06-30 17:00:00", "2026-06-30 17:00:01")
    assert bounds(Window(start), LOAN_FORM)[0] == "06/30/2026 17:00:00"
