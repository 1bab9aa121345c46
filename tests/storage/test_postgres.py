"""The operational database: its URLs, its migrations, and Dagster's storage on it."""

from pathlib import Path

import pytest
from psycopg import conninfo

from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.embedded import PostgresUnavailableError
from linkstar_pipelines.storage.postgres import SCHEMAS, Postgres, open_postgres
from tests.storage.support import finish, start

MIGRATE = "import sys; from linkstar_pipelines.storage.postgres import Postgres; Postgres(sys.argv[1]).migrate()"


def tables(postgres: Postgres) -> list[str]:
    rows = postgres.fetch("SELECT table_name FROM information_schema.tables WHERE table_schema = 'ops' ORDER BY 1")
    return [name for (name,) in rows]


def test_migrations_make_the_three_schemas_and_may_be_repeated(postgres: Postgres) -> None:
    before = tables(postgres)
    postgres.execute("INSERT INTO ops.rate_budget VALUES ('amazon', 'na', 'searchOrders', 1, 1, 1)")
    postgres.migrate()
    assert tables(postgres) == before
    assert {"api_call", "page_tally", "rate_budget", "schema_version"} <= set(before)
    assert postgres.fetch("SELECT count(*) FROM ops.rate_budget") == [(1,)]
    schemas = postgres.fetch("SELECT schema_name FROM information_schema.schemata")
    assert set(SCHEMAS) <= {name for (name,) in schemas}


def test_four_processes_may_migrate_a_new_database_at_once(database_url: str) -> None:
    finish([start(MIGRATE, database_url) for _ in range(4)])
    postgres = Postgres(database_url)
    assert len(postgres.fetch("SELECT * FROM ops.schema_version")) == 1
    postgres.close()


def test_an_error_within_a_connection_rolls_everything_back(postgres: Postgres) -> None:
    def work() -> None:
        with postgres.connection() as connection:
            connection.execute("CREATE TABLE ops.half_done (x int)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert "half_done" not in tables(postgres)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p%40ss@db:5433/shop?sslmode=require", "postgresql+psycopg://u:p%40ss@db:5433/shop?sslmode=require"),
        ("postgresql:///shop?host=/run/pg", "postgresql+psycopg:///shop?host=%2Frun%2Fpg"),
        ("postgres://db/shop", "postgresql+psycopg://db/shop"),
    ],
)  # fmt: skip
def test_urls_for_sqlalchemy_keep_every_part(url: str, expected: str) -> None:
    from sqlalchemy import make_url

    assert make_url(Postgres(url).sqlalchemy_url) == make_url(expected)


def test_dagsters_url_names_psycopg2_and_its_own_schema() -> None:
    from sqlalchemy import make_url

    url = make_url(Postgres("postgresql://u:p%40ss@db/shop").dagster_url)
    assert (url.drivername, url.password, url.query["options"]) == (
        "postgresql+psycopg2",
        "p@ss",
        "-csearch_path=dagster",
    )


def test_the_lakes_connection_string_survives_any_password() -> None:
    dsn = Postgres("postgresql://u:p%40s%27s%20@db:5433/shop").ducklake_dsn
    assert conninfo.conninfo_to_dict(dsn).get("password") == "p@s's "
    assert "://" not in dsn


def opened_with(url: str, tmp_path: Path) -> str:
    with pytest.raises(PostgresUnavailableError) as caught:
        open_postgres(Settings(data_dir=tmp_path, postgres_url=url))
    return str(caught.value)


def test_an_unreachable_server_is_named_with_the_setting_to_check(tmp_path: Path) -> None:
    words = opened_with("postgresql://u:top-secret@127.0.0.1:1/shop", tmp_path)
    assert "127.0.0.1:1" in words
    assert "LINKSTAR_POSTGRES_URL" in words
    assert "top-secret" not in words


@pytest.mark.parametrize("url", ["postgresq://u:top-secret@db/shop", "mysql://u:top-secret@db/shop", "top-secret"])
def test_what_is_no_postgresql_url_is_refused_without_showing_its_password(url: str, tmp_path: Path) -> None:
    words = opened_with(url, tmp_path)
    assert "LINKSTAR_POSTGRES_URL is no PostgreSQL URL" in words
    assert "top-secret" not in words


def test_a_database_that_does_not_exist_is_named(server_url: str, tmp_path: Path) -> None:
    assert "no_such_database" in opened_with(server_url.replace("/linkstar?", "/no_such_database?"), tmp_path)
