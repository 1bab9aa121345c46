"""Stores, cores without waiting, and scripted platforms for the tests of the wire."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.settings import AmazonStore
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.support import Script, amazon_store
from tests.support import TOKEN_KEY

MakeCore = Callable[..., HttpCore]


@pytest.fixture(scope="session")
def wire_database(server_url: str) -> Iterator[Postgres]:
    """One migrated database for all tests of the wire in this worker: they need three small tables only."""
    name = f"wire_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    database = Postgres(server_url.replace("/linkstar?", f"/{name}?"))
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def postgres(wire_database: Postgres) -> Postgres:
    """That database with nothing in the wire's tables."""
    wire_database.execute(
        "TRUNCATE ops.rate_budget, ops.page_tally, ops.api_call, ops.store_token, "
        "ops.ingest_window, ops.ingest_gap, ops.answer_pull, ops.answer, ops.answer_body, ops.push_event"
    )
    return wire_database


@pytest.fixture
def store() -> AmazonStore:
    """A store whose platform is scripted by the test."""
    return amazon_store("na", "https://amazon.test")


@pytest.fixture
def script() -> Script:
    """The platform's side: answers in the order the test gives them."""
    return Script()


@pytest.fixture
def make_core(postgres: Postgres, script: Script) -> Iterator[MakeCore]:
    """Make cores that talk to the script and note their pauses instead of sleeping."""
    cores: list[HttpCore] = []

    def make(**options: Any) -> HttpCore:
        options = {
            "timeout": 5.0,
            "max_attempts": 4,
            "max_wait": 30.0,
            "sleep": script.pauses.append,
            "token_key": TOKEN_KEY,
            **options,
        }
        options.setdefault("client", httpx.Client(transport=httpx.MockTransport(script)))
        cores.append(HttpCore(postgres, **options))
        return cores[-1]

    yield make
    for core in cores:
        core.close()


@pytest.fixture
def client(store: AmazonStore, make_core: MakeCore) -> AmazonClient:
    """A client of the scripted platform."""
    return AmazonClient(store, make_core())
