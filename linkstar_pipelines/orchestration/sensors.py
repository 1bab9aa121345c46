"""Sensors: thin translations of a pure plan into runs.

Belongs here: reading the cursor, asking one platform within the tick's limits, and requesting the run.
Does not belong here: the decision (`changes.py`), or pulling the data itself (the run does).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

import dagster as dg
import polars as pl

from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.amazon.operations import PLATFORM, parse_instant
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.stores import ask_stores
from linkstar_pipelines.orchestration.changes import Change, ChangePlan, Cursor, plan_changes
from linkstar_pipelines.orchestration.jobs import loop, orders_changed, range_tags
from linkstar_pipelines.schemas.columns import INSTANT
from linkstar_pipelines.schemas.core import OrderLines
from linkstar_pipelines.schemas.quality import Quarantine
from linkstar_pipelines.schemas.raw import RawAmazonOrders
from linkstar_pipelines.settings import Settings, load_settings
from linkstar_pipelines.storage.lake import Lake, open_lake
from resources.amazon import STORES_TAG

NOTHING_NEW: Final = "Nothing new."
"""Why a tick asks for nothing when every store was read."""
CHANGES_TAG: Final = "linkstar/changes"
"""Run tag: how many changed orders the run is for; absent on the first pull, which is for all there are."""

_PAGES_PER_TICK: Final = 5
_LONGEST_WAIT_SECONDS: Final = 10.0  # a tick may take 60 s; a poor budget is for the next tick


@dg.sensor(
    name="amazon_order_changes",
    jobs=[orders_changed, loop],
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sees new and changed Amazon orders and starts one run for just the days and stores they touch. "
    "An empty lake starts with one run over the whole history.",
)
def amazon_order_changes(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Look once at every store and plan one run."""
    settings = load_settings()
    if not settings.amazon_stores:
        return dg.SensorResult(skip_reason="No Amazon store is connected (LINKSTAR_AMAZON_STORES is empty).")
    lake = open_lake(settings)
    if lake.count(RawAmazonOrders) == 0:
        return _first_pull(settings)
    cursor, now = Cursor.parse(context.cursor), datetime.now(UTC)
    seen, watermarks, failures = _look(settings, lake, cursor)
    plan = plan_changes(seen, _landed(lake, seen), cursor.pending, now)
    remembered = Cursor(watermarks, plan.pending).dump()
    for failure in failures:
        context.log.warning(failure)
    if plan.days is None:
        return dg.SensorResult(skip_reason="\n".join(failures) or NOTHING_NEW, cursor=remembered)
    return dg.SensorResult(run_requests=[_request(plan)], cursor=remembered)


def _request(plan: ChangePlan) -> dg.RunRequest:
    first, last = (day.isoformat() for day in plan.days or ())
    return dg.RunRequest(
        run_key=plan.run_key,
        job_name=orders_changed.name,
        tags={**range_tags(first, last), STORES_TAG: ",".join(plan.stores), CHANGES_TAG: str(plan.changes)},
    )


def _first_pull(settings: Settings) -> dg.SensorResult:
    today = datetime.now(UTC).date().isoformat()
    request = dg.RunRequest(
        run_key="first-pull", job_name=loop.name, tags=range_tags(settings.history_start.isoformat(), today)
    )
    return dg.SensorResult(run_requests=[request])


def _look(settings: Settings, lake: Lake, cursor: Cursor) -> tuple[list[Change], dict[str, datetime], list[str]]:
    """One short reading per store: changes seen, new watermarks, and what went wrong."""
    overlap = timedelta(hours=settings.order_overlap_hours)
    known = {
        name: cursor.watermarks.get(name) or _newest(lake, name) or _start(settings) for name in settings.amazon_stores
    }

    with HttpCore.of(settings, max_attempts=3, max_wait=_LONGEST_WAIT_SECONDS) as http:

        def look(name: str) -> tuple[list[Change], datetime]:
            client = AmazonClient(settings.amazon_store(name), http)
            return _changes(client, known[name], overlap)

        looks, failures = ask_stores(settings.amazon_stores, look)
    seen = [change for changes, _ in looks.values() for change in changes]
    watermarks = {**cursor.watermarks, **{name: bound for name, (_, bound) in looks.items()}}
    return seen, watermarks, [str(failure) for failure in failures.values()]


def _changes(client: AmazonClient, since: datetime, overlap: timedelta) -> tuple[list[Change], datetime]:
    """Changes of one store within the tick's cap, and the instant up to which they were seen."""
    seen: list[Change] = []
    bound = since
    for changes, upper_bound, whole in _pages(client, since - overlap):
        seen += changes
        bound = upper_bound if whole and upper_bound else max((c.updated_at for c in changes), default=bound)
    return seen, max(bound, since)


def _pages(client: AmazonClient, after: datetime) -> Iterator[tuple[list[Change], datetime | None, bool]]:
    """Pages of changes within the tick's cap; the last says whether the listing ended."""
    pages = list(islice(client.search_orders(updated_after=after), _PAGES_PER_TICK + 1))
    whole = len(pages) <= _PAGES_PER_TICK
    for page in pages[:_PAGES_PER_TICK]:
        changes = [
            Change(client.store.name, order["orderId"], parse_instant(order["lastUpdatedTime"]))
            for order in page.orders
            if "orderId" in order and "lastUpdatedTime" in order
        ]
        yield changes, page.upper_bound, whole


def _landed(lake: Lake, seen: list[Change]) -> set[str]:
    """Keys of those seen that the graph has taken in: their lines are in core, or their order is in quarantine.

    Core is asked and not raw: a run may have died between the two, and its changes must be run again.
    """
    if not seen:
        return set()
    asked = pl.DataFrame(
        [(change.key, change.store, change.order_id, change.updated_at) for change in seen],
        schema={"key": pl.String, "store": pl.String, "order_id": pl.String, "updated_at": INSTANT},
        orient="row",
    )
    mine = f"platform = '{PLATFORM}' AND updated_at >= '{min(change.updated_at for change in seen).isoformat()}'"
    core = lake.read(OrderLines, columns=["store", "order_id", "updated_at"], where=mine)
    applied = core.group_by("store", "order_id").agg(core_updated_at=pl.col("updated_at").max())
    held = lake.read(Quarantine, columns=["source_key"], where="table_name IN ('core.orders', 'core.order_lines')")
    parts = pl.col("source_key").str.split("/").list
    refused = held.select(store=parts.get(1, null_on_oob=True), order_id=parts.get(2, null_on_oob=True)).unique()
    taken = asked.join(applied, on=["store", "order_id"]).filter(pl.col("core_updated_at") >= pl.col("updated_at"))
    return {*taken["key"], *asked.join(refused, on=["store", "order_id"], how="semi")["key"]}


def _newest(lake: Lake, store: str) -> datetime | None:
    newest: datetime | None = lake.query(
        "SELECT max(updated_at) AS newest FROM raw.amazon_orders WHERE store = ?", store
    ).item()
    return newest


def _start(settings: Settings) -> datetime:
    return datetime.combine(settings.history_start, datetime.min.time(), UTC)
