"""Terms of replenishment per store and SKU, from `replenishment.yaml`.

Belongs here: the shape of the file, and the terms of each (node, SKU) that follow from it.
Does not belong here: using the terms (`domain/replenishment.py`, `domain/positions.py`).
"""

from decimal import Decimal
from typing import Final

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

_TYPES: Final = {
    "lead_time_days": pl.Int64,
    "review_days": pl.Int64,
    "service_level": pl.Float64,
    "minimum_order": pl.Int64,
    "order_multiple": pl.Int64,
}


class Terms(BaseModel):
    """Terms of a store or a SKU; a term that is left out comes from the wider level."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lead_time_days: int | None = Field(None, ge=0, le=730)
    review_days: int | None = Field(None, ge=1, le=365)
    service_level: float | None = Field(None, ge=0.5, le=0.98)
    minimum_order: int | None = Field(None, ge=1)
    order_multiple: int | None = Field(None, ge=1)


class Defaults(BaseModel):
    """Terms of everything that has none of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lead_time_days: int = Field(ge=0, le=730)
    review_days: int = Field(ge=1, le=365)
    service_level: float = Field(ge=0.5, le=0.98)
    minimum_order: int = Field(ge=1)
    order_multiple: int = Field(ge=1)
    unit_cost_share_of_price: Decimal = Field(gt=0, le=1)


class ReplenishmentRules(BaseModel):
    """The file: `defaults`, then `stores` and `skus` that change some of them; a SKU's terms beat its store's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    defaults: Defaults
    stores: dict[str, Terms] = Field(default_factory=dict)
    skus: dict[str, Terms] = Field(default_factory=dict)

    @property
    def cost_share(self) -> Decimal:
        """Cost of a unit as a share of its listed price."""
        return self.defaults.unit_cost_share_of_price

    def terms(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Return the terms of each (node, SKU).

        Args:
            pairs: Columns `node` and `sku`; the store is the second part of the node's name.

        Returns:
            The pairs, each once, with `lead_time_days`, `review_days`, `service_level`, `minimum_order` and
            `order_multiple`.
        """
        keyed = (
            pairs.select("node", "sku")
            .unique()
            .with_columns(_store=pl.col("node").str.split(":").list.get(1, null_on_oob=True))
            .join(_frame(self.stores, "store"), left_on="_store", right_on="_key", how="left")
            .join(_frame(self.skus, "sku"), left_on="sku", right_on="_key", how="left")
        )
        return keyed.select(
            "node",
            "sku",
            *(
                pl.coalesce(f"_sku_{name}", f"_store_{name}", pl.lit(getattr(self.defaults, name)))
                .cast(dtype)
                .alias(name)
                for name, dtype in _TYPES.items()
            ),
        ).sort("node", "sku")

    @staticmethod
    def protection(terms: pl.DataFrame) -> pl.DataFrame:
        """Return `node`, `sku` and `protection_days`: the days that a stock must last, lead time plus review."""
        return terms.select("node", "sku", protection_days=pl.col("lead_time_days") + pl.col("review_days"))


def _frame(overrides: dict[str, Terms], level: str) -> pl.DataFrame:
    columns = {f"_{level}_{name}": dtype for name, dtype in _TYPES.items()}
    rows = [[key, *(getattr(terms, name) for name in _TYPES)] for key, terms in overrides.items()]
    return pl.DataFrame(rows, schema={"_key": pl.String, **columns}, orient="row")
