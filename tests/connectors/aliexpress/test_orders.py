"""What orders mean: states, amounts, countries, and what is personal in them."""

import copy
import json
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from linkstar_pipelines.connectors.aliexpress.forms import FORMS, mask_order
from linkstar_pipelines.connectors.aliexpress.platform import PLATFORM
from linkstar_pipelines.domain.orders import order_lines, orders
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from tests.connectors.aliexpress.payloads import line, order, raw, usd
from tests.connectors.support import utc

ZONES = pl.DataFrame({"store": ["ae1"], "time_zone": ["UTC"]})


def head(payload: dict[str, Any]) -> dict[str, Any]:
    read, rejected = orders(raw(Stream.ORDERS, payload)[0], PLATFORM.orders, ZONES)
    assert rejected.is_empty(), rejected["reason"].to_list()
    return read.row(0, named=True)


def lines(payload: dict[str, Any]) -> list[dict[str, Any]]:
    read, _ = order_lines(raw(Stream.ORDERS, payload)[0], PLATFORM.orders, ListingMap.create_empty(), ZONES)
    return read.rows(named=True)


def test_an_order_is_read_with_its_times_in_utc_and_its_amounts_exact() -> None:
    read = head(order())
    assert (read["order_id"], read["marketplace_id"]) == ("8112000000000001", "ae_global")
    assert (read["ordered_at"], read["updated_at"]) == (utc(2026, 7, 1, 8), utc(2026, 7, 1, 9))
    assert (read["total_amount"], read["currency"], read["ship_country"]) == (Decimal("26.59"), "USD", "ES")
    assert (read["state"], read["fulfilled_by"]) == ("to_ship", "seller")
    (only,) = lines(order())
    assert (only["line_id"], only["listing_sku"]) == ("8112000000000011", "LS-KITCH-0001")
    assert (only["quantity_ordered"], only["quantity_shipped"]) == (2, 0)
    assert (only["unit_price"], only["item_amount"]) == (Decimal("12.30"), Decimal("24.60"))
    assert only["tax_amount"] is only["shipping_amount"] is only["discount_amount"] is only["ioss_number"] is None


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"order_status": "PLACE_ORDER_SUCCESS"}, "awaiting_payment"),
        ({"order_status": "RISK_CONTROL"}, "held"),
        ({"order_status": "IN_CANCEL"}, "held"),
        ({"order_status": "SELLER_PART_SEND_GOODS"}, "part_shipped"),
        ({"order_status": "WAIT_BUYER_ACCEPT_GOODS"}, "shipped"),
        ({"order_status": "FUND_PROCESSING"}, "closed"),
        ({"order_status": "FINISH", "end_reason": "buyer_accept_goods"}, "closed"),
        ({"order_status": "FINISH", "end_reason": "a_new_reason"}, "closed"),
        ({"order_status": "FINISH", "end_reason": "cancel_order_close_trade"}, "cancelled"),
        ({"order_status": "FINISH", "gmt_pay_time": None}, "cancelled"),
        ({"order_status": "SOMETHING_NEW"}, "unknown"),
    ],
)
def test_states(changes: dict[str, Any], state: str) -> None:
    read = head(order(**changes))
    assert (read["state"], read["source_state"]) == (state, changes["order_status"])


def test_lines_have_states_of_their_own_and_units_count_as_shipped_when_all_have_left() -> None:
    payload = order(
        line(1, son_order_status="WAIT_BUYER_ACCEPT_GOODS"),
        line(2),
        line(3, son_order_status="SELLER_PART_SEND_GOODS"),
        order_status="SELLER_PART_SEND_GOODS",
    )
    read = {each["line_id"]: (each["state"], each["quantity_shipped"]) for each in lines(payload)}
    assert read == {"1": ("shipped", 2), "2": ("to_ship", 0), "3": ("part_shipped", 0)}


def test_units_of_a_cancelled_order_are_cancelled_though_its_lines_say_finish() -> None:
    payload = order(line(son_order_status="FINISH"), order_status="FINISH", end_reason="cancel_order_close_trade")
    (only,) = lines(payload)
    assert (only["state"], only["quantity_shipped"], only["quantity_cancelled"]) == ("cancelled", 0, 2)


def test_a_warehouse_ships_for_the_platform_and_an_unknown_sender_is_rejected() -> None:
    assert head(order(line(1), line(2, send_goods_operator="WAREHOUSE_SEND_GOODS")))["fulfilled_by"] == "platform"
    assert head(order(line(send_goods_operator=None)))["fulfilled_by"] == "seller"
    rows, _ = raw(Stream.ORDERS, order(line(send_goods_operator="ROBOT")))
    _, rejected = orders(rows, PLATFORM.orders, ZONES)
    assert rejected["reason"].to_list() == ["nobody knows who ships the order"]


def test_what_lists_leave_out_stays_unknown() -> None:
    payload = order(line(sku_code=""))
    for part in ("pay_amount", "receipt_address", "gmt_update"):
        del payload[part]
    read = head(payload)
    assert read["total_amount"] is read["ship_country"] is None
    assert read["updated_at"] == read["ordered_at"]
    assert lines(payload)[0]["listing_sku"] == "1005001000000001"
    assert head(order(receipt_address={"country": "UK"}))["ship_country"] == "GB"


def test_spoiled_orders_are_rejected_alone_with_the_reason() -> None:
    bare = order()
    del bare["order_id"]
    bad = order(line(product_unit_price=usd("n/a")), order_id=2)
    rows, refused = raw(Stream.ORDERS, bare, order(product_list=None, order_id=3), bad, order())
    assert sorted(refused["reason"]) == ["order_id is missing or unreadable", "product_list is missing or no list"]
    read, rejected = orders(rows, PLATFORM.orders, ZONES)
    assert read["order_id"].to_list() == ["8112000000000001"]
    assert "unit_price `n/a` is no amount" in rejected["reason"].item()


def test_masking_keeps_what_customs_need_and_nothing_of_persons() -> None:
    payload = order()
    before = copy.deepcopy(payload)
    masked = mask_order(payload)
    assert payload == before
    assert mask_order(masked) == masked
    assert masked["receipt_address"] == {"country": "ES", "city": "Madrid", "province": "Madrid", "zip": "28001"}
    text = json.dumps(masked)
    assert not any(word in text for word in ("Ana", "600000000", "Calle", "es1234567890", "gift wrap"))
    assert mask_order(order(product_list=None, receipt_address=None))["receipt_address"] == {}


def test_identity_and_change_time_compare_readings() -> None:
    form = FORMS[Stream.ORDERS]
    assert form.identify(order()) == "8112000000000001"
    assert form.identify({}) == ""
    assert form.changed_at(order()) == utc(2026, 7, 1, 9)
