"""Forecasts: the level of a series, its class, and quantiles learnt from past errors."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import dataframely as dy
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkstar_pipelines.domain.forecasting import DEFAULT_RATIOS, NO_HISTORY, SIZE_EDGES, forecast
from linkstar_pipelines.schemas.planning import QUANTILES, DailyDemand, Forecasts
from tests.support import shared_path

AS_OF = date(2026, 3, 15)
NODE = "platform:na:US"


def weekly(units_by_sku: Mapping[str, Sequence[float]], as_of: date = AS_OF) -> dy.DataFrame[DailyDemand]:
    """Demand of whole weeks, oldest first, each week's units sold on its last day."""
    rows = [
        (sku, as_of - timedelta(days=7 * (len(weeks) - 1 - number)), int(units))
        for sku, weeks in units_by_sku.items()
        for number, units in enumerate(weeks)
        if units
    ]
    return daily(rows)


def daily(rows: list[tuple[str, date, int]]) -> dy.DataFrame[DailyDemand]:
    frame = pl.DataFrame(rows, schema={"sku": pl.String, "day": pl.Date, "units": pl.Int64}, orient="row")
    return DailyDemand.cast(
        frame.with_columns(
            node=pl.lit(NODE), platform=pl.lit("amazon"), store=pl.lit("na"), orders=1, revenue=None, currency=None
        )
    )


def protect(*skus: str, days: int = 28) -> pl.DataFrame:
    return pl.DataFrame({"node": [NODE] * len(skus), "sku": skus, "protection_days": [days] * len(skus)})


def one(demand: dy.DataFrame[DailyDemand], sku: str = "A", days: int = 28) -> dict[str, object]:
    return forecast(demand, protect(sku, days=days), AS_OF).row(0, named=True)


def test_steady_demand_is_forecast_as_it_is_in_proportion_to_the_horizon() -> None:
    demand = weekly({"A": [14] * 20})
    assert one(demand, days=28)["mean_units"] == 56
    assert one(demand, days=37)["mean_units"] == 74


def test_recent_weeks_weigh_more() -> None:
    rising, falling = one(weekly({"A": [1] * 10 + [9] * 10})), one(weekly({"A": [9] * 10 + [1] * 10}))
    assert isinstance(rising["mean_units"], float)
    assert rising["mean_units"] > 20 > float(str(falling["mean_units"]))


def test_the_level_is_simple_exponential_smoothing_over_the_weeks_since_the_first_sale() -> None:
    weeks = [3, 0, 5, 1, 0, 2]
    weights = [0.8 ** (len(weeks) - 1 - number) for number in range(len(weeks))]
    expected = sum(w * y for w, y in zip(weights, weeks, strict=True)) / sum(weights) * 4
    # A longer series beside it must not change the level of this one.
    assert one(weekly({"A": weeks, "B": [7] * 30}))["mean_units"] == pytest.approx(expected, abs=1e-3)


def test_days_after_as_of_are_not_looked_at() -> None:
    past = weekly({"A": [14] * 20})
    future = daily([("A", AS_OF + timedelta(days=1), 10_000)])
    assert one(DailyDemand.cast(pl.concat([past, future]))) == one(past)


def test_a_sku_that_never_sold_is_forecast_as_nothing() -> None:
    found = one(weekly({"A": [5] * 10}), sku="NEVER")
    assert found["method"] == NO_HISTORY
    assert [found[name] for name in ("mean_units", "p50", "p98", "history_weeks")] == [0, 0, 0, 0]
    assert found["demand_class"] == "new"


def test_without_any_demand_everything_is_forecast_as_nothing() -> None:
    found = forecast(DailyDemand.create_empty(), protect("A", "B"), AS_OF)
    assert found["mean_units"].to_list() == [0, 0]


@pytest.mark.parametrize(
    ("weeks", "expected"),
    [
        ([10] * 30, "smooth"),
        ([1, 1, 1, 40] * 8, "erratic"),
        ([0, 0, 5] * 10, "intermittent"),
        ([0, 0, 0, 1, 0, 0, 0, 60] * 4, "lumpy"),
        ([4, 4, 4], "new"),
    ],
)
def test_demand_is_classed_by_interval_and_variation(weeks: list[float], expected: str) -> None:
    assert one(weekly({"A": weeks}))["demand_class"] == expected


def test_history_counts_whole_weeks() -> None:
    first = AS_OF - timedelta(days=34)
    assert one(daily([("A", first, 3)]))["history_weeks"] == 5
    assert one(daily([("A", first + timedelta(days=1), 3)]))["history_weeks"] == 4


def test_little_history_takes_the_published_ratios() -> None:
    found = one(weekly({"A": [14] * 20}))
    ratios = DEFAULT_RATIOS[int(np.searchsorted(SIZE_EDGES, 56, side="right"))]
    assert [found[f"p{round(q * 100)}"] for q in QUANTILES] == pytest.approx([56 * ratio for ratio in ratios])


def test_a_shop_of_steady_sellers_learns_that_its_errors_are_small() -> None:
    demand = weekly({f"S{number:03}": [20] * 20 for number in range(50)})
    found = forecast(demand, protect("S001"), AS_OF).row(0, named=True)
    assert found["p98"] == found["mean_units"] == 80


def test_quantiles_cover_what_they_say_on_demand_of_the_same_kind() -> None:
    """Split conformal: the share of series below a quantile is the quantile, on exchangeable series."""
    rng = np.random.default_rng(5)
    units = rng.negative_binomial(2, 0.2, size=(2000, 34))
    demand = weekly({f"S{number:04}": list(row) for number, row in enumerate(units[:, :30])})
    found = forecast(demand, protect(*(f"S{number:04}" for number in range(2000))), AS_OF)
    actual = units[:, 30:].sum(axis=1)
    for quantile in QUANTILES:
        covered = float((actual <= found[f"p{round(quantile * 100)}"].to_numpy()).mean())
        assert covered == pytest.approx(quantile, abs=0.035)


def test_intervals_below_a_day_are_refused_with_the_item_named() -> None:
    with pytest.raises(ValueError, match=r"platform:na:US / A: set lead_time_days"):
        forecast(weekly({"A": [1] * 5}), protect("A", days=0), AS_OF)


series = st.lists(st.lists(st.integers(0, 500), min_size=1, max_size=30), min_size=1, max_size=6)


@settings(deadline=None, max_examples=40)
@given(weeks=series, days=st.integers(1, 200))
def test_every_forecast_keeps_its_schema_whatever_the_history(weeks: list[list[int]], days: int) -> None:
    demand = weekly({f"S{number}": [float(u) for u in units] for number, units in enumerate(weeks)})
    found = forecast(demand, protect(*(f"S{number}" for number in range(len(weeks))), days=days), AS_OF)
    assert Forecasts.is_valid(found)
    assert found.height == len(weeks)


@settings(deadline=None, max_examples=25)
@given(weeks=series, seed=st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter(weeks: list[list[int]], seed: int) -> None:
    demand = weekly({f"S{number}": [float(u) for u in units] for number, units in enumerate(weeks)})
    wanted = protect(*(f"S{number}" for number in range(len(weeks))))
    shuffled = DailyDemand.cast(demand.sample(fraction=1.0, shuffle=True, seed=seed))
    assert forecast(shuffled, wanted, AS_OF).equals(forecast(demand, wanted, AS_OF))


def test_on_a_real_shop_it_beats_the_mean_of_30_days_and_its_quantiles_hold() -> None:
    """Online Retail II, the 28 days after each of 4 origins; docs/forecasting.md has the full measurement."""
    goods = (
        pl.scan_parquet(shared_path("data", "online_retail_ii", "order_lines.parquet"))
        .filter(
            (pl.col("quantity") > 0) & (pl.col("price") > 0) & ~pl.col("invoice").str.starts_with("C"),
            pl.col("stock_code").str.contains(r"^\d{5}"),
        )
        .group_by(sku=pl.col("stock_code").str.to_uppercase(), day=pl.col("invoice_date").dt.date())
        .agg(units=pl.col("quantity").sum().cast(pl.Int64))
        .collect()
    )
    demand = daily(goods.rows())
    figures = pl.DataFrame([_measured(demand, date(2011, 12, 8) - timedelta(days=56 * k)) for k in range(1, 5)])
    mean = figures.mean().row(0, named=True)
    assert mean["error"] < 0.96 * mean["error_of_30_days"]
    assert mean["p95"] == pytest.approx(0.95, abs=0.03)
    assert mean["p98"] == pytest.approx(0.98, abs=0.015)


def _measured(demand: dy.DataFrame[DailyDemand], origin: date) -> dict[str, float]:
    """Errors of the 28-day totals relative to the units sold, and shares of SKUs below a quantile."""
    day = pl.col("day")
    living = demand.filter(day <= origin, day > origin - timedelta(days=91))["sku"].unique()
    found = forecast(demand, protect(*living.to_list()), origin)

    def units(name: str, *days: pl.Expr) -> pl.DataFrame:
        return demand.filter(*days).group_by("sku").agg(pl.col("units").sum().alias(name))

    after = units("actual", day > origin, day <= origin + timedelta(days=28))
    before = units("month", day <= origin, day > origin - timedelta(days=30))
    both = found.join(after, on="sku", how="left").join(before, on="sku", how="left").fill_null(0)
    actual = pl.col("actual")
    return both.select(
        error=(pl.col("mean_units") - actual).abs().sum() / actual.sum(),
        error_of_30_days=(pl.col("month") * 28 / 30 - actual).abs().sum() / actual.sum(),
        p95=(actual <= pl.col("p95")).mean(),
        p98=(actual <= pl.col("p98")).mean(),
    ).row(0, named=True)
