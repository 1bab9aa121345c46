"""Forms: identity, times, and what is taken out as personal."""

from typing import Any

import pytest

from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.shopee.forms import STREAMS
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.shopee.payloads import escrow, item, order, returned, stock_info, wallet
from tests.connectors.shopee.support import NOW, raw
from tests.connectors.support import utc

BUYER: dict[str, Any] = {
    "buyer_username": "tom", "buyer_user_id": 9, "buyer_cpf_id": "123", "message_to_seller": "ring twice",
    "recipient_address": {
        "name": "Max", "phone": "555", "full_address": "1 Sample Rd", "district": "D", "town": "T", "region": "MY",
        "state": "Sarawak", "city": "Kuching", "zipcode": "93000", "geolocation": {"latitude": 1},
    },
    "package_list": [{"package_number": "P", "virtual_contact_number": "0928"}],
}  # fmt: skip


def test_an_order_becomes_one_row_with_the_region_it_was_placed_in() -> None:
    (row,) = raw(Stream.ORDERS, order()).to_dicts()
    assert (row["order_id"], row["marketplace_id"]) == ("2605010001AAAA", "SG")
    assert (row["created_at"], row["updated_at"]) == (utc(2026, 5, 1), utc(2026, 5, 1, 1))


@pytest.mark.parametrize(
    "spoiled", [{"order_sn": None}, {"item_list": None}, {"update_time": 0}, {"create_time": "soon"}, {"region": ""}]
)
def test_an_order_that_cannot_be_placed_is_rejected_and_the_others_pass(spoiled: dict[str, Any]) -> None:
    rows, rejected = raw_rows(
        "shopee", "spsg", Stream.ORDERS, STREAMS[Stream.ORDERS], [order(**spoiled), order(order_sn="B")], NOW
    )
    assert rows["order_id"].to_list() == ["B"]
    assert rejected.height == 1


def test_masking_keeps_what_customs_and_zones_need_and_changes_nothing_twice() -> None:
    mask, payload = STREAMS[Stream.ORDERS].mask, order(**BUYER)
    masked = mask(payload)
    assert masked["recipient_address"] == {"region": "MY", "state": "Sarawak", "city": "Kuching", "zipcode": "93000"}
    assert masked["package_list"] == [{"package_number": "P"}]
    assert not any(name.startswith("buyer") or name == "message_to_seller" for name in masked)
    assert mask(masked) == masked
    assert payload["buyer_username"] == "tom"


@pytest.mark.parametrize("spoiled", [{"recipient_address": "x", "package_list": [1]}, {"package_list": None}, {}])
def test_masking_survives_malformed_orders(spoiled: dict[str, Any]) -> None:
    assert STREAMS[Stream.ORDERS].mask(order(**spoiled))["order_sn"] == "2605010001AAAA"


def test_returns_and_finances_lose_their_persons() -> None:
    masked = STREAMS[Stream.RETURNS].mask(returned(user={"email": "x@example.com"}, text_reason="I, Tom", image=["u"]))
    assert not {"user", "text_reason", "image"} & set(masked)
    money = STREAMS[Stream.FINANCES].mask(escrow(buyer_payment_method="Card", escrow_amount=1))
    assert money["detail"] == {"order_sn": "A", "order_income": {"escrow_amount": 1}}
    assert "buyer_name" not in STREAMS[Stream.FINANCES].mask(wallet("ADJUSTMENT_ADD", 1, buyer_name="Tom"))["wallet"]


def test_every_model_is_a_listing_and_every_place_a_stock_figure() -> None:
    models = [
        {"model_id": 7, "model_sku": "S7", "stock_info_v2": stock_info(5, ("SGZ", 3), ("SGY", 2))},
        {"model_id": 8, "model_sku": "", "stock_info_v2": stock_info(1, ("", 1))},
    ]
    listings = raw(Stream.LISTINGS, item(*models), item(item_id=12, item_sku="S12"))
    assert listings.select("listing_id", "seller_sku").rows() == [
        ("11-7", "S7"), ("11-8", "LS-HOMED-0001"), ("12-0", "S12"),
    ]  # fmt: skip
    assert raw(Stream.INVENTORY, item(*models)).select("listing_id", "node_id").rows() == [
        ("11-7", "SGY"), ("11-7", "SGZ"), ("11-8", "-"),
    ]  # fmt: skip


def test_movements_of_the_wallet_are_told_apart_although_they_have_no_id() -> None:
    rows = raw(Stream.FINANCES, escrow(), wallet("ADJUSTMENT_ADD", 1), wallet("ADJUSTMENT_ADD", 1, current_balance=101))
    assert sorted(rows["transaction_id"]) == [
        "escrow/A",
        "wallet/1777593600/ADJUSTMENT_ADD/-/1/100",
        "wallet/1777593600/ADJUSTMENT_ADD/-/1/101",
    ]
    assert rows["posted_at"].unique().to_list() == [utc(2026, 5, 1)]


def test_change_times_are_read_from_every_changing_stream() -> None:
    assert STREAMS[Stream.ORDERS].changed_at(order()) == utc(2026, 5, 1, 1)
    assert STREAMS[Stream.RETURNS].changed_at(returned()) == utc(2026, 5, 1, 1)
    assert STREAMS[Stream.FINANCES].changed_at(escrow()) == utc(2026, 5, 1)
    assert STREAMS[Stream.ORDERS].changed_at("no object") is None
