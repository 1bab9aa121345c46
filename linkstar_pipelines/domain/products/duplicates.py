"""SKUs that may be one product twice: for a person to merge, never merged by themselves.

Belongs here: finding pairs of SKUs, and the clusters that they make.
Does not belong here: merging (`merges.py`), or listings (`matching.py`).

Two SKUs may be one where they have the same GTIN; or where their names are alike, nothing that tells variants apart
differs, and picture or size and weight are the same too. Names alone say nothing.
"""

from typing import Final

import dataframely as dy
import numpy as np
import polars as pl
from scipy import sparse  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

from linkstar_pipelines.domain.products.blocking import likeness, nearest
from linkstar_pipelines.domain.products.images import one_address
from linkstar_pipelines.domain.products.matching_rules import MatchingRules
from linkstar_pipelines.domain.products.titles import Titles, read_titles
from linkstar_pipelines.domain.products.variants import differences
from linkstar_pipelines.schemas.products import MatchProposals, Skus

_GTIN: Final = 0.95
_NAME: Final = 0.8
"""Score of names that are the same, with one further witness."""
_SIZE: Final = ("length_mm", "width_mm", "height_mm", "weight_g")


def duplicates(skus: dy.DataFrame[Skus], rules: MatchingRules) -> dy.DataFrame[MatchProposals]:
    """Propose which SKUs may be one.

    Args:
        skus: Master SKUs; merged ones are passed over.
        rules: How alike names must be (`accept_similarity`).

    Returns:
        One row per SKU that may be the head of its cluster: the first of those that a person named, else the first of
        all. `review`, or `blocked` where the GTIN is the same and the names tell two variants: then the GTIN is wrong.
    """
    standing = skus.filter(pl.col("merged_into").is_null()).with_columns(image=one_address(pl.col("image_url")))
    names = standing.unpivot(["name_en", "name_zh"], index="sku", value_name="text").drop_nulls("text")
    titles = read_titles(names["text"])
    pairs = pl.concat([_by_gtin(standing), _by_name(names, standing, titles, rules)])
    judged = _judged(pairs, standing, titles)
    order = standing.sort(pl.col("source") == "code", "sku").select("sku").with_row_index("place")
    found = pl.concat([_clusters(judged.filter(~pl.col("blocked")), order), _refused(judged.filter("blocked"), order)])
    called = standing.select("sku", name=pl.coalesce("name_en", "name_zh"))
    proposals = (
        found.join(called.rename({"sku": "subject", "name": "title"}), on="subject", how="left")
        .join(called.rename({"sku": "candidate_sku", "name": "candidate_title"}), on="candidate_sku", how="left")
        .sort(
            "subject", pl.col("verdict") == "blocked", "score", "candidate_sku", descending=[False, False, True, False]
        )
        .with_columns(
            rank=pl.int_range(1, pl.len() + 1).over("subject"), subject_kind=pl.lit("sku"), multiplier=pl.lit(1)
        )
    )
    return MatchProposals.validate(proposals.select(MatchProposals.column_names()), cast=True)


def _by_gtin(standing: pl.DataFrame) -> pl.DataFrame:
    """Pair every SKU of a GTIN with the first one: enough for a cluster, and few for a GTIN that hundreds share."""
    shared = standing.drop_nulls("gtin").sort("gtin", "sku").with_columns(left=pl.col("sku").first().over("gtin"))
    pairs = shared.filter(pl.col("left") != pl.col("sku"))
    return pairs.select("left", right="sku", gtin=pl.lit(value=True), similarity=pl.lit(None, pl.Float64))


def _by_name(names: pl.DataFrame, standing: pl.DataFrame, titles: Titles, rules: MatchingRules) -> pl.DataFrame:
    """Pair SKUs with alike names and equal marks that share a picture, or size and weight."""
    size = pl.concat_str(*_SIZE, separator="x")  # null where one is
    witnesses = standing.select("sku", witness=pl.concat_list("image", size)).explode("witness", empty_as_null=False)
    read = names.select("sku", "text").join(titles.texts, on="text").filter(pl.col("base") != "")
    bases = read["base"].unique().sort()
    near = nearest(bases, bases)
    graded = near.with_columns(
        likeness(near.select(base="left", phrase="left"), near.select(base="right", phrase="right"))
    ).filter(pl.col("similarity") >= rules.accept_similarity)
    marks = ["strict", "loose", "pack", "witness"]
    read = read.join(witnesses.drop_nulls("witness"), on="sku")
    left, right = (
        read.select(*marks, pl.col("sku").alias(side), pl.col("base").alias(b))
        for side, b in (("left", "l"), ("right", "r"))
    )
    pairs = graded.rename({"left": "l", "right": "r"}).join(left, on="l").join(right, on=["r", *marks])
    pairs = pairs.filter(pl.col("left") < pl.col("right"))
    return pairs.group_by("left", "right").agg(gtin=pl.lit(value=False), similarity=pl.col("similarity").max())


def _judged(pairs: pl.DataFrame, standing: pl.DataFrame, titles: Titles) -> pl.DataFrame:
    """Add to pairs `left`, `right`: `score`, `blocked`, `reasons`."""
    of = standing.select("sku", "image", "name_en", "name_zh", *_SIZE, own_gtin="gtin")
    both = (
        pairs.group_by("left", "right")
        .agg(pl.col("gtin").any(), pl.col("similarity").max())
        .join(of, left_on="left", right_on="sku")
        .join(of, left_on="right", right_on="sku", suffix="_there")
        .with_columns(
            same_image=(pl.col("image") == pl.col("image_there")).fill_null(value=False),
            same_size=pl.all_horizontal(pl.col(c) == pl.col(f"{c}_there") for c in _SIZE).fill_null(value=False),
            gtin_apart=(pl.col("own_gtin") != pl.col("own_gtin_there")).fill_null(value=False),
        )
    )
    for name in ("name_en", "name_zh"):
        compared = both.select(left=name, right=f"{name}_there").drop_nulls()
        between = differences(compared, titles.marks, left="one", right="other").filter("blocked")
        between = between.select(
            pl.col("left").alias(name),
            pl.col("right").alias(f"{name}_there"),
            pl.col("differences").alias(f"{name}_told"),
        )
        both = both.join(between, on=[name, f"{name}_there"], how="left")
    told = pl.coalesce("name_en_told", "name_zh_told")
    percent = (pl.col("similarity") * 100).round(0).cast(pl.Int64)
    reasons = pl.concat_list(
        pl.when("gtin").then(pl.lit("same GTIN")),
        pl.when(pl.col("similarity").is_not_null()).then(pl.concat_str(pl.lit("names "), percent, pl.lit(" % alike"))),
        pl.when("same_image").then(pl.lit("same picture")),
        pl.when("same_size").then(pl.lit("same size and weight")),
        told,
        pl.when("gtin_apart").then(pl.lit("GTINs differ")),
    )
    return both.select(
        "left",
        "right",
        score=pl.when("gtin").then(_GTIN).otherwise(_NAME * pl.col("similarity")),
        blocked=told.is_not_null() | pl.col("gtin_apart"),
        reasons=reasons.list.drop_nulls().list.join("; "),
    )


def _clusters(pairs: pl.DataFrame, order: pl.DataFrame) -> pl.DataFrame:
    """Return every SKU of a cluster but its head, beside the head."""
    place = dict(zip(order["sku"], order["place"], strict=True))
    left, right = (pairs[side].replace_strict(place, return_dtype=pl.UInt32).to_numpy() for side in ("left", "right"))
    graph = sparse.coo_matrix((np.ones(len(left)), (left, right)), shape=(order.height, order.height))
    _, cluster = connected_components(graph, directed=False)
    members = order.with_columns(cluster=pl.Series(cluster)).sort("place")
    members = members.with_columns(candidate_sku=pl.col("sku").first().over("cluster")).filter(
        pl.col("sku") != pl.col("candidate_sku")
    )
    ways = pl.concat([pairs, pairs.rename({"left": "right", "right": "left"}).select(pairs.columns)])
    direct = pl.col("right") == pl.col("candidate_sku")
    said = members.join(ways, left_on="sku", right_on="left").sort(
        "sku", ~direct, "score", "right", descending=[False, False, True, False]
    )
    through = pl.when(~direct).then(pl.concat_str(pl.lit(" as "), "right", pl.lit(", which may be this one")))
    return said.unique("sku", keep="first", maintain_order=True).select(
        subject="sku",
        candidate_sku="candidate_sku",
        evidence=pl.when(pl.col("reasons").str.starts_with("same GTIN"))
        .then(pl.lit("gtin"))
        .otherwise(pl.lit("score")),
        score="score",
        verdict=pl.lit("review"),
        reasons=pl.concat_str("reasons", through.fill_null("")),
    )


def _refused(pairs: pl.DataFrame, order: pl.DataFrame) -> pl.DataFrame:
    """Return refused pairs, the later SKU as the one that would end."""
    place = dict(zip(order["sku"], order["place"], strict=True))
    first = pl.col("left").replace_strict(place, return_dtype=pl.UInt32) < pl.col("right").replace_strict(
        place, return_dtype=pl.UInt32
    )
    return pairs.select(
        subject=pl.when(first).then("right").otherwise("left"),
        candidate_sku=pl.when(first).then("left").otherwise("right"),
        evidence=pl.when(pl.col("reasons").str.starts_with("same GTIN"))
        .then(pl.lit("gtin"))
        .otherwise(pl.lit("score")),
        score="score",
        verdict=pl.lit("blocked"),
        reasons="reasons",
    )
