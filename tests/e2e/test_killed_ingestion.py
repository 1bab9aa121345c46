"""An ingestion killed at any point and run again leaves the tables of one that nobody disturbed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from linkstar_pipelines.operations import trial
from tests.e2e.conftest import opened_lake
from tests.support import project_root, running_sandbox

INSTALLATIONS, KILLS_OF_EACH = 10, 5
OPENS, NOW = date(2026, 4, 20), "2026-05-29T12:00:00Z"
INGESTION: Final = """
from linkstar_pipelines.operations import runs
from linkstar_pipelines.orchestration.jobs import range_tags
from linkstar_pipelines.settings import load_settings
from linkstar_pipelines.definitions import build_defs

build_defs()
print("begun", flush=True)
outcome = runs.execute(
    runs.instance(load_settings()), "loop", title="ingestion", tags=range_tags("2026-04-20", "2026-05-29"),
    tables=["raw.amazon_orders", "raw.amazon_listings", "raw.amazon_finances", "core.listings", "core.skus",
            "core.match_proposals", "core.listing_map", "core.orders",
            "core.order_lines"],
)
assert outcome.success and not outcome.problems, outcome.problems
"""


class Ingestion:
    """An ingestion in a process of its own, begun when everything is imported."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", INGESTION], cwd=project_root(), text=True,
            env=os.environ | {"LINKSTAR_DATA_DIR": str(data_dir)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "begun\n"
        self._begun = time.monotonic()

    def end(self) -> float:
        """Let it end by itself; returns the seconds it took."""
        said, _ = self.process.communicate(timeout=900)
        assert self.process.returncode == 0, said
        return time.monotonic() - self._begun

    def kill_after(self, seconds: float) -> bool:
        """Kill it; False if it had ended before."""
        try:
            self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.communicate()
            return True
        return False


@pytest.fixture
def restored() -> Iterator[None]:
    """The environment of the process as it was."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def tables_of(data_dir: Path) -> list[tuple[str, int, str]]:
    """Name, rows and content of every table."""
    with opened_lake(data_dir) as lake:
        return lake.fingerprint().rows()


@pytest.mark.drill
def test_killed_at_fifty_random_points_and_run_again_the_tables_are_those_of_an_undisturbed_run(
    tmp_path: Path, restored: None
) -> None:
    flags = (
        "--accounts", "NA", "--opens", OPENS.isoformat(), "--closes", "2026-05-29", "--orders-per-day", "60",
        "--products", "30", "--rate-scale", "100000", "--clock", f"frozen:{NOW}",
    )  # fmt: skip
    chance, kills = random.Random(7), 0  # noqa: S311  # any points will do
    with running_sandbox(tmp_path / "sandbox", *flags) as url:
        trial.connect(url, OPENS, platforms=["amazon"])
        os.environ["LINKSTAR_AMAZON_STORES"] = "na"
        usual = Ingestion(tmp_path / "undisturbed").end()
        expected = tables_of(tmp_path / "undisturbed")
        for number in range(INSTALLATIONS):
            folder, wanted = tmp_path / f"killed-{number}", kills + KILLS_OF_EACH
            while kills < wanted:
                kills += Ingestion(folder).kill_after(chance.uniform(0, usual))
            Ingestion(folder).end()
            assert tables_of(folder) == expected
    assert {name: count for name, count, _ in expected}["core.orders"] > 1_000
