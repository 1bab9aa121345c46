"""Records of any source become typed rows; every change is reported, and every row that is not taken is kept."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkstar_pipelines.domain.products.cleaning import Cleaned, clean
from linkstar_pipelines.domain.products.records import KINDS
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.rules.cleaning import load_cleaning_rules
from tests.domain.products.records_of import as_records, records_of

RULES = load_cleaning_rules()
SKU = "LS-KITCH-0001"
KIT = {"kit_sku": "LS-KIT-0001", "component_sku": SKU}


def cleaned(kind: str, *rows: dict[str, Any], strict: bool = False, source: str = "file/test") -> Cleaned:
    return clean(kind, records_of(kind, *rows, source=source), RULES, strict=strict)


def product(**values: str | None) -> tuple[dict[str, Any], dict[str, str]]:
    """The row of one product, and the step of each of its columns in the report."""
    result = cleaned("products", {"sku": SKU, **values})
    steps = dict(result.report.select("column", "step").iter_rows())
    return result.rows.drop("source", "source_key").row(0, named=True), steps


def test_a_product_of_a_chinese_spreadsheet_becomes_a_typed_row() -> None:
    row, steps = product(
        sku=" ls_kitch_0001 ", name_en="Chef's  knife", name_zh="厨刀", gtin="4006381-333931", length="12x8x30cm",
        weight="0,5 公斤", hs_code="8211.92.00.00", origin_country="中国", declared_value="3", declared_currency="美元",
        battery="普货", liquid="无", cost="¥12,50", lifecycle="在售", image_url="https://img.example/1.jpg",
    )  # fmt: skip
    assert row == {
        "sku": SKU, "name_en": "Chef's knife", "name_zh": "厨刀", "gtin": "04006381333931", "category": None,
        "length_mm": 300, "width_mm": 120, "height_mm": 80, "weight_g": 500,
        "hs6": "821192", "hs_extensions": '{"CN":"8211920000"}', "origin_country": "CN",
        "declared_name_en": None, "declared_name_zh": None,
        "declared_value": Decimal("3.0000"), "declared_currency": "USD", "battery": "none", "liquid": "none",
        "cost": Decimal("12.5000"), "cost_currency": "CNY", "image_url": "https://img.example/1.jpg",
        "lifecycle": "active",
    }  # fmt: skip
    assert steps == {
        "sku": "upper+trim+separator", "name_en": "spaces", "gtin": "separators+pad", "length": "split+unit+order",
        "width": "split+unit+order", "height": "split+unit+order", "weight": "decimal_comma+unit",
        "hs_code": "separators", "origin_country": "country", "declared_currency": "currency", "battery": "word",
        "liquid": "word", "cost": "decimal_comma+currency", "cost_currency": "split", "lifecycle": "word",
    }  # fmt: skip


def test_a_wrong_optional_value_is_left_out_and_reported() -> None:
    result = cleaned("products", {"sku": SKU, "weight": "12 stone", "gtin": "6.9E+12", "cost": "3"})
    assert result.rows.select("sku", "weight_g", "gtin", "cost").rows() == [(SKU, None, None, None)]
    assert dict(result.report.select("column", "step").iter_rows()) == {
        "weight": "dropped: `stone` is no unit that the rules know (g, kg, lb, oz, jin, liang)",
        "gtin": "dropped: was shortened by a spreadsheet; format the column as text and enter it again",
        "cost": "dropped: has no currency",
    }
    assert result.rejected.is_empty()


def test_a_strict_import_rejects_the_row_and_names_file_row_column_value_and_reason() -> None:
    records = records_of("products", {"sku": SKU, "weight": "12 stone"}, {"sku": "LS-KITCH-0002"})
    records = records.with_columns(file=pl.lit("skus.xlsx"), row=pl.Series([2, 3]))
    result = clean("products", records, RULES, strict=True)
    assert result.rows["sku"].to_list() == ["LS-KITCH-0002"]
    (row,) = result.rejected.rows(named=True)
    payload = json.loads(row["payload"])
    reason = "`stone` is no unit that the rules know (g, kg, lb, oz, jin, liang)"
    assert (row["source_key"], row["reason_type"], row["reason"]) == ("r0", "schema", f"weight `12 stone` {reason}")
    assert (payload["file"], payload["row"], payload["sku"]) == ("skus.xlsx", 2, SKU)
    assert payload["problems"] == [{"column": "weight", "value": "12 stone", "reason": reason}]


def test_an_amount_without_a_currency_has_a_type_of_its_own() -> None:
    result = cleaned("products", {"sku": SKU, "cost": "3"}, strict=True)
    assert result.rejected["reason_type"].to_list() == ["missing_currency"]


@pytest.mark.parametrize(
    ("kind", "row", "reason"),
    [
        ("products", {"name_en": "Pan"}, "sku is missing"),
        ("products", {"sku": "PAN/1"}, "sku `PAN/1` fits no code rule (^[A-Z0-9]+([.-][A-Z0-9]+)*$)"),
        ("kits", {**KIT, "quantity": "0"}, "quantity `0` is less than 1"),
        ("kits", {**KIT, "quantity": "1.5"}, "quantity `1.5` is no whole number"),
        ("pairings", {"sku": SKU, "listing_sku": "  "}, "listing_sku `  ` is missing"),
        ("suppliers", {"sku": SKU, "supplier": None}, "supplier is missing"),
    ],
)  # fmt: skip
def test_a_wrong_required_value_always_rejects_the_row(kind: str, row: dict[str, str], reason: str) -> None:
    result = cleaned(kind, row)
    assert result.rejected["reason"].to_list() == [reason]
    assert result.rows.is_empty()
    assert result.report.is_empty()


def test_the_code_rule_is_that_of_the_origin_where_it_has_one() -> None:
    codes = SkuCodeRules(accept={"default": "^LS-[0-9]+$", "mabang": "^[0-9]{6}$"})
    rules = replace(RULES, codes=codes)
    records = pl.concat([
        records_of("products", {"sku": "100001"}, source="mabang/main"),
        records_of("products", {"sku": "100001"}, source="file/dianxiaomi"),
    ])  # fmt: skip
    result = clean("products", records, rules, strict=False)
    assert result.rows["source"].to_list() == ["mabang/main"]
    assert result.rejected.height == 1


def test_a_code_of_a_listing_is_kept_as_typed() -> None:
    result = cleaned("pairings", {"sku": SKU, "listing_sku": " abс_1－x ", "platform": "亚马逊", "multiplier": "2 pcs"})
    assert result.rows.select("listing_sku", "platform", "multiplier").rows() == [("abс_1－x", "amazon", 2)]
    assert result.report.filter(column="listing_sku")["step"].to_list() == ["trim"]


def test_a_pairing_without_a_number_states_none() -> None:
    assert cleaned("pairings", {"sku": SKU, "listing_sku": "a"}).rows["multiplier"].to_list() == [None]


def test_terms_of_a_supplier() -> None:
    terms = {"lead_time_days": "15天", "minimum_order": "1,000", "unit_cost": "12.55555", "currency": "RMB"}
    result = cleaned("suppliers", {"sku": SKU, "supplier": "义乌 A", **terms})
    assert result.rows.select("lead_time_days", "minimum_order", "unit_cost", "currency").rows() == [
        (15, 1000, Decimal("12.5556"), "CNY")
    ]


def test_rows_that_say_the_same_are_one() -> None:
    result = cleaned("products", {"sku": SKU, "weight": "1 kg"}, {"sku": SKU.lower(), "weight": "1000 g"})
    assert result.rows["source_key"].to_list() == ["r0"]
    duplicate = result.report.filter(source_key="r1")
    assert duplicate.select("column", "before", "step").rows() == [("sku", SKU, "duplicate of r0")]


def test_rows_with_one_key_that_differ_are_both_rejected_and_name_each_other() -> None:
    result = cleaned(
        "products", {"sku": SKU, "weight": "1 kg"}, {"sku": "LS-KITCH-0002"}, {"sku": SKU, "weight": "2 kg"}
    )
    assert result.rows["sku"].to_list() == ["LS-KITCH-0002"]
    assert result.rejected.select("source_key", "reason").rows() == [
        ("r0", f"sku `{SKU}` another row has it too, with another weight_g: r2"),
        ("r2", f"sku `{SKU}` another row has it too, with another weight_g: r0"),
    ]


def test_two_sources_may_know_the_same_product() -> None:
    records = pl.concat([
        records_of("products", {"sku": SKU, "weight": "1 kg"}, source="mabang/a"),
        records_of("products", {"sku": SKU, "weight": "2 kg"}, source="tongtool/b"),
    ])  # fmt: skip
    assert clean("products", records, RULES, strict=True).rows["weight_g"].to_list() == [1000, 2000]


def test_a_kit_never_loses_a_component() -> None:
    kit = {"kit_sku": "LS-KIT-0001", "quantity": "1"}
    result = cleaned(
        "kits",
        {**kit, "component_sku": "LS-AA-0001"},
        {**kit, "component_sku": "?"},
        {**kit, "kit_sku": "LS-KIT-0002", "component_sku": "LS-AA-0001"},
    )
    assert result.rows["kit_sku"].to_list() == ["LS-KIT-0002"]
    assert result.rejected["reason"].to_list()[0] == "kit_sku `LS-KIT-0001` another row of it is wrong: r1"


def test_no_records_are_no_rows() -> None:
    for kind in KINDS:
        result = cleaned(kind)
        assert (result.rows.height, result.report.height, result.rejected.height) == (0, 0, 0)


DIRT = st.sampled_from([
    None, "", " ", "0", "1", "-1", "12", "1.5", "0,5", "1.234", "1,234", "1.234,5", "6.9E+12", "12 cm", "5x6x7 in",
    "3斤", "0.4 g", "n/a", "无", "¥ 3", "$3", "USD", "元", "CN", "中国",
    "是", "否", "在售", "4006381333931", "4006381333932",
    "851713", "8517.13.0000", "7712.00", "https://x.example/a", "damaged", "?", "Pan 30cm", "ﬁx  ２", "e\u200b\u0301",
    SKU, "ls_kitch_0001", "LS-KITCH-OOO1", "LS-KITCH-O001", "LS-КITCH-0001", "amazon", "亚马逊", "99999999999999",
])  # fmt: skip
CODES = st.sampled_from([SKU, "ls-kitch-0001", "LS-KITCH-0002", "?", None, "LS-KIT-0001"])


def dirty(kind: str) -> st.SearchStrategy[list[dict[str, str | None]]]:
    columns = [name for name in KINDS[kind] if name not in {"source", "source_key"}]
    codes = {name: CODES for name in columns if name.endswith("sku") and name != "listing_sku"}
    text = DIRT | st.text(max_size=6)
    return st.lists(st.fixed_dictionaries({name: codes.get(name, text) for name in columns}), max_size=6)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data(), strict=st.booleans())
@settings(max_examples=12, deadline=None)
def test_no_row_is_lost_and_cleaning_clean_rows_changes_nothing(kind: str, data: st.DataObject, strict: bool) -> None:
    records = records_of(kind, *data.draw(dirty(kind)))
    once = clean(kind, records, RULES, strict=strict)
    duplicates = once.report.filter(pl.col("step").str.starts_with("duplicate of"))
    assert once.rows.height + once.rejected.height + duplicates.height == records.height
    assert once.rejected["reason"].null_count() == 0

    twice = clean(kind, as_records(kind, once.rows), RULES, strict=True)
    assert twice.rows.equals(once.rows)
    assert twice.rejected.is_empty()


def test_clean_rows_fit_the_tables_they_are_for() -> None:
    from linkstar_pipelines.schemas.products import Kits, Skus, Suppliers

    skus = cleaned("products", {"sku": SKU, "weight": "1 kg"}).rows
    filled = skus.with_columns(
        merged_into=pl.lit(None, pl.String), is_kit=pl.lit(value=False), source=pl.lit("decision"),
        lifecycle=pl.lit("active"),
    )  # fmt: skip
    Skus.validate(filled.select(Skus.column_names()), cast=True)
    kits = cleaned("kits", {"kit_sku": "LS-KIT-0001", "component_sku": SKU, "quantity": "2"}).rows
    spans = {"valid_from": pl.lit(datetime(1970, 1, 1, tzinfo=UTC)), "valid_to": pl.lit(None)}
    Kits.validate(kits.with_columns(**spans).select(Kits.column_names()), cast=True)
    suppliers = cleaned("suppliers", {"supplier": "A", "sku": SKU}).rows
    Suppliers.validate(suppliers.select(Suppliers.column_names()), cast=True)
