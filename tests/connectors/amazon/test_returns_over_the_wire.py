"""Amazon's returns against a simulated Amazon over real HTTP: exactly the world's, whatever the faults."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import httpx
import pytest

from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.amazon.platform import PLATFORM
from linkstar_pipelines.connectors.amazon.returns import returns
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.pulls import Pull, Pulls, pull_stream, seal
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import DAY, parse
from linkstar_pipelines.sandbox.world.life import Return
from linkstar_pipelines.sandbox.world.order import Order
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.ingest_windows import StreamOf
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.support import sandbox_store, utc
from tests.support import TOKEN_KEY, running_sandbox

OPENS, NOW = date(2026, 4, 10), "2026-05-20T06:00:00Z"
DAYS = [OPENS + timedelta(days=n) for n in range(41)]
FLAGS = (
    "--opens", OPENS.isoformat(), "--orders-per-day", "20", "--products", "30", "--accounts", "NA,EU",
    "--rate-scale", "100000", "--fault-delay", "0.02", "--clock", f"frozen:{NOW}",
)  # fmt: skip


@cache
def world() -> World:
    return World(parse_options(FLAGS).world).reach(parse(NOW))


def told(code: str) -> list[tuple[Order, Return]]:
    """The returns that Amazon can tell of by now: arrived at its warehouse, or announced to the seller."""
    now = parse(NOW)
    known = world().store(code.upper()).returns
    return [(order, back) for order, back in known if back.at <= now + (0 if order.fba else 2 * DAY)]


def units(code: str) -> Counter[tuple[str, str]]:
    """Units that come back, by order and SKU."""
    found: Counter[tuple[str, str]] = Counter()
    for order, back in told(code):
        found[order.id, order.lines[back.line].listing.seller_sku] += back.quantity
    return found


def pull(url: str, core: HttpCore, code: str) -> Pull:
    client = AmazonClient(sandbox_store(url, code), core)
    return pull_stream(client, PLATFORM, Stream.RETURNS, DAYS, readings=2, keep_personal=False)


def units_read(pulled: Pull) -> Counter[tuple[str, str]]:
    current, refused = returns(pulled.rows)
    assert refused.is_empty(), refused["reason"].to_list()
    found: Counter[tuple[str, str]] = Counter()
    for order, sku, quantity in current.select("order_id", "listing_sku", "quantity").iter_rows():
        found[order, sku] += quantity
    return found


@pytest.fixture
def core(postgres: Postgres) -> Iterator[HttpCore]:
    with HttpCore(postgres, timeout=5, max_attempts=60, max_wait=60, token_key=TOKEN_KEY) as core:
        yield core


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("returns"), *FLAGS) as url:
        yield url


@pytest.mark.parametrize("code", ["na", "eu"])
def test_without_faults_two_readings_find_exactly_the_worlds_returns(url: str, core: HttpCore, code: str) -> None:
    pulled = pull(url, core, code)
    assert pulled.rejected.is_empty(), pulled.rejected["reason"].to_list()
    assert pulled.readings == 2
    assert units_read(pulled) == units(code)
    assert pulled.rows.unique("return_id").height == pulled.rows.height > 15
    seal(core.windows, "amazon", Stream.RETURNS, Pulls([pulled]), {})
    assert core.windows.cursor(StreamOf("amazon", code, "returns"), OPENS) == utc(2026, 5, 20, 6) - timedelta(minutes=3)


def test_states_dispositions_and_refunds_are_the_worlds(url: str, core: HttpCore) -> None:
    expected = {
        order.id + order.lines[back.line].listing.seller_sku: _expected(order, back, parse(NOW))
        for order, back in told("eu")
    }
    current, _ = returns(pull(url, core, "eu").rows)
    for row in current.iter_rows(named=True):
        judged = {"sellable": True, None: None}.get(row["disposition"], False)
        found = (row["custody"], row["refund"], judged, row["refund_amount"])
        assert found == expected[row["order_id"] + row["listing_sku"]]
    assert set(current["custody"]) == {"received", "advised"}
    assert "unknown" not in {*current["disposition"], *current["refund"]}


def _expected(order: Order, back: Return, now: int) -> tuple[str, str | None, bool | None, Decimal | None]:
    if order.fba:
        return "received", None, back.sellable, None
    if back.at > now:
        return "advised", "approved", None, None
    return "received", "refunded", None, Decimal(order.market.text(order.lines[back.line].price.paid * back.quantity))


def test_one_look_asks_for_no_more_reports_than_the_plan_gives_at_once(url: str, core: HttpCore) -> None:
    httpx.post(f"{url}/_control/log/clear").raise_for_status()
    client = AmazonClient(sandbox_store(url), core)
    pull_stream(client, PLATFORM, Stream.RETURNS, DAYS[-3:], readings=2, keep_personal=False)
    counts = Counter[str]()
    for entry in httpx.get(f"{url}/_control/log").json()["counts"]:
        counts[entry["operation"]] += entry["count"]
    assert counts["createReport"] == 4
    assert counts["getReports"] == 2
    assert counts["getReportDocument"] <= 4


@pytest.mark.drill
def test_with_every_fault_at_a_fifth_the_returns_are_still_exactly_the_worlds(tmp_path: Path, core: HttpCore) -> None:
    with running_sandbox(tmp_path, *FLAGS, "--fault", "all=0.2") as faulty:
        assert units_read(pull(faulty, core, "na")) == units("na")
    assert core.faults("amazon", "na") > 10
