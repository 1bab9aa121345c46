"""Raw rows of Mabang as records of the catalogue: every value as typed, nothing lost, nothing invented."""

import json

from linkstar_pipelines.connectors.erp_pulls import raw_rows
from linkstar_pipelines.connectors.mabang import catalog
from linkstar_pipelines.connectors.mabang.erp import ERP
from linkstar_pipelines.connectors.mabang.forms import FORMS
from linkstar_pipelines.domain.products.records import KINDS
from linkstar_pipelines.schemas.erps import ErpStream
from tests.connectors.mabang.support import NOW, order, raw, sku


def test_a_sku_becomes_a_product_with_the_units_of_mabang() -> None:
    found, rejected = catalog.products(raw(ErpStream.PRODUCTS, sku(" LS-KITCH-0001 ")))
    assert rejected.is_empty()
    assert found.to_dicts() == [{
        "source": "mabang/main", "source_key": "mabang/main/ LS-KITCH-0001 ", "sku": " LS-KITCH-0001 ",
        "name_en": "Bamboo Cutting Board", "name_zh": "竹砧板", "gtin": "6901234567892", "category": "厨房 / 砧板",
        "length": "38.0", "width": "25.5", "height": "2.0", "length_unit": "cm", "weight": "820", "weight_unit": "g",
        "hs_code": "4419110000", "origin_country": None, "declared_name_en": "cutting board",
        "declared_name_zh": "砧板", "declared_value": "3.20", "declared_currency": "USD", "battery": "no",
        "liquid": None, "cost": "12.50", "cost_currency": "CNY", "image_url": "https://images.example.com/1.jpg",
        "lifecycle": "active",
    }]  # fmt: skip


def test_zero_is_no_cost_and_a_makers_code_is_no_barcode() -> None:
    bare = sku(
        defaultCost="0.00", purchasePrice="9.10", declareValue="0", originalSku="HX-2001", status="9",
        length="", width=None, height=None, weight="", hasBattery=None,
    )  # fmt: skip
    (row,) = catalog.products(raw(ErpStream.PRODUCTS, bare))[0].to_dicts()
    assert (row["cost"], row["cost_currency"]) == ("9.10", "CNY")
    assert [row[name] for name in ("declared_value", "declared_currency", "gtin", "lifecycle", "battery")] == [None] * 5
    assert (row["length_unit"], row["weight_unit"]) == (None, None)


def test_a_barcode_with_a_wrong_check_digit_reaches_the_cleaning() -> None:
    (row,) = catalog.products(raw(ErpStream.PRODUCTS, sku(originalSku="6901234567893")))[0].to_dicts()
    assert row["gtin"] == "6901234567893"


def test_a_kit_has_a_row_per_component() -> None:
    kit = {
        "comboSku": "LS-COMBO-0001",
        "comboProductDetail": [{"stockSku": "A", "quantity": 1}, {"stockSku": "B", "quantity": "3"}],
    }
    empty = [{"comboSku": "EMPTY", "comboProductDetail": []}, {"comboSku": "TEXT", "comboProductDetail": "[A, B]"}]
    found, rejected = catalog.kits(raw(ErpStream.KITS, kit, *empty))
    assert rejected["source_key"].to_list() == ["mabang/main/EMPTY", "mabang/main/TEXT"]
    assert rejected["reason"].unique().to_list() == ["payload is not in the form of a kit with its components"]
    assert found.select("kit_sku", "component_sku", "quantity").rows() == [
        ("LS-COMBO-0001", "A", "1"), ("LS-COMBO-0001", "B", "3")
    ]  # fmt: skip


def test_a_sku_names_several_listings_as_they_are_typed() -> None:
    found, _ = catalog.named_listings(raw(ErpStream.PRODUCTS, sku(), sku("B", salesSku=""), sku("C", salesSku=None)))
    assert found["listing_sku"].to_list() == ["LS-KITCH-0001", " ls_kitch_0001 ", " ＬＳ－１"]
    assert found["sku"].unique().to_list() == ["LS-KITCH-0001"]
    assert found.select("platform", "store", "multiplier").null_count().row(0) == (3, 3, 3)


def test_an_order_tells_which_listing_sells_which_sku_and_the_newest_one_counts() -> None:
    later = order(
        "114-2", {"stockSku": "LS-KITCH-0002", "platformSku": "ls_kitch_0001 "}, {"stockSku": "", "platformSku": "x"},
        updateTime="2026-05-03 00:00:00",
    )  # fmt: skip
    elsewhere = order("7-1", platformId="Wish")
    found, rejected = catalog.sold_listings(raw(ErpStream.ORDERS, order(), later, elsewhere))
    assert rejected.is_empty()
    assert sorted(found.select("sku", "platform", "listing_sku").rows(), key=str) == [
        ("LS-KITCH-0001", "Wish", "ls_kitch_0001 "), ("LS-KITCH-0002", "amazon", "ls_kitch_0001 "),
    ]  # fmt: skip


def test_the_suppliers_of_a_sku_have_its_terms() -> None:
    found, _ = catalog.suppliers(raw(ErpStream.PRODUCTS, sku(), sku("B", provider=[]), sku("C", provider=None)))
    assert found.drop("source", "source_key").to_dicts() == [{
        "supplier": "77", "sku": "LS-KITCH-0001", "name": "佛山厨具厂", "lead_time_days": "12", "minimum_order": "50",
        "carton_units": "24", "unit_cost": "11.80", "currency": "CNY",
        "purchase_url": "https://suppliers.example.com/1",
    }]  # fmt: skip


def test_a_record_in_another_form_is_rejected_and_the_others_pass() -> None:
    rows = raw(ErpStream.PRODUCTS, sku("A"), sku("B", nameCN={"zh": "竹砧板"}))
    found, rejected = catalog.products(rows)
    assert found["sku"].to_list() == ["A"]
    assert rejected["source_key"].to_list() == ["mabang/main/B"]
    assert rejected["reason"].to_list() == ["payload is not in the form of a SKU"]


def test_every_kind_of_record_has_its_form_also_where_there_is_nothing() -> None:
    for kind, form in KINDS.items():
        for stream, reader in ERP.records[kind]:
            found, rejected = reader(raw(stream).clear())
            assert found.schema == form
            assert rejected.is_empty()


def test_people_are_masked_and_the_newest_version_of_a_record_stays() -> None:
    old, new = order(orderFee="1.00", updateTime="2026-05-01 00:00:00"), order()
    rows, rejected = raw_rows("mabang", "main", FORMS[ErpStream.ORDERS], [new, old], NOW)
    assert rejected.is_empty()
    (payload,) = map(json.loads, rows["payload"])
    assert payload["orderFee"] == "39.98"
    assert not {"buyerName", "phone1", "street1", "email"} & payload.keys()
    (kept,) = raw_rows("mabang", "main", FORMS[ErpStream.ORDERS], [new], NOW, keep_personal=True)[0]["payload"]
    assert json.loads(kept)["buyerName"] == "Casey Sample"
    products = raw(ErpStream.PRODUCTS, sku())
    assert "somebody" not in products["payload"].item()


def test_a_record_without_an_id_or_with_broken_text_is_refused_masked() -> None:
    nameless, broken = order(), order("114-9", currencyId="\udcc3")
    del nameless["platformOrderId"]
    rows, rejected = raw_rows("mabang", "main", FORMS[ErpStream.ORDERS], [nameless, broken, order()], NOW)
    assert rows["record_id"].to_list() == ["114-1"]
    assert sorted(rejected["reason_type"]) == ["broken_text", "schema"]
    assert not rejected["payload"].str.contains("Casey").any()
    assert rows["updated_at"].dt.to_string("%F %T").to_list() == ["2026-05-02 01:30:00"]
