"""The client against the simulated platform over real HTTP: exactly the world's orders; what was written is there."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.aliexpress.client import AliExpressClient
from linkstar_pipelines.connectors.aliexpress.platform import PLATFORM
from linkstar_pipelines.connectors.aliexpress.push import receive
from linkstar_pipelines.connectors.complete import read_stream
from linkstar_pipelines.connectors.errors import CredentialError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.platform import Parcel, Push, StockChange, Window
from linkstar_pipelines.domain.orders import order_lines, orders
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.sandbox.aliexpress.side import Side
from linkstar_pipelines.sandbox.app import _bench
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.aliexpress.support import sandbox_store
from tests.connectors.support import utc
from tests.support import TOKEN_KEY, running_sandbox, world_orders

SINCE = Window(utc(2026, 3, 1))
NOW = utc(2026, 5, 24)
WORLD = ("--accounts", "AE1,AE2", "--orders-per-day", "6", "--products", "30", "--rate-scale", "100000")
RULES = SkuCodeRules(suffixes=(), accept={"default": "^LS-[A-Z]{2,8}-[0-9]{4}$"})
ZONES = pl.DataFrame({"store": ["ae1", "ae2"], "time_zone": ["UTC", "UTC"]})


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("aliexpress"), *WORLD) as url:
        yield url


@pytest.fixture
def core(postgres: Postgres) -> Iterator[HttpCore]:
    with HttpCore(postgres, timeout=2, max_attempts=60, max_wait=60, token_key=TOKEN_KEY) as core:
        yield core


def raw(client: AliExpressClient, stream: Stream, window: Window | None = SINCE) -> pl.DataFrame:
    """Raw rows of one reading; nothing is refused."""
    records = [record for page in client.read(stream, window, 0) for record in page.records]
    rows, rejected = raw_rows("aliexpress", client.store.name, stream, PLATFORM.streams[stream], records, NOW)
    assert rejected.is_empty()
    return rows


def lines_of(orders: list[dict[str, Any]]) -> set[tuple[str, str, str, int]]:
    return {
        (order["orderId"], line["orderItemId"], line["sellerSku"], line["quantityOrdered"])
        for order in orders
        for line in order["lines"]
    }


@pytest.mark.parametrize("code", ["ae1", "ae2"])
def test_orders_come_with_exactly_the_worlds_ids_times_lines_and_quantities(
    url: str, core: HttpCore, code: str
) -> None:
    client = AliExpressClient(sandbox_store(url, code), core)
    reading = read_stream(client, PLATFORM, Stream.ORDERS, SINCE, 2, now=NOW)
    rows, rejected = raw_rows("aliexpress", code, Stream.ORDERS, PLATFORM.streams[Stream.ORDERS], reading.records, NOW)
    heads, unread = orders(rows, PLATFORM.orders, ZONES)
    lines, _ = order_lines(rows, PLATFORM.orders, ListingMap.create_empty(), ZONES)
    world = world_orders(url, code.upper())
    assert rejected.is_empty()
    assert unread.is_empty()
    assert len(world) > 200
    assert reading.total == len(world)
    found = heads.select("order_id", pl.col("updated_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).rows()
    assert sorted(found) == sorted((order["orderId"], order["lastUpdatedTime"]) for order in world)
    assert set(lines.select("order_id", "line_id", "listing_sku", "quantity_ordered").rows()) == lines_of(world)
    paid = heads.filter(pl.col("total_amount").is_not_null())
    assert paid["ship_country"].null_count() == 0
    assert set(paid["currency"]) == {"USD"}
    states = {"PENDING": {"awaiting_payment"}, "UNSHIPPED": {"to_ship"}, "PARTIALLY_SHIPPED": {"part_shipped"},
              "SHIPPED": {"shipped", "closed"}, "CANCELLED": {"cancelled"}}  # fmt: skip
    status = {order["orderId"]: order["status"] for order in world}
    assert all(state in states[status[order_id]] for order_id, state in heads.select("order_id", "state").rows())


def test_one_order_is_given_as_the_list_gives_it(url: str, core: HttpCore) -> None:
    client = AliExpressClient(sandbox_store(url), core)
    listed = [order for page in client.read(Stream.ORDERS, Window(utc(2026, 5, 20)), 0) for order in page.records]
    assert client.get_order(str(listed[0]["order_id"])) == listed[0]
    assert client.get_order(str(listed[-1]["order_id"])) == listed[-1]
    assert client.get_order("8199000000000001") is None


def test_a_closed_window_holds_its_changes_and_no_others(url: str, core: HttpCore) -> None:
    window = Window(utc(2026, 4, 10), utc(2026, 4, 12))
    pages = list(AliExpressClient(sandbox_store(url), core).read(Stream.ORDERS, window, 1))
    found = {str(order["order_id"]) for page in pages for order in page.records}
    world = world_orders(url, "AE1")
    inside = {o["orderId"] for o in world if "2026-04-10T00:00:00Z" <= o["lastUpdatedTime"] < "2026-04-12T00:00:00Z"}
    assert found == inside
    assert {page.total for page in pages} == {len(inside)}


@pytest.mark.drill
def test_with_every_fault_at_a_fifth_the_orders_are_still_exactly_the_worlds(tmp_path: Path, core: HttpCore) -> None:
    small = ("--accounts", "AE1", "--orders-per-day", "2", "--products", "20", "--rate-scale", "100000")
    faults = ("--fault", "all=0.2", "--fault", "late_orders=0", "--fault-delay", "0.02")
    with running_sandbox(tmp_path, *small, *faults) as url:
        client = AliExpressClient(sandbox_store(url).model_copy(update={"order_addresses": False}), core)
        reading = read_stream(client, PLATFORM, Stream.ORDERS, SINCE, 2, now=NOW)
        world = world_orders(url, "AE1")
    assert len(world) > 100
    assert {str(order["order_id"]) for order in reading.records} == {order["orderId"] for order in world}
    assert lines_of(world) == {
        (str(order["order_id"]), str(line["child_id"]), line["sku_code"], line["product_count"])
        for order in reading.records
        for line in order["product_list"]["order_product_dto"]
    }
    assert core.faults("aliexpress", "ae1") > 5


def test_listings_and_stock_are_read_and_a_pushed_quantity_is_shown(url: str, core: HttpCore) -> None:
    client = AliExpressClient(sandbox_store(url, "ae2"), core)
    listings = raw(client, Stream.LISTINGS, None)
    clean, unreadable = PLATFORM.listings(listings, RULES)
    assert unreadable.is_empty()
    assert clean.height == listings.height > 15
    first, second = listings.sort("listing_id").head(2).iter_rows(named=True)
    changes = [
        StockChange("ae_global", row["listing_id"], row["seller_sku"], quantity)
        for row, quantity in ((first, 4321), (second, 0))
    ]
    unknown = StockChange("ae_global", "1005000000000001:14:1", "LS-NONE-0001", 5)
    receipts = client.push_stock([changes[0], unknown, changes[1]])
    assert [receipt.accepted for receipt in receipts] == [True, False, True]
    assert "PRODUCT_NOT_EXIST" in receipts[1].reason
    assert PLATFORM.stock is not None
    stock, rejected = PLATFORM.stock(raw(client, Stream.INVENTORY, None))
    assert rejected.is_empty()
    shown = dict(stock.select("listing_id", "available").iter_rows())
    assert [shown[change.listing_id] for change in changes] == [4321, 0]


def test_a_confirmed_shipment_is_seen_when_asked_again_and_not_made_twice(url: str, core: HttpCore) -> None:
    client = AliExpressClient(sandbox_store(url), core)
    order = next(order for order in world_orders(url, "AE1") if order["status"] == "UNSHIPPED")
    lines = {line["orderItemId"]: line["quantityOrdered"] for line in order["lines"]}
    parcel = Parcel(order["orderId"], "ae_global", "parcel-1", "CAINIAO_STANDARD", "LPTEST0001", NOW, lines)
    assert client.confirm_shipment(parcel).accepted
    again = client.confirm_shipment(parcel)
    assert again.accepted
    assert again.remote_id == "LPTEST0001"
    other = Parcel(order["orderId"], "ae_global", "parcel-2", "CAINIAO_STANDARD", "LPTEST0002", NOW, lines)
    refused = client.confirm_shipment(other)
    assert not refused.accepted
    assert "STATUS_INVALID" in refused.reason


def test_returns_are_read_with_their_money_and_whereabouts(url: str, core: HttpCore) -> None:
    rows = raw(AliExpressClient(sandbox_store(url), core), Stream.RETURNS)
    assert PLATFORM.returns is not None
    returns, rejected = PLATFORM.returns(rows)
    assert rejected.is_empty()
    assert returns.height > 5
    assert "refunded" in set(returns["refund"]) <= {"refunded", "pending"}
    finished = returns.filter(pl.col("refund") == "refunded")
    assert set(finished["custody"]) == {"received"}
    assert (finished["refund_amount"] > 0).all()
    lines = {(order_id, line) for order_id, line, _, _ in lines_of(world_orders(url, "AE1"))}
    assert set(returns.select("order_id", "line_id").rows()) <= lines
    assert "buyer_login_id" not in rows["payload"].str.join("").item()


def test_payments_of_an_order_add_up_to_what_is_released_for_it(url: str, core: HttpCore) -> None:
    rows = raw(AliExpressClient(sandbox_store(url), core), Stream.FINANCES)
    assert PLATFORM.payments is not None
    payments, rejected = PLATFORM.payments(rows)
    assert rejected.is_empty()
    assert set(payments["kind"]) == {"sale", "fee", "refund"}
    assert set(payments["state"]) == {"released"}
    shipped = {order["orderId"] for order in world_orders(url, "AE1") if order["status"] == "SHIPPED"}
    found = set(payments["transaction_id"])
    assert found <= shipped
    assert len(found) > len(shipped) * 0.8
    one = payments.filter(pl.col("order_id") == payments["order_id"][0])
    assert one.filter(pl.col("kind") == "sale")["amount"].sum() > Decimal(0)
    assert one.filter(pl.col("kind") == "fee")["amount"].sum() < Decimal(0)


def test_a_refund_after_the_release_is_found_in_the_window_of_the_refund(url: str, core: HttpCore) -> None:
    client = AliExpressClient(sandbox_store(url), core)
    assert PLATFORM.payments is not None
    whole, _ = PLATFORM.payments(raw(client, Stream.FINANCES))
    refund = whole.filter(pl.col("kind") == "refund").sort("posted_at").row(0, named=True)
    day = refund["posted_at"].replace(hour=0, minute=0, second=0)
    of_the_day, _ = PLATFORM.payments(raw(client, Stream.FINANCES, Window(day, day.replace(hour=23, minute=59))))
    assert refund["transaction_id"] in set(of_the_day["transaction_id"])


@pytest.mark.parametrize(
    ("field", "variable"),
    [("app_secret", "APP_SECRET"), ("refresh_token", "REFRESH_TOKEN"), ("app_key", "APP_KEY")],
)
def test_a_wrong_credential_is_named_and_never_shown(url: str, core: HttpCore, field: str, variable: str) -> None:
    value: Any = "wrong-value" if field == "app_key" else SecretStr("wrong-value")
    client = AliExpressClient(sandbox_store(url).model_copy(update={field: value}), core)
    with pytest.raises(CredentialError, match=f"LINKSTAR_ALIEXPRESS_AE1_{variable}") as caught:
        client.check_access()
    assert "wrong-value" not in str(caught.value)


def test_the_check_of_access_tells_the_platforms_clock(url: str, core: HttpCore) -> None:
    assert AliExpressClient(sandbox_store(url), core).check_access().server_time == NOW


def test_a_token_that_ended_is_renewed_in_the_middle_of_a_reading(tmp_path: Path, core: HttpCore) -> None:
    small = ("--accounts", "AE1", "--orders-per-day", "1", "--products", "10", "--token-ttl", "1")
    with running_sandbox(tmp_path, *small, "--rate-scale", "100000") as url:
        client = AliExpressClient(sandbox_store(url), core)
        read = [order for page in client.read(Stream.ORDERS, SINCE, 0) for order in page.records]
        assert len(read) == len(world_orders(url, "AE1"))
        assert client.get_order(str(read[0]["order_id"])) == read[0]


def test_in_the_night_the_clock_is_set_back_no_change_is_outside_its_window(tmp_path: Path, core: HttpCore) -> None:
    autumn = ("--opens", "2026-10-20", "--closes", "2026-11-04", "--clock", "frozen:2026-11-04T00:00:00Z")
    many = ("--accounts", "AE1", "--orders-per-day", "60", "--products", "30", "--rate-scale", "100000")
    with running_sandbox(tmp_path, *autumn, *many) as url:
        client = AliExpressClient(sandbox_store(url).model_copy(update={"order_addresses": False}), core)
        world = {order["orderId"]: order["lastUpdatedTime"] for order in world_orders(url, "AE1")}
        checked = 0
        for hour in (7, 8, 9, 10):
            start, end = utc(2026, 11, 1, hour), utc(2026, 11, 1, hour + 1)
            inside = {i for i, at in world.items() if start <= datetime.fromisoformat(at) < end}
            pages = list(client.read(Stream.ORDERS, Window(start, end), 0))
            assert inside <= {str(order["order_id"]) for page in pages for order in page.records}
            checked += len(inside)
    assert checked > 5


def test_notifications_of_the_platform_are_taken(core: HttpCore) -> None:
    bench = _bench(parse_options(["--accounts", "AE1", "--orders-per-day", "1", "--products", "5"]))
    account = bench.accounts("aliexpress")[0]
    day = int(utc(2026, 5, 10).timestamp())
    told = Side(bench).pushes(account, day, day + 3 * 86_400)
    store = sandbox_store("http://sandbox.test")
    pushes = [Push("POST", "https://hooks.test/aliexpress", push.headers, push.body) for push in told]
    events = [event for push in pushes for event in receive(store, core, push)]
    assert len({event.event_id for event in events}) == len(told) > 0
    assert {event.record_id for event in events} <= set(bench.world.store("AE1").orders)
