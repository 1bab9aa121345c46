"""Orders that are held because something in them is not known; nothing else waits for them.

Belongs here: which order is held, and why. Does not belong here: what a line's listing sells (`products/mapped.py`), or
what releases an order (`orchestration/releases.py`).
"""

from typing import Final

import polars as pl

from linkstar_pipelines.schemas.core import OrderLines

_ORDER: Final = ("platform", "store", "order_id")


def with_hold(lines: pl.DataFrame, *, unknown: pl.Expr) -> pl.DataFrame:
    """Add why the order of each line is held; null lets it pass.

    An order is held as a whole: whoever ships it must not ship half of it. A code that no listing has holds it as
    `unknown_sku`, before a listing that is not mapped does as `unmapped_listing`.

    Args:
        lines: All lines of their orders, with `line_kind` and `multiplier` (null while the listing is not mapped; one
            that sells nothing of ours is); charges hold nothing.
        unknown: Tells of a line whether its code is in none of the store's listings.

    Returns:
        The same rows, with `hold`.
    """
    unmapped = (pl.col("line_kind").cast(pl.String) == "sale") & pl.col("multiplier").is_null()
    hold = pl.when(unknown.any()).then(pl.lit("unknown_sku")).otherwise(pl.lit("unmapped_listing"))
    held = lines.filter(unmapped).group_by(_ORDER).agg(hold=hold.cast(OrderLines.hold.dtype))
    return lines.join(held, on=_ORDER, how="left", maintain_order="left")
