"""Fixtures shared by all tests: one PostgreSQL server for all workers, a database and a lake for each test."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from linkstar_pipelines.settings import Settings, load_settings
from linkstar_pipelines.storage.embedded import EmbeddedPostgres
from linkstar_pipelines.storage.lake import Lake, open_lake
from linkstar_pipelines.storage.postgres import Postgres, open_postgres
from tests.support import running_sandbox


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """One embedded server, shared by every worker of the session."""
    base = tmp_path_factory.getbasetemp()
    server = EmbeddedPostgres((base if worker_id == "master" else base.parent) / "postgres")
    yield server.acquire()
    server.release()


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """A fresh database on that server."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield server_url.replace("/linkstar?", f"/{name}?")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An empty installation: its environment is set for this process and its children."""
    monkeypatch.setenv("LINKSTAR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LINKSTAR_POSTGRES_URL", database_url)
    return load_settings()


@pytest.fixture
def postgres(settings: Settings) -> Iterator[Postgres]:
    """The migrated operational database of a fresh installation."""
    database = open_postgres(settings)
    yield database
    database.close()


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    """The empty lake of a fresh installation."""
    opened = open_lake(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sandbox without faults whose clock stands at the close of its order book; one per worker."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), "--rate-scale", "100000") as url:
        yield url
