"""`linkstar doctor`: what is up, where, in which version, and what is wrong with its remedy.

Belongs here: one examination per part of the installation, each giving findings.
Does not belong here: how findings are shown (`findings.py`), or repairing anything. The one thing that an
examination may start is the embedded database server (on a new installation: make and migrate it); it says so,
and the server stops again with its last user.
"""

import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final

import httpx
import psycopg
from psycopg import conninfo
from rich.console import Console

from linkstar_pipelines.connectors.ecb import fetch_rates
from linkstar_pipelines.connectors.errors import ConnectorError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.connectors.stores import ask_stores
from linkstar_pipelines.operations import store_access
from linkstar_pipelines.operations.findings import Finding, State, render
from linkstar_pipelines.operations.processes import free_port
from linkstar_pipelines.operations.store_access import is_loopback
from linkstar_pipelines.rules.loading import RuleError, load_rules
from linkstar_pipelines.schemas.platforms import PLATFORMS
from linkstar_pipelines.settings import ConfigurationError, Settings, StoreNames, load_settings
from linkstar_pipelines.storage.call_log import CallLog
from linkstar_pipelines.storage.embedded import EmbeddedPostgres, PostgresUnavailableError
from linkstar_pipelines.storage.lake import Lake, LakeUnavailableError
from linkstar_pipelines.storage.postgres import Postgres, check_url
from linkstar_pipelines.storage.tokens import token_key
from linkstar_pipelines.store_files import StoreFileError

_SCARCE_BYTES: Final = 5 * 10**9
_FULL_BYTES: Final = 500 * 10**6
_DAEMON_SILENCE: Final = timedelta(minutes=2)  # it writes every 30 seconds
_OLD_RATES: Final = timedelta(days=7)  # longer than any run of bank holidays
_LATE_PRUNING: Final = timedelta(days=7)
_CONNECT_SECONDS: Final = 5
_PORTS: Final = {"webserver": 3000, "readonly": 3001}  # what `linkstar up` takes if it can
_SERVICES: Final = {"webserver": "web server", "readonly": "read-only web server", "sandbox": "sandbox"}
_HEALTH: Final = {"webserver": "/server_info", "readonly": "/server_info", "sandbox": "/_control/health"}


def run() -> int:
    """Examine the installation of this environment and show it; 1 when anything is broken, else 0."""
    try:
        findings = examine(load_settings())
    except ConfigurationError as error:
        findings = [_wrong_setting("settings", error)]
    Console().print(render(findings))
    return int(any(finding.state == "broken" for finding in findings))


def examine(settings: Settings) -> list[Finding]:
    """Examine every part of the installation; a part that cannot be examined is a finding, never an exception."""
    findings = [_versions(), _data_folder(settings), *_disks(settings), _rules(settings)]
    with _database(settings) as (database, postgres):
        findings.append(database)
        if postgres is None:
            unseen = ("database schema", "lake", "Dagster daemon", "API call log", "stores", "exchange rates")
            findings += [Finding(subject, "off", "not examined: there is no database") for subject in unseen]
        else:
            with closing(postgres):
                findings += _contents(postgres, settings)
    return findings + _services(settings)


def _contents(postgres: Postgres, settings: Settings) -> list[Finding]:
    try:
        return _within(postgres, settings)
    except psycopg.Error as error:
        remedy = "Check the server's log, and that its user owns the schemas ops, dagster and lake; then try again."
        return [Finding("PostgreSQL", "broken", f"the server did not answer a query: {error}", remedy)]


def _within(postgres: Postgres, settings: Settings) -> list[Finding]:
    schema = _schema(postgres)
    findings = [schema, _lake(postgres, settings), _daemon(postgres)]
    if schema.state in {"broken", "off"}:
        unseen = ("API call log", "stores", "exchange rates")
        return findings + [Finding(subject, "off", "not examined: see 'database schema'") for subject in unseen]
    timeout, max_wait = min(settings.http_timeout_seconds, 10), min(settings.http_max_wait_seconds, 30)
    key = token_key(settings.token_key, settings.data_dir)
    with HttpCore(
        postgres, timeout=timeout, max_attempts=settings.http_max_attempts, max_wait=max_wait, token_key=key
    ) as http:
        return [*findings, _call_log(postgres, settings), *_stores(settings, http), _exchange_rates(settings, http)]


# --- this machine ------------------------------------------------------------------------------------


def _versions() -> Finding:
    packages = {"LinkStar": "linkstar-pipelines", "Dagster": "dagster", "Polars": "polars", "DuckDB": "duckdb"}
    versions = ", ".join(f"{name} {version(package)}" for name, package in packages.items())
    return Finding("versions", "ok", f"{versions}, Python {platform.python_version()}")


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _data_folder(settings: Settings) -> Finding:
    folder, subject = settings.data_dir, "data folder"
    there = _existing(folder)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Finding(
            subject, "broken", f"{folder}: no files can be made in {there}",
            "Give the user who runs LinkStar write access there, or set LINKSTAR_DATA_DIR to a folder of its own.",
        )  # fmt: skip
    return Finding(subject, "ok", str(folder) if there == folder else f"{folder} (made at the first start)")


def _disks(settings: Settings) -> list[Finding]:
    folders = [settings.data_dir, *([] if "://" in settings.lake_root else [Path(settings.lake_root)])]
    disks = {_existing(folder).stat().st_dev: _existing(folder) for folder in reversed(folders)}
    return [_disk(folder) for folder in disks.values()]


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    state: State = "broken" if free < _FULL_BYTES else "warning" if free < _SCARCE_BYTES else "ok"
    remedy = None if state == "ok" else "Free some space, or move LINKSTAR_DATA_DIR or LINKSTAR_LAKE_PATH."
    return Finding("disk", state, f"{_size(free)} free at {folder}", remedy)


def _rules(settings: Settings) -> Finding:
    try:
        load_rules(settings)
    except RuleError as error:
        return Finding("business rules", "broken", str(error), "Mend that file, then run `linkstar doctor` again.")
    return Finding("business rules", "ok", f"from {settings.rules_dir}" if settings.rules_dir else "as shipped")


# --- PostgreSQL and what is in it --------------------------------------------------------------------


@contextmanager
def _database(settings: Settings) -> Iterator[tuple[Finding, Postgres | None]]:
    if settings.postgres_url is not None:
        yield _own_server(settings.postgres_url.get_secret_value())
        return
    server = EmbeddedPostgres(settings.data_dir / "postgres")
    found = _embedded_server(server)
    try:
        yield found
    finally:
        server.release()


def _own_server(url: str) -> tuple[Finding, Postgres | None]:
    try:
        check_url(url)
        detail = _server(url)
    except PostgresUnavailableError as error:
        return Finding("PostgreSQL", "broken", str(error), "Set LINKSTAR_POSTGRES_URL, or unset it."), None
    except psycopg.OperationalError as error:
        remedy = "Check that the server runs, and the user and password in LINKSTAR_POSTGRES_URL; or unset it."
        return Finding("PostgreSQL", "broken", f"{_place(url)} cannot be used: {error}", remedy), None
    return Finding("PostgreSQL", "ok", f"{detail}, your own at {_place(url)}"), Postgres(url)


def _embedded_server(server: EmbeddedPostgres) -> tuple[Finding, Postgres | None]:
    try:
        new, running = not server.data.exists(), server.accepts_connections()
        url = server.acquire()
        if new:
            with closing(Postgres(url)) as made:
                made.migrate()
        detail = _server(url)
    except (PostgresUnavailableError, psycopg.OperationalError, OSError) as error:
        remedy = f"Read {server.log}, and give the user who runs LinkStar the data folder and room on its disk."
        return Finding("PostgreSQL", "broken", f"embedded in {server.folder}: {error}", remedy), None
    note = "" if running else "; made for this examination" if new else "; started for this examination"
    return Finding("PostgreSQL", "ok", f"{detail}, embedded in {server.folder}{note}"), Postgres(url)


def _server(url: str) -> str:
    with psycopg.connect(url, connect_timeout=_CONNECT_SECONDS) as connection:
        query = "SELECT current_setting('server_version'), pg_database_size(current_database())"
        ((number, size),) = connection.execute(query).fetchall()
    return f"{number}, {_size(size)}"


def _place(url: str) -> str:
    """Server and database of a URL, without its password."""
    parts = conninfo.conninfo_to_dict(url)
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


def _schema(postgres: Postgres) -> Finding:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    subject = "database schema"
    config = Config()
    config.set_main_option("script_location", "linkstar_pipelines.storage:migrations")
    scripts = ScriptDirectory.from_config(config)
    newest = scripts.get_current_head()
    if not _has_table(postgres, "ops.schema_version"):
        return Finding(subject, "off", "not made yet", "Run `linkstar up`: it makes it.")
    present = next((row[0] for row in postgres.fetch("SELECT version_num FROM ops.schema_version")), None)
    if present == newest:
        return Finding(subject, "ok", f"version {present}, the newest")
    if present in {script.revision for script in scripts.walk_revisions()}:
        remedy = "The next `linkstar` command migrates it; make a backup before if you keep any."
        return Finding(subject, "warning", f"version {present}, this program's is {newest}", remedy)
    return Finding(
        subject, "broken", f"version {present} is not known to this program, whose newest is {newest}",
        "The database was used by a newer LinkStar: update this one.",
    )  # fmt: skip


def _has_table(postgres: Postgres, name: str) -> bool:
    return bool(postgres.fetch("SELECT to_regclass(%s) IS NOT NULL", name)[0][0])


def _lake(postgres: Postgres, settings: Settings) -> Finding:
    import duckdb

    root = settings.lake_root
    if not _has_table(postgres, "lake.ducklake_snapshot"):
        return Finding("lake", "off", f"{root}: not made yet")
    try:
        with closing(Lake(postgres, root, read_only=True)) as lake:
            (snapshots,) = lake.query("SELECT count(*) AS n FROM ducklake_snapshots('lake')")["n"]
            tables = lake.query(
                "SELECT s.schema_name || '.' || t.table_name AS name, t.file_count, "
                "t.file_size_bytes + coalesce(t.delete_file_size_bytes, 0) AS size "
                "FROM ducklake_table_info('lake') t JOIN __ducklake_metadata_lake.lake.ducklake_schema s "
                "ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL"
            )
            for name, files, _ in tables.iter_rows():
                if files:  # one row: proves that the files are there and may be read
                    lake.query(f"SELECT * FROM {name} LIMIT 1")  # noqa: S608  # a name from the catalog
    except (LakeUnavailableError, duckdb.Error) as error:
        remedy = (
            "Put the files back where they were, set LINKSTAR_LAKE_PATH back, or check the AWS_* variables of an "
            "object store."
        )
        return Finding("lake", "broken", f"{root}: {error}", remedy)
    size = _size(int(tables["size"].sum()))
    return Finding("lake", "ok", f"{root}: {tables.height} tables, {snapshots} snapshots, {size} of Parquet")


def _daemon(postgres: Postgres) -> Finding:
    subject = "Dagster daemon"
    if not _has_table(postgres, "dagster.daemon_heartbeats"):
        return Finding(subject, "off", "never ran here; `linkstar up` starts it")
    (row,) = postgres.fetch(
        "SELECT max(timestamp), (now() AT TIME ZONE 'utc') - max(timestamp) FROM dagster.daemon_heartbeats"
    )
    if row[0] is None:
        return Finding(subject, "off", "never ran here; `linkstar up` starts it")
    if row[1] > _DAEMON_SILENCE:
        return Finding(subject, "off", f"not running; last seen {row[0]:%Y-%m-%d %H:%M} UTC. `linkstar up` starts it")
    return Finding(subject, "ok", f"running, last heartbeat {max(0, round(row[1].total_seconds()))} s ago")


def _call_log(postgres: Postgres, settings: Settings) -> Finding:
    subject, days = "API call log", settings.call_log_days
    oldest = CallLog(postgres).oldest()
    if oldest is None:
        return Finding(subject, "ok", f"empty; kept for {days} days")
    detail = f"reaches back to {oldest.astimezone(UTC):%Y-%m-%d}; kept for {days} days"
    if datetime.now(UTC) - oldest > timedelta(days=days) + _LATE_PRUNING:
        return Finding(subject, "warning", detail, "Run the Dagster job `maintenance`: it has not pruned for long.")
    return Finding(subject, "ok", detail)


# --- the other side of the wire ----------------------------------------------------------------------


def _stores(settings: Settings, http: HttpCore) -> list[Finding]:
    """Ask every connected store for something cheap, side by side."""
    try:
        stores = settings.stores
    except ConfigurationError as error:
        return [_wrong_setting("stores", error)]
    if not stores:
        detail = f"none is connected; `linkstar connect PLATFORM` does it ({', '.join(PLATFORMS)})"
        return [Finding("stores", "off", detail)]
    answers, _ = ask_stores(tuple(stores), lambda name: _store(stores[name], name, http))
    return [_registered(settings), *answers.values()]


def _registered(settings: Settings) -> Finding:
    """Tell which stores come from where, and whether the file of secrets is closed to others."""
    subject, files = "stores", settings.store_files
    in_file = [name for named in files.stores.values() for name in named]
    in_environment = [name for platform in PLATFORMS for name in StoreNames.of(platform).stores]
    places = {"the environment": in_environment, str(files.path): in_file}
    detail = "; ".join(f"{', '.join(names)} in {place}" for place, names in places.items() if names)
    try:
        files.secrets()
    except StoreFileError as error:
        return Finding(subject, "broken", f"{detail}; {error}", f"Run `chmod 600 {files.secrets_path}`.")
    if files.secrets_path.exists():
        detail += f"; {files.secrets_path.name} is closed to others"
    return Finding(subject, "ok", detail)


def _store(platform_name: str, name: str, http: HttpCore) -> Finding:
    try:
        store = platform_named(platform_name).store.load(name)
    except ConfigurationError as error:
        return _wrong_setting(f"{PLATFORMS[platform_name].title} '{name}'", error)
    return store_access.check(store, http)[0]


def _exchange_rates(settings: Settings, http: HttpCore) -> Finding:
    subject, url = "exchange rates", settings.fx_url
    try:
        rates = fetch_rates(url, http)
    except ConnectorError as error:
        return Finding(subject, "broken", str(error), f"Check the network and LINKSTAR_FX_URL ({url}).")
    if not rates:
        return Finding(subject, "broken", f"{url} holds no rates", "Check LINKSTAR_FX_URL.")
    newest = max(rate.day for rate in rates)
    detail = f"{url}: newest {newest.isoformat()}"
    if datetime.now(UTC).date() - newest > _OLD_RATES and not is_loopback(url):
        return Finding(subject, "warning", detail, "The source has not been updated: check LINKSTAR_FX_URL.")
    return Finding(subject, "ok", detail)


# --- what `linkstar up` runs -------------------------------------------------------------------------


def _services(settings: Settings) -> list[Finding]:
    try:
        up = json.loads((settings.data_dir / "up.json").read_text())
        pid = int(up["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return [_not_up("not running; `linkstar up` starts it")]
    if not _alive(pid):
        return [_not_up("not running: the last `linkstar up` was killed. Start it again")]
    return [_service(name, str(up[name])) for name in _SERVICES if name in up]


def _not_up(detail: str) -> Finding:
    taken = [str(port) for port in _PORTS.values() if free_port(port) != port]
    note = f" (port {' and '.join(taken)} is taken by another program; it will choose others)" if taken else ""
    return Finding(_SERVICES["webserver"], "off", detail + note)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, and belongs to another user
        return True
    return True


def _service(name: str, url: str) -> Finding:
    try:
        answer = httpx.get(url + _HEALTH[name], timeout=_CONNECT_SECONDS, trust_env=not is_loopback(url))
        answer.raise_for_status()
    except httpx.HTTPError as error:
        remedy = "Stop `linkstar up` with Ctrl-C and start it again; its logs are in `logs/` of the data folder."
        return Finding(_SERVICES[name], "broken", f"{url} does not answer: {error}", remedy)
    return Finding(_SERVICES[name], "ok", url)


def _wrong_setting(subject: str, error: ConfigurationError) -> Finding:
    return Finding(subject, "broken", str(error), "Set the variables it names; docs/configuration.md explains each.")


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
