"""What several tests need: where things are, and processes that start and stop with the test."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from pydantic import SecretStr


def project_root() -> Path:
    """Folder of the checkout."""
    return Path(__file__).resolve().parent.parent


DAGSTER_STORAGE: Final = {
    "custom": {
        "module": "linkstar_pipelines.orchestration.storage", "class": "LinkstarDagsterStorage", "config": {},
    }
}  # fmt: skip
"""Dagster's storage as installations have it, for an instance of a test."""


TOKEN_KEY: Final = SecretStr("dGVzdHMgb3BlbiBub3RoaW5nIG91dHNpZGUgdGVzdHM=")
"""Key of the tokens that tests store."""


def shared_path(*parts: str) -> Path:
    """A file of the reference material that lies beside the checkout; skips the test where it is absent."""
    path = project_root().parent.joinpath("shared", *parts)
    if not path.exists():
        pytest.skip(f"reference material is absent: ../shared/{'/'.join(parts)}")
    return path


@contextmanager
def running_sandbox(folder: Path, *flags: str) -> Iterator[str]:
    """Start a sandbox in a process of its own; yields its URL."""
    port_file = folder / f"sandbox-{time.monotonic_ns()}.json"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "linkstar_pipelines.sandbox"),
            *("--port", "0", "--port-file", str(port_file), "--exit-with-parent", *flags),
        ],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        deadline = time.monotonic() + 60
        while not port_file.exists():
            assert process.poll() is None, "the sandbox ended before it listened"
            assert time.monotonic() < deadline, "the sandbox did not listen within 60 s"
            time.sleep(0.02)
        yield json.loads(port_file.read_text())["url"]
    finally:
        process.terminate()
        process.wait(timeout=20)


def world_orders(url: str, *stores: str) -> list[dict[str, Any]]:
    """Orders of some stores as the sandbox itself knows them, not over the marketplace's wire."""
    orders = httpx.get(f"{url}/_control/world/orders", timeout=60).raise_for_status().json()["orders"]
    return [order for order in orders if order["store"] in stores]
