"""A large file of products with bad rows: nothing is lost, and every bad row says what is wrong with it.

The file of 1,000,000 rows with 50,000 bad ones is a drill: `pytest -m drill tests/e2e/test_large_catalog_file.py -s`.
"""

import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from stdnum import ean

from linkstar_pipelines.domain.products.file_records import DOUBTS
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.lake import Lake
from tests.support import project_root

FAULTS = {
    "sku": "??",
    "gtin": "4006381333932",
    "weight": "heavy",
    "hs_code": "770000",
    "origin_country": "Atlantis",
}
"""One value per column that cannot be right; every 20th row has one of them, in turn."""
PAYLOAD = pl.Struct({"file": pl.String, "row": pl.Int64, "problems": DOUBTS, "record": pl.Struct({"sku": pl.String})})
SAID = ("column", "value", "reason")
GIGABYTE = 1024**2  # in the kilobytes of the operating system


def letter(place: int) -> pl.Expr:
    """A letter of the code of product `n`: 10,000 products share their letters."""
    return pl.lit("ABCDEFGHIJKLMNOPQRSTUVWXYZ").str.slice(pl.col("n") // 10_000 // place % 26, 1)


def product_file(path: Path, rows: int) -> pl.DataFrame:
    """Write a file of products; returns row (as a spreadsheet numbers it), column and value of each fault."""
    number = pl.int_range(rows, dtype=pl.Int64, eager=True).alias("n").to_frame()
    body = pl.Series("gtin", [f"{690000000000 + n:012d}" for n in range(rows)])
    good = number.select(
        "n",
        sku=pl.format("LS-{}{}-{}", letter(26), letter(1), (pl.col("n") % 10_000).cast(pl.String).str.zfill(4)),
        name_en=pl.format("Mug, {} ml\nwith lid", pl.col("n")),
        name_zh=pl.lit("陶瓷马克杯"),
        gtin=body + body.map_elements(ean.calc_check_digit, return_dtype=pl.String),
        weight=pl.format("{}", 100 + pl.col("n") % 900),
        weight_unit=pl.lit("g"),
        hs_code=pl.lit("691200"),
        origin_country=pl.lit("中国"),
    )
    turn = pl.when(pl.col("n") % 20 == 7).then(pl.col("n") // 20 % len(FAULTS))
    spoiled = good.with_columns(
        pl.when(turn == place).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
        for place, (column, value) in enumerate(FAULTS.items())
    )
    spoiled.drop("n").write_csv(path)
    names = pl.DataFrame({"turn": range(len(FAULTS)), "column": list(FAULTS), "value": list(FAULTS.values())})
    faulty = number.with_columns(turn=turn).filter(pl.col("turn").is_not_null())
    return faulty.join(names, on="turn").select(pl.col("n").alias("row") + 2, "column", "value").sort("row")


def import_products(path: Path) -> tuple[str, float, float]:
    """Import with the command in a process of its own: what it said, its seconds, its peak memory in GB."""
    program = (
        "import resource, sys; from linkstar_pipelines.cli import app\n"
        f"try: app(['import', 'catalog', {str(path)!r}, '--mapping', 'linkstar_products'])\n"
        "finally: print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=project_root(), timeout=3000
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said, _, peak = done.stdout.rpartition("peak ")
    return " ".join(said.split()), time.perf_counter() - begun, int(peak) / GIGABYTE


def require_all_accounted_for(lake: Lake, faults: pl.DataFrame, rows: int) -> None:
    """Every row of the file is in one place, and the quarantine holds exactly the faults."""
    landed = lake.query("SELECT row FROM raw.file_products")["row"]
    assert landed.n_unique() == landed.len() == rows - faults.height
    assert set(landed).isdisjoint(faults["row"])
    held = lake.query("SELECT source_key, reason, payload FROM quality.quarantine")
    told = held.with_columns(pl.col("payload").str.json_decode(PAYLOAD)).unnest("payload")
    each = told.rename({"reason": "sentence"}).explode("problems").unnest("problems").sort("row")
    assert each.select("row", "column", "value").equals(faults)
    assert set(each["file"]) == {"products.csv"}
    says_all = pl.all_horizontal(pl.col("sentence").str.contains(pl.col(part), literal=True) for part in SAID)
    assert each.select(says_all.all()).item()
    named = pl.col("source_key").str.ends_with(pl.concat_str(pl.lit("/"), pl.col("row").cast(pl.String)))
    assert each.select(named.all()).item()


@pytest.mark.parametrize("rows", [20_000, pytest.param(1_000_000, marks=pytest.mark.drill)])
def test_nothing_of_a_file_is_lost_and_every_bad_row_names_itself(
    rows: int, settings: Settings, lake: Lake, tmp_path: Path
) -> None:
    path = tmp_path / "products.csv"
    faults = product_file(path, rows)
    said, seconds, peak = import_products(path)
    sys.stdout.write(f"{rows:,} rows, {faults.height:,} bad: {seconds:.1f} s, peak {peak:.2f} GB\n{said}\n")
    assert f"{rows:,} rows read" in said
    assert f"{rows - faults.height:,} landed in raw.file_products + {faults.height:,} in quarantine" in said
    require_all_accounted_for(lake, faults, rows)
