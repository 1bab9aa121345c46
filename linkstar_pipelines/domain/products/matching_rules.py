"""What the matching of listings and SKUs goes by: the shape of `rules/matching.yaml`.

Belongs here: the keys of the file and what they mean. Does not belong here: their values, or their use (`matching.py`).
"""

import re
from typing import Annotated, Self

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _pattern(text: str) -> str:
    try:
        pl.Series([""]).str.contains(text, strict=True)
        groups = re.compile(text).groupindex
    except (pl.exceptions.ComputeError, re.error):
        raise ValueError(f"`{text}` is no regular expression") from None
    if not (text.startswith("^") and text.endswith("$")):
        raise ValueError(f"`{text}` must describe the whole code: begin it with ^ and end it with $")
    if "sku" not in groups:
        raise ValueError(f"`{text}` names no SKU: put (?P<sku>...) around the part that is the SKU")
    unknown = sorted(set(groups) - {"sku", "multiplier"})
    if unknown:
        raise ValueError(f"`{text}` has the group `{unknown[0]}`: only `sku` and `multiplier` mean something")
    return text


CodePattern = Annotated[str, AfterValidator(_pattern)]


class MatchingRules(BaseModel):
    """How a listing finds its SKU."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code_rules: tuple[CodePattern, ...] = Field(
        (), description="What codes of listings look like that hold a SKU, and units of it; the first that fits counts."
    )
    channel_words: tuple[str, ...] = Field(
        (), description="Words in a code that name the channel, not the product; left out where codes are compared."
    )
    review_similarity: float = Field(
        ge=0.5, le=1, description="Titles less alike than this are no candidates, unless code or picture says so."
    )
    accept_similarity: float = Field(
        ge=0.8, le=1, description="How alike titles must be for code or picture to make a match without a person."
    )
    margin: float = Field(gt=0, le=0.5, description="A candidate this close to the best one makes the match ambiguous.")
    candidates: int = Field(ge=1, le=20, description="Candidates of a listing that a person is shown, at most.")

    @model_validator(mode="after")
    def _accepts_above_review(self) -> Self:
        if self.accept_similarity < self.review_similarity:
            raise ValueError("accept_similarity must not be below review_similarity")
        return self
