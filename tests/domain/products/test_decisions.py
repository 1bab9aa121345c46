"""The journal: what is said once counts once, what is taken back counts as never said."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from linkstar_pipelines.domain.products.decisions import decision, effective, idle_revokes, journal, listing_key
from linkstar_pipelines.schemas.products import RawCatalogDecisions
from tests.domain.products.said import at, say


def _in_force(*rows: Any) -> list[str]:
    return effective(journal(rows))["decision_id"].to_list()


def test_the_same_decision_of_the_same_batch_has_the_same_id_and_counts_once_as_first_said() -> None:
    first, again = say("sku", "A", {"name_en": "Lamp"}, hour=1), say("sku", "A", {"name_en": "Lamp"}, hour=2)
    assert first["decision_id"] == again["decision_id"]
    assert journal([again, first])["decided_at"].to_list() == [at(1)]


def test_another_batch_or_content_is_another_decision() -> None:
    ids = {say("sku", "A", {"name_en": n}, batch=b)["decision_id"] for n in "xy" for b in "pq"}
    assert len(ids) == 4


def test_the_order_of_fields_does_not_matter() -> None:
    one, other = say("sku", "A", {"a": 1, "b": 2}), say("sku", "A", {"b": 2, "a": 1})
    assert one["decision_id"] == other["decision_id"]


def test_amounts_and_instants_are_written_as_text() -> None:
    row = say("sku", "灯", {"cost": Decimal("3.50"), "at": datetime(2026, 1, 1, tzinfo=UTC)})
    assert row["content"] == '{"at":"2026-01-01T00:00:00+00:00","cost":"3.50"}'


def test_instants_are_kept_in_utc() -> None:
    east = datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    row = decision("sku", "A", {}, batch="b", decided_at=east, decided_by="ana")
    assert journal([row])["decided_at"].to_list() == [datetime(2026, 1, 1, tzinfo=UTC)]


def test_what_is_no_json_cannot_be_decided() -> None:
    with pytest.raises(TypeError, match="write it as text"):
        say("sku", "A", {"size": {1, 2}})


def test_an_unknown_kind_is_no_decision() -> None:
    with pytest.raises(pl.exceptions.InvalidOperationError):
        journal([say("guess", "A")])


def test_a_journal_without_decisions_is_a_journal() -> None:
    assert effective(journal([])).columns == RawCatalogDecisions.column_names()


def test_a_listing_is_named_by_platform_store_and_seller_sku() -> None:
    assert listing_key("amazon", "na", "a/b") == "amazon/na/a/b"


# --- taking back --------------------------------------------------------------------------------------


def test_a_revoke_takes_back_a_decision_and_is_itself_none_in_force() -> None:
    wrong, right = say("sku", "A", {"name_en": "x"}), say("sku", "A", {"name_en": "y"})
    assert _in_force(wrong, right, say("revoke", wrong["decision_id"], hour=1)) == [right["decision_id"]]


def test_a_revoke_of_a_batch_takes_back_all_of_it_and_nothing_else() -> None:
    mine = [say("sku", sku, batch="mine") for sku in "AB"]
    other = say("sku", "A", batch="other")
    assert _in_force(*mine, other, say("revoke", "batch:mine", hour=1)) == [other["decision_id"]]


def test_a_revoke_does_not_reach_what_is_said_after_it() -> None:
    before, after = say("sku", "A", batch="m"), say("sku", "B", batch="m", hour=2)
    assert _in_force(before, after, say("revoke", "batch:m", hour=1)) == [after["decision_id"]]


def test_a_revoked_revoke_counts_as_never_said() -> None:
    said = say("sku", "A")
    back = say("revoke", said["decision_id"], hour=1)
    back_again = say("revoke", back["decision_id"], hour=2)
    assert _in_force(said, back, back_again) == [said["decision_id"]]
    assert _in_force(said, back, back_again, say("revoke", back_again["decision_id"], hour=3)) == []


def test_a_revoke_of_the_same_instant_by_id_counts() -> None:
    said = say("sku", "A")
    back = say("revoke", said["decision_id"])
    assert _in_force(said, back) == []
    assert _in_force(said, back, say("revoke", back["decision_id"])) == [said["decision_id"]]


def test_a_revoke_in_the_batch_that_it_takes_back_does_not_take_itself_back() -> None:
    assert _in_force(say("sku", "A", batch="m"), say("revoke", "batch:m", batch="m")) == []


def test_a_revoke_that_takes_nothing_back_is_refused_with_its_reason() -> None:
    said = say("sku", "A", hour=2)
    idle = idle_revokes(journal([said, say("revoke", "batch:gone"), say("revoke", said["decision_id"], hour=1)]))
    assert idle.height == 2
    assert idle["reason"].str.contains("which nobody had decided until then").all()
    assert idle_revokes(journal([said, say("revoke", "batch:b", hour=3, batch="c")])).is_empty()


# --- whatever is said ---------------------------------------------------------------------------------

BATCHES = st.sampled_from(["p", "q", "r"])


@st.composite
def journals(draw: st.DrawFn) -> list[Any]:
    """Some decisions, and revokes of them, of each other and of batches."""
    rows: list[Any] = [
        say("sku", draw(st.sampled_from("ABC")), {"weight_g": draw(st.integers(1, 3))}, hour=draw(st.integers(0, 4)),
            batch=draw(BATCHES))
        for _ in range(draw(st.integers(1, 5)))
    ]  # fmt: skip
    for _ in range(draw(st.integers(0, 5))):
        by_batch = st.builds("batch:{}".format, BATCHES)
        subject = draw(st.one_of(by_batch, st.sampled_from([row["decision_id"] for row in rows])))
        rows.append(say("revoke", subject, hour=draw(st.integers(0, 5)), batch=draw(BATCHES)))
    return rows


def _ids(rows: dy.DataFrame[RawCatalogDecisions]) -> set[str]:
    """The ids in force, reckoned from the sentence: a decision stands unless a revoke that stands reaches it."""
    of = {row["decision_id"]: row for row in rows.iter_rows(named=True)}

    def reaches(revoke: Any, row: Any) -> bool:
        if revoke["kind"] != "revoke":
            return False
        if revoke["subject"] == row["decision_id"]:
            return bool(row["decided_at"] <= revoke["decided_at"])
        if revoke["subject"] != f"batch:{row['batch']}":
            return False
        if row["kind"] == "revoke":
            return bool(row["decided_at"] < revoke["decided_at"])
        return bool(row["decided_at"] <= revoke["decided_at"])

    def stands(row: Any) -> bool:
        return not any(reaches(other, row) and stands(other) for other in of.values())

    return {row["decision_id"] for row in of.values() if row["kind"] != "revoke" and stands(row)}


@hypothesis_settings(max_examples=40, deadline=None)
@given(journals())
def test_what_stands_is_what_no_standing_revoke_reaches(rows: list[Any]) -> None:
    said = journal(rows)
    assert set(effective(said)["decision_id"]) == _ids(said)


@hypothesis_settings(max_examples=15, deadline=None)
@given(journals(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Any], random: Any) -> None:
    said = journal(rows)
    mixed = said[random.sample(range(said.height), said.height)]
    assert_frame_equal(effective(mixed), effective(said))
