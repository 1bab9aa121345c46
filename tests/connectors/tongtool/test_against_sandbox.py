"""The connector against the simulated ERP over real HTTP: exactly the world's catalogue, with and without faults."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.erp_pulls import pull_erp
from linkstar_pipelines.connectors.errors import CredentialError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Window
from linkstar_pipelines.connectors.tongtool.client import TongtoolClient
from linkstar_pipelines.connectors.tongtool.erp import ERP
from linkstar_pipelines.connectors.tongtool.store import TongtoolAccount
from linkstar_pipelines.sandbox.app import _bench
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.world import erp as truth
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.schemas.erps import ErpStream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.support import utc
from tests.connectors.tongtool.support import sandbox_account
from tests.support import TOKEN_KEY, running_sandbox, world_orders

MINUTE = 2.2
"""Seconds that its clients hold for a minute: a little more, as the network's jitter weighs more in a short one."""
NOW = utc(2026, 5, 24)
SINCE = utc(2026, 3, 1)
WORLD = ("--accounts", "EBUS,SPSG", "--orders-per-day", "6", "--products", "30", "--rate-scale", "100000")
PERSONAL = ("buyerName", "buyerEmail", "buyerPhone", "receiveAddress", "linkman", "telephone", "payeeAccount")


@pytest.fixture(scope="module")
def world() -> World:
    """The same world, in this process."""
    return _bench(parse_options(WORLD)).world


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("tongtool"), *WORLD) as url:
        yield url


@contextmanager
def faults(url: str, **chances: float) -> Iterator[None]:
    """Switch faults on for a while."""

    def change(to: dict[str, float]) -> None:
        httpx.post(f"{url}/_control/faults", json={"faults": to, "delay": 0.02}).raise_for_status()

    change(chances)
    yield
    change(dict.fromkeys(["all", *chances], 0))


@pytest.fixture(scope="module")
def minute_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An ERP whose minute has two seconds."""
    small = ("--accounts", "EBUS", "--orders-per-day", "1", "--products", "10", "--rate-scale", "30")
    with running_sandbox(tmp_path_factory.mktemp("minute"), *small) as url:
        yield url


@pytest.fixture
def core(postgres: Postgres) -> Iterator[HttpCore]:
    with HttpCore(postgres, timeout=2, max_attempts=60, max_wait=60, token_key=TOKEN_KEY) as core:
        yield core


def raw(account: TongtoolAccount, core: HttpCore, stream: ErpStream, readings: int = 1) -> pl.DataFrame:
    """Raw rows of one stream; nothing is refused."""
    client = TongtoolClient(account, core)
    pull = pull_erp(client, ERP, stream, SINCE, readings=readings, keep_personal=False)
    assert pull.rejected.is_empty()
    return pull.rows


def payloads(rows: pl.DataFrame) -> list[dict[str, Any]]:
    return [json.loads(text, parse_float=Decimal) for text in rows["payload"]]


def records(kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Records of a kind out of the rows of its stream; none is refused."""
    ((_, reader),) = ERP.records[kind]
    found, rejected = reader(rows)
    assert rejected.is_empty()
    return found


def amount(fen: int) -> Decimal:
    return Decimal(fen) / 100


def assert_catalogue(rows: pl.DataFrame, world: World) -> None:
    """The products and bundles of the world, every one once, with what Tongtool states of each."""
    products, kits = records("products", rows), records("kits", rows)
    known = {product.typed_sku: product for product in truth.erp_products(world)}
    named = {kit.sku: kit for kit in truth.erp_kits(world)}
    assert sorted(products["sku"]) == sorted([*known, *named])
    for row in products.iter_rows(named=True):
        if row["sku"] in named:
            assert (row["name_zh"], row["name_en"]) == (named[row["sku"]].name_zh, named[row["sku"]].name_en)
            continue
        product = known[row["sku"]]
        assert Decimal(row["weight"]) == product.weight_g
        assert (Decimal(row["cost"]), row["cost_currency"]) == (amount(product.cost_fen), "CNY")
        assert (row["category"], row["hs_code"]) == (product.category_zh, product.hs_code)
        if row["source_key"].count("/") == 2:  # not a variant, which has the name and size of its product
            sides = [Decimal(row[side]) * 10 for side in ("length", "width", "height")]
            assert sides == [product.length_mm, product.width_mm, product.height_mm]
            assert (row["name_zh"], row["name_en"]) == (product.name_zh, product.name_en)
            assert row["image_url"] == product.image_url
    typed = {product.sku: product.typed_sku for product in known.values()}
    made_of = {(kit.sku, typed[sku], str(units)) for kit in named.values() for sku, units in kit.components}
    assert set(kits.select("kit_sku", "component_sku", "quantity").rows()) == made_of


def test_products_and_bundles_are_exactly_the_worlds(url: str, core: HttpCore, world: World) -> None:
    rows = raw(sandbox_account(url), core, ErpStream.PRODUCTS)
    assert_catalogue(rows, world)
    assert {record["productType"] for record in payloads(rows)} == {"0", "1", "2"}


def test_stock_is_exactly_the_worlds(url: str, core: HttpCore, world: World) -> None:
    typed = {product.sku: product.typed_sku for product in truth.erp_products(world)}
    found = {
        (stock["warehouseName"], stock["goodsSku"]): (
            stock["availableStockQuantity"], stock["waitingShipmentStockQuantity"], stock["intransitStockQuantity"],
        )
        for stock in payloads(raw(sandbox_account(url), core, ErpStream.STOCK))
    }  # fmt: skip
    assert found == {
        (stock.warehouse, typed[stock.sku]): (stock.available, stock.on_hand - stock.available, stock.incoming)
        for stock in truth.erp_stock(world, int(NOW.timestamp()))
    }


def test_purchases_and_suppliers_are_exactly_the_worlds(url: str, core: HttpCore, world: World) -> None:
    rows = raw(sandbox_account(url), core, ErpStream.PURCHASES)
    bought = truth.erp_purchases(world, int(NOW.timestamp()))
    found = {(one["ponum"], one["quantity"], one["in_quantity"], one["unit_price"]) for one in payloads(rows)}
    assert found == {
        (one.number, one.quantity, one.quantity if one.arrived else 0, amount(one.unit_cost_fen)) for one in bought
    }
    assert rows["updated_at"].null_count() == 0
    suppliers = truth.erp_suppliers(world)
    shown = payloads(raw(sandbox_account(url), core, ErpStream.SUPPLIERS))
    assert {(one["supplierCode"], one["corporationFullname"]) for one in shown} == {(s.code, s.name) for s in suppliers}
    typed = {product.sku: product.typed_sku for product in truth.erp_products(world)}
    arrived = {one.sku for one in bought if one.arrived}
    terms = {
        (s.code, typed[t.sku]): (s.name, amount(t.unit_cost_fen), t.lead_time_days if t.sku in arrived else None)
        for s in suppliers
        for t in s.terms
        if t.sku in {one.sku for one in bought}
    }
    read = records("suppliers", rows)
    assert terms == {
        (row["supplier"], row["sku"]): (
            row["name"], Decimal(row["unit_cost"]), int(row["lead_time_days"]) if row["lead_time_days"] else None,
        )
        for row in read.iter_rows(named=True)
    }  # fmt: skip


def test_orders_are_exactly_the_worlds_and_tell_what_listings_sell(url: str, core: HttpCore, world: World) -> None:
    rows = raw(sandbox_account(url), core, ErpStream.ORDERS)
    orders = payloads(rows)
    ordered = world_orders(url, "EBUS", "SPSG")
    assert {
        (order["salesRecordNumber"], line["orderDetailsId"], line["webstore_sku"], line["quantity"])
        for order in orders
        for line in order["orderDetails"]
    } == {
        (order["orderId"], line["orderItemId"], line["sellerSku"], line["quantityOrdered"])
        for order in ordered
        for line in order["lines"]
    }
    assert len(orders) == len(ordered) > 200
    typed = {product.sku: product.typed_sku for product in truth.erp_products(world)}
    sold = {
        (order["platform"], order["store"], line["sellerSku"], typed[line["masterSku"]])
        for order in ordered
        for line in order["lines"]
    }
    pairings = records("pairings", rows)
    assert set(pairings.select("platform", "store", "listing_sku", "sku").rows()) == sold
    assert set(pairings["multiplier"].drop_nulls()) == {"1"}


def test_an_order_window_holds_its_changes_and_no_others(url: str, core: HttpCore) -> None:
    window = Window(utc(2026, 4, 10), utc(2026, 4, 12))
    pages = TongtoolClient(sandbox_account(url), core).read(ErpStream.ORDERS, window, 1)
    found = {order["salesRecordNumber"] for page in pages for order in page.records}
    ordered = world_orders(url, "EBUS", "SPSG")
    bounds = "2026-04-10T00:00:00Z", "2026-04-12T00:00:00Z"
    assert found == {one["orderId"] for one in ordered if bounds[0] <= one["lastUpdatedTime"] <= bounds[1]}


def test_no_personal_data_is_kept(url: str, core: HttpCore) -> None:
    for stream in (ErpStream.ORDERS, ErpStream.SUPPLIERS):
        text = raw(sandbox_account(url), core, stream)["payload"].str.join("").item()
        assert not [name for name in PERSONAL if name in text]


def test_a_wrong_secret_is_named_and_never_shown(url: str, core: HttpCore) -> None:
    account = sandbox_account(url, secret_key=SecretStr("wrong-value"))
    with pytest.raises(CredentialError, match="LINKSTAR_TONGTOOL_HOUSE_SECRET_KEY") as caught:
        TongtoolClient(account, core).check_access()
    assert "wrong-value" not in str(caught.value)


def test_a_token_that_ends_is_renewed_on_the_way(url: str, core: HttpCore) -> None:
    with faults(url, token_expiry=0.3):
        client = TongtoolClient(sandbox_account(url), core)
        for _ in range(12):
            assert client.check_access().server_time == NOW


def test_with_every_fault_the_catalogue_is_still_exactly_the_worlds(url: str, core: HttpCore, world: World) -> None:
    with faults(url, all=0.05, empty_page=0.05, token_expiry=0.02, late_orders=0):
        account = sandbox_account(url)
        assert_catalogue(raw(account, core, ErpStream.PRODUCTS, readings=4), world)
        bought = payloads(raw(account, core, ErpStream.PURCHASES, readings=4))
        assert len(bought) == len(truth.erp_purchases(world, int(NOW.timestamp())))
        assert len(raw(account, core, ErpStream.SUPPLIERS, readings=4)) == len(truth.TRADES)
        assert len(raw(account, core, ErpStream.STOCK, readings=4)) == 2 * len(world.products)
        orders = {one["salesRecordNumber"] for one in payloads(raw(account, core, ErpStream.ORDERS, readings=4))}
        assert orders == {order["orderId"] for order in world_orders(url, "EBUS", "SPSG")}
    assert core.faults("tongtool", "house") > 0


def test_calls_keep_to_the_minute_so_that_the_quota_is_never_met(
    minute_url: str, core: HttpCore, postgres: Postgres
) -> None:
    apps = [TongtoolClient(sandbox_account(minute_url, name=n, quota_seconds=MINUTE), core) for n in ("a", "b")]
    for _ in range(4):
        apps[0].check_access()
        list(apps[1].read(ErpStream.SUPPLIERS, None, 0))
    core.call_log.flush()
    logins, calls = 4, 8
    assert postgres.fetch("SELECT outcome, count(*) FROM ops.api_call GROUP BY outcome") == [("ok", logins + calls)]


def test_a_quota_that_another_program_used_up_is_waited_for(
    minute_url: str, core: HttpCore, postgres: Postgres
) -> None:
    time.sleep(MINUTE)
    other = TongtoolClient(sandbox_account(minute_url), core)
    for _ in range(5):
        other.check_access()
    postgres.execute("TRUNCATE ops.rate_budget")  # another program keeps no budget here
    mine = TongtoolClient(sandbox_account(minute_url, quota_seconds=MINUTE), core)
    for _ in range(3):
        mine.check_access()
    core.call_log.flush()
    query = "SELECT outcome, attempt FROM ops.api_call WHERE method = 'POST' ORDER BY started_at"
    assert postgres.fetch(query)[5:] == [("throttled", 1), ("ok", 2), ("ok", 1), ("ok", 1)]
