"""The one assembler: everything Dagster loads is put together here, for production, CLI and tests alike.

Belongs here: choosing modules and resources. Does not belong here: any behaviour.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets import core, erps, files, finance, planning, products, quality, raw, stock
from assets.partitions import DAILY
from assets.streams import CONNECTED, CONNECTED_ERPS, present
from linkstar_pipelines.orchestration import jobs, schedules
from linkstar_pipelines.orchestration.maintenance import maintenance
from linkstar_pipelines.orchestration.sensors import all_sensors
from linkstar_pipelines.quality.checks import build_checks
from linkstar_pipelines.schemas.catalog import TABLES
from linkstar_pipelines.schemas.platforms import PLATFORMS
from resources.erps import ErpsResource
from resources.fx import FxResource
from resources.lake import LakeResource
from resources.platforms import PlatformsResource
from resources.rules import RulesResource

_MODULES = (raw, erps, files, core, products, stock, planning, finance, quality)


def build_defs(resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Assemble the definitions.

    Args:
        resources: Replacements by key (`lake`, `platforms`, `erps`, `fx`, `rules`).
    """
    platforms = [name for name in PLATFORMS if not CONNECTED or name in CONNECTED]
    return dg.Definitions(
        assets=dg.load_assets_from_modules(_MODULES),
        asset_checks=[build_checks(table, DAILY if table.daily else None) for table in TABLES if present(table.schema)],
        jobs=[
            jobs.loop,
            *(job[name] for job in (jobs.orders_changed, jobs.pulls, jobs.first_pulls) for name in platforms),
            *jobs.erp_pulls(CONNECTED_ERPS),
            jobs.history,
            jobs.catalog_file,
            jobs.catalogue,
            jobs.orders_released,
            jobs.freshness(platforms),
            maintenance,
        ],
        schedules=schedules.all_schedules(),
        sensors=all_sensors(),
        resources={
            "lake": LakeResource(),
            "platforms": PlatformsResource(),
            "erps": ErpsResource(),
            "fx": FxResource(),
            "rules": RulesResource(),
            **(resources or {}),
        },
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `workspace.yaml` names."""
    return build_defs()
