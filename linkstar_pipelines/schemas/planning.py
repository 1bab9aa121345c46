"""Layer `planning`: demand, forecasts with quantiles, and replenishment advice with its reasons.

Belongs here: shapes of the planning tables. The methods are in `domain/forecasting.py` and `domain/replenishment.py`.
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.schemas import columns as c

QUANTILES: Final = (0.5, 0.8, 0.9, 0.95, 0.98)


class DailyDemand(dy.Schema):
    """Units wanted per node, SKU and business day. Cancelled units do not count; days without demand have no row."""

    node = c.key("Place that serves the demand.")
    sku = c.key("Clean SKU.")
    day = dy.Date(primary_key=True, description="Business day in the store's own time zone.")
    platform = c.platform(primary_key=False)
    store = c.store(primary_key=False)
    units = dy.Int64(nullable=False, min=1, description="Units ordered and not cancelled.")
    orders = dy.Int64(nullable=False, min=1, description="Orders behind them.")
    revenue = c.money("Goods value; null before payment is settled.", nullable=True)
    currency = c.currency(nullable=True)


class Forecasts(dy.Schema):
    """Demand forecast per node and SKU: total over the protection interval (lead time + review), with quantiles."""

    node = c.key("Place that serves the demand.")
    sku = c.key("Clean SKU.")
    as_of = dy.Date(description="Last day of history used.")
    horizon_days = dy.Int64(nullable=False, min=1, description="Days from `as_of` that the totals cover.")
    history_weeks = dy.Int64(nullable=False, min=0, description="Whole weeks of history behind the forecast.")
    demand_class = dy.Enum(
        ["smooth", "erratic", "intermittent", "lumpy", "new"],
        description="Syntetos-Boylan class; `new` with fewer than 4 weeks of history.",
    )
    method = c.text("Name of the method, as `docs/forecasting.md` has it.")
    mean_units = dy.Float64(nullable=False, min=0, description="Expected units over the horizon.")
    p50 = dy.Float64(nullable=False, min=0, description="Median of the total.")
    p80 = dy.Float64(nullable=False, min=0, description="80 % quantile of the total.")
    p90 = dy.Float64(nullable=False, min=0, description="90 % quantile of the total.")
    p95 = dy.Float64(nullable=False, min=0, description="95 % quantile of the total.")
    p98 = dy.Float64(nullable=False, min=0, description="98 % quantile of the total.")

    @dy.rule()
    def quantiles_rise(cls) -> pl.Expr:
        """A higher quantile is never below a lower one."""
        return (
            (cls.p50.col <= cls.p80.col)
            & (cls.p80.col <= cls.p90.col)
            & (cls.p90.col <= cls.p95.col)
            & (cls.p95.col <= cls.p98.col)
        )


class Replenishment(dy.Schema):
    """Advice per node and SKU: how much to order now, and every number behind it."""

    node = c.key("Place to replenish.")
    sku = c.key("Clean SKU.")
    as_of = dy.Date(description="Day the advice is for.")
    advice = dy.Enum(
        ["order_now", "covered", "no_demand", "stock_unknown"],
        description="`order_now`, `covered` by stock and inbound, `no_demand`, or `stock_unknown` (count it first).",
    )
    available = dy.Int64(nullable=True, description="Units available to sell; null if unknown.")
    inbound = dy.Int64(nullable=False, min=0, description="Units on their way.")
    lead_time_days = dy.Int64(nullable=False, min=0, description="Days from order to sellable.")
    review_days = dy.Int64(nullable=False, min=1, description="Days until the next advice can be followed.")
    service_level = dy.Float64(nullable=False, min=0.5, max=0.98, description="Chance of no stock-out asked for.")
    expected_demand = dy.Float64(nullable=False, min=0, description="Expected units over lead time and review.")
    target_units = dy.Float64(
        nullable=False, min=0, description="Demand quantile at the service level: the order-up-to level."
    )
    shortfall = dy.Int64(
        nullable=True, min=0, description="target - available - inbound, at least 0; null if stock unknown."
    )
    minimum_order = dy.Int64(nullable=False, min=1, description="Smallest order the supplier takes (MOQ).")
    order_multiple = dy.Int64(nullable=False, min=1, description="Units per carton: orders are whole cartons.")
    suggested_units = dy.Int64(nullable=True, min=0, description="Units to order now; null if stock unknown.")
    runs_out_on = dy.Date(
        nullable=True,
        description="Day the available stock ends at the expected rate; null if it lasts a year or is unknown.",
    )
    order_value = c.money("suggested_units at cost.", nullable=True)
    currency = c.currency("ISO 4217 currency of the value.", nullable=True)
    reason = c.text("The advice in one sentence, with its numbers.")

    @dy.rule()
    def unknown_stock_gives_no_number(cls) -> pl.Expr:
        """Nothing is suggested on stock nobody has counted."""
        return (cls.advice.col == "stock_unknown") == cls.suggested_units.col.is_null()

    @dy.rule()
    def suggestion_fits_supplier(cls) -> pl.Expr:
        """A suggestion is 0, or at least the minimum order and whole cartons."""
        units = cls.suggested_units.col
        return (
            units.is_null() | (units == 0) | ((units >= cls.minimum_order.col) & (units % cls.order_multiple.col == 0))
        )
