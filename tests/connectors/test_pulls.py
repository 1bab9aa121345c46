"""Pulls over real HTTP: sealed, with every gap named, and parsed again from what was kept."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest

from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.amazon.platform import PLATFORM
from linkstar_pipelines.connectors.errors import PlatformError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Parcel, StockChange
from linkstar_pipelines.connectors.pulls import Pull, Pulls, pull_stream, seal
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.ingest_windows import StreamOf, end_of
from linkstar_pipelines.storage.postgres import Postgres
from linkstar_pipelines.storage.push_events import KeptEvent
from tests.connectors.support import sandbox_store, utc
from tests.support import TOKEN_KEY, running_sandbox, world_orders

OPENS, CLOSES = date(2026, 5, 10), date(2026, 5, 17)
DAYS = [OPENS + timedelta(days=n) for n in range(14)]
WORLD = (
    "--opens", OPENS.isoformat(), "--closes", CLOSES.isoformat(), "--orders-per-day", "8", "--products", "30",
    "--accounts", "NA", "--rate-scale", "100000", "--fault-delay", "0.02",
    "--clock", "frozen:2026-05-24T01:00:00Z",
)  # fmt: skip
ORDERS = StreamOf("amazon", "na", "orders")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("pulls"), *WORLD) as url:
        yield url


@pytest.fixture
def core(postgres: Postgres) -> Iterator[HttpCore]:
    with HttpCore(postgres, timeout=2, max_attempts=60, max_wait=60, token_key=TOKEN_KEY) as core:
        yield core


def pull(url: str, core: HttpCore, days: list[date] = DAYS, readings: int = 2) -> Pull:
    client = AmazonClient(sandbox_store(url), core)
    return pull_stream(client, PLATFORM, Stream.ORDERS, days, readings=readings, keep_personal=False)


def newest(rows: pl.DataFrame) -> dict[str, str]:
    frame = rows.sort("updated_at").group_by("order_id").agg(pl.col("updated_at").last())
    return {order: at.strftime("%Y-%m-%dT%H:%M:%SZ") for order, at in frame.iter_rows()}


def world(url: str) -> dict[str, str]:
    return {order["orderId"]: order["lastUpdatedTime"] for order in world_orders(url, "NA")}


def test_a_pull_holds_the_worlds_orders_and_seals_every_day_only_when_told(url: str, core: HttpCore) -> None:
    pulled = pull(url, core)
    assert newest(pulled.rows) == world(url)
    assert core.windows.sealed_until(ORDERS) == {}
    assert set(core.windows.unsealed(ORDERS, DAYS).values()) == {"compared"}
    seal(core.windows, "amazon", Stream.ORDERS, Pulls([pulled]), {})
    assert core.windows.cursor(ORDERS, OPENS) == end_of(DAYS[-1])
    assert sum(s.records for s in pulled.seals) == pulled.rows.height
    assert "2 readings found the same" in pulled.seals[0].evidence


def test_the_cursor_never_passes_an_unsealed_day(url: str, core: HttpCore) -> None:
    first, later = pull(url, core, DAYS[:3]), pull(url, core, DAYS[4:])
    seal(core.windows, "amazon", Stream.ORDERS, Pulls([first, later]), {})
    assert core.windows.cursor(ORDERS, OPENS) == end_of(DAYS[2])
    seal(core.windows, "amazon", Stream.ORDERS, Pulls([pull(url, core, DAYS[3:4])]), {})
    assert core.windows.cursor(ORDERS, OPENS) == end_of(DAYS[-1])


def test_a_day_that_is_not_over_is_sealed_up_to_an_instant(tmp_path: Path, core: HttpCore) -> None:
    with running_sandbox(tmp_path, *WORLD, "--clock", "frozen:2026-05-12T10:00:00Z") as url:
        seal(core.windows, "amazon", Stream.ORDERS, Pulls([pull(url, core)]), {})
    assert core.windows.cursor(ORDERS, OPENS) == utc(2026, 5, 12, 10) - timedelta(minutes=3)


def test_missing_pages_are_named_while_they_are_missing_and_nothing_is_lost(tmp_path: Path, core: HttpCore) -> None:
    with running_sandbox(tmp_path, *WORLD, "--fault", "missing_page=0.4", "--orders-per-day", "60") as url:
        pulled = pull(url, core)
        named = core.windows.open_gaps(ORDERS)
        assert newest(pulled.rows) == world(url)
    assert named
    assert set(named) <= set(pulled.rows["order_id"])
    seal(core.windows, "amazon", Stream.ORDERS, Pulls([pulled]), {})
    assert core.windows.open_gaps(ORDERS) == []


def test_without_the_seal_the_same_faults_lose_orders(tmp_path: Path, core: HttpCore) -> None:
    with running_sandbox(tmp_path, *WORLD, "--fault", "missing_page=0.4", "--orders-per-day", "60") as url:
        client = AmazonClient(sandbox_store(url), core)
        once = [o["orderId"] for page in client.search_orders(updated_after=utc(2026, 5, 10)) for o in page.orders]
        assert len(set(once)) < len(world(url))


def test_a_reading_that_fails_seals_nothing_and_leaves_its_windows_open(tmp_path: Path, postgres: Postgres) -> None:
    with (
        running_sandbox(tmp_path, *WORLD) as url,
        HttpCore(postgres, timeout=2, max_attempts=2, max_wait=60, token_key=TOKEN_KEY) as core,
    ):
        client = AmazonClient(sandbox_store(url), core)
        client.check_access()
        httpx.post(f"{url}/_control/faults", json={"faults": {"error_503": 0.6}}).raise_for_status()
        with pytest.raises(PlatformError):
            [pull(url, core) for _ in range(20)]
        assert core.windows.sealed_until(ORDERS) == {}
        assert "sealed" not in core.windows.unsealed(ORDERS, DAYS).values()


def test_an_order_that_only_a_notification_names_is_asked_for(tmp_path: Path, core: HttpCore) -> None:
    with running_sandbox(
        tmp_path, *WORLD, "--fault", "late_orders=0.8", "--clock", "frozen:2026-05-12T03:00:00Z"
    ) as url:
        truth = world_orders(url, "NA")
        hidden = [order for order in truth if order["searchable"] is None]
        assert hidden
        core.push_events.keep(
            KeptEvent("amazon", "na", f"e-{order['orderId']}", "orders", order["orderId"],
                      utc(2026, 5, 12, 2), "ORDER_CHANGE")
            for order in hidden
        )  # fmt: skip
        pulled = pull(url, core)
        assert {order["orderId"] for order in truth} == set(pulled.rows["order_id"])
        assert set(core.windows.open_gaps(ORDERS)) == {order["orderId"] for order in hidden}


def test_an_order_that_a_later_notification_names_belongs_to_the_later_window(url: str, core: HttpCore) -> None:
    moved = next(order for order, at in world(url).items() if at > "2026-05-14")
    for event, at in (("e-1", utc(2026, 5, 11, 8)), ("e-2", utc(2026, 5, 14, 8))):
        core.push_events.keep([KeptEvent("amazon", "na", event, "orders", moved, at, "ORDER_CHANGE")])
    assert moved not in set(pull(url, core, DAYS[:3]).rows["order_id"])
    assert core.windows.open_gaps(ORDERS) == []


def test_an_order_that_the_platform_does_not_know_is_waited_for_a_day(tmp_path: Path, core: HttpCore) -> None:
    ghost, day = "111-7777777-7777777", date(2026, 5, 12)
    with running_sandbox(tmp_path, *WORLD, "--clock", "frozen:2026-05-12T10:00:00Z") as url:
        core.push_events.keep([KeptEvent("amazon", "na", "e-1", "orders", ghost, utc(2026, 5, 12, 8), "ORDER_CHANGE")])
        seal(core.windows, "amazon", Stream.ORDERS, Pulls([pull(url, core)]), {})
        assert core.windows.open_gaps(ORDERS) == [ghost]
        assert core.windows.unsealed(ORDERS, DAYS) == {day: "gap"}
        assert core.windows.cursor(ORDERS, OPENS) == utc(2026, 5, 12)

        httpx.post(f"{url}/_control/clock", json={"set": "2026-05-13T07:00:00Z"}).raise_for_status()
        seal(core.windows, "amazon", Stream.ORDERS, Pulls([pull(url, core, [date(2026, 5, 13)])]), {})
        assert core.windows.open_gaps(ORDERS) == [ghost], "a pull of another day does not end the waiting"

        httpx.post(f"{url}/_control/clock", json={"set": "2026-05-13T09:00:00Z"}).raise_for_status()
        seal(core.windows, "amazon", Stream.ORDERS, Pulls([pull(url, core)]), {})
        assert core.windows.open_gaps(ORDERS) == []
        assert core.windows.cursor(ORDERS, OPENS) == utc(2026, 5, 13, 9) - timedelta(minutes=3)


def test_a_gap_that_waits_for_an_order_says_until_when(url: str, core: HttpCore, postgres: Postgres) -> None:
    core.push_events.keep(
        [KeptEvent("amazon", "na", "e-1", "orders", "111-7777777-7777777", utc(2026, 5, 23, 12), "ORDER_CHANGE")]
    )
    seal(core.windows, "amazon", Stream.ORDERS, Pulls([pull(url, core)]), {})
    ((lacked_by,),) = postgres.fetch("SELECT lacked_by FROM ops.ingest_gap WHERE closed_at IS NULL")
    assert "until 2026-05-24 12:00 UTC: from then on the platform's word holds" in lacked_by


def test_late_evidence_reopens_a_sealed_window_and_is_named(url: str, core: HttpCore, postgres: Postgres) -> None:
    pulled = pull(url, core, DAYS[:2])
    seal(core.windows, "amazon", Stream.ORDERS, Pulls([pulled]), {})
    late = pulled.rows["order_id"][0]
    seal(core.windows, "amazon", Stream.ORDERS, Pulls([pulled]), {"na": [late]})
    (gap,) = postgres.fetch("SELECT record_id, lacked_by, closed_at IS NOT NULL FROM ops.ingest_gap")
    assert gap == (late, "a sealed window; it came late", True)
    assert postgres.fetch("SELECT sum(reopened) FROM ops.ingest_window")[0][0] == 1


def test_kept_answers_are_not_readable_without_the_key(url: str, core: HttpCore, postgres: Postgres) -> None:
    pull(url, core)
    rows = postgres.fetch("SELECT body FROM ops.answer_body")
    assert rows
    assert not any(b"orderId" in bytes(body) for (body,) in rows)


def test_a_pushed_quantity_and_a_confirmed_parcel_show_when_read_again(url: str, core: HttpCore) -> None:
    client = AmazonClient(sandbox_store(url), core)
    own = next(
        item for items in client.search_listings() for item in items
        if item["fulfillmentAvailability"][0]["fulfillmentChannelCode"] == "DEFAULT"
    )  # fmt: skip
    (receipt,) = client.push_stock([StockChange("ATVPDKIKX0DER", own["sku"], own["sku"], 7)])
    assert receipt.accepted
    again = next(item for items in client.search_listings() for item in items if item["sku"] == own["sku"])
    assert again["fulfillmentAvailability"][0]["quantity"] == 7

    order = next(o for o in world_orders(url, "NA") if o["fulfilledBy"] == "MERCHANT" and o["status"] == "SHIPPED")
    line = order["lines"][0]
    parcel = Parcel(
        order["orderId"], order["marketplaceId"], "P-1", "Yanwen", "YW123", utc(2026, 5, 16),
        {line["orderItemId"]: line["quantityOrdered"]},
    )  # fmt: skip
    assert [client.confirm_shipment(parcel).accepted for _ in range(2)] == [True, True]
    told = client.get_order(order["orderId"])
    assert told is not None
    assert [package["trackingNumber"] for package in told["packages"]].count("YW123") == 1


def test_a_refused_push_and_a_refused_parcel_are_receipts_with_the_reason(url: str, core: HttpCore) -> None:
    client = AmazonClient(sandbox_store(url), core)
    (receipt,) = client.push_stock([StockChange("ATVPDKIKX0DER", "no such SKU", "no such SKU", 7)])
    assert (receipt.accepted, bool(receipt.reason)) == (False, True)
    nobody = Parcel("111-0000000-0000000", "ATVPDKIKX0DER", "P", "UPS", "1Z", utc(2026, 5, 16), {"1": 1})
    assert not client.confirm_shipment(nobody).accepted
    assert client.get_order("111-0000000-0000000") is None
