"""Kits: SKUs that are made of other SKUs, and of which ones, when.

Belongs here: compositions over time, of kits within kits too.
Does not belong here: how stock of components is counted for a kit (`domain/positions.py`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Final

import dataframely as dy
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from linkstar_pipelines.domain.products.decisions import Instant, contents, effective, of_kind, refused_for
from linkstar_pipelines.domain.products.merges import winners
from linkstar_pipelines.domain.products.spans import SINCE_EVER, join_neighbors, paint
from linkstar_pipelines.schemas.columns import INSTANT
from linkstar_pipelines.schemas.products import Kits

DEEPEST: Final = 5
"""Levels of kits within kits."""

_LAYERS: Final = pl.Schema([
    ("kit_sku", pl.String()), ("decision_id", pl.String()), ("layer", pl.Int64()), ("valid_from", INSTANT),
    ("valid_to", INSTANT),
])  # fmt: skip
_PARTS: Final = pl.Schema({"decision_id": pl.String, "component_sku": pl.String, "quantity": pl.Int64})


class _Kit(BaseModel):
    model_config = ConfigDict(extra="forbid")

    components: dict[str, Annotated[int, Field(ge=1, strict=True)]]
    valid_from: Instant | None = None


def kits(decisions: pl.DataFrame, skus: pl.DataFrame) -> tuple[dy.DataFrame[Kits], pl.DataFrame]:
    """Make the compositions of all kits.

    Args:
        decisions: The journal, rows of `RawCatalogDecisions`.
        skus: Rows of `Skus`.

    Returns:
        One row per component and span, merged SKUs already resolved; and the refused decisions: of SKUs that are
        unknown, and those after which a kit would contain itself or lie more than five levels deep.
    """
    rows, rejected = compositions(effective(decisions), winners(skus))
    return Kits.validate(rows), rejected


def compositions(said: pl.DataFrame, standing: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make the compositions; arguments are decisions in force and `merges.winners`, results as of `kits`.

    A composition holds from its `valid_from` on and replaces what was said before for that time. What was said of a SKU
    that stands covers what was said of one merged into it.
    """
    ordered = _own_last(of_kind(said, "kit"), standing)
    winner_of = dict(standing.select("sku", "winner").iter_rows())
    layers, parts, reasons = [], [], dict[str, str]()
    shown, nesting = defaultdict[str, dict[datetime, set[str]]](dict), _Nesting()
    # One after the other: whether a kit would contain itself depends on the kits before it.
    for place, (row, content) in enumerate(contents(ordered, _Kit)):
        if isinstance(content, str):
            reasons[row["decision_id"]] = content
            continue
        unknown = [sku for sku in (row["subject"], *content.components) if sku not in winner_of]
        if unknown:
            reasons[row["decision_id"]] = f"there is no SKU {', '.join(f'`{sku}`' for sku in unknown)}"
            continue
        kit, start = winner_of[row["subject"]], content.valid_from or SINCE_EVER
        before = {at: made_of for at, made_of in shown[kit].items() if at < start}
        spans_of_kit = {**before, start: {winner_of[sku] for sku in content.components}}
        problem = nesting.put(kit, set().union(*spans_of_kit.values()))
        if problem is not None:
            reasons[row["decision_id"]] = problem
            continue
        shown[kit] = spans_of_kit
        layers.append((kit, row["decision_id"], place, start, None))
        parts += [(row["decision_id"], winner_of[sku], units) for sku, units in content.components.items()]
    spans = paint(pl.DataFrame(layers, schema=_LAYERS, orient="row"), ["kit_sku"])
    made_of = pl.DataFrame(parts, schema=_PARTS, orient="row").group_by("decision_id", "component_sku").agg(
        pl.col("quantity").sum()
    )  # fmt: skip
    rows = spans.join(made_of, on="decision_id").select(Kits.column_names())
    return join_neighbors(rows, ["kit_sku", "component_sku"]), refused_for(ordered, reasons)


def _own_last(said: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    of_winner = said.join(standing, left_on="subject", right_on="sku", how="left", maintain_order="left")
    return of_winner.sort(pl.col("winner") == pl.col("subject"), maintain_order=True)


class _Nesting:
    """Which SKUs a kit is made of, over all spans taken together: no kit in itself, and none too deep in others."""

    def __init__(self) -> None:
        self._below = defaultdict[str, set[str]](set)
        self._above = defaultdict[str, set[str]](set)

    def put(self, kit: str, made_of: set[str]) -> str | None:
        """Replace what a kit is made of; if it cannot be so, say why and change nothing."""
        before = self._below[kit]
        self._replace(kit, made_of)
        problem = self._problem(kit)
        if problem is not None:
            self._replace(kit, before)
        return problem

    def _replace(self, kit: str, made_of: set[str]) -> None:
        for sku in self._below[kit]:
            self._above[sku].discard(kit)
        self._below[kit] = made_of
        for sku in made_of:
            self._above[sku].add(kit)

    def _problem(self, kit: str) -> str | None:
        if self._contains_itself(kit):
            return "the kit would contain itself"
        if 1 + self._levels(kit, self._kits_in) + self._levels(kit, self._kits_of) > DEEPEST:
            return f"kits would lie more than {DEEPEST} levels deep in each other"
        return None

    def _contains_itself(self, kit: str) -> bool:
        seen, ahead = set[str](), list(self._below[kit])
        while ahead:
            sku = ahead.pop()
            if sku not in seen:
                seen.add(sku)
                ahead += self._below.get(sku, ())
        return kit in seen

    def _levels(self, kit: str, beside: Callable[[str], Iterable[str]]) -> int:
        return max((1 + self._levels(other, beside) for other in beside(kit)), default=0)

    def _kits_in(self, kit: str) -> list[str]:
        return [sku for sku in self._below[kit] if self._below.get(sku)]

    def _kits_of(self, sku: str) -> set[str]:
        return self._above.get(sku, set())
