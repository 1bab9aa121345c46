"""Two SKUs that are one: everything follows, and everything comes back when it is taken back."""

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from linkstar_pipelines.domain.products.decisions import journal
from tests.domain.products.said import at, catalogue, listings, make_skus, say

CODES = ("LS-1", "LS-2", "LS-3")


def _merged(*rows: Any) -> dict[str, str | None]:
    made, _ = make_skus(*rows, codes=CODES)
    return dict(made.select("sku", "merged_into").iter_rows())


def _refusal(*rows: Any) -> str:
    _, refused = make_skus(*rows, codes=CODES)
    return str(refused["reason"].item())


def test_a_merged_sku_keeps_its_row_retires_and_names_the_one_that_stands() -> None:
    made, _ = make_skus(say("merge", "LS-2", {"into": "LS-1"}), codes=CODES)
    assert made.select("sku", "merged_into", pl.col("lifecycle").cast(pl.String), "name_en").rows() == [
        ("LS-1", None, "active", "Title LS-1"),
        ("LS-2", "LS-1", "retired", "Title LS-2"),
        ("LS-3", None, "active", "Title LS-3"),
    ]


def test_chains_end_at_the_last_one() -> None:
    rows = (say("merge", "LS-3", {"into": "LS-2"}), say("merge", "LS-2", {"into": "LS-1"}, hour=1))
    assert _merged(*rows) == {"LS-1": None, "LS-2": "LS-1", "LS-3": "LS-1"}


def test_the_latest_merge_of_a_sku_counts() -> None:
    rows = (say("merge", "LS-3", {"into": "LS-2"}), say("merge", "LS-3", {"into": "LS-1"}, hour=1))
    assert _merged(*rows)["LS-3"] == "LS-1"


def test_a_circle_is_refused_and_what_was_before_stays() -> None:
    rows = (say("merge", "LS-2", {"into": "LS-1"}), say("merge", "LS-1", {"into": "LS-2"}, hour=1))
    assert "`LS-2` is `LS-1` already" in _refusal(*rows)
    assert _merged(*rows) == {"LS-1": None, "LS-2": "LS-1", "LS-3": None}
    assert "cannot be merged into itself" in _refusal(say("merge", "LS-1", {"into": "LS-1"}))


def test_a_longer_circle_is_refused() -> None:
    rows = [say("merge", f"LS-{a}", {"into": f"LS-{b}"}, hour=a) for a, b in ((1, 2), (2, 3), (3, 1))]
    assert "`LS-1` is `LS-3` already" in _refusal(*rows)


def test_unknown_skus_are_refused_on_both_sides() -> None:
    assert "there is no SKU `X`" in _refusal(say("merge", "LS-1", {"into": "X"}))
    assert "there is no SKU `X`" in _refusal(say("merge", "X", {"into": "LS-1"}))


def test_a_merge_that_says_nothing_is_refused() -> None:
    assert "into: Field required" in _refusal(say("merge", "LS-1"))


def test_listings_kits_and_suppliers_follow() -> None:
    said = journal([
        say("sku", "K"),
        say("kit", "K", {"components": {"LS-1": 1, "LS-2": 2, "LS-3": 1}}),
        say("supplier", "acme/LS-2", {"lead_time_days": 30, "minimum_order": 5}),
        say("supplier", "acme/LS-1", {"lead_time_days": 20}),
        say("merge", "LS-2", {"into": "LS-1"}, hour=1),
    ])  # fmt: skip
    found = catalogue(said, listings(*CODES))
    assert found["listing_map"].select("listing_sku", "sku").rows() == [
        ("ls-1", "LS-1"), ("ls-2", "LS-1"), ("ls-3", "LS-3"),
    ]  # fmt: skip
    assert found["kits"].select("component_sku", "quantity").rows() == [("LS-1", 3), ("LS-3", 1)]
    assert found["suppliers"].select("sku", "lead_time_days", "minimum_order").rows() == [("LS-1", 20, 5)]


# --- whatever is said ---------------------------------------------------------------------------------

SKUS = st.sampled_from([*CODES, "P-1", "P-2", "NONE"])
INSTANTS = st.one_of(st.none(), st.integers(0, 6).map(lambda hour: at(hour).isoformat()))
CONTENTS: dict[str, tuple[Any, Any]] = {
    "sku": (
        SKUS.filter(lambda sku: sku != "NONE"),
        st.dictionaries(
            st.sampled_from(["name_en", "weight_g", "cost", "cost_currency", "gtin", "is_kit"]),
            st.sampled_from([None, "5", "EUR", True]),
        ),
    ),
    "kit": (SKUS, st.fixed_dictionaries(
        {"components": st.dictionaries(SKUS, st.integers(0, 3), max_size=3), "valid_from": INSTANTS})),
    "supplier": (SKUS.map("acme/{}".format), st.dictionaries(
        st.sampled_from(["unit_cost", "currency", "minimum_order"]), st.sampled_from([None, "5", "CNY"]))),
    "map": (st.sampled_from(["amazon/na/ls-1", "amazon/na/ls-2", "amazon/na/gone", "?"]), st.fixed_dictionaries(
        {"sku": st.one_of(st.none(), SKUS), "multiplier": st.integers(0, 3), "valid_from": INSTANTS,
         "valid_to": INSTANTS})),
    "merge": (SKUS, st.fixed_dictionaries({"into": SKUS})),
}  # fmt: skip


@st.composite
def decisions(draw: st.DrawFn, batch: str = "b", most: int = 10) -> list[Any]:
    """Decisions of every kind, sensible and not."""
    kinds = draw(st.lists(st.sampled_from(list(CONTENTS)), max_size=most))
    return [
        say(kind, draw(CONTENTS[kind][0]), draw(CONTENTS[kind][1]), hour=draw(st.integers(0, 5)), batch=batch)
        for kind in kinds
    ]


def _same(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> None:
    for name, frame in one.items():
        assert_frame_equal(frame, other[name])


SHOWN = listings(*CODES, None)


@hypothesis_settings(max_examples=10, deadline=None)
@given(decisions(), st.sampled_from(CODES), SKUS)
def test_merge_and_unmerge_leave_every_table_as_before(rows: list[Any], loser: str, winner: str) -> None:
    merge = say("merge", loser, {"into": winner}, hour=8, batch="merge")
    undo = say("revoke", merge["decision_id"], hour=9, batch="undo")
    _same(catalogue(journal(rows), SHOWN), catalogue(journal([*rows, merge, undo]), SHOWN))


@hypothesis_settings(max_examples=10, deadline=None)
@given(decisions(), decisions("migration"))
def test_any_batch_appended_and_revoked_leaves_every_table_as_before(rows: list[Any], batch: list[Any]) -> None:
    undo = [say("revoke", "batch:migration", hour=9, batch="undo")] if batch else []
    _same(catalogue(journal(rows), SHOWN), catalogue(journal([*rows, *batch, *undo]), SHOWN))


@hypothesis_settings(max_examples=10, deadline=None)
@given(decisions(), st.randoms(use_true_random=False))
def test_the_order_of_the_journal_does_not_matter(rows: list[Any], random: Any) -> None:
    said = journal(rows)
    mixed = said[random.sample(range(said.height), said.height)]
    _same(catalogue(said, SHOWN), catalogue(mixed, SHOWN))


@hypothesis_settings(max_examples=10, deadline=None)
@given(decisions())
def test_whatever_is_said_the_tables_name_only_skus_that_stand_and_nothing_is_lost(rows: list[Any]) -> None:
    found = catalogue(journal(rows), SHOWN)
    standing = found["skus"].filter(pl.col("merged_into").is_null())["sku"].implode()
    assert found["skus"]["merged_into"].drop_nulls().is_in(standing).all()
    for table, column in (("listing_map", "sku"), ("kits", "kit_sku"), ("kits", "component_sku"), ("suppliers", "sku")):
        assert found[table][column].is_in(standing).all(), table
    nothing_of_ours = {row["subject"] for row in rows if row["kind"] == "map" and '"sku":null' in row["content"]}
    mapped = found["listing_map"].filter(pl.col("valid_to").is_null())
    for listing in ("amazon/na/ls-1", "amazon/na/ls-2", "amazon/na/ls-3", "amazon/na/?3"):
        is_mapped = mapped.filter(pl.concat_str("platform", "store", "listing_sku", separator="/") == listing).height
        is_held = found["listing_map refused"].filter(pl.col("source_key") == listing).height
        assert is_mapped + is_held == 1 or (is_mapped + is_held == 0 and listing in nothing_of_ours)
