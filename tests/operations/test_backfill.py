"""Backfills: which days and runs, which runs yield, and going on after a kill."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from linkstar_pipelines.operations import trial
from linkstar_pipelines.operations.backfill import Step, spans_to_read, steps_of
from linkstar_pipelines.orchestration.jobs import range_tags
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.ingest_windows import IngestWindows, StreamOf, end_of
from linkstar_pipelines.storage.postgres import Postgres
from resources.yielding import YIELDING_TAG, yields
from tests.support import running_sandbox

FIRST = date(2026, 3, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def test_days_that_are_sealed_to_their_end_are_not_read_again() -> None:
    sealed = {day(0): end_of(day(0)), day(1): end_of(day(1)), day(4): end_of(day(4))}
    assert spans_to_read((day(0), day(6)), sealed) == [(day(2), day(3)), (day(5), day(6))]
    assert spans_to_read((day(0), day(1)), sealed) == []
    assert spans_to_read((day(0), day(6)), {}) == [(day(0), day(6))]


def test_a_day_that_is_sealed_up_to_noon_is_read_again() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert spans_to_read((day(0), day(0)), {day(0): noon}) == [(day(0), day(0))]


def test_stores_that_need_the_same_days_share_a_run() -> None:
    days = {
        StreamOf("shopee", "sg", "orders"): [(day(3), day(9))],
        StreamOf("shopee", "my", "orders"): [(day(3), day(9))],
        StreamOf("shopee", "sg", "returns"): [],
        StreamOf("shopee", "my", "returns"): [(day(0), day(9))],
    }
    assert steps_of("shopee", ["sg", "my"], days, (day(0), day(9))) == [
        Step("shopee", (Stream.LISTINGS, Stream.INVENTORY), ("sg", "my"), (day(0), day(9))),
        Step("shopee", (Stream.ORDERS,), ("sg", "my"), (day(3), day(9))),
        Step("shopee", (Stream.RETURNS,), ("my",), (day(0), day(9))),
    ]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({YIELDING_TAG: "true"}, True),
        (range_tags("2026-03-01", "2026-03-03"), False),
        (range_tags("2026-03-01", "2026-03-04"), True),
        ({**range_tags("2026-03-01", "2026-03-31"), "dagster/sensor_name": "amazon_order_changes"}, False),
        ({**range_tags("2026-03-01", "2026-03-31"), "dagster/schedule_name": "nightly_reconciliation"}, False),
        ({**range_tags("2026-03-01", "2026-03-31"), YIELDING_TAG: "false"}, False),
        ({}, False),
    ],
)
def test_runs_that_a_person_starts_over_many_days_yield(tags: dict[str, str], expected: bool) -> None:
    assert yields(tags, reconcile_days=3) is expected


@pytest.mark.drill
def test_a_backfill_that_is_killed_goes_on_where_it_stopped(
    settings: Settings, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    windows, where = IngestWindows(postgres), StreamOf("shopify", "sfus", "orders")
    flags = (
        "--accounts", "SFUS,SFDE", "--orders-per-day", "6", "--products", "30", "--rate-scale", "100000",
        "--opens", FIRST.isoformat(), "--closes", day(70).isoformat(), "--clock", "frozen:2026-06-01T00:00:00Z",
    )  # fmt: skip
    with running_sandbox(tmp_path, *flags) as url:
        trial.connect(url, FIRST, platforms=["shopify"])
        killed = start("--yes")
        deadline = time.monotonic() + 240
        while not windows.sealed_until(where):
            assert killed.poll() is None, killed.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        sealed = windows.sealed_until(where)
        assert len(sealed) == 14  # the first chunk
        planned = start("--plan").communicate(timeout=120)[0]
        assert [f"{70 - 14}" in line for line in planned.splitlines() if "sfus" in line and "orders" in line] == [True]
        again = start("--yes")
        said = again.communicate(timeout=300)[0]
    assert again.returncode == 0, said
    assert "all read" in said
    seals = postgres.fetch("SELECT day, sealed_at FROM ops.ingest_window WHERE store = 'sfus' ORDER BY day")
    assert len(seals) == 70
    assert max(at for _, at in seals[:14]) < min(at for _, at in seals[14:])


def start(*options: str) -> subprocess.Popen[str]:
    """The command as typed, over 70 days."""
    return subprocess.Popen(
        [sys.executable, "-m", "linkstar_pipelines.cli", "backfill", "--from", FIRST.isoformat(), "--to",
         day(69).isoformat(), *options],
        env={**os.environ, "COLUMNS": "160"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
