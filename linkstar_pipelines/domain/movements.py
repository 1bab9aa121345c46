"""Stock movements caused by orders.

Belongs here: which order lines took units away from which node.
Does not belong here: what is left there (`positions.py`), or movements that no order caused.
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain.nodes import node
from linkstar_pipelines.domain.products.mapped import sku_units
from linkstar_pipelines.schemas.core import OrderLines
from linkstar_pipelines.schemas.stock import Movements

_SHIP: Final = pl.lit("ship", Movements.kind.dtype)


def movements(order_lines: dy.DataFrame[OrderLines]) -> dy.DataFrame[Movements]:
    """Return one movement per line of goods of which units were shipped, in units of the SKU.

    A line whose listing is not mapped moves nothing: nobody knows which stock. The time is that of the line's last
    change, for the platforms do not state the moment of shipping for all orders.

    Args:
        order_lines: Current state of order lines.

    Returns:
        Movements of kind `ship`; the quantity is negative.
    """
    shipped = order_lines.filter(
        pl.col("line_kind") == "sale", pl.col("quantity_shipped") > 0, pl.col("sku").is_not_null()
    )
    return Movements.validate(
        shipped.select(
            "platform", "store", "order_id", "line_id", "sku", "changed_on",
            kind=_SHIP,
            node=node(),
            quantity=-sku_units(pl.col("quantity_shipped")),
            moved_at="updated_at",
        ).select(Movements.column_names())
    )  # fmt: skip


def unmoved(order_lines: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame:
    """Return the keys of movements that lines would have and do not: such as of lines that lost their SKU."""
    key = Movements.primary_key()
    return order_lines.with_columns(kind=_SHIP).select(key).join(moved.select(key), on=key, how="anti")
