"""The Walmart client against a simulated Walmart over real HTTP: exactly the world, whatever the faults."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.complete import Reading, read_stream
from linkstar_pipelines.connectors.errors import CredentialError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.platform import Parcel, StockChange, Window
from linkstar_pipelines.connectors.walmart.client import WalmartClient
from linkstar_pipelines.connectors.walmart.platform import PLATFORM
from linkstar_pipelines.domain import orders
from linkstar_pipelines.rules.sku_codes import load_sku_code_rules
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from tests.connectors.support import utc
from tests.connectors.walmart.support import WORLD, sandbox_store
from tests.support import running_sandbox, world_orders

SINCE_OPENING = Window(utc(2026, 3, 1))
ZONES = pl.DataFrame({"store": ["wm1", "wm2"], "time_zone": ["America/Los_Angeles"] * 2})


def read(url: str, core: HttpCore, stream: Stream, code: str = "wm1") -> Reading:
    client = WalmartClient(sandbox_store(url, code), core)
    now = client.check_access().server_time
    assert now is not None
    return read_stream(client, PLATFORM, stream, SINCE_OPENING, 2, now=now)


def rows(reading: Reading, stream: Stream, code: str = "wm1") -> pl.DataFrame:
    """Raw rows of a reading; nothing may be refused."""
    good, refused = raw_rows("walmart", code, stream, PLATFORM.streams[stream], reading.records, datetime.now(UTC))
    assert refused.is_empty(), refused["reason"].to_list()
    return good


def truth(url: str, code: str) -> dict[tuple[str, str], tuple[str, int]]:
    """What the world itself says: SKU and units of every order line."""
    return {
        (order["orderId"], line["orderItemId"]): (line["sellerSku"], line["quantityOrdered"])
        for order in world_orders(url, code.upper())
        for line in order["lines"]
    }


def lines_read(reading: Reading, code: str) -> dict[tuple[str, str], tuple[str, int]]:
    versions = rows(reading, Stream.ORDERS, code)
    lines, refused = orders.order_lines(versions, PLATFORM.orders, ListingMap.create_empty(), ZONES)
    assert refused.is_empty(), refused["reason"].to_list()
    columns = ("order_id", "line_id", "listing_sku", "quantity_ordered")
    return {(a, b): (c, d) for a, b, c, d in lines.select(columns).iter_rows()}


@pytest.mark.parametrize("code", ["wm1", "wm2"])
def test_without_faults_orders_lines_and_units_are_exactly_the_worlds(
    world_url: str, core: HttpCore, code: str
) -> None:
    reading = read(world_url, core, Stream.ORDERS, code)
    world = truth(world_url, code)
    assert lines_read(reading, code) == world
    assert len(world) > 100
    assert reading.readings == 2
    assert reading.total == len({order for order, _ in world})


def test_states_shippers_and_times_are_the_worlds(world_url: str, core: HttpCore) -> None:
    current, _ = orders.orders(rows(read(world_url, core, Stream.ORDERS), Stream.ORDERS), PLATFORM.orders, ZONES)
    known = {order["orderId"]: order for order in world_orders(world_url, "WM1")}
    expected = {
        "PENDING": {"to_ship"}, "UNSHIPPED": {"to_ship"}, "PARTIALLY_SHIPPED": {"part_shipped"},
        "SHIPPED": {"shipped", "delivered"}, "CANCELLED": {"cancelled"},
    }  # fmt: skip
    for order_id, state, shipper, updated in current.select(
        "order_id", "state", "fulfilled_by", "updated_at"
    ).iter_rows():
        order = known[order_id]
        assert state in expected[order["status"]]
        assert shipper == {"AMAZON": "platform", "MERCHANT": "seller"}[order["fulfilledBy"]]
        assert updated == datetime.fromisoformat(order["lastUpdatedTime"])
    assert {"platform", "seller"} == set(current["fulfilled_by"])
    assert {"delivered", "shipped", "cancelled"} <= set(current["state"])


@pytest.mark.drill
def test_with_every_fault_at_a_fifth_the_orders_are_still_exactly_the_worlds(tmp_path: Path, core: HttpCore) -> None:
    flags = ("--fault", "all=0.2", "--fault", "late_orders=0", "--fault-delay", "0.02")
    with running_sandbox(tmp_path, *WORLD, *flags) as url:
        reading = read(url, core, Stream.ORDERS)
        assert lines_read(reading, "wm1") == truth(url, "wm1")
    assert core.faults("walmart", "wm1") > 3


def test_spoiled_orders_are_put_aside_and_keep_no_other_from_being_read(tmp_path: Path, core: HttpCore) -> None:
    with running_sandbox(tmp_path, *WORLD, "--fault", "malformed_order=0.3") as url:
        reading = read(url, core, Stream.ORDERS)
        world = {order for order, _ in truth(url, "wm1")}
    form = PLATFORM.streams[Stream.ORDERS]
    landed, refused = raw_rows("walmart", "wm1", Stream.ORDERS, form, reading.records, datetime.now(UTC))
    current, unread = orders.orders(landed, PLATFORM.orders, ZONES)
    assert len(world) == current.height + unread.height + refused.height
    assert set(current["order_id"]) < world
    assert set(refused["reason"]) == {"order_id is missing or unreadable", "orderLines.orderLine is missing or no list"}
    assert set(unread["reason"]) == {"line 1: a charge is no amount"}


def test_one_order_is_read_as_the_list_shows_it(world_url: str, core: HttpCore) -> None:
    client = WalmartClient(sandbox_store(world_url), core)
    listed = read(world_url, core, Stream.ORDERS).records[0]
    assert client.get_order(listed["purchaseOrderId"]) == listed
    assert client.get_order("1") is None


@pytest.fixture(scope="module")
def trading_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A world in the middle of its trade that tests may change."""
    folder = tmp_path_factory.mktemp("trading")
    with running_sandbox(folder, *WORLD, "--clock", "frozen:2026-05-10T00:00:00Z") as url:
        yield url


def test_a_pushed_quantity_is_seen_by_reading_again(trading_url: str, core: HttpCore) -> None:
    before, _ = PLATFORM.stock(rows(read(trading_url, core, Stream.INVENTORY), Stream.INVENTORY))  # type: ignore[misc]
    own = before.filter(pl.col("fulfilled_by") == "seller").row(0, named=True)
    warehoused = before.filter(pl.col("fulfilled_by") == "platform").row(0, named=True)
    changes = [
        StockChange("WALMART_US", listing["listing_id"], listing["listing_sku"], 4711) for listing in (own, warehoused)
    ]
    taken, refused = WalmartClient(sandbox_store(trading_url), core).push_stock(changes)
    after, _ = PLATFORM.stock(rows(read(trading_url, core, Stream.INVENTORY), Stream.INVENTORY))  # type: ignore[misc]
    assert taken.accepted
    assert (refused.accepted, refused.reason) == (False, "400 INVALID_REQUEST_CONTENT.GMP_INVENTORY_API")
    changed = after.join(before, on=["listing_id", "node_id"]).filter(pl.col("available") != pl.col("available_right"))
    assert changed.select("listing_id", "available").rows() == [(own["listing_id"], 4711)]


def test_a_confirmed_parcel_is_seen_by_reading_again_and_is_not_told_twice(trading_url: str, core: HttpCore) -> None:
    client = WalmartClient(sandbox_store(trading_url, "wm2"), core)
    for order in (o for o in world_orders(trading_url, "WM2") if o["status"] == "UNSHIPPED"):
        lines = {line["orderItemId"]: line["quantityOrdered"] for line in order["lines"]}
        parcel = Parcel(
            order["orderId"], "WALMART_US", "P1", "Blue Whale", f"T{order['orderId']}", utc(2026, 5, 10), lines
        )
        assert client.confirm_shipment(parcel).accepted
        assert client.confirm_shipment(parcel).accepted
        shown = client.get_order(order["orderId"])
        assert shown is not None
        states = [
            (line["lineNumber"], state["status"], state["statusQuantity"]["amount"])
            for line in shown["orderLines"]["orderLine"]
            for state in line["orderLineStatuses"]["orderLineStatus"]
        ]
        assert states == [(line, "Shipped", str(units)) for line, units in lines.items()]
    listed = {record["purchaseOrderId"] for record in read(trading_url, core, Stream.ORDERS, "wm2").records}
    assert order["orderId"] in listed


def test_listings_stock_returns_and_money_are_whole_and_readable(world_url: str, core: HttpCore) -> None:
    listings = rows(read(world_url, core, Stream.LISTINGS), Stream.LISTINGS)
    clean, odd = PLATFORM.listings(listings, load_sku_code_rules())
    products = world_products(world_url)
    assert odd.is_empty()
    assert clean.height == listings.height == sum(map(len, products.values()))
    world = {sku: master if fine else None for master, found in products.items() for sku, fine, _ in found}
    assert dict(clean.select("listing_sku", "code").iter_rows()) == world
    wfs = {sku for found in products.values() for sku, _, by in found if by == "AMAZON"}
    assert set(clean.filter(pl.col("fulfilled_by") == "platform")["listing_sku"]) == wfs

    assert PLATFORM.stock is not None
    stock, refused = PLATFORM.stock(rows(read(world_url, core, Stream.INVENTORY), Stream.INVENTORY))
    assert refused.is_empty()
    assert set(stock["listing_id"]) == set(listings["listing_id"])
    assert stock["available"].null_count() == 0


def world_products(url: str) -> dict[str, list[tuple[str, bool, str]]]:
    products = httpx.get(f"{url}/_control/world/products").json()["products"]
    return {
        product["masterSku"]: [
            (listing["sellerSku"], listing["readable"], listing["fulfilledBy"])
            for listing in product["listings"]
            if listing["store"] == "WM1"
        ]
        for product in products
    }


def test_returns_are_read_with_custody_and_refund(world_url: str, core: HttpCore) -> None:
    assert PLATFORM.returns is not None
    found, refused = PLATFORM.returns(rows(read(world_url, core, Stream.RETURNS), Stream.RETURNS))
    assert refused.is_empty()
    assert found.height > 3
    assert set(found["refund"]) <= {"refunded", "none"}
    assert set(found["custody"]) <= {"received", "advised"}
    units = truth(world_url, "wm1")
    for order_id, line_id, sku, quantity in found.select("order_id", "line_id", "listing_sku", "quantity").iter_rows():
        assert units[order_id, line_id][0] == sku
        assert 0 < quantity <= units[order_id, line_id][1]


def test_every_settlement_report_adds_up_to_its_payout(world_url: str, core: HttpCore) -> None:
    assert PLATFORM.payments is not None
    paid, refused = PLATFORM.payments(rows(read(world_url, core, Stream.FINANCES), Stream.FINANCES))
    assert refused.is_empty()
    sums = paid.group_by("payout_id").agg(
        payout=pl.col("amount").filter(pl.col("kind") == "payout").sum(),
        rest=pl.col("amount").filter(pl.col("kind") != "payout").sum(),
    )
    assert sums.height >= 4
    assert sums.filter(pl.col("payout") != pl.col("rest")).is_empty()
    totals = {s["total"] for s in settlements(world_url)}
    assert {f"{payout:.2f}" for payout in sums["payout"]} == totals
    kinds = set(paid["kind"])
    assert {"sale", "tax", "shipping", "fee", "discount", "refund", "reserve", "unknown", "payout"} <= kinds
    assert {label for (label,) in paid.filter(pl.col("kind") == "unknown").select("source_label").unique().rows()} == {
        "Programme Levy 26B"
    }
    assert paid.filter(pl.col("kind") == "refund")["amount"].max() < Decimal(0)  # type: ignore[operator]


def settlements(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{url}/_control/world/settlements").json()["settlements"]
    return [settlement for settlement in found if settlement["store"] == "WM1"]


def test_a_wrong_secret_names_the_variables_and_the_other_store_goes_on(world_url: str, core: HttpCore) -> None:
    wrong = WalmartClient(sandbox_store(world_url, client_secret=SecretStr("wrong")), core)
    with pytest.raises(CredentialError, match="LINKSTAR_WALMART_WM1_CLIENT_SECRET"):
        wrong.check_access()
    assert read(world_url, core, Stream.LISTINGS, "wm2").records
