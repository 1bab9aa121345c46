"""The addresses of push notifications: whose each is, what is signed, and what happens when nothing can be kept."""

import hashlib
import hmac
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from pydantic import SecretStr

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.shopee.store import ShopeeStore
from linkstar_pipelines.operations.push_app import PushApp
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.shopee.support import shopee_store
from tests.support import TOKEN_KEY

KEY, PUBLIC, ORDER = "the-partner-key", "https://hooks.example.com", "220810QSK8S7BX"
SHOPS = {"spsg": 727720655, "spmy": 727720656}


@pytest.fixture
def core(postgres: Postgres) -> Iterator[HttpCore]:
    with HttpCore(postgres, timeout=5, max_attempts=1, max_wait=5, token_key=TOKEN_KEY) as core:
        yield core


def shops() -> dict[str, ShopeeStore]:
    """Two shops of one application: the same key."""
    return {
        name: shopee_store(name, "https://shopee.test", shop_id=shop, partner_key=SecretStr(KEY), push_url="")
        for name, shop in SHOPS.items()
    }


@contextmanager
def serving(core: HttpCore, public: str = PUBLIC) -> Iterator[httpx.Client]:
    """The application behind a real port; yields a client of it."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = PushApp(core, {"shopee": shops()}, public).routes()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
        yield client
    server.should_exit = True
    thread.join()


def pushed(shop: str, path: str) -> tuple[bytes, dict[str, str]]:
    """A push of a shop and its headers, signed for the address as Shopee knows it."""
    data = {"items": [], "ordersn": ORDER, "status": "PROCESSED", "completed_scenario": "", "update_time": 1660123127}
    body = json.dumps({"data": data, "shop_id": SHOPS[shop], "code": 3, "timestamp": 1660123127}).encode()
    base = f"{PUBLIC}{path}|".encode() + body
    return body, {"Authorization": hmac.new(KEY.encode(), base, hashlib.sha256).hexdigest()}


def test_what_is_signed_is_the_public_address_and_not_the_one_behind_the_proxy(core: HttpCore) -> None:
    body, headers = pushed("spsg", "/push/shopee/spsg")
    with serving(core) as client:
        answer = client.post("/push/shopee/spsg", content=body, headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
    with serving(core, public="") as client:
        assert client.post("/push/shopee/spsg", content=body, headers=headers).status_code == 401


def test_at_the_address_of_a_platform_the_notification_finds_its_store(core: HttpCore, postgres: Postgres) -> None:
    with serving(core) as client:
        for shop in SHOPS:
            body, headers = pushed(shop, "/push/shopee")
            assert client.post("/push/shopee", content=body, headers=headers).status_code == 200
    rows = postgres.fetch("SELECT store, record_id, stream, deliveries FROM ops.push_event ORDER BY store")
    assert rows == [(shop, ORDER, "orders", 1) for shop in sorted(SHOPS)]


def test_a_refusal_is_counted_with_its_reason_and_without_the_body(
    core: HttpCore, postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    body, headers = pushed("spmy", "/push/shopee/spsg")
    with serving(core) as client, caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert client.post("/push/shopee/spsg", content=body, headers=headers).status_code == 401
    assert [record.message for record in caplog.records] == [
        f"refused /push/shopee/spsg, number {n} since the start: shopee store 'spsg': the push is about another shop."
        for n in (1, 2)
    ]
    assert postgres.fetch("SELECT count(*) FROM ops.push_event") == [(0,)]


def test_while_nothing_can_be_kept_the_platform_is_told_to_come_again() -> None:
    nowhere = Postgres("postgresql://nobody@127.0.0.1:1/none")
    body, headers = pushed("spsg", "/push/shopee/spsg")
    with (
        HttpCore(nowhere, timeout=1, max_attempts=1, max_wait=1, token_key=TOKEN_KEY) as core,
        serving(core) as client,
    ):
        assert client.post("/push/shopee/spsg", content=body, headers=headers).status_code == 503
    nowhere.close()


def test_a_database_that_refuses_is_named_without_what_it_should_have_kept(
    core: HttpCore, postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    postgres.execute("ALTER TABLE ops.push_event ADD CHECK (record_id IS NULL)")
    body, headers = pushed("spsg", "/push/shopee/spsg")
    with serving(core) as client:
        assert client.post("/push/shopee/spsg", content=body, headers=headers).status_code == 503
    (record,) = caplog.records
    assert "sends it again: the database: CheckViolation" in record.message
    assert ORDER not in caplog.text
