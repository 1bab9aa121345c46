"""Days of a long pull, a few at a time: a backfill of years takes no more memory than one of weeks.

Belongs here: how many days come next. Does not belong here: what is done with them.
"""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Final

FIRST_DAYS: Final = 14
RECORDS: Final = 20_000
_GROWTH: Final = 4  # a quiet start must not be taken for a quiet year


class Chunks:
    """The days of a pull in order, as many at a time as bring about `RECORDS` records, at least one.

    Nobody knows beforehand how many records a day holds: the first chunk has `FIRST_DAYS` days, each later one as many
    as the one before it lets expect, and at most four times as many days.

    Args:
        days: All days of the pull; without gaps.
    """

    def __init__(self, days: Collection[date]) -> None:
        self._left = sorted(days)
        self._size = FIRST_DAYS

    def __iter__(self) -> Iterator[list[date]]:
        while self._left:
            chunk, self._left = self._left[: self._size], self._left[self._size :]
            yield chunk

    def brought(self, chunk: Collection[date], records: int) -> None:
        """Note how many records a chunk brought."""
        expected = RECORDS * len(chunk) // max(records, 1)
        self._size = max(1, min(expected, len(chunk) * _GROWTH))
