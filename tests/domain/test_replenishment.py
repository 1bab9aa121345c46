"""Replenishment advice: order up to the demand quantile, net of everything that is there or on its way."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkstar_pipelines.domain.replenishment import advise
from linkstar_pipelines.schemas.planning import Forecasts, Replenishment
from linkstar_pipelines.schemas.stock import Positions

AS_OF = date(2026, 3, 15)
ITEM = {"node": "platform:na:US", "sku": "A"}
QUANTILES = {"mean_units": 37.0, "p50": 30.0, "p80": 50.0, "p90": 70.0, "p95": 90.0, "p98": 120.0}


def forecasts(**changes: Any) -> dy.DataFrame[Forecasts]:
    row = {
        **ITEM, "as_of": AS_OF, "horizon_days": 37, "history_weeks": 20, "demand_class": "smooth", "method": "test",
        **QUANTILES, **changes,
    }  # fmt: skip
    return Forecasts.cast(pl.DataFrame([row]))


def positions(available: int | None, inbound: int = 0, **changes: Any) -> dy.DataFrame[Positions]:
    row = {
        **ITEM, "available": available, "inbound": inbound, "unit_cost": Decimal("2.50"), "currency": "USD", **changes
    }  # fmt: skip
    return Positions.cast(pl.concat([Positions.create_empty(), pl.DataFrame([row])], how="diagonal_relaxed"))


def terms(**changes: Any) -> pl.DataFrame:
    row = {
        **ITEM, "lead_time_days": 30, "review_days": 7, "service_level": 0.95, "minimum_order": 1,
        "order_multiple": 1, **changes,
    }  # fmt: skip
    return pl.DataFrame([row])


def advice(forecast: dy.DataFrame[Forecasts], position: dy.DataFrame[Positions], term: pl.DataFrame) -> dict[str, Any]:
    found = advise(forecast, position, term, AS_OF)
    assert Replenishment.is_valid(found)
    assert found.height == 1
    return found.row(0, named=True)


def test_the_order_fills_what_available_and_inbound_leave_open() -> None:
    found = advice(forecasts(), positions(25, 15), terms())
    assert (found["advice"], found["target_units"], found["shortfall"]) == ("order_now", 90, 50)
    assert (found["suggested_units"], found["order_value"], found["currency"]) == (50, Decimal(125), "USD")


def test_stock_on_the_way_counts_in_full() -> None:
    found = advice(forecasts(), positions(0, 90), terms())
    assert (found["advice"], found["suggested_units"]) == ("covered", 0)


def test_stock_that_nobody_counted_is_not_zero() -> None:
    found = advice(forecasts(), positions(None, 15), terms())
    assert (found["advice"], found["suggested_units"], found["shortfall"]) == ("stock_unknown", None, None)
    assert found["runs_out_on"] is None
    assert found["expected_demand"] == 37


def test_demand_without_a_stock_position_is_unknown_stock() -> None:
    nowhere = Positions.create_empty()
    assert advice(forecasts(), nowhere, terms())["advice"] == "stock_unknown"


def test_stock_without_a_forecast_has_no_demand() -> None:
    found = advice(Forecasts.create_empty(), positions(8), terms())
    assert (found["advice"], found["suggested_units"], found["expected_demand"]) == ("no_demand", 0, 0)


def test_a_service_level_between_two_quantiles_is_read_between_them() -> None:
    assert advice(forecasts(), positions(0), terms(service_level=0.85))["target_units"] == 60
    assert advice(forecasts(), positions(0), terms(service_level=0.5))["target_units"] == 30
    assert advice(forecasts(), positions(0), terms(service_level=0.98))["target_units"] == 120


def test_orders_are_whole_cartons_of_at_least_the_minimum() -> None:
    assert advice(forecasts(), positions(40), terms(order_multiple=24))["suggested_units"] == 72
    assert advice(forecasts(), positions(89), terms(minimum_order=10, order_multiple=4))["suggested_units"] == 12
    assert advice(forecasts(), positions(90), terms(minimum_order=10, order_multiple=4))["suggested_units"] == 0


def test_the_run_out_day_is_the_available_stock_at_the_expected_rate() -> None:
    assert advice(forecasts(), positions(10, 99), terms())["runs_out_on"] == AS_OF + timedelta(days=10)
    assert advice(forecasts(), positions(0), terms())["runs_out_on"] == AS_OF
    assert advice(forecasts(), positions(365), terms())["runs_out_on"] == AS_OF + timedelta(days=365)
    assert advice(forecasts(), positions(366), terms())["runs_out_on"] is None


def test_without_demand_stock_never_runs_out() -> None:
    none = dict.fromkeys(QUANTILES, 0.0)
    found = advice(forecasts(**none), positions(0), terms())
    assert (found["advice"], found["runs_out_on"]) == ("no_demand", None)


def test_the_reason_says_its_numbers() -> None:
    reason = advice(forecasts(), positions(25, 15), terms(order_multiple=12))["reason"]
    assert reason == (
        "Order 60: 37.0 units expected in 37 days (lead time 30 + review 7), up to 90.0 at service level 95.0 %; "
        "25 available + 15 inbound leave 50 short; cartons of 12, minimum order 1."
    )


@pytest.mark.parametrize(
    ("stock", "start"), [(None, "Count the stock first"), (25, "Order 65"), (500, "Covered: 500 available")]
)
def test_every_advice_has_its_sentence(stock: int | None, start: str) -> None:
    assert advice(forecasts(), positions(stock), terms())["reason"].startswith(start)


def test_an_item_without_terms_is_named() -> None:
    with pytest.raises(ValueError, match=r"1 items have no replenishment terms, first platform:na:US / A"):
        advise(forecasts(), positions(1), terms(sku="B"), AS_OF)


def test_a_forecast_over_another_interval_is_refused() -> None:
    with pytest.raises(ValueError, match=r"37 against 52 days"):
        advise(forecasts(), positions(1), terms(lead_time_days=45), AS_OF)


quantiles = st.lists(st.floats(0, 1e6), min_size=5, max_size=5).map(sorted)
stock = st.integers(0, 10**6)
lots = st.integers(1, 500)
level = st.floats(0.5, 0.98)


def situation(values: list[float]) -> dict[str, float]:
    return dict(zip(("p50", "p80", "p90", "p95", "p98"), values, strict=True)) | {"mean_units": values[0]}


@settings(deadline=None, max_examples=20)
@given(values=quantiles, available=stock, inbound=stock, minimum=lots, multiple=lots, service=level)
def test_an_order_fits_the_supplier_and_once_accepted_nothing_more_is_asked_for(
    *, values: list[float], available: int, inbound: int, minimum: int, multiple: int, service: float
) -> None:
    demand, term = (
        forecasts(**situation(values)),
        terms(minimum_order=minimum, order_multiple=multiple, service_level=service),
    )
    found = advice(demand, positions(available, inbound), term)
    ordered = found["suggested_units"]
    assert ordered == 0 or (ordered >= minimum and ordered % multiple == 0)
    assert ordered >= found["shortfall"]
    assert ordered < max(found["shortfall"], minimum) + multiple, "no more cartons than needed"
    assert advice(demand, positions(available, inbound + ordered), term)["suggested_units"] == 0


@settings(deadline=None, max_examples=20)
@given(values=quantiles, available=stock, lower=level, higher=level, multiple=lots)
def test_more_safety_never_asks_for_less(
    values: list[float], available: int, lower: float, higher: float, multiple: int
) -> None:
    lower, higher = sorted((lower, higher))
    units = [
        advice(forecasts(**situation(values)), positions(available), terms(service_level=s, order_multiple=multiple))
        for s in (lower, higher)
    ]
    assert units[0]["suggested_units"] <= units[1]["suggested_units"]


@settings(deadline=None, max_examples=20)
@given(values=quantiles, available=stock, more=st.integers(0, 1000))
def test_more_stock_never_asks_for_more(values: list[float], available: int, more: int) -> None:
    demand = forecasts(**situation(values))
    without = advice(demand, positions(available), terms())["suggested_units"]
    for richer in (positions(available + more), positions(available, more)):
        assert advice(demand, richer, terms())["suggested_units"] == max(0, without - more)


@settings(deadline=None, max_examples=20)
@given(values=st.lists(st.integers(0, 10**4), min_size=5, max_size=5), available=stock, times=st.integers(1, 50))
def test_in_other_units_the_advice_is_the_same(values: list[int], available: int, times: int) -> None:
    """Counting in singles or in dozens must not change what is ordered."""
    numbers = [float(value) for value in sorted(values)]
    single = advice(forecasts(**situation(numbers)), positions(available), terms())
    scaled = situation([value * times for value in numbers])
    many = advice(forecasts(**scaled), positions(available * times), terms(order_multiple=times))
    assert many["suggested_units"] == single["suggested_units"] * times


def test_each_item_is_advised_on_its_own() -> None:
    """What a neighbor needs or has changes nothing: suggestions of several items never share a unit of stock."""
    other: dict[str, Any] = {"node": "platform:na:US", "sku": "B"}
    alone = advice(forecasts(), positions(25), terms())
    both = advise(
        Forecasts.cast(pl.concat([forecasts(), forecasts(**other)])),
        Positions.cast(pl.concat([positions(25), positions(1000, **other)])),
        pl.concat([terms(), terms(**other)]),
        AS_OF,
    )
    assert both.row(0, named=True) == alone
    assert both["suggested_units"].to_list() == [65, 0]
