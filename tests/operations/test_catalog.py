"""`linkstar catalog` and `linkstar migrate`, typed by a person, over a real lake."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from typer.testing import CliRunner, Result

from linkstar_pipelines.cli import app
from linkstar_pipelines.connectors.files import read_tables
from linkstar_pipelines.operations.catalog_errors import CatalogError
from linkstar_pipelines.schemas.files import FILE_TABLES
from linkstar_pipelines.schemas.products import ListingMap, Listings, RawCatalogDecisions, Skus
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.publishing import Mode
from tests.domain.products.said import listings

CATALOGUE = ("core.skus", "core.kits", "core.suppliers", "core.match_proposals", "core.listing_map")
DIGEST = "0" * 64


def linkstar(*arguments: str) -> Result:
    """Run a command; errors that the person can mend come out as they are."""
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def said_by(result: Result) -> str:
    """What a command printed, without the width of the terminal."""
    return " ".join(result.output.split())


def contents(lake: Lake) -> dict[str, str]:
    """Content of each table of the catalogue as one number."""
    prints = lake.fingerprint().filter(pl.col("table_name").is_in(CATALOGUE))
    return dict(prints.select("table_name", "content").iter_rows())


def land(lake: Lake, kind: str, rows: Sequence[dict[str, str]], day: str = "2026-05-01") -> None:
    """Records of a file, as its import lands them."""
    schema = FILE_TABLES[kind]
    form = dict.fromkeys(schema.column_names(), pl.String)
    place = [
        {"source": "file/a", "source_key": f"file/a/{day}/{n}", "file": "a.xlsx", "file_sha256": DIGEST, "row": str(n),
         "imported_on": day}
        for n, _ in enumerate(rows, start=2)
    ]  # fmt: skip
    frame = pl.DataFrame([p | row for p, row in zip(place, rows, strict=True)], schema=form)
    lake.publish(schema, schema.cast(frame.with_columns(pl.col("imported_on").str.to_date())), mode=Mode.UPSERT)


@pytest.fixture
def house(lake: Lake) -> Lake:
    """Two listings whose codes nobody knows yet."""
    shown = listings("KT-1", None).with_columns(title=pl.Series(["Travel kettle 0.5 l", "Ceramic cup white"]))
    lake.publish(Listings, shown, mode=Mode.REPLACE)
    return lake


def test_a_person_maps_merges_sets_looks_and_takes_back(house: Lake, settings: Settings) -> None:
    assert linkstar("catalog", "set", "CUP", "name_en=Cup", "weight_g=210", "--no-run").exit_code == 0
    mapped = linkstar("catalog", "map", "amazon/na/?1", "CUP", "--multiplier", "2", "--by", "ana", "--note", "counted")
    assert mapped.exit_code == 0, mapped.output
    row = house.table(ListingMap, where="listing_sku = '?1'").row(0, named=True)
    assert (row["sku"], row["multiplier"], row["evidence"], row["approved_by"]) == ("CUP", 2, "person", "ana")
    shown = said_by(linkstar("catalog", "show", "amazon/na/?1"))
    assert "counted" in shown
    assert "in force" in shown
    assert "?1" in said_by(linkstar("catalog", "search", "ceramic"))

    back = linkstar("catalog", "undo", re.findall(r"[0-9a-f]{64}", said_by(mapped))[0])
    assert back.exit_code == 0, back.output
    assert house.table(ListingMap, where="sku = 'CUP'").is_empty()
    with pytest.raises(CatalogError, match="taken back already"):
        linkstar("catalog", "undo", re.findall(r"[0-9a-f]{64}", said_by(mapped))[0])


WRONG = {
    ("map", "amazon/na/kt-2", "KT-1"): "There is no listing amazon/na/kt-2. The closest: amazon/na/kt-1",
    ("map", "amazon/na/kt-1", "KT-2"): "There is no SKU KT-2. The closest: KT-1",
    ("unmap", "kt-1"): "A listing is named <platform>/<store>/<listing SKU>.",
    ("merge", "KT-1", "KT-1"): "cannot be merged into itself",
    ("set", "KT-1", "weigth_g=1"): "weigth_g",
    ("set", "KT-1", "weight_g=heavy"): "weight_g",
    ("undo", "batch:none"): "There is no batch none",
    ("undo", "abc"): "No decision's id begins with abc",
    ("show", "KT-2"): "There is neither a SKU nor a listing KT-2",
}


def test_what_cannot_be_followed_is_told_and_not_written(house: Lake, settings: Settings) -> None:
    for arguments, words in WRONG.items():
        with pytest.raises(CatalogError) as error:
            linkstar("catalog", *arguments)
        assert words in str(error.value)
    assert house.count(RawCatalogDecisions) == 0
    assert "No order is held" in linkstar("catalog", "holds").output
    with pytest.raises(CatalogError, match="linkstar import catalog"):
        linkstar("migrate", "plan", "--from", "mabang")


@pytest.mark.drill
def test_a_file_moves_in_again_changes_nothing_and_moves_out_again(house: Lake, settings: Settings) -> None:
    linkstar("catalog", "set", "LS-CUP-0001", "name_en=Mug of a person")
    before, decided = contents(house), house.count(RawCatalogDecisions)
    cup = {"sku": "ls-cup-0001 ", "name_en": "Cup", "weight": "0.21", "weight_unit": "kg", "gtin": "123"}
    land(house, "products", [cup, {"sku": "LS-KETTLE-0002", "name_zh": "水壶"}, {"sku": "???"}])
    land(house, "pairings", [{"sku": "LS-CUP-0001", "listing_sku": "?1", "multiplier": "2"}])

    planned = linkstar("migrate", "plan")
    assert planned.exit_code == 0, planned.output
    assert "Nothing was changed" in planned.output
    assert house.count(RawCatalogDecisions) == decided
    for name in ("migration-report.xlsx", "migration-report.html"):
        assert (settings.data_dir / "reports" / name).is_file()
    report = {table.sheet: table.rows for table in read_tables(settings.data_dir / "reports" / "migration-report.xlsx")}
    assert report["Not changed"].select("What", "Field").rows() == [("LS-CUP-0001", "name_en")]
    assert any("???" in str(row) for row in report["Refused records"].rows())
    assert "gtin" in report["Cleaned values"]["Column"]

    snapshots = house.query("SELECT count(*) FROM ducklake_snapshots('lake')").item()
    linkstar("migrate", "plan")
    assert house.query("SELECT count(*) FROM ducklake_snapshots('lake')").item() == snapshots
    applied = linkstar("migrate", "apply", "--by", "ana")
    assert applied.exit_code == 0, applied.output
    assert house.table(ListingMap, where="listing_sku = '?1'")["sku"].to_list() == ["LS-CUP-0001"]
    weights = dict(house.table(Skus).select("sku", "weight_g").iter_rows())
    assert weights["LS-CUP-0001"] == 210
    after, decided = contents(house), house.count(RawCatalogDecisions)
    assert after != before

    again = linkstar("migrate", "apply")
    assert "nothing would change" in said_by(again)
    assert (contents(house), house.count(RawCatalogDecisions)) == (after, decided)

    batch = re.findall(r"migration:[-0-9]+:[0-9a-f]{12}", said_by(applied))[0]
    assert "in force" in linkstar("migrate", "list").output
    assert linkstar("migrate", "undo", batch).exit_code == 0
    assert contents(house) == before
    assert "taken back" in said_by(linkstar("migrate", "list"))

    # What was taken back can be applied anew: it is another migration.
    assert linkstar("migrate", "apply", "--by", "ana").exit_code == 0
    assert contents(house) == after


@pytest.mark.drill
def test_applying_goes_on_where_the_process_was_killed(house: Lake, settings: Settings) -> None:
    land(house, "products", [{"sku": "LS-CUP-0001", "name_en": "Cup"}])
    for moment, decisions in (("_after", 0), ("remake", 1)):
        module = "migration" if moment == "_after" else "catalog"
        script = (
            "import os, signal\n"
            f"from linkstar_pipelines.operations import {module} as module\n"
            "from linkstar_pipelines.cli import main\n"
            f"module.{moment} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
            "import sys; sys.argv = ['linkstar', 'migrate', 'apply']\n"
            "main()\n"
        )
        killed = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, timeout=120)
        assert killed.returncode == -9, killed.stderr
        assert house.count(RawCatalogDecisions) == decisions
        assert house.table(Skus).is_empty()
    assert linkstar("migrate", "apply").exit_code == 0
    assert house.count(RawCatalogDecisions) == 1
    assert house.table(Skus)["sku"].to_list() == ["KT-1", "LS-CUP-0001"]

    # A newer file replaces what the older one says.
    land(house, "products", [{"sku": "LS-CUP-0001", "name_en": "White cup"}], day="2026-05-02")
    linkstar("migrate", "apply")
    assert house.table(Skus, where="sku = 'LS-CUP-0001'")["name_en"].to_list() == ["White cup"]


def test_a_review_list_goes_out_and_comes_in(house: Lake, settings: Settings, tmp_path: Path) -> None:
    assert linkstar("catalog", "set", "CUP", "name_en=Cup").exit_code == 0
    path, filled = tmp_path / "review.xlsx", tmp_path / "filled.xlsx"
    assert linkstar("catalog", "review", "export", str(path)).exit_code == 0
    rows = read_tables(path)[0].rows
    assert rows["Listing or SKU"].to_list() == ["amazon/na/?1"]
    answer = {"Decision": "其他 SKU", "Other SKU": "CUP", "Units": "6"}
    wrong = answer | {"Listing or SKU": "amazon/na/gone"}
    _fill(filled, rows, [answer, wrong])

    taken = linkstar("catalog", "review", "import", str(filled), "--by", "ana")
    assert taken.exit_code == 1
    assert "row 3, subject `amazon/na/gone`" in said_by(taken)
    assert house.table(ListingMap, where="listing_sku = '?1'").select("sku", "multiplier").rows() == [("CUP", 6)]
    decided = house.count(RawCatalogDecisions)
    assert "0 decisions" in said_by(linkstar("catalog", "review", "import", str(filled)))
    assert house.count(RawCatalogDecisions) == decided
    assert "Nothing waits for you" in said_by(linkstar("catalog", "proposals"))


def _fill(path: Path, rows: pl.DataFrame, answers: Sequence[dict[str, str]]) -> None:
    """Write the list as a person saves it: its first row once per answer."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, rows.columns)
        for place, answer in enumerate(answers, start=1):
            sheet.write_row(place, 0, list((rows.row(0, named=True) | answer).values()))
