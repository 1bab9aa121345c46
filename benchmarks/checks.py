"""What the checks cost: loading Great Expectations, judging tables of several sizes, recording partition results.

Belongs here: measuring; the figures go into `docs/adr/0005-great-expectations.md`.
Does not belong here: whether the checks are right (`tests/quality`).

    python benchmarks/checks.py [--file order_lines.parquet]

Prints the time on the clock and the CPU time; on a busy machine only the latter means something.
Works in a throw-away installation (embedded Postgres, lake) and needs Online Retail II, expected beside the checkout.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import dagster as dg
import dataframely as dy
import polars as pl
from catalogue import mapped_by_rule

from linkstar_pipelines.domain.demand import daily_demand
from linkstar_pipelines.domain.imported_orders import listings_from_import, order_lines_from_import, orders_from_import
from linkstar_pipelines.domain.movements import movements
from linkstar_pipelines.domain.order_import import apply_mapping
from linkstar_pipelines.operations.runs import shipped
from linkstar_pipelines.quality.business import expectations_of
from linkstar_pipelines.quality.evaluation import evaluate
from linkstar_pipelines.quality.partition_results import PartitionResult, record
from linkstar_pipelines.rules.order_mapping import load_mapping
from linkstar_pipelines.rules.sku_codes import load_sku_code_rules
from linkstar_pipelines.schemas.catalog import table_of
from linkstar_pipelines.schemas.core import OrderLines, Orders
from linkstar_pipelines.schemas.planning import DailyDemand
from linkstar_pipelines.schemas.products import Listings
from linkstar_pipelines.schemas.raw import RawImportedOrders
from linkstar_pipelines.schemas.stock import Movements
from linkstar_pipelines.settings import load_settings
from linkstar_pipelines.storage.lake import Lake, open_lake
from linkstar_pipelines.storage.publishing import Mode

FILE: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "online_retail_ii" / "order_lines.parquet"
DAY: Final = date(2026, 1, 1)
SIZES: Final = (10_000, 100_000, 10_000_000)
PARTITIONS, CHECKS, ONE_BY_ONE = 180, 8, 10

_LOADING: Final = """
import resource, time
def used(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
import dagster, polars
before, start, cpu = used(), time.perf_counter(), time.process_time()
from linkstar_pipelines.quality.validate import new_context
new_context()
print(
    f"load Great Expectations: {time.perf_counter() - start:.1f} s, {time.process_time() - cpu:.1f} CPU s, "
    f"{used() - before} MB"
)
"""


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--file", type=Path, default=FILE)
    file = options.parse_args().file
    if not file.exists():
        print(f"{file} is absent: name the Parquet file of Online Retail II with --file.")
        return 1
    print(f"{len(os.sched_getaffinity(0))} cores")
    for _ in range(3):
        subprocess.run([sys.executable, "-c", _LOADING], check=True)
    with tempfile.TemporaryDirectory(prefix="linkstar-checks-") as folder:
        os.environ["LINKSTAR_DATA_DIR"] = folder
        os.environ.pop("LINKSTAR_POSTGRES_URL", None)
        os.environ["DAGSTER_HOME"] = folder
        tables_of_several_sizes(open_lake(load_settings()), pl.read_parquet(file))
        partition_results(Path(folder))
    return 0


def tables_of_several_sizes(lake: Lake, rows: pl.DataFrame) -> None:
    """Judge the tables of an imported file: everything expected of each, reading included."""
    print(f"\n{'table':24}{'rows':>10}{'checks':>8}{'expected':>10}{'seconds':>9}{'CPU s':>8}{'broken':>8}")
    for size in SIZES:
        frames, rejected = _frames(rows.head(size))
        for schema, frame in frames.items():
            refused = rejected if schema is RawImportedOrders else None
            lake.publish(schema, frame, mode=Mode.REPLACE, rejected=refused)
        seconds = cpu_seconds = 0.0
        for schema, frame in frames.items():
            table = table_of(schema)
            expectations = expectations_of(table)
            evaluate(table, expectations[:1], lake, [DAY] if table.daily else None)  # loading is measured above
            start, cpu_start = time.perf_counter(), time.process_time()
            outcomes = evaluate(table, expectations, lake, [DAY] if table.daily else None)
            took, cpu = time.perf_counter() - start, time.process_time() - cpu_start
            seconds, cpu_seconds = seconds + took, cpu_seconds + cpu
            names = len({outcome.check for outcome in outcomes})
            broken = sum(not outcome.passed for outcome in outcomes)
            print(
                f"{table.full_name:24}{frame.height:>10,}{names:>8}{len(outcomes):>10}{took:>9.2f}{cpu:>8.2f}{broken:>8}"
            )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{'all of them':52}{seconds:>9.2f}{cpu_seconds:>8.2f}   (peak of the process so far: {peak:,} MB)\n")


def _frames(rows: pl.DataFrame) -> tuple[dict[type[dy.Schema], pl.DataFrame], pl.DataFrame]:
    """Return the tables that follow from a file, and its rejected rows."""
    mapping, codes = load_mapping(Path("online_retail_ii")), load_sku_code_rules()
    imported = apply_mapping(rows.lazy(), mapping, file_sha256="0" * 64, imported_on=DAY, store=mapping.store)
    listings, _ = listings_from_import(imported.lines, codes)
    orders, _ = orders_from_import(imported.lines)
    order_lines, _ = order_lines_from_import(imported.lines, mapped_by_rule(listings))
    frames: dict[type[dy.Schema], pl.DataFrame] = {
        RawImportedOrders: imported.lines,
        Listings: listings,
        Orders: orders,
        OrderLines: order_lines,
        Movements: movements(order_lines),
        DailyDemand: daily_demand(order_lines),
    }
    return frames, imported.rejected


def partition_results(folder: Path) -> None:
    """Record the results of a run over many partitions: in one go, and one by one as Dagster offers."""
    shutil.copyfile(shipped("dagster.yaml"), folder / "dagster.yaml")
    days = dg.DailyPartitionsDefinition("2026-01-01")
    asset_key = dg.AssetKey("measured")
    specs = [dg.AssetCheckSpec(f"check_{n}", asset=asset_key, partitions_def=days) for n in range(CHECKS)]

    @dg.multi_asset_check(specs=specs)
    def measured_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        results = [
            PartitionResult(
                spec.name, key, passed=True, severity=dg.AssetCheckSeverity.ERROR, blocking=True, metadata={}
            )
            for key in context.partition_keys
            for spec in specs
        ]
        start = time.perf_counter()
        record(context, asset_key, results)
        took = time.perf_counter() - start
        print(f"{len(results):,} results in one go: {took:.2f} s ({1000 * took / len(results):.1f} ms each)")
        start = time.perf_counter()
        for result in results[: CHECKS * ONE_BY_ONE]:
            context.instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(
                    asset_key=asset_key, check_name=result.check_name, passed=True, partition=result.partition
                )
            )
        took = time.perf_counter() - start
        print(f"one by one: {1000 * took / (CHECKS * ONE_BY_ONE):.1f} ms each")
        for spec in specs:
            yield dg.AssetCheckResult(check_name=spec.name, passed=True)

    @dg.asset(key=asset_key, partitions_def=days)
    def measured() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult()

    job = dg.Definitions(
        assets=[measured], asset_checks=[measured_checks], executor=dg.in_process_executor
    ).resolve_implicit_global_asset_job_def()
    last = date(2026, 1, 1) + timedelta(days=PARTITIONS - 1)
    with dg.DagsterInstance.get() as instance:
        job.execute_in_process(
            instance=instance,
            tags={
                "dagster/asset_partition_range_start": "2026-01-01",
                "dagster/asset_partition_range_end": last.isoformat(),
            },
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


if __name__ == "__main__":
    sys.exit(main())
