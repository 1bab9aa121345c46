"""The review list as an Excel workbook: a row per candidate, a drop-down of answers, and a sheet that explains them.

Belongs here: sheets, formats, and reading the headings back. Does not belong here: which rows there are and what
answers mean (`domain/products/review.py`), or wording (`words.yaml`).
"""

from pathlib import Path
from typing import Any, Final

import polars as pl

from linkstar_pipelines.domain.products.review import ANSWERS
from linkstar_pipelines.reporting.settlement_workbook import FORMATS
from linkstar_pipelines.reporting.words import Language, words

COLUMNS: Final = {
    "subject": 34, "title": 50, "candidate": 20, "candidate_title": 50, "score": 8, "evidence": 10, "reasons": 60,
    "decision": 18, "other_sku": 20, "multiplier": 8,
}  # fmt: skip
"""Columns of the sheet with their widths."""
_ASKED: Final = ("decision", "other_sku", "multiplier")
_EXPLANATIONS: Final = 7
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")


def write(path: Path, rows: pl.DataFrame, language: Language) -> None:
    """Write the list (`domain.products.review.ROWS`)."""
    import xlsxwriter

    w = words(language)
    # Titles are the platforms' and buyers' own text: never a formula or a link.
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        base = {"font_name": "Calibri", "font_size": 10, "valign": "vcenter"}
        formats = {name: book.add_format(base | FORMATS[name]) for name in ("text", "head")}
        formats["asked"] = book.add_format(base | {"bg_color": "#FFF7D6"})
        sheet = book.add_worksheet(w.of("review", "sheet"))
        shown = rows.with_columns(decision=pl.lit(None), other_sku=pl.lit(None))
        for position, (name, width) in enumerate(COLUMNS.items()):
            sheet.set_column(position, position, width)
            sheet.write_string(0, position, w.of("review", name), formats["head"])
            _write_column(sheet, position, shown[name].to_list(), formats["asked" if name in _ASKED else "text"])
        if rows.height:
            place = list(COLUMNS).index("decision")
            choices = {"validate": "list", "source": [w.of("review", answer) for answer in ANSWERS]}
            sheet.data_validation(1, place, rows.height, place, choices)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(rows.height, 1), len(COLUMNS) - 1)
        how = book.add_worksheet(w.of("review", "sheet_how"))
        how.set_column(0, 0, 120, book.add_format(base | {"text_wrap": True}))
        how.write_column(0, 0, [w.of("review", f"how_{number}") for number in range(1, _EXPLANATIONS + 1)])


def _write_column(sheet: Any, position: int, values: list[Any], form: Any) -> None:
    for row, value in enumerate(values, start=1):
        if value is None:
            sheet.write_blank(row, position, None, form)
        else:
            sheet.write(row, position, value, form)


def named(rows: pl.DataFrame) -> pl.DataFrame | None:
    """Give the columns of a sheet their names again, and the answers theirs, in whichever language they were written.

    Args:
        rows: The sheet as text.

    Returns:
        Columns of `COLUMNS`, empty cells null; None if the sheet is no review list.
    """
    for language in LANGUAGES:
        w = words(language)
        headings = {w.of("review", name): name for name in COLUMNS}
        if set(headings) <= set(rows.columns):
            # Answers are known in both languages: a list may go through several hands.
            meaning = {words(other).of("review", answer): answer for other in LANGUAGES for answer in ANSWERS}
            text = rows.select(
                pl.col(heading).str.strip_chars().replace("", None).alias(name) for heading, name in headings.items()
            )
            return text.with_columns(pl.col("decision").replace(meaning))
    return None
