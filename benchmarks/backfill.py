"""Memory of a long backfill: a million orders through the real graph, from HTTP to core, watched from outside.

Belongs here: starting the backfill in a process of its own, watching its memory against the orders landed.
Does not belong here: the other side (`marketplace.py`), or timing of single stages (`ingest.py`).

    python benchmarks/backfill.py [--orders 1000000] [--days 365]

Backfills a quarter of the orders first, then all of them, each from nothing. Prints the resident memory while orders
land, and ends with 1 if orders are missing or memory grows: if all of them took at any time, while landing, making
`core` or checking, over a tenth more than the quarter did.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import psycopg
from sandbox_pages import order_pages

from linkstar_pipelines.operations import processes
from linkstar_pipelines.storage.embedded import EmbeddedPostgres
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.postgres import Postgres

FIRST: Final = date(2025, 1, 1)
TABLES: Final = [
    "raw.amazon_orders", "core.listings", "core.skus", "core.match_proposals", "core.listing_map", "core.orders",
    "core.order_lines",
]  # fmt: skip
_RUN: Final = """
import json, sys
from linkstar_pipelines.operations import runs
from linkstar_pipelines.orchestration.jobs import range_tags
from linkstar_pipelines.settings import load_settings
first, last, tables = json.loads(sys.argv[1])
outcome = runs.execute(
    runs.instance(load_settings()), "loop", title="backfill", tags=range_tags(first, last), tables=tables
)
print(outcome.problems or outcome.warnings)
sys.exit(not outcome.success)
"""


def main() -> int:
    """Run the backfill and judge it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--orders", type=int, default=1_000_000)
    options.add_argument("--days", type=int, default=365)
    chosen = options.parse_args()
    part, whole = (_measured(chosen.orders // share, chosen.days // share) for share in (4, 1))
    print(f"most memory: {part.peak:,} MB for {part.landed:,} orders, {whole.peak:,} MB for {whole.landed:,}")
    return 0 if whole.landed == chosen.orders and whole.peak <= part.peak * 1.1 else 1


class _Measured(NamedTuple):
    """Orders that a backfill landed, and the most memory it took (MB)."""

    landed: int
    peak: int


def _measured(orders: int, days: int) -> _Measured:
    with tempfile.TemporaryDirectory(prefix="linkstar-backfill-") as text:
        folder = Path(text)
        with _marketplace(folder, orders, days) as url:
            peak = _backfill(folder, url, days)
        landed, lines = _counts(folder)
    print(f"{landed:,} orders landed, {lines:,} lines in core")
    return _Measured(landed, peak)


@contextmanager
def _marketplace(folder: Path, orders: int, days: int) -> Iterator[str]:
    pages, port_file = folder / "pages.json", folder / "port"
    pages.write_text(json.dumps([page.decode() for page in order_pages(folder / "sandbox")]))
    command = [
        sys.executable, str(Path(__file__).with_name("marketplace.py")), str(pages), "--orders", str(orders),
        "--first-day", FIRST.isoformat(), "--per-day", str(-(-orders // days)), "--port-file", str(port_file),
    ]  # fmt: skip
    serving = processes.start(command, folder / "marketplace.log")
    while not port_file.exists() or not port_file.read_text():
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port_file.read_text()}"
    processes.stop([serving])


def _backfill(folder: Path, url: str, days: int) -> int:
    """Run it; returns the most resident memory (MB), looked at twice a second."""
    last = FIRST + timedelta(days=days - 1)
    store = {
        "SELLER_ID": "B", "MARKETPLACE_IDS": "ATVPDKIKX0DER", "CLIENT_ID": "b", "CLIENT_SECRET": "b",
        "REFRESH_TOKEN": "b", "ENDPOINT": url, "AUTH_URL": f"{url}/auth/o2/token",
    }  # fmt: skip
    settings = {"DATA_DIR": str(folder / "data"), "HISTORY_START": FIRST.isoformat(), "AMAZON_STORES": "na"}
    settings |= {f"AMAZON_NA_{name}": value for name, value in store.items()}
    environment = os.environ | {f"LINKSTAR_{name}": value for name, value in settings.items()}
    span = json.dumps([FIRST.isoformat(), last.isoformat(), TABLES])
    started = time.monotonic()
    running = subprocess.Popen([sys.executable, "-c", _RUN, span], env=environment)
    peak, told = 0, 0
    while running.poll() is None:
        time.sleep(0.5)
        landed, memory = _landed(folder), _resident(running.pid)
        peak = max(peak, memory)
        if landed - told >= 50_000:
            told = landed
            print(f"{time.monotonic() - started:7.0f} s  {landed:>9,} orders  {memory:>6,} MB", flush=True)
    print(f"{time.monotonic() - started:7.0f} s  ended with {running.returncode}")
    return peak


def _resident(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0)


def _landed(folder: Path) -> int:
    """Orders in sealed windows."""
    try:
        with psycopg.connect(EmbeddedPostgres(folder / "data" / "postgres").url, connect_timeout=3) as connection:
            row = connection.execute("SELECT coalesce(sum(records), 0) FROM ops.ingest_window").fetchone()
    except psycopg.Error:
        return 0  # not started yet
    return int(row[0]) if row else 0


def _counts(folder: Path) -> tuple[int, int]:
    server = EmbeddedPostgres(folder / "data" / "postgres")
    postgres = Postgres(server.acquire())
    lake = Lake(postgres, str(folder / "data" / "lake"))
    counts = lake.query(
        "SELECT (SELECT count(*) FROM raw.amazon_orders) AS landed, (SELECT count(*) FROM core.order_lines) AS lines"
    ).row(0)
    lake.close()
    postgres.close()
    server.release()
    return counts[0], counts[1]


if __name__ == "__main__":
    sys.exit(main())
