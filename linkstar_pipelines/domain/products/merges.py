"""SKUs that turned out to be one: which SKU each of them is now.

Belongs here: following merges to the SKU that stands, and refusing those that go round in a circle.
Does not belong here: what a merge does to a table (each table's own module looks SKUs up in `winners`).
"""

import polars as pl
from pydantic import BaseModel, ConfigDict

from linkstar_pipelines.domain.products.decisions import contents, of_kind, refused_for


class _Merge(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    into: str


def merges(decisions: pl.DataFrame, known: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Follow the merges in force to the SKU that each merged one is now.

    Args:
        decisions: Decisions in force, the earliest first (`decisions.effective`).
        known: All SKUs there are.

    Returns:
        Columns `sku`, `merged_into` (the SKU at the end of the chain), one row per merged SKU; and the refused
        decisions: of SKUs that are unknown, and those after which a SKU would be merged into itself.
    """
    skus, into, reasons = set(known), dict[str, str](), dict[str, str]()
    # One after the other: whether a merge closes a circle depends on those before it.
    merging = of_kind(decisions, "merge")
    for row, said in contents(merging, _Merge):
        loser, problem = row["subject"], said if isinstance(said, str) else _problem(row["subject"], said, skus, into)
        if problem is not None:
            reasons[row["decision_id"]] = problem
        elif not isinstance(said, str):
            into[loser] = said.into
    ends = {sku: _end(sku, into) for sku in into}
    frame = pl.DataFrame(
        {"sku": list(ends), "merged_into": list(ends.values())}, schema={"sku": pl.String, "merged_into": pl.String}
    )
    return frame.sort("sku"), refused_for(merging, reasons)


def winners(skus: pl.DataFrame) -> pl.DataFrame:
    """Return which SKU stands for each: columns `sku`, `winner`.

    Args:
        skus: Columns `sku`, `merged_into`.
    """
    return skus.select("sku", winner=pl.coalesce("merged_into", "sku"))


def _problem(loser: str, said: _Merge, known: set[str], into: dict[str, str]) -> str | None:
    for sku in (loser, said.into):
        if sku not in known:
            return f"there is no SKU `{sku}`"
    without = {sku: winner for sku, winner in into.items() if sku != loser} if loser in into else into
    if _end(said.into, without) == loser:
        return f"`{said.into}` is `{loser}` already: a SKU cannot be merged into itself"
    return None


def _end(sku: str, into: dict[str, str]) -> str:
    while sku in into:
        sku = into[sku]
    return sku
