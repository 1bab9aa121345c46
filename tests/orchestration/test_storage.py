"""Dagster's storage on the product's Postgres."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from linkstar_pipelines.orchestration.jobs import range_tags
from linkstar_pipelines.settings import Settings
from tests.support import DAGSTER_STORAGE

DAYS = dg.DailyPartitionsDefinition("2026-03-01", end_date="2026-04-01")
FIRST, LAST = "2026-03-02", "2026-03-11"


@pytest.fixture
def instance(settings: Settings, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance of a fresh installation."""
    with dg.instance_for_test(temp_dir=str(tmp_path), overrides={"storage": DAGSTER_STORAGE}) as made:
        yield made


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def orders() -> None:
    """A table by days."""


@dg.asset(deps=[orders])
def report() -> None:
    """A table without days."""


def run_over_days(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = dg.Definitions(assets=[orders, report]).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, tags=range_tags(FIRST, LAST))


def events(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> Counter[tuple[str, str | None]]:
    """How often each partition of each asset has an event of a kind."""
    logged = [entry.get_dagster_event() for entry in instance.all_logs(run_id, of_type=kind)]
    return Counter((event.asset_key.to_user_string(), event.partition) for event in logged if event.asset_key)


def test_runs_are_kept_in_their_own_schema(instance: dg.DagsterInstance, database_url: str) -> None:
    result = run_over_days(instance)
    assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.SUCCESS]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT run_id FROM dagster.runs").fetchall() == [(result.run_id,)]


def test_a_run_over_days_announces_each_of_them_once(instance: dg.DagsterInstance) -> None:
    result = run_over_days(instance)
    announced = events(instance, result.run_id, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    assert announced == events(instance, result.run_id, dg.DagsterEventType.ASSET_MATERIALIZATION)
    assert sorted(announced) == [*(("orders", f"2026-03-{day:02}") for day in range(2, 12)), ("report", None)]
    assert set(announced.values()) == {1}


def test_an_announced_asset_is_known_before_it_is_made(instance: dg.DagsterInstance) -> None:
    job = dg.Definitions(assets=[orders, report]).resolve_implicit_global_asset_job_def()
    run = instance.create_run_for_job(job, tags=range_tags(FIRST, LAST), asset_selection={orders.key})
    (record,) = instance.get_asset_records([orders.key])
    assert record.asset_entry.last_run_id == run.run_id
    assert set(instance.get_asset_keys()) == {orders.key}


def test_a_restart_of_the_server_goes_unnoticed(instance: dg.DagsterInstance, database_url: str) -> None:
    run_over_days(instance)
    with psycopg.connect(database_url, autocommit=True) as connection:
        cut = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    assert cut, "the storage holds no connection open"
    assert run_over_days(instance).success


def test_the_same_connections_serve_run_after_run(instance: dg.DagsterInstance, database_url: str) -> None:
    def open_connections() -> set[int]:
        with psycopg.connect(database_url) as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchall()
        return {pid for (pid,) in rows}

    run_over_days(instance)
    before = open_connections()
    run_over_days(instance)
    assert open_connections() == before
    assert 1 <= len(before) <= 6
