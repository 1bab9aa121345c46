"""The whole catalogue as its decisions and listings make it, at once: to compare it before and after a plan.

Belongs here: putting the tables together, and the few figures by which a catalogue is judged.
Does not belong here: how each table is made (its own module).
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from linkstar_pipelines.domain.products.kits import kits
from linkstar_pipelines.domain.products.listing_map import listing_map
from linkstar_pipelines.domain.products.matching import propose
from linkstar_pipelines.domain.products.matching_rules import MatchingRules
from linkstar_pipelines.domain.products.review import heed_rejections
from linkstar_pipelines.domain.products.skus import skus
from linkstar_pipelines.domain.products.suppliers import suppliers
from linkstar_pipelines.domain.quarantine import concat_rejects
from linkstar_pipelines.schemas.products import Listings, MatchProposals
from linkstar_pipelines.schemas.quality import ReasonType

_LISTING: Final = ["platform", "store", "listing_sku"]


@dataclass(frozen=True)
class Catalogue:
    """Journal, listings, and the tables that follow from them; what was refused on the way stays in quarantine."""

    decisions: pl.DataFrame
    listings: pl.DataFrame
    skus: pl.DataFrame
    kits: pl.DataFrame
    suppliers: pl.DataFrame
    listing_map: pl.DataFrame
    rejected: pl.DataFrame


def fold(
    decisions: pl.DataFrame, listings: pl.DataFrame, rules: MatchingRules | None, *, from_codes: bool
) -> Catalogue:
    """Make all tables of a catalogue.

    Args:
        decisions: The journal, rows of `RawCatalogDecisions`.
        listings: Rows of `Listings`.
        rules: How listings are matched where nobody decided; None matches none, which is quick.
        from_codes: Whether the clean code of a listing makes a SKU where no decision does.
    """
    masters, wrong_skus = skus(decisions, listings, from_codes=from_codes)
    made_of, wrong_kits = kits(decisions, masters)
    terms, wrong_terms = suppliers(decisions, masters)
    found = MatchProposals.create_empty() if rules is None else propose(Listings.cast(listings), masters, rules)
    proposals = heed_rejections(found, decisions)
    mapped, unsold = listing_map(decisions, proposals, listings, masters)
    return Catalogue(
        decisions,
        listings,
        masters,
        made_of,
        terms,
        mapped,
        concat_rejects(wrong_skus, wrong_kits, wrong_terms, unsold),
    )


def unmapped(catalogue: Catalogue) -> pl.DataFrame:
    """Return the listings that sell no known SKU until further notice, unless somebody decided that they sell none.

    Returns:
        Columns `platform`, `store`, `listing_sku`, `title`, `code_problem`; one row per code of an account.
    """
    held = catalogue.rejected.filter(pl.col("reason_type") == ReasonType.UNMAPPED_LISTING.value)
    shown = catalogue.listings.sort("marketplace_id").unique(_LISTING, keep="first", maintain_order=True)
    named = shown.with_columns(source_key=pl.concat_str(_LISTING, separator="/"))
    return named.join(held, on="source_key", how="semi").select(*_LISTING, "title", "code_problem").sort(_LISTING)


def counts(catalogue: Catalogue) -> dict[str, int]:
    """Return the figures by which a catalogue is judged: those of SKUs are of standing ones alone."""
    standing = catalogue.skus.filter(pl.col("merged_into").is_null())
    shared = standing.drop_nulls("gtin").group_by("gtin").len().filter(pl.col("len") > 1)
    listings, missing = catalogue.listings.select(_LISTING).n_unique(), unmapped(catalogue).height
    return {
        "skus": standing.height,
        "kits": catalogue.kits["kit_sku"].n_unique(),
        "suppliers": catalogue.suppliers["supplier"].n_unique(),
        "mapped_listings": listings - missing,
        "unmapped_listings": missing,
        "duplicate_gtins": shared.height,
    }
