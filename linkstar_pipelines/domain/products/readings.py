"""How cleaning reads a column of text: what came of each value, what was done to it, and what is wrong with it.

Belongs here: the form that all readers of this package return, and what they do to every text first.
Does not belong here: what a kind of value means (`gtins.py`, `units.py`, ...), or the report (`report.py`).

A *reading* is a frame with one row per value, in order: `value` (typed, null where there is none), `step` (what was
done to it, joined by `+`; null where it stays as typed) and `problem` (what is wrong, for the person who has to mend
it; null where nothing is). A value with a problem is null.
"""

from collections.abc import Callable, Collection
from typing import Final

import polars as pl

_INVISIBLE: Final = r"[\p{Cf}[\p{Cc}--\s]]"


def reading(
    frame: pl.DataFrame, value: pl.Expr, *, step: pl.Expr | None = None, problem: pl.Expr | None = None
) -> pl.DataFrame:
    """Return the reading of a frame; a value with a problem becomes null, and names no step."""
    nothing = pl.lit(None, pl.String)
    judged = frame.with_columns(problem=nothing if problem is None else problem)
    fine = pl.col("problem").is_null()
    return judged.select(
        value=pl.when(fine).then(value), step=pl.when(fine).then(nothing if step is None else step), problem="problem"
    )


def steps(*named: tuple[str, pl.Expr]) -> pl.Expr:
    """Join the names of the steps whose condition holds; null where none does."""
    words = [pl.when(condition).then(pl.lit(name)) for name, condition in named]
    joined = pl.concat_str(words, separator="+", ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def first_problem(*named: tuple[str | pl.Expr, pl.Expr]) -> pl.Expr:
    """Return the first message whose condition holds; null where none does."""
    messages = [pl.when(holds).then(pl.lit(text) if isinstance(text, str) else text) for text, holds in named]
    return pl.coalesce(*messages)


def each_once(read: Callable[..., pl.DataFrame], *texts: pl.Series) -> pl.DataFrame:
    """Read values that stand in many rows once: most columns of a catalogue repeat few of them.

    Args:
        read: Takes the texts and returns their reading, row by row.
        texts: Columns of one length.
    """
    frame = pl.DataFrame({str(i): text for i, text in enumerate(texts)})
    distinct = frame.unique()
    if distinct.height > frame.height // 2:
        return read(*texts)
    known = distinct.hstack(read(*distinct))
    return frame.join(known, on=frame.columns, nulls_equal=True, maintain_order="left").drop(frame.columns)


def ends_trimmed(text: pl.Series) -> pl.DataFrame:
    """Take white space off both ends and leave the rest as typed; blank text is none."""
    trimmed = pl.col("text").str.strip_chars()
    kept = pl.when(trimmed != "").then(trimmed)
    return reading(text.to_frame("text"), kept, step=steps(("trim", trimmed != pl.col("text"))))


def plain(text: pl.Series, empty: Collection[str], *, names: bool = False) -> pl.DataFrame:
    """Take out what only looks: full-width forms, invisible characters, surplus spaces, and words that say nothing.

    Args:
        text: As the source has it.
        empty: Words in lower case that stand for no value, such as `n/a`.
        names: For names and other text that people read: full-width forms and the like stay as typed.

    Returns:
        A reading; its steps are `width`, `spaces` and `empty`.
    """
    frame = text.to_frame("text")
    # Most columns are ASCII throughout: then there is nothing to normalize, which is the slow part.
    if text.str.contains(r"[^\x20-\x7E]").any():
        form = pl.col("text").str.replace_all(_INVISIBLE, "").str.normalize("NFC" if names else "NFKC")
        frame = frame.with_columns(wide=form)
    else:
        frame = frame.with_columns(wide=pl.col("text"))
    frame = frame.with_columns(spaced=pl.col("wide").str.replace_all(r"\s+", " ").str.strip_chars(" "))
    says_nothing = pl.col("spaced").str.to_lowercase().is_in([*empty, ""])
    return reading(
        frame,
        pl.when(~says_nothing).then(pl.col("spaced")),
        step=steps(
            ("width", pl.col("wide") != pl.col("text")),
            ("spaces", pl.col("spaced") != pl.col("wide")),
            ("empty", says_nothing),
        ),
    )
