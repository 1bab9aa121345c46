"""Pages by offset: eBay states the total, and gives whole addresses of the next and the previous page.

Here: cutting a page out of a whole result. Not here: what the result is (one module per API).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from linkstar_pipelines.sandbox.ebay.wire import Call
from linkstar_pipelines.sandbox.paging import Key, cut
from linkstar_pipelines.sandbox.wire import Json

Item = TypeVar("Item")
Shown = TypeVar("Shown")


def page(
    call: Call,
    items: Sequence[Item],
    render: Callable[[Item], Shown],
    offset: int,
    limit: int,
    *,
    by_page: bool = False,
) -> tuple[list[Shown], Json]:
    """Cut the page at an offset.

    Args:
        call: The request; its faults strike the page.
        items: The whole result.
        render: Turns an item into its wire form.
        offset: Records (or with `by_page` pages) before the page.
        limit: Records in a page.
        by_page: Whether offsets count pages.

    Returns:
        The page's items, and `href`, `total`, `limit` and, where there are such, `next` and `prev`.
    """
    first = offset * limit if by_page else offset

    def stream(after: Key | None) -> Iterator[tuple[Key, Item]]:
        start = int(after[0]) + 1 if after else 0
        return (([place], items[place]) for place in range(start, len(items)))

    def address(position: int) -> str:
        place = position // limit if by_page else position
        return f"{call.url}?{urlencode({**call.query, 'limit': limit, 'offset': place})}"

    cutting = cut(stream, render, {"after": [first - 1]} if first else {}, limit, call.strike)
    frame: Json = {"href": address(first), "total": len(items), "limit": limit}
    if cutting.next:
        after = cutting.next["after"]
        frame["next"] = address(after[0] + 1 if after else 0)
    if first:
        frame["prev"] = address(max(first - limit, 0))
    return cutting.items, frame
