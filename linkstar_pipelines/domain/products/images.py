"""Addresses of pictures in one form, so that the same picture is known again.

Belongs here: the form. Does not belong here: what an equal picture proves (`scored_matches.py`, `duplicates.py`).
"""

import polars as pl


def one_address(addresses: pl.Expr) -> pl.Expr:
    """Return addresses without scheme and parameters; Amazon's also without the size in the file name."""
    return (
        addresses.str.replace(r"^https?://", "")
        .str.replace(r"[?#].*$", "")
        .str.replace(r"\._[A-Za-z0-9_,]+_(\.[A-Za-z]+)$", "${1}")
    )
