"""Group `core`: clean SKUs, orders and order lines of all platforms in one form."""

import dagster as dg
import polars as pl

from assets.partitions import days_of
from assets.tables import publish, table_asset
from linkstar_pipelines.domain import amazon_listings, amazon_orders, imported_orders, order_import
from linkstar_pipelines.domain import orders as orders_of
from linkstar_pipelines.domain.quarantine import concat_rejects
from linkstar_pipelines.schemas.core import OrderLines, Orders, Skus
from linkstar_pipelines.schemas.raw import RawAmazonListings, RawAmazonOrders, RawImportedOrders
from linkstar_pipelines.storage.publishing import Mode
from resources.lake import LakeResource
from resources.rules import RulesResource


@table_asset(Skus, deps=[RawAmazonListings, RawImportedOrders])
def skus(context: dg.AssetExecutionContext, lake: LakeResource, rules: RulesResource) -> dg.MaterializeResult:
    """Clean the code of every listing, and of every product in imported files."""
    house, codes = lake.open(), rules.load().sku_codes
    listed, refused = amazon_listings.skus(house.table(RawAmazonListings), codes)
    imported, refused_imports = imported_orders.skus_from_import(house.table(RawImportedOrders), codes)
    frame, rejected = pl.concat([listed, imported]), concat_rejects(refused, refused_imports)
    return publish(context, house, Skus, frame, mode=Mode.REPLACE, rejected=rejected)


@table_asset(Orders, deps=[RawAmazonOrders, RawImportedOrders])
def orders(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Fold every version of the orders that changed on the run's days into their current state."""
    house, days = lake.open(), days_of(context)
    versions = house.touched(RawAmazonOrders, ("platform", "store", "order_id"), days)
    pulled, refused = orders_of.orders(versions, amazon_orders.FORM, lake.time_zones())
    imported, refused_imports = imported_orders.orders_from_import(house.table(RawImportedOrders, days=days))
    return publish(
        context, house, Orders, pl.concat([pulled, imported]), mode=Mode.UPSERT, days=days,
        rejected=concat_rejects(refused, refused_imports),
        source_key=pl.concat_str("platform", "store", "order_id", separator="/"),
    )  # fmt: skip


@table_asset(OrderLines, deps=[RawAmazonOrders, RawImportedOrders, Skus, Orders])
def order_lines(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Take the current lines of those orders, with money, quantities and clean SKUs."""
    house, days = lake.open(), days_of(context)
    versions = house.touched(RawAmazonOrders, ("platform", "store", "order_id"), days)
    clean = house.table(Skus)
    pulled, refused = orders_of.order_lines(versions, amazon_orders.FORM, clean, lake.time_zones())
    lines = house.table(RawImportedOrders, days=days)
    imported, refused_imports = imported_orders.order_lines_from_import(lines, clean)
    return publish(
        context, house, OrderLines, pl.concat([pulled, imported]), mode=Mode.UPSERT, days=days,
        rejected=concat_rejects(refused, refused_imports), source_key=_line_source(),
    )  # fmt: skip


def _line_source() -> pl.Expr:
    """Source key of an order line: its order, or its row of the file."""
    file, line = pl.col("line_id").str.split("-").list.first(), pl.col("line_id").str.split("-").list.last()
    return (
        pl.when(pl.col("platform") == order_import.PLATFORM)
        .then(order_import.source_key(pl.col("store"), file, line))
        .otherwise(pl.concat_str("platform", "store", "order_id", separator="/"))
    )
