"""Moving in from another system: a dry run, one publication that applies it, and its undoing.

Belongs here: the order of the steps, and what the person is told.
Does not belong here: which records are read (`migration_records.py`), what would change
(`domain/products/migration.py`), or how the report looks (`reporting/`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from linkstar_pipelines.domain.products import catalogue, migration
from linkstar_pipelines.domain.products.catalogue import Catalogue
from linkstar_pipelines.domain.products.decisions import BATCH, effective, journal
from linkstar_pipelines.domain.products.decisions import decision as decision_row
from linkstar_pipelines.domain.products.outliers import outliers
from linkstar_pipelines.operations import catalog
from linkstar_pipelines.operations.catalog import Said
from linkstar_pipelines.operations.catalog_errors import CatalogError
from linkstar_pipelines.operations.migration_records import read_records
from linkstar_pipelines.reporting import migration_report
from linkstar_pipelines.reporting.migration_report import MoveIn
from linkstar_pipelines.rules.cleaning import load_cleaning_rules
from linkstar_pipelines.rules.loading import Rules, load_rules
from linkstar_pipelines.schemas.products import RawCatalogDecisions
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.lake import open_lake


@dataclass(frozen=True)
class Drafted:
    """A plan, ready to be applied.

    Attributes:
        batch: What its decisions will come with.
        rows: The decisions; none where the catalogue says all of it already.
        move: What the report shows.
    """

    batch: str
    rows: list[dict[str, object]]
    move: MoveIn


def draft(settings: Settings, sources: Sequence[str], prefer: Sequence[str], said: Said) -> Drafted:
    """Plan the migration from all records that landed. Changes nothing.

    Args:
        settings: The installation.
        sources: Only these sources, such as `mabang` or `file`; all where empty.
        prefer: Sources believed before those of the rule file.
        said: Who moves in.

    Raises:
        CatalogError: no record of these sources has landed.
    """
    lake, rules = open_lake(settings), load_rules(settings)
    how = load_cleaning_rules(settings.rules_dir)
    read = read_records(lake, how, sources)
    if read.sources.is_empty():
        raise CatalogError(
            f"No record of {' or '.join(sources) or 'any ERP or file'} has landed. Import a file (`linkstar import "
            "catalog`), or connect the ERP and run `linkstar run` first."
        )
    present = catalog.open_catalogue(settings)
    order = [*prefer, *rules.migration.sources]
    planned = migration.plan(
        read.rows,
        present,
        order=order,
        stores=rules.migration.stores,
        at=datetime.now(UTC),
    )
    said_by_it = list(planned.decisions.iter_rows())
    batch = catalog.batch_name("migration", present.decisions, said_by_it)
    rows = _rows(planned.decisions, batch, said)
    after = _after(present, rows, rules)
    move = MoveIn(
        batch=batch,
        sources=read.sources,
        before=catalogue.counts(present),
        after=catalogue.counts(after),
        changes=planned.changes,
        problems=planned.problems,
        cleaning=read.cleaning,
        rejected=read.rejected,
        unmapped=catalogue.unmapped(after),
        outliers=outliers(after.skus.filter(pl.col("merged_into").is_null()), how.terms.outliers),
    )
    return Drafted(batch, rows, move)


def _rows(planned: pl.DataFrame, batch: str, said: Said) -> list[dict[str, object]]:
    import json

    now = datetime.now(UTC)
    return [
        decision_row(
            kind, subject, json.loads(content), batch=batch, decided_at=now, decided_by=said.by, note=said.note
        )
        for kind, subject, content in planned.iter_rows()
    ]


def _after(present: Catalogue, rows: list[dict[str, object]], rules: Rules) -> Catalogue:
    if not rows:
        return present
    decisions = pl.concat([present.decisions, journal(rows)])
    return catalogue.fold(decisions, present.listings, rules.matching, from_codes=rules.sku_codes.make_skus)


def plan(console: Console, settings: Settings, sources: Sequence[str], prefer: Sequence[str]) -> int:
    """Show what a migration would do, and write its report; returns the exit code."""
    drafted = draft(settings, sources, prefer, Said("-"))
    _show(console, settings, drafted.move)
    if drafted.rows:
        console.print("Nothing was changed. To apply it: linkstar migrate apply, with the same options.")
    return 0


def apply(
    console: Console, settings: Settings, sources: Sequence[str], prefer: Sequence[str], said: Said, *, run: bool
) -> int:
    """Journal all decisions of the plan in one publication; with `run` make the tables again. Returns the exit code.

    A process that ends before the publication has changed nothing; after it, planning again finds nothing left.
    """
    drafted = draft(settings, sources, prefer, said)
    _show(console, settings, drafted.move)
    if not drafted.rows:
        # The process that applied it may have ended before the tables were made.
        return catalog.remade(console, settings, run=run)
    written = catalog.add(open_lake(settings), drafted.rows)
    console.print(f"{written:,} decisions applied as {drafted.batch}", highlight=False)
    console.print(f"To take all of it back: linkstar migrate undo {drafted.batch}", highlight=False)
    return catalog.remade(console, settings, run=run)


def undo(console: Console, settings: Settings, batch: str, said: Said, *, run: bool) -> int:
    """Take a migration back; all tables are then as before it. Returns the exit code.

    Raises:
        CatalogError: there is no such migration, or it is taken back already.
    """
    if not batch.startswith(migration.BATCH):
        raise CatalogError(f"{batch} is no migration. `linkstar migrate list` shows them.")
    return catalog.undo(console, settings, BATCH + batch, said, run=run)


def list_batches(console: Console, settings: Settings) -> int:
    """List the migrations, and which of them are in force; returns the exit code."""
    decisions = open_lake(settings).table(RawCatalogDecisions)
    done = decisions.filter(pl.col("batch").str.starts_with(migration.BATCH))
    if done.is_empty():
        console.print("No migration was applied yet.")
        return 0
    in_force = set(effective(decisions)["batch"])
    table = Table("migration", "when (UTC)", "by", "decisions", "state")
    batches = done.group_by("batch").agg(
        pl.col("decided_at").min(), pl.col("decided_by").first(), n=pl.len()
    )  # fmt: skip
    for batch, at, by, rows in batches.sort("decided_at").iter_rows():
        state = "in force" if batch in in_force else "taken back"
        table.add_row(batch, f"{at:%Y-%m-%d %H:%M}", by, f"{rows:,}", state)
    console.print(table)
    return 0


def _show(console: Console, settings: Settings, move: MoveIn) -> None:
    table = Table("", "before", "after", title="The catalogue")
    for name, before in move.before.items():
        table.add_row(name.replace("_", " "), f"{before:,}", f"{move.after[name]:,}")
    console.print(table)
    for kind, what, things, fields in migration_report.summary(move.changes).iter_rows():
        console.print(f"  {kind}: {things:,} {what} ({fields:,} fields)", highlight=False)
    console.print(
        f"  {move.cleaning.height:,} values cleaned, {move.rejected.height:,} records refused, "
        f"{move.problems.height:,} that cannot be followed, {move.unmapped.height:,} listings still unmapped",
        highlight=False,
    )
    if not _changes(move):
        console.print("The catalogue says all of it already: nothing would change.")
    for path in write_report(settings, move):
        console.print(f"Report: {path}", highlight=False, soft_wrap=True)


def _changes(move: MoveIn) -> bool:
    return not move.changes.filter(pl.col("what").is_in(["new", "changed"])).is_empty()


def write_report(settings: Settings, move: MoveIn) -> tuple[Path, Path]:
    """Write the report as XLSX and HTML into the data folder; returns the two files."""
    folder = settings.data_dir / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    workbook, page = folder / "migration-report.xlsx", folder / "migration-report.html"
    migration_report.write_xlsx(workbook, move, settings.language)
    migration_report.write_html(page, move, settings.language)
    return workbook, page
