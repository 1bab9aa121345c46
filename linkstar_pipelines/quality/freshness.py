"""The check `every_store_fresh`: no connected store of a stream read by change time has been left behind.

Belongs here: gathering what is known of each store's readings, and what a person is told.
Does not belong here: the rule (`domain/freshness.py`), when it is asked (`orchestration/schedules.py`), or the Dagster
step (`checks.py`).

Dagster's own freshness policies know when an asset was last made, not which of its stores had been read, so the
evidence is ours: sealed windows, the call log, and the platform's clock on what landed.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import dagster as dg

from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.domain.freshness import StoreReading, staleness
from linkstar_pipelines.quality.drift import stream_of
from linkstar_pipelines.schemas.catalog import TABLES, Table
from linkstar_pipelines.schemas.platforms import CHANGING, Stream
from linkstar_pipelines.settings import Settings, load_settings
from linkstar_pipelines.storage.call_log import CallLog
from linkstar_pipelines.storage.ingest_windows import IngestWindows, StreamOf
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.postgres import Postgres

CHECK: Final = "every_store_fresh"


def applies(table: Table) -> bool:
    """Whether a table holds a stream that is read by change time."""
    found = stream_of(table)
    return found is not None and found[1] in CHANGING


def check_keys(platforms: Collection[str]) -> list[dg.AssetCheckKey]:
    """The checks of all streams of some platforms that are read by change time."""
    return [
        dg.AssetCheckKey(dg.AssetKey(table.asset_key), CHECK)
        for table in TABLES
        if applies(table) and (stream_of(table) or ("",))[0] in platforms
    ]


def spec(table: Table) -> dg.AssetCheckSpec:
    """The check, for a raw table of a stream that is read by change time."""
    return dg.AssetCheckSpec(
        CHECK,
        asset=dg.AssetKey(table.asset_key),
        description="Every connected store has been read within LINKSTAR_FRESH_WITHIN_HOURS (orders: "
        "LINKSTAR_ORDERS_FRESH_WITHIN_HOURS) and is proven whole up to there. Asked every hour, too.",
    )


def result(table: Table, lake: Lake, postgres: Postgres) -> dg.AssetCheckResult:
    """Judge every connected store of a table's platform, whichever of them the run was for."""
    platform, stream = stream_of(table) or ("", Stream.ORDERS)
    settings, now = load_settings(), datetime.now(UTC)
    within = settings.orders_fresh_within_hours if stream is Stream.ORDERS else settings.fresh_within_hours
    readings = _readings(table, platform, stream, settings, lake, postgres, since=now - 2 * timedelta(hours=within))
    stale = {
        reading.store: why
        for reading in readings
        if (
            why := staleness(
                reading,
                now,
                read_within=timedelta(hours=within),
                proven_within=timedelta(hours=settings.fresh_within_hours),
            )
        )
    }
    metadata: dict[str, Any] = {"proven_up_to": {reading.store: _text(reading.cursor) for reading in readings}}
    if stale:
        metadata["stale"] = stale
        metadata["what_to_do"] = (
            f"`linkstar doctor` tells whether these stores can be reached, the check `every_store_answered` why the "
            f"last reading failed. Then run job {platform}_pull over the days from {_first(readings, stale)} on."
        )
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(table.asset_key),
        check_name=CHECK,
        passed=not stale,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def _readings(  # noqa: PLR0917  # which stream, and where it is looked up
    table: Table,
    platform: str,
    stream: Stream,
    settings: Settings,
    lake: Lake,
    postgres: Postgres,
    *,
    since: datetime,
) -> list[StoreReading]:
    operation = platform_named(platform).streams[stream].operation
    answered = CallLog(postgres).answered_since(platform, operation, since)
    windows = IngestWindows(postgres)
    sealed_at = windows.newest_seals(platform, stream.value)
    landed = dict(
        lake.query(f"SELECT store, max(observed_at) AS at FROM {table.full_name} GROUP BY store").iter_rows()  # noqa: S608  # name from the catalog
    )
    readings = []
    for store in settings.stores_of(platform):
        where = StreamOf(platform, store, stream.value)
        cursor = windows.cursor(where, settings.history_start)
        cursor_at = windows.last_sealed(where, cursor.date())
        readings.append(
            StoreReading(store, answered.get(store), sealed_at.get(store), cursor, cursor_at, landed.get(store))
        )
    return readings


def _first(readings: list[StoreReading], stale: Mapping[str, str]) -> str:
    return min(reading.cursor for reading in readings if reading.store in stale).date().isoformat()


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
