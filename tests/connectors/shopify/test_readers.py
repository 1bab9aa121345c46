"""Shopify's forms and readers as pure functions: identity, masking, states, units, amounts, listings, stock."""

import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.shopify.forms import mask_order
from linkstar_pipelines.connectors.shopify.operations import parse_instant, plain_id
from linkstar_pipelines.connectors.shopify.platform import PLATFORM
from linkstar_pipelines.domain import orders
from linkstar_pipelines.rules.sku_codes import load_sku_code_rules
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from tests.connectors.shopify.support import connection, level, line, money, order, variant

ZONES = pl.DataFrame({"store": ["sf1"], "time_zone": ["UTC"]})
SEEN = datetime(2026, 5, 12, tzinfo=UTC)


def raw(stream: Stream, *payloads: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    marked = [{**payload, "marketplaceId": "SHOPIFY_US"} for payload in payloads]
    return raw_rows("shopify", "sf1", stream, PLATFORM.streams[stream], marked, SEEN)


def head(payload: Any) -> dict[str, Any]:
    good, refused = orders.orders(raw(Stream.ORDERS, payload)[0], PLATFORM.orders, ZONES)
    assert refused.is_empty(), refused["reason"].to_list()
    return good.row(0, named=True)


def lines(payload: Any) -> list[dict[str, Any]]:
    found, refused = orders.order_lines(
        raw(Stream.ORDERS, payload)[0], PLATFORM.orders, ListingMap.create_empty(), ZONES
    )
    assert refused.is_empty(), refused["reason"].to_list()
    return found.rows(named=True)


def reasons(payload: Any) -> list[str]:
    _, refused = orders.orders(raw(Stream.ORDERS, payload)[0], PLATFORM.orders, ZONES)
    found: list[str] = refused["reason"].to_list()
    return found


def fulfilled(units: int, display: str = "IN_TRANSIT", status: str = "SUCCESS") -> dict[str, Any]:
    return {"status": status, "displayStatus": display, "totalQuantity": units}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("gid://shopify/Order/123", "123"), ("gid://shopify/MailingAddress/5?model_name=Address", "5"),
     ("gid://shopify/Order/", None), ("gid://shopify/Order/x1", None), (123, None), (None, None)],
)  # fmt: skip
def test_a_global_id_is_read_as_its_number(value: Any, expected: str | None) -> None:
    assert plain_id(value) == expected


def test_an_instant_without_an_offset_is_none() -> None:
    assert parse_instant("2026-05-11T02:00:00") is None
    assert parse_instant(None) is None
    assert parse_instant("2026-05-11T04:00:00+02:00") == datetime(2026, 5, 11, 2, tzinfo=UTC)


def test_an_order_is_placed_by_its_number_and_change() -> None:
    rows, refused = raw(Stream.ORDERS, order(), order("x"), order("7", lineItems=None))
    assert rows.select("order_id", "marketplace_id", "updated_at").row(0) == (
        "5001", "SHOPIFY_US", datetime(2026, 5, 11, 2, tzinfo=UTC),
    )  # fmt: skip
    assert sorted(refused["reason"]) == ["lineItems is missing or holds no list", "order_id is missing or unreadable"]


def test_masking_leaves_what_customs_and_tax_need_and_changes_nothing_in_place() -> None:
    personal = {"firstName": "Erika", "address1": "Musterstraße 1", "phone": "1"}
    payload = order(
        "1",
        line(customAttributes=[{"key": "engraving", "value": "Erika"}]),
        email="e@example.com",
        note="for Erika",
        shippingAddress={**order()["shippingAddress"], **personal},
    )
    before = copy.deepcopy(payload)
    masked = mask_order(payload)
    assert masked == order("1", line())
    assert payload == before
    assert mask_order(masked) == masked
    assert mask_order({"lineItems": {"nodes": ["odd"]}, "shippingAddress": None})["lineItems"] == {"nodes": ["odd"]}


@pytest.mark.parametrize(
    ("paid", "shipped", "changes", "state"),
    [
        ("PENDING", "UNFULFILLED", {}, "awaiting_payment"),
        ("PARTIALLY_PAID", "UNFULFILLED", {}, "awaiting_payment"),
        ("PENDING", "FULFILLED", {}, "shipped"),
        ("AUTHORIZED", "UNFULFILLED", {}, "to_ship"),
        ("PAID", "IN_PROGRESS", {}, "to_ship"),
        ("PAID", "ON_HOLD", {}, "held"),
        ("VOIDED", "UNFULFILLED", {}, "held"),
        ("PAID", "PARTIALLY_FULFILLED", {}, "part_shipped"),
        ("PAID", "FULFILLED", {"fulfillments": [fulfilled(1), fulfilled(1, "DELIVERED")]}, "shipped"),
        ("PAID", "FULFILLED", {"fulfillments": [fulfilled(2, "DELIVERED"), fulfilled(2, "CANCELED", "CANCELLED")]},
         "delivered"),
        ("PARTIALLY_REFUNDED", "FULFILLED", {}, "shipped"),
        ("REFUNDED", "FULFILLED", {}, "shipped"),
        ("REFUNDED", "UNFULFILLED", {}, "cancelled"),
        ("PAID", "RESTOCKED", {}, "cancelled"),
        ("PAID", "UNFULFILLED", {"cancelledAt": "2026-05-11T02:00:00Z"}, "cancelled"),
        ("PAID", "NEWLY_INVENTED", {}, "unknown"),
        ("NEWLY_INVENTED", "UNFULFILLED", {}, "unknown"),
    ],
)  # fmt: skip
def test_the_state_follows_payment_fulfilment_and_cancellation(
    paid: str, shipped: str, changes: dict[str, Any], state: str
) -> None:
    read = head(order(displayFinancialStatus=paid, displayFulfillmentStatus=shipped, **changes))
    assert read["state"] == state
    assert read["source_state"] == f"{shipped}/{paid}" + ("/CANCELLED" if "cancelledAt" in changes else "")


def test_an_order_without_its_states_says_so() -> None:
    read = head(order(displayFinancialStatus=None, displayFulfillmentStatus=None))
    assert (read["state"], read["source_state"]) == ("unknown", orders.NOT_STATED)


@pytest.mark.parametrize(
    ("quantity", "now", "left", "shipped_by_order", "shipped", "cancelled"),
    [
        (3, 3, 3, 0, 0, 0),
        (3, 3, 1, 2, 2, 0),
        (3, 2, 2, 0, 0, 1),
        (3, 2, 0, 2, 2, 1),
        (3, 2, 0, 3, 3, 0),
        (3, 0, 0, 3, 3, 0),
    ],
)
def test_units_that_are_gone_from_a_line_were_cancelled_or_came_back(  # noqa: PLR0917  # a table
    quantity: int, now: int, left: int, shipped_by_order: int, shipped: int, cancelled: int
) -> None:
    entry = line(quantity=quantity, currentQuantity=now, unfulfilledQuantity=left)
    status = "FULFILLED" if shipped_by_order and not left else "PARTIALLY_FULFILLED" if shipped_by_order else "OPEN"
    gone = [fulfilled(shipped_by_order)] if shipped_by_order else []
    (read,) = lines(order("1", entry, displayFulfillmentStatus=status, fulfillments=gone))
    assert (read["quantity_shipped"], read["quantity_cancelled"]) == (shipped, cancelled)


def test_amounts_of_a_line_with_tax_on_top_and_with_tax_inside() -> None:
    (outside,) = lines(order())
    assert (outside["line_id"], outside["listing_sku"], outside["currency"]) == ("11", "LS-KITCH-0001", "USD")
    assert (outside["unit_price"], outside["item_amount"]) == (Decimal("10.00"), Decimal("20.00"))
    assert (outside["tax_amount"], outside["discount_amount"]) == (Decimal("1.52"), Decimal("1.00"))
    assert outside["shipping_amount"] is None
    (inside,) = lines(order(taxesIncluded=True))
    assert inside["item_amount"] == Decimal("18.48")
    (untaxed,) = lines(order("1", line(taxLines=[], sku="")))
    assert (untaxed["tax_amount"], untaxed["listing_sku"]) == (Decimal(0), "11")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"originalUnitPriceSet": money("n/a")}, "unit_price `n/a` is no amount"),
        ({"taxLines": [{"priceSet": money("many")}]}, "a tax is no amount"),
        ({"unfulfilledQuantity": None}, "unfulfilledQuantity `` is no whole number"),
        ({"currentQuantity": 1.5}, "currentQuantity `1.5` is no whole number"),
        ({"id": "gid://shopify/LineItem/x"}, "line_id is missing or unreadable"),
    ],
)
def test_a_line_that_cannot_be_read_puts_its_order_aside(change: dict[str, Any], reason: str) -> None:
    (found,) = reasons(order("1", line("1"), line("2") | change))
    assert reason in found


def test_an_order_in_another_form_is_put_aside() -> None:
    assert reasons(order(fulfillments={"nodes": []})) == ["payload is not in the form of the Admin API's orders"]
    assert reasons(order(lineItems=connection())) == ["order has no lines"]


def test_a_variant_is_a_listing_with_its_clean_code() -> None:
    rows, refused = raw(
        Stream.LISTINGS,
        variant() | {"currencyCode": "USD"},
        variant("42", sku="ls_kitch_0002", title="Green", barcode="4006381333931") | {"currencyCode": "USD"},
        variant("43") | {"currencyCode": "USD"},
        variant("44", sku=None),
        variant("45", sku="LS-KITCH-0005", price="much"),
        variant("46", sku="LS-KITCH-0006", product=[]),
    )
    assert refused.is_empty()
    read, odd = PLATFORM.listings(rows, load_sku_code_rules())
    found = read.sort("code").select("listing_sku", "code", "title", "price", "currency", "listing_status").rows()
    assert found == [
        ("ls_kitch_0001", "LS-KITCH-0001", "Board", Decimal("19.99"), "USD", "ACTIVE"),
        ("ls_kitch_0002", "LS-KITCH-0002", "Board, Green", Decimal("19.99"), "USD", "ACTIVE"),
    ]
    told = dict(odd.select("source_key", "reason").iter_rows())
    assert told["shopify/sf1/SHOPIFY_US/44"] == "the listing has no seller SKU"
    assert read.sort("code")["gtin"].to_list() == [None, "04006381333931"]
    assert told["shopify/sf1/SHOPIFY_US/45"] == "price `much` is no amount"
    assert told["shopify/sf1/SHOPIFY_US/46"] == "payload is not in the form of the API's variants"


def stocked(number: str, *levels: Any) -> dict[str, Any]:
    return variant(
        number, inventoryItem={"id": "gid://shopify/InventoryItem/1", "inventoryLevels": {"nodes": [*levels]}}
    )


def test_stock_is_read_per_location_and_never_below_nothing() -> None:
    two = stocked("41", level("1", available=-3, committed=2, incoming=5, damaged=1), level("2", available=4))
    rows, refused = raw(Stream.INVENTORY, two, stocked("42"), variant("43"), stocked("44", {"location": None}))
    assert PLATFORM.stock is not None
    found, odd = PLATFORM.stock(rows)
    columns = ("listing_id", "node_id", "available", "reserved", "inbound", "unsellable")
    assert found.sort("node_id").select(columns).rows() == [("41", "1", 0, 2, 5, 1), ("41", "2", 4, None, None, None)]
    assert odd.is_empty()
    assert sorted(refused["reason"]) == [
        "inventoryItem.inventoryLevels is missing or holds no list",
        "node_id is missing or unreadable",
    ]


def test_a_figure_that_is_no_number_is_put_aside() -> None:
    rows, _ = raw(Stream.INVENTORY, stocked("41", level("1", available=1.5)))  # type: ignore[arg-type]
    assert PLATFORM.stock is not None
    found, odd = PLATFORM.stock(rows)
    assert found.is_empty()
    assert odd["reason"].to_list() == ["available `1.5` is no whole number"]
