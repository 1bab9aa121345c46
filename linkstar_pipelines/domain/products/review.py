"""The review list: proposals that wait for a person, and what a person's answers decide.

Belongs here: which rows the list has, reading the answers, heeding rejections.
Does not belong here: the file (`reporting/review_workbook.py`, `operations/review.py`), or making proposals
(`matching.py`, `duplicates.py`).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from pydantic import BaseModel, ConfigDict

from linkstar_pipelines.domain.products.decisions import contents, effective, of_kind
from linkstar_pipelines.schemas.products import MatchProposals

ANSWERS: Final = ("accept", "reject", "nothing", "other")
"""It is the candidate; it is not; it is nothing of ours; it is the SKU named beside."""
ROWS: Final = pl.Schema({
    "subject": pl.String, "title": pl.String, "candidate": pl.String, "candidate_title": pl.String,
    "score": pl.Float64, "evidence": pl.String, "reasons": pl.String, "multiplier": pl.Int64,
})  # fmt: skip
"""Rows of the list, without the answers."""
PROBLEMS: Final = pl.Schema({"row": pl.Int64, "column": pl.String, "value": pl.String, "reason": pl.String})
_LARGEST_MULTIPLIER: Final = 10_000

Statement = tuple[str, str, dict[str, object]]
"""Kind, subject and content of a decision."""


class _Rejection(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    candidate: str


@dataclass(frozen=True)
class Answered:
    """What came of a list.

    Attributes:
        statements: What is decided, in the order of the rows.
        problems: Cells that cannot be followed (`PROBLEMS`); nothing is decided by their rows.
    """

    statements: list[Statement]
    problems: pl.DataFrame


@dataclass(frozen=True)
class Known:
    """Names that answers may use: listings, and master SKUs."""

    listings: Collection[str]
    skus: Collection[str]


def review_rows(proposals: pl.DataFrame, unmapped: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Return the list: proposals in review, and the listings for which there is no candidate.

    Args:
        proposals: Rows of `MatchProposals`.
        unmapped: Listings without a SKU: `platform`, `store`, `listing_sku`, `title`.
        decisions: The journal: nobody is asked again about a listing of which somebody decided.
    """
    decided = of_kind(effective(decisions), "map")
    waiting = proposals.filter(pl.col("verdict").cast(pl.String) == "review").join(
        decided, on="subject", how="anti"
    ).sort("subject_kind", "subject", "rank")  # fmt: skip
    names = unmapped.with_columns(subject=pl.concat_str("platform", "store", "listing_sku", separator="/"))
    alone = names.join(waiting, on="subject", how="anti").sort("subject")
    return pl.concat([
        waiting.rename({"candidate_sku": "candidate"}).select(ROWS.names()).cast(ROWS),
        alone.select("subject", "title").with_columns(multiplier=pl.lit(1, pl.Int64)),
    ], how="diagonal").select(ROWS.names())  # fmt: skip


def answers(rows: pl.DataFrame, known: Known) -> Answered:
    """Read a list that a person has filled in.

    Args:
        rows: Text columns `row` (as a spreadsheet counts), `subject`, `candidate`, `reasons`, `decision` (one of
            `ANSWERS`, any other text as it was written, null where nothing is decided), `other_sku`, `multiplier`.
        known: What there is.
    """
    statements: list[tuple[int, Statement]] = []
    problems: list[tuple[int, str, str | None, str]] = []
    # One after the other: each answer makes a decision with a content of its own.
    for row in rows.filter(pl.col("decision").is_not_null()).iter_rows(named=True):
        try:
            statements.append((int(row["row"]), _answer(row, known)))
        except _WrongCellError as error:
            problems.append((int(row["row"]), *error.problem))
    torn = _contradictions(statements)
    problems += [(row, "decision", None, reason) for row, reason in torn.items()]
    frame = pl.DataFrame(problems, schema=PROBLEMS, orient="row").sort("row", "column")
    return Answered([statement for row, statement in statements if row not in torn], frame)


def heed_rejections(proposals: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Block the proposals that a person rejected: they are neither accepted nor asked about again.

    Args:
        proposals: Rows of `MatchProposals`.
        decisions: The journal, rows of `RawCatalogDecisions`.
    """
    said = contents(of_kind(effective(decisions), "reject"), _Rejection)
    pairs = [(row["subject"], no.candidate, row["decided_by"]) for row, no in said if isinstance(no, _Rejection)]
    rejected = pl.DataFrame(
        pairs, schema={"subject": pl.String, "candidate_sku": pl.String, "rejected_by": pl.String}, orient="row"
    ).unique(["subject", "candidate_sku"], keep="last", maintain_order=True)
    is_rejected = pl.col("rejected_by").is_not_null()
    verdict = pl.when(is_rejected).then(pl.lit("blocked")).otherwise(pl.col("verdict").cast(pl.String))
    because = pl.concat_str("reasons", pl.lit("; rejected by "), "rejected_by")
    return (
        proposals.join(rejected, on=["subject", "candidate_sku"], how="left", maintain_order="left")
        .with_columns(
            verdict=verdict.cast(MatchProposals.verdict.dtype),
            reasons=pl.when(is_rejected).then(because).otherwise("reasons"),
        )
        .drop("rejected_by")
    )


class _WrongCellError(Exception):
    """A cell cannot be followed: its column, its value, and why."""

    def __init__(self, column: str, value: str | None, reason: str) -> None:
        super().__init__(reason)
        self.problem = (column, value, reason)


def _answer(row: Mapping[str, Any], known: Known) -> Statement:
    subject, answer, is_listing = row["subject"], row["decision"], row["subject"] in known.listings
    if answer not in ANSWERS:
        raise _WrongCellError("decision", answer, "it is none of the answers of the drop-down list")
    if not is_listing and subject not in known.skus:
        raise _WrongCellError("subject", subject, "there is no such listing or SKU any more; export the list again")
    if answer == "nothing":
        if not is_listing:
            raise _WrongCellError("decision", answer, "only a listing can be nothing of ours")
        return "map", subject, _sells(None, 1, "reviewed: nothing of ours")
    column = "other_sku" if answer == "other" else "candidate"
    sku = _sku(row, column, known)
    if answer == "reject":
        return "reject", subject, {"candidate": sku}
    if not is_listing:
        return _merge(subject, sku, column)
    return "map", subject, _sells(sku, _units(row["multiplier"]), f"reviewed: {row['reasons'] or 'named by hand'}")


def _sku(row: Mapping[str, Any], column: str, known: Known) -> str:
    sku: str | None = row[column]
    if sku is None:
        raise _WrongCellError(column, sku, "a SKU is missing")
    if sku not in known.skus:
        raise _WrongCellError(column, sku, "there is no such SKU")
    return sku


def _merge(subject: str, sku: str, column: str) -> Statement:
    if sku == subject:
        raise _WrongCellError(column, sku, "a SKU cannot be merged into itself")
    return "merge", subject, {"into": sku}


def _sells(sku: str | None, units: int, reasons: str) -> dict[str, object]:
    span = {"valid_from": None, "valid_to": None}
    return {"sku": sku, "multiplier": units, **span, "evidence": "person", "confidence": 1.0, "reasons": reasons}


def _units(text: str | None) -> int:
    """Units of a SKU in one of the listing; an empty cell is one."""
    if text is None:
        return 1
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _LARGEST_MULTIPLIER):
        raise _WrongCellError("multiplier", text, f"it is no whole number from 1 to {_LARGEST_MULTIPLIER}")
    return int(text)


def _contradictions(statements: list[tuple[int, Statement]]) -> dict[int, str]:
    """Rows that say different things of one subject, by row. Several rejections go together, and with one answer."""
    said: defaultdict[str, list[tuple[int, Statement]]] = defaultdict(list)
    for row, statement in statements:
        if statement[0] != "reject":
            said[statement[1]].append((row, statement))
    torn: dict[int, str] = {}
    for subject, rows in said.items():
        # Reasons differ by candidate; what the listing sells must not.
        meanings = {(kind, str(c.get("sku")), str(c.get("into")), str(c.get("multiplier"))) for _, (kind, _, c) in rows}
        if len(meanings) > 1:
            others = ", ".join(str(row) for row, _ in rows)
            torn |= {row: f"rows {others} say different things of {subject}" for row, _ in rows}
    return torn
