"""The settlement report as an Excel workbook: Summary with a chart, Lines, Suspense.

Belongs here: sheets, formats, formulas. Does not belong here: figures (`settlement_figures`), wording (`words.yaml`).
Excel keeps numbers as binary floats, so the workbook is for reading; the exact amounts are in the lake.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from linkstar_pipelines.reporting.settlement_figures import WHOLE_CURRENCIES, Figures
from linkstar_pipelines.reporting.words import Words

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet


class _Column(NamedTuple):
    """One column of a sheet: where it comes from, its heading in `words.yaml`, its format, its width."""

    name: str
    word: str
    format: str
    width: int


INK: Final = "#1F2A44"
HEADER_ROW: Final = 3
"""Row (from 0) of the table's head on the Summary sheet; title and verdict stand above it."""

FORMATS: Final[dict[str, dict[str, Any]]] = {
    "text": {},
    "count": {"num_format": "#,##0"},
    "money": {"num_format": "#,##0.00;[Red]-#,##0.00;0.00"},
    "whole": {"num_format": "#,##0;[Red]-#,##0;0"},
    "rate": {"num_format": "0.000000"},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
    "instant": {"num_format": "yyyy-mm-dd hh:mm", "align": "left"},
    "title": {"bold": True, "font_size": 18, "font_color": INK},
    "section": {"bold": True, "font_size": 12, "font_color": INK},
    "good": {"bold": True, "font_color": "#1B7F4B"},
    "bad": {"bold": True, "font_color": "#B42318"},
    "note": {"italic": True, "font_color": "#667085"},
    "head": {"bold": True, "font_color": "#FFFFFF", "bg_color": INK, "text_wrap": True},
    "sum": {"num_format": "#,##0.00;[Red]-#,##0.00;0.00", "bold": True, "top": 1},
    "sum_text": {"bold": True, "top": 1},
}
LINE_COLUMNS: Final = (
    _Column("store", "store", "text", 10),
    _Column("settlement_id", "settlement", "text", 18),
    _Column("line_number", "line", "count", 8),
    _Column("category", "category", "text", 20),
    _Column("tied_to", "tied_to", "text", 11),
    _Column("suspense_reason", "reason", "text", 28),
    _Column("order_id", "order_id", "text", 22),
    _Column("sku", "sku", "text", 18),
    _Column("quantity", "quantity", "count", 8),
    _Column("posted_at", "posted", "instant", 18),
    _Column("transaction_type", "transaction_type", "text", 18),
    _Column("amount_type", "amount_type", "text", 24),
    _Column("amount_description", "amount_description", "text", 36),
    _Column("amount", "amount", "money", 14),
    _Column("currency", "currency", "text", 10),
    _Column("fx_rate", "fx_rate", "rate", 12),
    _Column("fx_day", "fx_day", "day", 12),
    _Column("base_amount", "base_amount", "money", 16),
)
SUMMARY_COLUMNS: Final = (
    _Column("store", "store", "text", 10),
    _Column("settlement_id", "settlement", "text", 18),
    _Column("period_start", "from", "day", 13),
    _Column("period_end", "to", "day", 13),
    _Column("deposit_on", "deposit", "day", 13),
    _Column("currency", "currency", "text", 10),
    _Column("payout", "payout", "money", 15),
    _Column("lines_total", "lines_total", "money", 15),
    _Column("difference", "difference", "money", 12),
    _Column("lines", "lines", "count", 9),
    _Column("suspense_lines", "suspense_lines", "count", 12),
    _Column("tied_out", "status", "text", 16),
    _Column("base_payout", "base_payout", "money", 18),
)


@dataclass(frozen=True)
class _Layout:
    """What every sheet needs."""

    book: "Workbook"
    formats: dict[str, Any]
    figures: Figures
    words: Words

    def heading(self, column: _Column) -> str:
        return self.words(column.word, currency=self.figures.base_currency)


def write(path: Path, figures: Figures, words: Words) -> None:
    """Write the workbook."""
    import xlsxwriter

    options = {"remove_timezone": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        newest = figures.report["period_end"].max()
        book.set_properties({"title": words("title"), **({"created": newest} if newest else {})})
        base = {"font_name": "Calibri", "font_size": 10, "valign": "vcenter"}
        formats = {name: book.add_format(base | extra) for name, extra in FORMATS.items()}
        layout = _Layout(book, formats, figures, words)
        summary, lines, suspense = (
            book.add_worksheet(words(f"sheet_{name}")) for name in ("summary", "lines", "suspense")
        )
        _write_lines(layout, lines, figures.lines)
        _write_lines(layout, suspense, figures.suspense)
        _write_summary(layout, summary, lines)


def _write_lines(layout: _Layout, sheet: "Worksheet", rows: pl.DataFrame) -> None:
    groups = {"category": "categories", "tied_to": "ties", "suspense_reason": "reasons"}
    shown = rows.with_columns(
        pl.col(name).replace_strict(layout.words.groups[group], default=pl.col(name)) for name, group in groups.items()
    )
    for position, column in enumerate(LINE_COLUMNS):
        sheet.set_column(position, position, column.width)
        sheet.write_string(0, position, layout.heading(column), layout.formats["head"])
        sheet.write_column(1, position, shown[column.name].to_list(), layout.formats[column.format])
    sheet.set_row(0, 30)
    sheet.freeze_panes(1, 3)
    sheet.autofilter(0, 0, max(rows.height, 1), len(LINE_COLUMNS) - 1)
    _hide_minor_units(layout, sheet, LINE_COLUMNS, ("amount",), range(1, rows.height + 1))
    _print_setup(layout, sheet, repeat_row=0)


def _write_summary(layout: _Layout, sheet: "Worksheet", lines: "Worksheet") -> None:
    report, formats = layout.figures.report, layout.formats
    table = range(HEADER_ROW + 1, HEADER_ROW + 1 + report.height)
    verdict, tone = _verdict(layout)
    sheet.hide_gridlines(2)
    sheet.set_row(0, 30)
    sheet.write_string(0, 0, layout.words("title"), formats["title"])
    sheet.write_string(1, 0, verdict, formats[tone])
    sheet.set_row(HEADER_ROW, 30)
    for position, column in enumerate(SUMMARY_COLUMNS):
        sheet.set_column(position, position, column.width)
        sheet.write_string(HEADER_ROW, position, layout.heading(column), formats["head"])
        if column.name != "tied_out":
            sheet.write_column(table.start, position, report[column.name].to_list(), formats[column.format])
    for row, settlement in zip(table, report.iter_rows(named=True), strict=True):
        _write_tie_out(layout, sheet, lines, row, settlement)
    _hide_minor_units(layout, sheet, SUMMARY_COLUMNS, ("payout", "lines_total", "difference"), table)
    sheet.freeze_panes(HEADER_ROW + 1, 2)
    top = table.stop + 1
    _write_parts(layout, sheet, top)
    _insert_chart(layout, sheet, top)
    _print_setup(layout, sheet, repeat_row=HEADER_ROW)


def _write_tie_out(
    layout: _Layout, sheet: "Worksheet", lines: "Worksheet", row: int, settlement: dict[str, Any]
) -> None:
    """Write sum and difference as formulas over the Lines sheet, so that a reader can follow them."""
    from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

    last = max(layout.figures.lines.height, 1) + 1

    def all_of(name: str) -> str:
        letter = xl_col_to_name(_position(LINE_COLUMNS, name))
        return f"'{lines.get_name()}'!${letter}$2:${letter}${last}"

    def cell(name: str) -> str:
        return str(xl_rowcol_to_cell(row, _position(SUMMARY_COLUMNS, name)))

    same = [f"{all_of(name)},{cell(name)}" for name in ("store", "settlement_id", "currency")]
    total = f"=SUMIFS({all_of('amount')},{','.join(same)})"
    difference = f"=ROUND({cell('payout')}-{cell('lines_total')},4)"
    money, tied = layout.formats["money"], settlement["tied_out"]
    sheet.write_formula(cell("lines_total"), total, money, float(settlement["lines_total"]))
    sheet.write_formula(cell("difference"), difference, money, float(settlement["difference"]))
    sheet.write_string(
        cell("tied_out"), layout.words("tied" if tied else "untied"), layout.formats["good" if tied else "bad"]
    )


def _write_parts(layout: _Layout, sheet: "Worksheet", top: int) -> None:
    """Write the parts in the base currency and their sum."""
    figures, formats, words = layout.figures, layout.formats, layout.words
    first, end = top + 2, top + 2 + figures.parts.height
    sheet.write_string(top, 0, words("chart_title", currency=figures.base_currency), formats["section"])
    for position, text in enumerate((words("part"), "", words("amount"))):
        sheet.write_string(top + 1, position, text, formats["head"])
    names = [words.of("parts", name) for name in figures.parts["part"]]
    sheet.write_column(first, 0, names, formats["text"])
    sheet.write_column(first, 2, figures.parts["base_amount"].to_list(), formats["money"])
    for position, text in enumerate((words("total"), "")):
        sheet.write_string(end, position, text, formats["sum_text"])
    sheet.write_formula(end, 2, f"=SUM(C{first + 1}:C{end})", formats["sum"], float(figures.base_total))
    if figures.unconverted:
        note = words("no_rate", count=figures.unconverted, currency=figures.base_currency)
        sheet.write_string(end + 1, 0, note, formats["note"])


def _insert_chart(layout: _Layout, sheet: "Worksheet", top: int) -> None:
    """Insert a native bar chart of the parts beside their table."""
    first, last = top + 2, top + 1 + layout.figures.parts.height
    title = layout.words("chart_title", currency=layout.figures.base_currency)
    chart = layout.book.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": title,
            "categories": [sheet.get_name(), first, 0, last, 0],
            "values": [sheet.get_name(), first, 2, last, 2],
            "fill": {"color": "#2F6FDE"},
            "invert_if_negative": True,
            "invert_if_negative_color": "#E07A3F",
            "gap": 45,
            "data_labels": {"value": True, "num_format": "#,##0", "font": {"size": 9}},
        }
    )
    chart.set_title({"name": title, "name_font": {"size": 12, "color": INK}})
    chart.set_legend({"none": True})
    chart.set_x_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#E4E7EC"}}})
    chart.set_y_axis({"reverse": True, "label_position": "low", "line": {"color": "#98A2B3"}})
    chart.set_size({"width": 760, "height": 340})
    text = layout.words("chart_text", currency=layout.figures.base_currency)
    sheet.insert_chart(top, 4, chart, {"description": text, "object_position": 2})


def _verdict(layout: _Layout) -> tuple[str, str]:
    total, untied = layout.figures.report.height, layout.figures.untied
    if not total:
        return layout.words("no_settlements"), "note"
    if untied:
        return layout.words("not_tied_out", count=untied, total=total), "bad"
    return layout.words("all_tied_out"), "good"


def _hide_minor_units(
    layout: _Layout, sheet: "Worksheet", columns: tuple[_Column, ...], amounts: tuple[str, ...], rows: range
) -> None:
    """Show amounts of currencies without minor units without decimals."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    if not rows:
        return
    cell = xl_rowcol_to_cell(rows.start, _position(columns, "currency"), col_abs=True)
    choices = ",".join(f'{cell}="{code}"' for code in sorted(WHOLE_CURRENCIES))
    rule = {"type": "formula", "criteria": f"=OR({choices})", "format": layout.formats["whole"]}
    for name in amounts:
        position = _position(columns, name)
        sheet.conditional_format(rows.start, position, rows.stop - 1, position, rule)


def _print_setup(layout: _Layout, sheet: "Worksheet", *, repeat_row: int) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.repeat_rows(repeat_row)
    sheet.set_footer(f"&L{layout.words('title')}&R{layout.words('page')} &P / &N")


def _position(columns: tuple[_Column, ...], name: str) -> int:
    return [column.name for column in columns].index(name)
