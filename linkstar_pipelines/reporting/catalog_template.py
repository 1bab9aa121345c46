"""The plain templates of the catalogue: a workbook to fill in, with a sheet that explains its columns.

Belongs here: sheets, formats, and the Chinese explanations (the English ones are those of `schemas/files.py`).
Does not belong here: how a filled template is read (`rules/mappings/catalog/linkstar_*.yaml`).
"""

from pathlib import Path
from typing import Final

from linkstar_pipelines.reporting.settlement_workbook import FORMATS
from linkstar_pipelines.rules.catalog_mapping import REQUIRED, load_catalog_mapping
from linkstar_pipelines.schemas.files import FILE_TABLES

_TEXT: Final = {"num_format": "@"}
"""Cells of text keep every digit of a code, leading zeros too."""

CHINESE: Final = {
    "sku": "商品 SKU 编码",
    "name_en": "英文名称",
    "name_zh": "中文名称",
    "gtin": "条码（GTIN、UPC 或 EAN）",
    "category": "分类，用你自己的叫法",
    "length": "包装后最长边",
    "width": "包装后第二边",
    "height": "包装后最短边",
    "length_unit": "长度单位，如 cm",
    "weight": "包装后重量",
    "weight_unit": "重量单位，如 g",
    "hs_code": "海关编码，6 至 12 位",
    "origin_country": "原产国名称或 ISO 代码",
    "declared_name_en": "英文报关名",
    "declared_name_zh": "中文报关名",
    "declared_value": "单件申报价值",
    "declared_currency": "申报币种",
    "battery": "电池：无、内置、配套、单独",
    "liquid": "无、液体、膏体、粉末或气雾",
    "cost": "单件成本，不含运费",
    "cost_currency": "成本币种",
    "image_url": "主图地址",
    "lifecycle": "草稿、在售、淘汰中或已停售",
    "kit_sku": "组合商品 SKU，每个组成行都要填",
    "component_sku": "组成商品 SKU",
    "quantity": "每套所含数量",
    "platform": "在售平台，可留空",
    "store": "在售店铺，可留空",
    "listing_sku": "平台 SKU，与平台上完全一致",
    "multiplier": "每售出一件所含 SKU 数量，留空为 1",
    "supplier": "供应商编码或名称",
    "name": "供应商全称",
    "lead_time_days": "交期（天）",
    "minimum_order": "起订量",
    "carton_units": "每箱数量",
    "unit_cost": "采购单价",
    "currency": "采购币种",
    "purchase_url": "采购链接",
}


def write_template(kind: str, path: Path) -> Path:
    """Write the template of a kind of record (a key of `records.KINDS`) and return where it is."""
    import xlsxwriter

    mapping, schema = load_catalog_mapping(f"linkstar_{kind}"), FILE_TABLES[kind]
    headers = {name: listed[0] for name, listed in mapping.columns.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(path) as book:
        head, text = book.add_format(FORMATS["head"]), book.add_format(_TEXT)
        table = book.add_worksheet(kind)
        table.set_column(0, len(headers) - 1, 18, text)
        table.write_row(0, 0, list(headers.values()), head)
        table.freeze_panes(1, 0)
        guide = book.add_worksheet("columns 说明")
        guide.write_row(0, 0, ["column 列", "required 必填", "meaning", "含义"], head)
        guide.set_column(0, 1, 18)
        guide.set_column(2, 3, 60)
        for row, (name, header) in enumerate(headers.items(), start=1):
            required = "yes 是" if name in REQUIRED[kind] else ""
            guide.write_row(row, 0, [header, required, schema.columns()[name].description, CHINESE[name]])
    return path
