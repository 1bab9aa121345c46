"""The report of a migration for people: an Excel workbook and a web page, in English or Chinese.

Belongs here: which figures and rows the report shows. Does not belong here: sheets (`migration_workbook.py`), markup
(`migration_page.html.j2`), wording (`words.yaml`), or what would change (`domain/products/migration.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from linkstar_pipelines.reporting import migration_workbook
from linkstar_pipelines.reporting.words import Language, Words, words

ROWS_SHOWN: Final = 100
"""Rows of each table on the page; the workbook has all, as far as a sheet holds them."""
FONTS: Final = (
    "Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
)


@dataclass(frozen=True)
class MoveIn:
    """All that is told of a migration.

    Attributes:
        batch: Its name.
        sources: `source`, `kind`, `records`: what was read.
        before: Figures of the catalogue as it was (`domain.products.catalogue.counts`).
        after: The same as it is with the migration.
        changes: `domain.products.migration.CHANGES`.
        problems: `domain.products.migration.PROBLEMS`.
        cleaning: Every value that was cleaned (`domain.products.report.REPORT`).
        rejected: Records that could not be taken, in the form of the quarantine.
        unmapped: Listings that sell no SKU with the migration.
        outliers: Values of the catalogue with the migration that can hardly be true
            (`domain.products.outliers.OUTLIERS`).
    """

    batch: str
    sources: pl.DataFrame
    before: Mapping[str, int]
    after: Mapping[str, int]
    changes: pl.DataFrame
    problems: pl.DataFrame
    cleaning: pl.DataFrame
    rejected: pl.DataFrame
    unmapped: pl.DataFrame
    outliers: pl.DataFrame


def summary(changes: pl.DataFrame) -> pl.DataFrame:
    """Count changes: `kind`, `what`, `things` (subjects), `fields`."""
    return (
        changes.group_by("kind", "what")
        .agg(things=pl.col("subject").n_unique().cast(pl.Int64), fields=pl.len().cast(pl.Int64))
        .sort("kind", "what")
    )


def tables(move: MoveIn, w: Words) -> dict[str, pl.DataFrame]:
    """Return the rows of each sheet by the word of its name; columns are words of the group `migration`."""
    worded = move.changes.with_columns(pl.col("what").replace(dict(w.groups["migration"])))
    settled = move.changes["what"].is_in(["new", "changed"])
    columns = ["source", "source_key", "column", "value", "reason"]
    refused = move.rejected.select("source_key", "reason")
    return {
        "sheet_changes": worded.filter(settled),
        "sheet_unsettled": worded.filter(~settled),
        "sheet_refused": pl.concat([refused, move.problems.select(columns)], how="diagonal"),
        "sheet_outliers": move.outliers.with_columns(pl.col("measure").replace(dict(w.groups["migration"]))),
        "sheet_unmapped": move.unmapped.rename({"title": "product_title"}),
        "sheet_cleaned": move.cleaning,
    }


def write_xlsx(path: Path, move: MoveIn, language: Language) -> None:
    """Write the workbook: a summary, and a sheet of each kind of row."""
    w = words(language)
    migration_workbook.write(path, w, figures(move, w), _summary_tables(move, w), tables(move, w))


def write_html(path: Path, move: MoveIn, language: Language) -> None:
    """Write the page: one file that needs nothing else."""
    import jinja2

    w = words(language)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = _summary_tables(move, w) | tables(move, w)
    page = environment.get_template("migration_page.html.j2").render(
        w=w, batch=move.batch, figures=figures(move, w), fonts=FONTS, rows_shown=ROWS_SHOWN, tables=shown,
    )  # fmt: skip
    path.write_text(page, encoding="utf-8")


def figures(move: MoveIn, w: Words) -> list[tuple[str, int, int]]:
    """Return name, figure before, figure after."""
    return [(w.of("migration", name), before, move.after[name]) for name, before in move.before.items()]


def _summary_tables(move: MoveIn, w: Words) -> dict[str, pl.DataFrame]:
    counted = summary(move.changes).with_columns(pl.col("what").replace(dict(w.groups["migration"])))
    return {"source": move.sources, "what": counted}
