"""What was kept, parsed again: the same rows on every platform and stream, without asking anybody."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.parser_version import parser_version
from linkstar_pipelines.connectors.platform import Platform
from linkstar_pipelines.connectors.pulls import Pull, pull_stream
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.connectors.replay import parse
from linkstar_pipelines.domain import orders as orders_of
from linkstar_pipelines.operations import trial
from linkstar_pipelines.operations.replay import kept_pulls, replay_pulls
from linkstar_pipelines.schemas.platforms import PLATFORMS, Stream
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.schemas.quality import Quarantine
from linkstar_pipelines.schemas.streams import RAW_TABLES, identity_of
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.answer_bodies import AnswerPull, NothingKeptError
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.postgres import Postgres
from linkstar_pipelines.storage.publishing import Mode
from tests.connectors.support import utc
from tests.support import TOKEN_KEY, running_sandbox

OPENS = date(2026, 4, 20)
DAYS = [OPENS + timedelta(days=n) for n in range(35)]
STORES = {
    "amazon": "eu", "ebay": "ebeu", "walmart": "wm1", "shopee": "spsg", "aliexpress": "ae1", "shopify": "sfde",
    "tiktok": "ttgb",
}  # fmt: skip
FLAGS = (
    "--opens", OPENS.isoformat(), "--closes", "2026-05-04", "--orders-per-day", "16", "--products", "10",
    "--rate-scale", "100000", "--clock", "frozen:2026-05-24T01:00:00Z",
    "--accounts", ",".join(name.upper() for name in STORES.values()),
)  # fmt: skip
STREAMS = [(platform.name, stream) for platform in PLATFORMS.values() for stream in platform.streams]
ALWAYS = (utc(2000, 1, 1), utc(2100, 1, 1))


@dataclass(frozen=True)
class Wire:
    """A sandbox with one store of every platform, and a core whose answers are kept; every stream is pulled once."""

    core: HttpCore
    postgres: Postgres
    settings: Settings
    pulls: dict[tuple[str, Stream], tuple[Pull, AnswerPull]]

    def pulled(self, name: str, stream: Stream) -> tuple[Pull, AnswerPull]:
        if (name, stream) not in self.pulls:
            platform = platform_named(name)
            client = platform.client(platform.store.load(STORES[name]), self.core)
            done = pull_stream(client, platform, stream, DAYS, readings=2, keep_personal=False)
            self.core.call_log.flush()
            self.pulls[name, stream] = done, self.core.bodies.pulls(name, *ALWAYS, stream=stream.value)[-1]
        return self.pulls[name, stream]

    def calls(self) -> int:
        self.core.call_log.flush()
        ((calls,),) = self.postgres.fetch("SELECT count(*) FROM ops.api_call")
        return int(calls)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory, wire_database: Postgres) -> Iterator[Wire]:
    before = dict(os.environ)
    with (
        running_sandbox(tmp_path_factory.mktemp("replay"), *FLAGS) as url,
        HttpCore(wire_database, timeout=10, max_attempts=4, max_wait=60, token_key=TOKEN_KEY) as core,
    ):
        wire_database.execute("TRUNCATE ops.store_token, ops.answer_pull, ops.answer, ops.answer_body")
        yield Wire(core, wire_database, trial.connect(url, OPENS, platforms=list(PLATFORMS)), {})
    os.environ.clear()
    os.environ.update(before)


def parsed_again(wire: Wire, platform: Platform, of: AnswerPull) -> tuple[pl.DataFrame, pl.DataFrame]:
    parts = list(parse(platform, platform.store.load(of.store), wire.core.bodies, of))
    return pl.concat(part.rows for part in parts), pl.concat(part.rejected for part in parts)


@pytest.mark.parametrize(("name", "stream"), STREAMS, ids=[f"{name}-{stream.value}" for name, stream in STREAMS])
def test_kept_answers_give_the_rows_of_the_pull_again_and_nobody_is_asked(
    name: str, stream: Stream, wire: Wire
) -> None:
    pulled, kept = wire.pulled(name, stream)
    calls = wire.calls()
    rows, rejected = parsed_again(wire, platform_named(name), kept)
    key = RAW_TABLES[name, stream].primary_key()
    assert pulled.rows.height > 0
    assert rows.sort(key).equals(pulled.rows.sort(key).select(rows.columns))
    assert rejected.sort("source_key").equals(pulled.rejected.sort("source_key"))
    assert wire.calls() == calls
    assert kept.parser == parser_version(name)


@pytest.mark.parametrize("name", PLATFORMS)
def test_an_order_that_was_asked_for_by_its_id_is_parsed_again_too(name: str, wire: Wire) -> None:
    platform, (pulled, _) = platform_named(name), wire.pulled(name, Stream.ORDERS)
    order_id = pulled.rows["order_id"][0]
    client = platform.client(platform.store.load(STORES[name]), wire.core)
    pull = replace(pull_of(STORES[name]), platform=name)
    with wire.core.landing(pull, platform.records[Stream.ORDERS].decoders):
        order = client.get_order(order_id)
    (part,) = parse(platform, client.store, wire.core.bodies, pull)
    wire.postgres.execute("DELETE FROM ops.answer_pull WHERE id = %s", pull.id)
    form = platform.streams[Stream.ORDERS]
    rows, _ = raw_rows(name, STORES[name], Stream.ORDERS, form, [order], pull.observed_at)
    assert rows["order_id"].to_list() == [order_id]
    assert part.rows.equals(rows.select(part.rows.columns))


def test_a_long_pull_is_parsed_in_parts(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    platform, (pulled, kept) = platform_named("shopify"), wire.pulled("shopify", Stream.ORDERS)
    monkeypatch.setattr("linkstar_pipelines.connectors.replay._AT_ONCE", 5)
    parts = list(parse(platform, platform.store.load(kept.store), wire.core.bodies, kept))
    assert len(parts) == -(-pulled.rows.height // 5)
    assert sum(part.records for part in parts) == pulled.rows.height
    assert set(pl.concat(part.rows for part in parts)["payload_hash"]) == set(pulled.rows["payload_hash"])


# --- publishing again ----------------------------------------------------------------------------------------------


def publish(lake: Lake, name: str, stream: Stream, rows: pl.DataFrame, rejected: pl.DataFrame | None = None) -> None:
    key = pl.concat_str("platform", "store", identity_of(name, stream), separator="/")
    lake.publish(RAW_TABLES[name, stream], rows, mode=Mode.UPSERT, rejected=rejected, source_key=key)


def held(lake: Lake, name: str, stream: Stream) -> pl.DataFrame:
    schema = RAW_TABLES[name, stream]
    return lake.read(schema).sort(schema.primary_key())


def quarantined(lake: Lake) -> int:
    return lake.count(Quarantine)


def test_what_a_wrong_parser_refused_a_mended_one_brings_without_asking_the_platform(
    wire: Wire, settings: Settings, lake: Lake
) -> None:
    right = platform_named("walmart")
    form = right.streams[Stream.ORDERS]

    def rows(payload: dict[str, Any]) -> Any:
        return "order has no total" if str(payload.get("purchaseOrderId"))[-1] in "02468" else form.rows(payload)

    wrong = replace(right, streams={**right.streams, Stream.ORDERS: replace(form, rows=rows)})
    client = right.client(right.store.load(STORES["walmart"]), wire.core)
    pulled = pull_stream(client, wrong, Stream.ORDERS, DAYS, readings=2, keep_personal=False)
    publish(lake, "walmart", Stream.ORDERS, pulled.rows, pulled.rejected)
    refused, calls = quarantined(lake), wire.calls()
    assert refused > 0

    kept = wire.core.bodies.pulls("walmart", *ALWAYS, stream="orders")[-1]
    done = replay_pulls(settings, lake, wire.core.bodies, right, [kept])

    assert (done.same, done.new, done.mended, done.refused) == (pulled.rows.height, refused, 0, 0)
    assert done.days <= set(held(lake, "walmart", Stream.ORDERS)["changed_on"])
    assert done.days
    assert quarantined(lake) == 0
    assert held(lake, "walmart", Stream.ORDERS).height == pulled.rows.height + refused
    assert wire.calls() == calls


def test_what_is_still_refused_stays_in_quarantine(wire: Wire, settings: Settings, lake: Lake) -> None:
    right, (_, kept) = platform_named("walmart"), wire.pulled("walmart", Stream.ORDERS)
    form = replace(right.streams[Stream.ORDERS], rows=lambda _: "order has no total")
    wrong = replace(right, streams={**right.streams, Stream.ORDERS: form})
    done = replay_pulls(settings, lake, wire.core.bodies, wrong, [kept])
    assert (done.new, done.refused) == (0, quarantined(lake))
    assert done.refused > 0


def test_a_column_that_was_read_wrongly_is_mended_in_its_place(wire: Wire, settings: Settings, lake: Lake) -> None:
    pulled, kept = wire.pulled("shopee", Stream.ORDERS)
    first_seen = kept.observed_at - timedelta(hours=5)
    wrong = pulled.rows.with_columns(marketplace_id=pl.lit("NOWHERE"), observed_at=pl.lit(first_seen))
    publish(lake, "shopee", Stream.ORDERS, wrong.cast(pulled.rows.schema))

    done = replay_pulls(settings, lake, wire.core.bodies, platform_named("shopee"), [kept])

    rows = held(lake, "shopee", Stream.ORDERS)
    assert (done.same, done.new, done.mended) == (0, 0, pulled.rows.height)
    assert rows.drop("observed_at").equals(
        pulled.rows.sort(RAW_TABLES["shopee", Stream.ORDERS].primary_key()).select(rows.columns).drop("observed_at")
    )
    assert rows["observed_at"].unique().to_list() == [first_seen]

    again = replay_pulls(settings, lake, wire.core.bodies, platform_named("shopee"), [kept])
    assert (again.same, again.new, again.mended, again.days) == (pulled.rows.height, 0, 0, set())
    assert held(lake, "shopee", Stream.ORDERS).equals(rows)


def test_an_older_state_of_a_listing_never_replaces_a_newer(wire: Wire, settings: Settings, lake: Lake) -> None:
    pulled, kept = wire.pulled("ebay", Stream.LISTINGS)
    newer = pulled.rows.head(3).with_columns(
        seller_sku=pl.lit("NEW"), observed_at=pl.col("observed_at") + pl.duration(days=1)
    )
    publish(lake, "ebay", Stream.LISTINGS, newer)
    done = replay_pulls(settings, lake, wire.core.bodies, platform_named("ebay"), [kept])
    rows = held(lake, "ebay", Stream.LISTINGS)
    assert (done.same, done.new, done.mended) == (3, pulled.rows.height - 3, 0)
    assert rows.filter(pl.col("seller_sku") == "NEW").height == 3


# --- what is kept --------------------------------------------------------------------------------------------------


def pull_of(store: str, begun_at: datetime | None = None) -> AnswerPull:
    return AnswerPull("amazon", store, "orders", None, None, utc(2026, 5, 1), begun_at or datetime.now(UTC))


def test_the_same_answer_twice_is_one_body(wire: Wire) -> None:
    bodies, pull = wire.core.bodies, pull_of("twice")
    bodies.begin(pull)
    for _ in range(2):
        bodies.keep(pull, "searchOrders", {}, b'{"orders": []}')
    bodies.end(pull)
    ((kept,),) = wire.postgres.fetch("SELECT count(*) FROM ops.answer_body WHERE store = 'twice'")
    first, second = bodies.answers(pull)
    assert kept == 1
    assert first.sha256 == second.sha256
    assert bodies.content(pull, second) == b'{"orders": []}'


def test_neither_a_body_nor_what_was_asked_is_readable_without_the_key(wire: Wire) -> None:
    bodies, pull = wire.core.bodies, pull_of("sealed")
    bodies.begin(pull)
    bodies.keep(pull, "getOrder", {"buyer": "Li Lei"}, b'{"order": {"buyer": "Li Lei"}}')
    ((body, asked),) = wire.postgres.fetch(
        "SELECT b.body, a.asked FROM ops.answer a JOIN ops.answer_body b USING (store, sha256) WHERE store = 'sealed'"
    )
    assert b"Li Lei" not in bytes(body) + bytes(asked)
    assert bodies.answers(pull)[0].asked == {"buyer": "Li Lei"}


def test_a_pull_that_broke_off_is_not_parsed_again(wire: Wire) -> None:
    pull = pull_of("broken")
    with pytest.raises(KeyboardInterrupt), wire.core.landing(pull, ["searchOrders"]):
        raise KeyboardInterrupt
    assert [kept for kept in wire.core.bodies.pulls("amazon", *ALWAYS) if kept.store == "broken"] == []


def test_days_whose_answers_are_gone_are_refused_and_the_span_is_named(wire: Wire) -> None:
    _, kept = wire.pulled("tiktok", Stream.ORDERS)
    today = kept.begun_at.date()
    assert kept in kept_pulls(wire.core.bodies, "tiktok", (today, today))
    with pytest.raises(NothingKeptError, match=f"TikTok Shop are kept from {today} to {today}"):
        kept_pulls(wire.core.bodies, "tiktok", (today - timedelta(days=100), today))
    with pytest.raises(NothingKeptError, match="No answers that fit"):
        kept_pulls(wire.core.bodies, "tiktok", (today, today), store="nobody")


def test_answers_are_kept_for_their_days_and_then_gone_with_their_pull(wire: Wire) -> None:
    bodies, pull = wire.core.bodies, pull_of("old")
    bodies.begin(pull)
    bodies.keep(pull, "searchOrders", {}, b'{"orders": [1]}')
    bodies.end(pull)
    bodies.prune(90)
    assert len(bodies.answers(pull)) == 1
    wire.postgres.execute("UPDATE ops.answer_pull SET begun_at = now() - interval '91 days' WHERE store = 'old'")
    wire.postgres.execute("UPDATE ops.answer_body SET received_at = now() - interval '91 days' WHERE store = 'old'")
    assert bodies.prune(90) == 1
    assert bodies.answers(pull) == []


# --- the fold ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLATFORMS)
@settings_of(max_examples=3, deadline=None)
@given(data=st.data())
def test_orders_are_the_same_in_whatever_order_and_however_often_they_were_observed(
    name: str, wire: Wire, data: st.DataObject
) -> None:
    pulled, _ = wire.pulled(name, Stream.ORDERS)
    rows = pulled.rows.head(5)
    before = rows.with_columns(
        updated_at=pl.col("updated_at") - pl.duration(hours=1), payload_hash=pl.col("payload_hash").str.reverse()
    )
    versions = RAW_TABLES[name, Stream.ORDERS].cast(pl.concat([rows, before]))
    zones = rows.select("platform", "store").unique().with_columns(time_zone=pl.lit("UTC"))
    mixed = data.draw(st.permutations(range(versions.height)))
    again = data.draw(st.lists(st.integers(0, versions.height - 1), max_size=6))

    def core_rows(observed: pl.DataFrame) -> list[pl.DataFrame]:
        form = platform_named(name).orders
        lines = orders_of.order_lines(observed, form, ListingMap.create_empty(), zones)
        return [*orders_of.orders(observed, form, zones), *lines]

    expected, found = core_rows(versions), core_rows(versions[[*mixed, *again]])
    assert expected[0].height == rows["order_id"].n_unique()
    assert all(table.equals(other) for table, other in zip(found, expected, strict=True))
