"""The demo as a user runs it: a process of its own on an empty data folder."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from linkstar_pipelines.storage.embedded import EmbeddedPostgres
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.postgres import Postgres
from tests.support import project_root

DEMO_BOOK = ("--weeks", "1", "--orders-per-day", "6")
"""A small order book: what is tested does not depend on its size."""


def clean_environment(data_dir: Path) -> dict[str, str]:
    """The environment without any setting of the product but its data folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LINKSTAR_", "DAGSTER_"))}
    return kept | {"LINKSTAR_DATA_DIR": str(data_dir), "COLUMNS": "160"}


def linkstar(data_dir: Path, *arguments: str, more: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "linkstar_pipelines.cli", *arguments],
        cwd=project_root(),
        env=clean_environment(data_dir) | dict(more or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: subprocess.Popen[str], timeout: float = 900) -> str:
    """Wait for a process and return what it said; it must have succeeded."""
    said, _ = process.communicate(timeout=timeout)
    assert process.returncode == 0, said
    return said


@contextmanager
def opened_lake(data_dir: Path) -> Iterator[Lake]:
    """The lake of another process's installation."""
    server = EmbeddedPostgres(data_dir / "postgres")
    postgres = Postgres(server.acquire())
    lake = Lake(postgres, str(data_dir / "lake"))
    try:
        yield lake
    finally:
        lake.close()
        postgres.close()
        server.release()
