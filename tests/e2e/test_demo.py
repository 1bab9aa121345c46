"""`linkstar demo` as a user runs it: undisturbed, killed in the middle, and with every fault of the sandbox on."""

import os
import signal
import subprocess
import time
from pathlib import Path

import polars as pl
import psycopg
import pytest

from linkstar_pipelines.storage.embedded import EmbeddedPostgres
from tests.e2e.conftest import DEMO_BOOK, finished, linkstar, opened_lake
from tests.support import running_sandbox, world_orders


def tables_of(data_dir: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Fingerprint of every table, and the order lines of core."""
    with opened_lake(data_dir) as lake:
        lines = lake.query("SELECT order_id, line_id, quantity_ordered, quantity_shipped FROM core.order_lines")
        return lake.fingerprint(), lines.sort("order_id", "line_id")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A demo that nobody disturbs."""
    data_dir = tmp_path_factory.mktemp("undisturbed")
    return data_dir, finished(linkstar(data_dir, "demo", *DEMO_BOOK))


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Lines of every order in the same world, told by the sandbox itself and not over the marketplace's wire."""
    flags = ("--opens", "2026-05-17", "--closes", "2026-05-24", "--orders-per-day", "6", "--accounts", "NA,EU")
    with running_sandbox(tmp_path_factory.mktemp("truth"), *flags, "--clock", "frozen:2026-05-25T06:00:00Z") as url:
        orders = world_orders(url, "NA", "EU")
    rows = [
        (order["orderId"], line["orderItemId"], line["quantityOrdered"], line["quantityShipped"])
        for order in orders
        for line in order["lines"]
    ]
    shape = {"order_id": pl.String, "line_id": pl.String, "quantity_ordered": pl.Int64, "quantity_shipped": pl.Int64}
    return pl.DataFrame(rows, schema=shape, orient="row").sort("order_id", "line_id")


def test_the_demo_ends_with_exactly_the_worlds_orders(undisturbed: tuple[Path, str], truth: pl.DataFrame) -> None:
    _, lines = tables_of(undisturbed[0])
    assert lines.select("order_id", "line_id").equals(truth.select("order_id", "line_id"))
    assert lines["quantity_shipped"].equals(truth["quantity_shipped"])


def test_the_demo_tells_a_person_what_came_of_it(undisturbed: tuple[Path, str]) -> None:
    data_dir, said = undisturbed
    for part in ("Orders by store", "Stock at cost", "About to run out", "Settlements", "to the cent", "Checks:"):
        assert part in said
    assert "NO" not in said.split("Settlements")[1].split("Checks:")[0]
    assert (data_dir / "reports" / "settlement-report.xlsx").stat().st_size > 5_000
    assert "<svg" in (data_dir / "reports" / "settlement-report.html").read_text()


@pytest.mark.drill
def test_killed_worker_and_killed_postgres_leave_the_same_tables_after_another_try(
    undisturbed: tuple[Path, str], tmp_path: Path
) -> None:
    first = linkstar(tmp_path, "demo", *DEMO_BOOK)
    wait_for_steps(tmp_path, first, 3)
    os.kill(postmaster(tmp_path), signal.SIGKILL)
    first.communicate(timeout=600)
    assert first.returncode != 0

    second = linkstar(tmp_path, "demo", *DEMO_BOOK)
    wait_for_steps(tmp_path, second, 8)
    second.kill()
    second.communicate(timeout=60)

    finished(linkstar(tmp_path, "demo", *DEMO_BOOK))
    expected, _ = tables_of(undisturbed[0])
    actual, _ = tables_of(tmp_path)
    assert actual.rows() == expected.rows()


@pytest.mark.drill
def test_with_every_fault_on_the_demo_still_ends_with_exactly_the_worlds_orders(
    truth: pl.DataFrame, tmp_path: Path
) -> None:
    finished(linkstar(tmp_path, "demo", *DEMO_BOOK, "--fault", "all=0.2"))
    _, lines = tables_of(tmp_path)
    assert lines.select("order_id", "line_id").equals(truth.select("order_id", "line_id"))


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "data" / "postmaster.pid").read_text().split("\n", 1)[0])


def wait_for_steps(data_dir: Path, process: subprocess.Popen[str], wanted: int) -> None:
    """Wait until the running demo has finished some more steps of its graph."""
    url = EmbeddedPostgres(data_dir / "postgres").url
    deadline, before = time.monotonic() + 300, None
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0]
        steps = count_steps(url)
        before = steps if before is None else before
        if steps is not None and steps - (before or 0) >= wanted:
            return
        time.sleep(0.1)
    pytest.fail("the demo made no progress")


def count_steps(url: str) -> int | None:
    query = "SELECT count(*) FROM dagster.event_logs WHERE dagster_event_type = 'STEP_SUCCESS'"
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute(query).fetchone()
    except psycopg.Error:
        return None
    return int(row[0]) if row else None
