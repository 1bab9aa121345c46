"""Which titles are worth comparing: of all pairs, the few that share the words that few titles have.

Belongs here: finding and grading pairs of titles so that hundreds of thousands stay feasible.
Does not belong here: marks of variants (`variants.py`), or what follows from a likeness (`matching.py`).
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process
from scipy import sparse  # type: ignore[import-untyped]

_NEAREST: Final = 8
"""Pairs that are graded per title."""
_LOOKED_AT: Final = 5000
"""Titles that share a word, per title: words are taken, the rarest first, until they lead to so many."""
_HALF: Final = 0.5
"""Pairs that share less than this of what the best pair of a title shares are not graded."""
_ROWS: Final = 4096
"""Titles looked up together: bounds the memory of the product."""
_SUBSET: Final = 0.9
"""Worth of a title that holds all words of the other, and more: less than that of one that is the same."""


def nearest(left: pl.Series, right: pl.Series) -> pl.DataFrame:
    """Find for every title the most alike ones of the other side.

    Args:
        left: Bases of titles (`titles.read_titles`), distinct.
        right: The same of the other side.

    Returns:
        Columns `left`, `right`: at most `_NEAREST` rows per left title, by the shared words weighted by rarity.
    """
    ours, theirs = _words(left), _words(right)
    rarity = theirs.group_by("word").len("titles").sort("word").with_row_index("column")
    ours = ours.join(rarity, on="word").sort("row", "titles", "word")
    looked_at = pl.col("titles").cum_sum().over("row") - pl.col("titles")
    ours = ours.filter(looked_at < _LOOKED_AT)
    theirs = theirs.join(rarity, on="word")
    if ours.is_empty() or theirs.is_empty():
        return pl.DataFrame(schema={"left": pl.String, "right": pl.String})
    matrix, other = (
        _weighted(words, rows, rarity.height, len(right)) for words, rows in ((ours, len(left)), (theirs, len(right)))
    )
    other = other.T.tocsr()
    found = [_best(matrix[start : start + _ROWS] @ other, start) for start in range(0, len(left), _ROWS)]
    rows = pl.concat(found)
    return pl.DataFrame({"left": left.gather(rows["row"]), "right": right.gather(rows["column"])})


def likeness(left: pl.DataFrame, right: pl.DataFrame) -> pl.Series:
    """Grade pairs of titles from 0 to 1.

    Args:
        left: Columns `base` and `phrase` of the left titles.
        right: The same of the right titles, row by row.

    Returns:
        The best of: the words sorted, the words in order, and nine tenths of how far the one holds the other.
    """
    sorted_words = _grade(left["base"], right["base"], fuzz.ratio)
    in_order = _grade(left["phrase"], right["phrase"], fuzz.ratio)
    subset = _SUBSET * _grade(left["base"], right["base"], fuzz.token_set_ratio)
    return pl.Series("similarity", np.maximum(np.maximum(sorted_words, in_order), subset).astype(np.float64) / 100)


def _grade(left: pl.Series, right: pl.Series, scorer: Callable[..., float]) -> np.ndarray:
    graded: np.ndarray = process.cpdist(left.to_list(), right.to_list(), scorer=scorer, workers=-1, dtype=np.float32)
    return graded


def _words(bases: pl.Series) -> pl.DataFrame:
    """Words of each title; of Chinese, which has no spaces, every two characters that stand together."""
    latin, first = r"[[\p{L}\p{M}\p{N}.]--\p{Han}]+", pl.col("base").str.extract_all(r"\p{Han}{2}|\b\p{Han}\b")
    shifted = pl.col("base").str.replace_all(r"(^|[^\p{Han}])\p{Han}", "${1} ").str.extract_all(r"\p{Han}{2}")
    words = pl.concat_list(pl.col("base").str.extract_all(latin), first, shifted).list.unique()
    return (
        pl.DataFrame({"base": bases})
        .with_row_index("row")
        .select("row", word=words)
        .explode("word", empty_as_null=False)
    )


def _weighted(words: pl.DataFrame, rows: int, columns: int, titles: int) -> sparse.csr_matrix:
    rare = np.log((1 + titles) / words["titles"].to_numpy()).astype(np.float32)
    at = (words["row"].to_numpy(), words["column"].to_numpy())
    matrix = sparse.csr_matrix((rare, at), shape=(rows, columns), dtype=np.float32)
    length = np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1
    scale = np.divide(1, length, out=np.zeros_like(length), where=length > 0)
    return sparse.csr_matrix(sparse.diags(scale) @ matrix, dtype=np.float32)


def _best(shared: sparse.csr_matrix, start: int) -> pl.DataFrame:
    """Return the best columns of every row, ties in order of the columns."""
    counts = np.diff(shared.indptr)
    best = np.zeros(len(counts), dtype=np.float32)
    filled = counts > 0
    if filled.any():
        best[filled] = np.maximum.reduceat(shared.data, shared.indptr[:-1][filled])
    near = shared.data >= _HALF * np.repeat(best, counts)
    row = np.repeat(np.arange(start, start + len(counts), dtype=np.uint32), counts)[near]
    found = pl.DataFrame({"row": row, "column": shared.indices[near].astype(np.uint32), "shared": shared.data[near]})
    # Rounded, so that equal sums taken in another order stay equal.
    found = found.with_columns(pl.col("shared").round(4)).sort(
        "row", "shared", "column", descending=[False, True, False]
    )
    return found.filter(pl.int_range(pl.len()).over("row") < _NEAREST).select("row", "column")
