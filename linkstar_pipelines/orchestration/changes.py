"""Which order changes call for a run: a pure decision.

Belongs here: comparing what a platform shows with what has landed and what is on its way.
Does not belong here: asking the platform, the lake or Dagster (`sensors.py`).
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

RETRY_AFTER: Final = timedelta(minutes=30)
"""A change whose run has not landed it by then is tried again with a run of its own."""


_PARTS: Final = ("watermarks", "pending", "resting")


@dataclass(frozen=True, order=True)
class Change:
    """One version of one order, as a platform shows it."""

    store: str
    order_id: str
    updated_at: datetime

    @property
    def key(self) -> str:
        """Identity of the change."""
        return f"{self.store}/{self.order_id}/{self.updated_at.astimezone(UTC).isoformat()}"


@dataclass(frozen=True)
class Cursor:
    """What a sensor remembers between ticks.

    Attributes:
        watermarks: How far each store was read.
        pending: Changes handed to a run, and when.
        resting: Until when a store is left alone, so that looking leaves enough of its rate budget to runs.
    """

    watermarks: Mapping[str, datetime] = field(default_factory=dict)
    pending: Mapping[str, datetime] = field(default_factory=dict)
    resting: Mapping[str, datetime] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> "Cursor":
        """Read a stored cursor; an empty or foreign one starts anew (nothing is lost: landed rows are compared)."""
        try:
            stored = json.loads(text or "{}")
            return cls(
                *(
                    {key: datetime.fromisoformat(value) for key, value in stored.get(part, {}).items()}
                    for part in _PARTS
                )
            )
        except (ValueError, AttributeError, TypeError):
            return cls()

    def dump(self) -> str:
        """The cursor as text."""
        parts = {part: getattr(self, part) for part in _PARTS}
        return json.dumps(
            {part: {key: value.isoformat() for key, value in kept.items()} for part, kept in parts.items()}
        )


@dataclass(frozen=True)
class ChangePlan:
    """The days one run must cover, or none; and what to remember.

    Attributes:
        days: First and last day of the run; None when nothing new has changed.
        stores: Stores with changes.
        run_key: The same for the same set of changes, so that Dagster never starts two runs for it.
        changes: How many versions are new.
        pending: Changes now on their way, with the instant they were handed over.
    """

    days: tuple[date, date] | None
    stores: tuple[str, ...]
    run_key: str
    changes: int
    pending: Mapping[str, datetime]


def plan_changes(
    seen: Collection[Change], landed: Collection[str], pending: Mapping[str, datetime], now: datetime
) -> ChangePlan:
    """Decide on a run for what was seen.

    Args:
        seen: Versions the platforms show.
        landed: Keys of the versions that are in the lake.
        pending: Keys of changes handed to earlier runs, and when.
        now: The scheduler's clock.
    """
    there = set(landed)
    waiting = {key: at for key, at in pending.items() if key not in there and now - at < RETRY_AFTER}
    new = sorted(change for change in set(seen) if change.key not in there and change.key not in waiting)
    if not new:
        return ChangePlan(None, (), "", 0, waiting)
    days = [change.updated_at.astimezone(UTC).date() for change in new]
    tried = sum(1 for change in new if change.key in pending)
    identity = "\n".join(change.key for change in new) + f"\nretries={tried}"
    return ChangePlan(
        days=(min(days), max(days)),
        stores=tuple(sorted({change.store for change in new})),
        run_key=hashlib.sha256(identity.encode()).hexdigest()[:24],
        changes=len(new),
        pending={**waiting, **{change.key: now for change in new}},
    )
