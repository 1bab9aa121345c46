"""The graph's transforms against the same ones in pandas, side by side in one run.

Belongs here: rows in memory, both sides stage by stage, the proof that both give the same figures, and the times.
Does not belong here: the transforms themselves (`linkstar_pipelines/domain`, `pandas_*.py`), reading and writing.

    python benchmarks/loop.py [--rounds 3] [--file order_lines.parquet]

Two yardsticks: *plain* is what one writes first (exact money as `Decimal`, one series after the other in the
forecast), and the goal is set against it; *tuned* is the fastest we could make pandas (money as whole ten-thousandths,
all series in one frame with a column for each week).

Without the file (Online Retail II, expected beside the checkout) a million generated lines take its place. Both sides
start from the same rows in memory and run in turn; the best of the rounds counts. Ends with 1 if the figures differ.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd
import pandas_loop
import pandas_planning
import polars as pl
from catalogue import mapped_by_rule

from linkstar_pipelines.domain.demand import daily_demand
from linkstar_pipelines.domain.forecasting import forecast
from linkstar_pipelines.domain.imported_orders import listings_from_import, order_lines_from_import, orders_from_import
from linkstar_pipelines.domain.order_import import apply_mapping
from linkstar_pipelines.domain.replenishment import advise
from linkstar_pipelines.rules.order_mapping import load_mapping
from linkstar_pipelines.rules.sku_codes import load_sku_code_rules
from linkstar_pipelines.schemas.stock import Positions

FILE: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "online_retail_ii" / "order_lines.parquet"
STAGES: Final = ("import", "skus", "orders", "order_lines", "daily_demand", "forecasts", "replenishment")
SHA, STORE, IMPORTED_ON, GOAL = "0" * 64, "online-retail", date(2026, 1, 1), 5.0
GOAL_AGAINST: Final = "pandas, plain"
LEAD_TIME_DAYS, REVIEW_DAYS = 30, 7

T = TypeVar("T")
Figures = dict[str, Any]


class Stopwatch:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, stage: str, work: Callable[[], T]) -> T:
        """Run one stage and keep its time."""
        start = time.perf_counter()
        result = work()
        self.seconds[stage] = time.perf_counter() - start
        return result


def main() -> int:
    """Run both sides, print the times, and compare the figures."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--file", type=Path, default=FILE)
    chosen = options.parse_args()
    rows = pl.read_parquet(chosen.file) if chosen.file.exists() else generated_rows(1_000_000)
    frame = rows.to_pandas()
    as_of = rows["invoice_date"].dt.date().sort()[-1]
    sides: dict[str, Callable[[Stopwatch], Figures]] = {
        "LinkStar": lambda watch: run_linkstar(watch, rows, as_of),
        "pandas, plain": lambda watch: run_pandas(watch, frame, as_of, "decimal", pandas_planning.forecast_by_series),
        "pandas, tuned": lambda watch: run_pandas(watch, frame, as_of, "scaled", pandas_planning.forecast),
    }
    best: dict[str, dict[str, float]] = {side: {} for side in sides}
    figures: dict[str, Figures] = {}
    for _ in range(chosen.rounds):
        for side, run in sides.items():
            watch = Stopwatch()
            figures[side] = run(watch)
            best[side] = {stage: min(took, best[side].get(stage, took)) for stage, took in watch.seconds.items()}
    report(rows.height, chosen.rounds, best)
    return compare(figures)


def run_linkstar(watch: Stopwatch, rows: pl.DataFrame, as_of: date) -> Figures:
    """The product's own transforms."""
    mapping, codes = load_mapping(Path("online_retail_ii")), load_sku_code_rules()
    imported = watch(
        "import",
        lambda: apply_mapping(rows.lazy(), mapping, file_sha256=SHA, imported_on=IMPORTED_ON, store=STORE),
    )
    sold_as = watch("skus", lambda: mapped_by_rule(listings_from_import(imported.lines, codes)[0]))
    orders, _ = watch("orders", lambda: orders_from_import(imported.lines))
    lines, _ = watch("order_lines", lambda: order_lines_from_import(imported.lines, sold_as))
    demand = watch("daily_demand", lambda: daily_demand(lines))
    terms = _terms(demand.select("node", "sku").unique(maintain_order=True))
    protection = terms.select("node", "sku", protection_days=pl.col("lead_time_days") + pl.col("review_days"))
    forecasts = watch("forecasts", lambda: forecast(demand, protection, as_of))
    positions = Positions.validate(_positions(terms))
    advice = watch("replenishment", lambda: advise(forecasts, positions, terms, as_of))
    return {
        "rejected": sorted(imported.rejected.group_by("reason").len().iter_rows()),
        "order_total": round(float(orders["total_amount"].sum()), 4),
        "orders": orders.height,
        "lines": lines.height,
        "line_total": round(float(lines["item_amount"].sum()), 4),
        "demand": demand.select("sku", "day", "units", "orders", "revenue").cast({"revenue": pl.Float64}).rows(),
        "forecasts": forecasts.select("sku", "demand_class", "mean_units", "p50", "p80", "p90", "p95", "p98").rows(),
        "advice": advice.select("sku", "advice", "suggested_units", "runs_out_on", "reason").rows(),
    }


def run_pandas(
    watch: Stopwatch,
    rows: pd.DataFrame,
    as_of: date,
    money: pandas_loop.Money,
    forecasts_of: Callable[[pd.DataFrame, int, date], pd.DataFrame],
) -> Figures:
    """The same in pandas."""
    lines, rejected = watch("import", lambda: pandas_loop.import_lines(rows, SHA, IMPORTED_ON, STORE, money))
    skus = watch("skus", lambda: pandas_loop.skus(lines))
    orders = watch("orders", lambda: pandas_loop.orders(lines))
    order_lines, _ = watch("order_lines", lambda: pandas_loop.order_lines(lines, skus))
    demand = watch("daily_demand", lambda: pandas_loop.daily_demand(order_lines))
    pairs = pl.from_pandas(demand[["node", "sku"]].drop_duplicates())
    terms, positions = _terms(pairs), _positions(_terms(pairs))
    forecasts = watch("forecasts", lambda: forecasts_of(demand, LEAD_TIME_DAYS + REVIEW_DAYS, as_of))
    given, terms_given = positions.select("node", "sku", "available", "inbound").to_pandas(), terms.to_pandas()
    advice = watch("replenishment", lambda: pandas_planning.advise(forecasts, given, terms_given, as_of))
    scale = 1 if money == "decimal" else pandas_loop.SCALE
    revenue = (demand["revenue"] / scale).astype("float64")
    days = demand["business_day"].dt.date
    runs_out = [None if pd.isna(day) else day.date() for day in advice["runs_out_on"]]
    suggested = [None if pd.isna(units) else int(units) for units in advice["suggested_units"]]
    quantiles = forecasts[["sku", "demand_class", "mean_units", "p50", "p80", "p90", "p95", "p98"]]
    return {
        "rejected": sorted(rejected["reason"].value_counts().items()),
        "order_total": round(float(orders["total_amount"].sum() / scale), 4),
        "orders": len(orders),
        "lines": len(order_lines),
        "line_total": round(float(order_lines["item_amount"].sum() / scale), 4),
        "demand": list(zip(demand["sku"], days, demand["units"], demand["orders"], revenue, strict=True)),
        "forecasts": list(quantiles.itertuples(index=False, name=None)),
        "advice": list(zip(advice["sku"], advice["advice"], suggested, runs_out, advice["reason"], strict=True)),
    }


def _terms(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.sort("node", "sku").with_columns(
        lead_time_days=pl.lit(LEAD_TIME_DAYS, pl.Int64),
        review_days=pl.lit(REVIEW_DAYS, pl.Int64),
        service_level=pl.lit(0.95),
        minimum_order=pl.lit(10, pl.Int64),
        order_multiple=pl.lit(6, pl.Int64),
    )


def _positions(terms: pl.DataFrame) -> pl.DataFrame:
    """Make up stock for every pair, as the file has none: every tenth is not counted."""
    number = pl.int_range(pl.len(), dtype=pl.Int64)
    stock = pl.when(number % 10 != 0).then(number * 37 % 400)
    known = {"platform": pl.lit("import"), "store": pl.lit(STORE), "marketplace_id": pl.lit("-")}
    known |= {"on_hand": stock, "available": stock, "inbound": number * 11 % 50}
    others = {
        name: pl.lit(None if column.nullable else 0, column.dtype)
        for name, column in Positions.columns().items()
        if name not in {"node", "sku", *known}
    }
    return terms.select("node", "sku", **known, **others).select(Positions.column_names())


def generated_rows(count: int) -> pl.DataFrame:
    """Make rows of the same form: 4,000 products, 20 lines an order, some cancels, write-offs and repeats."""
    random = np.random.default_rng(7)
    order = np.arange(count) // 20
    product = (random.pareto(1.1, count) * 40).astype(int) % 4_000
    minute = order * (2 * 365 * 1440) // max(order.max(), 1)
    cancelled = random.random(len(np.unique(order)))[order] < 0.03
    frame = pl.DataFrame(
        {
            "sheet": np.where(minute < 365 * 1440, "2009-2010", "2010-2011"),
            "invoice": 500_000 + order,
            "stock_code": 20_000 + product,
            "quantity": np.where(random.random(count) < 0.01, -1, 1) * (1 + random.poisson(4, count)),
            "minute": minute,
            "price": (product % 900 + 50) / 100,
            "customer_id": 12_000 + order % 6_000,
            "cancelled": cancelled,
        }
    )
    quantity = pl.when("cancelled").then(-pl.col("quantity").abs()).otherwise("quantity")
    start = pl.lit(datetime(2009, 12, 1, 8))  # noqa: DTZ001 - the file's own clock
    return frame.select(
        "sheet",
        invoice=pl.when("cancelled").then(pl.lit("C")).otherwise(pl.lit("")) + pl.col("invoice").cast(pl.String),
        stock_code=pl.col("stock_code").cast(pl.String),
        description=pl.format("ARTICLE {}", "stock_code"),
        quantity=quantity.cast(pl.Int32),
        invoice_date=(start + pl.duration(minutes="minute")).cast(pl.Datetime("us")),
        price="price",
        customer_id=pl.col("customer_id").cast(pl.Int32),
        country=pl.lit("United Kingdom"),
    )


def report(rows: int, rounds: int, best: dict[str, dict[str, float]]) -> None:
    """Print the seconds of every stage and the ratios."""
    ours, *others = best
    print(f"{rows:,} rows, best of {rounds}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; seconds")
    print(f"{'':16}" + "".join(f"{side:>16}" for side in best) + "".join(f"{f'{side} /':>18}" for side in others))
    totals = {side: sum(stages.values()) for side, stages in best.items()}
    for stage in (*STAGES, "total"):
        took = {side: totals[side] if stage == "total" else stages[stage] for side, stages in best.items()}
        ratios = "".join(f"{took[side] / took[ours]:17.1f}x" for side in others)
        print(f"{stage:16}" + "".join(f"{seconds:16.2f}" for seconds in took.values()) + ratios)
    for side in others:
        ratio = totals[side] / totals[ours]
        verdict = "meets" if ratio >= GOAL else "misses"
        goal = f" ({verdict} the goal of {GOAL})" if side == GOAL_AGAINST else ""
        print(f"{side}: {ratio:.1f} times LinkStar's time{goal}")


def compare(figures: dict[str, Figures]) -> int:
    """Print whether all sides give the same figures; numbers of a forecast may differ in the last digit."""
    ours, *others = figures
    different = 0
    for side in others:
        for name, expected in figures[ours].items():
            if not _same(expected, figures[side][name]):
                different += 1
                print(f"{side}: {name} differs")
    print("figures differ" if different else "figures are the same on all sides")
    return int(different > 0)


def _same(expected: Any, found: Any) -> bool:
    if isinstance(expected, float):
        return bool(abs(expected - found) <= 0.002 + 1e-9 * abs(expected))
    if isinstance(expected, list | tuple):
        return len(expected) == len(found) and all(map(_same, expected, found))
    return bool(expected == found)


if __name__ == "__main__":
    sys.exit(main())
