"""Files of the catalogue as records: each row under the number that a person sees, no digit lost in silence."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from linkstar_pipelines.connectors.catalog_files import CatalogFile, read_catalog_file
from linkstar_pipelines.connectors.files import FileError, file_sha256
from linkstar_pipelines.domain.order_mapping import MappingError
from linkstar_pipelines.domain.products.records import KINDS
from linkstar_pipelines.reporting.catalog_template import CHINESE, write_template
from linkstar_pipelines.rules.catalog_mapping import CatalogMapping, load_catalog_mapping
from linkstar_pipelines.schemas.files import FILE_TABLES


def workbook(path: Path, **sheets: Sequence[Any]) -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def read(path: Path, mapping: str = "linkstar_products") -> CatalogFile:
    return read_catalog_file(path, load_catalog_mapping(mapping))


def doubted(file: CatalogFile) -> dict[int, list[tuple[str, str]]]:
    return {
        row: [(doubt["column"], doubt["value"]) for doubt in doubts]
        for row, doubts in file.records.select("row", "doubts").iter_rows()
        if doubts
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_csv_in_the_encodings_of_spreadsheets_becomes_records(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "商品.csv"
    path.write_bytes('"*SKU\n(必填)",中文名称,商品净重(g)\r\nA-1,陶瓷马克杯,350\r\n'.encode(encoding))
    file = read(path, "dianxiaomi_products")
    digits = file_sha256(path)[:12]
    record = file.records.row(0, named=True)
    assert record["source"] == "file/dianxiaomi_products"
    assert record["source_key"] == f"file/dianxiaomi_products/{digits}/2"
    assert (record["sku"], record["name_zh"], record["weight"]) == ("A-1", "陶瓷马克杯", "350")
    assert (record["weight_unit"], record["length_unit"], record["cost_currency"]) == ("g", "cm", "CNY")
    assert (record["file"], record["row"], record["gtin"]) == ("商品.csv", 2, None)
    assert file.records.columns == [*KINDS["products"], "file", "row", "doubts"]


def test_rows_keep_the_number_that_the_spreadsheet_shows(tmp_path: Path) -> None:
    path = workbook(tmp_path / "p.xlsx", s=[[], [], ["sku", "name_en"], ["A-1", "Mug"], ["", ""], ["A-2", "Cup"]])
    file = read(path)
    assert file.records.select("row", "sku").rows() == [(4, "A-1"), (6, "A-2")]
    assert file.rows_read == 2
    csv = tmp_path / "p.csv"
    csv.write_text('sku,name_en\nA-1,"Mug\nwith lid"\n\n,\nA-2,Cup\n')
    assert read(csv).records.select("row", "sku").rows() == [(2, "A-1"), (5, "A-2")]


def test_several_values_of_a_cell_are_records_of_their_own(tmp_path: Path) -> None:
    rows = [["*SKU", "平台SKU"], ["A-1", "x-1\nx-2\r\n\n x 3"], ["A-2", "y-1"], ["A-3", None]]
    file = read(workbook(tmp_path / "pairs.xlsx", 配对=rows), "dianxiaomi_pairings")
    found = file.records.select(pl.col("source_key").str.extract(r"/([\d.]+)$"), "sku", "listing_sku", "row").rows()
    assert found == [
        ("2", "A-1", "x-1", 2),
        ("2.2", "A-1", "x-2", 2),
        ("2.3", "A-1", " x 3", 2),
        ("3", "A-2", "y-1", 3),
    ]
    assert (file.rows_read, file.rows_left_out) == (3, 1)


def test_a_code_that_a_spreadsheet_made_a_number_is_whole_again_where_that_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("sku,gtin,weight\n12345.0,6.901234567892E+12,1.50\n0012,6912345678901,2\n1E5,,3\n")
    file = read(path)
    codes = [("12345", "6901234567892", "1.50"), ("0012", "6912345678901", "2"), ("1E5", None, "3")]
    assert file.records.select("sku", "gtin", "weight").rows() == codes
    assert doubted(file) == {}
    cells = [["sku", "gtin", "weight"], [12345, 6912345678901, 1.5], ["A-1", None, 2.0]]
    assert read(workbook(tmp_path / "p.xlsx", s=cells)).records.select("sku", "gtin", "weight").rows() == [
        ("12345", "6912345678901", "1.5"),
        ("A-1", None, "2"),
    ]
    typed = tmp_path / "p.parquet"
    pl.DataFrame({"sku": [12345.0, None], "gtin": ["x", None], "weight": [1.5, 2.0]}).write_parquet(typed)
    assert read(typed).records.select("sku", "weight").rows() == [("12345", "1.5"), (None, "2")]


def test_a_code_whose_digits_are_lost_is_doubted(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("sku,gtin\nA-1,6.9E+12\nA-2,6912345678901\n")
    assert doubted(read(path)) == {2: [("gtin", "6.9E+12")]}
    rows = [["sku", "listing_sku"], ["A-1", 123456789012345000000], ["A-2", "1234567890123456789"]]
    assert list(doubted(read(workbook(tmp_path / "p.xlsx", s=rows), "linkstar_pairings"))) == [2]


def test_fields_beyond_the_header_are_doubted(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("sku,name_en\nA-1,Mug, red\nA-2,Cup\n")
    assert doubted(read(path)) == {2: [("fields_beyond_header", " red")]}


def test_columns_without_header_stop_only_where_they_hold_something(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("sku,name_en,,\nA-1,Mug,,\n")
    assert read(path).records.height == 1
    path.write_text("sku,name_en,,\nA-1,Mug,oops,\n")
    with pytest.raises(MappingError, match="header 'column_3' is unknown"):
        read(path)


def test_the_sheet_that_fits_is_read(tmp_path: Path) -> None:
    path = workbook(tmp_path / "p.xlsx", notes=[["how to fill in"], ["carefully"]], data=[["sku"], ["A-1"]], empty=[])
    assert read(path).records["sku"].to_list() == ["A-1"]


def test_several_sheets_that_fit_stop_unless_the_mapping_names_one(tmp_path: Path) -> None:
    path = workbook(tmp_path / "p.xlsx", spring=[["sku"], ["A-1"]], autumn=[["sku"], ["B-1"]])
    with pytest.raises(FileError, match="the sheets 'spring' and 'autumn' both fit"):
        read(path)
    mapping = {"name": "mine", "kind": "products", "columns": {"sku": "sku"}, "sheet": "autumn"}
    found = read_catalog_file(path, CatalogMapping.model_validate(mapping))
    assert found.records["sku"].to_list() == ["B-1"]
    with pytest.raises(FileError, match=r"has no sheet 'winter'.*It has: spring, autumn"):
        read_catalog_file(path, CatalogMapping.model_validate(mapping | {"sheet": "winter"}))


def test_dates_and_numbers_of_a_workbook_are_text_in_full(tmp_path: Path) -> None:
    day = datetime(2026, 1, 2, tzinfo=UTC).replace(tzinfo=None)
    path = workbook(tmp_path / "p.xlsx", s=[["sku", "category", "weight"], ["A-1", day, 0.1], ["A-2", True, 1e-7]])
    assert read(path).records.select("category", "weight").rows() == [
        ("2026-01-02 00:00:00", "0.1"),
        ("true", "0.0000001"),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_plain_template_fits_its_mapping_and_explains_every_column(tmp_path: Path, kind: str) -> None:
    path = write_template(kind, tmp_path / "template.xlsx")
    file = read(path, f"linkstar_{kind}")
    assert file.records.height == 0
    assert file.absent == ()
    columns = [name for name in KINDS[kind] if name not in {"source", "source_key"}]
    assert set(columns) <= set(CHINESE)
    assert all(FILE_TABLES[kind].columns()[name].description for name in columns)
