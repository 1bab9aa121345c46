"""The catalogue that follows from listings alone, for benchmarks: no decision was ever made.

Belongs here: the steps of `assets/products.py` in memory. Does not belong here: the steps themselves.
"""

import dataframely as dy

from linkstar_pipelines.domain.products.listing_map import listing_map
from linkstar_pipelines.domain.products.matching import propose
from linkstar_pipelines.domain.products.skus import skus
from linkstar_pipelines.rules.matching import load_matching_rules
from linkstar_pipelines.schemas.products import ListingMap, Listings, RawCatalogDecisions


def mapped_by_rule(listings: dy.DataFrame[Listings]) -> dy.DataFrame[ListingMap]:
    """Return what listings sell where every clean code makes its SKU."""
    nothing_said = RawCatalogDecisions.create_empty()
    known, _ = skus(nothing_said, listings, from_codes=True)
    proposals = propose(listings, known, load_matching_rules())
    return listing_map(nothing_said, proposals, listings, known)[0]
