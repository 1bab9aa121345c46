"""Replenishment advice: how much to order now, and why.

Belongs here: the order-up-to rule, rounding to what a supplier takes, the run-out day, the reason in words.
Does not belong here: forecasting, the terms themselves (`rules/replenishment.yaml`), or placing orders.
All inbound units count as arriving within the protection interval, because sources do not date them.
"""

from datetime import date
from itertools import pairwise
from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.schemas import columns as c
from linkstar_pipelines.schemas.planning import QUANTILES, Forecasts, Replenishment
from linkstar_pipelines.schemas.stock import Positions

LONGEST_RUN_OUT_DAYS: Final = 365
_KEY: Final = ["node", "sku"]


def advise(
    forecasts: dy.DataFrame[Forecasts],
    positions: dy.DataFrame[Positions],
    terms: pl.DataFrame,
    as_of: date,
) -> dy.DataFrame[Replenishment]:
    """Advise on every (node, SKU) that has a forecast or a stock position.

    Periodic review, order-up-to: the target is the quantile of demand over lead time plus review at the service
    level, read linearly between the forecast's quantiles; the order fills what available and inbound stock leave
    open, raised to the minimum order and then to whole cartons (Silver, Pyke and Thomas, Inventory and Production
    Management in Supply Chains, the (R, S) policy). A stock that nobody has told us is never taken for 0.

    Args:
        forecasts: Demand over the protection interval; a pair without a row counts as no demand.
        positions: Stock positions; a pair without a row, or with a null count, is `stock_unknown`.
        terms: `node`, `sku`, `lead_time_days`, `review_days`, `service_level` (0.5 to 0.98), `minimum_order`,
            `order_multiple`: one row for every pair of the two other frames.
        as_of: Day the advice is for.

    Returns:
        Rows of `Replenishment`, sorted by its key.

    Raises:
        ValueError: a pair has no terms, or its forecast covers another interval than its terms.
    """
    pairs = pl.concat([forecasts.select(_KEY), positions.select(_KEY)]).unique()
    rows = (
        pairs.join(terms, on=_KEY, how="left")
        .join(forecasts.drop("as_of"), on=_KEY, how="left")
        .join(positions.select(*_KEY, "available", "inbound", "unit_cost", "currency"), on=_KEY, how="left")
        .with_columns(
            pl.col("inbound").fill_null(0),
            as_of=pl.lit(as_of),
            expected_demand=pl.col("mean_units").fill_null(0.0),
            _days=pl.col("lead_time_days") + pl.col("review_days"),
        )
    )
    _require_matching_terms(rows)
    decided = (
        rows.with_columns(target_units=_quantile_at(pl.col("service_level")).fill_null(0.0).round(3))
        .with_columns(shortfall=_shortfall())
        .with_columns(suggested_units=_orderable())
        .with_columns(advice=_advice(), runs_out_on=_runs_out_on())
        .with_columns(order_value=(pl.col("unit_cost") * pl.col("suggested_units")).cast(c.MONEY), reason=_reason())
    )
    return Replenishment.validate(
        decided.select(Replenishment.column_names()).sort(_KEY),
        cast=True,
    )


def _require_matching_terms(rows: pl.DataFrame) -> None:
    without = rows.filter(pl.col("_days").is_null())
    if without.height:
        raise ValueError(
            f"{without.height} items have no replenishment terms, first {without['node'][0]} / {without['sku'][0]}: "
            "make the terms from the same pairs as the forecasts and positions."
        )
    other = rows.filter(pl.col("horizon_days") != pl.col("_days"))
    if other.height:
        first = other.row(0, named=True)
        raise ValueError(
            f"{other.height} forecasts cover another interval than lead time plus review, first {first['node']} / "
            f"{first['sku']}: {first['horizon_days']} against {first['_days']} days. Forecast again with these terms."
        )


def _quantile_at(level: pl.Expr) -> pl.Expr:
    """Read the quantile at a level, linearly between the two columns around it."""
    names = [f"p{round(q * 100)}" for q in QUANTILES]
    value = pl.col(names[0])
    for (low, low_name), (high, high_name) in pairwise(zip(QUANTILES, names, strict=True)):
        share = ((level - low) / (high - low)).clip(0.0, 1.0)
        value = value + (pl.col(high_name) - pl.col(low_name)) * share
    return value


def _shortfall() -> pl.Expr:
    """Whole units that the target asks for beyond available and inbound; null if the stock is unknown."""
    missing = pl.col("target_units").ceil().cast(pl.Int64) - pl.col("available") - pl.col("inbound")
    return missing.clip(lower_bound=0)


def _orderable() -> pl.Expr:
    """Raise a shortfall to the minimum order, then to whole cartons; 0 stays 0."""
    multiple = pl.col("order_multiple")
    least = pl.max_horizontal("shortfall", "minimum_order")
    cartons = (least + multiple - 1) // multiple
    # max_horizontal looks past nulls: an unknown shortfall must stay unknown.
    return pl.when(pl.col("shortfall") > 0).then(cartons * multiple).otherwise(pl.col("shortfall"))


def _advice() -> pl.Expr:
    return (
        pl.when(pl.col("available").is_null())
        .then(pl.lit("stock_unknown"))
        .when(pl.col("suggested_units") > 0)
        .then(pl.lit("order_now"))
        .when(pl.col("target_units") == 0)
        .then(pl.lit("no_demand"))
        .otherwise(pl.lit("covered"))
    )


def _runs_out_on() -> pl.Expr:
    """Day the available stock ends at the expected rate; null beyond a year, without demand, or if unknown."""
    days = pl.col("available") * pl.col("_days") / pl.col("expected_demand")
    lasts = (pl.col("expected_demand") > 0) & (days <= LONGEST_RUN_OUT_DAYS)
    return pl.when(lasts).then(pl.col("as_of") + pl.duration(days=days.fill_nan(0).floor()))


def _reason() -> pl.Expr:
    demand = pl.format(
        "{} units expected in {} days (lead time {} + review {}), up to {} at service level {} %",
        pl.col("expected_demand").round(1),
        pl.col("_days"),
        pl.col("lead_time_days"),
        pl.col("review_days"),
        pl.col("target_units").round(1),
        (pl.col("service_level") * 100).round(1),
    )
    stock = pl.format("{} available + {} inbound", "available", "inbound")
    order = pl.format(
        "Order {}: {}; {} leave {} short; cartons of {}, minimum order {}.",
        "suggested_units", demand, stock, "shortfall", "order_multiple", "minimum_order",
    )  # fmt: skip
    return (
        pl.when(pl.col("advice") == "stock_unknown")
        .then(pl.format("Count the stock first: nobody has told us what is there; {}.", demand))
        .when(pl.col("advice") == "order_now")
        .then(order)
        .when(pl.col("advice") == "no_demand")
        .then(pl.format("No demand to cover: {}; {}.", demand, stock))
        .otherwise(pl.format("Covered: {} for {}.", stock, demand))
    )
