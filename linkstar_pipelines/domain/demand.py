"""Daily demand: what buyers wanted, per node, SKU and business day.

Belongs here: which order lines are demand, and where they are served.
Does not belong here: forecasting, or demand that was never written down (lost sales leave no order line).
"""

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain.nodes import node
from linkstar_pipelines.schemas import columns as c
from linkstar_pipelines.schemas.core import OrderLines
from linkstar_pipelines.schemas.planning import DailyDemand


def daily_demand(order_lines: dy.DataFrame[OrderLines]) -> dy.DataFrame[DailyDemand]:
    """Add up the units wanted per node, SKU and business day.

    Lines of goods with a clean SKU count with the units ordered and not cancelled; a day without units has no row.
    Revenue is the goods value of the lines; it is null where one of them states no value yet, or where the lines of
    a day disagree on the currency, because a partial sum would look like a whole one.

    Args:
        order_lines: Current state of all order lines.

    Returns:
        Rows of `DailyDemand`, sorted by its key.
    """
    wanted = order_lines.filter(
        pl.col("line_kind").cast(pl.String) == "sale",
        pl.col("sku").is_not_null(),
        pl.col("state").cast(pl.String) != "cancelled",
    ).with_columns(node=node(), units=pl.col("quantity_ordered") - pl.col("quantity_cancelled"))
    whole = pl.col("item_amount").is_not_null().all() & (pl.col("currency").n_unique() == 1)
    demand = (
        wanted.filter(pl.col("units") > 0)
        .group_by("node", "sku", day="business_day")
        .agg(
            pl.col("platform", "store").first(),
            pl.col("units").sum(),
            orders=pl.col("order_id").n_unique().cast(pl.Int64),
            revenue=pl.when(whole).then(pl.col("item_amount").sum().cast(c.MONEY)),
            currency=pl.when(whole).then(pl.col("currency").first()),
        )
        .sort("node", "sku", "day")
    )
    return DailyDemand.validate(demand.select(DailyDemand.column_names()))
