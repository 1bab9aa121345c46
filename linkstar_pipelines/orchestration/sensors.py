"""Sensors: thin translations of a pure plan into runs.

Belongs here: reading the cursor, asking one platform within the tick's limits, and requesting the run.
Does not belong here: the decision (`changes.py`), or pulling the data itself (the run does).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

import dagster as dg
import polars as pl

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.plans import rest_after_look
from linkstar_pipelines.connectors.platform import Client, StreamForm, Window
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.connectors.stores import ask_stores
from linkstar_pipelines.orchestration.changes import Change, ChangePlan, Cursor, plan_changes
from linkstar_pipelines.orchestration.held_orders import held_orders_sensor
from linkstar_pipelines.orchestration.jobs import first_pulls, orders_changed, range_tags
from linkstar_pipelines.schemas.columns import INSTANT
from linkstar_pipelines.schemas.core import OrderLines
from linkstar_pipelines.schemas.platforms import PLATFORMS, PlatformName, Stream
from linkstar_pipelines.schemas.quality import Quarantine
from linkstar_pipelines.schemas.streams import RAW_TABLES
from linkstar_pipelines.settings import Settings, load_settings
from linkstar_pipelines.storage.lake import Lake, open_lake
from resources.platforms import STORES_TAG

NOTHING_NEW: Final = "Nothing new."
"""Why a tick asks for nothing when every store was read."""
CHANGES_TAG: Final = "linkstar/changes"
"""Run tag: how many changed orders the run is for; absent on the first pull, which is for all there are."""

_PAGES_PER_TICK: Final = 5
_LONGEST_WAIT_SECONDS: Final = 10.0  # a tick may take 60 s; a poor budget is for the next tick


def order_sensor(platform: PlatformName) -> dg.SensorDefinition:
    """Make the sensor that sees new and changed orders of one platform."""

    @dg.sensor(
        name=f"{platform.name}_order_changes",
        jobs=[orders_changed[platform.name], first_pulls[platform.name]],
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Sees new and changed {platform.title} orders and starts one run for just the days and stores "
        "they touch. An empty table starts with one run over the whole history.",
    )
    def order_changes(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return _tick(context, platform)

    return order_changes


def all_sensors() -> list[dg.SensorDefinition]:
    """The sensor of held orders, and one for each platform with a connected store; the first's where none has one."""
    settings = load_settings()
    connected = [platform for platform in PLATFORMS.values() if settings.stores_of(platform.name)]
    return [*(order_sensor(platform) for platform in connected or [next(iter(PLATFORMS.values()))]), held_orders_sensor]


def _tick(context: dg.SensorEvaluationContext, platform: PlatformName) -> dg.SensorResult:
    """Look once at every store of the platform and plan one run."""
    settings = load_settings()
    stores = settings.stores_of(platform.name)
    if not stores:
        variable = f"LINKSTAR_{platform.name.upper()}_STORES"
        return dg.SensorResult(skip_reason=f"No {platform.title} store is connected ({variable} is empty).")
    lake = open_lake(settings)
    if lake.count(RAW_TABLES[platform.name, Stream.ORDERS]) == 0:
        return _first_pull(settings, platform, stores)
    cursor, now = Cursor.parse(context.cursor), datetime.now(UTC)
    due = [store for store in stores if cursor.resting.get(store, now) <= now]
    if not due:
        return dg.SensorResult(skip_reason=_resting(cursor.resting), cursor=cursor.dump())
    seen, watermarks, rests, failures = _look(settings, lake, platform.name, due, cursor)
    plan = plan_changes(seen, _landed(lake, platform.name, seen), cursor.pending, now)
    resting = {**cursor.resting, **{store: now + rest for store, rest in rests.items()}}
    remembered = Cursor(watermarks, plan.pending, resting).dump()
    for failure in failures:
        context.log.warning(failure)
    if plan.days is None:
        whole = NOTHING_NEW if len(due) == len(stores) else _resting(cursor.resting)
        return dg.SensorResult(skip_reason="\n".join(failures) or whole, cursor=remembered)
    return dg.SensorResult(run_requests=[_request(platform, plan)], cursor=remembered)


def _resting(resting: Mapping[str, datetime]) -> str:
    times = ", ".join(f"{store} at {until:%H:%M:%S} UTC" for store, until in sorted(resting.items()))
    return f"Half of a store's rate budget is left to runs; looked at again: {times}."


def _request(platform: PlatformName, plan: ChangePlan) -> dg.RunRequest:
    first, last = (day.isoformat() for day in plan.days or ())
    return dg.RunRequest(
        run_key=plan.run_key,
        job_name=orders_changed[platform.name].name,
        tags={**range_tags(first, last), STORES_TAG: ",".join(plan.stores), CHANGES_TAG: str(plan.changes)},
    )


def _first_pull(settings: Settings, platform: PlatformName, stores: Sequence[str]) -> dg.SensorResult:
    today = datetime.now(UTC).date().isoformat()
    tags = {**range_tags(settings.history_start.isoformat(), today), STORES_TAG: ",".join(stores)}
    request = dg.RunRequest(run_key="first-pull", job_name=first_pulls[platform.name].name, tags=tags)
    return dg.SensorResult(run_requests=[request])


def _look(
    settings: Settings, lake: Lake, platform_name: str, stores: Sequence[str], cursor: Cursor
) -> tuple[list[Change], dict[str, datetime], dict[str, timedelta], list[str]]:
    """One short reading per store: changes seen, new watermarks, how long to rest, and what went wrong."""
    platform, overlap = platform_named(platform_name), timedelta(hours=settings.order_overlap_hours)
    known = {
        name: cursor.watermarks.get(name) or _newest(lake, platform_name, name) or _start(settings) for name in stores
    }

    with HttpCore.of(settings, max_attempts=3, max_wait=_LONGEST_WAIT_SECONDS) as http:

        def look(name: str) -> tuple[list[Change], datetime]:
            client = platform.client(platform.store.load(name), http)
            return _changes(client, platform.streams[Stream.ORDERS], known[name], overlap)

        looks, failures = ask_stores(stores, look)
        rests = rest_after_look(http, platform_name, stores)
    seen = [change for changes, _ in looks.values() for change in changes]
    watermarks = {**cursor.watermarks, **{name: bound for name, (_, bound) in looks.items()}}
    return seen, watermarks, rests, [str(failure) for failure in failures.values()]


def _changes(client: Client, form: StreamForm, since: datetime, overlap: timedelta) -> tuple[list[Change], datetime]:
    """Changes of one store within the tick's cap, and the instant up to which they were seen."""
    pages = list(islice(client.read(Stream.ORDERS, Window(since - overlap), 0), _PAGES_PER_TICK + 1))
    shown = pages[:_PAGES_PER_TICK]
    seen = [
        Change(client.store.name, order_id, changed_at)
        for page in shown
        for record in page.records
        if (order_id := form.identify(record)) and (changed_at := form.changed_at(record))
    ]
    newest = max((change.updated_at for change in seen), default=since)
    bounds = [page.upper_bound for page in shown if page.upper_bound is not None]
    whole = len(pages) <= _PAGES_PER_TICK
    return seen, max(since, bounds[-1] if whole and bounds else newest)


def _landed(lake: Lake, platform_name: str, seen: list[Change]) -> set[str]:
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
    mine = f"platform = '{platform_name}' AND updated_at >= '{min(change.updated_at for change in seen).isoformat()}'"
    core = lake.read(OrderLines, columns=["store", "order_id", "updated_at"], where=mine)
    applied = core.group_by("store", "order_id").agg(core_updated_at=pl.col("updated_at").max())
    held = lake.read(Quarantine, columns=["source_key"], where="table_name IN ('core.orders', 'core.order_lines')")
    parts = pl.col("source_key").str.split("/").list
    refused = held.select(store=parts.get(1, null_on_oob=True), order_id=parts.get(2, null_on_oob=True)).unique()
    taken = asked.join(applied, on=["store", "order_id"]).filter(pl.col("core_updated_at") >= pl.col("updated_at"))
    return {*taken["key"], *asked.join(refused, on=["store", "order_id"], how="semi")["key"]}


def _newest(lake: Lake, platform_name: str, store: str) -> datetime | None:
    newest: datetime | None = lake.query(
        f"SELECT max(updated_at) AS newest FROM raw.{platform_name}_orders WHERE store = ?",  # noqa: S608  # registered
        store,
    ).item()
    return newest


def _start(settings: Settings) -> datetime:
    return datetime.combine(settings.history_start, datetime.min.time(), UTC)
