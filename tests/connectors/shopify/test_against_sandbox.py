"""The Shopify client against a simulated Shopify over real HTTP: exactly the world, whatever the faults."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.complete import Reading, read_stream
from linkstar_pipelines.connectors.errors import CredentialError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.platform import Parcel, StockChange, Window
from linkstar_pipelines.connectors.shopify.client import ShopifyClient
from linkstar_pipelines.connectors.shopify.platform import PLATFORM
from linkstar_pipelines.domain import orders
from linkstar_pipelines.rules.sku_codes import load_sku_code_rules
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from tests.connectors.shopify.support import WORLD, sandbox_store
from tests.connectors.support import utc
from tests.support import running_sandbox, world_orders

SINCE_OPENING = Window(utc(2026, 3, 1))
ZONES = pl.DataFrame({"store": ["sfus", "sfde"], "time_zone": ["America/Los_Angeles", "Europe/Berlin"]})


def read(url: str, core: HttpCore, stream: Stream, code: str = "sfus") -> Reading:
    client = ShopifyClient(sandbox_store(url, code), core)
    now = client.check_access().server_time
    assert now is not None
    return read_stream(client, PLATFORM, stream, SINCE_OPENING, 2, now=now)


def rows(reading: Reading, stream: Stream, code: str = "sfus") -> pl.DataFrame:
    """Raw rows of a reading; nothing may be refused."""
    good, refused = raw_rows("shopify", code, stream, PLATFORM.streams[stream], reading.records, datetime.now(UTC))
    assert refused.is_empty(), refused["reason"].to_list()
    return good


def lines_of(reading: Reading, code: str) -> pl.DataFrame:
    lines, refused = orders.order_lines(
        rows(reading, Stream.ORDERS, code), PLATFORM.orders, ListingMap.create_empty(), ZONES
    )
    assert refused.is_empty(), refused["reason"].to_list()
    return lines


Lines = dict[tuple[str, str], tuple[str, int, int]]


def truth(url: str, code: str) -> Lines:
    """What the world itself says: SKU, units that are wanted and units that left of every order line."""
    return {
        (order["orderId"], line["orderItemId"]): (
            line["sellerSku"],
            0 if order["status"] == "CANCELLED" else line["quantityOrdered"],
            line["quantityShipped"],
        )
        for order in world_orders(url, code.upper())
        for line in order["lines"]
    }


def lines_read(reading: Reading, code: str) -> Lines:
    wanted = pl.col("quantity_ordered") - pl.col("quantity_cancelled")
    found = lines_of(reading, code).select("order_id", "line_id", "listing_sku", wanted, "quantity_shipped")
    return {(a, b): (c, d, e) for a, b, c, d, e in found.iter_rows()}


@pytest.mark.parametrize("code", ["sfus", "sfde"])
def test_without_faults_orders_lines_and_units_are_exactly_the_worlds(
    world_url: str, core: HttpCore, code: str
) -> None:
    reading = read(world_url, core, Stream.ORDERS, code)
    world = truth(world_url, code)
    assert lines_read(reading, code) == world
    assert len(world) > 100
    assert reading.readings == 2
    assert reading.total == len({order for order, _ in world})


@pytest.mark.parametrize(("code", "currency"), [("sfus", "USD"), ("sfde", "EUR")])
def test_states_times_and_amounts_are_the_worlds(world_url: str, core: HttpCore, code: str, currency: str) -> None:
    reading = read(world_url, core, Stream.ORDERS, code)
    current, _ = orders.orders(rows(reading, Stream.ORDERS, code), PLATFORM.orders, ZONES)
    known = {order["orderId"]: order for order in world_orders(world_url, code.upper())}
    expected = {
        "PENDING": {"awaiting_payment"}, "UNSHIPPED": {"to_ship"}, "PARTIALLY_SHIPPED": {"part_shipped"},
        "SHIPPED": {"shipped", "delivered"}, "CANCELLED": {"cancelled"},
    }  # fmt: skip
    for order_id, state, updated, found in current.select("order_id", "state", "updated_at", "currency").iter_rows():
        order = known[order_id]
        assert state in expected[order["status"]]
        assert updated == datetime.fromisoformat(order["lastUpdatedTime"])
        assert found == currency
    assert {"delivered", "cancelled"} <= set(current["state"])
    shipping = {
        record["id"].rpartition("/")[2]: Decimal(record["totalShippingPriceSet"]["shopMoney"]["amount"])
        for record in reading.records
    }
    goods = (
        lines_of(reading, code)
        .group_by("order_id")
        .agg(
            goods=(pl.col("item_amount") + pl.col("tax_amount") - pl.col("discount_amount")).sum(),
            changed=pl.col("quantity_cancelled").sum() > 0,
        )
    )
    checked = 0
    for order_id, total, amount, changed in (
        current.join(goods, on="order_id").select("order_id", "total_amount", "goods", "changed").iter_rows()
    ):
        if not changed and shipping[order_id] == 0:
            assert total == amount
            checked += 1
    assert checked > 50


@pytest.mark.drill
def test_with_every_fault_at_a_fifth_the_orders_are_still_exactly_the_worlds(tmp_path: Path, core: HttpCore) -> None:
    flags = ("--fault", "all=0.2", "--fault", "late_orders=0", "--fault-delay", "0.02")
    with running_sandbox(tmp_path, *WORLD, *flags, "--clock", "frozen:2026-03-22T00:00:00Z") as url:
        reading = read(url, core, Stream.ORDERS)
        assert lines_read(reading, "sfus") == truth(url, "sfus")
    assert core.faults("shopify", "sfus") > 3


def test_spoiled_orders_are_put_aside_and_keep_no_other_from_being_read(tmp_path: Path, core: HttpCore) -> None:
    with running_sandbox(
        tmp_path, *WORLD, "--fault", "malformed_order=0.3", "--clock", "frozen:2026-04-12T00:00:00Z"
    ) as url:
        reading = read(url, core, Stream.ORDERS)
        world = {order for order, _ in truth(url, "sfus")}
    form = PLATFORM.streams[Stream.ORDERS]
    landed, refused = raw_rows("shopify", "sfus", Stream.ORDERS, form, reading.records, datetime.now(UTC))
    current, unread = orders.orders(landed, PLATFORM.orders, ZONES)
    assert len(world) == current.height + unread.height + refused.height
    assert set(current["order_id"]) < world
    assert set(refused["reason"]) == {"order_id is missing or unreadable", "lineItems is missing or holds no list"}
    assert all("unit_price `n/a` is no amount" in reason for reason in unread["reason"])
    assert unread.height > 5


def test_one_order_is_read_as_the_list_shows_it(world_url: str, core: HttpCore) -> None:
    client = ShopifyClient(sandbox_store(world_url), core)
    listed = read(world_url, core, Stream.ORDERS).records[0]
    assert client.get_order(listed["id"].rpartition("/")[2]) == listed
    assert client.get_order("1") is None


def test_a_pushed_quantity_is_seen_by_reading_again(tmp_path: Path, core: HttpCore) -> None:
    assert PLATFORM.stock is not None
    with running_sandbox(tmp_path, *WORLD) as url:
        before, _ = PLATFORM.stock(rows(read(url, core, Stream.INVENTORY), Stream.INVENTORY))
        listing = before.row(0, named=True)
        client = ShopifyClient(sandbox_store(url), core)
        changes = [
            StockChange("SHOPIFY_US", listing["listing_id"], listing["listing_sku"], 4711),
            StockChange("SHOPIFY_US", listing["listing_id"], listing["listing_sku"], -1),
            StockChange("SHOPIFY_US", "1", "no such variant", 1),
        ]
        taken, negative, unknown = client.push_stock(changes)
        elsewhere = ShopifyClient(sandbox_store(url, location_id="1"), core).push_stock(changes[:1])[0]
        after, _ = PLATFORM.stock(rows(read(url, core, Stream.INVENTORY), Stream.INVENTORY))
    assert taken.accepted
    assert not negative.accepted
    assert "negative" in negative.reason
    assert (unknown.accepted, unknown.reason) == (False, "Shopify knows no such variant")
    assert (elsewhere.accepted, elsewhere.reason) == (False, "The variant is not stocked at location 1")
    changed = after.join(before, on=["listing_id", "node_id"]).filter(pl.col("available") != pl.col("available_right"))
    assert changed.select("listing_id", "available").rows() == [(listing["listing_id"], 4711)]


def test_a_confirmed_parcel_is_seen_by_reading_again_and_is_not_told_twice(tmp_path: Path, core: HttpCore) -> None:
    with running_sandbox(tmp_path, *WORLD, "--clock", "frozen:2026-05-10T00:00:00Z") as url:
        client = ShopifyClient(sandbox_store(url, "sfde"), core)
        waiting = [order for order in world_orders(url, "SFDE") if order["status"] == "UNSHIPPED"]
        assert waiting
        parcel = Parcel("", "SHOPIFY_DE", "P1", "DHL", "", utc(2026, 5, 10), {})
        for order in waiting:
            lines = {line["orderItemId"]: line["quantityOrdered"] for line in order["lines"]}
            parcel = replace(parcel, order_id=order["orderId"], tracking_number=f"T{order['orderId']}", lines=lines)
            first, again = client.confirm_shipment(parcel), client.confirm_shipment(parcel)
            assert (first.accepted, again.accepted) == (True, True)
            assert first.remote_id == again.remote_id != ""
            shown = client.get_order(order["orderId"])
            assert shown is not None
            assert shown["displayFulfillmentStatus"] == "FULFILLED"
            assert [entry["totalQuantity"] for entry in shown["fulfillments"]] == [sum(lines.values())]
        refused = client.confirm_shipment(replace(parcel, reference="P2", tracking_number="another"))
        assert not refused.accepted
        assert "no open units left" in refused.reason


def test_listings_and_stock_are_whole_and_readable(world_url: str, core: HttpCore) -> None:
    listings = rows(read(world_url, core, Stream.LISTINGS), Stream.LISTINGS)
    clean, odd = PLATFORM.listings(listings, load_sku_code_rules())
    products = httpx.get(f"{world_url}/_control/world/products").json()["products"]
    world = {
        listing["sellerSku"]: product["masterSku"] if listing["readable"] else None
        for product in products
        for listing in product["listings"]
        if listing["store"] == "SFUS"
    }
    assert odd.is_empty()
    assert clean.height == listings.height == len(world)
    assert dict(clean.select("listing_sku", "code").iter_rows()) == world
    assert set(clean["currency"]) == {"USD"}
    assert PLATFORM.stock is not None
    stock, refused = PLATFORM.stock(rows(read(world_url, core, Stream.INVENTORY), Stream.INVENTORY))
    assert refused.is_empty()
    assert set(stock["listing_id"]) == set(listings["listing_id"])
    assert stock["available"].null_count() == 0


def test_a_wrong_token_names_the_variable_and_the_other_shop_goes_on(world_url: str, core: HttpCore) -> None:
    wrong = ShopifyClient(sandbox_store(world_url, access_token=SecretStr("wrong")), core)
    with pytest.raises(CredentialError, match="LINKSTAR_SHOPIFY_SFUS_ACCESS_TOKEN"):
        wrong.check_access()
    assert read(world_url, core, Stream.LISTINGS, "sfde").records


def test_a_version_that_shopify_no_longer_speaks_is_no_answer(world_url: str, core: HttpCore) -> None:
    old = ShopifyClient(sandbox_store(world_url, api_version="2023-01"), core)
    with pytest.raises(RequestRejectedError, match="answers in version 2026-10, not in 2023-01"):
        old.check_access()
