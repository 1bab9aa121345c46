"""Which runs let held orders go and make lines follow the catalogue: a pure decision.

Belongs here: which days have to be made again, and what was asked for already.
Does not belong here: which lines are out of date (`storage/mapped_lines.py`).
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

RETRY_AFTER: Final = timedelta(minutes=30)
"""Lines that a run has not mended by then are tried again with a run of its own."""
_GAP: Final = timedelta(days=14)  # few runs, and none over years for the sake of two lines at its ends
_DIGITS: Final = 16


@dataclass(frozen=True)
class Asked:
    """What was asked for a day.

    Attributes:
        lines: Digest of the lines to make again; the day is asked for anew when it differs.
        at: When.
        tries: How often for the same lines.
    """

    lines: str
    at: datetime
    tries: int


@dataclass(frozen=True)
class Release:
    """One run that makes lines again.

    Attributes:
        days: First and last day to make again.
        run_key: The same for the same lines and the same attempt, so that Dagster never starts two runs for it.
        lines: How many of their lines are out of date.
    """

    days: tuple[date, date]
    run_key: str
    lines: int


@dataclass(frozen=True)
class ReleasePlan:
    """The runs to ask for now, and what has been asked for by day."""

    releases: tuple[Release, ...]
    asked: Mapping[date, Asked]

    def dump(self) -> str:
        """What has been asked for, as text for a cursor."""
        return json.dumps({day.isoformat(): [a.lines, a.at.isoformat(), a.tries] for day, a in self.asked.items()})


def parse_asked(cursor: str | None) -> dict[date, Asked]:
    """Read what a plan dumped; an empty or foreign cursor starts anew."""
    try:
        return {
            date.fromisoformat(day): Asked(str(lines), datetime.fromisoformat(at), int(tries))
            for day, (lines, at, tries) in json.loads(cursor or "{}").items()
        }
    except (ValueError, AttributeError, TypeError):
        return {}


def plan_releases(lines: Mapping[date, Collection[str]], asked: Mapping[date, Asked], now: datetime) -> ReleasePlan:
    """Decide on the runs for lines that are out of date; days that lie close together share one.

    Args:
        lines: By day of change, keys of the lines that are out of date.
        asked: What earlier plans asked for.
        now: The scheduler's clock.
    """
    waiting: dict[date, Asked] = {}
    new: dict[date, Asked] = {}
    for day in sorted(lines):
        digest, before = _digest(lines[day]), asked.get(day)
        if before is None or before.lines != digest:
            new[day] = Asked(digest, now, 1)
        elif now - before.at >= RETRY_AFTER:
            new[day] = Asked(digest, now, before.tries + 1)
        else:
            waiting[day] = before
    releases = tuple(
        Release(
            days=(group[0], group[-1]),
            run_key=_digest(f"{day} {new[day].lines} {new[day].tries}" for day in group),
            lines=sum(len(lines[day]) for day in group),
        )
        for group in _near(list(new))
    )
    return ReleasePlan(releases, waiting | new)


def _near(days: list[date]) -> list[list[date]]:
    """Part sorted days where more than `_GAP` lies between two of them."""
    groups: list[list[date]] = []
    for day in days:
        if not groups or day - groups[-1][-1] > _GAP:
            groups.append([])
        groups[-1].append(day)
    return groups


def _digest(keys: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()[:_DIGITS]
