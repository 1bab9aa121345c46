"""Decisions and listings for tests, in as few words as a test can bear."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain.products.decisions import decision, journal
from linkstar_pipelines.domain.products.kits import kits
from linkstar_pipelines.domain.products.listing_map import listing_map
from linkstar_pipelines.domain.products.skus import skus
from linkstar_pipelines.domain.products.suppliers import suppliers
from linkstar_pipelines.schemas.products import Listings, MatchProposals, RawCatalogDecisions, Skus

START = datetime(2026, 1, 1, 8, tzinfo=UTC)


def at(hour: int) -> datetime:
    """An instant some hours after the first."""
    return START + timedelta(hours=hour)


def say(kind: str, subject: str, content: dict[str, Any] | None = None, *, hour: int = 0, batch: str = "b") -> Any:
    """A decision of some hour."""
    return decision(kind, subject, content or {}, batch=batch, decided_at=at(hour), decided_by="ana")


def make_skus(*rows: Any, codes: tuple[str, ...] = ()) -> tuple[dy.DataFrame[Skus], pl.DataFrame]:
    """Master SKUs of decisions, and of listings with these codes."""
    return skus(journal(rows), listings(*codes), from_codes=True)


def listings(*codes: str | None) -> dy.DataFrame[Listings]:
    """One listing per code, all in one account, its seller SKU the code in small letters."""
    rows = [
        {
            "platform": "amazon", "store": "na", "marketplace_id": "US", "listing_sku": (code or f"?{place}").lower(),
            "code": code, "cleaning": "upper", "code_problem": None if code else "no code", "title": f"Title {code}",
            "fulfilled_by": "seller",
        }
        for place, code in enumerate(codes)
    ]  # fmt: skip
    return Listings.cast(pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String) if rows else None).pipe(_whole))


def _whole(frame: pl.DataFrame) -> pl.DataFrame:
    columns = Listings.column_names()
    return frame.with_columns(pl.lit(None).alias(n) for n in columns if n not in frame.columns).select(columns)


def by_code(of: dy.DataFrame[Listings], known: pl.DataFrame) -> dy.DataFrame[MatchProposals]:
    """What matching accepts of listings whose code is a SKU."""
    found = of.join(known.select("sku"), left_on="code", right_on="sku", how="semi")
    return MatchProposals.cast(
        found.select(
            subject_kind=pl.lit("listing"),
            subject=pl.concat_str("platform", "store", "listing_sku", separator="/"),
            candidate_sku="code",
            rank=pl.lit(1),
            multiplier=pl.lit(1),
            evidence=pl.lit("code"),
            score=pl.lit(1.0),
            verdict=pl.lit("accepted"),
            reasons=pl.lit("the code is the SKU"),
            title="title",
            candidate_title=pl.lit(None, pl.String),
        ).unique(["subject", "candidate_sku"])
    )


def catalogue(decisions: dy.DataFrame[RawCatalogDecisions], of: dy.DataFrame[Listings]) -> dict[str, pl.DataFrame]:
    """Every table of the catalogue, and what was refused of each, in one order of rows."""
    made, refused = skus(decisions, of, from_codes=True)
    proposals = by_code(of, made)
    tables = {
        "skus": (made, refused),
        "kits": kits(decisions, made),
        "suppliers": suppliers(decisions, made),
        "listing_map": listing_map(decisions, proposals, of, made),
    }
    found: dict[str, pl.DataFrame] = {"match_proposals": proposals.sort(MatchProposals.primary_key())}
    for name, (good, bad) in tables.items():
        found |= {name: good.sort(good.columns[:4]), f"{name} refused": bad.sort(bad.columns)}
    return found
