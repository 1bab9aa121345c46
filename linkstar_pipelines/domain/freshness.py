"""Freshness: whether a store's stream has been read, and proven whole, lately enough.

Belongs here: the rule, over what is known of one store. Does not belong here: gathering it (`quality/freshness.py`).

Readings are judged by our clock, for it is we who read. How far a stream is proven is judged by the platform's own
clock at the last landing, so that a clock that stands (sandbox, demo) or goes wrong makes nothing look old.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class StoreReading:
    """What is known of the readings of one stream of one store.

    Attributes:
        store: The store.
        read_at: When its listing last answered, by our clock; None where it has not for long.
        sealed_at: When its newest sealed day was last proven whole, by our clock; None where no day ever was.
        cursor: Instant up to which every day of history is sealed, by the platform's clock.
        cursor_at: When the cursor's day was last sealed, by our clock; None where it never was.
        landed_at: The platform's clock at the last landing that brought something; None before the first.
    """

    store: str
    read_at: datetime | None
    sealed_at: datetime | None
    cursor: datetime
    cursor_at: datetime | None
    landed_at: datetime | None


def staleness(reading: StoreReading, now: datetime, *, read_within: timedelta, proven_within: timedelta) -> str | None:
    """Say since when a store's stream is not fresh; None where it is.

    Args:
        reading: What is known of it.
        now: Our present.
        read_within: Longest time between two readings.
        proven_within: Longest time between two proofs that it is whole, and of the proof behind the landings.
    """
    if reading.sealed_at is None and reading.read_at is None:
        return "It has never been read."
    if reading.sealed_at is None:
        return f"It answered at {_at(reading.read_at)}, but no day has ever been proven whole."
    read_at = max(reading.read_at or reading.sealed_at, reading.sealed_at)
    if now - read_at > read_within:
        return f"It was last read at {_at(read_at)}; more than {_hours(read_within)} ago."
    if now - reading.sealed_at > proven_within:
        return f"It was last proven whole at {_at(reading.sealed_at)}; more than {_hours(proven_within)} ago."
    # By both clocks: the platform's may have leapt since the last night.
    stuck = reading.cursor_at is None or now - reading.cursor_at > proven_within
    if stuck and reading.landed_at is not None and reading.landed_at - reading.cursor > proven_within:
        return (
            f"It is proven whole up to {_at(reading.cursor)} only, and was read up to {_at(reading.landed_at)}: "
            "days between are open."
        )
    return None


def _at(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC" if instant else "no time"


def _hours(span: timedelta) -> str:
    return f"{span / timedelta(hours=1):g} hours"
