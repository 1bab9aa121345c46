"""Every registered platform, two stores each, over real HTTP: exactly the world's orders, sealed."""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.pulls import Pull, Pulls, pull_stream, seal
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.operations import trial
from linkstar_pipelines.schemas.platforms import PLATFORMS, Stream
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.ingest_windows import StreamOf
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.support import utc
from tests.support import TOKEN_KEY, running_sandbox, world_orders

OPENS = date(2026, 4, 20)
ENDS = "2026-05-24T01:00:00Z"  # ten days after the last order: everything that could come late has come
ACCOUNTS = trial.accounts(PLATFORMS)
STORES = [(platform, account.lower()) for platform in PLATFORMS for account in trial.accounts([platform]).split(",")]


def flags(orders_per_day: int, days: int) -> tuple[str, ...]:
    closes = OPENS + timedelta(days=days)
    return (
        "--opens", OPENS.isoformat(), "--closes", closes.isoformat(), "--orders-per-day", str(orders_per_day),
        "--products", "20", "--accounts", ACCOUNTS, "--rate-scale", "100000", "--fault-delay", "0.02",
        "--clock", f"frozen:{ENDS}",
    )  # fmt: skip


@pytest.fixture
def restored() -> Iterator[None]:
    """The environment of the process as it was."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def pull(settings: Settings, core: HttpCore, name: str, readings: int = 2) -> Pull:
    platform = platform_named(settings.stores[name])
    days = [OPENS + timedelta(days=n) for n in range(35)]
    client = platform.client(platform.store.load(name), core)
    return pull_stream(client, platform, Stream.ORDERS, days, readings=readings, keep_personal=False)


def newest(rows: pl.DataFrame) -> dict[str, str]:
    frame = rows.sort("updated_at").group_by("order_id").agg(pl.col("updated_at").last())
    return {order: at.strftime("%Y-%m-%dT%H:%M:%SZ") for order, at in frame.iter_rows()}


def world(url: str, name: str) -> set[str]:
    return {order["orderId"] for order in world_orders(url, name.upper())}


def test_every_store_of_every_platform_gives_exactly_the_worlds_orders_sealed(
    tmp_path: Path, postgres: Postgres, restored: None
) -> None:
    with (
        running_sandbox(tmp_path, *flags(30, 5)) as url,
        HttpCore(postgres, timeout=10, max_attempts=4, max_wait=60, token_key=TOKEN_KEY) as core,
    ):
        settings = trial.connect(url, OPENS, platforms=list(PLATFORMS))
        for platform, name in STORES:
            pulled = pull(settings, core, name)
            assert pulled.rejected.is_empty(), (name, pulled.rejected)
            assert set(newest(pulled.rows)) == world(url, name), name
            seal(core.windows, platform, Stream.ORDERS, Pulls([pulled]), {})
            where = StreamOf(platform, name, "orders")
            assert core.windows.cursor(where, OPENS) == utc(2026, 5, 24, 1) - timedelta(minutes=3), name
            assert core.windows.open_gaps(where) == []
