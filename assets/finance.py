"""Group `finance`: settlement lines, each counted once, and whether every settlement ties out."""

import dagster as dg

from assets.tables import publish, table_asset
from linkstar_pipelines.domain import settlement
from linkstar_pipelines.schemas.core import OrderLines, Orders
from linkstar_pipelines.schemas.finance import SettlementLines, SettlementReport
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.schemas.raw import RawAmazonSettlements, RawFxRates
from linkstar_pipelines.storage.publishing import Mode
from resources.lake import LakeResource
from resources.rules import RulesResource


@table_asset(SettlementLines, deps=[RawAmazonSettlements, RawFxRates, Orders, OrderLines, ListingMap])
def settlement_lines(
    context: dg.AssetExecutionContext, lake: LakeResource, rules: RulesResource
) -> dg.MaterializeResult:
    """Categorize every settlement line and tie it to an order, the account or a suspense reason."""
    house = lake.open()
    frame, rejected = settlement.settlement_lines(
        house.table(RawAmazonSettlements),
        fee_rules=rules.load().settlement_fees.frame(),
        orders=house.table(Orders),
        order_lines=house.table(OrderLines),
        listing_map=house.table(ListingMap),
        rates=house.table(RawFxRates),
        base_currency=lake.settings().base_currency,
    )
    return publish(context, house, SettlementLines, frame, mode=Mode.REPLACE, rejected=rejected)


@table_asset(SettlementReport, deps=[SettlementLines, RawAmazonSettlements, RawFxRates])
def settlement_report(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Sum every settlement by its parts and compare the sum with the payout."""
    house = lake.open()
    frame, rejected = settlement.settlement_report(
        house.table(SettlementLines),
        house.table(RawAmazonSettlements),
        house.table(RawFxRates),
        lake.settings().base_currency,
    )
    return publish(context, house, SettlementReport, frame, mode=Mode.REPLACE, rejected=rejected)
