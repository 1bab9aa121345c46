"""The doctor: each part is seen, what is wrong is named with its remedy, and nothing is changed."""

import json
import os
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.console import Console

from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.platform import AccessCheck
from linkstar_pipelines.operations import doctor
from linkstar_pipelines.operations.findings import Finding, render
from linkstar_pipelines.schemas.catalog import TABLES
from linkstar_pipelines.schemas.raw import RawFxRates
from linkstar_pipelines.settings import AmazonStore, Settings, load_settings
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.postgres import Postgres
from linkstar_pipelines.storage.publishing import Mode
from tests.connectors.support import sandbox_store
from tests.storage.test_lake import history


class Usage(NamedTuple):
    """A disk, as `shutil.disk_usage` tells it."""

    total: int
    used: int
    free: int


@pytest.fixture(autouse=True)
def _quiet_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting, and no real exchange rates: the port is one that nobody listens on."""
    monkeypatch.setenv("LINKSTAR_HTTP_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("LINKSTAR_FX_URL", "http://127.0.0.1:1/rates.zip")
    for name in [name for name in os.environ if name.startswith("LINKSTAR_AMAZON_")]:
        monkeypatch.delenv(name)


def connect(monkeypatch: pytest.MonkeyPatch, store: AmazonStore, **changes: str) -> None:
    """Put a store into the environment."""
    values = {
        "seller_id": store.seller_id, "marketplace_ids": ",".join(store.marketplace_ids), "client_id": store.client_id,
        "client_secret": store.client_secret.get_secret_value(),
        "refresh_token": store.refresh_token.get_secret_value(), "endpoint": store.endpoint, "auth_url": store.auth_url,
        **changes,
    }  # fmt: skip
    monkeypatch.setenv("LINKSTAR_AMAZON_STORES", store.name)
    for name, value in values.items():
        monkeypatch.setenv(f"LINKSTAR_AMAZON_{store.name.upper()}_{name.upper()}", value)


def found(settings: Settings | None = None) -> dict[str, Finding]:
    return {finding.subject: finding for finding in doctor.examine(settings or load_settings())}


def test_an_installation_in_order_is_shown_part_by_part(
    sandbox_url: str, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, sandbox_store(sandbox_url))
    monkeypatch.setenv("LINKSTAR_FX_URL", f"{sandbox_url}/stats/eurofxref/eurofxref-hist.zip")
    lake.publish(RawFxRates, history(1), mode=Mode.REPLACE)
    findings = found()
    states = {subject: finding.state for subject, finding in findings.items()}
    in_use = {"versions", "data folder", "business rules", "PostgreSQL", "database schema", "lake", "API call log"}
    assert {states[subject] for subject in in_use} == {"ok"}, findings
    assert states["Amazon 'na'"] == states["exchange rates"] == "ok", findings
    assert states["Dagster daemon"] == states["web server"] == "off"
    assert "DuckDB 1.5.5" in findings["versions"].detail
    assert f"{len(TABLES)} tables" in findings["lake"].detail
    assert "your own at" in findings["PostgreSQL"].detail


def test_a_new_database_of_your_own_is_not_touched(settings: Settings, database_url: str) -> None:
    findings = found(settings)
    assert findings["database schema"].state == findings["lake"].state == findings["stores"].state == "off"
    postgres = Postgres(database_url)
    assert postgres.fetch("SELECT count(*) FROM pg_tables WHERE schemaname IN ('ops', 'lake', 'dagster')") == [(0,)]
    postgres.close()
    assert not settings.data_dir.exists()


def test_the_embedded_server_is_started_for_the_examination_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LINKSTAR_POSTGRES_URL", raising=False)
    settings = Settings(data_dir=tmp_path / "data")
    assert "made for this examination" in found(settings)["PostgreSQL"].detail
    assert "started for this examination" in found(settings)["PostgreSQL"].detail
    assert not (tmp_path / "data" / "postgres" / "data" / "postmaster.pid").exists()


def test_an_unreachable_server_is_a_finding_without_its_password(tmp_path: Path) -> None:
    findings = found(Settings(data_dir=tmp_path, postgres_url="postgresql://u:top-secret@127.0.0.1:1/shop"))
    assert findings["PostgreSQL"].state == "broken"
    assert "LINKSTAR_POSTGRES_URL" in (findings["PostgreSQL"].remedy or "")
    assert "top-secret" not in str(findings)
    assert findings["lake"].state == findings["stores"].state == "off"


def test_a_database_of_a_newer_program_is_broken(postgres: Postgres, settings: Settings) -> None:
    postgres.execute("UPDATE ops.schema_version SET version_num = '9999'")
    assert found(settings)["database schema"].state == "broken"


def test_lost_files_of_the_lake_are_noticed(lake: Lake, settings: Settings) -> None:
    lake.publish(RawFxRates, history(1), mode=Mode.REPLACE)
    shutil.rmtree(lake.root)
    finding = found(settings)["lake"]
    assert finding.state == "broken"
    assert "LINKSTAR_LAKE_PATH" in (finding.remedy or "")


@pytest.mark.parametrize(("free", "state"), [(10**10, "ok"), (10**9, "warning"), (10**8, "broken")])
def test_scarce_disk_space_warns_and_a_full_disk_is_broken(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12 - free, free))
    assert found(settings)["disk"].state == state


def test_a_data_folder_under_a_file_is_broken(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finding = found(settings.model_copy(update={"data_dir": tmp_path / "file" / "data"}))["data folder"]
    assert finding.state == "broken"
    assert "LINKSTAR_DATA_DIR" in (finding.remedy or "")


def test_a_wrong_rule_file_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "replenishment.yaml").write_text("nonsense: 1\n")
    finding = found(settings.model_copy(update={"rules_dir": tmp_path}))["business rules"]
    assert finding.state == "broken"
    assert "replenishment.yaml" in finding.detail


def test_a_wrong_credential_names_its_variables(
    sandbox_url: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = "not-the-secret"
    connect(monkeypatch, sandbox_store(sandbox_url), client_secret=wrong)
    finding = found()["Amazon 'na'"]
    assert finding.state == "broken"
    assert "LINKSTAR_AMAZON_NA_CLIENT_SECRET" in finding.detail
    assert wrong not in str(finding)


def test_a_store_that_lacks_a_variable_is_a_finding(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKSTAR_AMAZON_STORES", "na")
    finding = found()["Amazon 'na'"]
    assert finding.state == "broken"
    assert "LINKSTAR_AMAZON_NA_REFRESH_TOKEN: not set" in finding.detail


@pytest.mark.parametrize(
    ("endpoint", "seconds", "state"),
    [("https://amazon.test", 61, "warning"), ("https://amazon.test", -61, "warning"), ("https://amazon.test", 59, "ok"),
     ("http://127.0.0.1:9", 10**6, "ok")],
)  # fmt: skip
def test_a_wrong_clock_warns_but_a_sandbox_keeps_its_own_time(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, endpoint: str, seconds: int, state: str
) -> None:
    connect(monkeypatch, sandbox_store(endpoint))
    check = AccessCheck(None, timedelta(seconds=seconds), None)
    monkeypatch.setattr(AmazonClient, "check_access", lambda _: check)
    assert found()["Amazon 'na'"].state == state


def test_an_api_log_that_was_never_pruned_warns(postgres: Postgres, settings: Settings) -> None:
    postgres.execute(
        "INSERT INTO ops.api_call (trace_id, attempt, platform, store, operation, method, url, outcome, started_at, "
        "elapsed_ms) VALUES ('t', 1, 'p', 's', 'o', 'GET', 'u', 'ok', now() - interval '400 days', 1)"
    )
    assert found(settings)["API call log"].state == "warning"


@pytest.mark.parametrize(("age", "state"), [("10 seconds", "ok"), ("10 minutes", "off")])
def test_the_daemon_is_judged_by_its_heartbeat(postgres: Postgres, settings: Settings, age: str, state: str) -> None:
    postgres.execute("CREATE TABLE dagster.daemon_heartbeats (timestamp timestamp)")
    postgres.execute("INSERT INTO dagster.daemon_heartbeats SELECT now() AT TIME ZONE 'utc' - %s::text::interval", age)
    assert found(settings)["Dagster daemon"].state == state


def test_services_that_run_are_asked_and_silent_ones_are_broken(sandbox_url: str, settings: Settings) -> None:
    settings.data_dir.mkdir()
    up = {"webserver": "http://127.0.0.1:1", "sandbox": sandbox_url, "pid": os.getpid()}
    (settings.data_dir / "up.json").write_text(json.dumps(up))
    findings = found(settings)
    assert (findings["sandbox"].state, findings["web server"].state) == ("ok", "broken")


@pytest.mark.parametrize("content", ["not json", "[]", '{"pid": 4194305, "webserver": "http://127.0.0.1:1"}'])
def test_what_a_killed_process_left_is_no_failure(settings: Settings, content: str) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "up.json").write_text(content)  # process numbers end at 4194304
    assert found(settings)["web server"].state == "off"


def test_the_exit_code_tells_whether_anything_is_broken(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda _: [Finding("lake", "ok", "fine"), Finding("disk", "warning", "low")])
    assert doctor.run() == 0
    monkeypatch.setenv("LINKSTAR_TIME_ZONE", "Mars/Olympus")
    assert doctor.run() == 1
    assert "LINKSTAR_TIME_ZONE" in capsys.readouterr().out


def test_remedies_stand_below_the_table_and_words_in_brackets_are_kept() -> None:
    console = Console(width=100, record=True, file=sys.stderr)
    console.print(render([Finding("lake", "broken", "[red]gone[/red]", "Put it back."), Finding("disk", "ok", "room")]))
    text = console.export_text()
    assert "[red]gone[/red]" in text
    assert text.index("room") < text.index("What to do") < text.index("lake: Put it back.")
