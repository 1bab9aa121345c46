"""Amazon's own client (`amzn-sp-api`) reads the sandbox: nothing of our connectors takes part."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from linkstar_pipelines.sandbox.app import _bench
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.world.instants import iso
from tests.connectors.support import utc
from tests.support import running_sandbox, world_orders

NOW = utc(2026, 5, 10)
FLAGS = (
    "--accounts", "EU", "--orders-per-day", "6", "--products", "120", "--rate-scale", "100000",
    "--clock", f"frozen:{iso(int(NOW.timestamp()))}",
)  # fmt: skip
MARKETPLACES = ("A1F83G8C2ARO7P", "A1PA6795UKMFR9")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("amzn-sp-api")
    with running_sandbox(folder, *FLAGS) as address:
        yield address


@pytest.fixture(scope="module")
def amazon(url: str) -> Any:
    """Amazon's client, logged in as the sandbox's European account."""
    import spapi  # 2,000 modules, which set up logging as they like: not at collection

    config = spapi.SPAPIConfig("sandbox-client-eu", "sandbox-secret-eu", "sandbox-refresh-eu", region="EU")
    return spapi.SPAPIClient(config, oauth_endpoint=f"{url}/auth/o2/token", endpoint=url).api_client


def test_it_reads_all_orders_of_the_account(amazon: Any, url: str) -> None:
    from spapi import SearchOrdersApi

    api, found, pages = SearchOrdersApi(amazon), [], 0
    asked: dict[str, Any] = {"created_after": "2026-01-01T00:00:00Z", "marketplace_ids": list(MARKETPLACES)}
    while True:
        page = api.search_orders(**asked, max_results_per_page=40)
        found += page.orders
        pages += 1
        if not (page.pagination and page.pagination.next_token):
            break
        asked["pagination_token"] = page.pagination.next_token
    latest = NOW - timedelta(minutes=2)  # younger ones are not searched
    world = [one for one in world_orders(url, "EU") if datetime.fromisoformat(one["createdTime"]) <= latest]
    assert pages > 3
    assert len(found) == len(world)
    assert {_told(order) for order in found} == {_known(order) for order in world}


def test_it_reads_a_single_order(amazon: Any, url: str) -> None:
    from spapi import GetOrderApi

    wanted = world_orders(url, "EU")[-1]
    assert _told(GetOrderApi(amazon).get_order(wanted["orderId"], included_data=["FULFILLMENT"]).order) == _known(
        wanted
    )


def _told(order: Any) -> tuple[Any, ...]:
    lines = ((line.order_item_id, line.product.seller_sku, line.quantity_ordered) for line in order.order_items)
    return order.order_id, order.sales_channel.marketplace_id, order.created_time, tuple(sorted(lines))


def _known(order: dict[str, Any]) -> tuple[Any, ...]:
    lines = ((line["orderItemId"], line["sellerSku"], line["quantityOrdered"]) for line in order["lines"])
    return order["orderId"], order["marketplaceId"], datetime.fromisoformat(order["createdTime"]), tuple(sorted(lines))


@pytest.mark.parametrize("marketplace_id", MARKETPLACES)
def test_it_reads_the_fba_inventory(amazon: Any, marketplace_id: str) -> None:
    from spapi import FbaInventoryApi

    api, found, pages = FbaInventoryApi(amazon), [], 0
    asked: dict[str, Any] = {}
    while True:
        page = api.get_inventory_summaries("Marketplace", marketplace_id, [marketplace_id], details=True, **asked)
        found += page.payload.inventory_summaries
        pages += 1
        if not (page.pagination and page.pagination.next_token):
            break
        asked = {"next_token": page.pagination.next_token}
    assert pages > 1
    told = [
        (
            one.seller_sku, one.asin, one.fn_sku, one.total_quantity, one.inventory_details.fulfillable_quantity,
            one.inventory_details.reserved_quantity.total_reserved_quantity,
        )
        for one in found
    ]  # fmt: skip
    assert sorted(told) == sorted(_stock(marketplace_id))


def _stock(marketplace_id: str) -> Iterator[tuple[Any, ...]]:
    """The FBA stock of the same world, made here: seller SKU, ASIN, FNSKU, all units, fulfillable and reserved ones."""
    now = int(NOW.timestamp())
    store = _bench(parse_options(FLAGS)).world.reach(now).store("EU")
    market = store.account.marketplace(marketplace_id)
    assert market is not None
    for listing in (one for one in store.listings if one.fba):
        view = store.pool(listing, market).view(now)
        inbound = view.inbound_working + view.inbound_shipped + view.inbound_receiving
        total = view.fulfillable + view.reserved + view.damaged + inbound
        yield listing.seller_sku, listing.product.asin, listing.fn_sku, total, view.fulfillable, view.reserved
