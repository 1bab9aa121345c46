"""The lake: DuckLake tables in Parquet, with their catalog in Postgres. Every dataset an asset makes lives here.

Belongs here: opening the lake, reading frames, and publishing them in one transaction, rejected rows included.
Does not belong here: what the rows mean (`domain/`) or look like (`schemas/`).

All publishing is idempotent: the same frame published twice leaves the same table, and rows that did not
change are not written again.
"""

import os
import random
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import dataframely as dy
import duckdb
import polars as pl
from psycopg import conninfo

from linkstar_pipelines.schemas.catalog import TABLES, table_of
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.postgres import Postgres, open_postgres
from linkstar_pipelines.storage.publishing import (
    Mode,
    make_tables,
    quarantine_rows,
    remove,
    withdraw,
    write,
    write_quarantine,
)

S = TypeVar("S", bound=dy.Schema)
_COMMIT_ATTEMPTS: Final = 8
_LOCK: Final = 752_617_411  # class of our advisory locks: making tables, and publishing to one table


class LakeUnavailableError(Exception):
    """The lake cannot be opened; the message says why and what to do."""


@dataclass(frozen=True)
class Published:
    """What a publication did: rows handed over, rows written, rows sent to quarantine, rows in the table now."""

    rows: int
    written: int
    rejected: int
    table_rows: int


class Lake:
    """One lake. Connections are opened on first use, one per thread.

    Args:
        postgres: Database that holds the catalog.
        root: Local folder or object-store prefix of the Parquet files.
        read_only: Open a lake that exists, and change nothing in it.
    """

    def __init__(self, postgres: Postgres, root: str, *, read_only: bool = False) -> None:
        self._postgres = postgres
        self.root = root
        self._read_only = read_only
        self._local = threading.local()

    # --- reading -------------------------------------------------------------------------------------

    def table(
        self, schema: type[S], *, days: Collection[date] | None = None, where: str | None = None
    ) -> dy.DataFrame[S]:
        """Read whole rows of a table, typed.

        Args:
            schema: The table.
            days: Only these daily partitions (column `changed_on`).
            where: SQL condition over the table's columns; never built from outside input.
        """
        frame = self.read(schema, days=days, where=where)
        return schema.cast(frame)

    def touched(self, schema: type[S], key: Sequence[str], days: Collection[date]) -> dy.DataFrame[S]:
        """Read all rows, of whatever day, that share their key with a row of these days."""
        name, columns = table_of(schema).full_name, ", ".join(f'"{column}"' for column in key)
        first, last = min(days), max(days)
        return self.table(
            schema,
            where=f"({columns}) IN (SELECT ({columns}) FROM {name} "
            f"WHERE changed_on BETWEEN '{first.isoformat()}' AND '{last.isoformat()}')",
        )

    def read(
        self,
        schema: type[dy.Schema],
        *,
        columns: Sequence[str] | None = None,
        days: Collection[date] | None = None,
        where: str | None = None,
    ) -> pl.DataFrame:
        """Read some columns of a table; the same selection as `table`."""
        names = list(columns) if columns is not None else schema.column_names()
        conditions, values = [], []
        if days is not None:
            conditions.append("changed_on BETWEEN ? AND ? AND list_contains(?, changed_on)")
            ordered = sorted(days) or [date.min]
            values += [ordered[0], ordered[-1], list(days)]
        if where is not None:
            conditions.append(f"({where})")
        filtered = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        select = ", ".join(f'"{name}"' for name in names)
        frame = self.query(f"SELECT {select} FROM {table_of(schema).full_name}{filtered}", *values)
        dtypes = {name: column.dtype for name, column in schema.columns().items() if name in names}
        return frame.cast(pl.Schema(dtypes))

    def query(self, sql: str, *values: object) -> pl.DataFrame:
        """Run one SQL query over the lake (tables as `layer.name`) and return its frame."""
        return self._connection.execute(sql, list(values)).pl()

    def count(self, schema: type[dy.Schema]) -> int:
        """Rows in a table."""
        return int(self.query(f"SELECT count(*) AS n FROM {table_of(schema).full_name}").item())

    def rows_by_day(self, schema: type[dy.Schema], days: Collection[date]) -> dict[date, int]:
        """Count the rows of some days of a daily table; days without rows are left out."""
        counts = self.query(
            f"SELECT changed_on, count(*) AS rows FROM {table_of(schema).full_name} "
            "WHERE changed_on BETWEEN ? AND ? GROUP BY changed_on", min(days), max(days),
        )  # fmt: skip
        return dict(counts.iter_rows())

    # --- publishing ----------------------------------------------------------------------------------

    def publish(
        self,
        schema: type[S],
        frame: pl.DataFrame,
        *,
        mode: Mode,
        rejected: pl.DataFrame | None = None,
        source_key: pl.Expr | None = None,
        ended: pl.DataFrame | None = None,
        run_id: str = "-",
    ) -> Published:
        """Audit a frame and make it visible together with its rejected rows, in one lake transaction.

        Args:
            schema: The table; the frame must satisfy it, keys and row rules included.
            frame: The rows.
            mode: How they meet the rows that are there.
            rejected: Rows that did not fit: `source_key`, `reason`, `payload`.
            source_key: How a row's source key follows from its columns; quarantined rows with a key that has now
                been made are released. Without it nothing is released, except that `REPLACE` releases all.
            ended: Keys of rows that are no more, and leave the table.
            run_id: Run recorded with the snapshot and with quarantined rows.

        Raises:
            dataframely.exc.ValidationError: the frame breaks the schema; nothing was written.
        """
        audited = schema.validate(frame)
        refused = quarantine_rows(table_of(schema).full_name, rejected, run_id)
        made = None if mode is Mode.REPLACE else _keys(audited, source_key)

        def work(connection: duckdb.DuckDBPyConnection) -> int:
            written = write(connection, schema, audited, mode)
            if ended is not None and not ended.is_empty():
                written += remove(connection, schema, ended)
            write_quarantine(connection, table_of(schema).full_name, made, refused)
            connection.execute(
                "CALL lake.set_commit_message(?, ?)", ["linkstar", f"{table_of(schema).full_name} run={run_id}"]
            )
            return written

        # The lake has no unique keys: two writers that both see a key missing would both insert it.
        with self._lock(table_of(schema).full_name):
            written = self._in_transaction(work)
        return Published(audited.height, written, refused.height, self.count(schema))

    def withdraw(self, schema: type[dy.Schema], source_keys: pl.Series, *, run_id: str = "-") -> None:
        """Take records out of a table and of its quarantine, in one lake transaction; older snapshots keep them.

        Args:
            schema: A table with the column `source_key`.
            source_keys: The records; those that are not there are passed over.
            run_id: Run recorded with the snapshot.
        """
        name = table_of(schema).full_name

        def work(connection: duckdb.DuckDBPyConnection) -> int:
            withdraw(connection, schema, source_keys)
            connection.execute("CALL lake.set_commit_message(?, ?)", ["linkstar", f"{name} withdrawn run={run_id}"])
            return source_keys.len()

        with self._lock(name):
            self._in_transaction(work)

    def _in_transaction(self, work: Callable[[duckdb.DuckDBPyConnection], int]) -> int:
        for attempt in range(1, _COMMIT_ATTEMPTS + 1):
            connection = self._connection
            connection.execute("BEGIN TRANSACTION")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except duckdb.Error as error:
                _roll_back(connection)
                if attempt == _COMMIT_ATTEMPTS or "conflict" not in str(error).lower():
                    raise
                time.sleep(random.uniform(0.05, 0.2) * attempt)  # noqa: S311  # jitter, not a secret
            except BaseException:
                _roll_back(connection)
                raise
            else:
                return result
        raise AssertionError("unreachable: the last attempt returns or raises")

    def compact(self, *, keep_days: int) -> None:
        """Merge small files and drop snapshots older than `keep_days`, with the files only they used."""
        connection = self._connection
        connection.execute("CALL ducklake_flush_inlined_data('lake')")
        connection.execute("CALL ducklake_merge_adjacent_files('lake')")
        connection.execute(
            f"CALL ducklake_expire_snapshots('lake', older_than => now() - INTERVAL {int(keep_days)} DAY)"
        )
        connection.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    # --- opening -------------------------------------------------------------------------------------

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        connection: duckdb.DuckDBPyConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
        return connection

    def _open(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        remote = "://" in self.root
        for extension in ("ducklake", "postgres_scanner", *(["httpfs"] if remote else [])):
            connection.execute(f"LOAD '{_extension_file(extension)}'")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        if remote:
            connection.execute(_s3_secret())
        elif not self._read_only:
            Path(self.root).mkdir(parents=True, exist_ok=True)
        if self._read_only:
            self._attach(connection)
            return connection
        with self._lock("tables"):
            self._attach(connection)
            connection.execute("BEGIN TRANSACTION")  # one commit for all tables: twenty would take ten seconds
            make_tables(connection)
            connection.execute("COMMIT")
        return connection

    def _attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        dsn = self._postgres.ducklake_dsn.replace("'", "''")
        root = self.root.rstrip("/").replace("'", "''") + "/"
        try:
            connection.execute(
                f"ATTACH 'ducklake:postgres:{dsn}' AS lake "
                f"(DATA_PATH '{root}', METADATA_SCHEMA 'lake'{', READ_ONLY' if self._read_only else ''})"
            )
        except duckdb.Error as error:
            words = str(error).replace(dsn, "...").replace(self._postgres.ducklake_dsn, "...")
            secret = str(conninfo.conninfo_to_dict(self._postgres.url).get("password") or "")
            words = words.replace(secret, "***") if secret else words
            raise LakeUnavailableError(
                f"The lake in {self.root} cannot be opened: {words}\n"
                "If LINKSTAR_LAKE_PATH was changed, set it back: the catalog remembers where its files are."
            ) from None
        connection.execute("USE lake")

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        """Hold the lock of that name against all processes; a killed holder's is freed by the server."""
        with self._postgres.connection() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_LOCK, name))
            yield

    @cached_property
    def fingerprint_columns(self) -> dict[str, list[str]]:
        """Columns of each table that do not depend on when or by which run a row was written."""
        volatile = {"observed_at", "quarantined_at", "run_id"}
        return {
            table.full_name: [name for name in table.schema.column_names() if name not in volatile] for table in TABLES
        }

    def fingerprint(self) -> pl.DataFrame:
        """Content of every table as one number, whatever the order of rows and the runs that wrote them.

        Returns:
            One row per table: `table_name`, `rows`, `content` (hexadecimal).
        """
        parts = [
            f"SELECT '{name}' AS table_name, count(*) AS rows, "  # names come from the catalog
            f"printf('%016x', coalesce(bit_xor(hash({', '.join(columns)})), 0::UBIGINT)) AS content FROM {name}"
            for name, columns in self.fingerprint_columns.items()
        ]
        return self.query(" UNION ALL ".join(parts)).sort("table_name")


@lru_cache(maxsize=4)
def _lake(url: str, root: str) -> Lake:
    return Lake(Postgres(url), root)


def open_lake(settings: Settings) -> Lake:
    """Return the lake of these settings, its Postgres started and migrated; one per process."""
    return _lake(open_postgres(settings).url, settings.lake_root)


def _s3_secret() -> str:
    """Secret for the object store from the standard AWS_* variables; the endpoint may be any S3-compatible store."""
    options = {
        "KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID"),
        "SECRET": os.environ.get("AWS_SECRET_ACCESS_KEY"),
        "SESSION_TOKEN": os.environ.get("AWS_SESSION_TOKEN"),
        "REGION": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
    }
    given = [f"{name} '{value.replace(chr(39), chr(39) * 2)}'" for name, value in options.items() if value]
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        parts = urlsplit(endpoint)
        given += [f"ENDPOINT '{parts.netloc}'", "URL_STYLE 'path'", f"USE_SSL {parts.scheme == 'https'}"]
    return f"CREATE SECRET (TYPE s3, PROVIDER config{''.join(f', {option}' for option in given)})"


def _extension_file(name: str) -> Path:
    """Path of an extension that came as a wheel: loaded from there, nothing is downloaded or copied."""
    spec = find_spec(f"duckdb_extension_{name}")
    if spec is None or spec.submodule_search_locations is None:
        raise LakeUnavailableError(f"The package duckdb-extension-{name} is not installed.")
    folder = Path(spec.submodule_search_locations[0]) / "extensions" / f"v{duckdb.__version__}"
    return folder / f"{name}.duckdb_extension"


def _keys(frame: pl.DataFrame, source_key: pl.Expr | None) -> pl.Series:
    if source_key is None:
        return pl.Series("source_key", [], dtype=pl.String)
    return frame.select(source_key.alias("source_key")).to_series().unique()


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.Error):  # a failed commit has already rolled back
        connection.execute("ROLLBACK")
