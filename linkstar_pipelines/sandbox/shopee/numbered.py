"""Lists that are paged by number: returns, escrows, the wallet.

Here: the cut, and the two stream faults (the page before served again, a page skipped).
Not here: what is listed, and whether the first page is 0 or 1 (the operation says).
"""

from collections.abc import Sequence
from typing import TypeVar

from linkstar_pipelines.sandbox.faults import Strike

Item = TypeVar("Item")


def numbered_page(items: Sequence[Item], page: int, size: int, strike: Strike) -> tuple[Sequence[Item], bool]:
    """Return the page of that number, counted from 0, and whether more pages follow."""
    last = max(0, (len(items) - 1) // size)
    shown = page
    if strike.missing_page and page < last:
        shown = page + 1
    elif strike.duplicate_page and 0 < page <= last:
        shown = page - 1
    return items[shown * size : (shown + 1) * size], page < last
