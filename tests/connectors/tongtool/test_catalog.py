"""Records of the catalogue out of Tongtool's payloads."""

import json
from typing import Any

import polars as pl

from linkstar_pipelines.connectors.tongtool.catalog import kits, pairings, products, suppliers
from linkstar_pipelines.domain.products import records

GOODS = {"goodsDetailId": "g1", "goodsSku": "LS-A-1", "goodsWeight": 250.5, "goodsAveCost": 9.5, "goodsCurCost": 10.25}
PRODUCT = {
    "productType": "0", "product_id": "p1", "sku": "LS-A-1", "productName": "厨刀", "productPackingEnName": "Knife",
    "categoryName": "厨房", "declareCnName": "刀", "declareEnName": "knife", "hsCode": "8211910000",
    "productLength": 30, "productWidth": 10.5, "productHeight": 4, "packageLength": 0.0, "packageWidth": 0,
    "packageHeight": 0, "productImgList": [{"imageGroupId": "https://i.example.com/1.jpg"}], "status": None,
    "goodsDetail": [GOODS],
}  # fmt: skip


def raw(*payloads: Any) -> pl.DataFrame:
    """Raw rows of one account, records numbered from 0."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in payloads]
    ids = [f"r{number}" for number in range(len(texts))]
    columns = {"record_id": pl.String, "payload": pl.String}
    return pl.DataFrame({"record_id": ids, "payload": texts}, schema=columns).with_columns(account=pl.lit("house"))


def test_a_product_says_what_it_knows_with_its_units() -> None:
    found, rejected = products(raw(PRODUCT))
    assert rejected.is_empty()
    assert found.schema == records.PRODUCTS
    told = {name: value for name, value in found.row(0, named=True).items() if value is not None}
    assert told == {
        "source": "tongtool/house", "source_key": "tongtool/house/r0", "sku": "LS-A-1", "name_en": "Knife",
        "name_zh": "厨刀", "category": "厨房", "length": "30", "width": "10.5", "height": "4", "length_unit": "cm",
        "weight": "250.5", "weight_unit": "g", "hs_code": "8211910000", "declared_name_en": "knife",
        "declared_name_zh": "刀", "cost": "10.25", "cost_currency": "CNY", "image_url": "https://i.example.com/1.jpg",
    }  # fmt: skip


def test_the_parcels_size_goes_before_the_products_and_zero_is_not_entered() -> None:
    packed = {**PRODUCT, "packageLength": 31, "packageWidth": 11, "packageHeight": 5}
    bare = {**PRODUCT, "productWidth": 0, "goodsDetail": [{**GOODS, "goodsWeight": 0.0, "goodsCurCost": 0}]}
    free = {**PRODUCT, "goodsDetail": [{**GOODS, "goodsCurCost": 0, "goodsAveCost": 0}], "status": "1"}
    found, _ = products(raw(packed, bare, free))
    assert found["length"].to_list() == ["31", "30", "30"]
    assert found["width"].to_list() == ["11", None, "10.5"]
    assert found["weight"].to_list() == ["250.5", None, "250.5"]
    assert found["cost"].to_list() == ["10.25", "9.5", None]
    assert found["cost_currency"].to_list() == ["CNY", "CNY", None]
    assert found["lifecycle"].to_list() == [None, None, "retired"]


def test_every_variant_is_a_sku_and_a_product_without_goods_is_its_own() -> None:
    variants = {**PRODUCT, "productType": "1", "sku": "P", "goodsDetail": [GOODS, {**GOODS, "goodsSku": "LS-A-2"}, {}]}
    alone = {**PRODUCT, "sku": "LS-B", "goodsDetail": []}
    found, rejected = products(raw(variants, alone, {**alone, "goodsDetail": None}))
    assert rejected.is_empty()
    assert found.select("sku", "source_key").rows() == [
        ("LS-A-1", "tongtool/house/r0/LS-A-1"),
        ("LS-A-2", "tongtool/house/r0/LS-A-2"),
        (None, "tongtool/house/r0/-"),
        ("LS-B", "tongtool/house/r1"),
        ("LS-B", "tongtool/house/r2"),
    ]


def test_a_bundle_is_a_product_and_a_kit_of_its_goods() -> None:
    goods = [{"goodsSku": "LS-A-1", "goodsQuantity": 2}, {"goodsSku": "LS-A-2"}]
    bundle = {**PRODUCT, "productType": "2", "sku": "LS-KIT", "goodsDetail": goods}
    empty = {**bundle, "sku": "LS-NONE", "goodsDetail": None}
    rows = raw(bundle, empty, PRODUCT)
    assert products(rows)[0]["sku"].to_list() == ["LS-KIT", "LS-NONE", "LS-A-1"]
    found, rejected = kits(rows)
    assert found.schema == records.KITS
    assert found.select("kit_sku", "component_sku", "quantity").rows() == [
        ("LS-KIT", "LS-A-1", "2"), ("LS-KIT", "LS-A-2", None),
    ]  # fmt: skip
    assert rejected["source_key"].to_list() == ["tongtool/house/r1"]


def test_what_has_another_form_is_rejected_and_spoils_nothing() -> None:
    found, rejected = products(raw({**PRODUCT, "goodsDetail": "n/a"}, PRODUCT, "[1]"))
    assert found["sku"].to_list() == ["LS-A-1"]
    assert rejected["source_key"].to_list() == ["tongtool/house/r0", "tongtool/house/r2"]
    assert "goodsQuery" in rejected["reason"][0]
    for reader in (pairings, suppliers, kits):
        read, _ = reader(raw())
        assert read.is_empty()


def order(at: str, sku: str | None, units: int = 1, matched: int | None = 1, **changes: Any) -> dict[str, Any]:
    """An order of one line."""
    line = {"webstore_sku": "listing", "goodsMatchedSku": sku, "quantity": units, "goodsMatchedQuantity": matched}
    head = {"platformCode": "ebay", "saleAccount": "EBUS", "saleTime": f"2026-05-{at} 10:00:00"}
    return {**head, "orderDetails": [{**line, **changes}]}


def test_the_latest_matched_order_tells_what_a_listing_sells() -> None:
    found, rejected = pairings(raw(order("03", "LS-B"), order("01", "LS-A"), order("04", None), order("02", "LS-A")))
    assert rejected.is_empty()
    assert found.schema == records.PAIRINGS
    assert found.rows() == [("tongtool/house", "tongtool/house/r0", "LS-B", "ebay", "EBUS", "listing", "1")]


def test_the_multiplier_is_told_by_a_line_of_one_unit_or_by_as_many_matched_as_sold() -> None:
    several = order("02", "LS-A", 3, 6)
    for others, multiplier in (([order("01", "LS-A", 1, 2)], "2"), ([order("01", "LS-A", 4, 4)], "1")):
        assert pairings(raw(*others, several))[0]["multiplier"].to_list() == [multiplier]
    assert pairings(raw(order("01", "LS-A", 1, None)))[0]["multiplier"].to_list() == [None]


def test_a_multiplier_that_cannot_be_told_is_not_guessed() -> None:
    found, rejected = pairings(raw(order("02", "LS-A", 3, 6)))
    assert found.is_empty()
    assert "3 sold, 6 matched, and no order of one unit" in rejected["reason"].item()


def test_a_listing_without_a_code_is_known_by_its_label() -> None:
    labelled = order("01", "LS-A", webstore_sku="", webstore_custom_label="label")
    nameless = order("01", "LS-A", webstore_sku=None, webstore_custom_label=None)
    assert pairings(raw(labelled, nameless))[0]["listing_sku"].to_list() == ["label"]


def purchase(day: int, price: float, arrived: int | None = None, **changes: Any) -> dict[str, Any]:
    """A line of a purchase order of May 2026."""
    return {
        "supplier_code": "S1", "corporation_fullname": "厂", "goods_sku": "LS-A", "unit_price": price,
        "currency": "CNY", "status": "3" if arrived else "0", "createdDate": f"2026-05-{day:02d} 10:00:00",
        "purchaseArrivalDate": f"2026-05-{arrived:02d} 12:00:00" if arrived else None, **changes,
    }  # fmt: skip


def test_a_suppliers_terms_are_the_latest_price_and_the_usual_lead_time() -> None:
    bought = [purchase(20, 12.5), purchase(1, 10, 8), purchase(5, 11, 14), purchase(25, 1, status="4")]
    nameless = purchase(2, 3, supplier_code="", corporation_fullname="别厂")
    found, rejected = suppliers(raw(*bought, nameless))
    assert rejected.is_empty()
    assert found.schema == records.SUPPLIERS
    kept = found.select("supplier", "name", "sku", "unit_cost", "currency", "lead_time_days", "source_key").rows()
    assert sorted(kept) == [
        ("S1", "厂", "LS-A", "12.5", "CNY", "8", "tongtool/house/r0"),
        ("别厂", "别厂", "LS-A", "3", "CNY", None, "tongtool/house/r4"),
    ]
