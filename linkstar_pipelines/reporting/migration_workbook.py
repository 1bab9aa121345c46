"""The report of a migration as an Excel workbook.

Belongs here: sheets and formats. Does not belong here: which rows they show (`migration_report.py`), or wording
(`words.yaml`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from linkstar_pipelines.reporting.settlement_workbook import FORMATS
from linkstar_pipelines.reporting.words import Words

SHEET_ROWS: Final = 1_048_575
"""Rows below the head that a sheet of Excel holds."""
_WIDTHS: Final = {"reason": 70, "before": 36, "after": 36, "value": 30, "subject": 34, "product_title": 60,
                  "source_key": 40, "source": 24, "code_problem": 50, "step": 36, "listing_sku": 26,
                  "note": 30, "measure": 30, "sku": 26}  # fmt: skip
_WIDTH: Final = 16


def write(
    path: Path,
    words: Words,
    figures: Sequence[tuple[str, int, int]],
    summaries: Mapping[str, pl.DataFrame],
    sheets: Mapping[str, pl.DataFrame],
) -> None:
    """Write the workbook.

    Args:
        path: File to write.
        words: Wording.
        figures: Name, figure before, figure after.
        summaries: Small tables of the first sheet.
        sheets: One sheet each, by the word of its name.
    """
    import xlsxwriter

    # What sources say is text, never a formula or a link.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": False}
    with xlsxwriter.Workbook(path, options) as book:
        base = {"font_name": "Calibri", "font_size": 10, "valign": "vcenter"}
        formats = {name: book.add_format(base | FORMATS[name]) for name in ("text", "count", "title", "head")}
        first = book.add_worksheet(words.of("migration", "sheet_summary"))
        first.set_column(0, 3, 28)
        first.write_string(0, 0, words.of("migration", "title"), formats["title"])
        heads = ["figure", "before", "after"]
        rows = pl.DataFrame(
            list(figures), schema=dict(zip(heads, (pl.String, pl.Int64, pl.Int64), strict=True)), orient="row"
        )
        top = _table(first, 2, rows, words, formats)
        for table in summaries.values():
            top = _table(first, top + 1, table, words, formats)
        for name, table in sheets.items():
            sheet = book.add_worksheet(words.of("migration", name))
            _table(sheet, 0, table.head(SHEET_ROWS), words, formats)
            for position, column in enumerate(table.columns):
                sheet.set_column(position, position, _WIDTHS.get(column, _WIDTH))
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, max(min(table.height, SHEET_ROWS), 1), len(table.columns) - 1)


def _table(sheet: Any, top: int, rows: pl.DataFrame, words: Words, formats: Mapping[str, Any]) -> int:
    """Write head and rows; returns the row after them."""
    for position, (name, column) in enumerate(zip(rows.columns, rows.get_columns(), strict=True)):
        sheet.write_string(top, position, words.of("migration", name), formats["head"])
        form = formats["count"] if column.dtype.is_integer() else formats["text"]
        sheet.write_column(top + 1, position, column.to_list(), form)
    return top + 1 + rows.height
