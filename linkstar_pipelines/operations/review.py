"""The review list out and in: what waits for a person as a workbook, and the filled-in workbook as decisions.

Belongs here: files and the lake. Does not belong here: what answers mean (`domain/products/review.py`).
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from linkstar_pipelines.connectors.files import FileError, file_sha256, read_tables
from linkstar_pipelines.domain.products import catalogue, review
from linkstar_pipelines.domain.products.decisions import decision, effective
from linkstar_pipelines.operations import catalog
from linkstar_pipelines.operations.catalog import Said
from linkstar_pipelines.reporting import review_workbook
from linkstar_pipelines.schemas.products import MatchProposals
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.lake import open_lake

_SHOWN: Final = 50


def rows_to_review(settings: Settings) -> pl.DataFrame:
    """Return what waits for a person (`domain.products.review.ROWS`), as the tables have it."""
    present = catalog.open_catalogue(settings)
    proposals = open_lake(settings).table(MatchProposals)
    return review.review_rows(proposals, catalogue.unmapped(present), present.decisions)


def show(console: Console, settings: Settings) -> int:
    """Show the beginning of the list in the terminal; returns the exit code."""
    rows = rows_to_review(settings)
    if rows.is_empty():
        console.print("Nothing waits for you: every listing is mapped, and no SKU looks like another.")
        return 0
    table = Table("listing or SKU", "title", "candidate", "its name", "score", "reasons")
    for row in rows.head(_SHOWN).iter_rows(named=True):
        score = "" if row["score"] is None else f"{row['score']:.2f}"
        cells = (row["subject"], row["title"], row["candidate"], row["candidate_title"], score, row["reasons"])
        table.add_row(*(escape(str(cell or "")) for cell in cells))
    console.print(table)
    console.print(f"{rows.height:,} rows in all. To work through them: linkstar catalog review export", highlight=False)
    return 0


def export(console: Console, settings: Settings, path: Path) -> int:
    """Write the list as a workbook; returns the exit code."""
    rows = rows_to_review(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    review_workbook.write(path, rows, settings.language)
    console.print(f"{rows.height:,} rows: {path}", highlight=False, soft_wrap=True)
    console.print(f"Fill in the yellow columns, then: linkstar catalog review import {path}", soft_wrap=True)
    return 0


def take_in(console: Console, settings: Settings, path: Path, said: Said, *, run: bool) -> int:
    """Journal the answers of a workbook; returns the exit code, 1 if a cell cannot be followed.

    Rows with a wrong cell decide nothing; the others do. The same file again changes nothing.

    Raises:
        FileError: the file cannot be read, or is no review list.
    """
    rows = _read(path)
    present = catalog.open_catalogue(settings, matched=False)
    known = review.Known(listings=set(catalog.listing_names(present.listings)), skus=set(present.skus["sku"]))
    answered = review.answers(rows, known)
    batch, now = f"review:{file_sha256(path)[:12]}", datetime.now(UTC)
    decided = [
        decision(kind, subject, content, batch=batch, decided_at=now, decided_by=said.by, note=said.note)
        for kind, subject, content in answered.statements
    ]
    for row, column, value, reason in answered.problems.iter_rows():
        words = f"row {row}, {column}{f' `{value}`' if value is not None else ''}: {reason}"
        console.print(words, style="red", highlight=False, markup=False)
    written = catalog.add(open_lake(settings), decided)
    console.print(f"{written:,} decisions, {answered.problems.height:,} rows with a problem", highlight=False)
    if not written:
        if decided and batch not in set(effective(present.decisions)["batch"]):
            console.print("This file was imported before and taken back: take back that undoing to have it again.")
        return 1 if answered.problems.height else 0
    console.print(f"To take them back: linkstar catalog undo batch:{batch}", highlight=False, markup=False)
    failed = catalog.remade(console, settings, run=run)
    return 1 if failed or answered.problems.height else 0


def _read(path: Path) -> pl.DataFrame:
    for table in read_tables(path):
        rows = review_workbook.named(table.rows)
        if rows is not None:
            first = pl.int_range(table.first_row, table.first_row + rows.height).cast(pl.String)
            return rows.with_columns(row=first)
    raise FileError(
        f"{path} is no review list: no sheet has its headings. Export one with `linkstar catalog review export` and "
        "keep its first row."
    )
