"""Records of files on their way into a migration: what could be taken when it was imported is not lost later."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from linkstar_pipelines.domain.products.file_records import judged
from linkstar_pipelines.operations.migration_records import read_records
from linkstar_pipelines.rules.cleaning import load_cleaning_rules
from linkstar_pipelines.schemas.files import FILE_TABLES
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.publishing import Mode
from tests.domain.products.records_of import records_of

RULES = load_cleaning_rules()
FIRST, SECOND = date(2026, 5, 1), date(2026, 5, 2)


def land(lake: Lake, kind: str, digit: str, day: date, *rows: dict[str, Any]) -> None:
    """Import a file: judge its records, and land those that can be taken, which here are all."""
    sha = digit * 64
    records = records_of(kind, *rows, source="file/a").with_columns(
        source_key=pl.format("file/a/{}/{}", pl.lit(sha[:12]), pl.int_range(2, len(rows) + 2)),
        file=pl.lit("a.xlsx"), row=pl.int_range(2, len(rows) + 2), file_sha256=pl.lit(sha), imported_on=pl.lit(day),
        doubts=pl.lit([], pl.List(pl.Struct({"column": pl.String, "value": pl.String, "reason": pl.String}))),
    )  # fmt: skip
    good, refused = judged(kind, records, RULES)
    assert refused.is_empty(), refused["reason"]
    schema = FILE_TABLES[kind]
    lake.publish(schema, schema.cast(good.select(schema.column_names())), mode=Mode.UPSERT)


def test_two_files_of_a_mapping_neither_contradict_nor_confuse_each_other(lake: Lake) -> None:
    cup = {"sku": " ls-cup-0001", "name_en": "Cup", "cost": "3,5", "cost_currency": "EUR", "weight_unit": "kg"}
    land(
        lake,
        "products",
        "a",
        FIRST,
        cup,
        {"sku": "LS-POT-0002", "weight": "1,500", "weight_unit": "kg"} | {"cost": "2,75", "cost_currency": "EUR"},
    )
    land(
        lake,
        "products",
        "b",
        SECOND,
        {"sku": "LS-CUP-0001", "name_en": "White cup", "cost": "4.25", "cost_currency": "EUR"},
    )
    read = read_records(lake, RULES, [])
    assert read.rejected.is_empty()
    found = {row["sku"]: row for row in read.rows["products"].to_dicts()}
    assert {sku: (row["name_en"], float(row["cost"])) for sku, row in found.items()} == {
        "LS-CUP-0001": ("White cup", 4.25), "LS-POT-0002": (None, 2.75),
    }  # fmt: skip
    assert found["LS-POT-0002"]["weight_g"] == 1500  # the comma of its own file is a decimal sign
    assert read.sources.rows() == [("file/a", "products", 3)]


def test_what_is_not_of_the_wanted_sources_is_left(lake: Lake) -> None:
    land(lake, "products", "a", FIRST, {"sku": "LS-CUP-0001"})
    assert read_records(lake, RULES, ["file/b"]).sources.is_empty()
    assert read_records(lake, RULES, ["file/a"]).rows["products"]["sku"].to_list() == ["LS-CUP-0001"]


@pytest.mark.parametrize("sku", ["A-17", "10.20", "ls_cup_0001-FBA", "1688123"])
def test_a_file_brings_codes_of_any_house(lake: Lake, sku: str) -> None:
    land(lake, "products", "a", FIRST, {"sku": sku})
    assert read_records(lake, RULES, []).rows["products"].height == 1


def test_units_that_cannot_be_read_refuse_the_pairing_and_are_not_taken_as_one(lake: Lake) -> None:
    land(lake, "pairings", "a", FIRST, {"sku": "LS-CUP-0001", "listing_sku": "x"})
    schema = FILE_TABLES["pairings"]
    lake.publish(schema, schema.cast(lake.table(schema).with_columns(multiplier=pl.lit("two"))), mode=Mode.UPSERT)
    read = read_records(lake, RULES, [])
    assert read.rows["pairings"].is_empty()
    assert "multiplier" in read.rejected["reason"].item()
