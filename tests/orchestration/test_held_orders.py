"""The graph follows the catalogue: an unmapped listing holds its orders alone, and lines sell what it is mapped to."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import dagster as dg
import polars as pl
import pytest
from typer.testing import CliRunner

from linkstar_pipelines.cli import app
from linkstar_pipelines.definitions import build_defs
from linkstar_pipelines.domain.products.decisions import decision, journal
from linkstar_pipelines.operations.holds import held_orders
from linkstar_pipelines.orchestration.held_orders import NOTHING_TO_RELEASE, RELEASED_TAG, held_orders_sensor
from linkstar_pipelines.orchestration.jobs import range_tags
from linkstar_pipelines.schemas.products import RawCatalogDecisions
from linkstar_pipelines.schemas.raw import RawAmazonListings, RawAmazonOrders
from linkstar_pipelines.schemas.stock import Movements
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.publishing import Mode
from tests.domain.amazon_payloads import Payload, line, listing, order, raw_listings, raw_orders

ODD, FINE, NEVER_LISTED = "AMZ.GR.X7-QQ", "LS-KITCH-0001", "LS-KITCH-0009"
DAY = "2026-04-30"
FOLLOWING_CHECKS = {"movements_match_lines", "mapped_listings_move_stock", "mapped_skus_stand", "demand_matches_lines"}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
SAID_AT = datetime(2026, 5, 2, tzinfo=UTC)


def shipped(line_id: str, sku: str) -> Payload:
    return line(line_id, sku, fulfillment={"quantityFulfilled": 2, "quantityUnfulfilled": 0})


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Dagster's instance of the test."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def house(lake: Lake, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Three orders: one of a listing that fits no rule and a fine one, one of the fine one, one of a code unlisted."""
    monkeypatch.setenv("LINKSTAR_AMAZON_STORES", "na")
    monkeypatch.setenv("LINKSTAR_AMAZON_NA_TIME_ZONE", "America/Los_Angeles")
    lake.publish(RawAmazonListings, raw_listings(listing(ODD), listing(FINE)), mode=Mode.REPLACE)
    orders = raw_orders(
        order("1", status="SHIPPED", lines=[shipped("L1", ODD), shipped("L2", FINE)]),
        order("2", status="SHIPPED", lines=[shipped("L1", FINE)]),
        order("3", status="SHIPPED", lines=[shipped("L1", NEVER_LISTED), shipped("L2", FINE)]),
    )
    lake.publish(RawAmazonOrders, orders, mode=Mode.ADD_NEW)
    run(instance, range_tags(DAY, DAY))
    return lake


@cache
def the_job(name: str) -> dg.JobDefinition:
    return build_defs().resolve_job_def(name)


def run(instance: dg.DagsterInstance, tags: Mapping[str, str], job: str = "orders_released") -> None:
    result = the_job(job).execute_in_process(instance=instance, tags=dict(tags), run_config=QUIET)
    assert result.success
    failed = {found.check_name for found in result.get_asset_check_evaluations() if not found.passed}
    assert not failed & FOLLOWING_CHECKS


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
        return held_orders_sensor.evaluate_tick(context)


def take_in(instance: dg.DagsterInstance) -> None:
    """Let the sensor see decisions, and do what it asks for."""
    (request,) = tick(instance).run_requests or []
    assert request.job_name == "catalogue"
    run(instance, request.tags, "catalogue")


def say(lake: Lake, listing_sku: str, **content: object) -> None:
    subject = f"amazon/na/{listing_sku}"
    row = decision("map", subject, content, batch=f"desk-{listing_sku}", decided_at=SAID_AT, decided_by="ada")
    lake.publish(RawCatalogDecisions, journal([row]), mode=Mode.ADD_NEW)


def holds(lake: Lake) -> dict[str, str | None]:
    """Hold of every line that is there."""
    lines = lake.query("SELECT order_id || '/' || line_id AS line, hold FROM core.order_lines")
    return dict(lines.iter_rows())


def test_held_orders_go_once_their_listing_is_mapped_and_nothing_else_changes(
    house: Lake, instance: dg.DagsterInstance
) -> None:
    assert holds(house) == {"1/L1": "unmapped_listing", "1/L2": "unmapped_listing", "2/L1": None, "3/L2": "unknown_sku"}
    assert held_orders(house).select("order_id", "hold", "lines", "listings").sort("order_id").rows() == [
        ("1", "unmapped_listing", 1, ODD), ("3", "unknown_sku", 1, NEVER_LISTED),
    ]  # fmt: skip
    assert tick(instance).skip_message == NOTHING_TO_RELEASE

    say(house, ODD, sku="NO-SUCH-SKU", multiplier=1)
    take_in(instance)
    assert tick(instance).skip_message == NOTHING_TO_RELEASE, "a SKU that is not there lets nothing go"
    before = house.query("SELECT * FROM core.order_lines WHERE order_id <> '1' ORDER BY ALL")

    say(house, NEVER_LISTED, sku=FINE, multiplier=1, valid_from="2026-05-01T00:00:00Z")
    take_in(instance)
    assert tick(instance).skip_message == NOTHING_TO_RELEASE, "the order was placed before the span"

    row = decision(
        "map", f"amazon/na/{ODD}", {"sku": FINE, "multiplier": 3}, batch="desk", decided_at=SAID_AT, decided_by="ada"
    )
    house.publish(RawCatalogDecisions, journal([row]), mode=Mode.ADD_NEW)
    take_in(instance)
    asked = tick(instance)
    (request,) = asked.run_requests or []
    assert request.tags.items() >= range_tags(DAY, DAY).items()
    assert not tick(instance, asked.cursor).run_requests, "asked for once"

    run(instance, request.tags)
    assert holds(house) == {"1/L1": None, "1/L2": None, "2/L1": None, "3/L2": "unknown_sku"}
    mapped = house.query("SELECT sku, multiplier FROM core.order_lines WHERE order_id = '1' AND line_id = 'L1'")
    assert mapped.rows() == [(FINE, 3)]
    moved = house.query("SELECT order_id, line_id, quantity FROM stock.movements ORDER BY ALL").rows()
    assert moved == [("1", "L1", -6), ("1", "L2", -2), ("2", "L1", -2), ("3", "L2", -2)]
    assert house.query("SELECT * FROM core.order_lines WHERE order_id <> '1' ORDER BY ALL").equals(before)
    assert tick(instance, asked.cursor).skip_message == NOTHING_TO_RELEASE


def test_a_code_that_was_never_listed_goes_once_somebody_says_what_it_sells(
    house: Lake, instance: dg.DagsterInstance
) -> None:
    say(house, NEVER_LISTED, sku=FINE, multiplier=1)
    take_in(instance)
    (request,) = tick(instance).run_requests or []
    run(instance, request.tags)
    assert holds(house)["3/L1"] is None
    assert holds(house)["3/L2"] is None
    left = house.query("SELECT source_key FROM quality.quarantine WHERE table_name = 'core.order_lines'")
    assert left.equals(pl.DataFrame(schema={"source_key": pl.String}))

    house.publish(RawAmazonListings, raw_listings(listing(ODD)), mode=Mode.REPLACE)
    run(instance, range_tags(DAY, DAY))
    assert sold(house)["2/L1"] == (FINE, 1, None), "what a listing sold before it was gone stays"
    assert tick(instance).skip_message == NOTHING_TO_RELEASE


def test_a_person_who_says_what_a_listing_sells_sees_its_orders_go_at_once(house: Lake) -> None:
    told = CliRunner().invoke(app, ["catalog", "unmap", f"amazon/na/{ODD}", "--by", "ada"], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    assert sold(house)["1/L1"] == (None, 1, None)
    assert sold(house)["1/L2"] == (FINE, 1, None)


def test_a_merge_and_a_listing_of_nothing_of_ours_are_followed_and_taken_back_leave_the_graph_as_it_was(
    house: Lake, instance: dg.DagsterInstance
) -> None:
    before = graph(house)
    decide(house, "sku", "HOUSE-1", {"name_en": "House"})
    decide(house, "merge", FINE, {"into": "HOUSE-1"})
    decide(house, "map", f"amazon/na/{ODD}", {"sku": None})
    take_in(instance)
    assert "unmapped_listing" not in house.query("SELECT reason_type FROM quality.quarantine")["reason_type"]
    (request,) = tick(instance).run_requests or []
    assert request.tags[RELEASED_TAG] == "4"
    run(instance, request.tags)
    assert sold(house) == {
        "1/L1": (None, 1, None), "1/L2": ("HOUSE-1", 1, None), "2/L1": ("HOUSE-1", 1, None),
        "3/L2": ("HOUSE-1", 1, "unknown_sku"),
    }  # fmt: skip
    moved = house.query("SELECT order_id, line_id, sku FROM stock.movements ORDER BY ALL").rows()
    assert moved == [("1", "L2", "HOUSE-1"), ("2", "L1", "HOUSE-1"), ("3", "L2", "HOUSE-1")]
    assert house.query("SELECT DISTINCT sku FROM planning.daily_demand")["sku"].to_list() == ["HOUSE-1"]
    assert house.query("SELECT DISTINCT sku FROM stock.positions")["sku"].to_list() == ["HOUSE-1"]

    decide(house, "map", f"amazon/na/{FINE}", {"sku": None})
    run(instance, range_tags(DAY, DAY))
    assert house.count(Movements) == 0, "a line that lost its SKU loses its movement"

    decide(house, "revoke", "batch:desk", {}, batch="undo")
    take_in(instance)
    (request,) = tick(instance).run_requests or []
    run(instance, request.tags)
    assert graph(house) == before
    assert tick(instance).skip_message == NOTHING_TO_RELEASE


def decide(lake: Lake, kind: str, subject: str, content: dict[str, object], batch: str = "desk") -> None:
    row = decision(kind, subject, content, batch=batch, decided_at=SAID_AT, decided_by="ada")
    lake.publish(RawCatalogDecisions, journal([row]), mode=Mode.ADD_NEW)


def sold(lake: Lake) -> dict[str, tuple[str | None, int | None, str | None]]:
    """SKU, multiplier and hold of every line that is there."""
    lines = lake.query("SELECT order_id || '/' || line_id AS line, sku, multiplier, hold FROM core.order_lines")
    return {line: (sku, multiplier, hold) for line, sku, multiplier, hold in lines.iter_rows()}


def graph(lake: Lake) -> dict[str, str]:
    """Content of every table as one number, but the journal, which keeps everything."""
    prints = lake.fingerprint().select("table_name", "content").iter_rows()
    return {name: content for name, content in prints if name != "raw.catalog_decisions"}
