"""Lists: those with a cursor, and those with page numbers.

Here: pages, cursors that hold only for the parameters they were given for, totals. Not here: what is listed.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.erp_pages import numbered, page_count
from linkstar_pipelines.sandbox.mabang.wire import Call, done, invalid
from linkstar_pipelines.sandbox.paging import Key, TokenRefusedError, cut
from linkstar_pipelines.sandbox.wire import Json, Reply

Item = TypeVar("Item")
MOST_ROWS: Final = 1000


def by_cursor(
    bench: Bench,
    call: Call,
    stream: Callable[[Key | None], Iterable[tuple[Key, Item]]],
    render: Callable[[Item], Json],
) -> Reply:
    """Answer a page of a sorted stream; `stream` gives (key, item) pairs behind a key."""
    bound = hashlib.sha256(json.dumps([call.api, {**call.data, "cursor": ""}], sort_keys=True).encode()).hexdigest()
    cursor: Json = {}
    if token := str(call.data.get("cursor") or ""):
        try:
            cursor = bench.tokens.read(token, bench.options.page_token_ttl)
        except TokenRefusedError:
            raise invalid("cursor无效") from None
        if cursor.pop("bound", "") != bound:
            raise invalid("cursor与查询条件不符")
    page = cut(stream, render, cursor, call.whole("maxRows", 100, MOST_ROWS), call.strike)
    following = bench.tokens.write(page.next | {"bound": bound}) if page.next else ""
    total = sum(1 for _ in stream(None))
    return done({"data": page.items, "total": total, "hasNext": bool(following), "nextCursor": following})


def in_order(items: Sequence[Item]) -> Callable[[Key | None], Iterable[tuple[Key, Item]]]:
    """Make a stream of a list: keys are places."""

    def stream(after: Key | None) -> Iterable[tuple[Key, Item]]:
        start = int(after[0]) + 1 if after else 0
        return (([place], items[place]) for place in range(start, len(items)))

    return stream


def by_number(call: Call, items: Sequence[Item], size: int, render: Callable[[Item], Json]) -> Reply:
    """Answer a page by its number, with the number of the last one."""
    found = numbered(items, call.whole("page", 1, 10**6), size, call.strike)
    return done({"data": [render(item) for item in found], "pageCount": page_count(items, size)})
