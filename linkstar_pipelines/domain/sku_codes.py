"""Product codes as people type them, cleaned into the house's SKUs by rule.

Belongs here: the shape of the code rules and the cleaning itself, pure and idempotent.
Does not belong here: the rules' values (`rules/sku_codes.yaml`), or reading codes out of payloads.

The steps, in order; `cleaning` names those that changed the code:

* `width`: full-width and other compatibility forms become plain characters (NFKC, Unicode Standard Annex 15),
  invisible characters go;
* `look_alikes`: Cyrillic and Greek letters that look like Latin ones become these, in a code that has Latin letters too
  (`LS-КITCH` with a Cyrillic К); a code all in another alphabet stays as it is, so that a person sees it refused;
* `upper`: upper case;
* `trim`: spaces around the code go;
* `separator`: look-alike dashes, the rules' separators and inner spaces become one `-`, none at the ends;
* `suffix`: channel suffixes such as `-FBA` or `(FBA)` go, also several;
* `letter_or_digit`: a letter O, I or small l that stands where the code rule wants the digit 0 or 1, or the other way
  round; only for a code that fits no rule, and where exactly one change of one character makes it fit.

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
_OTHER_ALPHABETS: Final = r"[\p{Cyrillic}\p{Greek}]"
_LOOK_ALIKES: Final = dict(
    zip(
        "АВЕЅІЈКМНОРСТУҮХԚԜҺаеѕіјорсухԛԝһΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹονϲ",
        "ABESIJKMHOPCTYYXQWHaesijopcyxqwhABEZHIKMNOPTYXCovc",
        strict=True,
    )
)
"""Letters with a Latin twin (Unicode Technical Standard 39, confusables), each case by itself: a small `в` looks like
no Latin letter, and the Greek `μ` of micro is no M."""
_TWINS: Final = {"O": ("0",), "0": ("O",), "I": ("1",), "L": ("1",), "1": ("I", "L")}
_SLICE: Final = 100_000
"""Refused codes looked at together for `letter_or_digit`: bounds the memory of their candidates."""


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
    make_skus: bool = Field(True, description="Whether the clean code of a listing makes a master SKU by itself.")
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


def _clean(codes: pl.Series, rules: SkuCodeRules, pattern: str) -> pl.Series:
    """Clean the distinct codes and hand every row the result of its code: lines repeat few codes many times."""
    frame = pl.DataFrame({"code": codes.unique()})
    changed, before = [], "code"
    for name, step in _steps(rules).items():
        frame = frame.with_columns(step(pl.col(before)).alias(name))
        changed.append(pl.when(pl.col(before) != pl.col(name)).then(pl.lit(name)))
        before = name
    frame = _letters_or_digits(frame, before, rules, pattern)
    changed.append(pl.when(pl.col("mended").is_not_null()).then(pl.lit("letter_or_digit")))
    cleaned = pl.coalesce("mended", before)
    # What upper case brought to light (`μ` becomes a Greek M) would be changed by a second cleaning: it is refused.
    fits = _fits(cleaned, pattern) & ~_is_mixed(cleaned)
    refusal = pl.concat_str(
        pl.lit("code `"),
        pl.col("code").fill_null(""),
        pl.lit(f"` fits no code rule ({pattern})"),
        pl.when(pl.col(before).str.contains(_OTHER_ALPHABETS)).then(
            pl.concat_str(
                pl.lit("; it has letters that are not Latin: `"),
                pl.col(before).str.extract_all(_OTHER_ALPHABETS).list.join(""),
                pl.lit("`"),
            )
        ),
        ignore_nulls=True,
    )
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


def _fits(code: pl.Expr, pattern: str) -> pl.Expr:
    return code.str.contains(pattern).fill_null(value=False)


def _is_mixed(code: pl.Expr) -> pl.Expr:
    return (code.str.contains(_OTHER_ALPHABETS) & code.str.contains(r"\p{Latin}")).fill_null(value=False)


def _look_alikes(code: pl.Expr) -> pl.Expr:
    return pl.when(_is_mixed(code)).then(code.str.replace_many(_LOOK_ALIKES)).otherwise(code)


def _letters_or_digits(frame: pl.DataFrame, column: str, rules: SkuCodeRules, pattern: str) -> pl.DataFrame:
    """Add `mended`: the code with its one wrong letter or digit put right; null where that is not beyond doubt."""
    refused = frame.filter(~_fits(pl.col(column), pattern) & pl.col(column).str.contains("[OIL01]"))
    refused = refused.select("code", typed="width", cleaned=column)
    mended = [_one_change(part, rules, pattern) for part in refused.iter_slices(_SLICE)]
    if not mended:
        return frame.with_columns(mended=pl.lit(None, pl.String))
    return frame.join(pl.concat(mended), on="code", how="left", maintain_order="left")


def _one_change(refused: pl.DataFrame, rules: SkuCodeRules, pattern: str) -> pl.DataFrame:
    """Return `code`, `mended` of the codes that exactly one change of one character makes fit."""
    characters = (
        refused.with_columns(position=pl.int_ranges(pl.col("cleaned").str.len_chars()))
        .explode("position")
        .with_columns(character=pl.col("cleaned").str.slice(pl.col("position"), 1))
        .filter(pl.col("character").is_in(list(_TWINS)))
        .with_columns(
            before=pl.col("cleaned").str.slice(0, pl.col("position")),
            after=pl.col("cleaned").str.slice(pl.col("position") + 1),
        )
    )
    # Only a small l looks like 1; the first L of the code is the first one as typed, and so on.
    typed_l = (
        pl.col("typed").str.extract_all("[lL]").list.get(pl.col("before").str.count_matches("L"), null_on_oob=True)
    )
    twins = pl.DataFrame({"character": list(_TWINS), "twin": list(_TWINS.values())}).explode("twin")
    mended = pl.concat_str("before", "twin", "after")
    candidates = (
        characters.filter((pl.col("character") != "L") | (typed_l == "l"))
        .join(twins, on="character")
        .select("code", mended=mended)
        .filter(_fits(pl.col("mended"), pattern), _steps(rules)["suffix"](pl.col("mended")) == pl.col("mended"))
    )
    return (
        candidates.unique()
        .group_by("code")
        .agg(pl.col("mended"))
        .filter(pl.col("mended").list.len() == 1)
        .select("code", pl.col("mended").list.first())
    )


def _steps(rules: SkuCodeRules) -> dict[str, Callable[[pl.Expr], pl.Expr]]:
    listed = "".join(re.escape(character) for character in rules.separators)
    words = "|".join(rules.suffixes)
    suffixes = rf"(?:-(?:{words})|-?\((?:{words})\))+$"
    return {
        "width": lambda code: code.str.normalize("NFKC").str.replace_all(_INVISIBLE, ""),
        "look_alikes": _look_alikes,
        # Some upper-case letters are compatibility characters again.
        "upper": lambda code: code.str.to_uppercase().str.normalize("NFKC"),
        "trim": lambda code: code.str.strip_chars(),
        "separator": lambda code: code.str.replace_all(rf"(?:{_DASHES}|[{listed}\s])+", "-").str.strip_chars("-"),
        "suffix": lambda code: code.str.replace(suffixes, "") if rules.suffixes else code,
    }
