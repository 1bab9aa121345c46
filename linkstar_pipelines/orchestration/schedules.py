"""Schedules: nightly reconciliation in each store's own time zone, and maintenance.

Belongs here: when, and over which days. The days are a pure function of the scheduled time.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import dagster as dg

from linkstar_pipelines.orchestration.jobs import FRESHNESS, LOOP, range_tags
from linkstar_pipelines.orchestration.maintenance import maintenance
from linkstar_pipelines.settings import Settings, load_settings
from resources.platforms import STORES_TAG

_NIGHTLY: Final = "30 2 * * *"
_MAINTENANCE: Final = "15 4 * * *"
_HOURLY: Final = "50 * * * *"


def reconciled_days(at: datetime, days: int) -> tuple[date, date]:
    """First and last UTC day that a reconciliation at `at` reads again; the present day is the last."""
    last = at.astimezone(UTC).date()
    return last - timedelta(days=days - 1), last


def _nightly(zone: str, stores: list[str], settings: Settings) -> dg.ScheduleDefinition:
    slug = zone.lower().replace("/", "_").replace("-", "_").replace("+", "_")

    @dg.schedule(
        name=f"nightly_reconciliation_{slug}",
        job_name=LOOP,
        cron_schedule=_NIGHTLY,
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"At 02:30 in {zone}: reads the last {settings.reconcile_days} days again for "
        f"{', '.join(stores) or 'no store yet'}, then makes the whole graph anew.",
    )
    def nightly_reconciliation(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        at = context.scheduled_execution_time.astimezone(ZoneInfo(zone))
        first, last = reconciled_days(at, settings.reconcile_days)
        first = max(first, settings.history_start)
        limited = {STORES_TAG: ",".join(stores)} if stores else {}
        return dg.RunRequest(
            run_key=f"{zone}-{at.date().isoformat()}",
            tags={**range_tags(first.isoformat(), last.isoformat()), **limited},
        )

    return nightly_reconciliation


def _zones(settings: Settings) -> dict[str, list[str]]:
    """Time zone to stores."""
    zones: defaultdict[str, list[str]] = defaultdict(list)
    for name, zone in settings.time_zones().items():
        zones[zone].append(name)
    return dict(zones) or {settings.time_zone: []}


def all_schedules() -> list[dg.ScheduleDefinition]:
    """Every schedule of the product."""
    settings = load_settings()
    nightly = [_nightly(zone, stores, settings) for zone, stores in _zones(settings).items()]
    tidy = dg.ScheduleDefinition(
        name="daily_maintenance",
        job=maintenance,
        cron_schedule=_MAINTENANCE,
        execution_timezone=settings.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    fresh = dg.ScheduleDefinition(
        name="hourly_freshness",
        job_name=FRESHNESS,
        cron_schedule=_HOURLY,
        execution_timezone=settings.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every hour: has a store been left behind? It needs no pull, for a store that nobody pulls is one.",
    )
    return [*nightly, fresh, tidy]
