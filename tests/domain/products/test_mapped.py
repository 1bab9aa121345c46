"""What a listing sold at an instant, and the orders that are held because nobody knows."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from linkstar_pipelines.domain.holds import with_hold
from linkstar_pipelines.domain.products.mapped import mapped, sku_units, valid_at
from tests.domain.listing_maps import EVER, map_of, span

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")


def lines(*sold: tuple[str, datetime]) -> pl.DataFrame:
    """Lines of Amazon listings, each with the instant of its order."""
    frame = pl.DataFrame(sold, schema={"listing_sku": pl.String, "ordered_at": INSTANT}, orient="row")
    return frame.with_columns(platform=pl.lit("amazon"), store=pl.lit("na"))


def test_a_span_begins_at_its_first_instant_and_ends_before_its_last() -> None:
    spans = map_of(span("A", "LS-1", valid_from=NOON, valid_to=NOON + timedelta(hours=1), multiplier=2))
    instants = [NOON - timedelta(microseconds=1), NOON, NOON + timedelta(minutes=59), NOON + timedelta(hours=1)]
    found = mapped(lines(*(("A", at) for at in instants)), spans)
    assert found.select("sku", "multiplier").rows() == [(None, None), ("LS-1", 2), ("LS-1", 2), (None, None)]


def test_listings_of_other_stores_and_platforms_mean_something_else() -> None:
    spans = map_of(span("A", "LS-1", store="eu"), span("A", "LS-2", platform="ebay"))
    assert mapped(lines(("A", NOON)), spans)["sku"].to_list() == [None]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 5)), max_size=12))
def test_every_line_comes_back_once_and_in_order(sold: list[tuple[str, int]]) -> None:
    turn = EVER + timedelta(days=3)
    spans = map_of(span("A", "LS-1", valid_to=turn), span("A", "LS-2", valid_from=turn), span("B", "LS-3"))
    given_lines = lines(*((code, EVER + timedelta(days=days)) for code, days in sold))
    found = mapped(given_lines, spans)
    assert found.select(given_lines.columns).equals(given_lines)
    assert found["sku"].to_list() == [
        {"A": "LS-1" if days < 3 else "LS-2", "B": "LS-3", "C": None}[code] for code, days in sold
    ]


def test_at_one_instant_a_listing_sells_one_sku() -> None:
    spans = map_of(span("A", "LS-1", valid_to=NOON), span("A", "LS-2", valid_from=NOON, multiplier=4))
    assert valid_at(spans, NOON).rows() == [("amazon", "na", "A", "LS-2", 4)]


def test_units_of_lines_from_before_there_were_multipliers_count_as_they_are() -> None:
    frame = pl.DataFrame({"units": [2, 2], "multiplier": [3, None]}, schema_overrides={"multiplier": pl.Int64})
    assert frame.select(sku_units(pl.col("units")))["units"].to_list() == [6, 2]


def held(*rows: tuple[str, str, str | None, bool]) -> list[str | None]:
    """Holds of lines given as order, kind, SKU, and whether the code is in no listing."""
    columns = ["order_id", "line_kind", "sku", "unlisted"]
    frame = pl.DataFrame(rows, schema=columns, orient="row", schema_overrides={"sku": pl.String})
    frame = frame.with_columns(multiplier=pl.when(pl.col("sku").is_not_null()).then(1))
    whole = frame.with_columns(platform=pl.lit("amazon"), store=pl.lit("na"))
    return with_hold(whole, unknown=pl.col("unlisted"))["hold"].to_list()


def test_one_unmapped_line_holds_its_whole_order_alone() -> None:
    assert held(("1", "sale", None, False), ("1", "sale", "LS-1", False), ("2", "sale", "LS-1", False)) == [
        "unmapped_listing", "unmapped_listing", None,
    ]  # fmt: skip


def test_postage_without_sku_holds_nothing() -> None:
    assert held(("1", "sale", "LS-1", False), ("1", "charge", None, False)) == [None, None]


def test_an_unlisted_code_is_the_first_reason() -> None:
    assert held(("1", "sale", None, True), ("1", "sale", None, False)) == ["unknown_sku", "unknown_sku"]
