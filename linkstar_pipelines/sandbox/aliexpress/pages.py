"""Pages by number: cutting page n out of a whole result.

Here: page numbers on top of `sandbox.paging`. A page that is served twice pushes the ones after it back by one number,
until the first page is asked for again; a page that is skipped is lost to that walk. Totals are the caller's: they are
those of the whole result.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from linkstar_pipelines.sandbox.aliexpress.wire import Call
from linkstar_pipelines.sandbox.paging import Key, cut
from linkstar_pipelines.sandbox.wire import Json

Item = TypeVar("Item")
Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page is asked for: number from 1, and size."""

    number: int
    size: int

    def pages(self, total: int) -> int:
        """Return how many pages a result of `total` entries has."""
        return -(-total // self.size)


@dataclass(slots=True)
class Pager:
    """Cuts pages, and remembers by how many numbers each walk through a result was pushed back."""

    _pushed: dict[tuple[str, ...], int] = field(default_factory=dict)

    def page(
        self,
        call: Call,
        query: Json,
        found: Sequence[tuple[Key, Item]],
        render: Callable[[Item], Shown],
        wanted: Wanted,
    ) -> list[Shown]:
        """Cut one page out of a result that is sorted by its keys; empty behind the last page."""
        parts = (f"{name}={value}" for name, value in sorted(query.items()) if name not in {"current_page", "page"})
        walk = (call.account.code, call.parameters["method"], *parts)
        if wanted.number == 1:
            self._pushed[walk] = 0
        elif call.strike.duplicate_page:
            self._pushed[walk] = self._pushed.get(walk, 0) + 1
        start = (max(wanted.number - self._pushed.get(walk, 0), 1) - 1) * wanted.size
        if start >= len(found):
            return []

        def stream(after: Key | None) -> Sequence[tuple[Key, Item]]:
            return found[bisect_right(found, after, key=lambda entry: entry[0]) :] if after else found

        cursor: Json = {"after": found[start - 1][0]} if start else {}
        return cut(stream, render, cursor, wanted.size, replace(call.strike, duplicate_page=False)).items
