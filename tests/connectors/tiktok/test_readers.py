"""Forms and readers of TikTok Shop: pure functions of payloads."""

import json
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.tiktok.forms import STREAMS
from linkstar_pipelines.connectors.tiktok.listings import listings, stock
from linkstar_pipelines.connectors.tiktok.orders import FORM, STATES
from linkstar_pipelines.domain.orders import order_lines, orders
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.core import ORDER_STATES
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from tests.connectors.tiktok.support import NOW, order, raw, unit

ZONES = pl.DataFrame({"store": ["ttus"], "time_zone": ["UTC"]})
RULES = SkuCodeRules(separators=("_",), suffixes=(), accept={"default": "^LS-[A-Z]{2,8}-[0-9]{4}$"})


def head(payload: dict[str, Any]) -> dict[str, Any]:
    found, rejected = orders(raw(Stream.ORDERS, payload), FORM, ZONES)
    assert rejected.is_empty(), rejected.to_dicts()
    return dict(found.row(0, named=True))


def lines(payload: dict[str, Any]) -> list[dict[str, Any]]:
    found, rejected = order_lines(raw(Stream.ORDERS, payload), FORM, ListingMap.create_empty(), ZONES)
    assert rejected.is_empty(), rejected.to_dicts()
    return found.to_dicts()


def reason(payload: dict[str, Any]) -> str:
    _, rejected = order_lines(raw(Stream.ORDERS, payload), FORM, ListingMap.create_empty(), ZONES)
    return str(rejected["reason"].item())


def product(status: str = "ACTIVATE", **price: str) -> dict[str, Any]:
    prices = price or {"tax_exclusive_price": "12.50"}
    sku = {"id": "20", "seller_sku": " ls_KITCH-0001", "price": {"currency": "USD", **prices}}
    return {
        "marketplace_id": "TIKTOK_US",
        "product": {"id": "10", "title": "Strainer", "status": status, "skus": [sku, {**sku, "id": "21"}]},
    }


def stocked(*skus: dict[str, Any]) -> dict[str, Any]:
    return {**product(), "inventory": {"product_id": "10", "skus": list(skus)}}


def test_units_of_one_sku_are_one_line_named_by_the_smallest_id() -> None:
    units = [
        unit("57610003", display_status="CANCELLED"), unit("57610002", display_status="IN_TRANSIT"), unit("5761"),
        unit("9000", sku="30", original_price="3.00"),
    ]  # fmt: skip
    first, second = lines(order(*units, status="PARTIALLY_SHIPPING"))
    assert (first["line_id"], first["listing_sku"], first["quantity_ordered"]) == ("5761", "LS-1729", 3)
    assert (first["quantity_shipped"], first["quantity_cancelled"], first["state"]) == (1, 1, "part_shipped")
    assert (first["unit_price"], first["item_amount"]) == (Decimal("12.50"), Decimal("37.50"))
    assert (first["discount_amount"], first["tax_amount"]) == (Decimal("4.50"), Decimal("2.70"))
    assert (first["shipping_amount"], first["currency"], first["ioss_number"]) == (None, "USD", None)
    assert (second["line_id"], second["quantity_ordered"], second["state"]) == ("9000", 1, "to_ship")


def test_a_line_keeps_its_id_when_its_first_unit_is_cancelled() -> None:
    (line,) = lines(order(unit("57610002"), unit("5761", display_status="CANCELLED")))
    assert (line["line_id"], line["quantity_ordered"], line["quantity_cancelled"]) == ("5761", 2, 1)


def test_units_of_different_prices_have_no_unit_price_but_a_sum() -> None:
    (line,) = lines(order(unit(), unit("57610002", original_price="0.00")))
    assert (line["unit_price"], line["item_amount"]) == (None, Decimal("12.50"))


def test_what_is_not_stated_stays_unknown() -> None:
    bare = {name: value for name, value in unit().items() if name not in {"platform_discount", "item_tax"}}
    (line,) = lines(order(bare))
    assert (line["discount_amount"], line["tax_amount"]) == (None, None)


def test_the_head_says_who_ships_where_and_for_how_much() -> None:
    found = head(order())
    assert (found["state"], found["source_state"], found["fulfilled_by"]) == ("to_ship", "AWAITING_SHIPMENT", "seller")
    assert (found["currency"], found["total_amount"]) == ("USD", Decimal("16.89"))
    assert (found["ship_country"], found["marketplace_id"]) == ("US", "TIKTOK_US")
    assert head(order(fulfillment_type="FULFILLMENT_BY_TIKTOK"))["fulfilled_by"] == "platform"


@pytest.mark.parametrize(("status", "state"), [*STATES.items(), ("SOMETHING_NEW", "unknown")])
def test_states(status: str, state: str) -> None:
    found = head(order(status=status))
    assert (found["state"], found["source_state"]) == (state, status)
    assert state in ORDER_STATES


def test_nothing_is_shipped_while_the_buyer_asks_to_cancel() -> None:
    assert head(order(is_buyer_request_cancel=True))["state"] == "held"
    assert head(order(is_buyer_request_cancel=True, status="IN_TRANSIT"))["state"] == "shipped"


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (order(unit(original_price="n/a"), unit("57610002")), "original_price `n/a` is no amount"),
        (order(unit(item_tax=[{"tax_amount": "much"}])), "tax_amount `much` is no amount"),
        (order(fulfillment_type="BY_MAGIC"), "fulfillment_type `BY_MAGIC` tells no one who ships"),
        (order(line_items=[]), "order has no lines"),
        (order(None), "line_id is missing"),
        (order(unit(), "text"), "not in the form of an order"),
    ],
)
def test_an_order_that_cannot_be_read_is_refused_with_the_reason(payload: dict[str, Any], words: str) -> None:
    assert words in reason(payload)


@pytest.mark.parametrize("change", [{"line_items": None}, {"id": None}])
def test_an_order_without_id_or_lines_is_refused_before_landing(change: dict[str, Any]) -> None:
    form = STREAMS[Stream.ORDERS]
    rows, rejected = raw_rows("tiktok", "ttus", Stream.ORDERS, form, [order(**change), "no object"], NOW)
    assert rows.is_empty()
    assert rejected.height == 2


def test_personal_data_is_taken_out_and_the_argument_stays() -> None:
    payload, form = order(), STREAMS[Stream.ORDERS]
    before = json.dumps(payload)
    masked = form.mask(payload)
    text = json.dumps(masked)
    assert not any(word in text for word in ("Casey", "555010203", "Demo St", "v2b2b", "ring twice", "72134899"))
    assert masked["order"]["recipient_address"]["postal_code"] == "78701"
    assert masked["order"]["line_items"] == payload["order"]["line_items"]
    assert form.mask(masked) == masked
    assert json.dumps(payload) == before


def test_each_sku_of_a_product_is_a_listing() -> None:
    rows = raw(Stream.LISTINGS, product())
    assert rows["listing_id"].sort().to_list() == ["10-20", "10-21"]
    clean, rejected = listings(rows, RULES)
    assert rejected.is_empty()
    (row,) = clean.to_dicts()
    assert (row["code"], row["listing_sku"], row["cleaning"]) == (
        "LS-KITCH-0001",
        " ls_KITCH-0001",
        "upper+trim+separator",
    )
    assert (row["price"], row["currency"], row["listing_status"]) == (Decimal("12.50"), "USD", "ACTIVATE")


def test_sellers_across_borders_state_the_shown_price_apart() -> None:
    clean, _ = listings(raw(Stream.LISTINGS, product(tax_exclusive_price="10.00", sale_price="13.00")), RULES)
    assert clean["price"].to_list() == [Decimal("13.00")]


def test_deleted_products_have_no_listings() -> None:
    assert raw(Stream.LISTINGS, product("DELETED")).is_empty()
    assert raw(Stream.INVENTORY, {**product("DELETED"), "inventory": None}).is_empty()


def test_unreadable_prices_and_payloads_are_refused() -> None:
    _, rejected = listings(raw(Stream.LISTINGS, product(sale_price="dear")), RULES)
    assert rejected["reason"].unique().to_list() == ["price `dear` is no amount"]
    spoiled = raw(Stream.LISTINGS, product()).with_columns(payload=pl.lit("[]"))
    _, rejected = listings(spoiled, RULES)
    assert rejected["reason"].unique().to_list() == ["payload is not in the form of products/search"]


def test_stock_is_read_per_warehouse() -> None:
    places = [
        {"warehouse_id": "70", "available_quantity": 4, "committed_quantity": 1},
        {"warehouse_id": "71", "available_quantity": 0, "committed_quantity": 0},
    ]
    one = {"id": "20", "seller_sku": "A", "total_available_quantity": 4, "warehouse_inventory": places}
    other = {"id": "21", "seller_sku": "B", "total_available_quantity": 9, "total_committed_quantity": 2}
    figures, rejected = stock(raw(Stream.INVENTORY, stocked(one, other)))
    assert rejected.is_empty()
    shown = figures.select("listing_id", "node_id", "available", "reserved", "inbound").rows()
    assert sorted(shown) == [("10-20", "70", 4, 1, None), ("10-20", "71", 0, 0, None), ("10-21", "-", 9, 2, None)]


def test_stock_that_is_no_number_or_was_not_told_is_refused() -> None:
    half = {"id": "20", "seller_sku": "A", "total_available_quantity": 1.5}
    _, rejected = stock(raw(Stream.INVENTORY, stocked(half)))
    assert rejected["reason"].to_list() == ["available `1.5` is no whole number"]
    form = STREAMS[Stream.INVENTORY]
    _, untold = raw_rows("tiktok", "ttus", Stream.INVENTORY, form, [{**product(), "inventory": None}], NOW)
    assert untold["reason"].to_list() == ["inventory/search told no SKU of the product"]
