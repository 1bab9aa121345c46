"""How good matching is: on real descriptions that are dangerously alike, and on a made-up catalogue with its truth."""

import sys

import numpy as np
import polars as pl
import pytest
from rapidfuzz import fuzz, process

from linkstar_pipelines.domain.products.matching import propose
from tests.domain.products.matching_rows import RULES, listings, skus
from tests.support import project_root, shared_path

ALIKE = 90


def test_real_titles_that_are_alike_are_never_matched_by_themselves() -> None:
    """Every description of goods in Online Retail II is a SKU; each is looked for under a code that says nothing."""
    lines = pl.read_parquet(shared_path("data", "online_retail_ii", "order_lines.parquet"))
    goods = lines.filter(pl.col("stock_code").str.contains("^[0-9]{5}")).select(pl.col("description").str.strip_chars())
    titles = goods["description"].drop_nulls().unique().sort()
    in_order = [" ".join(sorted(title.split())) for title in titles]  # then `ratio` is rapidfuzz's token_sort_ratio
    alike = np.zeros((len(titles), len(titles)), dtype=bool)
    for texts in (titles.to_list(), in_order):
        alike |= process.cdist(texts, texts, scorer=fuzz.ratio, score_cutoff=ALIKE, dtype=np.uint8, workers=-1) > 0
    left, right = np.nonzero(np.triu(alike, 1))
    assert len(left) > 661, "fewer alike pairs than were measured: the test looks at the wrong descriptions"
    involved = np.unique(np.concatenate([left, right]))
    made = propose(
        listings(*({"listing_sku": f"OLD/{number}", "title": titles[int(number)]} for number in involved)),
        skus(*({"sku": f"G-{number}", "name_en": titles[int(number)]} for number in involved)),
        RULES,
    )
    assert made.filter(pl.col("verdict") == "accepted").is_empty()
    assert made.filter(pl.col("verdict") == "review").height > len(involved), "alike titles are shown to a person"


def test_a_made_up_catalogue_is_matched_with_the_wanted_precision_and_recall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(project_root() / "benchmarks"), *sys.path])
    from matching import PRECISION, RECALL, quality  # type: ignore[import-not-found, unused-ignore]
    from matching_catalogue import make_catalogue  # type: ignore[import-not-found, unused-ignore]

    catalogue = make_catalogue(1500, 6000, seed=23)
    precision, recall = quality(catalogue, propose(catalogue.listings, catalogue.skus, RULES))
    assert precision >= PRECISION
    assert recall >= RECALL
