"""Group `stock`: what moved because of orders, and what is where."""

from datetime import UTC, datetime

import dagster as dg

from assets.partitions import days_of
from assets.streams import present
from assets.tables import Publication, publish, table_asset
from linkstar_pipelines.domain.movements import movements as movements_of
from linkstar_pipelines.domain.movements import unmoved
from linkstar_pipelines.domain.positions import positions as positions_of
from linkstar_pipelines.schemas.core import ListingStock, OrderLines
from linkstar_pipelines.schemas.products import ListingMap, Listings, Skus
from linkstar_pipelines.schemas.raw import RawAmazonInventory, RawAmazonListings
from linkstar_pipelines.schemas.stock import Movements, Positions
from linkstar_pipelines.storage.publishing import Mode
from resources.lake import LakeResource
from resources.rules import RulesResource


@table_asset(Movements, deps=[OrderLines])
def movements(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Take out of stock what the lines that changed on the run's days have shipped.

    A line that moves nothing any more, such as one whose listing is not mapped any more, loses its movement.
    """
    house, days = lake.open(), days_of(context)
    lines = house.table(OrderLines, days=days)
    frame = movements_of(lines)
    publication = Publication(context, house, Movements, mode=Mode.UPSERT, days=days)
    publication.add(frame, ended=unmoved(lines, frame))
    return publication.result()


_SOURCES = [
    *filter(present, (RawAmazonInventory, RawAmazonListings)),
    ListingStock, Listings, ListingMap, Skus, OrderLines, Movements,
]  # fmt: skip


@table_asset(Positions, deps=_SOURCES)
def positions(context: dg.AssetExecutionContext, lake: LakeResource, rules: RulesResource) -> dg.MaterializeResult:
    """Fold the last counts and what orders took since into one position per node and SKU."""
    house = lake.open()
    frame, rejected = positions_of(
        house.table(RawAmazonInventory),
        house.table(RawAmazonListings),
        house.table(ListingStock),
        house.table(OrderLines),
        house.table(Movements),
        listings=house.table(Listings),
        listing_map=house.table(ListingMap),
        skus=house.table(Skus),
        cost_share=rules.load().replenishment.cost_share,
        now=datetime.now(UTC),
    )
    return publish(context, house, Positions, frame, mode=Mode.REPLACE, rejected=rejected)
