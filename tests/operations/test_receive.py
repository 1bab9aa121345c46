"""Push notifications, from platforms that deliver them badly to the reading that they prove."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.pulls import pull_stream
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.operations import processes, trial
from linkstar_pipelines.operations.push_queues import PushQueues
from linkstar_pipelines.operations.receive import connected
from linkstar_pipelines.schemas.platforms import PLATFORMS, Stream
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.ingest_windows import StreamOf
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.support import utc
from tests.support import TOKEN_KEY, running_sandbox, world_orders

OPENS = date(2026, 5, 10)
DAYS = [OPENS + timedelta(days=n) for n in range(4)]
NOW = "2026-05-13T05:00:00Z"
STORES = {
    "amazon": "na", "ebay": "ebus", "walmart": "wm1", "shopee": "spsg", "aliexpress": "ae1", "shopify": "sfus",
    "tiktok": "ttus",
}  # fmt: skip
OVER_HTTP = [platform for platform in STORES if platform != "amazon"]
FORGED = 6


@dataclass(frozen=True)
class Wire:
    """A sandbox, and the receiver that is connected to it."""

    sandbox: str
    receiver: str
    settings: Settings
    log: Path

    def deliver(self, platform: str, **how: Any) -> dict[str, Any]:
        code = STORES[platform].upper()
        to = {code: f"{self.receiver}/push/{platform}/{code.lower()}"}
        asked = {"to": to, "since": "2026-05-12T00:00:00Z", "until": NOW, **how}
        answer = httpx.post(f"{self.sandbox}/_control/pushes", json=asked, timeout=120)
        return dict(answer.raise_for_status().json()[code])


@contextmanager
def running_receiver(log: Path) -> Iterator[str]:
    """`linkstar receive` in a process of its own; yields its address."""
    port = processes.free_port(0)
    command = [str(Path(sys.executable).parent / "linkstar"), "receive", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
    try:
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                httpx.get(f"{url}/health").raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        assert process.wait(timeout=20) in {0, -15}


@pytest.fixture(scope="module")
def database(server_url: str) -> Iterator[Postgres]:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(b"CREATE DATABASE receive")
    database = Postgres(server_url.replace("/linkstar?", "/receive?"))
    database.migrate()
    yield database
    database.close()


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory, database: Postgres) -> Iterator[Wire]:
    folder, before = tmp_path_factory.mktemp("receive"), dict(os.environ)
    flags = (
        "--accounts", ",".join(STORES.values()), "--orders-per-day", "80", "--products", "20",
        "--rate-scale", "100000", "--opens", OPENS.isoformat(), "--clock", f"frozen:{NOW}",
        "--fault", "late_orders=0.9",
    )  # fmt: skip
    with running_sandbox(folder, *flags) as sandbox:
        trial.connect(sandbox, OPENS, platforms=PLATFORMS)
        os.environ |= {f"LINKSTAR_{platform.upper()}_STORES": store for platform, store in STORES.items()}
        os.environ |= {
            "LINKSTAR_DATA_DIR": str(folder / "data"),
            "LINKSTAR_POSTGRES_URL": database.url,
            "LINKSTAR_TOKEN_KEY": TOKEN_KEY.get_secret_value(),
            "LINKSTAR_WALMART_WM1_WEBHOOK_USER": "sandbox-client-wm1",
            "LINKSTAR_WALMART_WM1_WEBHOOK_PASSWORD": "sandbox-secret-wm1",
            "LINKSTAR_EBAY_EBUS_VERIFICATION_TOKEN": "71745723-d031-455c-bfa5-f90d11b4f20a",
            "LINKSTAR_AMAZON_NA_QUEUE_URL": f"{sandbox}/000000000000/na-notifications",
            "AWS_ACCESS_KEY_ID": "AKIALINKSTARSANDBOX1",
            "AWS_SECRET_ACCESS_KEY": "sandbox-secret-of-the-queues",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        with running_receiver(folder / "receiver.log") as receiver:
            yield Wire(sandbox, receiver, Settings(), folder / "receiver.log")
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def core(database: Postgres) -> Iterator[HttpCore]:
    with HttpCore(database, timeout=10, max_attempts=4, max_wait=60, token_key=TOKEN_KEY) as core:
        yield core


def kept(database: Postgres, platform: str) -> tuple[int, int]:
    """How many events are kept of a platform, and how often they were delivered."""
    ((events, deliveries),) = database.fetch(
        "SELECT count(*), coalesce(sum(deliveries), 0) FROM ops.push_event WHERE platform = %s", platform
    )
    return events, deliveries


@pytest.mark.parametrize("platform", OVER_HTTP)
def test_every_genuine_event_is_kept_once_and_no_forged_one(wire: Wire, database: Postgres, platform: str) -> None:
    told = wire.deliver(platform, duplicates=0.3, lost=0.1, shuffle=True, forged=FORGED)
    assert told["arriving"] > 5
    assert told["answers"] == {"genuine 200": told["arriving"] + told["twice"], "forged 401": FORGED}
    assert kept(database, platform) == (told["arriving"], told["arriving"] + told["twice"])
    orders = {order["orderId"] for order in world_orders(wire.sandbox, STORES[platform].upper())}
    named = {name for (name,) in database.fetch("SELECT record_id FROM ops.push_event WHERE platform = %s", platform)}
    assert named <= orders

    refusals = [line for line in wire.log.read_text().splitlines() if f"refused /push/{platform}/" in line]
    assert len(refusals) == FORGED
    assert f"number {FORGED} since the start" in refusals[-1]
    assert not any(order in "".join(refusals) for order in orders)


def test_messages_of_amazons_queue_are_kept_once_each_and_deleted(
    wire: Wire, core: HttpCore, database: Postgres
) -> None:
    orders = {order["orderId"] for order in world_orders(wire.sandbox, "NA")}
    named, deadline = set[str](), time.monotonic() + 30
    while named != orders and time.monotonic() < deadline:
        named = {name for (name,) in database.fetch("SELECT record_id FROM ops.push_event WHERE platform = 'amazon'")}
        time.sleep(0.2)
    assert named == orders
    events, deliveries = kept(database, "amazon")
    assert deliveries > events, "the queue gives some messages twice"
    queues = PushQueues(core, connected(wire.settings))
    assert [queues.take(url) for url in queues.urls] == [0], "what was kept is deleted"


def test_orders_that_the_listings_hide_are_found_by_their_notifications(wire: Wire, core: HttpCore) -> None:
    found = {}
    for platform, store in STORES.items():
        if platform != "amazon":
            wire.deliver(platform)
        where = StreamOf(platform, store, "orders")
        truth = world_orders(wire.sandbox, store.upper())
        told = core.push_events.records(*where.key, utc(2026, 5, 10), utc(2026, 5, 14))
        hidden = {order["orderId"] for order in truth if order["searchable"] is None} & told.keys()
        client = platform_named(platform).client(platform_named(platform).store.load(store), core)
        pulled = pull_stream(client, platform_named(platform), Stream.ORDERS, DAYS, readings=2, keep_personal=False)
        assert hidden <= set(pulled.rows["order_id"]), platform
        assert hidden <= set(core.windows.open_gaps(where)), platform
        found[platform] = len(hidden)
    assert sum(found.values()) > 3, found


def test_ebays_challenge_is_answered_for_the_address_that_was_asked(wire: Wire) -> None:
    address, code = f"{wire.receiver}/push/ebay/ebus", "71745723-d031-455c-bfa5-f90d11b4f20a"
    answer = httpx.get(address, params={"challenge_code": code})
    expected = hashlib.sha256(f"{code}{code}{address}".encode()).hexdigest()
    assert (answer.status_code, answer.json()) == (200, {"challengeResponse": expected})
    assert httpx.get(address).status_code == 401
    assert httpx.get(f"{wire.receiver}/push/shopee/spsg").status_code == 405


def test_what_is_no_notification_is_told_nothing(wire: Wire) -> None:
    def post(path: str, body: bytes = b"{}") -> tuple[int, bytes]:
        answer = httpx.post(wire.receiver + path, content=body)
        return answer.status_code, answer.content

    assert post("/push/ebay/ebus") == (401, b"")
    assert post("/push/ebay/nobody")[0] == 404
    assert post("/push/nowhere/ebus")[0] == 404
    assert post("/push/shopee/spsg", b"x" * 1_000_001)[0] == 413
    message = {"NotificationType": "ORDER_CHANGE", "NotificationMetadata": {"NotificationId": "n"}, "Payload": {}}
    assert post("/push/amazon/na", json.dumps(message).encode()) == (401, b""), "Amazon never delivers over HTTP"
