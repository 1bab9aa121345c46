"""The client against a simulated Mabang over real HTTP: exactly the world's catalogue and orders, whatever the faults.

No official model of the gateway is at hand: names that the connector calls recalled are the sandbox's word too. So
these tests prove the connector's behavior, not those names.
"""

import json
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.erp_pulls import pull_erp
from linkstar_pipelines.connectors.errors import CredentialError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.mabang import calls
from linkstar_pipelines.connectors.mabang.client import MabangClient
from linkstar_pipelines.connectors.mabang.erp import ERP
from linkstar_pipelines.connectors.pulls import Pull
from linkstar_pipelines.domain.products.records import KINDS
from linkstar_pipelines.sandbox.world import erp as truth
from linkstar_pipelines.sandbox.world.engine import World, WorldPlan
from linkstar_pipelines.sandbox.world.instants import parse
from linkstar_pipelines.schemas.erps import ErpStream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.mabang.support import NOW, sandbox_account
from tests.connectors.support import utc
from tests.support import TOKEN_KEY, running_sandbox, world_orders

OPENS, CLOSES = date(2026, 5, 1), date(2026, 5, 15)
ACCOUNTS = ("NA", "TTUS")
FLAGS = (
    "--opens", str(OPENS), "--closes", str(CLOSES), "--accounts", ",".join(ACCOUNTS), "--orders-per-day", "20",
    "--products", "30", "--rate-scale", "100000", "--fault-delay", "0.02",
)  # fmt: skip
START = utc(2026, 5, 1)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("mabang"), *FLAGS) as url:
        yield url


@pytest.fixture(scope="module")
def world() -> World:
    plan = WorldPlan(opens=OPENS, closes=CLOSES, orders_per_day=20, products=30, accounts=ACCOUNTS)
    return World(plan).reach(parse(NOW.isoformat()))


@pytest.fixture
def core(postgres: Postgres) -> Iterator[HttpCore]:
    with HttpCore(postgres, timeout=5, max_attempts=40, max_wait=60, token_key=TOKEN_KEY, sleep=lambda _: None) as core:
        yield core


@pytest.fixture
def client(url: str, core: HttpCore) -> MabangClient:
    return MabangClient(sandbox_account(url), core)


def pull(client: MabangClient, stream: ErpStream) -> Pull:
    pulled = pull_erp(client, ERP, stream, START, readings=2, keep_personal=False)
    assert pulled.rejected.is_empty(), pulled.rejected.to_dicts()[:3]
    return pulled


def payloads(pulled: Pull) -> dict[str, Any]:
    return {row["record_id"]: json.loads(row["payload"]) for row in pulled.rows.to_dicts()}


def records(client: MabangClient, kind: str) -> pl.DataFrame:
    parts = [reader(pull(client, stream).rows) for stream, reader in ERP.records[kind]]
    assert all(rejected.is_empty() for _, rejected in parts)
    return pl.concat([KINDS[kind].to_frame(), *(found for found, _ in parts)])


def set_faults(url: str, **shares: float) -> None:
    httpx.post(f"{url}/_control/faults", json={"faults": shares, "delay": 0.02}).raise_for_status()


def holds_the_world(client: MabangClient, world: World, url: str) -> None:
    """Every stream, read until it is whole, has exactly what the world has."""
    now = int(NOW.timestamp())
    products = {product.typed_sku: product for product in truth.erp_products(world)}
    assert set(payloads(pull(client, ErpStream.PRODUCTS))) == set(products)
    assert set(payloads(pull(client, ErpStream.KITS))) == {kit.sku for kit in truth.erp_kits(world)}
    assert set(payloads(pull(client, ErpStream.SUPPLIERS))) == {one.code for one in truth.erp_suppliers(world)}
    bought = {one.number: one.quantity for one in truth.erp_purchases(world, now)}
    told = payloads(pull(client, ErpStream.PURCHASES))
    assert {number: int(one["Item"][0]["purchaseNum"]) for number, one in told.items()} == bought
    stock = {(one.sku, one.warehouse): one.available for one in truth.erp_stock(world, now)}
    assert {
        (products[sku].sku, place["warehouseName"]): place["availableStockQuantity"]
        for sku, one in payloads(pull(client, ErpStream.STOCK)).items()
        for place in one["warehouse"]
    } == stock
    orders = {order["orderId"] for code in ACCOUNTS for order in world_orders(url, code)}
    assert len(orders) > 150
    assert set(payloads(pull(client, ErpStream.ORDERS))) == orders


def test_every_stream_holds_exactly_what_the_world_has(client: MabangClient, world: World, url: str) -> None:
    holds_the_world(client, world, url)
    assert client.http.faults("mabang", "main") == 0


def test_the_catalogue_comes_out_as_the_world_has_it(client: MabangClient, world: World) -> None:
    products = {product.typed_sku: product for product in truth.erp_products(world)}
    found = records(client, "products")
    for row in found.to_dicts():
        product = products[row["sku"]]
        assert (row["gtin"] or "") == product.typed_gtin
        assert round(float(row["length"]) * 10) == product.length_mm
        assert (row["weight"], row["weight_unit"]) == (str(product.weight_g), "g")
        assert (round(float(row["cost"]) * 100), row["cost_currency"]) == (product.cost_fen, "CNY")
    assert found.height == len(products)
    assert set(records(client, "kits").select("kit_sku", "component_sku", "quantity").rows()) == {
        (kit.sku, next(p.typed_sku for p in products.values() if p.sku == sku), str(units))
        for kit in truth.erp_kits(world)
        for sku, units in kit.components
    }
    named = records(client, "pairings")
    listed = {(product.typed_sku, seller_sku) for product in products.values() for _, _, seller_sku in product.listings}
    assert set(named.select("sku", "listing_sku").rows()) == listed
    assert set(named["platform"].drop_nulls()) == {"amazon", "tiktok"}
    terms = {(one.code, products_sku.sku) for one in truth.erp_suppliers(world) for products_sku in one.terms}
    assert {
        (row[0], products[row[1]].sku) for row in records(client, "suppliers").select("supplier", "sku").rows()
    } == (terms)


def test_orders_name_nobody(client: MabangClient) -> None:
    text = " ".join(pull(client, ErpStream.ORDERS).rows["payload"])
    assert "@marketplace.example.com" not in text
    assert "buyerName" not in text


def test_a_later_pull_of_orders_reads_only_what_changed(client: MabangClient) -> None:
    since = NOW - timedelta(days=12)
    pulled = pull_erp(client, ERP, ErpStream.ORDERS, since, readings=2, keep_personal=False)
    assert 0 < pulled.rows.height < pull(client, ErpStream.ORDERS).rows.height
    assert pulled.rows["updated_at"].min() >= since  # type: ignore[operator]  # a column of instants


@pytest.mark.drill
@pytest.mark.parametrize("faults", [{"all": 0.05}, {"all": 0.15, "empty_page": 0.03, "disorder": 0.1}])
def test_nothing_is_missing_or_twice_with_faults_on(
    tmp_path: Path, core: HttpCore, world: World, faults: dict[str, float]
) -> None:
    named = [flag for name, share in faults.items() for flag in ("--fault", f"{name}={share}")]
    late = ("--fault", "late_orders=0")  # an order that shows late belongs to a later pull
    with running_sandbox(tmp_path, *FLAGS, *named, *late) as url:
        client = MabangClient(sandbox_account(url), core)
        holds_the_world(client, world, url)
        assert core.faults("mabang", "main") > 0


def test_a_busy_gateway_that_answers_like_a_success_is_asked_again(
    client: MabangClient, world: World, url: str
) -> None:
    set_faults(url, error_500=0.8, quota_429=0.1)
    try:
        purchases = payloads(pull(client, ErpStream.PURCHASES))
    finally:
        set_faults(url, error_500=0, quota_429=0)
    assert len(purchases) == len(truth.erp_purchases(world, int(NOW.timestamp())))
    assert client.http.faults("mabang", "main") > 0


def test_a_wrong_key_names_the_setting(url: str, core: HttpCore) -> None:
    wrong = sandbox_account(url).model_copy(update={"developer_key": SecretStr("wrong")})
    with pytest.raises(CredentialError, match="LINKSTAR_MABANG_MAIN_DEVELOPER_KEY"):
        MabangClient(wrong, core).check_access()


def test_a_clock_that_is_eleven_minutes_off_is_named(client: MabangClient, monkeypatch: pytest.MonkeyPatch) -> None:
    late = time.time() - 660
    monkeypatch.setattr(f"{calls.__name__}.time.time", lambda: late)
    with pytest.raises(RequestRejectedError, match="Set this machine's clock"):
        client.check_access()
