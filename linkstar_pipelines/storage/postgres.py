"""The operational database: one URL, three schemas, migrations applied before first use.

Belongs here: finding or starting the server, connections, and the URLs that Dagster and the lake need.
Does not belong here: the tables' meaning; each lives with its user (`rate_budget.py`, `call_log.py`, ...).

| schema | holds |
|---|---|
| `ops` | the product's operational tables (migrations in `migrations/`) |
| `dagster` | Dagster's runs, events and schedules (`dagster-postgres`) |
| `lake` | DuckLake's catalog |
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import psycopg
from psycopg import conninfo
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.embedded import EmbeddedPostgres, PostgresUnavailableError

Connection = psycopg.Connection[TupleRow]
SCHEMAS: Final = ("ops", "dagster", "lake")
_MIGRATION_LOCK: Final = 7_526_174_110  # any constant of our own: one migrating process at a time


class Postgres:
    """The operational database of this installation."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._pool: ConnectionPool[Connection] | None = None

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a pooled connection; commits at the end of the block, rolls back on an error.

        Raises:
            PostgresUnavailableError: the server does not answer.
        """
        if self._pool is None:
            self._pool = ConnectionPool(
                self.url, min_size=0, max_size=8, open=True, timeout=30, check=ConnectionPool.check_connection
            )
        with self._pool.connection() as connection:
            yield connection

    def fetch(self, query: str, *values: object) -> list[TupleRow]:
        """Run one query and return its rows."""
        with self.connection() as connection:
            return connection.execute(query.encode(), values).fetchall()

    def execute(self, statement: str, *values: object) -> int:
        """Run one statement and return the number of rows it touched."""
        with self.connection() as connection:
            return connection.execute(statement.encode(), values).rowcount

    def close(self) -> None:
        """Give the pool's connections back."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    @property
    def sqlalchemy_url(self) -> str:
        """URL for SQLAlchemy with psycopg 3 (migrations)."""
        return self._with_scheme("postgresql+psycopg")

    @property
    def dagster_url(self) -> str:
        """URL for `dagster-postgres`: psycopg 2, which a bare `postgresql://` no longer means, own schema."""
        return self._with_scheme("postgresql+psycopg2", options="-csearch_path=dagster")

    @property
    def ducklake_dsn(self) -> str:
        """Libpq key-value string for DuckLake's catalog."""
        return conninfo.make_conninfo("", **conninfo.conninfo_to_dict(self.url))

    def _with_scheme(self, scheme: str, **extra: str) -> str:
        parts = urlsplit(self.url)
        query = urlencode([*parse_qsl(parts.query), *extra.items()], quote_via=quote)
        return f"{scheme}://{parts.netloc}{parts.path}{'?' if query else ''}{query}"

    def migrate(self) -> None:
        """Bring the `ops` schema to the newest version; safe to repeat and to run from several processes."""
        from alembic import command
        from alembic.config import Config

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
            for schema in SCHEMAS:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}".encode())
            config = Config()
            config.set_main_option("script_location", "linkstar_pipelines.storage:migrations")
            config.attributes["url"] = self.sqlalchemy_url
            command.upgrade(config, "head")


def check_url(url: str) -> None:
    """Refuse what is no PostgreSQL URL, without repeating it: it may hold a password.

    Raises:
        PostgresUnavailableError: it is none.
    """
    try:
        conninfo.conninfo_to_dict(url)
        well_formed = url.startswith(("postgresql://", "postgres://"))
    except psycopg.ProgrammingError:
        well_formed = False
    if not well_formed:
        raise PostgresUnavailableError(
            "LINKSTAR_POSTGRES_URL is no PostgreSQL URL. Write it as postgresql://user:password@host:5432/database, "
            "with special characters of the password percent-encoded, or unset it to use the embedded server."
        )


@lru_cache(maxsize=4)
def _open(data_dir: Any, url: str | None) -> Postgres:
    if url is None:
        url = EmbeddedPostgres(data_dir / "postgres").acquire()
    else:
        check_url(url)
    postgres = Postgres(url)
    try:
        postgres.migrate()
    except psycopg.OperationalError as error:
        where = conninfo.conninfo_to_dict(url)
        raise PostgresUnavailableError(
            f"PostgreSQL at {where.get('host')}:{where.get('port', 5432)} does not answer: {error}\n"
            "Check LINKSTAR_POSTGRES_URL, or unset it to use the embedded server."
        ) from None
    return postgres


def open_postgres(settings: Settings) -> Postgres:
    """Return the database of these settings, started and migrated; one per process.

    Raises:
        PostgresUnavailableError: it cannot be started or reached.
    """
    url = settings.postgres_url.get_secret_value() if settings.postgres_url else None
    return _open(settings.data_dir, url)
