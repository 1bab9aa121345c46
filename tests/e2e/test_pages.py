"""Dagster's pages in a real browser, on what `linkstar up` leaves running: what an analyst sees and ops click."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import DEMO_BOOK, clean_environment, finished, linkstar
from tests.support import project_root

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run")
WEEK = "[2026-05-17...2026-05-23]"

pytestmark = [pytest.mark.drill, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any]]]:
    """`linkstar up` on the data of a demo; must end cleanly on Ctrl-C."""
    data_dir = tmp_path_factory.mktemp("up")
    finished(linkstar(data_dir, "demo", *DEMO_BOOK))
    process = linkstar(data_dir, "up")
    announced = data_dir / "up.json"
    deadline = time.monotonic() + 180
    while not announced.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "nothing listened within three minutes"
        time.sleep(0.2)
    yield data_dir, json.loads(announced.read_text())
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert not announced.exists()


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """A page of a headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        opened = browser.new_page(viewport={"width": 1600, "height": 1100})
        opened.set_default_timeout(60_000)
        yield opened
        browser.close()


def ask(url: str, query: str) -> Any:
    """Answer of the web server's own interface."""
    answer = httpx.post(f"{url}/graphql", json={"query": query}, timeout=30).raise_for_status()
    return answer.json()["data"]


def wait_for(look: Callable[[], Any], enough: Callable[[Any], bool], seconds: float = 180) -> Any:
    """Look every second until it is enough; returns what was seen last."""
    deadline, seen = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        try:
            seen = look()
        except httpx.HTTPError:
            seen = None
        if seen is not None and enough(seen):
            return seen
        time.sleep(1)
    pytest.fail(f"not within {seconds:g} s; seen last: {seen}")


def test_the_lineage_page_shows_the_graph_by_groups(running: tuple[Path, dict[str, Any]], page: Any) -> None:
    page.goto(f"{running[1]['webserver']}/asset-groups")
    for group in ("raw", "core", "stock", "planning", "finance", "quality"):
        page.get_by_text(group, exact=True).first.wait_for()


def test_the_page_of_an_asset_shows_columns_rows_owner_and_checks(
    running: tuple[Path, dict[str, Any]], page: Any
) -> None:
    page.goto(f"{running[1]['webserver']}/assets/core/orders?view=overview")
    for text in ("Row count", "fulfilled_by", "primary key", "Latest check results", "DuckLake"):
        page.get_by_text(text).first.wait_for()
    assert "所有平台订单" in page.inner_text("body")
    page.goto(f"{running[1]['webserver']}/assets/core/orders?view=checks")
    for check in ("no_duplicates", "required_values", "states_known"):
        page.get_by_text(check, exact=True).first.wait_for()


def test_a_backfill_over_a_week_clicked_in_the_page_is_one_run_that_succeeds(
    running: tuple[Path, dict[str, Any]], page: Any
) -> None:
    url = running[1]["webserver"]
    page.goto(f"{url}/assets/core/orders?view=overview")
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_role("button", name="Show all partitions").click()
    days = page.get_by_role("dialog").locator("input[type=text]").first
    days.fill(WEEK)
    days.press("Enter")
    page.get_by_role("button", name="Launch backfill").click()
    query = (
        "{ partitionBackfillsOrError(limit: 1) { ... on PartitionBackfills "
        "{ results { status numPartitions runs(limit: 9) { status } } } } }"
    )
    found = wait_for(
        lambda: ask(url, query)["partitionBackfillsOrError"]["results"],
        lambda results: bool(results) and results[0]["status"] in {"COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED"},
    )
    assert found == [{"status": "COMPLETED_SUCCESS", "numPartitions": 7, "runs": [{"status": "SUCCESS"}]}]


def test_analysts_cannot_start_anything(running: tuple[Path, dict[str, Any]], page: Any) -> None:
    page.goto(f"{running[1]['readonly']}/assets/core/orders?view=overview")
    button = page.get_by_role("button", name="Materialize").first
    button.wait_for()
    assert button.is_disabled()
    permissions = ask(running[1]["readonly"], "{ permissions { permission value } }")["permissions"]
    assert permissions
    assert not [entry for entry in permissions if entry["value"]]


def test_the_daemon_looks_for_new_orders_within_thirty_seconds(running: tuple[Path, dict[str, Any]]) -> None:
    query = (
        '{ sensorOrError(sensorSelector: {repositoryName: "__repository__", repositoryLocationName: "linkstar", '
        'sensorName: "amazon_order_changes"}) { ... on Sensor { sensorState { status ticks(limit: 20) '
        "{ status timestamp endTimestamp runIds } } } } }"
    )

    def ended(state: Any) -> list[float]:
        return sorted(tick["timestamp"] for tick in state["ticks"] if tick["status"] in {"SUCCESS", "SKIPPED"})

    url = running[1]["webserver"]
    state = wait_for(lambda: ask(url, query)["sensorOrError"]["sensorState"], lambda state: len(ended(state)) >= 5)
    gaps = [later - earlier for earlier, later in pairwise(ended(state))]
    assert state["status"] == "RUNNING"
    assert max(gaps) <= 30
    assert any(tick["runIds"] for tick in state["ticks"]), "the live sandbox had new orders, and no run was asked for"


def test_dagster_dev_typed_by_habit_in_the_checkout_works(tmp_path: Path) -> None:
    port = 3977
    process = subprocess.Popen(
        [Path(sys.executable).parent / "dagster", "dev", "-p", str(port)],
        cwd=project_root(),
        env=clean_environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        asked = "{ assetNodes { assetKey { path } } }"
        nodes = wait_for(lambda: ask(f"http://127.0.0.1:{port}", asked)["assetNodes"], bool)
        assert ["core", "orders"] in [node["assetKey"]["path"] for node in nodes]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
