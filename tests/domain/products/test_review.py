"""The review list: what waits for a person, and what the answers decide."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from linkstar_pipelines.connectors.files import read_tables
from linkstar_pipelines.domain.products import review
from linkstar_pipelines.domain.products.decisions import journal
from linkstar_pipelines.reporting import review_workbook
from linkstar_pipelines.schemas.products import MatchProposals
from tests.domain.products.said import by_code, listings, make_skus, say

KNOWN = review.Known(listings={"amazon/na/kt-1"}, skus={"KETTLE", "KETTLE-2", "CUP"})


def proposal(**values: Any) -> pl.DataFrame:
    made, _ = make_skus(codes=("KT-1",))
    row = by_code(listings("KT-1"), made).with_columns(**{name: pl.lit(value) for name, value in values.items()})
    return MatchProposals.cast(row)


def answer(**cells: str | None) -> review.Answered:
    """What one row of the list decides."""
    row = {
        "row": "2", "subject": "amazon/na/kt-1", "candidate": "KETTLE", "reasons": "alike", "decision": "accept",
        "other_sku": None, "multiplier": "1",
    } | cells  # fmt: skip
    return review.answers(pl.DataFrame([row], schema=dict.fromkeys(row, pl.String)), KNOWN)


def test_the_list_has_what_waits_and_listings_without_any_candidate() -> None:
    waiting = proposal(verdict="review", score=0.8)
    accepted = proposal(subject="amazon/na/kt-2")
    unmapped = pl.DataFrame({"platform": "amazon", "store": "na", "listing_sku": ["kt-1", "kt-3"], "title": "T"})
    rows = review.review_rows(pl.concat([waiting, accepted]), unmapped, journal([]))
    assert rows.select("subject", "candidate").rows() == [("amazon/na/kt-1", "KT-1"), ("amazon/na/kt-3", None)]
    decided = journal([say("map", "amazon/na/kt-1", {"sku": "KT-1"})])
    assert review.review_rows(waiting, unmapped.clear(), decided).is_empty()


def test_accepting_maps_the_listing_with_its_units() -> None:
    kind, subject, content = answer(multiplier="3").statements[0]
    assert (kind, subject) == ("map", "amazon/na/kt-1")
    assert (content["sku"], content["multiplier"], content["evidence"]) == ("KETTLE", 3, "person")


def test_a_sku_that_is_another_is_merged_into_it() -> None:
    assert answer(subject="KETTLE-2").statements == [("merge", "KETTLE-2", {"into": "KETTLE"})]


def test_other_names_the_sku_beside_and_nothing_needs_none() -> None:
    assert answer(decision="other", other_sku="CUP").statements[0][2]["sku"] == "CUP"
    assert answer(decision="nothing", candidate=None).statements[0][2]["sku"] is None


def test_an_empty_answer_decides_nothing() -> None:
    found = answer(decision=None)
    assert not found.statements
    assert found.problems.is_empty()


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"decision": "maybe"}, "decision"),
        ({"subject": "amazon/na/gone"}, "subject"),
        ({"candidate": None}, "candidate"),
        ({"decision": "other"}, "other_sku"),
        ({"decision": "other", "other_sku": "POT"}, "other_sku"),
        ({"multiplier": "0"}, "multiplier"),
        ({"multiplier": "1.5"}, "multiplier"),
        ({"multiplier": "３"}, "multiplier"),
        ({"subject": "KETTLE"}, "candidate"),
        ({"subject": "CUP", "decision": "nothing"}, "decision"),
    ],
)
def test_a_wrong_cell_is_named_and_decides_nothing(cells: dict[str, str | None], column: str) -> None:
    found = answer(**cells)
    assert not found.statements
    assert found.problems.select("row", "column").rows() == [(2, column)]


def test_rows_that_contradict_each_other_decide_nothing() -> None:
    cells = {"subject": "amazon/na/kt-1", "reasons": "", "other_sku": None, "multiplier": "1"}
    rows = [
        {"row": "2", "candidate": "KETTLE", "decision": "accept"} | cells,
        {"row": "3", "candidate": "CUP", "decision": "accept"} | cells,
        {"row": "4", "candidate": "KETTLE-2", "decision": "reject"} | cells,
    ]
    found = review.answers(pl.DataFrame(rows), KNOWN)
    assert [kind for kind, _, _ in found.statements] == ["reject"]
    assert found.problems["row"].to_list() == [2, 3]


def test_a_rejected_candidate_is_neither_accepted_nor_asked_about_again_until_that_is_taken_back() -> None:
    no = say("reject", "amazon/na/kt-1", {"candidate": "KT-1"})
    for verdict in ("accepted", "review"):
        heeded = review.heed_rejections(proposal(verdict=verdict), journal([no])).row(0, named=True)
        assert heeded["verdict"] == "blocked"
        assert heeded["reasons"].endswith("; rejected by ana")
    back = say("revoke", no["decision_id"], hour=1)
    assert review.heed_rejections(proposal(), journal([no, back])).equals(proposal())
    assert review.heed_rejections(proposal(candidate_sku="CUP"), journal([no]))["verdict"].to_list() == ["accepted"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_workbook_comes_back_as_it_was_written(tmp_path: Path, language: Any) -> None:
    waiting = proposal(verdict="review", score=0.8, title='=HYPERLINK("x") 保温杯')
    rows = review.review_rows(
        waiting,
        pl.DataFrame(schema=dict.fromkeys(["platform", "store", "listing_sku", "title"], pl.String)),
        journal([]),
    )
    review_workbook.write(tmp_path / "review.xlsx", rows, language)
    table = read_tables(tmp_path / "review.xlsx")[0]
    read = review_workbook.named(table.rows)
    assert read is not None
    assert read.select("subject", "title", "candidate", "multiplier", "decision").rows() == [
        ("amazon/na/kt-1", '=HYPERLINK("x") 保温杯', "KT-1", "1", None)
    ]


def test_a_sheet_without_the_headings_is_no_review_list() -> None:
    assert review_workbook.named(pl.DataFrame({"Listing or SKU": ["a"]})) is None
