"""Dagster's side of the checks: one check step per table.

Belongs here: specs, and the translation of outcomes into check results.
Does not belong here: what is expected (`expectations.py`, `business.py`), what is looked at (`evaluation.py`), or how
it is judged (`validate.py`).
"""

import json
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, Protocol

import dagster as dg

from linkstar_pipelines.quality import drift, freshness
from linkstar_pipelines.quality.business import expectations_of
from linkstar_pipelines.quality.evaluation import evaluate
from linkstar_pipelines.quality.expectations import NO_DUPLICATES, Expectation
from linkstar_pipelines.quality.partition_results import PartitionResult, record, withdraw
from linkstar_pipelines.quality.validate import ExpectationError, Outcome
from linkstar_pipelines.schemas.catalog import Table
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.payload_shapes import PayloadShapes
from linkstar_pipelines.storage.postgres import Postgres

_SEVERITY: Final = {"critical": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}

_DESCRIPTIONS: Final = {
    "required_values": "Values that must be there are there.",
    "valid_values": "Values have their form, are in their set and within their bounds.",
    "row_rules": "The columns of each row fit together.",
    NO_DUPLICATES: "Nothing is there twice: no key, and no version of a record.",
}


class LakeSource(Protocol):
    """What the resource `lake` must offer."""

    def open(self) -> Lake:
        """Return the lake."""
        ...

    def postgres(self) -> Postgres:
        """Return the operational database."""
        ...


def build_checks(table: Table, partitions_def: dg.PartitionsDefinition[str] | None = None) -> dg.AssetChecksDefinition:
    """Make the check step of a table.

    Critical checks block what comes downstream in the same run. In a run over several partitions each of them gets
    its own result; the step's result is that of all of them together.

    Args:
        table: The table; its asset has the key `table.asset_key`.
        partitions_def: Partitions of the asset if the table is daily; their keys are ISO days.

    Returns:
        A step with one check per name in `expectations_of(table)`; on the raw tables of streams also `schema_as_known`
        and, where they are read by change time, `every_store_fresh`. Each can be run alone. The step needs the resource
        `lake` (a `LakeSource`).
    """
    asset_key = dg.AssetKey(table.asset_key)
    expected: dict[str, list[Expectation]] = defaultdict(list)
    for expectation in expectations_of(table):
        expected[expectation.check].append(expectation)

    @dg.multi_asset_check(
        name=f"{table.layer}__{table.name}_checks",
        description=f"What is expected of {table.full_name}.",
        specs=[_spec(asset_key, name, group, partitions_def) for name, group in expected.items()]
        + _stream_specs(table),
        can_subset=True,
        required_resource_keys={"lake"},
    )
    def checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        source: LakeSource = context.resources.lake
        selected = {key.name for key in context.selected_asset_check_keys}
        wanted = [expectation for name, group in expected.items() if name in selected for expectation in group]
        # Freshness is asked every hour, too, in runs that have no partition.
        days = _days(context) if partitions_def is not None and selected != {freshness.CHECK} else None
        try:
            outcomes = evaluate(table, wanted, source.open(), days)
        except ExpectationError as error:
            raise dg.Failure(f"{table.full_name}: {error}", allow_retries=False) from error
        by_check = _by_check(outcomes)
        if days is not None and len(days) > 1:
            record(context, asset_key, list(_partition_results(by_check, days)))
        if partitions_def is None:
            withdraw(context, asset_key, by_check)
        for name, group in by_check.items():
            yield dg.AssetCheckResult(
                asset_key=asset_key,
                check_name=name,
                passed=all(outcome.passed for outcome in group),
                severity=_SEVERITY[group[0].severity],
                metadata=_metadata(group, days),
            )
        withdraw(context, asset_key, selected & {drift.CHECK, freshness.CHECK})
        yield from _stream_results(table, source, selected, days)

    return checks


def _stream_specs(table: Table) -> list[dg.AssetCheckSpec]:
    """Checks that only raw tables of streams have."""
    drifting = [drift.spec(table)] if drift.stream_of(table) is not None else []
    return drifting + ([freshness.spec(table)] if freshness.applies(table) else [])


def _stream_results(
    table: Table, source: LakeSource, selected: Collection[str], days: Collection[date] | None
) -> Iterator[dg.AssetCheckResult]:
    if drift.CHECK in selected:
        yield drift.result(table, source.open(), PayloadShapes(source.postgres()), days)
    if freshness.CHECK in selected:
        yield freshness.result(table, source.open(), source.postgres())


def _spec(
    asset_key: dg.AssetKey,
    name: str,
    expected: Sequence[Expectation],
    partitions_def: dg.PartitionsDefinition[str] | None,
) -> dg.AssetCheckSpec:
    with warnings.catch_warnings():
        # `partitions_def` of a check is a preview of Dagster 1.13; characterization tests watch over it.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            name,
            asset=asset_key,
            description=_DESCRIPTIONS.get(name, " ".join(e.description for e in expected)),
            blocking=expected[0].severity == "critical",
            partitions_def=partitions_def,
            metadata={
                "expectations": _table(
                    {
                        "expected": e.description,
                        "of": ", ".join(e.columns),
                        "threshold": e.threshold,
                        "severity": e.severity,
                        "great_expectations": f"{e.type} {json.dumps(dict(e.kwargs), default=str, ensure_ascii=False)}",
                    }
                    for e in expected
                )
            },
        )


def _days(context: dg.AssetCheckExecutionContext) -> list[date]:
    return [date.fromisoformat(key) for key in context.partition_keys]


def _by_check(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    grouped: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        grouped[outcome.check].append(outcome)
    return grouped


def _metadata(outcomes: Sequence[Outcome], days: Sequence[date] | None) -> dict[str, Any]:
    """What a person wants to know: how much was looked at, what was expected, and rows that broke it."""
    looked_at = max(outcome.tally.evaluated for outcome in outcomes)
    rows = max(outcome.rows for outcome in outcomes)
    metadata: dict[str, Any] = {
        "rows": rows,
        "rows_evaluated": looked_at,
        "rows_unexpected": max(outcome.tally.unexpected for outcome in outcomes),
        "expectations": _table(
            {
                "passed": "yes" if outcome.passed else "NO",
                "expected": outcome.expectation.description,
                "threshold": outcome.expectation.threshold,
                "evaluated": outcome.tally.evaluated,
                "unexpected": outcome.tally.unexpected,
                "percent": round(outcome.tally.percent, 4),
            }
            for outcome in outcomes
        ),
    }
    sample = {outcome.expectation.description: list(outcome.sample) for outcome in outcomes if outcome.sample}
    if sample:
        metadata["sample"] = dg.MetadataValue.json(sample)
    if days is not None and len(days) > 1:
        metadata["partitions"] = f"{days[0]} to {days[-1]} ({len(days)}): evaluated in one pass, recorded for each"
    return metadata


def _partition_results(by_check: Mapping[str, Sequence[Outcome]], days: Sequence[date]) -> Iterator[PartitionResult]:
    for name, outcomes in by_check.items():
        for day in days:
            # A partition without rows has no tally; what was not evaluated by partition counts for each of them.
            tallies = [outcome.by_day.get(day) if outcome.by_day else outcome.tally for outcome in outcomes]
            found = [tally for tally in tallies if tally is not None]
            yield PartitionResult(
                check_name=name,
                partition=day.isoformat(),
                passed=all(tally.passed for tally in found),
                severity=_SEVERITY[outcomes[0].severity],
                blocking=outcomes[0].severity == "critical",
                metadata={
                    "rows_evaluated": max((tally.evaluated for tally in found), default=0),
                    "rows_unexpected": max((tally.unexpected for tally in found), default=0),
                    "of_run_over": f"{days[0]} to {days[-1]}",
                },
            )


def _table(rows: Iterable[Mapping[str, str | int | float]]) -> dg.TableMetadataValue:
    records = [dg.TableRecord(dict(row)) for row in rows]
    kinds = {str: "string", int: "int", float: "float"}
    columns = [dg.TableColumn(name, kinds[type(value)]) for name, value in records[0].data.items()]
    return dg.MetadataValue.table(records, dg.TableSchema(columns))
