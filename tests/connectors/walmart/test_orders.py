"""Walmart's orders in our words: states by units, charges, and what cannot be read."""

import json
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.walmart.forms import FORMS
from linkstar_pipelines.connectors.walmart.orders import FORM
from linkstar_pipelines.domain import orders
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from tests.connectors.support import utc
from tests.connectors.walmart.support import charge, line, order, status

ZONES = pl.DataFrame({"store": ["wm1"], "time_zone": ["America/Los_Angeles"]})


def read(*payloads: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    """Orders, lines, and why others could not be read."""
    parsed = [json.loads(json.dumps(payload), parse_float=Decimal) for payload in payloads]
    rows, refused = raw_rows("walmart", "wm1", Stream.ORDERS, FORMS[Stream.ORDERS], parsed, utc(2026, 5, 1))
    assert refused.is_empty()
    heads, rejected = orders.orders(rows, FORM, ZONES)
    lines, _ = orders.order_lines(rows, FORM, ListingMap.create_empty(), ZONES)
    return heads.to_dicts(), lines.to_dicts(), rejected["reason"].to_list()


def of_lines(*lines: dict[str, Any], **changes: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    (head,), found, _ = read(order(orderLines={"orderLine": list(lines)}, **changes))
    return head, found


def test_an_order_and_its_line_are_read_whole() -> None:
    total = {"totalAmount": {"currencyAmount": 10.8, "currencyUnit": "USD"}}
    head, (found,) = of_lines(line(), orderSummary=total)
    assert head["state"] == "to_ship"
    assert head["source_state"] == "Created"
    assert head["fulfilled_by"] == "seller"
    assert head["marketplace_id"] == "WALMART_US"
    assert (head["total_amount"], head["currency"], head["ship_country"]) == (Decimal("10.80"), "USD", "US")
    assert str(head["business_day"]) == "2019-09-14"
    assert (found["line_id"], found["listing_sku"], found["title"]) == ("1", "test1", "Laundry Bag")
    assert (found["quantity_ordered"], found["quantity_shipped"], found["quantity_cancelled"]) == (1, 0, 0)
    assert (found["unit_price"], found["item_amount"], found["tax_amount"]) == (
        Decimal(10),
        Decimal(10),
        Decimal("0.8"),
    )
    assert (found["shipping_amount"], found["discount_amount"], found["ioss_number"]) == (None, None, None)


@pytest.mark.parametrize(
    ("states", "state", "shipped", "cancelled"),
    [
        ([status("Created", 3)], "to_ship", 0, 0),
        ([status("Acknowledged", 3)], "to_ship", 0, 0),
        ([status("Acknowledged", 2), status("Shipped", 1)], "part_shipped", 1, 0),
        ([status("Acknowledged", 2), status("Cancelled", 1)], "to_ship", 0, 1),
        ([status("Shipped", 2), status("Shipped", 1)], "shipped", 3, 0),
        ([status("Shipped", 1), status("Delivered", 2)], "shipped", 3, 0),
        ([status("Delivered", 2), status("Cancelled", 1)], "delivered", 2, 1),
        ([status("Cancelled", 3)], "cancelled", 0, 3),
        ([status("Refund", 3)], "shipped", 3, 0),
        ([status("Delivered", 3), status("Refund", 1)], "delivered", 3, 0),
        ([status("Delivered", 2), status("Refund", 1)], "delivered", 3, 0),
        ([status("Lost in space", 3)], "unknown", 0, 0),
        ([status("Shipped", 2), status("Lost in space", 1)], "unknown", 2, 0),
    ],
)
def test_a_line_split_by_state_is_counted_unit_by_unit(
    states: list[dict[str, Any]], state: str, shipped: int, cancelled: int
) -> None:
    head, (found,) = of_lines(line("1", 3, *states))
    assert (head["state"], found["state"]) == (state, state)
    assert (found["quantity_ordered"], found["quantity_shipped"], found["quantity_cancelled"]) == (
        3,
        shipped,
        cancelled,
    )
    assert head["source_state"] == "+".join(sorted({entry["status"] for entry in states}))


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        ("Created", "Shipped", "part_shipped"),
        ("Cancelled", "Shipped", "shipped"),
        ("Cancelled", "Cancelled", "cancelled"),
        ("Delivered", "Delivered", "delivered"),
        ("Cancelled", "Acknowledged", "to_ship"),
    ],
)
def test_an_order_s_state_is_that_of_the_units_of_all_its_lines(first: str, second: str, state: str) -> None:
    head, lines = of_lines(line("1", 1, status(first, 1)), line("2", 1, status(second, 1)))
    assert head["state"] == state
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("node", "who"),
    [({"type": "WFSFulfilled"}, "platform"), ({"type": "3PLFulfilled"}, "seller"), (None, "seller"), ({}, "seller")],
)
def test_who_ships_is_the_ship_node(node: Any, who: str) -> None:
    head, _ = of_lines(line(), shipNode=node)
    assert head["fulfilled_by"] == who


def test_charges_are_added_up_by_kind_and_discounts_are_positive() -> None:
    charges = [
        charge("PRODUCT", "ItemPrice", 29.97, 2.1),
        charge("PRODUCT", "SubscriptionDiscount", -3.0),
        charge("SHIPPING", "Shipping", 4.99, 0.35),
        charge("FEE", "Recycling", 1),
    ]
    _, (found,) = of_lines(line("1", 3, charges=charges))
    assert found["item_amount"] == Decimal("29.97")
    assert found["unit_price"] == Decimal("9.99")
    assert found["discount_amount"] == Decimal("3.00")
    assert found["shipping_amount"] == Decimal("4.99")
    assert found["tax_amount"] == Decimal("2.45")
    assert found["currency"] == "USD"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"orderLines": {"orderLine": []}}, "order has no lines"),
        ({"shipNode": {"type": "DroneFulfilled"}}, "shipNode `DroneFulfilled` is none of"),
        ({"orderLines": {"orderLine": [line(charges=[charge("PRODUCT", "ItemPrice", "n/a")])]}}, "charge is no amount"),
        ({"orderLines": {"orderLine": [line("1", 1, status("Shipped", "a few"))]}}, "no whole number"),  # type: ignore[arg-type]
        ({"orderLines": {"orderLine": [line("1", 1, status("Shipped", 2))]}}, "shipped and cancelled fit ordered"),
        ({"orderLines": {"orderLine": [line("1", "1.5")]}}, "quantity_ordered `1.5` is no whole number"),  # type: ignore[arg-type]
        (
            {"orderLines": {"orderLine": [line(charges=[
                charge("PRODUCT", "ItemPrice", 1),
                charge("SHIPPING", "Shipping", 1) | {"chargeAmount": {"currency": "CAD", "amount": 1}},
            ])]}},
            "several currencies",
        ),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_read_says_why_and_keeps_no_other_out(changes: dict[str, Any], reason: str) -> None:
    heads, lines, reasons = read(order("1", **changes), order("2"))
    assert [head["order_id"] for head in heads] == ["2"] == [entry["order_id"] for entry in lines]
    assert len(reasons) == 1
    assert reason in reasons[0]
