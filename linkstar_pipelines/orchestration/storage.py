"""Dagster's storage on the product's own Postgres, so that any Dagster command typed in the checkout works.

Belongs here: the storage class that `dagster.yaml` names. It finds or starts the server by itself, which keeps
URLs and passwords out of the file.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from dagster import DagsterEventType, EventLogEntry, Field
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable  # no public name
from dagster._serdes import ConfigurableClassData  # the public surface offers no way to name a storage class
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage
from sqlalchemy import create_engine

from linkstar_pipelines.settings import load_settings
from linkstar_pipelines.storage.postgres import open_postgres


class _EventLog(PostgresEventLogStorage):
    """Announces a run over many partitions at once.

    A run announces each asset in each of its partitions: thousands of events in a backfill over a season, which
    `dagster-postgres` writes one by one, in several statements each, before the first step starts.
    """

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Write announcements of materializations in one statement, anything else as the library does."""
        announced = [e for e in events if e.dagster_event_type is DagsterEventType.ASSET_MATERIALIZATION_PLANNED]
        others = [e for e in events if e.dagster_event_type is not DagsterEventType.ASSET_MATERIALIZATION_PLANNED]
        if others:
            super().store_event_batch(others)
        if not announced:
            return
        insert = self.prepare_insert_event_batch(announced).returning(SqlEventLogStorageTable.c.id)
        with self.index_transaction() as connection:
            ids = connection.execute(insert).scalars()
            newest = {
                e.get_dagster_event().asset_key: (e, event_id) for e, event_id in zip(announced, ids, strict=True)
            }
            for event, event_id in newest.values():
                self._store_asset_event(connection, event, event_id)


class LinkstarDagsterStorage(DagsterPostgresStorage):
    """`dagster-postgres` on the schema `dagster` of the operational database, with pooled connections.

    Left alone, `dagster-postgres` opens a connection for each event (over 20 ms where writing it takes 2), except in
    the web server. A pooled connection is tried before use, so that a restart of the server is not noticed.
    """

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Open the three storages and give each a small pool."""
        super().__init__(postgres_url, inst_data=inst_data)
        self._event_log_storage = _EventLog(postgres_url)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage._engine = create_engine(  # noqa: SLF001  # the constructors take no engine
                postgres_url, isolation_level="AUTOCOMMIT", pool_size=3, max_overflow=20, pool_pre_ping=True
            )

    @classmethod
    def config_type(cls) -> dict[str, Field]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Open the operational database and keep Dagster's tables in it."""
        del config_value
        return cls(postgres_url=open_postgres(load_settings()).dagster_url, inst_data=inst_data)
