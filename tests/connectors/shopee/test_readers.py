"""Readers: what orders, listings, stock, returns and money mean in our words."""

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from linkstar_pipelines.connectors.shopee import listings
from linkstar_pipelines.connectors.shopee.orders import FORM, STATES
from linkstar_pipelines.connectors.shopee.payments import payments
from linkstar_pipelines.connectors.shopee.returns import returns
from linkstar_pipelines.domain.orders import order_lines, orders
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.core import ORDER_STATES
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from tests.connectors.shopee.payloads import escrow, item, line, order, package, returned, stock_info, wallet
from tests.connectors.shopee.support import raw

ZONES = pl.DataFrame({"store": ["spsg"], "time_zone": ["Asia/Singapore"]})
RULES = SkuCodeRules(accept={"default": "^LS-[A-Z]{2,8}-[0-9]{4}$"})


def head(**changes: Any) -> dict[str, Any]:
    table, rejected = orders(raw(Stream.ORDERS, order(**changes)), FORM, ZONES)
    assert rejected.is_empty()
    return table.to_dicts()[0]


def lines(*items: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    table, rejected = order_lines(raw(Stream.ORDERS, order(*items, **changes)), FORM, ListingMap.create_empty(), ZONES)
    assert rejected.is_empty(), rejected.to_dicts()
    return table.to_dicts()


@pytest.mark.parametrize(("status", "state"), [*STATES.items(), ("SOMETHING_NEW", "unknown")])
def test_states_are_mapped_and_an_unheard_of_one_stays_visible(status: str, state: str) -> None:
    read = head(order_status=status)
    assert state in ORDER_STATES
    assert (read["state"], read["source_state"]) == (state, status)


def test_an_order_tells_money_country_and_business_day() -> None:
    read = head(total_amount=20.5, recipient_address={"region": "MY"})
    assert (read["total_amount"], read["currency"], read["ship_country"]) == (Decimal("20.5"), "SGD", "MY")
    assert read["business_day"].isoformat() == "2026-05-01"
    assert head(recipient_address=None)["ship_country"] == "SG"
    assert head(total_amount=None)["total_amount"] is None


@pytest.mark.parametrize(
    ("flag", "by"),
    [
        ("fulfilled_by_shopee", "platform"),
        ("fulfilled_by_cb_seller", "seller"),
        ("fulfilled_by_local_seller", "seller"),
    ],
)
def test_the_flag_tells_who_ships(flag: str, by: str) -> None:
    assert head(fulfillment_flag=flag)["fulfilled_by"] == by


def test_a_line_has_original_price_and_discount_and_no_tax_of_its_own() -> None:
    (read,) = lines(line(model_original_price=12.5, model_discounted_price=10.25))
    assert [read[name] for name in ("unit_price", "item_amount", "discount_amount")] == [
        Decimal("12.5"), Decimal(25), Decimal("4.5"),
    ]  # fmt: skip
    assert (read["tax_amount"], read["shipping_amount"], read["ioss_number"]) == (None, None, None)
    assert (read["line_id"], read["listing_sku"], read["quantity_ordered"]) == ("11", "LS-HOMED-0001", 2)


def test_the_discount_of_a_bundle_deal_is_unknown_and_not_the_whole_price() -> None:
    (read,) = lines(line(model_discounted_price=0, promotion_type="bundle_deal"))
    assert (read["item_amount"], read["discount_amount"]) == (Decimal(24), None)


def test_models_of_one_item_are_lines_of_their_own() -> None:
    read = lines(line(model_id=7, model_sku="A"), line(model_id=8, model_sku="B"))
    assert [(one["line_id"], one["listing_sku"]) for one in read] == [("11-7", "A"), ("11-8", "B")]


def test_a_line_item_id_names_the_line_where_it_is_there() -> None:
    read = lines(line(line_item_id=501), line(line_item_id=502))
    assert [one["line_id"] for one in read] == ["501", "502"]


def test_what_was_cancelled_stays_ordered_and_the_rest_ships() -> None:
    (waiting,) = lines(line(model_quantity_purchased=3, cancelled_qty=1))
    assert [waiting[f"quantity_{name}"] for name in ("ordered", "cancelled", "shipped")] == [3, 1, 0]
    (gone,) = lines(line(model_quantity_purchased=3, cancelled_qty=1), order_status="SHIPPED")
    assert [gone[f"quantity_{name}"] for name in ("ordered", "cancelled", "shipped")] == [3, 1, 2]
    assert (waiting["state"], gone["state"]) == ("to_ship", "shipped")


def test_a_package_that_was_picked_up_makes_the_order_part_shipped() -> None:
    packages = [package("LOGISTICS_PICKUP_DONE", i11_7=1), package("LOGISTICS_READY", i11_7=1, i11_8=2)]
    items = [line(model_id=7), line(model_id=8)]
    read = lines(*items, package_list=packages)
    assert [(one["quantity_shipped"], one["state"]) for one in read] == [(1, "part_shipped"), (0, "to_ship")]
    assert head(item_list=items, package_list=packages)["state"] == "part_shipped"


def test_a_cancelled_order_ships_nothing() -> None:
    (read,) = lines(order_status="CANCELLED", package_list=[])
    assert (read["quantity_cancelled"], read["quantity_shipped"], read["state"]) == (2, 0, "cancelled")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"item_list": []}, "no lines"),
        ({"fulfillment_flag": None}, "who ships"),
        ({"item_list": [line(model_original_price="n/a")]}, "`n/a` is no amount"),
        ({"item_list": [line(model_discounted_price="n/a")]}, "`n/a` is no amount"),
        ({"item_list": [line(model_quantity_purchased=1.5)]}, "no whole number"),
        ({"item_list": "x"}, None),
    ],
)
def test_an_unreadable_version_is_rejected_and_the_one_before_stands(
    changes: dict[str, Any], reason: str | None
) -> None:
    versions = [order(update_time=1777597200), order(update_time=1777600800, **changes)]
    if reason is None:
        versions = versions[:1]
    table, rejected = order_lines(raw(Stream.ORDERS, *versions), FORM, ListingMap.create_empty(), ZONES)
    assert table["quantity_ordered"].to_list() == [2]
    if reason is not None:
        assert reason in rejected["reason"].item()


PRICE = {"price_info": [{"currency": "SGD", "original_price": 12, "current_price": 9.9}]}


def test_a_listing_names_its_clean_sku_price_and_status() -> None:
    models = [{"model_id": 7, "model_sku": "ls-homed-0002 ", "model_status": "MODEL_NORMAL", **PRICE}]
    table, rejected = listings.listings(raw(Stream.LISTINGS, item(**PRICE), item(*models, item_id=12)), RULES)
    assert rejected.is_empty()
    assert table.select("listing_sku", "code", "price", "currency", "listing_status", "title").sort("code").rows() == [
        ("LS-HOMED-0001", "LS-HOMED-0001", Decimal("9.9"), "SGD", "NORMAL", "Backpack"),
        ("ls-homed-0002 ", "LS-HOMED-0002", Decimal("9.9"), "SGD", "NORMAL,MODEL_NORMAL", "Backpack"),
    ]


def test_unreadable_listings_are_rejected_unfit_codes_kept_and_doubled_codes_are_one_row() -> None:
    bad_price = item(item_id=13, item_sku="LS-HOMED-0003", price_info=[{"current_price": "n/a"}])
    rows = raw(Stream.LISTINGS, item(), item(item_id=12), item(item_id=14, item_sku="?"), bad_price)
    table, rejected = listings.listings(rows, RULES)
    assert table.select("listing_sku", "code_problem").rows() == [
        ("LS-HOMED-0001", None), ("?", "code `?` fits no code rule (^LS-[A-Z]{2,8}-[0-9]{4}$)"),
    ]  # fmt: skip
    assert rejected["reason"].to_list() == ["price `n/a` is no amount"]


def test_a_model_states_its_own_number_and_the_item_the_picture() -> None:
    models = [{"model_id": 7, "model_sku": "LS-HOMED-0002", "gtin_code": "4006381333931", **PRICE}]
    picture = {"image_url_list": ["https://cf.shopee.sg/file/1"]}
    table, _ = listings.listings(raw(Stream.LISTINGS, item(*models, image=picture)), RULES)
    assert table.select("gtin", "image_url").rows() == [("04006381333931", "https://cf.shopee.sg/file/1")]


def figures(*records: dict[str, Any]) -> list[tuple[Any, ...]]:
    table, rejected = listings.stock(raw(Stream.INVENTORY, *records))
    assert rejected.is_empty()
    return table.select("listing_id", "node_id", "fulfilled_by", "available", "reserved").sort("node_id").rows()


def test_one_place_has_the_summarys_figures() -> None:
    assert figures(item(stock_info_v2=stock_info(4, ("", 5)))) == [("11-0", "-", "seller", 4, 1)]


def test_several_places_have_their_own_and_no_reserve() -> None:
    shared = stock_info(9, ("A", 3), ("B", 2), shopee=(("C", 4),))
    assert figures(item({"model_id": 7, "model_sku": "S", "stock_info_v2": shared})) == [
        ("11-7", "A", "seller", 3, None), ("11-7", "B", "seller", 2, None), ("11-7", "C", "platform", 4, None),
    ]  # fmt: skip


def test_an_absent_figure_is_unknown_and_never_0() -> None:
    assert figures(item()) == [("11-0", "-", "seller", None, None)]


def test_an_unreadable_figure_is_rejected() -> None:
    info = {"summary_info": {"total_available_stock": "many"}}
    table, rejected = listings.stock(raw(Stream.INVENTORY, item(stock_info_v2=info)))
    assert table.is_empty()
    assert rejected["reason"].item() == "available `many` is no whole number"


@pytest.mark.parametrize(
    ("changes", "custody", "refund"),
    [
        ({}, "in_transit", "pending"),
        ({"status": "ACCEPTED", "reverse_logistics_status": "LOGISTICS_DELIVERY_DONE"}, "received", "approved"),
        ({"status": "CANCELLED"}, "not_returned", "none"),
        ({"needs_logistics": False, "status": "ACCEPTED"}, "not_returned", "approved"),
        ({"reverse_logistics_status": "", "logistics_status": "LOGISTICS_READY"}, "advised", "pending"),
        ({"reverse_logistics_status": "NEW", "status": "CLOSED"}, "unknown", "unknown"),
    ],
)
def test_custody_and_refund_are_told_apart(changes: dict[str, Any], custody: str, refund: str) -> None:
    table, rejected = returns(raw(Stream.RETURNS, returned(**changes)))
    assert rejected.is_empty()
    (row,) = table.to_dicts()
    assert (row["custody"], row["refund"]) == (custody, refund)
    assert (row["return_line_id"], row["listing_sku"], row["refund_amount"]) == (
        "11-7", "LS-HOMED-0001", Decimal("10.5"),
    )  # fmt: skip


def test_the_newest_version_of_a_return_counts_and_lines_share_no_refund() -> None:
    two = [{"item_id": 11, "model_id": n, "amount": n} for n in (1, 2)]
    table, _ = returns(raw(Stream.RETURNS, returned(), returned(update_time=1777600800, item=two)))
    assert table.select("return_line_id", "quantity", "refund_amount").rows() == [("11-1", 1, None), ("11-2", 2, None)]


def test_a_return_that_cannot_be_read_is_rejected() -> None:
    spoiled = [returned(return_sn="R2", refund_amount="n/a"), returned(return_sn="R3", item=[])]
    table, rejected = returns(raw(Stream.RETURNS, returned(), *spoiled))
    assert table["return_id"].to_list() == ["R1"]
    assert sorted(rejected["reason"]) == ["refund `n/a` is no amount", "return has no lines"]
    assert rejected["scope"].unique().to_list() == ["2026-05-01"]


def money(*records: dict[str, Any]) -> list[tuple[Any, ...]]:
    table, rejected = payments(raw(Stream.FINANCES, *records))
    assert rejected.is_empty()
    return table.select("part", "kind", "amount", "currency", "state").sort("part").rows()


def test_the_parts_of_an_escrow_add_up_to_it_with_the_rest_visible() -> None:
    income: dict[str, Any] = {
        "escrow_amount": 86.5, "original_cost_of_goods_sold": 100, "commission_fee": 10, "buyer_paid_shipping_fee": 5,
        "actual_shipping_fee": 6, "escrow_tax": 1.5, "service_fee": 0, "escrow_amount_after_adjustment": 80,
        "order_adjustment": [{"amount": -6.5}],
    }  # fmt: skip
    assert money(escrow(**income)) == [
        ("actual_shipping_fee", "fee", Decimal(-6), "SGD", "released"),
        ("buyer_paid_shipping_fee", "shipping", Decimal(5), "SGD", "released"),
        ("commission_fee", "fee", Decimal(-10), "SGD", "released"),
        ("escrow_amount - parts", "unknown", Decimal(-1), "SGD", "released"),
        ("escrow_tax", "tax_withheld", Decimal("-1.5"), "SGD", "released"),
        ("original_cost_of_goods_sold", "sale", Decimal(100), "SGD", "released"),
    ]


def test_the_wallet_counts_what_no_escrow_counts() -> None:
    assert money(
        wallet("ESCROW_VERIFIED_ADD", 80), wallet("FAST_ESCROW_DISBURSE", 80), wallet("WITHDRAWAL_COMPLETED", -50),
        wallet("ADJUSTMENT_MINUS", -6.5, refund_sn="R1"), wallet("ADJUSTMENT_ADD", 2, money_flow="MONEY_IN"),
        wallet("WITHDRAWAL_CREATED", 50, money_flow="MONEY_OUT", withdrawal_id=9, status="PENDING"),
        wallet("PAID_ADS_CHARGE", -3, money_flow="MONEY_OUT"), wallet("ADJUSTMENT_ADD", 7, status="FAILED"),
        wallet("NEW_LEVY", -1),
    ) == [
        ("ADJUSTMENT_ADD", "adjustment", Decimal(2), "MYR", "released"),
        ("ADJUSTMENT_MINUS", "refund", Decimal("-6.5"), "MYR", "released"),
        ("NEW_LEVY", "unknown", Decimal(-1), "MYR", "released"),
        ("PAID_ADS_CHARGE", "fee", Decimal(-3), "MYR", "released"),
        ("WITHDRAWAL_CREATED", "payout", Decimal(-50), "MYR", "held"),
    ]  # fmt: skip


def test_money_that_cannot_be_read_is_rejected_as_a_whole() -> None:
    table, rejected = payments(
        raw(Stream.FINANCES, escrow(escrow_amount=10, commission_fee="n/a"), wallet("NEW_LEVY", None), escrow("B"))
    )
    assert table.is_empty()
    assert sorted(rejected["reason"]) == ["NEW_LEVY `` is no amount", "commission_fee `n/a` is no amount"]
