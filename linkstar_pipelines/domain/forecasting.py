"""Demand forecasts: the total over a protection interval, with quantiles learnt from past errors.

Belongs here: the level of a series, its demand class, and the error ratios that turn a mean into quantiles.
Does not belong here: what to order (`replenishment`). The method, its measured accuracy and its limits are in
`docs/forecasting.md`; the most important limit: sales are taken for demand, so past stock-outs look like weak demand.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from linkstar_pipelines.schemas.planning import QUANTILES, DailyDemand, Forecasts

METHOD: Final = "ses_0.2"
NO_HISTORY: Final = "no_history"
SMOOTHING: Final = 0.2
HISTORY_WEEKS: Final = 104
MIN_WEEKS: Final = 4
"""A series teaches error ratios, and gets a demand class, from this many weeks on."""

MAX_ORIGINS: Final = 52
MIN_PAIRS: Final = 100
"""A size class with fewer past (forecast, actual) pairs uses `DEFAULT_RATIOS`: a 98 % quantile needs that many."""

SIZE_EDGES: Final = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Lower edges, in units over the horizon, of the size classes after the first."""

SMALLEST_FORECAST: Final = 0.1
"""Ratios are taken to at least this many units: below it the quantiles are units, not multiples."""

DEFAULT_RATIOS: Final = (
    (0.00, 0.00, 0.00, 0.00, 20.0),
    (0.00, 0.00, 10.1, 24.8, 60.0),
    (0.00, 2.37, 6.09, 13.0, 35.3),
    (0.00, 2.15, 4.85, 9.97, 22.7),
    (0.45, 2.00, 3.93, 6.95, 13.8),
    (0.66, 1.86, 3.18, 5.24, 10.2),
    (0.74, 1.59, 2.41, 3.59, 5.74),
    (0.78, 1.45, 1.99, 2.65, 3.79),
    (0.80, 1.33, 1.68, 2.08, 2.74),
    (0.77, 1.19, 1.49, 1.76, 2.24),
)
"""Actual over forecast per size class and quantile, measured on Online Retail II (4 weeks ahead, 52 origins)."""

CLASS_WINDOW_WEEKS: Final = 52
INTERVAL_CUT, VARIATION_CUT = 1.32, 0.49
"""Syntetos, Boylan and Croston (2005), On the categorization of demand patterns: the cut-off values."""

_FloatArray = NDArray[np.float64]
_IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class _Panel:
    """Weekly units of all series: `units[series, week]`, the last week ending on `as_of`; `age` in weeks at its end."""

    units: _FloatArray
    age: _IntArray

    @property
    def weeks(self) -> int:
        return int(self.units.shape[1])


def forecast(demand: dy.DataFrame[DailyDemand], protection: pl.DataFrame, as_of: date) -> dy.DataFrame[Forecasts]:
    """Forecast the total demand of each (node, SKU) over its protection interval.

    Args:
        demand: All daily demand; later days than `as_of` are not looked at. Every series teaches the error ratios.
        protection: The series to forecast: `node`, `sku`, `protection_days` (lead time plus review, at least 1).
            One that never sold is forecast as 0 with the method `no_history`.
        as_of: Last day of history.

    Returns:
        One row of `Forecasts` per row of `protection`, sorted by its key.

    Raises:
        ValueError: a protection interval is missing or shorter than a day.
    """
    bad = protection.filter(pl.col("protection_days").fill_null(0) < 1)
    if bad.height:
        node, sku = bad.row(0, named=True)["node"], bad.row(0, named=True)["sku"]
        raise ValueError(
            f"{bad.height} protection intervals are missing or below 1 day, first {node} / {sku}: "
            "set lead_time_days and review_days in rules/replenishment.yaml."
        )
    series, panel = _weekly_panel(demand.filter(pl.col("day") <= as_of), as_of)
    facts = series.with_columns(
        _level=pl.Series(_levels(panel, [panel.weeks])[:, 0]),
        demand_class=pl.Series(_demand_classes(panel), dtype=pl.String),
    )
    wanted = protection.select(
        "node", "sku", as_of=pl.lit(as_of), horizon_days=pl.col("protection_days").cast(pl.Int64)
    ).join(facts, on=["node", "sku"], how="left")
    never_sold = pl.col("_level").is_null()
    rows = wanted.with_columns(
        history_weeks=pl.col("history_weeks").fill_null(0),
        demand_class=pl.when(pl.col("history_weeks").fill_null(0) < MIN_WEEKS)
        .then(pl.lit("new"))
        .otherwise("demand_class"),
        method=pl.when(never_sold).then(pl.lit(NO_HISTORY)).otherwise(pl.lit(METHOD)),
        mean_units=(pl.col("_level").fill_null(0.0) / 7 * pl.col("horizon_days")).round(3),
        _horizon_weeks=(pl.col("horizon_days") / 7).round().clip(1).cast(pl.Int64),
    )
    quantiles = _quantiles(rows, panel)
    return Forecasts.validate(rows.hstack(quantiles).select(Forecasts.column_names()).sort("node", "sku"), cast=True)


def _weekly_panel(demand: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame, _Panel]:
    """Lay out weekly units: 7-day bins that end on `as_of`, oldest first, incomplete oldest bin left out."""
    series = (
        demand.group_by("node", "sku")
        .agg(first_day=pl.col("day").min())
        .sort("node", "sku")
        .with_columns(_days=(pl.lit(as_of) - pl.col("first_day")).dt.total_days() + 1)
        .with_row_index("_series")
    )
    longest = series["_days"].max()
    weeks = min(max(int(longest) // 7, 1), HISTORY_WEEKS) if isinstance(longest, int) else 1
    bins = (
        demand.join(series, on=["node", "sku"])
        .with_columns(_week=weeks - 1 - (pl.lit(as_of) - pl.col("day")).dt.total_days() // 7)
        .filter(pl.col("_week") >= 0)
        .group_by("_series", "_week")
        .agg(pl.col("units").sum())
    )
    units = np.zeros((series.height, weeks))
    units[bins["_series"].to_numpy(), bins["_week"].to_numpy()] = bins["units"].to_numpy()
    age = ((series["_days"] + 6) // 7).clip(1, weeks).to_numpy().astype(np.int64)
    facts = series.select("node", "sku", history_weeks=pl.col("_days") // 7)
    return facts, _Panel(units, age)


def _levels(panel: _Panel, origins: Iterable[int]) -> _FloatArray:
    """Smooth each series up to each origin (weeks of history used): one column of weekly levels per origin.

    Simple exponential smoothing as a weighted mean of all weeks since the first sale, the weights adding up to 1.
    A series that begins after an origin gets NaN there.
    """
    cuts = np.asarray(list(origins))
    week = np.arange(panel.weeks)[:, None]
    ago = cuts[None, :] - 1 - week
    weights = np.where(ago >= 0, (1 - SMOOTHING) ** np.maximum(ago, 0), 0.0)
    age_at_cut = panel.age[:, None] - (panel.weeks - cuts)[None, :]
    total = (1 - (1 - SMOOTHING) ** np.maximum(age_at_cut, 0)) / SMOOTHING
    levels = np.full((len(panel.units), len(cuts)), np.nan)
    np.divide(panel.units @ weights, total, out=levels, where=age_at_cut > 0)
    return levels


def _demand_classes(panel: _Panel) -> list[str]:
    """Class each series by mean interval between weeks with demand and by variation of the demand in them."""
    recent = panel.units[:, -CLASS_WINDOW_WEEKS:]
    weeks = np.minimum(panel.age, recent.shape[1])
    sold = recent > 0
    count = np.maximum(sold.sum(axis=1), 1)
    mean = np.maximum(recent.sum(axis=1) / count, 1e-9)
    variance = (((recent - mean[:, None]) ** 2) * sold).sum(axis=1) / count
    rare, varied = weeks / count >= INTERVAL_CUT, variance / mean**2 >= VARIATION_CUT
    names = np.array([["smooth", "erratic"], ["intermittent", "lumpy"]])
    return [str(name) for name in names[rare.astype(int), varied.astype(int)]]


def _quantiles(rows: pl.DataFrame, panel: _Panel) -> pl.DataFrame:
    """Turn means into quantiles: the ratio of the row's size class and horizon times the mean."""
    mean = rows["mean_units"].to_numpy()
    horizon = rows["_horizon_weeks"].to_numpy()
    sold = (rows["method"] == METHOD).to_numpy()
    size = _size_class(mean)
    values = np.zeros((rows.height, len(QUANTILES)))
    for weeks in np.unique(horizon[sold]):
        mine = sold & (horizon == weeks)
        ratios = _error_ratios(panel, int(weeks))
        values[mine] = ratios[size[mine]] * np.maximum(mean[mine], SMALLEST_FORECAST)[:, None]
    names = [f"p{round(q * 100)}" for q in QUANTILES]
    return pl.DataFrame(values.round(3), schema=dict.fromkeys(names, pl.Float64))


def _error_ratios(panel: _Panel, horizon_weeks: int) -> _FloatArray:
    """Learn actual over forecast per size class from rolling origins: rows are size classes, columns quantiles.

    Split conformal prediction pooled over all series of a class: the quantile at rank ceil((n + 1) q) of n past
    ratios. Origins are a week apart, the last one `horizon_weeks` before the end, so no forecast saw its actual.
    """
    last = panel.weeks - horizon_weeks
    origins = range(max(MIN_WEEKS, last - MAX_ORIGINS + 1), last + 1)
    table = np.array(DEFAULT_RATIOS)
    if not origins:
        return table
    running = np.concatenate([np.zeros((len(panel.units), 1)), panel.units.cumsum(axis=1)], axis=1)
    cuts = np.asarray(origins)
    actual = running[:, cuts + horizon_weeks] - running[:, cuts]
    expected = _levels(panel, origins) * horizon_weeks
    known = (panel.age[:, None] - (panel.weeks - cuts)[None, :]) >= MIN_WEEKS
    expected, actual = expected[known], actual[known]
    size = _size_class(expected)
    ratios = actual / np.maximum(expected, SMALLEST_FORECAST)
    for number in range(len(table)):
        pool = ratios[size == number]
        if len(pool) >= MIN_PAIRS:
            ranks = np.minimum(np.array(QUANTILES) * (len(pool) + 1) / len(pool), 1.0)
            table[number] = np.quantile(pool, ranks, method="inverted_cdf")
    return table


def _size_class(units: _FloatArray) -> _IntArray:
    return np.searchsorted(SIZE_EDGES, units, side="right").astype(np.int64)
