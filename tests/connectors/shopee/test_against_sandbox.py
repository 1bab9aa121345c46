"""The client against a simulated Shopee over real HTTP: nothing missing, nothing twice, whatever the faults."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.complete import Listing, read_until_complete
from linkstar_pipelines.connectors.errors import CredentialError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.platform import Parcel, StockChange, Window
from linkstar_pipelines.connectors.shopee.client import ShopeeClient
from linkstar_pipelines.connectors.shopee.forms import STREAMS
from linkstar_pipelines.connectors.shopee.listings import listings, stock
from linkstar_pipelines.connectors.shopee.orders import FORM
from linkstar_pipelines.connectors.shopee.payments import payments
from linkstar_pipelines.connectors.shopee.returns import returns
from linkstar_pipelines.domain.orders import order_lines, orders
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.shopee.support import NOW, sandbox_shop
from tests.connectors.support import utc
from tests.support import TOKEN_KEY, running_sandbox, world_orders

SMALL = ("--orders-per-day", "6", "--products", "30", "--rate-scale", "100000")
ALL = Window(utc(2026, 3, 1), NOW + timedelta(seconds=1))
ZONES = pl.DataFrame({"store": ["spsg", "spmy"], "time_zone": ["Asia/Singapore", "Asia/Kuala_Lumpur"]})
RULES = SkuCodeRules(separators=("_",), suffixes=("FBA",), accept={"default": "^LS-[A-Z]{2,8}-[0-9]{4}$"})


@pytest.fixture(scope="module")
def core(wire_database: Postgres) -> Iterator[HttpCore]:
    """One core for the module: a refresh token of the sandbox is spent once, so its successor must be kept."""
    wire_database.execute("TRUNCATE ops.rate_budget, ops.page_tally, ops.api_call, ops.store_token")
    with HttpCore(wire_database, timeout=5, max_attempts=10, max_wait=60, token_key=TOKEN_KEY) as core:
        yield core


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("shopee"), "--accounts", "SPSG,SPMY", *SMALL) as url:
        yield url


def read(client: ShopeeClient, stream: Stream, window: Window | None = ALL) -> list[Any]:
    return [record for page in client.read(stream, window, 0) for record in page.records]


def raw(client: ShopeeClient, stream: Stream, records: list[Any]) -> pl.DataFrame:
    rows, rejected = raw_rows("shopee", client.store.name, stream, STREAMS[stream], records, NOW)
    assert rejected.is_empty(), rejected.to_dicts()[:3]
    return rows


def world_lines(url: str, code: str) -> dict[tuple[str, str], tuple[str, int, int]]:
    """Code, units still ordered and units shipped of every line, as the world knows them."""
    return {
        (order["orderId"], line["orderItemId"]): (line["sellerSku"], line["quantityOrdered"], line["quantityShipped"])
        for order in world_orders(url, code)
        for line in order["lines"]
    }


def read_lines(rows: pl.DataFrame) -> dict[tuple[str, str], tuple[str, int, int]]:
    lines, rejected = order_lines(rows, FORM, ListingMap.create_empty(), ZONES)
    assert rejected.is_empty(), rejected.to_dicts()[:3]
    cancelled_since = pl.when(pl.col("state") == "cancelled").then(0).otherwise("quantity_cancelled")
    shown = lines.with_columns(left=pl.col("quantity_ordered") - cancelled_since)
    return {
        (row["order_id"], row["line_id"]): (row["listing_sku"], row["left"], row["quantity_shipped"])
        for row in shown.to_dicts()
    }


@pytest.mark.parametrize("code", ["SPSG", "SPMY"])
def test_all_orders_of_the_world_with_its_ids_lines_and_quantities(url: str, core: HttpCore, code: str) -> None:
    client = ShopeeClient(sandbox_shop(url, code), core)
    rows = raw(client, Stream.ORDERS, read(client, Stream.ORDERS))
    world = world_lines(url, code)
    assert len(world) > 150
    assert read_lines(rows) == world
    heads, rejected = orders(rows, FORM, ZONES)
    assert rejected.is_empty()
    assert set(heads["order_id"]) == {order["orderId"] for order in world_orders(url, code)}
    assert {"closed", "delivered", "cancelled"} <= set(heads["state"].cast(pl.String))
    assert heads["marketplace_id"].unique().to_list() == [code[2:]]
    assert core.faults("shopee", client.store.name) == 0


@pytest.mark.drill
def test_with_every_fault_at_a_fifth_the_orders_are_still_exactly_the_worlds(
    tmp_path: Path, wire_database: Postgres
) -> None:
    faults = ("--fault", "all=0.2", "--fault", "late_orders=0", "--fault-delay", "0.02", "--accounts", "SPMY")
    core = HttpCore(
        wire_database, timeout=2, max_attempts=60, max_wait=60, token_key=TOKEN_KEY,
        sleep=lambda seconds: time.sleep(min(seconds, 0.02)),
    )  # fmt: skip
    with running_sandbox(tmp_path, *SMALL[2:], "--orders-per-day", "3", *faults) as url, core:
        store = sandbox_shop(url, "SPMY").model_copy(update={"name": "faulty"})
        client, form = ShopeeClient(store, core), STREAMS[Stream.ORDERS]
        reading = read_until_complete(
            lambda number: client.read(Stream.ORDERS, ALL, number),
            form.identify, 2, listing=Listing("shopee", "faulty", form.operation, form.page_size), http=core,
        )  # fmt: skip
        world = {order["orderId"] for order in world_orders(url, "SPMY")}
    assert len(world) > 200
    assert {form.identify(order) for order in reading.records} == world
    assert core.faults("shopee", "faulty") > 5


def test_listings_and_stock_are_the_worlds_and_a_push_is_seen_by_reading_again(url: str, core: HttpCore) -> None:
    client = ShopeeClient(sandbox_shop(url, "SPSG"), core)
    pages = list(client.read(Stream.LISTINGS, None, 0))
    records = [record for page in pages for record in page.records]
    assert pages[0].total == len(records)
    clean, refused = listings(raw(client, Stream.LISTINGS, records), RULES)
    assert clean.height > 15
    assert clean["currency"].unique().to_list() == ["SGD"]
    assert clean["price"].is_not_null().all()
    assert refused.is_empty()
    assert (clean["code"].is_null() == clean["code_problem"].is_not_null()).all()
    figures, rejected = stock(raw(client, Stream.INVENTORY, read(client, Stream.INVENTORY, None)))
    assert rejected.is_empty()
    assert figures.height == clean.height
    changes = [StockChange("SG", row["listing_id"], row["listing_sku"], n) for n, row in enumerate(figures.to_dicts())]
    wrong = StockChange("SG", changes[0].listing_id, changes[0].seller_sku, -1)
    assert [receipt.accepted for receipt in client.push_stock(changes)] == [True] * len(changes)
    (refusal,) = client.push_stock([wrong])
    assert (refusal.accepted, refusal.reason) == (False, "Stock should be larger than reserved stock.")
    again, _ = stock(raw(client, Stream.INVENTORY, read(client, Stream.INVENTORY, None)))
    assert dict(zip(again["listing_id"], again["available"], strict=True)) == {
        change.listing_id: change.quantity for change in changes
    }


def test_a_confirmed_shipment_is_seen_and_told_only_once(url: str, core: HttpCore) -> None:
    client = ShopeeClient(sandbox_shop(url, "SPMY"), core)
    waiting = [order for order in world_orders(url, "SPMY") if order["status"] == "UNSHIPPED"]
    order = waiting[0]
    lines = {line["orderItemId"]: line["quantityOrdered"] for line in order["lines"]}
    parcel = Parcel(order["orderId"], "MY", "parcel-1", "OWN", "TRACK1", NOW, lines)
    first, second = client.confirm_shipment(parcel), client.confirm_shipment(parcel)
    assert first.accepted
    assert first == second
    payload = client.get_order(order["orderId"])
    assert payload is not None
    assert payload["order_status"] == "PROCESSED"
    assert payload["package_list"][0]["logistics_status"] == "LOGISTICS_REQUEST_CREATED"
    other = Parcel(order["orderId"], "MY", "parcel-2", "OWN", "TRACK2", NOW, lines)
    refused = client.confirm_shipment(other)
    assert (refused.accepted, refused.reason) == (False, "already shipped with the tracking number TRACK1")


def test_returns_name_orders_and_codes_of_the_world(url: str, core: HttpCore) -> None:
    client = ShopeeClient(sandbox_shop(url, "SPSG"), core)
    table, rejected = returns(raw(client, Stream.RETURNS, read(client, Stream.RETURNS)))
    assert rejected.is_empty()
    assert table.height > 5
    known = {(order, sku) for (order, _), (sku, _, _) in world_lines(url, "SPSG").items()}
    assert set(zip(table["order_id"], table["listing_sku"], strict=True)) <= known
    done = table.filter(pl.col("custody") == "received")
    assert set(done["refund"].cast(pl.String)) == {"approved"}
    assert (done["refund_amount"] > 0).all()


def test_payments_add_up_to_what_the_wallet_moved(url: str, core: HttpCore) -> None:
    client = ShopeeClient(sandbox_shop(url, "SPSG"), core)
    records = read(client, Stream.FINANCES)
    table, rejected = payments(raw(client, Stream.FINANCES, records))
    assert rejected.is_empty()
    wallet = [record["wallet"] for record in records if "wallet" in record]
    newest = max(wallet, key=lambda movement: movement["create_time"])
    assert table["amount"].sum() == newest["current_balance"]
    assert {"sale", "fee", "refund", "shipping", "unknown"} <= set(table["kind"].cast(pl.String))
    assert set(table.filter(pl.col("kind") == "unknown")["source_label"]) == {"PROGRAMME_LEVY_26B"}
    assert any("order_adjustment" in record["detail"]["order_income"] for record in records if "detail" in record)


def test_lost_pushes_come_until_they_are_confirmed(url: str, core: HttpCore) -> None:
    client = ShopeeClient(sandbox_shop(url, "SPMY"), core)
    lost = client.lost_pushes()
    assert lost.events
    assert lost.last_message_id is not None
    assert {event.account for event in lost.events} == {"727720656"}
    assert client.lost_pushes() == lost
    client.confirm_lost_pushes(lost.last_message_id)
    assert client.lost_pushes().events == []


def test_access_is_checked_with_a_cheap_call(url: str, core: HttpCore) -> None:
    check = ShopeeClient(sandbox_shop(url, "SPSG"), core).check_access()
    assert check.server_time is not None
    assert check.granted_rate is None


@pytest.mark.parametrize(
    ("field", "value", "variable"),
    [
        ("partner_key", SecretStr("wrong"), "LINKSTAR_SHOPEE_WRONG_PARTNER_KEY"),
        ("refresh_token", SecretStr("wrong"), "LINKSTAR_SHOPEE_WRONG_REFRESH_TOKEN"),
        ("shop_id", 1, "LINKSTAR_SHOPEE_WRONG_SHOP_ID"),
        ("partner_id", 7, "LINKSTAR_SHOPEE_WRONG_PARTNER_ID"),
    ],
)
def test_a_wrong_credential_is_named(url: str, core: HttpCore, field: str, value: object, variable: str) -> None:
    store = sandbox_shop(url).model_copy(update={"name": "wrong", field: value})
    with pytest.raises(CredentialError, match=variable):
        ShopeeClient(store, core).check_access()
