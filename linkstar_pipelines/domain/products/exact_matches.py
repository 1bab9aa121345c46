"""Matches by an identifier: the GTIN, the clean code, or a code that a rule takes apart.

Belongs here: finding them, and what speaks against one although the identifier is equal.
Does not belong here: matches by likeness (`scored_matches.py`), or the form of a proposal (`matching.py`).
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain.products.matching_rules import MatchingRules
from linkstar_pipelines.domain.products.titles import Titles
from linkstar_pipelines.domain.products.variants import differences

_SURE: Final = {"gtin": 0.99, "code": 0.98, "rule": 0.97}
_BOTH: Final = 1.0
"""GTIN and code say the same."""
_DOUBTED: Final = 0.5
"""An identifier that something contradicts."""
_SHARING_SHOWN: Final = 5
"""SKUs of a GTIN that are proposed where many share it: old systems give thousands the same number of zeros."""
_STRONGEST: Final = ("gtin", "code", "rule")


def exact_matches(
    subjects: pl.DataFrame, standing: pl.DataFrame, codes: pl.DataFrame, titles: Titles, rules: MatchingRules
) -> pl.DataFrame:
    """Find the SKUs that identifiers of a listing name.

    Args:
        subjects: Columns `subject`, `code`, `code_form`, `title`, `gtins` (list).
        standing: SKUs that stand: `sku`, `gtin`, `source`, `name_en`, `name_zh`.
        codes: Every code of a SKU: `code`, `sku` (the one that stands for it), also those of merged ones.
        titles: All titles and names, taken apart.
        rules: The code rules.

    Returns:
        Columns `subject`, `candidate_sku`, `multiplier`, `evidence`, `score`, `verdict` (`accepted` or `review`),
        `reasons`. At most one candidate of a subject is accepted: where identifiers name several, none is.
    """
    found = pl.concat([_by_gtin(subjects, standing), _by_code(subjects, codes), _by_rule(subjects, codes, rules)])
    # A GTIN that several SKUs share says nothing against the code that names one of them.
    told_by_code = (pl.col("evidence") != "gtin").any().over("subject")
    found = found.filter((pl.col("sharing") == 1) | ~told_by_code)
    # Where the clean code itself is a SKU, no rule is asked.
    found = found.filter((pl.col("evidence") != "rule") | ~(pl.col("evidence") == "code").any().over("subject"))
    strength = pl.col("evidence").replace_strict(
        {name: at for at, name in enumerate(_STRONGEST)}, return_dtype=pl.Int64
    )
    candidates = (
        found.sort("subject", "candidate_sku", strength)
        .group_by("subject", "candidate_sku", maintain_order=True)
        .agg(
            pl.col("evidence").first(),
            pl.col("multiplier").max(),
            witnesses=pl.len(),
            reasons=pl.col("reason").str.join("; "),
        )
    )
    return _judged(_against(candidates, subjects, standing, titles))


def _by_gtin(subjects: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    owners = standing.drop_nulls("gtin").sort("gtin", "sku")
    owners = owners.select("gtin", candidate_sku="sku", sharing=pl.len().over("gtin")).filter(
        pl.int_range(pl.len()).over("gtin") < _SHARING_SHOWN
    )
    stated = subjects.select("subject", gtin="gtins").explode("gtin", empty_as_null=False).drop_nulls("gtin")
    shared = pl.when(pl.col("sharing") > 1).then(pl.concat_str(pl.lit(", which "), "sharing", pl.lit(" SKUs share")))
    return stated.join(owners, on="gtin").select(
        "subject",
        "candidate_sku",
        evidence=pl.lit("gtin"),
        multiplier=pl.lit(1, pl.Int64),
        reason=pl.concat_str(pl.lit("GTIN "), "gtin", pl.lit(" is equal"), shared.fill_null("")),
        sharing=pl.col("sharing").cast(pl.Int64),
    )


def _by_code(subjects: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    merged = pl.when(pl.col("code") != pl.col("sku")).then(pl.concat_str(pl.lit(", which was merged into "), "sku"))
    return (
        subjects.drop_nulls("code")
        .join(codes, on="code")
        .select(
            "subject",
            candidate_sku="sku",
            evidence=pl.lit("code"),
            multiplier=pl.lit(1, pl.Int64),
            reason=pl.concat_str(pl.lit("code is the SKU "), "code", merged.fill_null("")),
            sharing=pl.lit(1, pl.Int64),
        )
    )


def _by_rule(subjects: pl.DataFrame, codes: pl.DataFrame, rules: MatchingRules) -> pl.DataFrame:
    found = []
    for order, pattern in enumerate(rules.code_rules):
        groups = pl.col("code_form").str.extract_groups(pattern)
        units = groups.struct.field("multiplier") if "(?P<multiplier>" in pattern else pl.lit("1")
        found.append(
            subjects.filter(pl.col("code_form").str.contains(pattern))
            .select(
                "subject",
                "code_form",
                order=pl.lit(order),
                code=groups.struct.field("sku"),
                multiplier=units.cast(pl.Int64, strict=False),
            )
            .filter(pl.col("multiplier") >= 1)
            .join(codes, on="code")
        )
    form = {"subject": pl.String, "candidate_sku": pl.String, "evidence": pl.String, "multiplier": pl.Int64}
    if not found:
        return pl.DataFrame(schema={**form, "reason": pl.String, "sharing": pl.Int64})
    return (
        pl.concat(found)
        .sort("subject", "order")
        .unique("subject", keep="first", maintain_order=True)
        .select(
            "subject",
            candidate_sku="sku",
            evidence=pl.lit("rule"),
            multiplier="multiplier",
            reason=pl.concat_str(
                pl.lit("by rule "),
                pl.col("order") + 1,
                pl.lit(", code "),
                "code_form",
                pl.lit(" is "),
                "multiplier",
                pl.lit(" of "),
                "sku",
            ),
            sharing=pl.lit(1, pl.Int64),
        )
    )


def _against(candidates: pl.DataFrame, subjects: pl.DataFrame, standing: pl.DataFrame, titles: Titles) -> pl.DataFrame:
    """Add `against`: what the titles say against an equal identifier; null for nothing."""
    # A SKU that a listing's code made by itself has no name of its own to compare with.
    named = standing.select(
        candidate_sku="sku",
        name_en=pl.when(pl.col("source") != "code").then("name_en"),
        name_zh=pl.when(pl.col("source") != "code").then("name_zh"),
    )
    pairs = candidates.join(subjects.select("subject", "title"), on="subject").join(named, on="candidate_sku")
    pairs = pairs.with_columns(name=same_script(pl.col("title"), pl.col("name_en"), pl.col("name_zh")))
    compared = pairs.select(left="title", right="name").drop_nulls()
    differing = differences(compared, titles.marks, left="listing", right="SKU").filter("contradicts")
    packs = titles.texts.select("text", "pack")
    pairs = (
        pairs.join(
            differing.select(title="left", name="right", differing="differences"), on=["title", "name"], how="left"
        )
        .join(packs.rename({"text": "title", "pack": "units"}), on="title", how="left")
        .join(packs.rename({"text": "name", "pack": "sku_units"}), on="name", how="left")
    )
    # A rule that says the units may stand beside a silent title, and a title that says them beside a silent code.
    apart = (pl.col("units") != pl.col("sku_units")) & (pl.col("units") > 1)
    by_title = pl.when(pl.col("sku_units") == 1).then("units").otherwise(1)
    packed = pl.when(apart & (by_title != pl.col("multiplier"))).then(
        pl.concat_str(pl.lit("the title says a pack of "), "units", pl.lit(", the SKU "), "sku_units")
    )
    against = pl.concat_list(pl.col("differing"), packed).list.drop_nulls()
    return pairs.with_columns(
        against=pl.when(against.list.len() > 0).then(against.list.join("; ")),
        multiplier=pl.when(packed.is_not_null() & (pl.col("multiplier") == 1)).then(by_title).otherwise("multiplier"),
    )


def _judged(candidates: pl.DataFrame) -> pl.DataFrame:
    rivals = pl.len().over("subject")
    doubt = pl.concat_list(
        pl.col("against"),
        pl.when(rivals > 1).then(pl.lit("identifiers of the listing name different SKUs")),
    ).list.drop_nulls()
    clear = (rivals == 1) & pl.col("against").is_null()
    single = pl.col("evidence").replace_strict(_SURE, return_dtype=pl.Float64)
    return candidates.select(
        "subject",
        "candidate_sku",
        "multiplier",
        "evidence",
        score=pl.when(~clear).then(_DOUBTED).when(pl.col("witnesses") > 1).then(_BOTH).otherwise(single),
        verdict=pl.when(clear).then(pl.lit("accepted")).otherwise(pl.lit("review")),
        reasons=pl.concat_list(pl.col("reasons"), doubt).list.join("; "),
    )


def same_script(title: pl.Expr, name_en: pl.Expr, name_zh: pl.Expr) -> pl.Expr:
    """Return the name to compare a title with: the Chinese one for a Chinese title, where there are both."""
    chinese = title.str.contains(r"\p{Han}")
    return pl.when(chinese).then(pl.coalesce(name_zh, name_en)).otherwise(pl.coalesce(name_en, name_zh))
