"""The client against a simulated platform over real HTTP: nothing missing, nothing twice, whatever the faults."""

import multiprocessing
import time
from collections.abc import Iterator
from datetime import datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path

import httpx
import pytest

from linkstar_pipelines.connectors.amazon import operations
from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.amazon.platform import PLATFORM
from linkstar_pipelines.connectors.complete import read_stream
from linkstar_pipelines.connectors.errors import CredentialError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Window
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.settings import AmazonStore
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.support import amazon_store, sandbox_store, utc
from tests.support import TOKEN_KEY, running_sandbox, world_orders

OPENING = utc(2026, 3, 1)
SMALL = ("--orders-per-day", "4", "--products", "30", "--accounts", "NA")
NOW = utc(2026, 5, 24)


@pytest.fixture
def core(postgres: Postgres) -> Iterator[HttpCore]:
    with HttpCore(postgres, timeout=2, max_attempts=60, max_wait=60, token_key=TOKEN_KEY) as core:
        yield core


def truth(url: str, store: AmazonStore, bound: datetime) -> dict[str, str]:
    """What the world itself says: last change of each order of the store that has not changed since `bound`."""
    orders = world_orders(url, store.name.upper())
    changes = {order["orderId"]: order["lastUpdatedTime"] for order in orders}
    return {order: change for order, change in changes.items() if datetime.fromisoformat(change) <= bound}


def pulled(url: str, store: AmazonStore, core: HttpCore) -> tuple[dict[str, str], dict[str, str]]:
    """Orders as read up to the window's end, and the truth about that window."""
    reading = read_stream(AmazonClient(store, core), PLATFORM, Stream.ORDERS, Window(OPENING), 2, now=NOW)
    assert reading.upper_bound is not None
    newest: dict[str, str] = {}
    for order in reading.records:
        newest[order["orderId"]] = max(newest.get(order["orderId"], ""), order["lastUpdatedTime"])
    return newest, truth(url, store, reading.upper_bound)


def test_without_faults_two_readings_find_exactly_the_worlds_orders(sandbox_url: str, core: HttpCore) -> None:
    read, world = pulled(sandbox_url, sandbox_store(sandbox_url, "eu"), core)
    assert len(world) > 1000
    assert read == world
    assert core.faults("amazon", "eu") == 0


def test_with_every_fault_at_a_fifth_the_orders_are_still_exactly_the_worlds(tmp_path: Path, core: HttpCore) -> None:
    flags = ("--rate-scale", "100000", "--fault", "all=0.2", "--fault", "late_orders=0", "--fault-delay", "0.02")
    with running_sandbox(tmp_path, *SMALL, *flags) as url:
        read, world = pulled(url, sandbox_store(url), core)
    assert len(world) > 200
    assert read == world
    assert core.faults("amazon", "na") > 10


SECONDS = 12.0
SCALE = 2000  # at Amazon's own pace, one searchOrders in three minutes, a test would take hours


def _pull(url: str, database: str, ready: Barrier) -> None:
    with HttpCore(Postgres(database), timeout=5, max_attempts=1, max_wait=60, token_key=TOKEN_KEY) as core:
        client = AmazonClient(sandbox_store(url), core)
        client.check_access()
        ready.wait(60)
        begun = time.monotonic()
        while time.monotonic() - begun < SECONDS:
            next(client.search_orders(updated_after=OPENING, page_size=1))


def test_three_processes_behind_use_nearly_all_of_the_plan_and_are_never_refused(
    tmp_path: Path, postgres: Postgres
) -> None:
    with running_sandbox(tmp_path, *SMALL, "--rate-scale", str(SCALE)) as url:
        with HttpCore(postgres, timeout=5, max_attempts=1, max_wait=60, token_key=TOKEN_KEY) as core:
            next(AmazonClient(sandbox_store(url), core).search_orders(updated_after=OPENING))  # learns the rate
        spawn = multiprocessing.get_context("spawn")
        ready = spawn.Barrier(4)
        workers = [spawn.Process(target=_pull, args=(url, postgres.url, ready)) for _ in range(3)]
        for worker in workers:
            worker.start()
        httpx.post(f"{url}/_control/log/clear").raise_for_status()
        ready.wait(60)
        begun = time.monotonic()
        for worker in workers:
            worker.join(90)
        took = time.monotonic() - begun
        counts = httpx.get(f"{url}/_control/log").json()["counts"]
    calls = {entry["status"]: entry["count"] for entry in counts if entry["operation"] == "searchOrders"}
    operation = operations.SEARCH_ORDERS
    allowed = operation.plan.burst + operation.plan.rate * SCALE * min(took, SECONDS)  # the bucket had filled again
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert 429 not in calls
    assert calls[200] >= 0.95 * allowed, (calls, allowed)


def test_a_wrong_secret_of_one_store_is_named_and_the_other_store_goes_on(sandbox_url: str, core: HttpCore) -> None:
    good = sandbox_store(sandbox_url, "eu")
    wrong = amazon_store("na", sandbox_url)
    with pytest.raises(CredentialError, match="LINKSTAR_AMAZON_NA_CLIENT"):
        AmazonClient(wrong, core).get_order("1")
    assert next(AmazonClient(good, core).search_orders(updated_after=OPENING)).orders


def test_a_marketplace_of_another_account_is_refused_with_the_variable_to_check(
    sandbox_url: str, core: HttpCore
) -> None:
    store = sandbox_store(sandbox_url).model_copy(update={"marketplace_ids": ("A1PA6795UKMFR9",)})
    with pytest.raises(CredentialError, match="LINKSTAR_AMAZON_NA_MARKETPLACE_IDS"):
        list(AmazonClient(store, core).search_orders(updated_after=OPENING))
