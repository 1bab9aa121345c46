"""Times on AliExpress' wire: wall clock of the US Pacific coast, without an offset, to the second.

Belongs here: windows of change times on their way out, and times on their way in.
Does not belong here: which field of a payload is which time.

The wall clock shows one hour twice each November and leaves one out each March, and nothing on the wire tells the two
apart. So two rules:

* A window's bound that falls into a doubled hour is moved outwards by one hour. Whether the platform compares texts,
  or reads a doubled time as its first or as its second occurrence, the window on the wire holds all changes of the one
  that was asked for. It may hold others besides; they are versions like any other.
* A doubled time that comes in counts as its first occurrence. So it is never later than the truth, and what is read
  next from it on leaves out nothing. Both occurrences lie in the same UTC day. Of two changes of one order within the
  two hours, the one with the later wall clock counts as the newer until the order changes again.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from linkstar_pipelines.connectors.platform import Window
from linkstar_pipelines.schemas.columns import INSTANT

ZONE: Final = ZoneInfo("America/Los_Angeles")
FORM: Final = "%Y-%m-%d %H:%M:%S"
LOAN_FORM: Final = "%m/%d/%Y %H:%M:%S"
"""Form of the bounds when releases of money are listed; other than everywhere else."""

_DOUBLED: Final = timedelta(hours=1)


def bounds(window: Window, form: str = FORM) -> tuple[str, str | None]:
    """Return a window's bounds as the wire has them, both inclusive; no end for an open window."""
    start = _moved(window.start, -_DOUBLED).strftime(form)
    if window.end is None:
        return start, None
    end = window.end.replace(microsecond=0)
    return start, _moved(end + timedelta(seconds=end < window.end), _DOUBLED).strftime(form)


def _moved(instant: datetime, by: timedelta) -> datetime:
    local = instant.astimezone(ZONE)
    return (instant + by).astimezone(ZONE) if _doubled(local) else local


def _doubled(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def parse(text: object) -> datetime | None:
    """Read a time as UTC, a doubled one as its first occurrence; None when the text is none."""
    try:
        return datetime.strptime(str(text), FORM).replace(tzinfo=ZONE).astimezone(UTC)
    except ValueError:
        return None


def may_be_within(text: object, window: Window) -> bool:
    """Tell whether a time can lie in a window, in either of its occurrences. A text that is no time can."""
    first = parse(text)
    if first is None:
        return True
    second = first.astimezone(ZONE).replace(fold=1).astimezone(UTC)
    return any(window.start <= moment and (window.end is None or moment < window.end) for moment in (first, second))


def iso(text: object) -> str | None:
    """Read a time as ISO 8601 text with offset; None when the text is none."""
    moment = parse(text)
    return moment.isoformat() if moment else None


def instant(text: pl.Expr) -> pl.Expr:
    """Read a column of times as `parse` does."""
    local = text.str.to_datetime(FORM, time_unit="us", strict=False)
    zoned = local.dt.replace_time_zone(str(ZONE), ambiguous="earliest", non_existent="null")
    return zoned.dt.convert_time_zone("UTC").cast(INSTANT)
