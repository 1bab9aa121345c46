"""The other side of a long backfill: as many Amazon orders as one likes, made from a few real answers of the sandbox.

Belongs here: pages of the order search, cut together as fast as they can be sent, so that the reader is what is timed.
Does not belong here: anything a marketplace refuses, limits or gets wrong (`linkstar_pipelines/sandbox`).

    python benchmarks/marketplace.py PAGES_FILE --orders 1000000 --first-day 2025-01-01 --per-day 2740 --port-file FILE

Order n is a copy of order n modulo those in the file, with an id of its own, last changed on its day.
"""

import argparse
import json
import re
import socket
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_PLACES: Final = re.compile(rb'(\d{3}-\d{7}-\d{7})|("lastUpdatedTime":")(\d{4}-\d\d-\d\d)')


class Template:
    """One order, cut where its id and the day of its last change stand."""

    def __init__(self, order: bytes) -> None:
        self._parts: list[bytes | None] = []  # None: the id
        end = 0
        self._days: list[int] = []
        for found in _PLACES.finditer(order):
            start = found.start(3) if found.group(3) else found.start()
            self._parts.append(order[end:start])
            if found.group(3):
                self._days.append(len(self._parts))
            self._parts.append(None)
            end = found.end()
        self._parts.append(order[end:])

    def write(self, order_id: bytes, day: bytes) -> bytes:
        """Write the order with another id, changed on another day."""
        parts = [part if part is not None else order_id for part in self._parts]
        for place in self._days:
            parts[place] = day
        return b"".join(parts)


class Book:
    """All orders there are, so many a day.

    Args:
        pages: Bodies of `searchOrders`.
        orders: How many orders there shall be.
        first: Day of the first.
        per_day: Orders a day.
    """

    def __init__(self, pages: list[bytes], orders: int, first: date, per_day: int) -> None:
        found = [order for page in pages for order in json.loads(page)["orders"]]
        self._templates = [Template(json.dumps(order, separators=(",", ":")).encode()) for order in found]
        self.orders, self._first, self._per_day = orders, first, per_day

    def order(self, number: int) -> bytes:
        """Write one order."""
        order_id = f"{number % 1000:03d}-{number // 10_000_000:07d}-{number % 10_000_000:07d}".encode()
        day = self._first + timedelta(days=number // self._per_day)
        return self._templates[number % len(self._templates)].write(order_id, day.isoformat().encode())

    def page(self, start: int, end: int) -> bytes:
        """Write the orders of some numbers, separated by commas."""
        return b",".join(self.order(number) for number in range(start, end))

    def between(self, after: date, before: date) -> range:
        """Numbers of the orders last changed from one day to before another."""
        first, last = ((day - self._first).days * self._per_day for day in (after, before))
        return range(max(0, first), max(0, min(self.orders, last)))


def _search(book: Book, request: Request) -> Response:
    asked = request.query_params
    after = datetime.fromisoformat(asked["lastUpdatedAfter"]).date()
    before = asked.get("lastUpdatedBefore")
    until = datetime.fromisoformat(before).date() + timedelta(days=1) if before else date.max
    numbers, size = book.between(after, until), int(asked["maxResultsPerPage"])
    start = int(asked.get("paginationToken", numbers.start))
    end = min(start + size, numbers.stop)
    bound = before or datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    more = b',"pagination":{"nextToken":"%d"}' % end if end < numbers.stop else b""
    content = b'{"orders":[%s],"lastUpdatedBefore":"%s"%s}' % (book.page(start, end), bound.encode(), more)
    return Response(content, media_type="application/json", headers=_headers())


def _headers() -> dict[str, str]:
    return {"x-amzn-ratelimit-limit": "1000000", "date": format_datetime(datetime.now(UTC), usegmt=True)}


async def _token(_: Request) -> Response:
    return JSONResponse({"access_token": "benchmark", "token_type": "bearer", "expires_in": 3600})


async def _listings(_: Request) -> Response:
    return JSONResponse({"items": [], "numberOfResults": 0}, headers=_headers())


def main() -> None:
    """Serve until killed; the port is written to a file."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("pages", type=Path, help="JSON list of bodies of searchOrders, as text")
    options.add_argument("--orders", type=int, required=True)
    options.add_argument("--first-day", type=date.fromisoformat, required=True)
    options.add_argument("--per-day", type=int, required=True)
    options.add_argument("--port-file", type=Path, required=True)
    chosen = options.parse_args()
    pages = [page.encode() for page in json.loads(chosen.pages.read_text())]
    book = Book(pages, chosen.orders, chosen.first_day, chosen.per_day)

    async def search(request: Request) -> Response:
        return _search(book, request)

    app = Starlette(
        routes=[
            Route("/auth/o2/token", _token, methods=["POST"]),
            Route("/orders/2026-01-01/orders", search),
            Route("/listings/2021-08-01/items/{seller}", _listings),
        ]
    )
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        chosen.port_file.write_text(str(listening.getsockname()[1]))
        uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listening])


if __name__ == "__main__":
    main()
