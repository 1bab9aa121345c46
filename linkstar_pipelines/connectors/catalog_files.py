"""Files of the catalogue (店小秘 templates, exports of an ERP, any spreadsheet) as records, by a declared mapping.

Belongs here: choosing the sheet, matching headers, one record per row (or per line of a split cell), and the values
that a file cannot be believed, because a spreadsheet has rounded them.
Does not belong here: reading bytes (`files.py`), the shape of mappings (`rules/catalog_mapping.py`), or what values
are worth (`domain/products/cleaning.py`).

The row of a record is the one that a spreadsheet shows: the header is row 1 where nothing stands above it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from linkstar_pipelines.connectors.files import FileError, TextTable, file_sha256, read_tables
from linkstar_pipelines.domain.order_import import SURPLUS_COLUMN
from linkstar_pipelines.domain.products.file_records import DOUBTS, source_key_prefix, source_of
from linkstar_pipelines.domain.products.records import KINDS
from linkstar_pipelines.rules.catalog_mapping import CatalogMapping

_CODES: Final = ("sku", "kit_sku", "component_sku", "listing_sku", "gtin")
"""Columns in which a number is a name: no digit of it may be lost."""
_POINT_ZERO: Final = r"^(\d+)\.0+$"
_SCIENTIFIC: Final = r"^(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})$"
_LONG_NUMBER: Final = r"^\d{16,}$"
_EXACT_DIGITS: Final = 15  # that a spreadsheet keeps of a number
_ROUNDED: Final = (
    "is a number of which a spreadsheet has lost digits: format the column as text, enter the code again and export"
)
_SURPLUS: Final = "is beyond the columns of the header: put values that hold the separator into quotation marks"
_BINARY: Final = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".parquet")


@dataclass(frozen=True)
class CatalogFile:
    """A file brought to records.

    Attributes:
        records: The columns of its kind (`records.py`), and `file`, `row`, and what the file itself cannot be believed
            in `doubts` (`file_records.DOUBTS`). `source` is `file/<mapping>`, `source_key` adds 12 digits of the
            file's digest and the row; further lines of a split cell are `<row>.2` and so on.
        sha256: Digest of the file's bytes.
        rows_read: Rows below the header that hold anything.
        rows_left_out: Those that are no records by the mapping's `only_where`.
        absent: Columns of the mapping that the file does not have.
    """

    records: pl.DataFrame
    sha256: str
    rows_read: int
    rows_left_out: int
    absent: tuple[str, ...]


def check_catalog_file(path: Path, mapping: CatalogMapping) -> None:
    """Judge whether a file fits a mapping.

    Raises:
        FileError: the file cannot be read, or several of its sheets fit.
        MappingError: its headers are not those of the mapping.
    """
    _matched(path, mapping)


def read_catalog_file(path: Path, mapping: CatalogMapping) -> CatalogFile:
    """Read a file of the catalogue; arguments and errors as of `check_catalog_file`."""
    table, header_of = _matched(path, mapping)
    digest = file_sha256(path)
    rows = _filled(table)
    surplus = [pl.col(SURPLUS_COLUMN)] if SURPLUS_COLUMN in rows.columns else []
    found = rows.select("row", *surplus, *(_value(ours, header).alias(ours) for ours, header in header_of.items()))
    kept = found if mapping.only_where is None else found.filter(pl.col(mapping.only_where).is_not_null())
    parts = _split(kept, mapping)
    doubts = _doubts(parts, numbers_are_floats=path.suffix.lower() in _BINARY)
    fixed = [pl.lit(value).alias(name) for name, value in mapping.fixed.items()]
    absent = tuple(name for name in mapping.columns if name not in header_of)
    unsaid = [n for n in mapping.known() if n not in header_of and n not in mapping.fixed]
    digits = pl.lit(source_key_prefix(mapping.name, digest))
    records = parts.with_columns(
        *fixed,
        *(pl.lit(None, pl.String).alias(name) for name in unsaid),
        doubts,
        source=pl.lit(source_of(mapping.name)),
        source_key=pl.concat_str(digits, pl.col("row").cast(pl.String), _part_suffix()),
        file=pl.lit(path.name),
    ).select(*KINDS[mapping.kind], "file", "row", "doubts")
    return CatalogFile(records, digest, rows.height, found.height - kept.height, absent)


def _matched(path: Path, mapping: CatalogMapping) -> tuple[TextTable, dict[str, str]]:
    table = _chosen(path, read_tables(path), mapping)
    where = str(path) if table.sheet is None else f"{path}, sheet '{table.sheet}',"
    headers = [name for name in table.rows.columns if name != SURPLUS_COLUMN]
    return table, mapping.match(headers, where)


def _chosen(path: Path, tables: Sequence[TextTable], mapping: CatalogMapping) -> TextTable:
    """The sheet to read: the one that the mapping names, the only one, or the only one that fits."""
    if mapping.sheet is not None and tables[0].sheet is not None:
        named = [table for table in tables if table.sheet == mapping.sheet]
        if not named:
            shown = ", ".join(str(table.sheet) for table in tables)
            raise FileError(
                f"{path} has no sheet '{mapping.sheet}', which mapping '{mapping.name}' names. It has: {shown}."
            )
        return named[0]
    fitting = [table for table in tables if mapping.fits(table.rows.columns)]
    if len(fitting) > 1:
        shown = "' and '".join(str(table.sheet) for table in fitting)
        raise FileError(
            f"{path}: the sheets '{shown}' both fit mapping '{mapping.name}'. Keep one of them in the workbook, or "
            "name one under `sheet` in a copy of the mapping."
        )
    return fitting[0] if fitting else tables[0]


def _filled(table: TextTable) -> pl.DataFrame:
    """The rows that hold anything, blank cells as null, with their number."""
    cells = table.rows.with_columns(
        pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)).alias(name) for name in table.rows.columns
    )
    numbered = cells.with_row_index("row", table.first_row).with_columns(pl.col("row").cast(pl.Int64))
    return numbered.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in table.rows.columns))


def _value(ours: str, header: str) -> pl.Expr:
    """A cell as written; in columns of codes, a number that a spreadsheet has made a float is whole again if exact."""
    cell = pl.col(header)
    if ours not in _CODES:
        return cell
    trimmed = cell.str.strip_chars()
    first, more, power = (trimmed.str.extract(_SCIENTIFIC, group) for group in (1, 2, 3))
    digits = pl.concat_str(first, more.fill_null(""))
    every_digit_told = digits.str.len_chars().cast(pl.Int64) == power.cast(pl.Int64) + 1
    return (
        pl.when(trimmed.str.contains(_POINT_ZERO))
        .then(trimmed.str.extract(_POINT_ZERO))
        .when(more.is_not_null() & every_digit_told)
        .then(digits)
        .otherwise(cell)
    )


def _split(rows: pl.DataFrame, mapping: CatalogMapping) -> pl.DataFrame:
    """One row per line of the cells of the split column, numbered in `part`; other rows stay as they are."""
    column = mapping.split
    if column is None or column not in rows.columns:
        return rows.with_columns(part=pl.lit(1, pl.Int64))
    lines = pl.col(column).str.split("\n").list.eval(pl.element().str.strip_chars("\r"))
    said = lines.list.eval(pl.element().filter(pl.element().str.strip_chars() != ""))
    each = rows.with_columns(said.alias(column)).explode(column)
    return each.with_columns(part=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("row"))


def _part_suffix() -> pl.Expr:
    return (
        pl.when(pl.col("part") > 1)
        .then(pl.concat_str(pl.lit("."), pl.col("part").cast(pl.String)))
        .otherwise(pl.lit(""))
    )


def _doubts(rows: pl.DataFrame, *, numbers_are_floats: bool) -> pl.Expr:
    found = []
    for name in (name for name in _CODES if name in rows.columns):
        lost = pl.col(name).str.contains(_SCIENTIFIC) & pl.col(name).str.contains(r"[.+]")  # `1E5` is a code
        if numbers_are_floats:
            lost |= pl.col(name).is_in(_rounded(rows[name]))
        found.append(_doubt(name, _ROUNDED, lost))
    if SURPLUS_COLUMN in rows.columns:
        found.append(_doubt(SURPLUS_COLUMN, _SURPLUS, pl.col(SURPLUS_COLUMN).is_not_null()))
    return pl.concat_list(found).list.drop_nulls().alias("doubts").cast(DOUBTS)


def _doubt(column: str, reason: str, when: pl.Expr) -> pl.Expr:
    told = pl.struct(column=pl.lit(column), value=pl.col(column), reason=pl.lit(reason))
    return pl.when(when.fill_null(value=False)).then(told)


def _rounded(codes: pl.Series) -> list[str]:
    """Long numbers of a workbook that are what a spreadsheet makes of a number: 15 digits, the rest filled up.

    Few codes are that long: they are looked at one by one, as only Python's floats round exactly.
    """
    long = codes.drop_nulls().unique()
    long = long.filter(long.str.contains(_LONG_NUMBER))
    return [code for code in long if str(int(float(f"{float(code):.{_EXACT_DIGITS - 1}e}"))) == code]
