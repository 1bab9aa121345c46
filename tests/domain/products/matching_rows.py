"""Listings and SKUs of a few fields, for the tests of matching."""

from typing import Any

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain.products.matching import propose
from linkstar_pipelines.rules.matching import load_matching_rules
from linkstar_pipelines.schemas.products import Listings, MatchProposals, Skus

RULES = load_matching_rules()


def listings(*rows: dict[str, Any]) -> dy.DataFrame[Listings]:
    """Listings of an Amazon store."""
    fixed = {"platform": "amazon", "store": "na", "marketplace_id": "US", "cleaning": "none", "fulfilled_by": "seller"}
    return Listings.validate(_frame([fixed | row for row in rows], Listings), cast=True)


def skus(*rows: dict[str, Any]) -> dy.DataFrame[Skus]:
    """SKUs that a person named."""
    fixed = {"lifecycle": "active", "is_kit": False, "source": "decision"}
    return Skus.validate(_frame([fixed | row for row in rows], Skus), cast=True)


def proposed(listing: dict[str, Any], *products: dict[str, Any]) -> list[tuple[str, str, str, int]]:
    """Candidate, evidence, verdict and multiplier of what is proposed for one listing."""
    made = propose(listings({"listing_sku": "OLD-1"} | listing), skus(*products), RULES)
    return said(made)


def said(proposals: dy.DataFrame[MatchProposals]) -> list[tuple[str, str, str, int]]:
    """The same of proposals."""
    return proposals.sort("subject", "rank").select("candidate_sku", "evidence", "verdict", "multiplier").rows()


def reasons(listing: dict[str, Any], *products: dict[str, Any]) -> str:
    """Reasons of the first candidate of one listing."""
    made = propose(listings({"listing_sku": "OLD-1"} | listing), skus(*products), RULES)
    return str(made.sort("rank")["reasons"][0])


def _frame(rows: list[dict[str, Any]], schema: type[dy.Schema]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema.create_empty().schema, infer_schema_length=None)
