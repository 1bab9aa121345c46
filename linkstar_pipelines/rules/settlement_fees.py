"""Canonical categories of settlement labels, from `settlement_fees.yaml`.

Belongs here: the shape of the file, and the frame of patterns that `domain/settlement.py` matches labels with.
Does not belong here: matching itself. There is no default category: an unknown label stays in suspense.
"""

import re
from typing import Literal, get_args

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from linkstar_pipelines.schemas.finance import CATEGORIES

Category = Literal[
    "sales", "tax", "shipping", "promotion", "commission", "fulfillment_fee", "storage_fee", "subscription_fee",
    "advertising", "refund", "refund_fee", "reimbursement", "reserve", "tax_withheld", "other_fee",
]  # fmt: skip
if {*get_args(Category), "suspense"} != set(CATEGORIES):
    raise AssertionError("the categories of the rules and of the schema differ")


class FeeRule(BaseModel):
    """One rule: patterns for the three parts of a label (`*` stands for any text, case does not matter)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    transaction_type: str = "*"
    amount_type: str = "*"
    amount_description: str = "*"
    category: Category
    needs_order: bool = False

    @model_validator(mode="after")
    def _names_something(self) -> "FeeRule":
        patterns = (self.transaction_type, self.amount_type, self.amount_description)
        if all(not pattern.strip("* ") for pattern in patterns):
            raise ValueError(
                "the rule fits every label, so unknown labels would get a category; name at least one part"
            )
        return self


class SettlementFees(BaseModel):
    """The file: rules in order; the first one that fits a label counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: list[FeeRule] = Field(min_length=1)

    def frame(self) -> pl.DataFrame:
        """Return the rules in order: three columns of regular expressions, `category` and `needs_order`."""
        return pl.DataFrame(
            [
                (
                    _expression(rule.transaction_type),
                    _expression(rule.amount_type),
                    _expression(rule.amount_description),
                    rule.category,
                    rule.needs_order,
                )
                for rule in self.rules
            ],
            schema={
                "transaction_type": pl.String,
                "amount_type": pl.String,
                "amount_description": pl.String,
                "category": pl.String,
                "needs_order": pl.Boolean,
            },
            orient="row",
        )


def _expression(pattern: str) -> str:
    """Turn a pattern with `*` into a regular expression for the whole text."""
    return "(?i)^" + ".*".join(re.escape(part) for part in pattern.strip().split("*")) + "$"
