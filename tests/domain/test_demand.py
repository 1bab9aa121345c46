"""Daily demand: which order lines count, where, and with what value."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from linkstar_pipelines.domain.demand import daily_demand
from linkstar_pipelines.schemas.core import OrderLines

DAY = date(2026, 3, 14)


def line(**changes: Any) -> dict[str, Any]:
    return {
        "platform": "amazon", "store": "na", "marketplace_id": "US", "order_id": "O1", "line_id": "L1",
        "line_kind": "sale", "state": "shipped", "fulfilled_by": "platform", "listing_sku": "a", "sku": "A",
        "multiplier": 1,
        "quantity_ordered": 3, "quantity_cancelled": 0, "quantity_shipped": 0, "item_amount": Decimal(30),
        "currency": "USD", "business_day": DAY, **changes,
    }  # fmt: skip


def demand(*lines: dict[str, Any]) -> list[dict[str, Any]]:
    rows = pl.concat([OrderLines.create_empty(), pl.DataFrame(list(lines))], how="diagonal_relaxed")
    return daily_demand(OrderLines.cast(rows)).to_dicts()


def test_lines_of_a_day_add_up_per_node_and_sku() -> None:
    (found,) = demand(line(), line(order_id="O2", quantity_ordered=2, item_amount=Decimal(20)))
    assert found == {
        "node": "platform:na:US", "sku": "A", "day": DAY, "platform": "amazon", "store": "na",
        "units": 5, "orders": 2, "revenue": Decimal(50), "currency": "USD",
    }  # fmt: skip


def test_who_ships_decides_the_node() -> None:
    nodes = {row["node"] for row in demand(line(), line(line_id="L2", fulfilled_by="seller"))}
    assert nodes == {"platform:na:US", "seller:na:US"}


def test_a_pack_counts_with_all_of_its_units() -> None:
    assert demand(line(multiplier=4, quantity_cancelled=1))[0]["units"] == 8


def test_two_lines_of_an_order_are_one_order() -> None:
    (found,) = demand(line(), line(line_id="L2"))
    assert (found["units"], found["orders"]) == (6, 1)


def test_cancelled_units_are_no_demand() -> None:
    assert demand(line(quantity_cancelled=1))[0]["units"] == 2
    assert demand(line(quantity_cancelled=3)) == []
    assert demand(line(state="cancelled")) == []


def test_charges_and_unmapped_lines_are_no_demand() -> None:
    assert demand(line(line_kind="charge"), line(line_id="L2", sku=None)) == []


def test_a_value_that_is_not_known_yet_leaves_the_day_without_revenue_but_not_without_units() -> None:
    (found,) = demand(line(), line(order_id="O2", item_amount=None, currency=None))
    assert (found["units"], found["revenue"], found["currency"]) == (6, None, None)


def test_two_currencies_are_not_added() -> None:
    (found,) = demand(line(), line(order_id="O2", currency="EUR"))
    assert (found["units"], found["revenue"], found["currency"]) == (6, None, None)


def test_no_lines_no_demand() -> None:
    assert daily_demand(OrderLines.create_empty()).is_empty()
