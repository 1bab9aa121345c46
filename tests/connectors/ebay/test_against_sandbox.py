"""The client against a simulated eBay over real HTTP: nothing missing, nothing twice, whatever the faults."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from linkstar_pipelines.connectors.complete import Reading, read_stream
from linkstar_pipelines.connectors.ebay.client import EbayClient
from linkstar_pipelines.connectors.ebay.platform import PLATFORM
from linkstar_pipelines.connectors.errors import CredentialError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.platform import Parcel, StockChange, Window
from linkstar_pipelines.domain.orders import order_lines, orders
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from tests.connectors.ebay.conftest import SMALL
from tests.connectors.ebay.support import sandbox_store
from tests.connectors.support import utc
from tests.support import running_sandbox, world_orders

ALL_TIME = Window(utc(2026, 2, 1))
NOW = datetime(2026, 5, 24, tzinfo=UTC)


def read(url: str, core: HttpCore, stream: Stream, code: str, window: Window | None = ALL_TIME) -> Reading:
    return read_stream(EbayClient(sandbox_store(url, code), core), PLATFORM, stream, window, 2, now=NOW)


def raw(url: str, core: HttpCore, stream: Stream, code: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    records = read(url, core, stream, code).records
    return raw_rows("ebay", code, stream, PLATFORM.streams[stream], records, NOW)


def lines_of(records: Sequence[dict[str, Any]]) -> dict[tuple[str, str], tuple[str, int]]:
    return {
        (order["orderId"], line["lineItemId"]): (line["sku"], line["quantity"])
        for order in records
        for line in order["lineItems"]
    }


def world_lines(url: str, code: str) -> dict[tuple[str, str], tuple[str, int]]:
    return {
        (order["orderId"], line["orderItemId"]): (line["sellerSku"], line["quantityOrdered"])
        for order in world_orders(url, code.upper())
        for line in order["lines"]
    }


@pytest.mark.parametrize("code", ["ebus", "ebeu"])
def test_without_faults_orders_lines_and_quantities_are_exactly_the_worlds(
    code: str, ebay_url: str, wire_core: HttpCore
) -> None:
    reading = read(ebay_url, wire_core, Stream.ORDERS, code)
    world = world_lines(ebay_url, code)
    assert len(world) > 100
    assert lines_of(reading.records) == world
    assert reading.total == len(world_orders(ebay_url, code.upper()))
    assert reading.readings == 2
    assert wire_core.faults("ebay", code) == 0


@pytest.mark.drill
def test_with_every_fault_at_a_fifth_the_orders_are_still_exactly_the_worlds(
    tmp_path: Path, wire_core: HttpCore
) -> None:
    flags = ("--fault", "all=0.2", "--fault", "late_orders=0", "--fault-delay", "0.02")
    with running_sandbox(tmp_path, *SMALL, *flags) as url:
        reading = read(url, wire_core, Stream.ORDERS, "ebus")
        assert lines_of(reading.records) == world_lines(url, "ebus")
        money = read(url, wire_core, Stream.FINANCES, "ebus", Window(utc(2026, 4, 1)))
        assert money.union == money.total
        assert money.union > 100
    assert wire_core.faults("ebay", "ebus") > 3


def test_orders_become_the_worlds_states_units_and_totals(ebay_url: str, wire_core: HttpCore) -> None:
    rows, rejected = raw(ebay_url, wire_core, Stream.ORDERS, "ebeu")
    assert rejected.is_empty()
    zones = pl.DataFrame({"store": ["ebeu"], "time_zone": ["UTC"]})
    core, refused = orders(rows, PLATFORM.orders, zones)
    lines, refused_lines = order_lines(rows, PLATFORM.orders, ListingMap.create_empty(), zones)
    assert refused.is_empty()
    assert refused_lines.is_empty()
    states = {"PENDING": "awaiting_payment", "UNSHIPPED": "to_ship", "PARTIALLY_SHIPPED": "part_shipped",
              "SHIPPED": "shipped", "CANCELLED": "cancelled"}  # fmt: skip
    world = {order["orderId"]: order for order in world_orders(ebay_url, "EBEU")}
    assert dict(core.select("order_id", "state").iter_rows()) == {
        order_id: states[order["status"]] for order_id, order in world.items()
    }
    assert dict(core.select("order_id", "marketplace_id").iter_rows()) == {
        order_id: order["marketplaceId"] for order_id, order in world.items()
    }
    whole = lines.join(core.select("order_id", "total_amount"), on="order_id").group_by("order_id").agg(
        pl.col("total_amount").first(),
        paid=pl.sum_horizontal(
            pl.col("item_amount").sum(), pl.col("tax_amount").sum(), pl.col("shipping_amount").sum(),
            -pl.col("discount_amount").fill_null(Decimal(0)).sum(),
        ),
    )  # fmt: skip
    assert whole.filter(pl.col("paid") != pl.col("total_amount")).is_empty()
    importing = lines.filter(pl.col("ioss_number").is_not_null())
    assert importing["ioss_number"].unique().to_list() == ["IM2760000742"]
    assert set(importing["marketplace_id"]) == {"EBAY_DE"}


def test_one_order_is_read_with_its_cancel_requests(ebay_url: str, wire_core: HttpCore) -> None:
    client = EbayClient(sandbox_store(ebay_url, "ebus"), wire_core)
    cancelled = next(order for order in world_orders(ebay_url, "EBUS") if order["status"] == "CANCELLED")
    order = client.get_order(cancelled["orderId"])
    assert order is not None
    assert order["cancelStatus"]["cancelRequests"]
    assert client.get_order("00-00000-00000") is None


def test_listings_become_clean_skus_and_a_pushed_quantity_is_seen(ebay_url: str, wire_core: HttpCore) -> None:
    rows, rejected = raw(ebay_url, wire_core, Stream.LISTINGS, "ebeu")
    assert rejected.is_empty()
    assert set(rows["marketplace_id"]) == {"EBAY_GB", "EBAY_DE"}
    first, other = rows.sort("listing_id").head(2).iter_rows(named=True)
    client = EbayClient(sandbox_store(ebay_url, "ebeu"), wire_core)
    changes = [
        StockChange(first["marketplace_id"], first["listing_id"], first["seller_sku"], 4321),
        StockChange("EBAY_GB", "no-such-offer", "X", 1),
        StockChange(other["marketplace_id"], other["listing_id"], other["seller_sku"], 0),
    ]
    taken, refused, emptied = client.push_stock(changes)
    assert (taken.accepted, refused.accepted, emptied.accepted) == (True, False, True)
    assert "25713" in refused.reason
    inventory, _ = raw(ebay_url, wire_core, Stream.INVENTORY, "ebeu")
    assert PLATFORM.stock is not None
    stock, unread = PLATFORM.stock(inventory)
    assert unread.is_empty()
    shown = dict(stock.select("listing_id", "available").iter_rows())
    assert (shown[first["listing_id"]], shown[other["listing_id"]]) == (4321, 0)


def test_a_confirmed_shipment_is_seen_and_told_only_once(ebay_url: str, wire_core: HttpCore) -> None:
    client = EbayClient(sandbox_store(ebay_url, "ebus"), wire_core)
    order = next(order for order in world_orders(ebay_url, "EBUS") if order["status"] == "SHIPPED")
    line = order["lines"][0]
    parcel = Parcel(
        order["orderId"], "EBAY_US", "parcel-1", "USPS", "94 0550-9699", utc(2026, 5, 23), {line["orderItemId"]: 1}
    )
    receipts = [client.confirm_shipment(parcel) for _ in range(3)]
    assert {(receipt.accepted, receipt.remote_id) for receipt in receipts} == {(True, "9405509699")}
    token = httpx.post(
        f"{ebay_url}/ebay/identity/v1/oauth2/token",
        data={"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-ebus"},
        auth=("sandbox-client-ebus", "sandbox-secret-ebus"),
    ).json()["access_token"]
    known = httpx.get(
        f"{ebay_url}/ebay/sell/fulfillment/v1/order/{order['orderId']}/shipping_fulfillment",
        headers={"authorization": f"Bearer {token}"},
    ).json()["fulfillments"]
    assert [entry["fulfillmentId"] for entry in known].count("9405509699") == 1


def test_an_unknown_order_gives_a_receipt_that_says_no(ebay_url: str, wire_core: HttpCore) -> None:
    client = EbayClient(sandbox_store(ebay_url, "ebus"), wire_core)
    parcel = Parcel("00-00000-00000", "EBAY_US", "parcel-2", "USPS", "1", utc(2026, 5, 23), {"1": 1})
    receipt = client.confirm_shipment(parcel)
    assert not receipt.accepted
    assert "32100" in receipt.reason


@pytest.mark.parametrize("code", ["ebus", "ebeu"])
def test_returns_are_read_by_change_with_goods_and_money_apart(code: str, ebay_url: str, wire_core: HttpCore) -> None:
    rows, rejected = raw(ebay_url, wire_core, Stream.RETURNS, code)
    assert rejected.is_empty()
    assert PLATFORM.returns is not None
    core, refused = PLATFORM.returns(rows)
    assert refused.is_empty()
    assert len(core) > 3
    refunded = core.filter(pl.col("refund") == "refunded")
    assert set(refunded["custody"]) == {"received"}
    assert refunded["refund_amount"].null_count() == 0
    assert set(core.select("order_id", "line_id").iter_rows()) <= world_lines(ebay_url, code).keys()
    assert core["listing_sku"].null_count() == 0
    day = max(core["updated_at"].dt.date())
    start = datetime.combine(day, datetime.min.time(), UTC)
    found = read(ebay_url, wire_core, Stream.RETURNS, code, Window(start, start + timedelta(days=1))).records
    assert {record["summary"]["returnId"] for record in found} == set(
        core.filter(pl.col("updated_at").dt.date() == day)["return_id"]
    )


@pytest.mark.parametrize("code", ["ebus", "ebeu"])
def test_payments_add_up_to_the_signed_amounts(code: str, ebay_url: str, wire_core: HttpCore) -> None:
    rows, rejected = raw(ebay_url, wire_core, Stream.FINANCES, code)
    assert rejected.is_empty()
    assert PLATFORM.payments is not None
    core, refused = PLATFORM.payments(rows)
    assert refused.is_empty()
    assert {"sale", "fee", "refund"} <= set(core["kind"])
    assert {"paid_out", "released"} <= set(core["state"])
    sums = dict(core.group_by("transaction_id").agg(pl.col("amount").sum()).iter_rows())
    reading = read(ebay_url, wire_core, Stream.FINANCES, code).records
    signs = {"CREDIT": 1, "DEBIT": -1}
    assert len(sums) == len(reading)
    for record in reading:
        key = f"{record['transactionId']}/{record['transactionType']}"
        assert sums[key] == signs[record["bookingEntry"]] * Decimal(record["amount"]["value"]), key
    assert len({record["transactionId"] for record in reading}) < len(reading)


def test_a_seller_of_the_eu_without_a_signing_key_is_told_which_variables_to_set(
    ebay_url: str, wire_core: HttpCore
) -> None:
    store = sandbox_store(ebay_url, "ebeu", signing_private_key=None, signing_jwe=None)
    with pytest.raises(CredentialError, match="LINKSTAR_EBAY_EBEU_SIGNING_PRIVATE_KEY"):
        list(EbayClient(store, wire_core).read(Stream.FINANCES, ALL_TIME, 0))


@pytest.mark.parametrize(
    ("field", "variable"),
    [("client_secret", "LINKSTAR_EBAY_EBUS_CLIENT_SECRET"), ("refresh_token", "LINKSTAR_EBAY_EBUS_REFRESH_TOKEN")],
)
def test_a_wrong_credential_is_named(field: str, variable: str, ebay_url: str, wire_core: HttpCore) -> None:
    store = sandbox_store(ebay_url, "ebus", **{field: "wrong"})
    with pytest.raises(CredentialError, match=variable):
        EbayClient(store, wire_core).get_order("1")


def test_the_access_check_shows_the_platforms_clock(ebay_url: str, wire_core: HttpCore) -> None:
    check = EbayClient(sandbox_store(ebay_url, "ebus"), wire_core).check_access()
    assert check.server_time == NOW
