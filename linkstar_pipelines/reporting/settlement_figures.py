"""The figures of a settlement report, ready to be laid out.

Belongs here: sums and orderings that workbook and page share. Does not belong here: wording and layout.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain.settlement import PARTS
from linkstar_pipelines.schemas.finance import CATEGORIES, SettlementLines, SettlementReport

WHOLE_CURRENCIES: Final = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})
"""Currencies without minor units (ISO 4217)."""

PART_NAMES: Final = (*PARTS, "suspense")
_PART_OF: Final = {category: part for part, categories in PARTS.items() for category in categories}


@dataclass(frozen=True)
class Figures:
    """What a report shows.

    Attributes:
        report: One row per settlement, newest first.
        lines: All lines, in the order of the settlements and of their files.
        suspense: The lines in suspense.
        parts: `part`, `base_amount`: what all settlements are made of, in the base currency.
        categories: `category`, `lines`, `base_amount`: the same by category.
        base_currency: ISO 4217 code; empty without settlements.
        unconverted: Lines without an exchange rate, which are missing from base amounts.
    """

    report: pl.DataFrame
    lines: pl.DataFrame
    suspense: pl.DataFrame
    parts: pl.DataFrame
    categories: pl.DataFrame
    base_currency: str
    unconverted: int

    @property
    def base_payout(self) -> Decimal | None:
        """Payout of all settlements in the base currency; null if one of them has no rate."""
        payouts = self.report["base_payout"]
        return None if payouts.null_count() else sum(payouts, Decimal(0))

    @property
    def untied(self) -> int:
        """Settlements that do not tie out."""
        return int((~self.report["tied_out"]).sum())

    @property
    def base_total(self) -> Decimal:
        """Sum of all converted lines in the base currency."""
        return sum(self.parts["base_amount"], Decimal(0))


def figures(report: dy.DataFrame[SettlementReport], lines: dy.DataFrame[SettlementLines]) -> Figures:
    """Add up the parts and categories of all settlements, in the base currency."""
    ordered = report.sort("period_end", "store", "settlement_id", descending=[True, False, False])
    key = ["platform", "store", "settlement_id"]
    rank = ordered.select(key).with_row_index("_rank")
    named = (
        lines.join(rank, on=key)
        .sort("_rank", "line_number")
        .drop("_rank")
        .with_columns(pl.col("category", "tied_to", "suspense_reason").cast(pl.String))
    )
    in_suspense = pl.col("tied_to") == "suspense"
    part = (
        pl.when(in_suspense)
        .then(pl.lit("suspense"))
        .otherwise(pl.col("category").replace_strict(_PART_OF, default=None))
    )
    category = pl.when(in_suspense).then(pl.lit("suspense")).otherwise("category")
    return Figures(
        report=ordered,
        lines=named,
        suspense=named.filter(in_suspense),
        parts=_summed(named.with_columns(part=part), "part", PART_NAMES),
        categories=_summed(named.with_columns(category=category), "category", CATEGORIES).filter(pl.col("lines") > 0),
        base_currency=ordered["base_currency"][0] if ordered.height else "",
        unconverted=named["base_amount"].null_count(),
    )


def _summed(lines: pl.DataFrame, by: str, names: tuple[str, ...]) -> pl.DataFrame:
    sums = lines.group_by(by).agg(pl.len().cast(pl.Int64).alias("lines"), pl.col("base_amount").sum())
    return (
        pl.DataFrame({by: names})
        .join(sums, on=by, how="left", maintain_order="left")
        .with_columns(pl.col("lines").fill_null(0), pl.col("base_amount").fill_null(0))
    )


def places(currency: str) -> int:
    """Digits after the decimal point that people write in a currency."""
    return 0 if currency in WHOLE_CURRENCIES else 2


def money(amount: Decimal | None, currency: str) -> str:
    """Write an amount for people: grouped, with the currency's own digits; `-` if unknown."""
    if amount is None:
        return "-"
    digits = places(currency)
    rounded = amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
    # A remainder below the minor unit must stay visible: a difference of 0.0040 is not 0.00.
    shown = rounded if rounded or not amount else amount
    return f"{shown:,}".replace("-", "−") if shown else f"{abs(rounded):,}"
