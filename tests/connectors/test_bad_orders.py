"""Bad orders among good ones, on every platform, over real HTTP: all others get through, each bad one is held."""

import os
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

import httpx
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Window
from linkstar_pipelines.connectors.pulls import pull_stream
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.domain.orders import order_lines, orders
from linkstar_pipelines.domain.quarantine import concat_rejects
from linkstar_pipelines.operations import trial
from linkstar_pipelines.schemas.platforms import PLATFORMS, Stream
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.support import utc
from tests.support import TOKEN_KEY, running_sandbox

OPENS, CLOSES = date(2026, 5, 10), date(2026, 5, 14)
WAYS = {"unknown_sku", "implausible_date", "missing_currency", "broken_text"}
ACCOUNTS = [trial.accounts([platform]).split(",")[0] for platform in PLATFORMS]


class Core(NamedTuple):
    """What became of a store's orders: the core tables, and what was refused on the way."""

    orders: pl.DataFrame
    lines: pl.DataFrame
    held: pl.DataFrame


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    flags = (
        "--opens", str(OPENS), "--closes", str(CLOSES), "--orders-per-day", "200", "--products", "20",
        "--accounts", ",".join(ACCOUNTS), "--rate-scale", "100000", "--clock", "frozen:2026-05-20T01:00:00Z",
    )  # fmt: skip
    with running_sandbox(tmp_path_factory.mktemp("bad-orders"), *flags) as listening:
        yield listening


@pytest.fixture
def restored() -> Iterator[None]:
    """The environment of the process as it was."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def set_bad(url: str, share: float) -> dict[str, Any]:
    answer = httpx.post(f"{url}/_control/faults", json={"faults": {"bad_orders": share}})
    told: dict[str, Any] = answer.raise_for_status().json()
    return told


def spoiled(url: str) -> dict[str, str]:
    """What the sandbox knows to be wrong, by order."""
    told: dict[str, str] = httpx.get(f"{url}/_control/faults").raise_for_status().json()["spoiled"]
    return told


def read(settings: Settings, core: HttpCore, name: str) -> Core:
    platform = platform_named(settings.stores[name])
    client = platform.client(platform.store.load(name), core)
    days = [OPENS + timedelta(days=n) for n in range(10)]
    listings = pull_stream(client, platform, Stream.LISTINGS, [], readings=1, keep_personal=False).rows
    known = listings.select("platform", "store", listing_sku="seller_sku").unique()
    pulled = pull_stream(client, platform, Stream.ORDERS, days, readings=2, keep_personal=False)
    zones = pl.DataFrame({"store": [name], "time_zone": ["UTC"]})
    good, refused = orders(pulled.rows, platform.orders, zones)
    lines, held = order_lines(pulled.rows, platform.orders, ListingMap.create_empty(), zones, known)
    return Core(
        good.drop("payload_hash").sort("order_id"),
        lines.sort("order_id", "line_id"),
        concat_rejects(pulled.rejected, refused, held),
    )


@pytest.mark.parametrize("place", range(len(PLATFORMS)), ids=list(PLATFORMS))
def test_one_bad_order_in_each_page_is_held_with_its_type_and_all_others_get_through(
    place: int, url: str, postgres: Postgres, restored: None
) -> None:
    platform, name = list(PLATFORMS)[place], ACCOUNTS[place].lower()
    settings = trial.connect(url, OPENS, platforms=list(PLATFORMS))
    with HttpCore(postgres, timeout=10, max_attempts=4, max_wait=60, token_key=TOKEN_KEY) as core:
        set_bad(url, 0)
        clean = read(settings, core, name)
        set_bad(url, 0.3)
        found = read(settings, core, name)
        pages = pages_of(core, settings, name)
        set_bad(url, 0)
    assert clean.held.is_empty(), clean.held
    mine = set(clean.orders["order_id"])
    bad = {order: way for order, way in spoiled(url).items() if order in mine}
    assert set(bad.values()) == WAYS, len(mine)
    assert all(bad.keys() & page for page in pages if len(page) > 20)

    unreadable = {order for order, way in bad.items() if way != "unknown_sku"}
    assert_frame_equal(found.orders, without(clean.orders, unreadable))  # an unknown SKU holds lines, no order
    assert_frame_equal(found.lines, without(clean.lines, bad))
    keys = pl.col("source_key").str.split("/").list
    types = dict(found.held.select(keys.get(2), "reason_type").iter_rows())
    assert types == bad
    assert set(keys_of(found.held)) == {platform}


def keys_of(held: pl.DataFrame) -> list[str]:
    return held["source_key"].str.split("/").list.first().to_list()


def without(frame: pl.DataFrame, orders_out: Iterable[str]) -> pl.DataFrame:
    return frame.filter(~pl.col("order_id").is_in(list(orders_out)))


def pages_of(core: HttpCore, settings: Settings, name: str) -> list[set[str]]:
    """The order ids on every page of the listing."""
    platform = platform_named(settings.stores[name])
    client = platform.client(platform.store.load(name), core)
    identify = platform.streams[Stream.ORDERS].identify
    window = Window(utc(2026, 5, 10), utc(2026, 5, 20))
    return [{identify(record) for record in page.records} for page in client.read(Stream.ORDERS, window, 0)]
