"""What listings sell: people's words over matches, span by span."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from linkstar_pipelines.domain.products.decisions import journal
from linkstar_pipelines.domain.products.listing_map import listing_map
from linkstar_pipelines.domain.products.spans import join_neighbors, paint
from linkstar_pipelines.schemas.columns import INSTANT
from linkstar_pipelines.schemas.products import MatchProposals
from tests.domain.products.said import by_code, listings, make_skus, say

EVER = datetime(1970, 1, 1, tzinfo=UTC)
MARCH, MAY, JUNE = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 5, 6))
LISTING = "amazon/na/ls-1"


def _map(sku: str | None, start: datetime | None = None, end: datetime | None = None, *, hour: int = 0,
         listing: str = LISTING, **more: Any) -> Any:  # fmt: skip
    span = {"valid_from": start and start.isoformat(), "valid_to": end and end.isoformat()}
    return say("map", listing, {"sku": sku, **span, **more}, hour=hour)


def _made(*rows: Any, codes: tuple[str | None, ...] = ("LS-1",)) -> tuple[pl.DataFrame, pl.DataFrame]:
    shown = listings(*codes)
    known, _ = make_skus(say("sku", "A"), say("sku", "B"), *rows, codes=tuple(code for code in codes if code))
    return listing_map(journal([say("sku", "A"), say("sku", "B"), *rows]), by_code(shown, known), shown, known)


def _spans(*rows: Any) -> list[tuple[Any, ...]]:
    return _made(*rows)[0].select("sku", "valid_from", "valid_to").rows()


def test_an_accepted_match_holds_since_ever_until_further_notice() -> None:
    made, refused = _made()
    row = made.row(0, named=True)
    assert (row["listing_sku"], row["sku"], row["valid_from"], row["valid_to"]) == ("ls-1", "LS-1", EVER, None)
    assert (row["evidence"], row["approved_by"], row["fulfilled_by"]) == ("code", "rule", "seller")
    assert refused.is_empty()


def test_a_persons_word_wins_and_names_the_person() -> None:
    row = _made(_map("A", multiplier=3))[0].row(0, named=True)
    assert (row["sku"], row["multiplier"], row["evidence"], row["confidence"], row["approved_by"]) == (
        "A", 3, "person", 1.0, "ana",
    )  # fmt: skip


def test_a_decision_covers_its_span_and_the_match_fills_the_rest() -> None:
    assert _spans(_map("A", MARCH, JUNE)) == [("LS-1", EVER, MARCH), ("A", MARCH, JUNE), ("LS-1", JUNE, None)]


def test_a_later_decision_covers_an_earlier_one_on_the_span_it_states() -> None:
    rows = (_map("A", MARCH, JUNE), _map("B", MAY, None, hour=1))
    assert _spans(*rows) == [("LS-1", EVER, MARCH), ("A", MARCH, MAY), ("B", MAY, None)]


def test_neighbors_that_say_the_same_are_one_span() -> None:
    assert _spans(_map("A", None, MAY), _map("A", MAY, None, hour=1)) == [("A", EVER, None)]


def test_a_listing_that_sells_nothing_of_ours_has_a_row_without_sku_and_is_not_held() -> None:
    made, refused = _made(_map(None))
    assert made.select("listing_sku", "sku", "multiplier", "approved_by").rows() == [("ls-1", None, 1, "ana")]
    assert refused.is_empty()


def test_a_listing_that_is_not_shown_any_more_can_be_mapped() -> None:
    made, _ = _made(_map("A", listing="ebay/eu/old/1"))
    row = made.filter(pl.col("store") == "eu").row(0, named=True)
    assert (row["platform"], row["listing_sku"], row["fulfilled_by"]) == ("ebay", "old/1", None)


def test_who_ships_is_known_where_it_is_the_same_in_all_marketplaces() -> None:
    both = pl.concat([
        listings("LS-1"),
        listings("LS-1").with_columns(
            marketplace_id=pl.lit("CA"), fulfilled_by=pl.lit("platform").cast(listings("LS-1")["fulfilled_by"].dtype)
        ),
    ])  # fmt: skip
    known, _ = make_skus(codes=("LS-1",))
    made, _ = listing_map(journal([]), by_code(listings("LS-1"), known), both, known)
    assert made["fulfilled_by"].to_list() == [None]


# --- what is held -------------------------------------------------------------------------------------


def test_a_listing_without_a_known_sku_is_held_with_the_reason() -> None:
    made, refused = _made(codes=(None,))
    assert made.is_empty()
    assert refused.select("source_key", "reason_type").rows() == [("amazon/na/?0", "unmapped_listing")]
    assert refused["reason"].item() == "no SKU is known that the listing sells; no code"


def test_the_likeliest_candidate_is_named() -> None:
    shown = listings("LS-1")
    known, _ = make_skus(codes=("LS-1",))
    for_review = by_code(shown, known).with_columns(
        verdict=pl.lit("review").cast(MatchProposals.verdict.dtype), reasons=pl.lit("alike titles")
    )
    made, refused = listing_map(journal([]), for_review, shown, known)
    assert made.is_empty()
    assert refused["reason"].item().endswith("the likeliest is LS-1 (review): alike titles")


def test_a_listing_whose_mapping_ends_is_held() -> None:
    assert _made(_map("A", None, JUNE, listing="amazon/na/?0"), codes=(None,))[1]["source_key"].to_list() == [
        "amazon/na/?0"
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (_map("X"), "there is no SKU `X`"),
        (_map("A", multiplier=0), "multiplier: Input should be greater than or equal to 1"),
        (_map("A", JUNE, MAY), "the span ends before it begins"),
        (_map("A", listing="ls-1"), "not of the form `<platform>/<store>/<listing SKU>`"),
        (_map("A", evidence="guess"), "evidence: Input should be"),
        (say("map", LISTING, {}), "sku: Field required"),
        (say("map", LISTING, {"sku": "A", "valid_from": "soon"}), "valid_from: Input should be a valid datetime"),
    ],
)
def test_a_wrong_decision_is_refused_and_changes_nothing(row: Any, why: str) -> None:
    made, refused = _made(row)
    assert made["sku"].to_list() == ["LS-1"]
    assert refused["reason_type"].to_list() == ["wrong_decision"]
    assert why in refused["reason"].item()


# --- painting -----------------------------------------------------------------------------------------

LAYERS = st.lists(
    st.tuples(
        st.sampled_from("xy"), st.none() | st.integers(0, 9), st.none() | st.integers(0, 9), st.sampled_from("ABC")
    ),
    max_size=8,
)


def _instant(day: int | None) -> datetime | None:
    return None if day is None else MARCH + timedelta(days=day)


@hypothesis_settings(max_examples=60, deadline=None)
@given(LAYERS)
def test_painting_says_at_every_instant_what_the_topmost_layer_says(layers: list[Any]) -> None:
    frame = pl.DataFrame(
        [(k, _instant(a), _instant(b), place, said) for place, (k, a, b, said) in enumerate(layers)],
        schema={"k": pl.String, "valid_from": INSTANT, "valid_to": INSTANT, "layer": pl.Int64, "said": pl.String},
        orient="row",
    )
    painted = join_neighbors(paint(frame, ["k"]), ["k"])
    spans = painted.select("k", "valid_from", "valid_to", "said").rows()
    for key in "xy":
        for half_days in range(-2, 22):
            instant = MARCH + timedelta(hours=12 * half_days)
            told = [
                said
                for k, a, b, said in layers
                if k == key
                and (a is None or _instant(a) <= instant)  # type: ignore[operator]
                and (b is None or instant < _instant(b))  # type: ignore[operator]
            ]
            found = [
                said
                for k, start, end, said in spans
                if k == key and start <= instant and (end is None or instant < end)
            ]
            assert found == told[-1:]
    ends = painted.sort("k", "valid_from")
    follows = ends.with_columns(next=pl.col("valid_from").shift(-1).over("k")).drop_nulls("next")
    assert (follows["valid_to"] <= follows["next"]).all()
    gapless = follows.with_columns(then=pl.col("said").shift(-1).over("k")).filter(pl.col("valid_to") == pl.col("next"))
    assert (gapless["said"] != gapless["then"]).all()
