"""Names of the places that hold stock.

A *node* is `platform:<store>:<marketplace>` (stock in the platform's warehouses, such as FBA) or
`seller:<store>:<marketplace>` (the seller's own stock offered there). Imported files have the marketplace `-`.
"""

import polars as pl


def node(
    fulfilled_by: str | pl.Expr = "fulfilled_by",
    store: str | pl.Expr = "store",
    marketplace_id: str | pl.Expr = "marketplace_id",
) -> pl.Expr:
    """Return the name of the node that serves a row.

    Args:
        fulfilled_by: Column or expression with `platform` or `seller`.
        store: Column or expression with the store.
        marketplace_id: Column or expression with the marketplace.
    """
    parts = [pl.col(part) if isinstance(part, str) else part for part in (fulfilled_by, store, marketplace_id)]
    return pl.concat_str([part.cast(pl.String) for part in parts], separator=":")
