"""Order files of any form: the same rows come out, or one message says what is wrong with the file."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from linkstar_pipelines.connectors.files import FileError, file_sha256, read_rows
from linkstar_pipelines.domain.order_import import SURPLUS_COLUMN


def text_file(folder: Path, content: str | bytes, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def workbook(folder: Path, **sheets: list[list[Any]]) -> Path:
    path = folder / "orders.xlsx"
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return read_rows(path).collect().to_dicts()


def test_every_column_of_a_text_file_stays_text(tmp_path: Path) -> None:
    path = text_file(tmp_path, 'No,Code,"Unit, price"\n0010,00123,9.90\n"11","a ""b"", c",\n')
    assert read(path) == [
        {"No": "0010", "Code": "00123", "Unit, price": "9.90", SURPLUS_COLUMN: None},
        {"No": "11", "Code": 'a "b", c', "Unit, price": None, SURPLUS_COLUMN: None},
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_recognized_by_the_header(tmp_path: Path, separator: str) -> None:
    path = text_file(tmp_path, f"No{separator}Price{separator}Code\r\n1{separator}9{separator}A\r\n")
    assert read(path) == [{"No": "1", "Price": "9", "Code": "A", SURPLUS_COLUMN: None}]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Tasse für Grüße 马克杯"),
        ("utf-8-sig", "Tasse für Grüße 马克杯"),
        ("utf-16", "Tasse für Grüße 马克杯"),
        ("gb18030", "陶瓷马克杯 350ml 朱镕"),
        ("cp1252", "Tasse für Größe – £5 crème brûlée"),
    ],
)
def test_the_encoding_is_recognized(tmp_path: Path, encoding: str, text: str) -> None:
    path = text_file(tmp_path, f"No,Title\n1,{text}\n".encode(encoding))
    assert read(path) == [{"No": "1", "Title": text, SURPLUS_COLUMN: None}]


def test_rows_with_too_few_or_too_many_fields_stay_in_their_place(tmp_path: Path) -> None:
    path = text_file(tmp_path, "No,Code\n1\n2,A,oops,more\n3,B\n")
    assert read(path) == [
        {"No": "1", "Code": None, SURPLUS_COLUMN: None},
        {"No": "2", "Code": "A", SURPLUS_COLUMN: "oops"},
        {"No": "3", "Code": "B", SURPLUS_COLUMN: None},
    ]


def test_cells_of_a_workbook_keep_their_types_and_a_mixed_column_is_text(tmp_path: Path) -> None:
    when = datetime(2009, 12, 1, 7, 45)  # noqa: DTZ001 - a cell has no time zone
    path = workbook(tmp_path, first=[["No", "When", "Price"], [489434, when, 6.95], ["C489449", when, 2]], empty=[])
    assert read(path) == [
        {"No": "489434", "When": when, "Price": 6.95, "sheet": "first"},
        {"No": "C489449", "When": when, "Price": 2.0, "sheet": "first"},
    ]


def test_sheets_of_one_form_follow_each_other_with_their_names(tmp_path: Path) -> None:
    path = workbook(tmp_path, y2009=[["No", "Code"], [1, "A"]], y2010=[["No", "Code"], ["C2", "B"]])
    assert read(path) == [
        {"No": "1", "Code": "A", "sheet": "y2009"},
        {"No": "C2", "Code": "B", "sheet": "y2010"},
    ]


def test_sheets_that_differ_are_named(tmp_path: Path) -> None:
    path = workbook(tmp_path, a=[["No", "Code"], [1, "A"]], b=[["No", "SKU"], [2, "B"]])
    with pytest.raises(FileError, match="the sheets 'a' and 'b' differ in Code, SKU"):
        read_rows(path)


def test_parquet_is_read_as_it_is(tmp_path: Path) -> None:
    frame = pl.DataFrame({"No": [1, 2], "Price": [9.9, None]})
    frame.write_parquet(tmp_path / "orders.parquet")
    assert read_rows(tmp_path / "orders.parquet").collect().equals(frame)


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = text_file(tmp_path, b"No\n1\n")
    assert file_sha256(path) == hashlib.sha256(b"No\n1\n").hexdigest()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("orders.pdf", b"%PDF", "is of no known kind. Files to import end in .csv, .tsv"),
        ("orders.csv", b"", "is empty. Export it again"),
        ("orders.csv", b'No,Code\n1,"A\n', "is no well-formed CSV file: invalid csv file"),
        ("orders.csv", b"No,Code,No\n1,A,2\n", "the header names No more than once"),
        ("orders.csv", b"No\n\x81\x8d\x8f\n", "is in no known encoding"),
        ("orders.xlsx", b"No,Code\n1,A\n", "is no readable workbook"),
        ("orders.parquet", b"No,Code\n1,A\n", "is no readable Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = text_file(tmp_path, content, name)
    with pytest.raises(FileError) as caught:
        read_rows(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"There is no file .*orders\.csv"):
        read_rows(tmp_path / "orders.csv")
    with pytest.raises(FileError, match=r"Cannot read .*orders\.csv: No such file"):
        file_sha256(tmp_path / "orders.csv")


def test_a_workbook_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="has no sheet with rows below a header"):
        read_rows(workbook(tmp_path, empty=[], header=[["No", "Code"]]))
