"""How a table becomes an asset: one declaration and one publication for all of them.

Belongs here: the decorator that reads the catalog, and the metadata every materialization carries.
"""

import warnings
from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Any

import dagster as dg
import dataframely as dy
import polars as pl

from assets.partitions import DAILY
from linkstar_pipelines.connectors.pulls import Pulls
from linkstar_pipelines.quality.partition_results import withdraw
from linkstar_pipelines.schemas.catalog import Table, table_of
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.publishing import Mode

WIRE_RETRY = dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
STORES_ANSWERED = "every_store_answered"
WINDOWS_SEALED = "every_window_sealed"


def table_asset(
    schema: type[dy.Schema],
    *,
    deps: Sequence[type[dy.Schema]] = (),
    retry_policy: dg.RetryPolicy | None = None,
    stores_may_fail: bool = False,
    sealed: bool = False,
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Declare the asset of a table: key, group, partitions, owner, description and column schema from the catalog.

    Args:
        schema: The table's schema class.
        deps: Tables it reads.
        retry_policy: For steps that talk to the outside.
        stores_may_fail: Adds the check that names stores which could not be read.
        sealed: Adds the check that no window before the run's last day is unsealed.
    """
    table = table_of(schema)
    declaration: dict[str, Any] = {
        "key": dg.AssetKey(table.asset_key),
        "deps": [dg.AssetKey(table_of(dep).asset_key) for dep in deps],
        "group_name": table.asset_group,
        "description": f"{table.description}\n\n{table.description_zh}",
        "owners": [table.owner],
        "kinds": set(table.kinds),
        "tags": {"layer": table.layer},
        "partitions_def": DAILY if table.daily else None,
        "backfill_policy": dg.BackfillPolicy.single_run() if table.daily else None,
        "retry_policy": retry_policy,
        "metadata": {
            "dagster/table_name": table.full_name,
            "dagster/column_schema": column_schema(table),
        },
        "check_specs": [
            *([stores_answered_spec(table)] if stores_may_fail else []),
            *([windows_sealed_spec(table)] if sealed else []),
        ],
    }

    def declare(function: Callable[..., Any]) -> dg.AssetsDefinition:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # `backfill_policy` is beta in Dagster 1.13
            asset: dg.AssetsDefinition = dg.asset(**declaration)(function)
            return asset

    return declare


def column_schema(table: Table) -> dg.TableSchema:
    """The table's columns for the UI, with types, keys and descriptions."""
    keys = set(table.schema.primary_key())
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                type=str(column.dtype),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable, unique=keys == {name}, other=["primary key"] if name in keys else []
                ),
            )
            for name, column in table.schema.columns().items()
        ]
    )


def stores_answered_spec(table: Table) -> dg.AssetCheckSpec:
    """The check that a pull reached every connected store."""
    return dg.AssetCheckSpec(
        STORES_ANSWERED,
        asset=dg.AssetKey(table.asset_key),
        description="Every connected store could be read. A failing store never keeps the others from being read.",
    )


def windows_sealed_spec(table: Table) -> dg.AssetCheckSpec:
    """The check that nothing is missing: every window up to the run's last day is sealed."""
    return dg.AssetCheckSpec(
        WINDOWS_SEALED,
        asset=dg.AssetKey(table.asset_key),
        description="Every day up to the run's last one is proven whole, in every connected store; no record is known "
        "to be missing.",
    )


def publish(
    context: dg.AssetExecutionContext,
    lake: Lake,
    schema: type[dy.Schema],
    frame: pl.DataFrame,
    *,
    mode: Mode,
    rejected: pl.DataFrame | None = None,
    source_key: pl.Expr | None = None,
    days: Collection[date] | None = None,
    pulls: Pulls | None = None,
) -> dg.MaterializeResult:
    """Publish a frame to the lake and describe what happened.

    Raises:
        dagster.Failure: no store could be read.
    """
    if pulls is not None and pulls.failed and not pulls.done:
        raise dg.Failure(_failures(pulls), allow_retries=any(_transient(error) for error in pulls.failed.values()))
    done = lake.publish(schema, frame, mode=mode, rejected=rejected, source_key=source_key, run_id=context.run_id)
    metadata: dict[str, Any] = {
        "dagster/row_count": done.table_rows,
        "rows_seen": done.rows,
        "rows_written": done.written,
        "rows_quarantined": done.rejected,
    }
    if days is not None and len(days) > 1:
        _describe_partitions(context, frame, days)
    elif days is not None:
        metadata["dagster/partition_row_count"] = frame.height
    if pulls is None:
        return dg.MaterializeResult(metadata=metadata)
    withdraw(context, context.asset_key, [STORES_ANSWERED])
    return dg.MaterializeResult(metadata=metadata, check_results=[_stores_answered(pulls)])


def _describe_partitions(context: dg.AssetExecutionContext, frame: pl.DataFrame, days: Collection[date]) -> None:
    counts = dict(frame.group_by("changed_on").len().iter_rows())
    for day in days:
        rows = counts.get(day, 0)
        context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=day.isoformat())


def _stores_answered(pulls: Pulls) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=STORES_ANSWERED,
        passed=not pulls.failed,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "answered": [pull.store for pull in pulls.done],
            "readings": {pull.store: pull.readings for pull in pulls.done},
            "failed": {store: str(error) for store, error in pulls.failed.items()},
        },
    )


def _failures(pulls: Pulls) -> str:
    return "\n".join(str(error) for error in pulls.failed.values())


def _transient(error: Exception) -> bool:
    return bool(getattr(error, "transient", False))
