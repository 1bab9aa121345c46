"""A platform that changes its form, and a store that is left behind, in real runs of the graph."""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from typer.testing import CliRunner

from linkstar_pipelines.cli import app
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.definitions import build_defs
from linkstar_pipelines.domain.observations import payload_hash
from linkstar_pipelines.operations import trial
from linkstar_pipelines.orchestration.jobs import FRESHNESS, LOOP, range_tags
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.streams import RAW_TABLES
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.postgres import Postgres
from linkstar_pipelines.storage.publishing import Mode
from resources.platforms import STORES_TAG
from tests.support import running_sandbox

OPENS, CLOSES = date(2026, 5, 11), date(2026, 5, 16)
ORDERS = RAW_TABLES["ebay", Stream.ORDERS]
ASSET = dg.AssetKey(["raw", "ebay_orders"])
FIRST, SECOND = (code.lower() for code in trial.accounts(["ebay"]).split(","))


@pytest.fixture
def connected(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Two eBay stores of a small sandbox whose clock stands."""
    before = dict(os.environ)
    flags = ("--accounts", trial.accounts(["ebay"]), "--orders-per-day", "20", "--products", "20",
             "--opens", OPENS.isoformat(), "--closes", CLOSES.isoformat(), "--clock", "frozen:2026-05-17T00:00:00Z",
             "--rate-scale", "100000")  # fmt: skip
    with running_sandbox(tmp_path, *flags) as url:
        trial.connect(url, OPENS, platforms=["ebay"])
        yield
    os.environ.clear()
    os.environ.update(before)


@cache
def graph() -> dg.Definitions:
    return build_defs()


def checked(job: str = LOOP, *stores: str) -> dict[str, dg.AssetCheckEvaluation]:
    """Run a job; of the pull of eBay's orders where it pulls at all; its checks by name."""
    pulling = job == LOOP
    tags = range_tags(OPENS.isoformat(), "2026-05-17") | ({STORES_TAG: ",".join(stores)} if stores else {})
    with dg.instance_for_test() as instance:
        result = graph().resolve_job_def(job).execute_in_process(
            instance=instance, asset_selection=[ASSET] if pulling else None, tags=tags if pulling else None
        )  # fmt: skip
        assert result.success
        assert bool(result.get_asset_materialization_events()) == pulling
        return {e.check_name: e for e in result.get_asset_check_evaluations() if e.asset_key == ASSET}


def told(evaluation: dg.AssetCheckEvaluation) -> list[dict[str, Any]]:
    found = evaluation.metadata["found"]
    assert isinstance(found, dg.TableMetadataValue)
    return [dict(record.data) for record in found.records]


def change_form(lake: Lake) -> None:
    """Land the same orders once more, as a platform would say them that renamed a field and has a new state."""
    rows = lake.table(ORDERS)
    payload = (
        pl.col("payload")
        .str.replace_all('"orderFulfillmentStatus":"FULFILLED"', '"orderFulfillmentStatus":"HANDED_OVER"')
        .str.replace_all('"sellerId"', '"merchantId"')
    )
    later = rows.with_columns(payload=payload, observed_at=pl.col("observed_at") + timedelta(hours=1)).with_columns(
        payload_hash=pl.col("payload").map_elements(payload_hash, pl.String)
    )
    lake.publish(ORDERS, later, mode=Mode.ADD_NEW)


@pytest.mark.usefixtures("connected")
def test_a_platform_that_changes_its_form_is_told_of_until_a_person_accepts_it(lake: Lake) -> None:
    first = checked()
    assert first["schema_as_known"].passed
    assert "baseline" in first["schema_as_known"].metadata
    assert first["no_duplicates"].passed

    change_form(lake)
    found = checked()["schema_as_known"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    kinds = {(row["kind"], row["path"]) for row in told(found)}
    assert kinds == {("renamed", "merchantId"), ("new_value", "orderFulfillmentStatus")}
    state = next(row for row in told(found) if row["kind"] == "new_value")
    assert state["found"] == "HANDED_OVER"
    assert "FULFILLED" in str(state["known"])
    assert str(state["record"]).startswith((f"{FIRST}/", f"{SECOND}/"))

    said = CliRunner().invoke(app, ["quality", "accept-drift", "--platform", "ebay"])
    assert (said.exit_code, "ebay/orders: 2 differences accepted" in said.output) == (0, True)
    assert checked()["schema_as_known"].passed
    assert "Nothing differs" in CliRunner().invoke(app, ["quality", "accept-drift"]).output


@pytest.mark.usefixtures("connected")
def test_a_store_that_is_left_behind_is_named_without_any_pull(postgres: Postgres) -> None:
    fresh = checked(LOOP, FIRST)["every_store_fresh"]
    assert (fresh.passed, fresh.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert fresh.metadata["stale"].value == {SECOND: "It has never been read."}
    assert checked(LOOP, SECOND)["every_store_fresh"].passed

    operation = platform_named("ebay").streams[Stream.ORDERS].operation
    postgres.execute("UPDATE ops.api_call SET started_at = started_at - interval '3 hours' WHERE store = %s", FIRST)
    postgres.execute("UPDATE ops.ingest_window SET sealed_at = sealed_at - interval '3 hours' WHERE store = %s", FIRST)
    left = checked(FRESHNESS)
    assert set(left) == {"every_store_fresh"}
    stale = left["every_store_fresh"].metadata["stale"].value
    assert isinstance(stale, dict)
    assert set(stale) == {FIRST}
    assert "It was last read at" in stale[FIRST]
    assert "more than 2 hours ago" in stale[FIRST]
    assert "ebay_pull" in str(left["every_store_fresh"].metadata["what_to_do"].value)

    # A look that finds nothing new is a reading, too.
    (newest,) = postgres.fetch("SELECT max(id) FROM ops.api_call WHERE store = %s AND operation = %s", FIRST, operation)
    postgres.execute("UPDATE ops.api_call SET started_at = clock_timestamp() WHERE id = %s", newest[0])
    assert checked(FRESHNESS)["every_store_fresh"].passed
