"""The main job in one command: a sandbox starts, its orders come in over HTTP, the whole graph runs, a person reads.

Belongs here: the order of the stages. It may be killed at any point and started again: every stage is idempotent.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import dagster as dg
import httpx
from rich.console import Console

from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.operations import processes, runs, summary, trial
from linkstar_pipelines.operations.reports import write_settlement_report
from linkstar_pipelines.orchestration.jobs import range_tags
from linkstar_pipelines.orchestration.sensors import CHANGES_TAG, NOTHING_NEW
from linkstar_pipelines.schemas.platforms import PLATFORMS, Stream
from linkstar_pipelines.settings import Settings, load_settings
from linkstar_pipelines.storage.lake import open_lake
from linkstar_pipelines.storage.postgres import open_postgres

_NIGHTS: Final = timedelta(days=3)  # what the reconciliations of the two nights between read again


def demo(
    console: Console,
    *,
    platforms: Sequence[str] = trial.FIRST_PLATFORMS,
    faults: Sequence[str] = (),
    orders_per_day: int = 60,
    weeks: int = 5,
) -> int:
    """Run the demo; returns the exit code (0 when the graph ran through and every store was read).

    Args:
        console: Where to show it.
        platforms: Marketplaces whose stores are connected.
        faults: Sandbox faults to switch on, such as `all=0.2`.
        orders_per_day: Size of the sandbox's order book.
        weeks: Length of the sandbox's order book.
    """
    settings = _own_folder(console, load_settings())
    console.print(f"[bold]1[/] Postgres and the lake in {settings.data_dir}")
    open_postgres(settings)
    open_lake(settings)
    opens = trial.CLOSES - timedelta(weeks=weeks)
    flags = [
        "--clock", f"frozen:{trial.HISTORY_ENDS:%Y-%m-%dT%H:%M:%SZ}",
        "--opens", opens.isoformat(), "--closes", trial.CLOSES.isoformat(),
        "--orders-per-day", str(orders_per_day), "--accounts", trial.accounts(platforms),
        "--rate-scale", "100000", "--fault-delay", "0.1",
        *(part for fault in faults for part in ("--fault", fault)),
    ]  # fmt: skip
    played = ", ".join(PLATFORMS[name].title for name in platforms)
    with processes.sandbox(settings.data_dir / "sandbox", flags) as url:
        console.print(f"[bold]2[/] The sandbox plays {played} at {url}")
        settings = trial.connect(url, opens, platforms=platforms, faulty=bool(faults))
        instance = runs.instance(settings)
        outcomes = [
            runs.execute(
                instance,
                "loop",
                title=f"[bold]3[/] {weeks} weeks of orders and money, cleaned",
                tags=range_tags(opens.isoformat(), trial.HISTORY_ENDS.date().isoformat()),
                tables=_history_tables(platforms),
            )
        ]
        httpx.post(f"{url}/_control/clock", json={"set": f"{trial.DEMO_ENDS:%Y-%m-%dT%H:%M:%SZ}"}).raise_for_status()
        outcomes += _what_the_sensors_ask_for(console, instance)
        outcomes.append(
            runs.execute(
                instance,
                "loop",
                title="[bold]5[/] The night: stock, forecast, advice, settled",
                tags=range_tags((trial.DEMO_ENDS - _NIGHTS).date().isoformat(), trial.DEMO_ENDS.date().isoformat()),
            )
        )
    summary.show(console, open_lake(settings), outcomes)
    for path in write_settlement_report(settings):
        console.print(f"Settlement report: {path}")
    console.print("Look around: [bold]make up[/] starts the Dagster UI on what was made here.")
    whole = all(outcome.success for outcome in outcomes) and not outcomes[-1].unread
    return 0 if whole else 1


def _history_tables(platforms: Sequence[str]) -> list[str]:
    """Tables of the past: orders, listings and money of the platforms, cleaned. Stock is of the present."""
    offered = {stream for name in platforms for stream in PLATFORMS[name].streams}
    paid = any(platform_named(name).payments for name in platforms)
    return [
        *(
            f"raw.{name}_{stream.value}"
            for name in platforms
            for stream in PLATFORMS[name].streams
            if stream is not Stream.INVENTORY
        ),
        "core.listings", "core.skus", "core.match_proposals", "core.listing_map",
        "core.orders", "core.order_lines", "stock.movements",
        *(["core.returns"] if Stream.RETURNS in offered else []),
        *(["core.payments"] if paid else []),
    ]  # fmt: skip


def _own_folder(console: Console, settings: Settings) -> Settings:
    """Keep the demo apart from a real installation."""
    if trial.is_trial(settings):
        return settings
    folder = settings.data_dir / "demo"
    console.print(f"Stores are connected here, so the demo keeps to a folder and a database of its own: {folder}")
    for variable in ("LINKSTAR_POSTGRES_URL", "LINKSTAR_LAKE_PATH"):
        os.environ.pop(variable, None)
    os.environ["LINKSTAR_DATA_DIR"] = str(folder)
    return load_settings()


def _what_the_sensors_ask_for(console: Console, instance: dg.DagsterInstance) -> list[runs.Outcome]:
    """Evaluate the order sensors as the daemon would, and run what the busiest of them requests.

    The daemon would start one run for each; here the night that follows takes in what the others saw.
    """
    from linkstar_pipelines.definitions import build_defs

    definitions = build_defs()
    asked = [
        request for sensor in definitions.sensors or [] for request in _what_it_asks_for(instance, definitions, sensor)
    ]
    if not asked:
        return []
    changes = [int(request.tags.get(CHANGES_TAG, 0)) for request in asked]
    where = "one platform" if len(asked) == 1 else f"{len(asked)} platforms"
    console.print(f"[bold]4[/] The sensors saw {sum(changes)} changed orders on {where}")
    busiest = asked[changes.index(max(changes))]
    title = f"  what {max(changes)} of them touch, at once"
    return [runs.execute(instance, str(busiest.job_name), title=title, tags=busiest.tags)]


def _what_it_asks_for(
    instance: dg.DagsterInstance, definitions: dg.Definitions, sensor: Any
) -> Sequence[dg.RunRequest]:
    """The first tick of a sensor that requests a run; a store that does not answer is asked again."""
    cursor: str | None = None
    for _ in range(50):
        with dg.build_sensor_context(instance=instance, cursor=cursor, definitions=definitions) as context:
            tick = sensor.evaluate_tick(context)
        cursor = tick.cursor or cursor
        if tick.run_requests:
            return list(tick.run_requests)
        if tick.skip_message == NOTHING_NEW:
            break
    return []
