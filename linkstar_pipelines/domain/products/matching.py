"""Which SKU a listing sells: candidates with their evidence, and which of them need no person.

Belongs here: listings and SKUs in, proposals out; the order of the steps.
Does not belong here: each step (`exact_matches.py`, `scored_matches.py`), duplicates among SKUs (`duplicates.py`), or
what people decided (`listing_map.py`): a proposal is computed from listings and SKUs alone, afresh each time.

The steps, the strongest first; the last is asked only for listings for which no earlier one was accepted:

1. equal GTIN, equal clean code: accepted, unless they name different SKUs or the titles contradict them;
2. a code rule of `rules/matching.yaml`, judged in the same way;
3. likeness of title, code and picture: mostly for a person's review.
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain.products.codes_alike import code_form
from linkstar_pipelines.domain.products.exact_matches import exact_matches, same_script
from linkstar_pipelines.domain.products.images import one_address
from linkstar_pipelines.domain.products.matching_rules import MatchingRules
from linkstar_pipelines.domain.products.scored_matches import scored_matches
from linkstar_pipelines.domain.products.titles import read_titles
from linkstar_pipelines.schemas.products import Listings, MatchProposals, Skus

_ORDER: Final = pl.Enum(["accepted", "review", "blocked"])


def propose(
    listings: dy.DataFrame[Listings], skus: dy.DataFrame[Skus], rules: MatchingRules
) -> dy.DataFrame[MatchProposals]:
    """Propose SKUs for listings.

    Args:
        listings: Listings; those of several marketplaces of an account with the same code are one subject.
        skus: Master SKUs; a merged one stands for the SKU that it was merged into.
        rules: Code rules and thresholds.

    Returns:
        Candidates by subject and rank, at most one accepted per subject. Does not depend on the order of rows.
    """
    codes = _codes(skus)
    standing = skus.filter(pl.col("merged_into").is_null()).with_columns(
        code_form=code_form(pl.col("sku")), image=one_address(pl.col("image_url"))
    )
    subjects = _subjects(listings, rules)
    titles = read_titles(pl.concat([subjects["title"], standing["name_en"], standing["name_zh"]]))
    exact = exact_matches(subjects, standing, codes, titles, rules)
    open_still = subjects.join(exact.filter(pl.col("verdict") == "accepted"), on="subject", how="anti")
    scored = scored_matches(open_still, standing, titles, rules).select(exact.columns)
    found = pl.concat([exact, _beside(scored, exact)])
    named = found.join(subjects.select("subject", "title"), on="subject").join(
        standing.select("name_en", "name_zh", candidate_sku="sku"), on="candidate_sku"
    )
    ranked = named.with_columns(
        pl.col("verdict").cast(_ORDER),
        candidate_title=same_script(pl.col("title"), pl.col("name_en"), pl.col("name_zh")),
        subject_kind=pl.lit("listing"),
    ).sort("subject", "verdict", "score", "candidate_sku", descending=[False, False, True, False])
    ranked = ranked.with_columns(rank=pl.int_range(1, pl.len() + 1).over("subject"))
    return MatchProposals.validate(ranked.select(MatchProposals.column_names()), cast=True)


def _beside(scored: pl.DataFrame, exact: pl.DataFrame) -> pl.DataFrame:
    """Return the candidates by likeness; where an identifier names another SKU, they are for a person, all of them."""
    disputed = pl.col("subject").is_in(exact["subject"].unique().implode()) & (pl.col("verdict") == "accepted")
    return scored.join(exact, on=["subject", "candidate_sku"], how="anti").with_columns(
        verdict=pl.when(disputed).then(pl.lit("review")).otherwise("verdict")
    )


def _subjects(listings: pl.DataFrame, rules: MatchingRules) -> pl.DataFrame:
    key = ["platform", "store", "listing_sku"]
    first = pl.col("title", "code", "image_url").drop_nulls().first()
    return (
        listings.sort(*key, "marketplace_id")
        .group_by(key, maintain_order=True)
        .agg(first, gtins=pl.col("gtin").drop_nulls().unique().sort())
        .select(
            "title",
            "code",
            "gtins",
            subject=pl.concat_str("platform", "store", "listing_sku", separator="/"),
            code_form=code_form(pl.col("listing_sku"), rules.channel_words),
            image=one_address(pl.col("image_url")),
        )
    )


def _codes(skus: pl.DataFrame) -> pl.DataFrame:
    """Return every code of a SKU with the SKU that stands for it, along chains of merges."""
    codes = skus.select(code="sku", sku=pl.coalesce("merged_into", "sku"))
    onward = skus.drop_nulls("merged_into").select("sku", "merged_into")
    for _ in range(onward.height):
        following = codes.join(onward, on="sku", how="left", maintain_order="left")
        if following["merged_into"].is_null().all():
            break
        codes = following.select("code", sku=pl.coalesce("merged_into", "sku"))
    return codes.join(skus.filter(pl.col("merged_into").is_null()).select("sku"), on="sku", how="semi")
