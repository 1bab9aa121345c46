"""Importing an order file: checked here, then run through the graph.

Belongs here: judging file and mapping before anything starts, and the count that a person reads afterwards.
"""

from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console

from linkstar_pipelines.connectors.files import file_sha256, read_rows
from linkstar_pipelines.domain.imported_orders import import_counts
from linkstar_pipelines.operations import runs
from linkstar_pipelines.rules.order_mapping import load_mapping
from linkstar_pipelines.schemas.core import OrderLines
from linkstar_pipelines.schemas.quality import Quarantine
from linkstar_pipelines.schemas.raw import RawImportedOrders
from linkstar_pipelines.settings import load_settings
from linkstar_pipelines.storage.lake import Lake, open_lake


def import_orders(console: Console, path: Path, mapping_path: Path, store: str | None) -> int:
    """Import one file and make the graph from it; returns the exit code.

    Raises:
        FileError: the file cannot be read.
        MappingError: the mapping is wrong or names an absent column.
    """
    mapping = load_mapping(mapping_path)
    mapping.used(read_rows(path).collect_schema().names())
    settings = load_settings()
    lake, digest = open_lake(settings), file_sha256(path)
    day = _first_import(lake, digest) or datetime.now(UTC).date()
    config = {"path": str(path.resolve()), "mapping": str(mapping_path), "store": store}
    outcome = runs.execute(
        runs.instance(settings),
        "history",
        title=f"Importing {path.name}",
        partition_key=day.isoformat(),
        run_config={"ops": {"raw__imported_orders": {"config": {k: v for k, v in config.items() if v is not None}}}},
    )
    _show(console, lake, digest)
    for problem in outcome.problems:
        console.print(problem, style="red", highlight=False, markup=False)
    return 0 if outcome.success else 1


def _first_import(lake: Lake, digest: str) -> date | None:
    """The day a file was first imported: importing it again belongs to the same partition and changes nothing."""
    day: date | None = lake.query(
        "SELECT min(changed_on) AS day FROM raw.imported_orders WHERE file_sha256 = ?", digest
    ).item()
    return day


def _show(console: Console, lake: Lake, digest: str) -> None:
    mine = f"file_sha256 = '{digest}'"
    counts = import_counts(
        lake.read(RawImportedOrders, columns=["file_sha256", "line_number", "line_kind"], where=mine),
        lake.read(OrderLines, columns=["platform", "line_id"], where="platform = 'import'"),
        lake.read(Quarantine, columns=["table_name", "source_key"]),
    )
    for row in counts.iter_rows(named=True):
        if digest.startswith(row["file"]):
            console.print(
                f"{row['input_rows']:,} lines read = {row['in_order_lines']:,} order lines + "
                f"{row['in_quarantine']:,} in quarantine + {row['cancelled']:,} cancelled"
                + (f" + {row['difference']:,} unaccounted for" if row["difference"] else "")
            )
