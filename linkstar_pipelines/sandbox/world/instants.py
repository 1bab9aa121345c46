"""Instants of the world: whole seconds since the Unix epoch, UTC.

Here: conversions between instants, days and ISO 8601 text. Not here: which instant is now (see `sandbox.clock`).
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache

MINUTE, HOUR, DAY = 60, 3600, 86_400


def iso(instant: int) -> str:
    """Write an instant as ISO 8601 UTC text, such as `2026-05-24T00:00:00Z`."""
    day, second = divmod(instant, DAY)
    return f"{_day_text(day)}T{second // HOUR:02d}:{second % HOUR // MINUTE:02d}:{second % MINUTE:02d}Z"


@cache
def _day_text(days_since_epoch: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=days_since_epoch)).isoformat()


def parse(text: str) -> int:
    """Read ISO 8601 text (a time without an offset counts as UTC); fractions of a second are cut off.

    Raises:
        ValueError: The text is no ISO 8601 instant or date.
    """
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def start_of(day: date) -> int:
    """Return the first instant of a UTC day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def day_of(instant: int) -> date:
    """Return the UTC day of an instant."""
    return datetime.fromtimestamp(instant, UTC).date()


def days(first: date, last: date) -> list[date]:
    """List the days from `first` to `last`, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
