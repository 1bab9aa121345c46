"""Orders that are held, for a person to look at.

Belongs here: one row per held order, and what holds it. Does not belong here: letting them go
(`orchestration/held_orders.py` does by itself).
"""

import polars as pl

from linkstar_pipelines.orchestration.held_orders import holding_lines
from linkstar_pipelines.storage.lake import Lake


def held_orders(lake: Lake) -> pl.DataFrame:
    """List the held orders, the oldest first.

    Returns:
        Columns `platform`, `store`, `order_id`, `ordered_at`, `hold` (`unknown_sku` where a code is in none of the
        store's listings, else `unmapped_listing`), `lines` (how many of its lines hold it) and `listings` (their codes
        as the order gives them, separated by `; `).
    """
    return (
        holding_lines(lake)
        .group_by("platform", "store", "order_id")
        .agg(
            pl.col("ordered_at").min(),
            hold=pl.when((pl.col("hold") == "unknown_sku").any())
            .then(pl.lit("unknown_sku"))
            .otherwise(pl.lit("unmapped_listing")),
            lines=pl.len().cast(pl.Int64),
            listings=pl.col("listing_sku").unique().sort().str.join("; "),
        )
        .sort("ordered_at", "platform", "store", "order_id")
    )
