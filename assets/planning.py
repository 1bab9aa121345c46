"""Group `planning`: demand, forecasts and replenishment advice."""

import dagster as dg
import polars as pl

from assets.tables import publish, table_asset
from linkstar_pipelines.domain.demand import daily_demand as demand_of
from linkstar_pipelines.domain.forecasting import forecast
from linkstar_pipelines.domain.replenishment import advise
from linkstar_pipelines.schemas.core import OrderLines
from linkstar_pipelines.schemas.planning import DailyDemand, Forecasts, Replenishment
from linkstar_pipelines.schemas.stock import Positions
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.publishing import Mode
from resources.lake import LakeResource
from resources.rules import RulesResource


@table_asset(DailyDemand, deps=[OrderLines])
def daily_demand(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Count the units wanted per node, SKU and business day."""
    house = lake.open()
    return publish(context, house, DailyDemand, demand_of(house.table(OrderLines)), mode=Mode.REPLACE)


@table_asset(Forecasts, deps=[DailyDemand, Positions])
def forecasts(context: dg.AssetExecutionContext, lake: LakeResource, rules: RulesResource) -> dg.MaterializeResult:
    """Forecast the demand over lead time and review, with quantiles."""
    house, replenishment = lake.open(), rules.load().replenishment
    demand = house.table(DailyDemand)
    as_of = house.query("SELECT max(day) FROM planning.daily_demand").item()
    protection = replenishment.protection(replenishment.terms(_pairs(house)))
    frame = forecast(demand, protection, as_of) if as_of else Forecasts.create_empty()
    return publish(context, house, Forecasts, frame, mode=Mode.REPLACE)


@table_asset(Replenishment, deps=[Forecasts, Positions])
def replenishment(context: dg.AssetExecutionContext, lake: LakeResource, rules: RulesResource) -> dg.MaterializeResult:
    """Say how much to order now, and why."""
    house = lake.open()
    forecasts = house.table(Forecasts)
    terms = rules.load().replenishment.terms(_pairs(house))
    as_of = house.query("SELECT max(as_of) FROM planning.forecasts").item()
    advice = Replenishment.create_empty()
    if as_of is not None:
        advice = advise(forecasts, house.table(Positions), terms, as_of)
    return publish(context, house, Replenishment, advice, mode=Mode.REPLACE)


def _pairs(lake: Lake) -> pl.DataFrame:
    """Every node and SKU that was ever wanted or is held."""
    pair = ["node", "sku"]
    return pl.concat([lake.read(DailyDemand, columns=pair), lake.read(Positions, columns=pair)]).unique(
        maintain_order=True
    )
