"""Codes and names of a real shop: cleaning comes to the counts of independent SQL, which the documentation shows."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import duckdb
import polars as pl
import pytest

from linkstar_pipelines.domain.products.cleaning import Cleaned, clean
from linkstar_pipelines.domain.products.cleaning_rules import CleaningRules
from linkstar_pipelines.domain.products.records import PRODUCTS
from linkstar_pipelines.domain.sku_codes import SkuCodeRules, clean_codes
from linkstar_pipelines.rules.cleaning import load_cleaning_rules
from tests.support import project_root, shared_path

ANY_CODE = r"^[A-Z0-9]+([.-][A-Z0-9]+)*$"
HOUSE_CODE = r"^[0-9]{5}[A-Z]{0,2}$"


class Ours:
    """What cleaning makes of the order lines."""

    def __init__(self, lines: pl.DataFrame) -> None:
        self.lines = lines

    def codes(self, lines: pl.DataFrame, accept: str) -> pl.DataFrame:
        rules = SkuCodeRules(accept={"default": accept})
        return lines.select("stock_code", made=clean_codes(pl.col("stock_code"), rules, "file")).unnest("made")

    @cached_property
    def by_line(self) -> pl.DataFrame:
        return self.codes(self.lines, ANY_CODE)

    @cached_property
    def by_code(self) -> pl.DataFrame:
        return self.by_line.unique("stock_code")

    @cached_property
    def products(self) -> Cleaned:
        found = self.lines.select("stock_code", "description").unique().sort("stock_code", "description")
        records = found.with_row_index().select(
            source=pl.lit("file/online_retail_ii"), source_key=pl.col("index").cast(pl.String), sku="stock_code",
            name_en="description",
            **{name: pl.lit(None, pl.String) for name in PRODUCTS if name not in
               {"source", "source_key", "sku", "name_en"}},
        )  # fmt: skip
        rules = replace(load_cleaning_rules(), codes=SkuCodeRules(accept={"default": ANY_CODE}))
        return clean("products", records, rules, strict=True)

    @cached_property
    def problems(self) -> list[tuple[str, str, str]]:
        """SKU, column and reason of every rejected row."""
        payloads = [json.loads(payload) for payload in self.products.rejected["payload"]]
        return [(row["sku"], row["problems"][0]["column"], row["problems"][0]["reason"]) for row in payloads]

    def counts(self) -> dict[str, int]:
        changed = {
            step: self.by_code.filter(pl.col("cleaning").str.split("+").list.contains(step)).height
            for step in ("upper", "trim", "separator")
        }
        refused = self.codes(self.lines, HOUSE_CODE).filter(pl.col("sku").is_null())
        several = [sku for sku, column, _ in self.problems if column == "sku"]
        cleaned = dict(self.by_code.select("stock_code", "sku").iter_rows())
        duplicates = self.products.report.filter(pl.col("step").str.starts_with("duplicate of")).height
        return {
            "lines": self.by_line.height,
            "codes as typed": self.by_code.height,
            "clean codes": self.by_code["sku"].n_unique(),
            **{f"codes changed by {step}": count for step, count in changed.items()},
            "lines with a changed code": self.by_line.filter(pl.col("cleaning") != "none").height,
            "codes that fit no rule": refused["stock_code"].n_unique(),
            "lines whose code fits no rule": refused.height,
            "products": self.products.rows.height + self.products.rejected.height + duplicates,
            "notes and no letters for a name": sum(column == "name_en" for _, column, _ in self.problems),
            "codes with several names": len({cleaned[sku] for sku in several}),
            "rows of codes with several names": len(several),
            "exact duplicates": duplicates,
            "clean rows": self.products.rows.height,
        }


@pytest.fixture(scope="module")
def ours() -> Ours:
    path = shared_path("data", "online_retail_ii", "order_lines.parquet")
    return Ours(pl.read_parquet(path, columns=["stock_code", "description"]))


def queries() -> Iterator[tuple[str, str]]:
    """The first line and the query of every block of SQL in the documentation."""
    text = (project_root() / "docs" / "catalogue-cleaning.md").read_text(encoding="utf-8")
    yield from re.findall(r"```sql\n-- ([^\n]+)\n(.*?)```", text, flags=re.DOTALL)


def test_cleaning_counts_what_sql_counts_and_the_documentation_says(ours: Ours) -> None:
    database = duckdb.connect()
    path = shared_path("data", "online_retail_ii", "order_lines.parquet")
    database.from_parquet(str(path)).create_view("order_lines")
    by_sql, documented = {}, {}
    for head, query in queries():
        if head.startswith("view "):
            database.execute(f"create table {head.removeprefix('view ')} as {query}")
            continue
        name, _, count = head.partition(" = ")
        documented[name] = int(count)
        (by_sql[name],) = database.execute(query).fetchall()[0]
    assert ours.counts() == by_sql
    assert documented == by_sql


def test_nothing_of_the_code_is_lost_by_cleaning_it(ours: Ours) -> None:
    rules: CleaningRules = load_cleaning_rules()
    assert rules.codes.accepted("import") == ANY_CODE
    assert ours.by_code.filter(pl.col("sku").is_null()).is_empty()
