"""Group `catalog`: the journal of decisions, and the master data that decisions and listings come to."""

import dagster as dg
import polars as pl

from assets.tables import publish, table_asset
from linkstar_pipelines.domain.products import kits as kits_of
from linkstar_pipelines.domain.products import listing_map as listing_map_of
from linkstar_pipelines.domain.products import skus as skus_of
from linkstar_pipelines.domain.products import suppliers as suppliers_of
from linkstar_pipelines.orchestration.journal_state import DECISIONS_FOLDED
from linkstar_pipelines.schemas.products import (
    Kits,
    ListingMap,
    Listings,
    MatchProposals,
    RawCatalogDecisions,
    Skus,
    Suppliers,
)
from linkstar_pipelines.storage.publishing import Mode
from resources.lake import LakeResource
from resources.rules import RulesResource


@table_asset(RawCatalogDecisions)
def catalog_decisions(lake: LakeResource) -> dg.MaterializeResult:
    """Count the decisions by kind. They were written by commands, review lists and migrations."""
    counts = lake.open().query("SELECT kind, count(*) AS n FROM raw.catalog_decisions GROUP BY kind ORDER BY kind")
    return dg.MaterializeResult(
        metadata={"dagster/row_count": int(counts["n"].sum()), "decisions": dict(counts.iter_rows())}
    )


@table_asset(Skus, deps=[RawCatalogDecisions, Listings])
def skus(context: dg.AssetExecutionContext, lake: LakeResource, rules: RulesResource) -> dg.MaterializeResult:
    """Fold what was decided of each SKU; where nothing was, the clean code of a listing makes one."""
    house = lake.open()
    make_skus, decisions = rules.load().sku_codes.make_skus, house.table(RawCatalogDecisions)
    frame, rejected = skus_of.skus(decisions, house.table(Listings), from_codes=make_skus)
    context.add_asset_metadata({DECISIONS_FOLDED: decisions.height})
    return publish(context, house, Skus, frame, mode=Mode.REPLACE, rejected=rejected)


@table_asset(MatchProposals, deps=[RawCatalogDecisions, Listings, Skus])
def match_proposals(
    context: dg.AssetExecutionContext, lake: LakeResource, rules: RulesResource
) -> dg.MaterializeResult:
    """Look for the SKU of every listing, and for SKUs that may be the same product; what people rejected is blocked."""
    # These load scipy, which takes a second: only runs need it, not whatever loads the definitions.
    from linkstar_pipelines.domain.products.duplicates import duplicates
    from linkstar_pipelines.domain.products.matching import propose
    from linkstar_pipelines.domain.products.review import heed_rejections

    house, how = lake.open(), rules.load().matching
    known = house.table(Skus)
    found = pl.concat([propose(house.table(Listings), known, how), duplicates(known, how)])
    heeded = heed_rejections(found, house.table(RawCatalogDecisions))
    return publish(context, house, MatchProposals, heeded, mode=Mode.REPLACE)


@table_asset(ListingMap, deps=[RawCatalogDecisions, MatchProposals, Listings, Skus])
def listing_map(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Paint decisions over accepted matches. A listing that sells no known SKU is held with its reason."""
    house = lake.open()
    decisions = house.table(RawCatalogDecisions)
    frame, rejected = listing_map_of.listing_map(
        decisions, house.table(MatchProposals), house.table(Listings), house.table(Skus)
    )
    context.add_asset_metadata({DECISIONS_FOLDED: decisions.height})
    return publish(context, house, ListingMap, frame, mode=Mode.REPLACE, rejected=rejected)


@table_asset(Kits, deps=[RawCatalogDecisions, Skus])
def kits(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Fold what kits are made of."""
    house = lake.open()
    frame, rejected = kits_of.kits(house.table(RawCatalogDecisions), house.table(Skus))
    return publish(context, house, Kits, frame, mode=Mode.REPLACE, rejected=rejected)


@table_asset(Suppliers, deps=[RawCatalogDecisions, Skus])
def suppliers(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Fold the suppliers' terms for each SKU."""
    house = lake.open()
    frame, rejected = suppliers_of.suppliers(house.table(RawCatalogDecisions), house.table(Skus))
    return publish(context, house, Suppliers, frame, mode=Mode.REPLACE, rejected=rejected)
