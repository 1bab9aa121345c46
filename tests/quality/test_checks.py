"""Checks in the graph, and the behavior of Dagster that they rely on.

Dagster's partitioned checks are a preview: these tests say what we count on, so that an upgrade that changes it fails.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from sqlalchemy import select

from linkstar_pipelines.quality import business
from linkstar_pipelines.quality.checks import build_checks
from linkstar_pipelines.quality.expectations import Expectation
from linkstar_pipelines.schemas.catalog import TABLES, Table, table_named
from linkstar_pipelines.schemas.core import OrderLines, Orders
from linkstar_pipelines.schemas.products import Listings
from linkstar_pipelines.schemas.streams import RAW_TABLES
from tests.quality.frames import TODAY, MemoryLake, valid_frame
from tests.support import DAGSTER_STORAGE

LISTINGS, ORDERS = table_named("core.listings"), table_named("core.orders")
YESTERDAY = TODAY - timedelta(days=1)
BEFORE = TODAY - timedelta(days=2)
OF_STREAMS = {"schema_as_known", "every_store_fresh"}
DAYS = dg.DailyPartitionsDefinition(start_date=BEFORE.isoformat(), end_date=(TODAY + timedelta(days=1)).isoformat())


def _asset(table: Table, partitions: dg.PartitionsDefinition[str] | None = None) -> dg.AssetsDefinition:
    @dg.asset(key=dg.AssetKey(table.asset_key), partitions_def=partitions)
    def made() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult()

    return made


@dg.asset(deps=[dg.AssetKey(LISTINGS.asset_key)])
def downstream() -> dg.MaterializeResult[None]:
    """An asset that uses the checked one."""
    return dg.MaterializeResult()


def _run_listings(frame: pl.DataFrame, **options: object) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [_asset(LISTINGS), build_checks(LISTINGS), downstream],
        resources={"lake": MemoryLake().put(Listings, frame)},
        raise_on_error=False,
        **options,  # type: ignore[arg-type]  # passed through as they are
    )


def _materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    return {event.asset_key.path[-1] for event in result.get_asset_materialization_events() if event.asset_key}


def _failed(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckSeverity]:
    return {e.check_name: e.severity for e in result.get_asset_check_evaluations() if not e.passed}


# --- blocking -----------------------------------------------------------------------------------------


def test_good_rows_pass_every_check_and_go_on() -> None:
    result = _run_listings(valid_frame(LISTINGS, 5))
    names = {evaluation.check_name for evaluation in result.get_asset_check_evaluations()}
    assert names == {expectation.check for expectation in business.expectations_of(LISTINGS)}
    assert _failed(result) == {}
    assert _materialized(result) == {"listings", "downstream"}


def test_a_broken_critical_check_stops_what_comes_downstream_in_the_same_run() -> None:
    result = _run_listings(valid_frame(LISTINGS, 5).with_columns(code=pl.lit("not a code")))
    assert _failed(result) == {"valid_values": dg.AssetCheckSeverity.ERROR}
    assert not result.success
    assert _materialized(result) == {"listings"}


def test_a_broken_warning_shows_and_lets_the_run_go_on() -> None:
    result = _run_listings(valid_frame(LISTINGS, 5).with_columns(currency=pl.lit(None, pl.String)))
    assert _failed(result) == {"prices_have_a_currency": dg.AssetCheckSeverity.WARN}
    assert result.success
    assert _materialized(result) == {"listings", "downstream"}


def test_an_expectation_that_raises_fails_the_step_and_is_no_failed_check(monkeypatch: pytest.MonkeyPatch) -> None:
    kwargs = {"column": "title", "regex": "("}
    wrong = Expectation("forms", "ExpectColumnValuesToMatchRegex", kwargs, "warning", "-")
    monkeypatch.setitem(business._BUSINESS, LISTINGS.full_name, [wrong])
    result = _run_listings(valid_frame(LISTINGS, 5).with_columns(title=pl.lit("a title")))
    assert not result.success
    assert result.get_asset_check_evaluations() == []
    (failure,) = (event for event in result.all_events if event.is_step_failure)
    assert failure.step_failure_data.user_failure_data is not None
    assert "core.listings: forms: ExpectColumnValuesToMatchRegex on title could not be evaluated" in str(
        failure.step_failure_data.user_failure_data.description
    )


def test_one_check_can_be_run_alone() -> None:
    key = dg.AssetCheckKey(dg.AssetKey(LISTINGS.asset_key), "no_duplicates")
    result = _run_listings(valid_frame(LISTINGS, 5), selection=dg.AssetSelection.checks(key))
    assert [evaluation.check_name for evaluation in result.get_asset_check_evaluations()] == ["no_duplicates"]


# --- what a person sees -------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_the_specs_say_what_is_expected_and_what_blocks(table: Table) -> None:
    partitions = DAYS if table.daily else None
    specs = [spec for spec in build_checks(table, partitions).check_specs if spec.name not in OF_STREAMS]
    severities = {expectation.check: expectation.severity for expectation in business.expectations_of(table)}
    assert {spec.name: spec.blocking for spec in specs} == {
        name: severity == "critical" for name, severity in severities.items()
    }
    assert all(spec.description and spec.partitions_def == partitions for spec in specs)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_raw_tables_of_streams_watch_their_form_and_those_read_by_change_time_their_age(table: Table) -> None:
    specs = [spec for spec in build_checks(table, DAYS if table.daily else None).check_specs if spec.name in OF_STREAMS]
    expected = {"schema_as_known"} if table.schema in RAW_TABLES.values() else set()
    expected |= {"every_store_fresh"} if expected and table.daily else set()
    assert {spec.name for spec in specs} == expected
    assert not any(spec.blocking or spec.partitions_def for spec in specs)


def test_the_result_tells_counts_thresholds_and_rows() -> None:
    frame = valid_frame(LISTINGS, 5).with_columns(currency=pl.when(pl.int_range(pl.len()) > 0).then(pl.lit("USD")))
    result = _run_listings(frame)
    (found,) = (e for e in result.get_asset_check_evaluations() if e.check_name == "prices_have_a_currency")
    assert found.metadata["rows"].value == 5
    assert found.metadata["rows_evaluated"].value == 5
    assert found.metadata["rows_unexpected"].value == 1
    table = found.metadata["expectations"]
    assert isinstance(table, dg.TableMetadataValue)
    assert table.records[0].data == {
        "passed": "NO",
        "expected": "A price states its currency.",
        "threshold": "every row",
        "evaluated": 5,
        "unexpected": 1,
        "percent": 20.0,
    }
    sample = found.metadata["sample"].value
    assert isinstance(sample, dict)
    (row,) = sample["A price states its currency."]
    assert row == frame.select(*Listings.primary_key(), "currency", pl.col("price").cast(pl.String)).row(0, named=True)


# --- partitions ---------------------------------------------------------------------------------------


def _orders() -> MemoryLake:
    """Nothing before yesterday; an unheard-of state yesterday; all well today."""
    days = pl.Series([YESTERDAY, YESTERDAY, TODAY, TODAY])
    states = pl.Series(["shipped", "unknown", "shipped", "shipped"])
    frame = valid_frame(ORDERS, 4).with_columns(
        changed_on=days, state=states, updated_at=days.cast(pl.Datetime("us", "UTC")), ordered_at=pl.lit(BEFORE)
    )
    frame = frame.with_columns(pl.col("ordered_at").cast(pl.Datetime("us", "UTC")))
    return MemoryLake().put(Orders, frame)


def _run_orders(instance: dg.DagsterInstance, first: date, last: date) -> dg.ExecuteInProcessResult:
    job = dg.Definitions(
        assets=[_asset(ORDERS, DAYS), _asset(LISTINGS)],
        asset_checks=[build_checks(ORDERS, DAYS), build_checks(LISTINGS)],
        resources={"lake": _orders().put(Listings, valid_frame(LISTINGS, 3))},
        executor=dg.in_process_executor,
    ).resolve_implicit_global_asset_job_def()
    if first == last:
        return job.execute_in_process(instance=instance, partition_key=first.isoformat(), raise_on_error=False)
    tags = {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }
    return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def _statuses(instance: dg.DagsterInstance, check: str, table: Table = ORDERS) -> dict[str | None, str]:
    key = dg.AssetCheckKey(dg.AssetKey(table.asset_key), check)
    infos = instance.event_log_storage.get_asset_check_partition_info([key])
    return {
        info.partition_key: info.latest_execution_status.value + ("" if info.is_current else " (outdated)")
        for info in infos
    }


def _of_partitions(statuses: dict[str | None, str]) -> dict[str, str]:
    return {day: status for day, status in statuses.items() if day is not None}


def _rows_by_status(instance: dg.DagsterInstance) -> Counter[str]:
    table = AssetCheckExecutionsTable
    with instance.event_log_storage.index_connection() as connection:  # type: ignore[attr-defined]  # of SQL storages
        return Counter(connection.execute(select(table.c.execution_status)).scalars())


@pytest.fixture(params=["sqlite", "postgres"])
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance on the storage of tests, and on that of installations."""
    if request.param == "sqlite":
        with dg.instance_for_test(temp_dir=str(tmp_path)) as made:
            yield made
    else:
        request.getfixturevalue("settings")
        with dg.instance_for_test(temp_dir=str(tmp_path), overrides={"storage": DAGSTER_STORAGE}) as made:
            yield made


def test_a_run_of_one_partition_has_a_result_for_that_partition(instance: dg.DagsterInstance) -> None:
    _run_orders(instance, YESTERDAY, YESTERDAY)
    _run_orders(instance, TODAY, TODAY)
    assert _statuses(instance, "states_known") == {str(YESTERDAY): "FAILED", str(TODAY): "SUCCEEDED"}
    assert "PLANNED" not in _rows_by_status(instance)


def test_a_run_over_partitions_has_a_result_for_each_of_them(instance: dg.DagsterInstance) -> None:
    result = _run_orders(instance, BEFORE, TODAY)
    assert result.success
    expected = {str(BEFORE): "SUCCEEDED", str(YESTERDAY): "FAILED", str(TODAY): "SUCCEEDED"}
    assert _of_partitions(_statuses(instance, "states_known")) == expected
    # A table without partitions in the same run.
    assert _statuses(instance, "no_duplicates", LISTINGS) == {None: "SUCCEEDED"}
    assert "PLANNED" not in _rows_by_status(instance)

    logged = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    evaluations = [entry.get_dagster_event().asset_check_evaluation_data for entry in logged]
    (found,) = (e for e in evaluations if e.check_name == "states_known" and e.partition == str(YESTERDAY))
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert (found.metadata["rows_evaluated"].value, found.metadata["rows_unexpected"].value) == (2, 1)

    instance.report_runless_asset_event(
        dg.AssetMaterialization(dg.AssetKey(ORDERS.asset_key), partition=TODAY.isoformat())
    )
    newer = expected | {str(TODAY): "SUCCEEDED (outdated)"}
    assert _of_partitions(_statuses(instance, "states_known")) == newer


def test_dagster_alone_leaves_the_partitions_of_such_a_run_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When this fails, Dagster has learned it: `partition_results.py` can go."""
    monkeypatch.setattr("linkstar_pipelines.quality.checks.record", lambda *_results: None)
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        _run_orders(instance, BEFORE, TODAY)
        statuses = _of_partitions(_statuses(instance, "states_known"))
    assert [status.split()[0] for status in statuses.values()] == ["PLANNED"] * 3


def test_a_table_without_order_lines_has_nothing_to_reconcile() -> None:
    table = table_named("core.order_lines")
    result = dg.materialize(
        [_asset(table), build_checks(table)],
        resources={"lake": MemoryLake().put(OrderLines, valid_frame(table, 0))},
    )
    assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
