"""Times on the wire of Chinese ERPs: wall clock of China, without an offset, to the second.

Belongs here: times on their way out and in. Does not belong here: which field of a payload is which time.

China has been at UTC+8 all year since 1991, so every wall clock time is one instant.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

CHINA: Final = timezone(timedelta(hours=8))
FORM: Final = "%Y-%m-%d %H:%M:%S"


def wall_clock(instant: datetime) -> str:
    """Write an instant as a clock in China shows it; fractions of a second are cut off.

    Raises:
        ValueError: the instant has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone; pass UTC instants")
    return instant.astimezone(CHINA).strftime(FORM)


def instant_of(text: Any) -> datetime | None:
    """Read a wall clock time as UTC; None when the value is none (such as `0000-00-00 00:00:00`, which is never)."""
    try:
        return datetime.strptime(str(text), FORM).replace(tzinfo=CHINA).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
