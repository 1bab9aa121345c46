"""Keeping the house clean: old runs, old log rows, small files.

Belongs here: the job `maintenance` and the pure rule of which runs may go.
Dagster itself prunes ticks only (`retention` in `dagster.yaml`); finished runs would stay for ever.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import dagster as dg

from linkstar_pipelines.settings import load_settings
from linkstar_pipelines.storage.answer_bodies import AnswerBodies
from linkstar_pipelines.storage.call_log import CallLog
from linkstar_pipelines.storage.lake import open_lake
from linkstar_pipelines.storage.postgres import open_postgres
from linkstar_pipelines.storage.push_events import PushEvents
from linkstar_pipelines.storage.tokens import token_key

_SNAPSHOT_DAYS: Final = 90  # how far back the lake can be read as it was
_BATCH: Final = 500


def removable(runs: Iterable[tuple[str, datetime]], keep: Collection[str], before: datetime) -> list[str]:
    """Which finished runs may be deleted.

    Args:
        runs: Id and end of each finished run.
        keep: Runs that hold the latest materialization of an asset or partition: the UI still points to them.
        before: Runs that ended before this instant may go.
    """
    kept = set(keep)
    return [run_id for run_id, ended in runs if ended < before and run_id not in kept]


def latest_runs(instance: dg.DagsterInstance) -> set[str]:
    """Runs that hold the latest materialization of any asset or of any of its partitions."""
    runs: set[str] = set()
    for key in instance.all_asset_keys():
        event = instance.get_latest_materialization_event(key)
        if event is not None:
            runs.add(event.run_id)
        storage_ids = instance.event_log_storage.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        if storage_ids:
            records = instance.get_event_records(
                dg.EventRecordsFilter(
                    dg.DagsterEventType.ASSET_MATERIALIZATION, asset_key=key, storage_ids=list(storage_ids.values())
                )
            )
            runs |= {record.event_log_entry.run_id for record in records}
    return runs


@dg.op
def prune_runs(context: dg.OpExecutionContext) -> None:
    """Delete finished runs older than `LINKSTAR_RUN_HISTORY_DAYS`."""
    before = datetime.now(UTC) - timedelta(days=load_settings().run_history_days)
    finished = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED],
        created_before=before,
    )
    instance = context.instance
    keep = latest_runs(instance)
    records = instance.get_run_records(finished, limit=_BATCH)
    ended = [(record.dagster_run.run_id, datetime.fromtimestamp(record.end_time or 0, UTC)) for record in records]
    gone = removable(ended, keep, before)
    for run_id in gone:
        instance.delete_run(run_id)
    context.add_output_metadata({"runs_deleted": len(gone), "runs_kept_as_latest": len(keep)})


@dg.op
def prune_call_log(context: dg.OpExecutionContext) -> None:
    """Delete API calls older than `LINKSTAR_CALL_LOG_DAYS`."""
    settings = load_settings()
    removed = CallLog(open_postgres(settings)).prune(settings.call_log_days)
    context.add_output_metadata({"calls_deleted": removed})


@dg.op
def prune_answer_bodies(context: dg.OpExecutionContext) -> None:
    """Delete raw answers older than `LINKSTAR_RAW_DAYS`."""
    settings = load_settings()
    bodies = AnswerBodies(open_postgres(settings), token_key(settings.token_key, settings.data_dir))
    context.add_output_metadata({"bodies_deleted": bodies.prune(settings.raw_days)})


@dg.op
def prune_push_events(context: dg.OpExecutionContext) -> None:
    """Delete push notifications that came more than `LINKSTAR_RAW_DAYS` ago."""
    settings = load_settings()
    removed = PushEvents(open_postgres(settings)).prune(settings.raw_days)
    context.add_output_metadata({"events_deleted": removed})


@dg.op
def compact_lake() -> None:
    """Merge small files and drop snapshots older than 90 days."""
    open_lake(load_settings()).compact(keep_days=_SNAPSHOT_DAYS)


@dg.job(description="Prunes old runs, API calls, answers, notifications; compacts the lake. Safe to run at any time.")
def maintenance() -> None:
    """Run them, independently."""
    prune_runs()
    prune_call_log()
    prune_answer_bodies()
    prune_push_events()
    compact_lake()
