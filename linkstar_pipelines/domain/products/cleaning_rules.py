"""The shape of the rules of cleaning: words, units and thresholds that a house may set for itself.

Belongs here: the form of `rules/cleaning.yaml`, and what must hold of it.
Does not belong here: its values, reading it (`rules/cleaning.py`), or its use (`cleaning.py`, `outliers.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import pycountry
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from linkstar_pipelines.domain.products.records import KINDS
from linkstar_pipelines.domain.products.units import LENGTHS, WEIGHTS
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.platforms import PLATFORMS
from linkstar_pipelines.schemas.products import BATTERIES, LIFECYCLES, LIQUIDS

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "products": ("sku",),
    "kits": ("kit_sku", "component_sku"),
    "pairings": ("platform", "store", "listing_sku"),
    "suppliers": ("supplier", "sku"),
}
"""What makes a record of a kind one of its own within its source."""
_ALWAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "products": ("sku",),
    "kits": ("kit_sku", "component_sku", "quantity"),
    "pairings": ("sku", "listing_sku"),
    "suppliers": ("supplier", "sku"),
}
"""Columns without which a record says nothing."""


def _lower(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.lower() for word in words)


def _lower_keys(aliases: dict[str, str]) -> dict[str, str]:
    return {alias.lower(): code for alias, code in aliases.items()}


Words = Annotated[tuple[str, ...], AfterValidator(_lower)]
Aliases = Annotated[dict[str, str], AfterValidator(_lower_keys)]
WordLists = dict[str, Words]


class HsTable(BaseModel):
    """A file that lists the subheadings that exist."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(description="CSV or Parquet file; a relative path starts at the folder of this rule file.")
    column: str = Field(description="Column with the codes; those of six digits count.")


class OutlierRules(BaseModel):
    """When a value is so unlikely that a person should look at it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    deviations: float = Field(6.0, gt=0, description="Robust standard deviations from the median of the category.")
    least_spread: float = Field(
        0.1, gt=0, description="Smallest standard deviation, as a share of the value: where all weigh much the same."
    )
    least_products: int = Field(8, ge=3, description="Products of a category from which its spread is known.")
    density_min: float = Field(0.005, gt=0, description="Least density of a packed product, g/cm³.")
    density_max: float = Field(23.0, gt=0, description="Greatest density, g/cm³; osmium has 22.6.")
    declared_to_cost_min: float = Field(0.1, gt=0, description="Least declared value, as a share of the cost.")
    declared_to_cost_max: float = Field(5.0, gt=0, description="Greatest declared value, as a multiple of the cost.")


class CleaningTerms(BaseModel):
    """The rule file: how values of products, kits, pairings and suppliers are cleaned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    required: dict[str, tuple[str, ...]] = Field(description="Columns without which a row is rejected, by kind.")
    empty: Words = Field(description="Words that stand for no value.")
    notes: Words = Field((), description="What people write where a name belongs, and is none.")
    decimal_signs: dict[str, Literal[".", ","]] = Field(
        default_factory=dict, description="Decimal sign, by origin of records; others are known by their numbers."
    )
    length_units: WordLists = Field(description="Words for each unit of length.")
    weight_units: WordLists = Field(description="Words for each unit of weight.")
    count_words: Words = Field((), description="Words behind a count that change nothing: `pcs`, `天`.")
    countries: Aliases = Field(default_factory=dict, description="Alpha-2 codes by further names of countries.")
    currencies: Aliases = Field(default_factory=dict, description="ISO 4217 codes by further names and symbols.")
    platforms: Aliases = Field(default_factory=dict, description="Platforms by further names.")
    battery: WordLists = Field(description="Words for each way to hold batteries.")
    liquid: WordLists = Field(description="Words for each kind of liquid.")
    lifecycle: WordLists = Field(description="Words for each stage of life.")
    hs_country: str = Field("CN", pattern=r"^[A-Z]{2}$", description="Country of the digits behind the sixth.")
    hs_table: HsTable | None = Field(None, description="Table of all subheadings; none: form and chapter alone.")
    outliers: OutlierRules = Field(default_factory=lambda: OutlierRules.model_validate({}))

    @model_validator(mode="after")
    def _words_mean_known_values(self) -> "CleaningTerms":
        known = {
            "length_units": LENGTHS, "weight_units": WEIGHTS, "battery": BATTERIES, "liquid": LIQUIDS,
            "lifecycle": LIFECYCLES, "required": KINDS,
        }  # fmt: skip
        for key, values in known.items():
            for unknown in set(getattr(self, key)) - set(values):
                raise ValueError(f"{key}.{unknown} is unknown; it may have {', '.join(values)}")
        for key in ("length_units", "weight_units", "battery", "liquid", "lifecycle"):
            _mean_one_thing(key, getattr(self, key))
        return self

    @model_validator(mode="after")
    def _required_columns_exist(self) -> "CleaningTerms":
        for kind, form in KINDS.items():
            columns = self.required.get(kind, ())
            for missing in set(_ALWAYS[kind]) - set(columns):
                raise ValueError(f"required.{kind} must name {missing}: a row without it says nothing")
            for unknown in set(columns) - set(form):
                raise ValueError(f"required.{kind}: {unknown} is no column of {kind}")
        return self

    @model_validator(mode="after")
    def _codes_exist(self) -> "CleaningTerms":
        for name, code in self.countries.items():
            if pycountry.countries.get(alpha_2=code) is None:
                raise ValueError(f"countries.{name}: {code} is no ISO 3166 alpha-2 code")
        for name, code in self.currencies.items():
            if pycountry.currencies.get(alpha_3=code) is None:
                raise ValueError(f"currencies.{name}: {code} is no ISO 4217 code")
        for name, platform in self.platforms.items():
            if platform not in PLATFORMS:
                raise ValueError(f"platforms.{name}: {platform} is no platform; there are {', '.join(PLATFORMS)}")
        return self


def _mean_one_thing(key: str, lists: Mapping[str, tuple[str, ...]]) -> None:
    meaning: dict[str, str] = {}
    for value, listed in lists.items():
        for word in listed:
            if meaning.setdefault(word, value) != value:
                raise ValueError(f"{key}: `{word}` stands for both {meaning[word]} and {value}")


@dataclass(frozen=True)
class CleaningRules:
    """All that cleaning goes by.

    Attributes:
        terms: The rule file.
        codes: The code rules of the house.
        subheadings: The subheadings that exist (six digits); None: any of an existing chapter.
    """

    terms: CleaningTerms
    codes: SkuCodeRules
    subheadings: frozenset[str] | None = None
