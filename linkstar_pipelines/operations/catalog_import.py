"""Importing a file of the catalogue: checked here, then run through the graph.

Belongs here: judging file and mapping before anything starts, and the count that a person reads afterwards.
Does not belong here: what becomes of the records (`linkstar migrate`).
"""

from pathlib import Path
from typing import Any, Final

import dagster as dg
import polars as pl
from rich.console import Console

from linkstar_pipelines.connectors.catalog_files import check_catalog_file
from linkstar_pipelines.connectors.file_imports import FileImport
from linkstar_pipelines.connectors.files import file_sha256
from linkstar_pipelines.domain.products.file_records import DOUBTS
from linkstar_pipelines.operations import runs
from linkstar_pipelines.orchestration.jobs import CATALOG_FILE
from linkstar_pipelines.rules.catalog_mapping import load_catalog_mapping
from linkstar_pipelines.settings import load_settings
from linkstar_pipelines.storage.lake import Lake, open_lake

_REASONS_SHOWN: Final = 10


def import_catalog(console: Console, path: Path, mapping_name: str, *, replace: bool) -> int:
    """Import one file; returns the exit code.

    Args:
        console: Where to tell of it.
        path: The file.
        mapping_name: Path of a mapping file, or the name of a shipped one.
        replace: Whether it takes the place of other contents that came under the same name.

    Raises:
        FileError: the file cannot be read, or other contents came under its name and `replace` was not said.
        MappingError: the mapping is wrong, or the headers of the file are not those of the mapping.
    """
    mapping = load_catalog_mapping(mapping_name)
    check_catalog_file(path, mapping)
    settings = load_settings()
    lake = open_lake(settings)
    source = FileImport(mapping.kind, mapping.name, path.name, file_sha256(path))
    if not replace:
        source.require_no_earlier(lake)
    config = {"path": str(path.resolve()), "mapping": _absolute(mapping_name), "replace": replace}
    instance = runs.instance(settings)
    outcome = runs.execute(
        instance,
        CATALOG_FILE,
        title=f"Importing {path.name}",
        tables=[source.table_name, "quality.quarantine"],
        run_config={"ops": {f"raw__file_{mapping.kind}": {"config": config}}},
    )
    if outcome.success:
        _show(console, lake, source, _metadata(instance, source))
    for warning in outcome.warnings:
        console.print(f"Check {warning} did not pass.", style="yellow", highlight=False)
    for problem in outcome.problems:
        console.print(problem, style="red", highlight=False, markup=False)
    return 0 if outcome.success else 1


def _absolute(mapping_name: str) -> str:
    path = Path(mapping_name)
    return str(path.resolve()) if path.is_file() else mapping_name


def _metadata(instance: dg.DagsterInstance, source: FileImport) -> dict[str, Any]:
    """What the asset said of the import: its counts of the file, taken before anything was judged."""
    event = instance.get_latest_materialization_event(dg.AssetKey(source.table_name.split(".")))
    told = event.asset_materialization.metadata if event is not None and event.asset_materialization else {}
    return {name: value.value for name, value in told.items()}


def _show(console: Console, lake: Lake, source: FileImport, said: dict[str, Any]) -> None:
    landed = lake.query(
        f"SELECT count(*) AS n FROM {source.table_name} WHERE starts_with(source_key, ?)",  # noqa: S608  # from the catalog
        source.prefix,
    ).item()
    held = lake.query(
        "SELECT payload FROM quality.quarantine WHERE table_name = ? AND starts_with(source_key, ?)",
        source.table_name,
        source.prefix,
    )
    counts = [f"{said['rows_read']:,} rows read"]
    if said["rows_left_out"]:
        counts.append(f"{said['rows_left_out']:,} of them no records by the mapping")
    console.print(", ".join(counts) + ".", highlight=False)
    difference = said["records"] - landed - held.height
    console.print(
        f"{said['records']:,} records = {landed:,} landed in {source.table_name} + {held.height:,} in quarantine"
        + (f", {-difference:,} of them both: they landed before" if difference < 0 else "")
        + (f" + {difference:,} unaccounted for" if difference > 0 else ""),
        highlight=False,
    )
    if said["records_replaced"]:
        console.print(f"{said['records_replaced']:,} records of the earlier {source.file} left.", highlight=False)
    if said["columns_absent"]:
        console.print(f"Not in the file: {', '.join(said['columns_absent'])}.", highlight=False)
    _show_reasons(console, held)
    if held.height:
        console.print(f"See them with `linkstar quarantine show {source.prefix}`.", highlight=False)


def _show_reasons(console: Console, held: pl.DataFrame) -> None:
    told = held.select(pl.col("payload").str.json_decode(pl.Struct({"row": pl.Int64, "problems": DOUBTS})).alias("it"))
    each = told.unnest("it").explode("problems").unnest("problems")
    groups = (
        each.group_by("column", "reason")
        .agg(times=pl.len(), row=pl.col("row").min(), value=pl.col("value").sort_by("row").first())
        .sort("times", "column", "reason", descending=[True, False, False])
    )
    for column, reason, times, row, value in groups.head(_REASONS_SHOWN).iter_rows():
        example = f"`{value}` in row {row}" if value is not None else f"row {row}"
        console.print(f"  {times:>9,}  {column} {reason}: {example}", highlight=False, markup=False)
    if groups.height > _REASONS_SHOWN:
        console.print(f"  and {groups.height - _REASONS_SHOWN:,} more reasons", highlight=False)
