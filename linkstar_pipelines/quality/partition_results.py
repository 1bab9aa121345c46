"""Check results of single partitions in a run over many, written so that Dagster shows each partition as it is.

Belongs here: turning results per partition into events of the run, and storing them in one transaction; taking back
announcements that nothing will follow.
Does not belong here: making the results (`checks.py`).

Why it is needed: in a run over several partitions Dagster 1.13 announces a check for each of them, but records its
result for none, which leaves all of them "planned" for good. Why it is done in one go: recorded one by one, a result
costs 20 to 50 ms on Postgres, and half a year of one table's partitions would take a minute.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (  # no public name
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus  # no public name
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable  # no public name
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage  # no public name
from dagster_postgres import PostgresEventLogStorage

_CHUNK: Final = 500
_PARTITION_TAGS: Final = frozenset({"dagster/partition", "dagster/asset_partition_range_start"})
_Context: TypeAlias = dg.AssetCheckExecutionContext | dg.AssetExecutionContext


@dataclass(frozen=True)
class PartitionResult:
    """Result of one check for one partition."""

    check_name: str
    partition: str
    passed: bool
    severity: dg.AssetCheckSeverity
    blocking: bool
    metadata: Mapping[str, Any]


def record(context: _Context, asset_key: dg.AssetKey, results: Sequence[PartitionResult]) -> None:
    """Record results under the run of `context`, in the place of its announcements.

    On Postgres this is one transaction per 500 results; on other storages (tests) one event after the other.

    Args:
        context: Context of the check step.
        asset_key: The checked asset.
        results: One per check and partition.
    """
    instance = context.instance
    targets = _latest_materializations(instance, asset_key, {result.partition for result in results})
    entries = [_entry(context, asset_key, result, targets.get(result.partition)) for result in results]
    storage = instance.event_log_storage
    if not isinstance(storage, PostgresEventLogStorage):
        for entry in entries:
            instance.handle_new_event(entry)
        return
    for start in range(0, len(entries), _CHUNK):
        _store(storage, entries[start : start + _CHUNK])


def withdraw(context: _Context, asset_key: dg.AssetKey, check_names: Collection[str]) -> None:
    """Take back what Dagster announced per partition for checks that have no partitions.

    In a run over partitions it announces them for each, too, and nothing ever follows. Call it before the result is
    given. Runs without partitions, and storages that are no database, need nothing.

    Args:
        context: Context of the step that gives the results.
        asset_key: The checked asset.
        check_names: Its checks without partitions.
    """
    storage = context.instance.event_log_storage
    if not context.run.tags.keys() & _PARTITION_TAGS or not isinstance(storage, SqlEventLogStorage):
        return
    table = AssetCheckExecutionsTable
    with storage.index_transaction() as connection:
        connection.execute(
            table.delete().where(
                table.c.run_id == context.run.run_id,
                table.c.asset_key == asset_key.to_string(),
                table.c.check_name.in_(list(check_names)),
                table.c.partition.is_not(None),
                table.c.execution_status == AssetCheckExecutionRecordStatus.PLANNED.value,
            )
        )


def _latest_materializations(
    instance: dg.DagsterInstance, asset_key: dg.AssetKey, partitions: Collection[str]
) -> dict[str, AssetCheckEvaluationTargetMaterializationData]:
    """What is judged: without it, Dagster takes the result of a partition for outdated."""
    newest = instance.get_latest_storage_id_by_partition(
        asset_key, dg.DagsterEventType.ASSET_MATERIALIZATION, set(partitions)
    )
    if not newest:
        return {}
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=asset_key, storage_ids=sorted(newest.values())), limit=len(newest)
    )
    return {
        entry.partition_key: AssetCheckEvaluationTargetMaterializationData(
            storage_id=entry.storage_id, run_id=entry.run_id, timestamp=entry.timestamp
        )
        for entry in found.records
        if entry.partition_key is not None
    }


def _entry(
    context: _Context,
    asset_key: dg.AssetKey,
    result: PartitionResult,
    target: AssetCheckEvaluationTargetMaterializationData | None,
) -> dg.EventLogEntry:
    evaluation = dg.AssetCheckEvaluation(
        asset_key=asset_key,
        check_name=result.check_name,
        passed=result.passed,
        metadata=result.metadata,
        target_materialization_data=target,
        severity=result.severity,
        blocking=result.blocking,
        partition=result.partition,
    )
    step_key = context.get_step_execution_context().step.key
    event = dg.DagsterEvent(
        event_type_value=dg.DagsterEventType.ASSET_CHECK_EVALUATION.value,
        event_specific_data=evaluation,
        job_name=context.run.job_name,
        step_key=step_key,
    )
    return dg.EventLogEntry(  # type: ignore[no-untyped-call]  # Dagster left its constructor untyped
        error_info=None,
        level="info",
        user_message="",
        run_id=context.run.run_id,
        timestamp=time.time(),
        step_key=step_key,
        job_name=context.run.job_name,
        dagster_event=event,
    )


def _store(storage: PostgresEventLogStorage, entries: Sequence[dg.EventLogEntry]) -> None:
    """What `store_event` does for each entry, for all of them at once."""
    table = AssetCheckExecutionsTable
    with storage.index_transaction() as connection:
        inserted = connection.execute(
            storage.prepare_insert_event_batch(entries).returning(SqlEventLogStorageTable.c.id)
        )
        rows = [_row(entry, event_id) for entry, event_id in zip(entries, inserted.scalars(), strict=True)]
        connection.execute(
            table.delete().where(
                table.c.run_id == entries[0].run_id,
                table.c.asset_key == rows[0]["asset_key"],
                table.c.check_name.in_({row["check_name"] for row in rows}),
                table.c.partition.in_({row["partition"] for row in rows}),
                table.c.execution_status == AssetCheckExecutionRecordStatus.PLANNED.value,
            )
        )
        connection.execute(table.insert().values(rows))


def _row(entry: dg.EventLogEntry, event_id: int) -> dict[str, Any]:
    evaluation = entry.get_dagster_event().asset_check_evaluation_data
    status = AssetCheckExecutionRecordStatus.SUCCEEDED if evaluation.passed else AssetCheckExecutionRecordStatus.FAILED
    target = evaluation.target_materialization_data
    return {
        "asset_key": evaluation.asset_key.to_string(),
        "check_name": evaluation.check_name,
        "partition": evaluation.partition,
        "run_id": entry.run_id,
        "execution_status": status.value,
        "evaluation_event": dg.serialize_value(entry),
        "evaluation_event_timestamp": datetime.fromtimestamp(entry.timestamp, UTC).replace(
            tzinfo=None
        ),  # as Dagster does
        "evaluation_event_storage_id": event_id,
        "materialization_event_storage_id": target.storage_id if target else None,
    }
