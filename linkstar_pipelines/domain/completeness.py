"""When repeated readings of a paged listing may be called whole.

Belongs here: the stop rule, as pure arithmetic over what the readings found.
Does not belong here: making the readings (`connectors/complete.py`).

A platform can skip a page without a word. One reading cannot know; several can, by capture and recapture: whatever
one reading found and another did not measures how often pages are skipped. Pages, not records, are lost, and all
readings meet the same platform, so there is one skip rate p, judged over all pages of all readings: s skips in n pages
leave a Beta(s + 1, n - s + 1) distribution (uniform prior). A record stays unseen when its page was skipped in every
one of K readings, so the expected number of unseen records is `records * E[p ** K]`, with E taken over that
distribution: one lucky series of readings alone does not make the platform reliable.

Where nothing at all hints at trouble (no disagreement, no fault on the wire, no skip remembered from earlier
readings), the rate is taken as 0: two equal readings end the matter.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

ACCEPTED_UNSEEN: Final = 0.01  # expected number of unseen records that counts as none
_FORGOTTEN_SKIPS: Final = 0.05  # pages: a tally that has faded to this no longer speaks against a listing
_USUAL_FAULTS: Final = 0.02  # faults a page that every platform shows on a good day


@dataclass(frozen=True)
class PageTally:
    """Pages read and pages found skipped in earlier readings of the same listing, and faults met on the wire."""

    pages: float = 0.0
    skipped: float = 0.0
    faults: float = 0.0

    @property
    def suspicious(self) -> bool:
        """Whether this history speaks against trusting a quiet reading."""
        return self.skipped > _FORGOTTEN_SKIPS or self.faults > max(_USUAL_FAULTS * self.pages, 0.5)


@dataclass(frozen=True)
class Estimate:
    """What the readings so far say.

    Attributes:
        skip_rate: estimated share of pages that a reading skips.
        unseen: expected number of records that no reading has found.
        pages: pages that the readings should have had together.
        skipped: how many of them were skipped, as far as the readings' disagreement shows.
    """

    skip_rate: float
    unseen: float
    pages: float
    skipped: float

    @property
    def whole(self) -> bool:
        """Whether the union of the readings may be called whole."""
        return self.unseen < ACCEPTED_UNSEEN


def estimate_unseen(
    found: Sequence[int], union: int, page_size: int, *, faults: int = 0, history: PageTally | None = None
) -> Estimate:
    """Estimate how many records all readings together have missed.

    Args:
        found: for each reading, how many records of the union it found (duplicates counted once).
        union: how many records all readings found together.
        page_size: records in a full page: that many can hide behind one skipped page.
        faults: transport faults met during these readings.
        history: what earlier readings of the same listing showed.

    Raises:
        ValueError: a reading found more than the union, or no reading was made.
    """
    if not found or max(found) > union or page_size < 1:
        raise ValueError("found must hold one count per reading, none above the union, and page_size is at least 1")
    history = history or PageTally()
    pages_each = max(1, math.ceil(union / page_size))
    pages = float(pages_each * len(found))
    skipped = sum(pages_each * (union - count) / union for count in found) if union else 0.0
    if skipped == 0 and faults == 0 and not history.suspicious:
        return Estimate(0.0, 0.0, pages, skipped)
    skips, trials = skipped + history.skipped + 1, pages + history.pages + 2
    always_skipped = math.prod((skips + k) / (trials + k) for k in range(len(found)))
    return Estimate(skips / trials, max(union, page_size) * always_skipped, pages, skipped)
