"""Product codes as people type them, cleaned into the house's SKUs by rule.

Belongs here: the shape of the code rules and the cleaning itself, pure and idempotent.
Does not belong here: the rules' values (`rules/sku_codes.yaml`), or reading codes out of payloads.

The steps, in order; `cleaning` names those that changed the code:

* `width`: full-width and other compatibility forms become plain characters (NFKC, Unicode Standard Annex 15),
  invisible characters go;
* `upper`: upper case;
* `trim`: spaces around the code go;
* `separator`: look-alike dashes, the rules' separators and inner spaces become one `-`, none at the ends;
* `suffix`: channel suffixes such as `-FBA` or `(FBA)` go, also several.

What then matches the platform's `accept` pattern is the SKU; anything else has none, and a reason.
"""

import re
from collections.abc import Callable
from typing import Annotated, Final

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator

CLEANED: Final = pl.Struct({"sku": pl.String, "cleaning": pl.String, "reason": pl.String})

_INVISIBLE: Final = r"[\p{Cf}[\p{Cc}--\s]]"
_DASHES: Final = r"[\p{Pd}\x{2212}\x{02D7}]"  # all Unicode dashes, the minus sign, the modifier letter minus
_DEFAULT: Final = "default"


def _pattern(text: str) -> str:
    try:
        pl.Series([""]).str.contains(text, strict=True)
    except pl.exceptions.ComputeError:
        raise ValueError(f"`{text}` is no regular expression") from None
    if not (text.startswith("^") and text.endswith("$")):
        raise ValueError(f"`{text}` must describe the whole code: begin it with ^ and end it with $")
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
Separator = Annotated[str, StringConstraints(min_length=1, max_length=1, pattern=r"^[^\w\s-]|_$")]
Suffix = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+$")]


class SkuCodeRules(BaseModel):
    """How codes are cleaned and which ones are SKUs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    separators: tuple[Separator, ...] = Field(("_",), description="Characters that stand for `-`.")
    suffixes: tuple[Suffix, ...] = Field(
        (), description="Words at the end, after a separator or in brackets, that are no part of the code."
    )
    accept: dict[str, Pattern] = Field(
        description="What a clean code looks like, by platform; `default` for all others."
    )

    @field_validator("accept", mode="after")
    @classmethod
    def _has_default(cls, accept: dict[str, str]) -> dict[str, str]:
        if _DEFAULT not in accept:
            raise ValueError(f"`{_DEFAULT}` is missing: the pattern for platforms that are not named")
        return accept

    def accepted(self, platform: str) -> str:
        """Return the pattern of a platform's clean codes."""
        return self.accept.get(platform, self.accept[_DEFAULT])


def clean_codes(codes: pl.Expr, rules: SkuCodeRules, platform: str) -> pl.Expr:
    """Clean codes.

    Args:
        codes: Codes as typed.
        rules: How to clean them.
        platform: Platform they come from; decides which clean codes are accepted.

    Returns:
        Structs with `sku` (null if the code fits no rule), `cleaning` (the steps that changed it joined by `+`, or
        `none`) and `reason` (why there is no SKU, else null). Cleaning a clean SKU changes nothing.
    """
    return codes.map_batches(lambda column: _clean(column, rules, rules.accepted(platform)), return_dtype=CLEANED)


def by_account(skus: pl.DataFrame) -> pl.DataFrame:
    """Return the clean SKU of every code of an account: a seller SKU means the same product in all its marketplaces.

    Args:
        skus: Rows of `Skus`.

    Returns:
        Columns `platform`, `store`, `listing_sku`, `sku`; one row per code.
    """
    code = ["platform", "store", "listing_sku"]
    return skus.select(*code, "sku").sort("sku").unique(code, keep="first")


def _clean(codes: pl.Series, rules: SkuCodeRules, pattern: str) -> pl.Series:
    """Clean the distinct codes and hand every row the result of its code: lines repeat few codes many times."""
    frame = pl.DataFrame({"code": codes.unique()})
    changed, before = [], "code"
    for name, step in _steps(rules).items():
        frame = frame.with_columns(step(pl.col(before)).alias(name))
        changed.append(pl.when(pl.col(before) != pl.col(name)).then(pl.lit(name)))
        before = name
    cleaned = pl.col(before)
    fits = cleaned.str.contains(pattern).fill_null(value=False)
    refusal = pl.concat_str(pl.lit("code `"), pl.col("code").fill_null(""), pl.lit(f"` fits no code rule ({pattern})"))
    frame = frame.select(
        "code",
        cleaned=pl.struct(
            sku=pl.when(fits).then(cleaned),
            cleaning=pl.concat_list(changed).list.drop_nulls().list.join("+").replace("", "none"),
            reason=pl.when(~fits).then(refusal),
        ),
    )
    rows = pl.DataFrame({"code": codes})
    return rows.join(frame, on="code", how="left", nulls_equal=True, maintain_order="left")["cleaned"]


def _steps(rules: SkuCodeRules) -> dict[str, Callable[[pl.Expr], pl.Expr]]:
    listed = "".join(re.escape(character) for character in rules.separators)
    words = "|".join(rules.suffixes)
    suffixes = rf"(?:-(?:{words})|-?\((?:{words})\))+$"
    return {
        "width": lambda code: code.str.normalize("NFKC").str.replace_all(_INVISIBLE, ""),
        # Some upper-case letters are compatibility characters again.
        "upper": lambda code: code.str.to_uppercase().str.normalize("NFKC"),
        "trim": lambda code: code.str.strip_chars(),
        "separator": lambda code: code.str.replace_all(rf"(?:{_DASHES}|[{listed}\s])+", "-").str.strip_chars("-"),
        "suffix": lambda code: code.str.replace(suffixes, "") if rules.suffixes else code,
    }
