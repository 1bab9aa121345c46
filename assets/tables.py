"""How a table becomes an asset: one declaration and one publication for all of them.

Belongs here: the decorator that reads the catalog, and the metadata every materialization carries.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Any

import dagster as dg
import dataframely as dy
import polars as pl

from assets.partitions import DAILY
from linkstar_pipelines.connectors.pulls import Pulls
from linkstar_pipelines.connectors.stores import StoreFailure
from linkstar_pipelines.quality.partition_results import withdraw
from linkstar_pipelines.schemas.catalog import Table, table_of
from linkstar_pipelines.storage.lake import Lake, Published
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


class Publication:
    """What a run publishes to one table, whole or part by part, each part in a transaction of its own.

    Args:
        context: Context of the asset.
        lake: The lake.
        schema: The table.
        mode: How rows meet those that are there.
        source_key: How a row's source key follows from its columns (`Lake.publish`).
        days: The run's partitions, for daily tables.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        lake: Lake,
        schema: type[dy.Schema],
        *,
        mode: Mode,
        source_key: pl.Expr | None = None,
        days: Collection[date] | None = None,
    ) -> None:
        self._context, self._lake, self._schema = context, lake, schema
        self._mode, self._source_key, self._days = mode, source_key, days
        self._rows_by_day: Counter[date] = Counter()
        self._done: list[Published] = []
        self._from_stores = False
        self._readings: dict[str, int] = {}
        self._failed: dict[str, StoreFailure] = {}

    def add(self, frame: pl.DataFrame, rejected: pl.DataFrame | None = None, ended: pl.DataFrame | None = None) -> None:
        """Publish some rows, what was refused beside them, and the keys of those that are no more."""
        self._done.append(
            self._lake.publish(
                self._schema, frame, mode=self._mode, rejected=rejected, source_key=self._source_key, ended=ended,
                run_id=self._context.run.run_id,
            )
        )  # fmt: skip
        if self._days is not None:
            self._rows_by_day.update(dict(frame.group_by("changed_on").len().iter_rows()))

    def pulled(self, pulls: Pulls) -> None:
        """Publish what the stores said.

        Raises:
            dagster.Failure: no store could be read.
        """
        if pulls.failed and not pulls.done:
            words = "\n".join(str(error) for error in pulls.failed.values())
            raise dg.Failure(words, allow_retries=any(_transient(error) for error in pulls.failed.values()))
        self._from_stores = True
        self._failed |= pulls.failed
        for pull in pulls.done:
            self._readings[pull.store] = max(pull.readings, self._readings.get(pull.store, 0))
        self.add(pulls.rows(self._schema), pulls.rejected)

    def result(self) -> dg.MaterializeResult:
        """Describe what happened."""
        metadata: dict[str, Any] = {
            "dagster/row_count": self._done[-1].table_rows,
            "rows_seen": sum(done.rows for done in self._done),
            "rows_written": sum(done.written for done in self._done),
            "rows_quarantined": sum(done.rejected for done in self._done),
        }
        if self._days is not None and len(self._days) > 1:
            for day in self._days:
                rows = {"dagster/partition_row_count": self._rows_by_day[day]}
                self._context.add_asset_metadata(rows, partition_key=day.isoformat())
        elif self._days is not None:
            metadata["dagster/partition_row_count"] = self._rows_by_day.total()
        if not self._from_stores:
            return dg.MaterializeResult(metadata=metadata)
        withdraw(self._context, self._context.asset_key, [STORES_ANSWERED])
        return dg.MaterializeResult(metadata=metadata, check_results=[self._stores_answered()])

    def _stores_answered(self) -> dg.AssetCheckResult:
        return dg.AssetCheckResult(
            check_name=STORES_ANSWERED,
            passed=not self._failed,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={
                "answered": [store for store in self._readings if store not in self._failed],
                "readings": {store: n for store, n in self._readings.items() if store not in self._failed},
                "failed": {store: str(error) for store, error in self._failed.items()},
            },
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
) -> dg.MaterializeResult:
    """Publish a frame to the lake in one go and describe what happened; arguments as of `Publication`."""
    publication = Publication(context, lake, schema, mode=mode, source_key=source_key, days=days)
    publication.add(frame, rejected)
    return publication.result()


def _transient(error: Exception) -> bool:
    return bool(getattr(error, "transient", False))
