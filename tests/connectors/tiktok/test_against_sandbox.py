"""The client against a simulated TikTok Shop over real HTTP: nothing missing, nothing twice, whatever the faults."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.complete import read_stream
from linkstar_pipelines.connectors.errors import CredentialError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.platform import Parcel, StockChange, Window
from linkstar_pipelines.connectors.tiktok.client import TikTokClient
from linkstar_pipelines.connectors.tiktok.forms import STREAMS
from linkstar_pipelines.connectors.tiktok.listings import listings, stock
from linkstar_pipelines.connectors.tiktok.orders import FORM
from linkstar_pipelines.connectors.tiktok.platform import PLATFORM
from linkstar_pipelines.domain.orders import order_lines, orders
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.support import utc
from tests.connectors.tiktok.support import NOW, sandbox_shop
from tests.support import TOKEN_KEY, running_sandbox, world_orders

SMALL = ("--products", "30", "--rate-scale", "100000")
ALL = Window(utc(2026, 3, 1), NOW + timedelta(seconds=1))
ZONES = pl.DataFrame({"store": ["ttus", "ttgb"], "time_zone": ["UTC", "Europe/London"]})
RULES = SkuCodeRules(separators=("_",), suffixes=("FBA",), accept={"default": "^LS-[A-Z]{2,8}-[0-9]{4}$"})


@pytest.fixture(scope="module")
def core(wire_database: Postgres) -> Iterator[HttpCore]:
    """One core for the module: a refresh token of the sandbox is spent once, so its successor must be kept."""
    wire_database.execute("TRUNCATE ops.rate_budget, ops.page_tally, ops.api_call, ops.store_token")
    with HttpCore(wire_database, timeout=5, max_attempts=10, max_wait=60, token_key=TOKEN_KEY) as core:
        yield core


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    flags = ("--accounts", "TTUS,TTGB", "--orders-per-day", "6", *SMALL)
    with running_sandbox(tmp_path_factory.mktemp("tiktok"), *flags) as url:
        yield url


def read(client: TikTokClient, stream: Stream, window: Window | None = ALL) -> list[Any]:
    return [record for page in client.read(stream, window, 0) for record in page.records]


def raw(client: TikTokClient, stream: Stream, records: list[Any]) -> pl.DataFrame:
    rows, rejected = raw_rows("tiktok", client.store.name, stream, STREAMS[stream], records, NOW)
    assert rejected.is_empty(), rejected.to_dicts()[:3]
    return rows


def world_lines(url: str, code: str) -> dict[tuple[str, str], tuple[str, int, int]]:
    """Code, units still ordered and units shipped of every line, as the world knows them."""
    return {
        (order["orderId"], line["orderItemId"]): (line["sellerSku"], line["quantityOrdered"], line["quantityShipped"])
        for order in world_orders(url, code)
        for line in order["lines"]
    }


@pytest.mark.parametrize("code", ["TTUS", "TTGB"])
def test_all_orders_of_the_world_with_its_ids_lines_and_quantities(url: str, core: HttpCore, code: str) -> None:
    client = TikTokClient(sandbox_shop(url, code), core)
    pages = list(client.read(Stream.ORDERS, ALL, 0))
    records = [record for page in pages for record in page.records]
    assert {page.total for page in pages} == {len(records)}
    rows = raw(client, Stream.ORDERS, records)
    lines, rejected = order_lines(rows, FORM, ListingMap.create_empty(), ZONES)
    assert rejected.is_empty(), rejected.to_dicts()[:3]
    cancelled_since = pl.when(pl.col("state") == "cancelled").then(0).otherwise("quantity_cancelled")
    shown = lines.with_columns(left=pl.col("quantity_ordered") - cancelled_since)
    found = {
        (row["order_id"], row["line_id"]): (row["listing_sku"], row["left"], row["quantity_shipped"])
        for row in shown.to_dicts()
    }
    world = world_lines(url, code)
    assert len(world) > 150
    assert found == world
    assert any(lines["quantity_ordered"] > 1)
    assert lines["item_amount"].is_not_null().all()
    assert lines["tax_amount"].is_not_null().all() == (code == "TTUS")
    heads, rejected = orders(rows, FORM, ZONES)
    assert rejected.is_empty()
    assert set(heads["order_id"]) == {order["orderId"] for order in world_orders(url, code)}
    assert {"closed", "delivered", "shipped", "to_ship", "cancelled"} <= set(heads["state"].cast(pl.String))
    assert heads["marketplace_id"].unique().to_list() == [client.store.marketplace_id]
    assert core.faults("tiktok", client.store.name) == 0


def test_windows_side_by_side_hold_each_order_once(url: str, core: HttpCore) -> None:
    client = TikTokClient(sandbox_shop(url), core)
    middle = utc(2026, 5, 1) + timedelta(hours=7, microseconds=5)
    halves = [read(client, Stream.ORDERS, Window(ALL.start, middle)), read(client, Stream.ORDERS, Window(middle))]
    ids = [STREAMS[Stream.ORDERS].identify(record) for half in halves for record in half]
    assert all(halves)
    assert sorted(ids) == sorted(order["orderId"] for order in world_orders(url, "TTUS"))


@pytest.mark.drill
def test_with_every_fault_at_a_fifth_the_orders_are_still_exactly_the_worlds(
    tmp_path: Path, wire_database: Postgres
) -> None:
    faults = ("--fault", "all=0.2", "--fault-delay", "0.02", "--accounts", "TTGB")
    core = HttpCore(
        wire_database, timeout=2, max_attempts=60, max_wait=60, token_key=TOKEN_KEY,
        sleep=lambda seconds: time.sleep(min(seconds, 0.02)),
    )  # fmt: skip
    with running_sandbox(tmp_path, *SMALL, "--orders-per-day", "3", *faults) as url, core:
        store = sandbox_shop(url, "TTGB").model_copy(update={"name": "faulty"})
        reading = read_stream(TikTokClient(store, core), PLATFORM, Stream.ORDERS, ALL, 2, now=NOW)
        # An order none of whose versions has reached the search index yet is nobody's to find.
        world = {order["orderId"] for order in world_orders(url, "TTGB") if order["searchable"]}
    assert len(world) > 200
    assert {STREAMS[Stream.ORDERS].identify(record) for record in reading.records} == world
    assert core.faults("tiktok", "faulty") > 5


def test_spoiled_orders_are_put_aside_and_the_others_stand(tmp_path: Path, core: HttpCore) -> None:
    flags = ("--accounts", "TTGB", "--orders-per-day", "3", "--fault", "malformed_order=0.1", *SMALL)
    with running_sandbox(tmp_path, *flags) as url:
        client = TikTokClient(sandbox_shop(url, "TTGB").model_copy(update={"name": "spoiled"}), core)
        reading = read_stream(client, PLATFORM, Stream.ORDERS, ALL, 2, now=NOW)
        world = {order["orderId"] for order in world_orders(url, "TTGB")}
    form = STREAMS[Stream.ORDERS]
    rows, before_landing = raw_rows("tiktok", "spoiled", Stream.ORDERS, form, reading.records, NOW)
    zones = pl.DataFrame({"store": ["spoiled"], "time_zone": ["UTC"]})
    lines, rejected = order_lines(rows, FORM, ListingMap.create_empty(), zones)
    good = set(lines["order_id"])
    assert good < world
    assert len(good) + before_landing.height + rejected.height == len(world) == reading.total
    assert rejected["reason"].str.contains("`n/a` is no amount").all()
    assert before_landing["reason"].n_unique() == 2


def test_listings_and_stock_are_the_worlds_and_a_push_is_seen_by_reading_again(url: str, core: HttpCore) -> None:
    client = TikTokClient(sandbox_shop(url), core)
    pages = list(client.read(Stream.LISTINGS, None, 0))
    records = [record for page in pages for record in page.records]
    assert pages[0].total == len(records)
    clean, refused = listings(raw(client, Stream.LISTINGS, records), RULES)
    assert clean.height > 15
    assert clean["currency"].unique().to_list() == ["USD"]
    assert clean["price"].is_not_null().all()
    assert refused.is_empty()
    assert (clean["code"].is_null() == clean["code_problem"].is_not_null()).all()
    figures, rejected = stock(raw(client, Stream.INVENTORY, read(client, Stream.INVENTORY, None)))
    assert rejected.is_empty()
    assert figures.height == clean.height
    assert figures["reserved"].is_not_null().all()
    rows = figures.to_dicts()
    changes = [StockChange("TIKTOK_US", row["listing_id"], row["listing_sku"], n + 1) for n, row in enumerate(rows)]
    wrong = StockChange("TIKTOK_US", changes[0].listing_id, changes[0].seller_sku, 100_000)
    assert [receipt.accepted for receipt in client.push_stock(changes)] == [True] * len(changes)
    (refusal,) = client.push_stock([wrong])
    assert not refusal.accepted
    assert "The quantity is out of range." in refusal.reason
    again, _ = stock(raw(client, Stream.INVENTORY, read(client, Stream.INVENTORY, None)))
    assert dict(zip(again["listing_id"], again["available"], strict=True)) == {
        change.listing_id: change.quantity for change in changes
    }


def test_a_confirmed_shipment_is_seen_and_told_only_once(url: str, core: HttpCore) -> None:
    client = TikTokClient(sandbox_shop(url, "TTGB"), core)
    order = next(order for order in world_orders(url, "TTGB") if order["status"] == "UNSHIPPED")
    lines = {line["orderItemId"]: line["quantityOrdered"] for line in order["lines"]}
    parcel = Parcel(order["orderId"], "TIKTOK_GB", "parcel-1", "7117858858072016686", "TRACK1", NOW, lines)
    first, second = client.confirm_shipment(parcel), client.confirm_shipment(parcel)
    assert first.accepted
    assert first.remote_id
    assert first == second
    record = client.get_order(order["orderId"])
    assert record is not None
    assert record["order"]["status"] == "AWAITING_COLLECTION"
    assert {unit["tracking_number"] for unit in record["order"]["line_items"]} == {"TRACK1"}
    assert record["order"]["packages"] == [{"id": first.remote_id}]
    other = Parcel(order["orderId"], "TIKTOK_GB", "parcel-2", "7117858858072016686", "TRACK2", NOW, lines)
    assert not client.confirm_shipment(other).accepted
    assert client.get_order("1") is None


def test_access_is_checked_with_a_cheap_call(url: str, core: HttpCore) -> None:
    check = TikTokClient(sandbox_shop(url), core).check_access()
    assert check.server_time is not None
    assert check.granted_rate is None


@pytest.mark.parametrize(
    ("field", "value", "variable"),
    [
        ("app_secret", SecretStr("wrong"), "LINKSTAR_TIKTOK_WRONG_APP_SECRET"),
        ("refresh_token", SecretStr("wrong"), "LINKSTAR_TIKTOK_WRONG_REFRESH_TOKEN"),
        ("app_key", "wrong", "LINKSTAR_TIKTOK_WRONG_APP_KEY"),
    ],
)
def test_a_wrong_credential_is_named(url: str, core: HttpCore, field: str, value: object, variable: str) -> None:
    store = sandbox_shop(url).model_copy(update={"name": "wrong", field: value})
    with pytest.raises(CredentialError, match=variable):
        TikTokClient(store, core).check_access()


def test_a_wrong_shop_is_named(url: str, core: HttpCore) -> None:
    store = sandbox_shop(url)
    with pytest.raises(CredentialError, match="LINKSTAR_TIKTOK_TTUS_SHOP_ID"):
        TikTokClient(store.model_copy(update={"shop_id": "1"}), core).check_access()
    with pytest.raises(CredentialError, match="LINKSTAR_TIKTOK_TTUS_SHOP_CIPHER"):
        list(TikTokClient(store.model_copy(update={"shop_cipher": "x"}), core).read(Stream.LISTINGS, None, 0))
