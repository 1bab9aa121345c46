"""The stop rule of repeated readings: quick where all is quiet, stubborn where pages get lost."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkstar_pipelines.domain.completeness import PageTally, estimate_unseen


def readings_needed(
    pages: int, skip_rate: float, draw: random.Random, history: PageTally, faults: int
) -> tuple[int, int]:
    """Read simulated pages of 100 records until the rule is content; return readings made and pages never seen."""
    seen: list[set[int]] = []
    while True:
        seen.append({page for page in range(pages) if draw.random() >= skip_rate})
        union = set().union(*seen)
        if len(seen) < 2:
            continue
        found = [100 * len(reading) for reading in seen]
        if estimate_unseen(found, 100 * len(union), 100, faults=faults, history=history).whole:
            return len(seen), pages - len(union)


def test_two_equal_readings_end_it_where_nothing_hints_at_trouble() -> None:
    estimate = estimate_unseen([10_000, 10_000], 10_000, 100)
    assert (estimate.whole, estimate.unseen) == (True, 0)


def test_a_single_fault_on_the_wire_asks_for_more_than_two_readings() -> None:
    assert not estimate_unseen([100, 100], 100, 100, faults=1).whole


def test_one_skipped_page_asks_for_more_readings() -> None:
    assert not estimate_unseen([1000, 900], 1000, 100).whole


def test_an_empty_window_is_no_proof_of_emptiness_while_the_platform_is_known_to_skip_pages() -> None:
    history = PageTally(pages=100, skipped=20)
    assert not estimate_unseen([0, 0], 0, 100, history=history).whole
    assert estimate_unseen([0, 0], 0, 100).whole


@pytest.mark.parametrize("pages", [1, 2, 5, 20, 60])
def test_a_platform_that_skips_every_fifth_page_and_fails_hides_nothing(pages: int) -> None:
    draw = random.Random(pages)  # noqa: S311  # a repeatable simulation
    runs = [readings_needed(pages, 0.2, draw, PageTally(), faults=1) for _ in range(400)]
    assert sum(lost for _, lost in runs) == 0
    assert max(made for made, _ in runs) <= 25


@pytest.mark.parametrize("pages", [1, 2, 5, 20, 60])
def test_skips_remembered_from_earlier_readings_protect_small_windows_without_any_other_fault(pages: int) -> None:
    draw = random.Random(pages)  # noqa: S311  # a repeatable simulation
    history = PageTally(pages=200, skipped=40)
    runs = [readings_needed(pages, 0.2, draw, history, faults=0) for _ in range(400)]
    assert sum(lost for _, lost in runs) == 0


@given(st.integers(1, 50), st.integers(2, 15), st.integers(1, 200))
def test_one_more_flawless_reading_never_raises_the_doubt(pages: int, readings: int, page_size: int) -> None:
    union = pages * page_size
    found = [union] * (readings - 1) + [union - page_size]
    before = estimate_unseen(found, union, page_size)
    after = estimate_unseen([*found, union], union, page_size)
    assert after.unseen < before.unseen


@given(st.integers(1, 50), st.lists(st.integers(0, 50), min_size=2, max_size=10), st.integers(0, 5))
def test_estimates_are_never_negative_and_rates_are_shares(pages: int, skips: list[int], faults: int) -> None:
    found = [100 * max(0, pages - skip) for skip in skips]
    estimate = estimate_unseen(found, pages * 100, 100, faults=faults)
    assert estimate.unseen >= 0
    assert 0 <= estimate.skip_rate <= 1


@pytest.mark.parametrize(("found", "union"), [([], 0), ([5], 4)])
def test_counts_that_cannot_be_are_refused(found: list[int], union: int) -> None:
    with pytest.raises(ValueError, match="one count per reading"):
        estimate_unseen(found, union, 100)


def test_a_history_of_few_faults_among_many_pages_is_not_suspicious() -> None:
    assert not PageTally(pages=1000, faults=3).suspicious
    assert PageTally(pages=10, faults=3).suspicious


def test_a_skip_is_suspicious_until_it_has_faded() -> None:
    assert PageTally(pages=1000, skipped=0.1).suspicious
    assert not PageTally(pages=1000, skipped=0.01).suspicious
