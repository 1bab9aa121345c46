"""Landing and parsing orders from bytes that were fetched already, against plain Python, side by side in one run.

Belongs here: pages in memory, both sides, the proof that both read the same, and the times.
Does not belong here: fetching (`backfill.py` has it, with memory), or the code under test.

    python benchmarks/ingest.py [--orders 40000] [--rounds 3]

*Landing*: from the bytes of the pages to masked, hashed and judged rows of the raw table. *Parsing*: from those rows to
order lines with money and state. Pages come from the sandbox, copied with ids of their own before the clock starts.
Ends with 1 if the two sides differ or the goal is missed.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import plain_ingest
import polars as pl
from marketplace import Book
from sandbox_pages import order_pages

from linkstar_pipelines.connectors.amazon.platform import PLATFORM
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.request import read_json
from linkstar_pipelines.domain.orders import order_lines
from linkstar_pipelines.schemas.core import Skus
from linkstar_pipelines.schemas.platforms import Stream

GOAL: Final = 20_000  # orders a second, landing and parsing together
PAGE, PER_DAY = 100, 2_740
ZONES: Final = pl.DataFrame({"store": ["na"], "time_zone": ["America/Los_Angeles"]})


def main() -> int:
    """Run both sides, print the times and compare what they read."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--orders", type=int, default=40_000)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        book = Book(order_pages(Path(folder)), chosen.orders, date(2026, 1, 1), PER_DAY)
    pages = [
        b'{"orders":[%s]}' % book.page(start, min(start + PAGE, chosen.orders))
        for start in range(0, chosen.orders, PAGE)
    ]
    size = sum(map(len, pages)) / chosen.orders
    print(f"{chosen.orders:,} orders in {len(pages):,} pages, {size:,.0f} bytes each")
    sides: dict[str, tuple[Callable[[list[bytes]], Any], Callable[[Any], pl.DataFrame]]] = {
        "LinkStar": (_land, _parse),
        "json.loads + plain Python": (_plain_land, _plain_parse),
    }
    best: dict[str, tuple[float, float]] = {}
    read: dict[str, pl.DataFrame] = {}
    for _ in range(chosen.rounds):
        for name, (land, parse) in sides.items():
            start = time.perf_counter()
            landed = land(pages)
            between = time.perf_counter()
            read[name] = parse(landed)
            end = time.perf_counter()
            times = (between - start, end - between)
            best[name] = min(best.get(name, times), times, key=sum)
    for name, (landing, parsing) in best.items():
        rate = chosen.orders / (landing + parsing)
        print(f"{name:27} landing {landing:6.2f} s  parsing {parsing:6.2f} s  {rate:9,.0f} orders/s")
    ours, plain = read.values()
    if not ours.equals(plain):
        print("The two sides do not read the same.")
        return 1
    rate = chosen.orders / sum(best["LinkStar"])
    print(f"Both read the same {ours.height:,} lines. Goal {GOAL:,} orders/s: {'met' if rate >= GOAL else 'MISSED'}")
    return 0 if rate >= GOAL else 1


def _land(pages: list[bytes]) -> pl.DataFrame:
    records = (order for page in pages for order in read_json(page)["orders"])
    rows, _ = raw_rows("amazon", "na", Stream.ORDERS, PLATFORM.streams[Stream.ORDERS], records, datetime.now(UTC))
    return rows


def _parse(rows: pl.DataFrame) -> pl.DataFrame:
    lines, _ = order_lines(rows, PLATFORM.orders, Skus.create_empty(), ZONES)
    return _comparable(lines)


def _plain_land(pages: list[bytes]) -> list[dict[str, Any]]:
    return [row for page in pages for row in plain_ingest.land(page)]


def _plain_parse(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return _comparable(pl.DataFrame(plain_ingest.parse(rows), infer_schema_length=None))


def _comparable(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.select(
        "order_id", "line_id", "listing_sku", "quantity_ordered", "quantity_shipped",
        pl.col("tax_amount", "item_amount", "shipping_amount", "discount_amount").fill_null(0).cast(pl.Float64),
    ).sort("order_id", "line_id")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
