"""Titles taken apart: the words that name the product, the marks that name the variant, and the units in a pack.

Belongs here: from the text of a title to these three, in English and Chinese.
Does not belong here: which words are marks (`variants.py`), or comparing titles (`blocking.py`, `matching.py`).
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from linkstar_pipelines.domain.products.variants import CHINESE_UNITS, CHINESE_WORDS, STRICT, UNITS, marks

_PACK_UNITS: Final = "[个件只条双片支瓶盒包套枚张把块粒对台根卷]"
_PACKS: Final = (
    r"\b(?:pack|packs|set|box|lot|bundle|bag|case) of ([0-9]{1,3})\b",
    r"\b([0-9]{1,3})[ -]?(?:packs?|pk|pcs?|pieces?|count|ct)\b",
    rf"([0-9]{{1,3}}) ?{_PACK_UNITS} ?(?:装|入|套装)",
    rf"([0-9]{{1,3}}) ?{_PACK_UNITS}(?:\s|$)",
    r"(?:^|\s)x ?([0-9]{1,2})(?:\s|$)",
    r"^([0-9]{1,3}) ?x\s",
)
"""How titles say the units of a pack; the first that fits counts."""
_NUMBER_WORDS: Final = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
}  # fmt: skip
_CHINESE_NUMBERS: Final = {"两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "八": 8, "十": 10}
_FILLERS: Final = (
    "a", "an", "the", "and", "or", "with", "for", "of", "in", "on", "to", "by", "plug", "size", "color", "colour",
    "new", "hot", "sale", "free", "shipping", "best", "seller", "arrival", "high", "quality", "包邮", "新款", "热卖",
    "现货",
)  # fmt: skip
"""Words that name neither product nor variant."""


@dataclass(frozen=True)
class Titles:
    """Titles taken apart.

    Attributes:
        texts: One row per text: `text`; `base` (the naming words, sorted, each once); `phrase` (the same in the order
            of the title); `pack` (units it says, else 1); `strict` and `loose` (its marks of strict and of other kinds,
            as one text: equal where the marks are).
        marks: One row per text and kind of mark: `text`, `kind`, `values` (sorted, joined by a space). The pack is a
            kind of its own only in `texts`.
    """

    texts: pl.DataFrame
    marks: pl.DataFrame


def read_titles(titles: pl.Series) -> Titles:
    """Take titles apart.

    Args:
        titles: Texts; repeated ones and nulls are passed over.
    """
    frame = pl.DataFrame({"text": titles.drop_nulls().unique().sort()})
    frame = frame.with_columns(plain=_plain(pl.col("text")))
    packs = [pl.col("plain").str.extract(pattern).cast(pl.Int64, strict=False) for pattern in _PACKS]
    without = pl.col("plain")
    for earlier, pattern in enumerate(_PACKS):
        fits = pl.all_horizontal(pl.lit(value=True), *[pack.is_null() for pack in packs[:earlier]])
        without = pl.when(fits & packs[earlier].is_not_null()).then(
            pl.col("plain").str.replace(pattern, " ")
        ).otherwise(without)  # fmt: skip
    frame = frame.with_columns(pack=pl.coalesce(*packs, 1).clip(lower_bound=1), plain=without)
    words = (
        frame.select("text", word=pl.col("plain").str.extract_all(r"\p{Han}+|[[\p{L}\p{M}\p{N}.]--\p{Han}]+"))
        .explode("word", empty_as_null=False)
        .with_columns(pl.col("word").str.strip_chars("."))
        .filter(~pl.col("word").is_in([*_FILLERS, ""]))
    )
    read = marks(words)
    naming = (
        read.filter(pl.col("kind").is_null())
        .group_by("text", maintain_order=True)
        .agg(base=pl.col("word").unique().sort().str.join(" "), phrase=pl.col("word").str.join(" "))
    )
    by_kind = (
        read.drop_nulls("kind")
        .group_by("text", "kind")
        .agg(values=pl.col("value").unique().sort().str.join(" "))
        .sort("text", "kind")
    )
    label = pl.concat_str("kind", pl.lit("="), "values")
    strict = pl.col("kind").is_in(STRICT)
    signatures = by_kind.group_by("text").agg(
        strict=label.filter(strict).sort().str.join("|"), loose=label.filter(~strict).sort().str.join("|")
    )
    texts = frame.drop("plain").join(naming, on="text", how="left").join(signatures, on="text", how="left")
    return Titles(texts.with_columns(pl.col("base", "phrase", "strict", "loose").fill_null("")).sort("text"), by_kind)


def _plain(text: pl.Expr) -> pl.Expr:
    """One form for all ways of writing: width, case, units beside their number, Chinese marks as English ones."""
    chinese = {word: f" {value} " for word, value in CHINESE_WORDS.items()}
    chinese |= {
        f"{digit}{unit}": f"{number}{unit}" for digit, number in _CHINESE_NUMBERS.items() for unit in "个件只条双片支"
    }
    in_order = sorted(chinese, key=len, reverse=True)
    plain = (
        text.str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(r"([0-9]) ?(?:[\"”]|′′|'')", "${1}in ")
        .str.replace_all(r"['’‘`´]", "")
        .str.replace_all(r"[×✕✖]", "x")
        .str.replace_all(r"([0-9])[*]([0-9])", "${1}x${2}")
        .str.replace_all(r"([0-9]),([0-9]{3})([^0-9]|$)", "${1}${2}${3}")
        .str.replace_all(r"([0-9]),([0-9]{1,2})([^0-9]|$)", "${1}.${2}${3}")
        .str.replace_many(in_order, [chinese[word] for word in in_order], leftmost=True)
    )
    for written, unit in CHINESE_UNITS.items():
        plain = plain.str.replace_all(rf"([0-9]) ?{written}", f"${{1}}{unit} ")
    for word, number in _NUMBER_WORDS.items():
        plain = plain.str.replace_all(rf"\b{word}\b", str(number))
    for _ in range(2):  # in 10 x 20 x 30 the second `x` is seen only once the first is closed up
        plain = plain.str.replace_all(r"([0-9])(?:cm|mm|inch|in|m)?x([0-9])", "${1}x${2}")
        plain = plain.str.replace_all(r"([0-9]) ?(?:cm|mm|inch|in|m)? x ([0-9])", "${1}x${2}")  # not 3m x2, a pack
    apart = "|".join(sorted((unit for unit in UNITS if unit != "in"), key=len, reverse=True))
    plain = plain.str.replace_all(r"\bx[ -](large|small)\b", "x${1}").str.replace_all(r"\bt[ -]shirt", "tshirt")
    return plain.str.replace_all(rf"([0-9])[ -]?({apart})\b", "${1}${2} ").str.strip_chars()
