"""`linkstar import catalog`: what lands, what is held and why, and what a mended file or mapping releases."""

import json
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from linkstar_pipelines.connectors.files import FileError
from linkstar_pipelines.domain.order_mapping import MappingError
from linkstar_pipelines.operations.catalog_import import import_catalog
from linkstar_pipelines.storage.lake import Lake

PRODUCTS = "sku,name_en,weight,weight_unit\nLS-MUG-0001,Mug,350,g\nLS-MUG-0002,Cup,heavy,g\nLS-MUG-0003,Jug,1.5,kg\n"


def importing(path: Path, mapping: str = "linkstar_products", *, replace: bool = False) -> str:
    """Import a file and return what was said; it must have gone through."""
    said = StringIO()
    code = import_catalog(Console(file=said, width=200, no_color=True), path, mapping, replace=replace)
    assert code == 0, said.getvalue()
    return said.getvalue()


def held(lake: Lake) -> list[tuple[int, str, str]]:
    """Row, column and value of every problem in quarantine."""
    rows = []
    for (payload,) in lake.query("SELECT payload FROM quality.quarantine ORDER BY source_key").iter_rows():
        told = json.loads(payload)
        rows += [(told["row"], problem["column"], problem["value"]) for problem in told["problems"]]
    return rows


def landed(lake: Lake, table: str = "file_products") -> pl.DataFrame:
    return lake.query(f"SELECT * FROM raw.{table} ORDER BY source_key")  # noqa: S608


def test_good_rows_land_as_written_and_a_bad_one_is_held_until_the_file_is_mended(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text(PRODUCTS)
    said = importing(path)
    assert "3 rows read." in said
    assert "3 records = 2 landed in raw.file_products + 1 in quarantine" in said
    assert "weight is no number: `heavy` in row 3" in said
    assert landed(lake).select("sku", "weight", "row", "file").rows() == [
        ("LS-MUG-0001", "350", 2, "products.csv"),
        ("LS-MUG-0003", "1.5", 4, "products.csv"),
    ]
    assert held(lake) == [(3, "weight", "heavy")]
    (payload,) = lake.query("SELECT payload FROM quality.quarantine")["payload"]
    told = json.loads(payload)
    assert (told["file"], told["record"]["sku"], told["record"]["name_en"]) == ("products.csv", "LS-MUG-0002", "Cup")

    before = lake.fingerprint()
    importing(path)
    assert lake.fingerprint().equals(before)

    path.write_text(PRODUCTS.replace("heavy", "270"))
    with pytest.raises(FileError, match=r"products.csv with other contents was imported .* add --replace"):
        importing(path)
    assert "3 records of the earlier products.csv left." in importing(path, replace=True)
    assert landed(lake)["sku"].to_list() == ["LS-MUG-0001", "LS-MUG-0002", "LS-MUG-0003"]
    assert held(lake) == []


def test_a_mended_mapping_releases_the_rows_that_now_fit(lake: Lake, tmp_path: Path) -> None:
    path, mapping = tmp_path / "shop.csv", tmp_path / "shop.yaml"
    path.write_text("code,value\nLS-MUG-0001,2.50\nLS-MUG-0002,\n")
    words = "name: shop\nkind: products\ncolumns: {sku: code, declared_value: value}\n"
    mapping.write_text(words)
    importing(path, str(mapping))
    assert [(row, column) for row, column, _ in held(lake)] == [(2, "declared_value")]
    mapping.write_text(words + "fixed: {declared_currency: USD}\n")
    importing(path, str(mapping))
    assert held(lake) == []
    assert landed(lake)["declared_currency"].to_list() == ["USD", "USD"]


def test_of_a_kit_all_rows_land_or_none(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "combos.csv"
    path.write_bytes(
        "*组合sku,*包含的商品sku,*数量\nLS-SET-0001,LS-MUG-0001,2\nLS-SET-0001,LS-MUG-0002,二\n"
        "LS-SET-0002,LS-MUG-0001,1\nLS-SET-0003,LS-MUG-0001,1\nLS-SET-0003,LS-MUG-0002,1,9\n".encode("gb18030")
    )
    importing(path, "dianxiaomi_kits")
    assert landed(lake, "file_kits")["kit_sku"].to_list() == ["LS-SET-0002"]
    assert [(row, column) for row, column, _ in held(lake)] == [
        (2, "kit_sku"), (3, "quantity"), (5, "kit_sku"), (6, "fields_beyond_header"),
    ]  # fmt: skip


def test_a_file_that_does_not_fit_stops_before_anything_starts(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text("sku,nmae_en\nLS-MUG-0001,Mug\n")
    before = lake.fingerprint()
    with pytest.raises(MappingError, match=r"header 'nmae_en' is unknown\. Did you mean 'name_en'"):
        importing(path)
    assert lake.fingerprint().equals(before)
