"""Only shipped goods of a known SKU move stock."""

from datetime import UTC, datetime
from typing import Any

import dataframely as dy
import polars as pl
import pytest

from linkstar_pipelines.domain import orders as orders_of
from linkstar_pipelines.domain.amazon_listings import listings
from linkstar_pipelines.domain.amazon_orders import FORM
from linkstar_pipelines.domain.movements import movements
from linkstar_pipelines.schemas.core import OrderLines
from tests.domain.amazon_payloads import RULES, US, ZONES, Payload, line, listing, order, raw_listings, raw_orders
from tests.domain.listing_maps import by_code, map_of, span

SOLD_AS = by_code(listings(raw_listings(listing("LS-KITCH-0001")), RULES)[0])


def order_lines(*payloads: Payload) -> dy.DataFrame[OrderLines]:
    return orders_of.order_lines(raw_orders(*payloads), FORM, SOLD_AS, ZONES)[0]


def shipped(units: int, **parts: Any) -> Payload:
    return line(fulfillment={"quantityFulfilled": units, "quantityUnfulfilled": 2 - units}, **parts)


@pytest.mark.parametrize(("by", "node"), [("AMAZON", f"platform:na:{US}"), ("MERCHANT", f"seller:na:{US}")])
def test_shipped_units_leave_the_node_of_whoever_ships(by: str, node: str) -> None:
    moved = movements(order_lines(order(status="PARTIALLY_SHIPPED", by=by, lines=[shipped(1)])))
    assert moved.select("node", "sku", "quantity", "kind", "moved_at").rows() == [
        (node, "LS-KITCH-0001", -1, "ship", datetime(2026, 4, 30, 10, tzinfo=UTC))
    ]


def test_each_line_moves_by_itself() -> None:
    moved = movements(order_lines(order(status="SHIPPED", lines=[shipped(2), shipped(1, orderItemId="L2")])))
    assert dict(moved.select("line_id", "quantity").rows()) == {"L1": -2, "L2": -1}


@pytest.mark.parametrize(
    "payload",
    [
        order(status="UNSHIPPED"),
        order(status="CANCELLED", lines=[shipped(0)]),
        order(status="SHIPPED", lines=[shipped(2, product={"sellerSku": "unmapped"})]),
    ],
    ids=["unshipped", "cancelled", "unmapped"],
)
def test_what_did_not_leave_or_cannot_be_placed_moves_nothing(payload: Payload) -> None:
    assert movements(order_lines(payload)).is_empty()


def test_postage_moves_no_stock() -> None:
    lines = order_lines(order(status="SHIPPED", lines=[shipped(2)]))
    postage = OrderLines.cast(lines.with_columns(line_kind=pl.lit("charge")))
    assert movements(postage).is_empty()


def test_a_pack_takes_all_of_its_units_out_of_stock() -> None:
    pack = map_of(span("PACK", "LS-KITCH-0001", multiplier=6))
    lines, _ = orders_of.order_lines(
        raw_orders(order(status="SHIPPED", lines=[shipped(2, product={"sellerSku": "PACK"})])), FORM, pack, ZONES
    )
    assert movements(lines).select("sku", "quantity").rows() == [("LS-KITCH-0001", -12)]
