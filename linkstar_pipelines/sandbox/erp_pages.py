"""Pages by number, as ERPs cut their lists.

Here: the cut, and the stream faults (the page before served again, a page skipped, an empty one, one out of order).
Not here: pages by token (see `paging`), what is listed.
"""

from collections.abc import Sequence
from typing import TypeVar

from linkstar_pipelines.sandbox.faults import Strike

Item = TypeVar("Item")


def page_count(items: Sequence[Item], size: int) -> int:
    """Return how many pages a list has; an empty one has none."""
    return -(-len(items) // size)


def numbered(items: Sequence[Item], number: int, size: int, strike: Strike) -> list[Item]:
    """Return the page of that number, counted from 1; empty behind the last one."""
    last = page_count(items, size)
    if strike.empty_page:
        return []
    if strike.missing_page and number < last:
        number += 1
    elif strike.duplicate_page and 1 < number <= last:
        number -= 1
    found = list(items[(number - 1) * size : number * size])
    return found[::-1] if strike.disorder else found
