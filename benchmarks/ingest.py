"""Landing and parsing orders from bytes that were fetched already, against plain Python, side by side in one run.

Belongs here: pages in memory, both sides, the proof that both read the same, and the times.
Does not belong here: fetching (`backfill.py` has it, with memory), or the code under test.

    python benchmarks/ingest.py [--orders 40000] [--rounds 3]

Two stores at once, each in a process of its own, as the daemon runs two runs on two cores; plain Python gets the same.
*Landing*: each page is kept, compressed and encrypted, in Postgres. *Parsing*: its orders become masked, hashed and
judged rows of the raw table. *Folding*: those rows become order lines with money and state. Plain Python keeps nothing
and makes the same rows and lines. Pages come from the sandbox, copied with ids of their own before the clock starts.
Ends with 1 if the two sides differ or the goal is missed.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, Final, NamedTuple

import plain_ingest
import polars as pl
from cryptography.fernet import Fernet
from marketplace import Book
from pydantic import SecretStr
from sandbox_pages import order_pages

from linkstar_pipelines.connectors.amazon.operations import SEARCH_ORDERS
from linkstar_pipelines.connectors.amazon.platform import PLATFORM
from linkstar_pipelines.connectors.observations import raw_rows, spare_the_collector
from linkstar_pipelines.connectors.request import read_json
from linkstar_pipelines.domain.orders import order_lines
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.storage.answer_bodies import AnswerBodies, AnswerPull
from linkstar_pipelines.storage.embedded import EmbeddedPostgres
from linkstar_pipelines.storage.postgres import Postgres

GOAL: Final = 20_000  # orders a second, landing and parsing together
PAGE, PER_DAY, STORES = 100, 2_740, 2


class Worked(NamedTuple):
    """What one process did: when it began, had landed and parsed, and had folded (seconds); and its lines."""

    began: float
    parsed: float
    folded: float
    lines: pl.DataFrame


class Store:
    """One store's pages and where they are kept, in the process that works on them."""

    number: int
    pages: list[bytes]
    bodies: AnswerBodies
    barrier: Barrier


def main() -> int:
    """Run both sides, print the times and compare what they read."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--orders", type=int, default=40_000)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    read: dict[str, pl.DataFrame] = {}
    best: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        pages = _pages(Path(folder), chosen.orders)
        server = EmbeddedPostgres(Path(folder) / "postgres")
        url = server.acquire()
        Postgres(url).migrate()
        processes = multiprocessing.get_context("spawn")
        shared = (pages, url, Fernet.generate_key().decode(), processes.Barrier(STORES), processes.Value("i", 0))
        with processes.Pool(STORES, _prepare, shared) as pool:
            for _ in range(chosen.rounds):
                for name, side in (("LinkStar", _linkstar), ("json.loads + plain Python", _plain)):
                    worked = [Worked(*one) for one in pool.map(side, range(STORES), chunksize=1)]
                    began, parsed = min(one.began for one in worked), max(one.parsed for one in worked)
                    times = (parsed - began, max(one.folded for one in worked) - parsed)
                    best[name] = min(best.get(name, times), times)
                    read[name] = pl.concat([one.lines for one in worked]).sort("order_id", "line_id")
        server.release()
    for name, (landing, folding) in best.items():
        print(
            f"{name:27} landing and parsing {landing:6.2f} s = {chosen.orders / landing:7,.0f} orders/s, "
            f"folding {folding:6.2f} s"
        )
    ours, plain = read.values()
    if not ours.equals(plain):
        print("The two sides do not read the same.")
        return 1
    met = chosen.orders / best["LinkStar"][0] >= GOAL
    print(f"Both read the same {ours.height:,} lines. Goal {GOAL:,} orders/s: {'met' if met else 'MISSED'}")
    return 0 if met else 1


def _pages(folder: Path, orders: int) -> list[bytes]:
    book = Book(order_pages(folder / "sandbox"), orders, date(2026, 1, 1), PER_DAY)
    pages = [b'{"orders":[%s]}' % book.page(start, min(start + PAGE, orders)) for start in range(0, orders, PAGE)]
    print(f"{orders:,} orders in {len(pages):,} pages, {sum(map(len, pages)) / orders:,.0f} bytes each")
    return pages


def _prepare(pages: list[bytes], url: str, key: str, barrier: Barrier, numbers: Any) -> None:
    """Give a new process its store."""
    spare_the_collector()
    with numbers.get_lock():
        Store.number = numbers.value
        numbers.value += 1
    Store.pages = pages[Store.number :: STORES]
    Store.bodies, Store.barrier = AnswerBodies(Postgres(url), SecretStr(key)), barrier


def _linkstar(_: int) -> Worked:
    Store.barrier.wait()
    began, now, name = time.monotonic(), datetime.now(UTC), f"store{Store.number}"
    pull = AnswerPull("amazon", name, Stream.ORDERS.value, None, None, now)
    Store.bodies.begin(pull)

    def records() -> Iterator[Any]:
        for page in Store.pages:
            Store.bodies.keep(pull, SEARCH_ORDERS.name, {}, page)
            yield from read_json(page)["orders"]

    rows, _rejected = raw_rows("amazon", name, Stream.ORDERS, PLATFORM.streams[Stream.ORDERS], records(), now)
    Store.bodies.end(pull)
    parsed = time.monotonic()
    Store.barrier.wait()
    zones = pl.DataFrame({"store": [name], "time_zone": ["America/Los_Angeles"]})
    lines, _rejected = order_lines(rows, PLATFORM.orders, ListingMap.create_empty(), zones)
    return Worked(began, parsed, time.monotonic(), _comparable(lines))


def _plain(_: int) -> Worked:
    Store.barrier.wait()
    began = time.monotonic()
    rows = [row for page in Store.pages for row in plain_ingest.land(page)]
    parsed = time.monotonic()
    Store.barrier.wait()
    lines = plain_ingest.parse(rows)
    folded = time.monotonic()
    return Worked(began, parsed, folded, _comparable(pl.DataFrame(lines, infer_schema_length=None)))


def _comparable(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.select(
        "order_id", "line_id", "listing_sku", "quantity_ordered", "quantity_shipped",
        pl.col("tax_amount", "item_amount", "shipping_amount", "discount_amount").fill_null(0).cast(pl.Float64),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
