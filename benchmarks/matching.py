"""How good the matching of listings and SKUs is, and how much it takes.

Belongs here: measuring, on the made-up catalogue of `matching_catalogue.py` (its shares of dirt are told there).
Does not belong here: whether single rules are right (`tests/domain/products`).

    python benchmarks/matching.py           # precision of what is accepted, recall of what is accepted or proposed
    python benchmarks/matching.py --size    # 200,000 listings and 50,000 SKUs, beside comparing all pairs

Ends with 1 if precision is below 0.995, recall below 0.90, or the size takes over 3 GB or 60 s (on the
clock, or of CPU time where other work delays it).
"""

import argparse
import resource
import sys
import time
from typing import Final

import polars as pl
from matching_catalogue import Catalogue, make_catalogue
from rapidfuzz import fuzz, process

from linkstar_pipelines.domain.products.matching import propose
from linkstar_pipelines.rules.matching import load_matching_rules

PRECISION, RECALL = 0.995, 0.90
SECONDS, MEGABYTES = 60.0, 3 * 1024
SAMPLE: Final = 200
"""Titles that the baseline compares with all names."""


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--size", action="store_true", help="measure time and memory of a large catalogue")
    chosen = options.parse_args()
    catalogue = make_catalogue(50_000, 200_000) if chosen.size else make_catalogue(10_000, 40_000, seed=11)
    print(f"{catalogue.listings.height:,} listings, {catalogue.skus.height:,} SKUs")
    start, cpu = time.perf_counter(), time.process_time()
    proposals = propose(catalogue.listings, catalogue.skus, load_matching_rules())
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"matched in {seconds:.1f} s ({cpu:.1f} CPU s), peak of the process with its catalogue {peak:,.0f} MB")
    precision, recall = quality(catalogue, proposals)
    counts = proposals.group_by("evidence", "verdict").len().sort("evidence", "verdict")
    print("; ".join(f"{evidence} {verdict} {count:,}" for evidence, verdict, count in counts.iter_rows()))
    print(f"precision of accepted {precision:.4f} (wanted {PRECISION}), recall of accepted or proposed {recall:.4f}")
    fine = precision >= PRECISION and recall >= RECALL
    if chosen.size:
        _baseline(catalogue, seconds)
        # Nothing waits, so that alone on its cores it takes no longer than its CPU time: that counts on a busy machine.
        fine = fine and min(seconds, cpu) <= SECONDS and peak <= MEGABYTES
    return 0 if fine else 1


def quality(catalogue: Catalogue, proposals: pl.DataFrame) -> tuple[float, float]:
    """Return precision of the accepted proposals (SKU and multiplier right) and recall of those not blocked."""
    truth = catalogue.truth.rename({"multiplier": "units"})
    judged = proposals.join(truth, on="subject")
    accepted = judged.filter(pl.col("verdict") == "accepted")
    right = (pl.col("candidate_sku") == pl.col("sku")) & (pl.col("multiplier") == pl.col("units"))
    found = judged.filter((pl.col("verdict") != "blocked") & (pl.col("candidate_sku") == pl.col("sku")))
    return (
        accepted.filter(right.fill_null(value=False)).height / accepted.height,
        found["subject"].n_unique() / truth.drop_nulls("sku").height,
    )


def _baseline(catalogue: Catalogue, seconds: float) -> None:
    titles = catalogue.listings["title"].drop_nulls().sample(SAMPLE, seed=1).to_list()
    names = catalogue.skus["name_en"].drop_nulls().to_list()
    start = time.perf_counter()
    process.cdist(titles, names, scorer=fuzz.token_sort_ratio, workers=-1)
    sample = time.perf_counter() - start
    whole = sample * catalogue.listings.height / SAMPLE
    print(
        f"baseline: all pairs by rapidfuzz token_sort_ratio on all cores: {SAMPLE} titles {sample:.1f} s, so for all "
        f"{whole:,.0f} s (extrapolated), {whole / seconds:,.0f} times as long, and titles alone"
    )


if __name__ == "__main__":
    sys.exit(main())
