"""Mappings of catalogue files: headers are matched as people write them; anything unknown stops with a message."""

from pathlib import Path

import pytest

from linkstar_pipelines.domain.order_mapping import MappingError
from linkstar_pipelines.domain.products.records import KINDS
from linkstar_pipelines.rules.catalog_mapping import load_catalog_mapping, plain, shipped_names

DIANXIAOMI_PRODUCTS = [
    "*SKU\n(必填)", "平台SKU", "识别码", "中文名称", "英文名称", "分类ID", "图片URL", "商品净重\n(g)",
    "采购参考价\n(RMB)", "采购员", "长(cm)", "宽(cm)", "高(cm)", "来源URL", "备注", "英文报关名", "中文报关名",
    "申报重量(g)", "申报金额(USD)", "出口申报金额(USD)", "危险运输品", "材质", "用途", "海关编码", "开发员",
    "销售方式", "销售员",
]  # fmt: skip
DIANXIAOMI_KITS = [
    "*组合sku", "平台SKU", "识别码", "中文名称", "英文名称", "分类ID", "组合SKU主图URL", "*包含的商品sku", "*数量",
    "长(cm)", "宽(cm)", "高(cm)", "英文报关名", "中文报关名", "申报重量(g)", "申报金额(USD)", "海关编码",
]  # fmt: skip


def written(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("header", "same"),
    [
        ("*SKU(必填)", "sku"),
        ("* SKU\n（必填）", "SKU"),
        ("【必填】SKU*", "sku"),
        ("商品净重\n（g）", "商品净重(g)"),
        ("ＳＫＵ", "sku"),
    ],
)
def test_spaces_brackets_and_marks_of_a_header_do_not_matter(header: str, same: str) -> None:
    assert plain(header) == plain(same)


def test_the_unit_in_a_header_does() -> None:
    assert plain("长(cm)") != plain("长(mm)")


@pytest.mark.parametrize(
    ("name", "headers", "ours"),
    [
        ("dianxiaomi_products", DIANXIAOMI_PRODUCTS, {"sku": "*SKU\n(必填)", "weight": "商品净重\n(g)"}),
        ("dianxiaomi_pairings", ["*SKU", "平台SKU"], {"sku": "*SKU", "listing_sku": "平台SKU"}),
        ("dianxiaomi_pairings", DIANXIAOMI_PRODUCTS, {"sku": "*SKU\n(必填)", "listing_sku": "平台SKU"}),
        ("dianxiaomi_pairings", DIANXIAOMI_KITS, {"sku": "*组合sku", "listing_sku": "平台SKU"}),
        ("dianxiaomi_kits", DIANXIAOMI_KITS, {"component_sku": "*包含的商品sku", "quantity": "*数量"}),
        ("dianxiaomi_kit_products", DIANXIAOMI_KITS, {"sku": "*组合sku", "declared_value": "申报金额(USD)"}),
    ],
)  # fmt: skip
def test_the_templates_of_dianxiaomi_fit_as_they_are(name: str, headers: list[str], ours: dict[str, str]) -> None:
    matched = load_catalog_mapping(name).match(headers, "export.xlsx")
    assert {column: matched[column] for column in ours} == ours


def test_every_shipped_mapping_can_be_read_and_every_kind_has_a_plain_one() -> None:
    kinds = {name: load_catalog_mapping(name).kind for name in shipped_names()}
    assert {name: kind for name, kind in kinds.items() if name.startswith("linkstar_")} == {
        f"linkstar_{kind}": kind for kind in KINDS
    }
    assert all(load_catalog_mapping(name).name == name for name in kinds)


def test_an_unknown_and_a_changed_header_stop_with_the_closest_known_one() -> None:
    mapping = load_catalog_mapping("dianxiaomi_products")
    changed = ["长(mm)" if header == "长(cm)" else header for header in DIANXIAOMI_PRODUCTS]
    with pytest.raises(MappingError) as caught:
        mapping.match([*changed, "供应商"], "export.xlsx")
    said = str(caught.value)
    assert "export.xlsx does not fit mapping 'dianxiaomi_products'" in said
    assert "header '长(mm)' is unknown. Did you mean '长(cm)'?" in said
    assert "header '供应商' is unknown." in said
    assert "dianxiaomi_products.yaml" in said
    assert "ignore" in said


def test_a_file_without_a_required_column_is_told_what_was_looked_for() -> None:
    with pytest.raises(MappingError, match=r"no header for quantity: looked for \*数量\."):
        load_catalog_mapping("dianxiaomi_kits").match(["组合sku", "包含的商品sku"], "kits.csv")


def test_a_file_without_an_optional_column_is_read() -> None:
    assert load_catalog_mapping("dianxiaomi_products").match(["SKU", "中文名称"], "p.csv") == {
        "sku": "SKU",
        "name_zh": "中文名称",
    }


def test_two_headers_of_one_meaning_stop() -> None:
    with pytest.raises(MappingError, match=r"'SKU' and '货品SKU' both mean sku"):
        load_catalog_mapping("tongtool_products").match(["SKU", "货品SKU"], "goods.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: a\nkind: products\ncolumns: {sku: A, weigth: B}\n", "no column 'weigth'. Did you mean 'weight'?"),
        ("name: a\nkind: kits\ncolumns: {kit_sku: A, component_sku: B}\n", "kits need 'quantity'"),
        ("name: a\nkind: products\ncolumns: {sku: A, cost: a}\n", "the header 'a' is listed more than once"),
        ("name: a\nkind: products\ncolumns: {sku: A, weight_unit: B}\nfixed: {weight_unit: g}\n", "give it once"),
        ("name: a\nkind: products\ncolumns: {sku: A}\nsplitt: sku\n", "splitt is no key of a mapping."),
        ("name: a\nkind: products\ncolumns: {sku: A}\nsplit: gtin\n", "split: 'gtin' is none of the mapping's columns"),
        ("name: a\ncolumns: {sku: A}\n", "kind is missing"),
        ("- a\n", "is empty or no list of keys"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(MappingError) as caught:
        load_catalog_mapping(written(tmp_path, text))
    assert said in str(caught.value)


def test_a_wrong_name_lists_the_shipped_mappings() -> None:
    with pytest.raises(MappingError, match=r"Did you mean 'dianxiaomi_kits'.*linkstar_products"):
        load_catalog_mapping("dianxiaomi_kit")
