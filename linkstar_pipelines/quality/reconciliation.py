"""Frames that compare tables with each other: one row per thing that must add up, with its `difference`.

Belongs here: what is counted on each side. Each function takes a reader of the lake and the daily partitions in
question (`None`: all).
Does not belong here: what difference is tolerated (`business.py`).
"""

from collections.abc import Collection
from datetime import date
from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain.imported_orders import import_counts
from linkstar_pipelines.domain.order_import import PLATFORM
from linkstar_pipelines.domain.products.mapped import sku_units
from linkstar_pipelines.quality.expectations import Reader, Reconciliation
from linkstar_pipelines.schemas.catalog import table_of
from linkstar_pipelines.schemas.core import OrderLines
from linkstar_pipelines.schemas.finance import SettlementLines
from linkstar_pipelines.schemas.planning import DailyDemand
from linkstar_pipelines.schemas.quality import Quarantine
from linkstar_pipelines.schemas.raw import RawAmazonSettlements, RawImportedOrders
from linkstar_pipelines.schemas.stock import Movements

_SETTLEMENT: Final = ("platform", "store", "settlement_id")


def copies_of(schema: type[dy.Schema]) -> Reconciliation:
    """Make the reconciliation that counts, over all partitions, the rows of each key of those in question.

    Returns:
        A reconciliation: one row per key, with the key, `copies`, and `changed_on` (the newest of its rows).
    """
    keys = schema.primary_key()
    names, table = ", ".join(f'"{key}"' for key in keys), table_of(schema).full_name

    def copies(reader: Reader, days: Collection[date] | None) -> pl.DataFrame:
        asked = ", ".join(f"'{day.isoformat()}'" for day in days or ())
        where = None
        if days is not None:
            # A row moves from day to day as it changes: its key may be left behind on a day that no run is about.
            mine = f"SELECT {names} FROM {table} WHERE changed_on IN ({asked or 'NULL'})"  # noqa: S608  # from the catalog
            where = f"({names}) IN ({mine})"
        rows = reader.read(schema, columns=[*keys, "changed_on"], where=where)
        return rows.group_by(keys).agg(pl.len().cast(pl.Int64).alias("copies"), pl.col("changed_on").max())

    return copies


def imported_files(reader: Reader, days: Collection[date] | None) -> pl.DataFrame:
    """Tell where the rows of each imported file are.

    Returns:
        One row per file first imported on `days`, with the columns of `domain.imported_orders.import_counts`.
    """
    lines = reader.read(RawImportedOrders, columns=["file_sha256", "line_number", "line_kind"], days=days)
    order_lines = reader.read(OrderLines, columns=["platform", "line_id"], days=days, where=f"platform = '{PLATFORM}'")
    rejected = reader.read(
        Quarantine,
        columns=["table_name", "source_key"],
        where=f"table_name IN ('raw.imported_orders', 'core.order_lines') AND source_key LIKE '{PLATFORM}/%'",
    )
    counts = import_counts(lines, order_lines, rejected)
    if days is None:
        return counts
    files = lines["file_sha256"].str.head(12).unique()  # quarantined rows carry no partition
    return counts.filter(pl.col("file").is_in(files.implode()))


def shipped_units(reader: Reader, days: Collection[date] | None) -> pl.DataFrame:
    """Compare units shipped by the order lines with units that left stock.

    Returns:
        One row per partition: changed_on, shipped (units of SKUs in goods lines), moved, difference.
    """
    shipped = (
        reader.read(
            OrderLines,
            columns=["changed_on", "quantity_shipped", "multiplier"],
            days=days,
            where="line_kind = 'sale' AND quantity_shipped > 0 AND sku IS NOT NULL",
        )
        .group_by("changed_on")
        .agg(shipped=sku_units(pl.col("quantity_shipped")).sum())
    )
    moved = (
        reader.read(Movements, columns=["changed_on", "quantity"], days=days, where="kind = 'ship'")
        .group_by("changed_on")
        .agg(moved=-pl.col("quantity").sum())
    )
    return _compared(shipped, moved, on=("changed_on",))


def wanted_units(reader: Reader, days: Collection[date] | None) -> pl.DataFrame:
    """Compare units ordered and not cancelled with the units of the daily demand.

    Returns:
        One row per store: platform, store, wanted (units of SKUs in goods lines), in_demand, difference.
    """
    del days  # demand is made whole
    wanted = (
        reader.read(
            OrderLines,
            columns=["platform", "store", "quantity_ordered", "quantity_cancelled", "multiplier"],
            where="line_kind = 'sale' AND state <> 'cancelled' AND sku IS NOT NULL",
        )
        .group_by("platform", "store")
        .agg(wanted=sku_units(pl.col("quantity_ordered") - pl.col("quantity_cancelled")).sum())
    )
    in_demand = (
        reader.read(DailyDemand, columns=["platform", "store", "units"])
        .group_by("platform", "store")
        .agg(in_demand=pl.col("units").sum())
    )
    return _compared(wanted, in_demand, on=("platform", "store"))


def settled_lines(reader: Reader, days: Collection[date] | None) -> pl.DataFrame:
    """Count where the money lines of each settlement are.

    Returns:
        One row per settlement: platform, store, settlement_id, in_report (lines as Amazon wrote them), counted
        (in `finance.settlement_lines` or its quarantine), difference.
    """
    del days  # settlement lines are made whole
    money_lines = (
        reader.read(
            RawAmazonSettlements,
            columns=[*_SETTLEMENT, "line_number"],
            where="total_amount IS NULL OR total_amount = ''",
        )
        .group_by(*_SETTLEMENT)
        .agg(in_report=pl.col("line_number").n_unique().cast(pl.Int64))
    )
    kept = reader.read(SettlementLines, columns=[*_SETTLEMENT, "line_number"])
    key = pl.col("source_key").str.split_exact("/", 3).struct
    refused = reader.read(Quarantine, columns=["source_key"], where="table_name = 'finance.settlement_lines'").select(
        *(key.field(f"field_{place}").alias(name) for place, name in enumerate(_SETTLEMENT)),
        line_number=key.field("field_3").cast(pl.Int64, strict=False),
    )
    counted = (
        pl.concat([kept, refused]).group_by(*_SETTLEMENT).agg(counted=pl.col("line_number").n_unique().cast(pl.Int64))
    )
    return _compared(money_lines, counted, on=_SETTLEMENT)


def _compared(left: pl.DataFrame, right: pl.DataFrame, *, on: tuple[str, ...]) -> pl.DataFrame:
    """Put two counts beside each other; a side that knows nothing counts 0."""
    first, second = (next(name for name in frame.columns if name not in on) for frame in (left, right))
    return (
        left.join(right, on=list(on), how="full", coalesce=True)
        .with_columns(pl.col(first, second).fill_null(0))
        .with_columns(difference=pl.col(first) - pl.col(second))
        .sort(on)
    )
