"""How frames become rows of lake tables, and refused rows become quarantine. Used by `lake.py` alone.

Belongs here: the lake's DDL (from the schemas) and the statements of one publication.
Does not belong here: connections and transactions (`lake.py`).
"""

from datetime import UTC, datetime
from enum import Enum

import dataframely as dy
import duckdb
import polars as pl

from linkstar_pipelines.domain.quarantine import concat_rejects
from linkstar_pipelines.schemas.catalog import TABLES, table_of
from linkstar_pipelines.schemas.quality import Quarantine, ReasonType


class Mode(Enum):
    """How a published frame meets the rows that are there."""

    ADD_NEW = "add_new"
    """Insert the rows whose key is not there yet; existing rows are never touched (observations)."""
    UPSERT = "upsert"
    """Insert new keys and rewrite the keys whose row differs."""
    REPLACE = "replace"
    """The frame is the whole table."""


def _sql_type(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Decimal):
        return f"DECIMAL({dtype.precision},{dtype.scale})"
    if isinstance(dtype, pl.Datetime):
        return "TIMESTAMPTZ"
    return {
        pl.String: "VARCHAR", pl.Enum: "VARCHAR", pl.Int64: "BIGINT", pl.Float64: "DOUBLE",
        pl.Date: "DATE", pl.Boolean: "BOOLEAN",
    }[type(dtype)]  # fmt: skip


def make_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create missing tables, and add columns that a newer schema declares."""
    rows = connection.execute(
        "SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns "
        "WHERE table_catalog = 'lake'"
    ).fetchall()
    present: dict[str, set[str]] = {}
    for table_name, column_name in rows:
        present.setdefault(table_name, set()).add(column_name)
    for table in TABLES:
        columns = {name: _sql_type(column.dtype) for name, column in table.schema.columns().items()}
        there = present.get(table.full_name)
        if there is None:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
            body = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"CREATE TABLE IF NOT EXISTS {table.full_name} ({body})")
            continue
        for name in columns.keys() - there:
            connection.execute(f'ALTER TABLE {table.full_name} ADD COLUMN "{name}" {columns[name]}')


def write(connection: duckdb.DuckDBPyConnection, schema: type[dy.Schema], frame: pl.DataFrame, mode: Mode) -> int:
    """Write a frame within the open transaction; returns the rows written."""
    name = table_of(schema).full_name
    columns = ", ".join(f'"{column}"' for column in schema.column_names())
    keys = ", ".join(f'"{column}"' for column in schema.primary_key())
    same_key = " AND ".join(f't."{column}" = n."{column}"' for column in schema.primary_key())
    connection.register("incoming", frame.select(schema.column_names()).to_arrow())
    try:
        if mode is Mode.REPLACE:
            connection.execute(f"DELETE FROM {name}")
            connection.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM incoming")
            return frame.height
        if mode is Mode.ADD_NEW:
            fresh = f"SELECT {columns} FROM incoming n WHERE NOT EXISTS (SELECT 1 FROM {name} t WHERE {same_key})"
        else:
            # Against rows of these keys alone: the whole table would be held in memory to compare.
            there = f"SELECT {columns} FROM {name} WHERE ({keys}) IN (SELECT ({keys}) FROM incoming)"
            fresh = f"SELECT {columns} FROM incoming EXCEPT {there}"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS {fresh}")
        written = int(connection.execute("SELECT count(*) FROM fresh").fetchall()[0][0])
        if written and mode is Mode.UPSERT:
            connection.execute(f"DELETE FROM {name} WHERE ({keys}) IN (SELECT ({keys}) FROM fresh)")
        if written:
            connection.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM fresh")
        connection.execute("DROP TABLE fresh")
        return written
    finally:
        connection.unregister("incoming")


def remove(connection: duckdb.DuckDBPyConnection, schema: type[dy.Schema], keys: pl.DataFrame) -> int:
    """Within the open transaction, take the rows of these keys out of a table; returns how many there were."""
    name, columns = table_of(schema).full_name, ", ".join(f'"{column}"' for column in schema.primary_key())
    connection.register("ending", keys.select(schema.primary_key()).to_arrow())
    ending = f"FROM {name} WHERE ({columns}) IN (SELECT ({columns}) FROM ending)"
    there = int(connection.execute(f"SELECT count(*) {ending}").fetchall()[0][0])
    if there:
        connection.execute(f"DELETE {ending}")
    connection.unregister("ending")
    return there


def quarantine_rows(table_name: str, rejected: pl.DataFrame | None, run_id: str) -> dy.DataFrame[Quarantine]:
    """Turn refused rows (`domain/quarantine.py`) into rows of the quarantine."""
    if rejected is None or rejected.is_empty():
        return Quarantine.create_empty()
    return Quarantine.validate(
        concat_rejects(rejected)
        .select(
            table_name=pl.lit(table_name),
            source_key="source_key",
            reason_type=pl.col("reason_type").fill_null(ReasonType.SCHEMA.value).cast(Quarantine.reason_type.dtype),
            reason="reason",
            payload="payload",
            quarantined_at=pl.lit(datetime.now(UTC)).cast(pl.Datetime("us", "UTC")),
            run_id=pl.lit(run_id),
        )
        .unique(["table_name", "source_key"], keep="first", maintain_order=True)
    )


def write_quarantine(
    connection: duckdb.DuckDBPyConnection, table_name: str, made: pl.Series | None, refused: pl.DataFrame
) -> None:
    """Within the open transaction, release what was made after all and keep what was refused.

    Args:
        connection: Connection with an open transaction.
        table_name: Table the rows were meant for.
        made: Source keys that succeeded; a quarantined row leaves when its key, or the key it begins with
            (`order/line` begins with `order`), is among them. `None`: the table was made whole, so all leave.
        refused: Rows to keep.
    """
    name = table_of(Quarantine).full_name
    held = connection.execute(f"SELECT source_key FROM {name} WHERE table_name = ?", [table_name]).pl()
    if not held.is_empty():
        _leave(connection, table_name, held if made is None else _released(held, made, refused))
    if not refused.is_empty():
        connection.register("refused", refused.to_arrow())
        columns = ", ".join(refused.columns)
        connection.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM refused")
        connection.unregister("refused")


def withdraw(connection: duckdb.DuckDBPyConnection, schema: type[dy.Schema], source_keys: pl.Series) -> None:
    """Within the open transaction, take records out of a table that keeps the column `source_key`, and of quarantine.

    Args:
        connection: Connection with an open transaction.
        schema: The table.
        source_keys: The records.
    """
    name = table_of(schema).full_name
    leaving = source_keys.alias("source_key").to_frame()
    connection.register("leaving", leaving.to_arrow())
    connection.execute(f"DELETE FROM {name} WHERE source_key IN (SELECT source_key FROM leaving)")
    connection.unregister("leaving")
    _leave(connection, name, leaving)


def _leave(connection: duckdb.DuckDBPyConnection, table_name: str, leaving: pl.DataFrame) -> None:
    """Take rows of a table out of the quarantine: joined, as a file may have left it a hundred thousand."""
    connection.register("leaving", leaving.to_arrow())
    connection.execute(
        f"DELETE FROM {table_of(Quarantine).full_name} "
        "WHERE table_name = ? AND source_key IN (SELECT source_key FROM leaving)",
        [table_name],
    )
    connection.unregister("leaving")


def _released(held: pl.DataFrame, made: pl.Series, refused: pl.DataFrame) -> pl.DataFrame:
    parent = pl.col("source_key").str.replace(r"/[^/]*$", "")
    return held.filter(
        pl.col("source_key").is_in(made.implode())
        | parent.is_in(made.implode())
        | pl.col("source_key").is_in(refused["source_key"].implode())
    )
