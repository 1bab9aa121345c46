"""When a store counts as left behind, and when its quiet or a clock that stands does not make it so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from linkstar_pipelines.domain.freshness import StoreReading, staleness

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
THEN = datetime(2026, 5, 24, 6, tzinfo=UTC)  # where the platform's clock stands
HOUR = timedelta(hours=1)
FRESH = StoreReading("na", NOW - HOUR, NOW - 20 * HOUR, THEN - timedelta(minutes=3), NOW - 20 * HOUR, THEN)
BEHIND = replace(FRESH, cursor=THEN - timedelta(days=9))


def said(reading: StoreReading) -> str | None:
    return staleness(reading, NOW, read_within=2 * HOUR, proven_within=26 * HOUR)


@pytest.mark.parametrize(
    "reading",
    [
        FRESH,
        replace(FRESH, read_at=None, sealed_at=NOW - HOUR),
        replace(FRESH, landed_at=None),
        replace(FRESH, landed_at=THEN - timedelta(days=9)),
        BEHIND,
    ],
    ids=["read and proven", "a proof is a reading", "nothing ever changed", "nothing has changed for long", "a leap"],
)
def test_a_store_that_is_read_and_proven_is_fresh(reading: StoreReading) -> None:
    assert said(reading) is None


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        (StoreReading("na", None, None, THEN, None, None), "It has never been read."),
        (replace(FRESH, sealed_at=None), "It answered at 2026-11-01 11:00 UTC, but no day has ever been proven whole."),
        (replace(FRESH, read_at=NOW - 3 * HOUR), "It was last read at 2026-11-01 09:00 UTC; more than 2 hours ago."),
        (
            replace(FRESH, sealed_at=NOW - 30 * HOUR),
            "It was last proven whole at 2026-10-31 06:00 UTC; more than 26 hours ago.",
        ),
        (
            replace(BEHIND, cursor_at=NOW - 30 * HOUR),
            (
                "It is proven whole up to 2026-05-15 06:00 UTC only, and was read up to 2026-05-24 06:00 UTC: "
                "days between are open."
            ),
        ),
    ],
    ids=["never read", "never proven", "not read lately", "not proven lately", "a hole"],
)
def test_a_store_that_was_left_behind_is_named_with_since_when(reading: StoreReading, why: str) -> None:
    assert said(reading) == why
