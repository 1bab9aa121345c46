"""Group `core`: listings, orders, lines, stock, returns and payments of all platforms in one form."""

import dagster as dg
import dataframely as dy
import polars as pl

from assets.partitions import days_of
from assets.streams import batches, changed, known_codes, landed, present, together
from assets.tables import Publication, publish, table_asset
from linkstar_pipelines.domain import imported_orders, order_import
from linkstar_pipelines.domain import orders as orders_of
from linkstar_pipelines.schemas.core import ListingStock, OrderLines, Orders, Payments, Returns
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap, Listings
from linkstar_pipelines.schemas.raw import RawImportedOrders
from linkstar_pipelines.schemas.streams import RAW_TABLES
from linkstar_pipelines.storage.mapped_lines import known_map
from linkstar_pipelines.storage.publishing import Mode
from resources.lake import LakeResource
from resources.rules import RulesResource


def _raw(stream: Stream) -> list[type[dy.Schema]]:
    """Raw tables of a stream, of every platform that offers it and is in the graph."""
    return [schema for (_, offered), schema in RAW_TABLES.items() if offered is stream and present(schema)]


@table_asset(Listings, deps=[*_raw(Stream.LISTINGS), RawImportedOrders])
def listings(context: dg.AssetExecutionContext, lake: LakeResource, rules: RulesResource) -> dg.MaterializeResult:
    """Read every listing, and every product in imported files, and clean its code."""
    house, codes = lake.open(), rules.load().sku_codes
    parts = [platform.listings(raw, codes) for platform, raw in landed(house, Stream.LISTINGS)]
    parts.append(imported_orders.listings_from_import(house.table(RawImportedOrders), codes))
    frame, rejected = together(Listings, parts)
    return publish(context, house, Listings, frame, mode=Mode.REPLACE, rejected=rejected)


@table_asset(Orders, deps=[*_raw(Stream.ORDERS), RawImportedOrders])
def orders(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Fold every version of the orders that changed on the run's days into their current state."""
    house, days, zones = lake.open(), days_of(context), lake.time_zones()
    source_key = pl.concat_str("platform", "store", "order_id", separator="/")
    publication = Publication(context, house, Orders, mode=Mode.UPSERT, days=days, source_key=source_key)
    for some in batches(house, Stream.ORDERS, days):
        parts = [
            orders_of.orders(versions, platform.orders, zones)
            for platform, versions in changed(house, Stream.ORDERS, some)
        ]
        parts.append(imported_orders.orders_from_import(house.table(RawImportedOrders, days=some)))
        publication.add(*together(Orders, parts))
    return publication.result()


@table_asset(OrderLines, deps=[*_raw(Stream.ORDERS), *_raw(Stream.LISTINGS), RawImportedOrders, ListingMap, Orders])
def order_lines(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Take the current lines of those orders, with money, quantities and SKUs.

    A line whose code is in none of the store's listings is put aside; a code that was sold before stays known after its
    listing is gone, and what it sold.
    """
    house, days, zones = lake.open(), days_of(context), lake.time_zones()
    sold_as, known = known_map(house), known_codes(house)
    publication = Publication(context, house, OrderLines, mode=Mode.UPSERT, days=days, source_key=_line_source())
    for some in batches(house, Stream.ORDERS, days):
        parts = [
            orders_of.order_lines(versions, platform.orders, sold_as, zones, known)
            for platform, versions in changed(house, Stream.ORDERS, some)
        ]
        parts.append(imported_orders.order_lines_from_import(house.table(RawImportedOrders, days=some), sold_as))
        publication.add(*together(OrderLines, parts))
    return publication.result()


@table_asset(ListingStock, deps=_raw(Stream.INVENTORY))
def listing_stock(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Read what each platform shows as stock of each listing. Amazon's is read with the positions."""
    house = lake.open()
    parts = [platform.stock(raw) for platform, raw in landed(house, Stream.INVENTORY) if platform.stock]
    frame, rejected = together(ListingStock, parts)
    return publish(context, house, ListingStock, frame, mode=Mode.REPLACE, rejected=rejected)


@table_asset(Returns, deps=_raw(Stream.RETURNS))
def returns(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Fold every version of the returns that changed on the run's days into their current state."""
    house, days = lake.open(), days_of(context)
    parts = [
        platform.returns(versions) for platform, versions in changed(house, Stream.RETURNS, days) if platform.returns
    ]
    frame, rejected = together(Returns, parts)
    return publish(
        context, house, Returns, frame, mode=Mode.UPSERT, days=days, rejected=rejected,
        source_key=pl.concat_str("platform", "store", "return_id", separator="/"),
    )  # fmt: skip


@table_asset(Payments, deps=_raw(Stream.FINANCES))
def payments(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Read every amount of the transactions posted on the run's days. Amazon's are read from its settlements."""
    house, days = lake.open(), days_of(context)
    parts = [
        platform.payments(versions) for platform, versions in changed(house, Stream.FINANCES, days) if platform.payments
    ]
    frame, rejected = together(Payments, parts)
    return publish(
        context, house, Payments, frame, mode=Mode.UPSERT, days=days, rejected=rejected,
        source_key=pl.concat_str("platform", "store", "transaction_id", separator="/"),
    )  # fmt: skip


def _line_source() -> pl.Expr:
    """Source key of an order line: its order, or its row of the file."""
    file, line = pl.col("line_id").str.split("-").list.first(), pl.col("line_id").str.split("-").list.last()
    return (
        pl.when(pl.col("platform") == order_import.PLATFORM)
        .then(order_import.source_key(pl.col("store"), file, line))
        .otherwise(pl.concat_str("platform", "store", "order_id", separator="/"))
    )
