"""Codes of listings beside codes of SKUs: when two that differ are likely to mean the same.

Belongs here: the form in which codes are compared, and what of them may differ.
Does not belong here: cleaning a code (`domain/sku_codes.py`), or the verdict (`scored_matches.py`).

Digits never differ: `0012` and `0021` are two products. What may differ is a look-alike (O for 0, I or L for 1, also S
for 5 and B for 8), a separator, a word for the channel, or one letter of a part that has four letters or more.
"""

from typing import Final

import numpy as np
import polars as pl
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

_LOOK_ALIKE: Final = {"O": "0", "I": "1", "L": "1", "S": "5", "B": "8"}
_SHORTEST: Final = 6
"""Characters below which a code says too little to be compared."""


def code_form(codes: pl.Expr, channel_words: tuple[str, ...] = ()) -> pl.Expr:
    """Return codes in upper case with `-` as the only separator, without words for a channel at the end."""
    plain = codes.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"[^\p{L}\p{N}.]+", "-").str.strip_chars("-")
    words = "|".join(channel_words)
    return plain.str.replace(rf"(?:-(?:{words}))+$", "") if words else plain


def skeleton(forms: pl.Expr) -> pl.Expr:
    """Return what is left of a code's form when look-alikes are one; null where that says too little."""
    folded = forms.str.replace_all("[-.]", "").str.replace_many(list(_LOOK_ALIKE), list(_LOOK_ALIKE.values()))
    return pl.when((folded.str.len_chars() >= _SHORTEST) & forms.str.contains("[0-9]")).then(folded)


def mistyped(pairs: pl.DataFrame) -> pl.Series:
    """Tell pairs of codes that differ by one typing error in a longer word.

    Args:
        pairs: Columns `left` and `right`: forms of codes; null differs from everything.

    Returns:
        True where the digits are the same and stand in the same places, and the letters differ by one letter that is
        wrong, missing, too much, or exchanged with its neighbor, in a part of four letters or more.
    """
    parts = r"[A-Z]{4,}"
    long = [pl.col(side).str.extract_all(parts).list.join("-").fill_null("") for side in ("left", "right")]
    rest = [pl.col(side).str.replace_all(parts, "~") for side in ("left", "right")]
    frame = pairs.select(
        a=long[0], b=long[1], same=(rest[0] == rest[1]).fill_null(value=False) & pl.col("left").str.contains("[0-9]{3}")
    )
    apart = cpdist(frame["a"].to_list(), frame["b"].to_list(), scorer=OSA.distance, score_cutoff=1, workers=-1)
    return pl.Series("mistyped", np.asarray(apart) == 1) & frame["same"].fill_null(value=False)
