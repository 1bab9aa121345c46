"""Matches by likeness: titles, codes and pictures that are nearly or quite the same.

Belongs here: finding the candidates, scoring them, and which of them need no person.
Does not belong here: identifiers that are equal (`exact_matches.py`), or how alike two titles are (`blocking.py`).

A title alone never makes a match: there must be a second witness, an alike code or the same picture; nothing that names
a variant may differ; one unit must be sold; and no other candidate may come close.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain.products.blocking import likeness, nearest
from linkstar_pipelines.domain.products.codes_alike import mistyped, skeleton
from linkstar_pipelines.domain.products.exact_matches import same_script
from linkstar_pipelines.domain.products.matching_rules import MatchingRules
from linkstar_pipelines.domain.products.titles import Titles
from linkstar_pipelines.domain.products.variants import differences

_OF_FAMILY: Final = 6
"""Variants with the right numbers that are looked at per title, those with the right words first."""
_BLOCKED_SHOWN: Final = 2
"""Candidates that are refused, per listing: a person sees that the siblings were thought of."""
_TITLE: Final = 0.9
"""Score of two titles that are the same, with nothing else."""
_DOUBT_LEFT: Final = {"code": 0.2, "image": 0.3}
"""Share of the doubt that is left by a second witness."""
_GTIN_APART: Final = 0.6
"""Factor on the score where listing and SKU state different GTINs."""


def scored_matches(
    subjects: pl.DataFrame, standing: pl.DataFrame, titles: Titles, rules: MatchingRules
) -> pl.DataFrame:
    """Find and score the SKUs that listings without an identifier of ours may sell.

    Args:
        subjects: Columns `subject`, `code_form`, `title`, `gtins` (list), `image` (in one form).
        standing: SKUs that stand: `sku`, `code_form`, `gtin`, `name_en`, `name_zh`, `image` (in one form).
        titles: All titles and names, taken apart.
        rules: Thresholds.

    Returns:
        The columns of `exact_matches.exact_matches`, `verdict` also `blocked`; at most `rules.candidates` and
        `_BLOCKED_SHOWN` blocked ones per subject.
    """
    sides = ["subject", "sku", "name"]
    alike = _by_title(subjects, standing, titles, rules).select(sides)
    names = standing.select("sku", "name_en", "name_zh")
    others = pl.concat([_by_skeleton(subjects, standing), _by_image(subjects, standing)]).unique()
    others = others.join(subjects.select("subject", "title"), on="subject").join(names, on="sku")
    others = others.with_columns(name=same_script(pl.col("title"), pl.col("name_en"), pl.col("name_zh"))).select(sides)
    pairs = _weighed(pl.concat([alike, others]).unique(), subjects, standing, titles)
    worth = pl.col("same_code") | pl.col("same_image") | (pl.col("similarity") >= rules.review_similarity)
    best = pairs.filter(worth).sort(
        "subject", "sku", "blocked", "score", "name", descending=[False, False, False, True, False]
    )
    return _judged(best.unique(["subject", "sku"], keep="first", maintain_order=True), rules)


def _by_title(subjects: pl.DataFrame, standing: pl.DataFrame, titles: Titles, rules: MatchingRules) -> pl.DataFrame:
    """Pair titles with names whose naming words are alike: those with the same numbers, and a few siblings."""
    read = titles.texts.select("text", "base", "phrase", "strict", "loose").filter(pl.col("base") != "")
    ours = subjects.select(text="title").drop_nulls().unique().join(read, on="text")
    names = (
        standing.unpivot(["name_en", "name_zh"], index="sku", value_name="text")
        .drop_nulls("text")
        .select("sku", "text")
    )
    theirs = names.join(read, on="text")
    pairs = nearest(ours["base"].unique().sort(), theirs["base"].unique().sort())
    form = read.select("base", "phrase").sort("base", "phrase").unique("base", keep="first", maintain_order=True)
    left = pairs.join(form, left_on="left", right_on="base", how="left", maintain_order="left")
    right = pairs.join(form, left_on="right", right_on="base", how="left", maintain_order="left")
    graded = pairs.with_columns(
        likeness(left.select("phrase", base="left"), right.select("phrase", base="right"))
    ).filter(pl.col("similarity") >= rules.review_similarity)
    members = theirs.select("sku", name="text", right="base", strict="strict", their_loose="loose")
    alike = pl.int_range(pl.len()).over("right", "strict", "their_loose")
    members = members.sort("sku", "name").filter(alike < _OF_FAMILY)
    wanted = ours.select("text", "strict", "loose", left="base").join(graded, on="left")
    right_words = pl.col("loose") == pl.col("their_loose")
    same_numbers = (
        wanted.join(members, on=["right", "strict"])
        .sort("text", right_words, "similarity", "sku", "name", descending=[False, True, True, False, False])
        .filter(pl.int_range(pl.len()).over("text") < _OF_FAMILY)
        .select("text", "sku", "name")
    )
    first = wanted.sort("text", "similarity", "right", descending=[False, True, False]).unique(
        "text", keep="first", maintain_order=True
    )
    few = members.sort("right", "sku", "name").filter(pl.int_range(pl.len()).over("right") < _BLOCKED_SHOWN)
    siblings = first.join(few, on="right").select("text", "sku", "name")
    found = pl.concat([same_numbers, siblings]).unique()
    return subjects.select("subject", text="title").join(found, on="text")


def _by_skeleton(subjects: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    ours = subjects.select("subject", skeleton=skeleton(pl.col("code_form"))).drop_nulls()
    theirs = standing.select("sku", skeleton=skeleton(pl.col("code_form"))).drop_nulls()
    # Codes that become the same tell nothing apart.
    return ours.join(theirs.filter(pl.len().over("skeleton") == 1), on="skeleton").select("subject", "sku")


def _by_image(subjects: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    own = standing.drop_nulls("image").filter(pl.len().over("image") == 1).select("sku", "image")
    return subjects.drop_nulls("image").join(own, on="image").select("subject", "sku")


def _weighed(pairs: pl.DataFrame, subjects: pl.DataFrame, standing: pl.DataFrame, titles: Titles) -> pl.DataFrame:
    """Add to pairs (`subject`, `sku`, `name`) what speaks for and against them."""
    own_image = pl.when(pl.len().over("image") == 1).then("image")
    frame = pairs.join(
        subjects.select("subject", "title", "gtins", "image", left="code_form"), on="subject", maintain_order="left"
    ).join(standing.select("sku", "gtin", sku_image=own_image, right="code_form"), on="sku", maintain_order="left")
    read = titles.texts.select("text", "base", "phrase", "pack")
    left = frame.join(read, left_on="title", right_on="text", how="left", maintain_order="left")
    right = frame.join(read, left_on="name", right_on="text", how="left", maintain_order="left")
    comparable = ((left["base"].fill_null("") != "") & (right["base"].fill_null("") != "")).alias("comparable")
    similarity = likeness(
        left.select(pl.col("base", "phrase").fill_null("")), right.select(pl.col("base", "phrase").fill_null(""))
    )
    frame = frame.with_columns(
        mistyped(frame.select("left", "right")),
        similarity=pl.when(comparable).then(similarity).otherwise(0.0),
        units=left["pack"].fill_null(1),
        sku_units=right["pack"].fill_null(1),
        same_image=(pl.col("image") == pl.col("sku_image")).fill_null(value=False),
        gtin_apart=(pl.col("gtin").is_not_null() & (pl.col("gtins").list.len() > 0)).fill_null(value=False),
    )
    compared = frame.select(left="title", right="name").drop_nulls()
    differing = differences(compared, titles.marks, left="listing", right="SKU").drop("contradicts")
    frame = frame.join(
        differing.rename({"left": "title", "right": "name"}), on=["title", "name"], how="left", maintain_order="left"
    )
    one = skeleton(pl.col("left"))
    same_code = pl.col("mistyped") | (one == skeleton(pl.col("right"))).fill_null(value=False)
    packs_apart = (pl.col("units") != pl.col("sku_units")) & (pl.col("sku_units") > 1)
    doubt = (
        (1 - _TITLE * pl.col("similarity"))
        * pl.when(same_code).then(_DOUBT_LEFT["code"]).otherwise(1.0)
        * pl.when(pl.col("same_image")).then(_DOUBT_LEFT["image"]).otherwise(1.0)
    )
    return frame.with_columns(
        same_code=same_code,
        blocked=pl.col("blocked").fill_null(value=False) | packs_apart,
        packs_apart=packs_apart,
        multiplier=pl.when(pl.col("sku_units") == 1).then("units").otherwise(1),
        score=((1 - doubt) * pl.when("gtin_apart").then(_GTIN_APART).otherwise(1.0)).round(4),
    )


def _judged(pairs: pl.DataFrame, rules: MatchingRules) -> pl.DataFrame:
    ordered = pairs.sort("subject", "blocked", "score", "sku", descending=[False, False, True, False])
    place = pl.int_range(pl.len()).over("subject", "blocked")
    rival = pl.col("score").shift(-1).over("subject", "blocked")
    clear = (
        ~pl.col("blocked")
        & (place == 0)
        & (pl.col("same_code") | pl.col("same_image"))
        & (pl.col("similarity") >= rules.accept_similarity)
        & pl.col("differences").is_null()
        & (pl.col("multiplier") == 1)
        & ~pl.col("gtin_apart")
        & (rival.is_null() | (pl.col("score") - rival > rules.margin))
    )
    close = ~pl.col("blocked") & (place == 0) & (pl.col("score") - rival <= rules.margin)
    judged = ordered.with_columns(
        verdict=pl.when("blocked")
        .then(pl.lit("blocked"))
        .when(clear)
        .then(pl.lit("accepted"))
        .otherwise(pl.lit("review")),
        close=close.fill_null(value=False),
        place=place,
    )
    # Beside an accepted match the others are no question any more.
    settled = (pl.col("verdict") == "accepted").any().over("subject")
    shown = pl.when("blocked").then(pl.col("place") < _BLOCKED_SHOWN).otherwise(pl.col("place") < rules.candidates)
    kept = judged.filter(shown & (~settled | (pl.col("verdict") != "review")))
    percent = (pl.col("similarity") * 100).round(0).cast(pl.Int64)
    reasons = pl.concat_list(
        pl.concat_str(pl.lit("titles "), percent, pl.lit(" % alike")),
        pl.when("same_code").then(pl.concat_str(pl.lit("codes alike: "), "left", pl.lit(" and "), "right")),
        pl.when("same_image").then(pl.lit("same picture")),
        pl.when(pl.col("multiplier") > 1).then(pl.concat_str(pl.lit("a pack of "), "multiplier")),
        pl.col("differences"),
        pl.when("packs_apart").then(
            pl.concat_str(
                pl.lit("pack of "), "units", pl.lit(" in the listing, of "), "sku_units", pl.lit(" in the SKU")
            )
        ),
        pl.when("gtin_apart").then(pl.lit("GTINs differ")),
        pl.when("close").then(pl.lit("another SKU comes as close")),
    )
    return kept.select(
        "subject",
        "multiplier",
        "score",
        "verdict",
        candidate_sku="sku",
        evidence=pl.lit("score"),
        reasons=reasons.list.drop_nulls().list.join("; "),
    )
