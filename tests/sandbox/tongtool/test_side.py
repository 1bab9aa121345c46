"""Tongtool's side alone: tokens, signatures, the minute, pages, parameters, and one world behind it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from linkstar_pipelines.sandbox.app import _bench
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.tongtool.side import Side
from linkstar_pipelines.sandbox.world.accounts import ACCOUNTS
from tests.sandbox.tongtool.support import WORLD, Wire, code_of
from tests.support import running_sandbox, world_orders


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small world, of this module alone."""
    with running_sandbox(tmp_path_factory.mktemp("tongtool"), *WORLD) as url:
        yield url


@pytest.fixture
def wire(url: str) -> Wire:
    """The way to it."""
    return Wire(url)


def test_a_login_gives_a_token_and_the_merchant_with_its_end(wire: Wire) -> None:
    assert wire.login()["success"] is True
    assert wire.login("wrong") == {
        "success": False, "code": 1, "message": "accessKey或secretAccessKey错误", "datas": None, "other": None,
    }  # fmt: skip
    (merchant,) = wire.merchants()
    assert merchant["partnerOpenId"] == "sandbox-tongtool-merchant"
    assert 3500 < merchant["appTokenExpireDate"] / 1000 - time.time() <= 3600


def test_a_wrong_signature_token_or_merchant_is_refused_with_http_200(wire: Wire) -> None:
    assert code_of(wire.ask("supplierQuery")) == (200, 200)
    assert code_of(wire.ask("supplierQuery", wire.signed(timestamp=str(int(time.time()))))) == (200, 200)  # seconds
    assert code_of(wire.ask("supplierQuery", wire.signed(sign="0" * 32))) == (200, 519)
    assert code_of(wire.ask("supplierQuery", wire.signed(timestamp=str(int(time.time()) - 700)))) == (200, 519)
    assert code_of(wire.ask("supplierQuery", wire.signed(app_token="forged"))) == (200, 523)  # noqa: S106 - none
    assert code_of(wire.ask("supplierQuery", merchantId="another")) == (200, 524)
    assert code_of(wire.ask("nothingQuery")) == (404, 404)


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("supplierQuery", {"pageSize": 101}),
        ("supplierQuery", {"pageNo": 0}),
        ("goodsQuery", {}),
        ("goodsQuery", {"productType": "0", "skus": ["A"] * 11}),
        ("goodsQuery", {"productType": "0", "updatedDateBegin": "2026-05-01"}),
        ("stocksQuery", {}),
        ("ordersQuery", {"storeFlag": "3"}),
    ],
)
def test_wrong_parameters_are_refused(wire: Wire, query: str, body: dict[str, Any]) -> None:
    assert code_of(wire.ask(query, **body)) == (200, 525)


def test_a_minute_has_five_calls_of_all_queries_together(tmp_path: Path) -> None:
    small = ("--accounts", "EBUS", "--orders-per-day", "1", "--products", "10", "--rate-scale", "30")
    with running_sandbox(tmp_path, *small) as url:  # a minute of two seconds
        wire = Wire(url)
        assert wire.token
        codes = [code_of(wire.ask(query)) for query in ("supplierQuery", "warehouseQuery") * 4]
        assert codes == [(200, 200)] * 5 + [(200, 526), (429, 526), (200, 526)]
        time.sleep(2)
        assert code_of(wire.ask("supplierQuery")) == (200, 200)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("quota_429", {(200, 526), (429, 526)}),
        ("error_500", {(200, 527)}),
        ("error_503", {(503, 527)}),
        ("token_expiry", {(200, 523)}),
    ],
)
def test_faults_speak_tongtools_language(url: str, fault: str, told: set[tuple[int, int]]) -> None:
    wire = Wire(url)
    assert code_of(wire.ask("supplierQuery")) == (200, 200)
    for chance in (1, 0):
        httpx.post(f"{url}/_control/faults", json={"faults": {fault: chance}}).raise_for_status()
        if chance:
            assert {code_of(wire.ask("supplierQuery")) for _ in range(2)} == told


def test_pages_are_full_up_to_the_last_which_may_be_empty(wire: Wire) -> None:
    sizes = [len(wire.ask("supplierQuery", pageNo=n, pageSize=4).json()["datas"]["array"]) for n in (1, 2, 3)]
    assert sizes == [4, 4, 0]  # eight suppliers
    whole = wire.rows("purchaseOrderQuery")
    assert wire.rows("purchaseOrderQuery", 37) == whole
    assert len(whole) > 60


def test_every_product_is_shown_once_as_plain_product_or_variant(url: str, wire: Wire) -> None:
    plain, variants, bundles = (wire.rows("goodsQuery", productType=kind) for kind in "012")
    assert all(len(product["goodsDetail"]) == 1 for product in plain)
    assert {len(product["goodsDetail"]) for product in variants} == {2}
    shown = [goods["goodsSku"] for product in (*plain, *variants) for goods in product["goodsDetail"]]
    world = httpx.get(f"{url}/_control/world/products").json()["products"]
    assert sorted(sku.strip().upper() for sku in shown) == sorted(product["masterSku"] for product in world)
    assert bundles
    assert all(goods["goodsQuantity"] >= 1 for bundle in bundles for goods in bundle["goodsDetail"])
    wanted = [plain[0]["sku"], plain[1]["sku"]]
    assert [product["sku"] for product in wire.rows("goodsQuery", productType="0", skus=wanted)] == wanted
    assert wire.rows("goodsQuery", productType="0", updatedDateBegin="2026-05-01 00:00:00") == []


def test_orders_lie_by_age_and_are_found_by_the_time_of_change(url: str, wire: Wire) -> None:
    world = {order["orderId"]: order for order in world_orders(url, "EBUS", "SPSG")}
    lists = [wire.rows("ordersQuery", storeFlag=flag) for flag in "012"]
    assert sorted(order["salesRecordNumber"] for rows in lists for order in rows) == sorted(world)
    assert len(lists[0]) == len(world) > 200
    day = wire.rows(
        "ordersQuery", storeFlag="0", updatedDateFrom="2026-05-01 08:00:00", updatedDateTo="2026-05-02 07:59:59"
    )
    changed = {number for number, order in world.items() if order["lastUpdatedTime"].startswith("2026-05-01")}
    assert {order["salesRecordNumber"] for order in day} == changed
    assert changed


def test_an_erp_delivers_no_notifications() -> None:
    side = Side(_bench(parse_options(WORLD)))
    with pytest.raises(ValueError, match="no notifications"):
        side.pushes(ACCOUNTS["EBUS"], 0, 1)
