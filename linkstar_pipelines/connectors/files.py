"""Files of people: CSV, XLSX and Parquet as frames, row by row as they stand in the file.

Belongs here: recognizing encoding and separator, reading typed or as text, the digest of a file's bytes.
Does not belong here: the meaning of columns (`catalog_files.py`, `domain/order_import.py`).
"""

import codecs
import csv
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from linkstar_pipelines.domain.order_import import SURPLUS_COLUMN

if TYPE_CHECKING:
    from fastexcel import DType, ExcelReader

SHEET_COLUMN: Final = "sheet"
"""Column of a workbook's rows that holds the name of their sheet."""

_SEPARATORS: Final = ",;\t|"
_HEADER_BYTES: Final = 1 << 16  # no header is longer; saves splitting the whole file
_MARKS: Final = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


_WHOLE_FLOAT: Final = 1e15  # a float holds 15 decimal digits


class FileError(Exception):
    """A file cannot be read; the message names it and says what to do."""


@dataclass(frozen=True)
class TextTable:
    """A sheet, or a whole file, with every cell as text.

    Attributes:
        sheet: Name of the sheet; None for a file that has none.
        rows: The rows below the header, with the columns that the header names; blank rows are there.
        first_row: Number of the first of them, as a spreadsheet shows it.
    """

    sheet: str | None
    rows: pl.DataFrame
    first_row: int


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal.

    Raises:
        FileError: the file does not exist or may not be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileError(f"Cannot read {path}: {error.strerror}. Check the path and its permissions.") from None


def read_rows(path: Path) -> pl.LazyFrame:
    """Return the rows of an order file in the file's order.

    * Text (`.csv`, `.tsv`, `.txt`): every column is text. Encoding (UTF-8, UTF-16 with mark, GB18030,
      Windows-1252) and separator (comma, semicolon, tab, bar) are recognized. Fields that a row has beyond
      the header are kept in the column `fields_beyond_header`; fields that it lacks are null.
    * Workbook (`.xlsx`, `.xlsm`, `.xls`, `.xlsb`, `.ods`): typed as the cells are, a column of mixed cells is
      text. All sheets that hold rows, one below the other, with their name in the column `sheet` unless the
      workbook has such a column.
    * `.parquet`: as it is.

    Raises:
        FileError: the file does not exist, is of another kind, or its content cannot be read as its name says.
    """
    return _reader(path)(path)


def read_tables(path: Path) -> list[TextTable]:
    """Return the sheets of a workbook that hold anything, or the one table of another file, as text.

    Numbers are written in full, whole ones without a decimal point; dates in ISO form. Columns without a header are
    called `column_<number>`, and left out where they are empty. Surplus fields as of `read_rows`.

    Raises:
        FileError: as of `read_rows`, or a header names two columns alike.
    """
    reader = _reader(path)
    if reader is _read_workbook:
        return _text_sheets(path)
    rows = reader(path).collect()
    text = rows.select(_as_text(name, dtype) for name, dtype in rows.schema.items())
    return [TextTable(None, _without_blank_columns(text), 2)]


def _reader(path: Path) -> Callable[[Path], pl.LazyFrame]:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise FileError(f"{path} is of no known kind. Files to import end in {', '.join(_READERS)}.")
    if not path.is_file():
        raise FileError(f"There is no file {path}. Check the path.")
    if path.stat().st_size == 0:
        raise FileError(f"{path} is empty. Export it again.")
    return reader


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(name)
    if not dtype.is_float():
        return value.cast(pl.String)
    whole = (value == value.round()) & (value.abs() < _WHOLE_FLOAT)
    return pl.when(whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(value.cast(pl.String))


def _without_blank_columns(rows: pl.DataFrame) -> pl.DataFrame:
    """Drop the columns that have neither header nor value: what is left of formatting and of trailing separators."""
    unnamed = [name for n, name in enumerate(rows.columns, start=1) if name == f"column_{n}"]
    return rows.drop(name for name in unnamed if _blank(rows[name]))


def _blank(column: pl.Series) -> bool:
    return bool((column.str.strip_chars().fill_null("") == "").all())


def _read_parquet(path: Path) -> pl.LazyFrame:
    rows = pl.scan_parquet(path, glob=False)
    try:
        rows.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FileError(f"{path} is no readable Parquet file: {error}") from None
    return rows


def _read_text(path: Path) -> pl.LazyFrame:
    data = path.read_bytes()
    encoding = _encoding(data)
    try:
        data = data if encoding == "utf-8" else data.decode(encoding).encode()
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is in no known encoding ({error}). Save it as UTF-8 and try again.") from None
    separator, header = _header(path, data[:_HEADER_BYTES].decode(errors="ignore"))
    try:
        rows = pl.read_csv(
            data,
            has_header=False,
            skip_rows=1,
            separator=separator,
            schema=dict.fromkeys([*header, SURPLUS_COLUMN], pl.String),
            missing_columns="insert",
            extra_columns="ignore",
        )
    except pl.exceptions.PolarsError as error:
        raise FileError(
            f"{path} is no well-formed CSV file: {_cause(error)}. Mend the file or export it again."
        ) from None
    return rows.lazy()


def _encoding(data: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return encoding
    for encoding in ("utf-8", "gb18030"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or _looks_chinese(data):
            return encoding
    return "cp1252"


def _looks_chinese(data: bytes) -> bool:
    """Chinese characters are pairs of high bytes; the accents of Western text stand alone between letters."""
    high = len(re.findall(rb"[\x80-\xff]", data))
    paired = sum(len(run) for run in re.findall(rb"(?:[\x81-\xfe][\xa1-\xfe])+", data))
    return paired > 0.8 * high


def _header(path: Path, text: str) -> tuple[str, list[str]]:
    """Return the separator that splits the header into the most columns, and their names."""
    start = text.splitlines(keepends=True)
    split = {separator: next(csv.reader(start, delimiter=separator)) for separator in _SEPARATORS}
    separator = max(split, key=lambda candidate: len(split[candidate]))
    return separator, _names(str(path), split[separator])


def _names(where: str, header: Sequence[str]) -> list[str]:
    names = [name.strip() or f"column_{number}" for number, name in enumerate(header, start=1)]
    repeated = [" ".join(name.split()) for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise FileError(f"{where}: the header names {', '.join(repeated)} more than once. Rename one of them.")
    return names


def _cause(error: pl.exceptions.PolarsError) -> str:
    """Return the sentence of a Polars message that says what is wrong with the text."""
    original = str(error).partition("Original error: ```")[2]
    return " ".join((original or str(error)).replace("`", "").split()).removesuffix(".")


def _read_workbook(path: Path) -> pl.LazyFrame:
    import fastexcel

    try:
        workbook = fastexcel.read_excel(path)
        sheets = {name: _sheet(workbook, name) for name in workbook.sheet_names}
        filled = {name: rows for name, rows in sheets.items() if rows.height}
        mixed = _mixed_columns(list(filled.values()))
        if mixed:
            filled = {name: _sheet(workbook, name, mixed) for name in filled}
    except fastexcel.FastExcelError as error:
        raise FileError(f"{path} is no readable workbook: {error}. Save it again as XLSX.") from None
    if not filled:
        raise FileError(f"{path} has no sheet with rows below a header. Export it again.")
    _require_same_header(path, filled)
    named = [
        rows if SHEET_COLUMN in rows.columns else rows.with_columns(pl.lit(name).alias(SHEET_COLUMN))
        for name, rows in filled.items()
    ]
    return pl.concat(named).lazy()


def _sheet(workbook: "ExcelReader", name: str, mixed: Sequence[str] = ()) -> pl.DataFrame:
    text: dict[str | int, DType] = dict.fromkeys(mixed, "string")
    return workbook.load_sheet(name, schema_sample_rows=None, dtypes=text or None).to_polars()


def _text_sheets(path: Path) -> list[TextTable]:
    import fastexcel

    try:
        workbook = fastexcel.read_excel(path)
        sheets = {
            name: workbook.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars()
            for name in workbook.sheet_names
        }
    except fastexcel.FastExcelError as error:
        raise FileError(f"{path} is no readable workbook: {error}. Save it again as XLSX.") from None
    tables = [_below_header(f"{path}, sheet '{name}'", name, cells) for name, cells in sheets.items() if cells.height]
    if not tables:
        raise FileError(f"{path} has no sheet with rows below a header. Export it again.")
    return tables


def _below_header(where: str, sheet: str, cells: pl.DataFrame) -> TextTable:
    """Take the first row that holds anything for the header."""
    filled = cells.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    header = filled.arg_max() or 0
    names = _names(where, [value or "" for value in cells.row(header)])
    rows = cells.slice(header + 1).rename(dict(zip(cells.columns, names, strict=True)))
    return TextTable(sheet, _without_blank_columns(rows), header + 2)


def _mixed_columns(sheets: list[pl.DataFrame]) -> list[str]:
    """Return the columns whose cells are of one type in one sheet and of another in the next."""
    names = {name for rows in sheets for name in rows.columns}
    return sorted(name for name in names if len({rows.schema[name] for rows in sheets if name in rows.columns}) > 1)


def _require_same_header(path: Path, sheets: dict[str, pl.DataFrame]) -> None:
    first, *others = sheets
    for other in others:
        if sheets[other].columns != sheets[first].columns:
            odd = sorted(set(sheets[other].columns) ^ set(sheets[first].columns)) or ["the order of the columns"]
            raise FileError(
                f"{path}: the sheets '{first}' and '{other}' differ in {', '.join(odd)}. "
                "Keep only sheets of one form in the workbook, or save each as a file of its own."
            )


_READERS: Final[dict[str, Callable[[Path], pl.LazyFrame]]] = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".txt": _read_text,
    ".xlsx": _read_workbook,
    ".xlsm": _read_workbook,
    ".xls": _read_workbook,
    ".xlsb": _read_workbook,
    ".ods": _read_workbook,
    ".parquet": _read_parquet,
}
