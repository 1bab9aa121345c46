"""`linkstar connect`: a store is tested over real HTTP, registered only when it can be read, then pulled from files.

The prompts are answered as a person would; the platforms are the sandbox, and one that refuses by script.
"""

import json
import os
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner, Result

from linkstar_pipelines.cli import app
from linkstar_pipelines.connectors.amazon import operations as amazon
from linkstar_pipelines.connectors.guide import guide_of
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.pulls import pull_stream
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.operations import store_access, trial
from linkstar_pipelines.schemas.platforms import PLATFORMS, Stream
from linkstar_pipelines.settings import AmazonStore, ConfigurationError, Settings, is_secret, load_settings
from linkstar_pipelines.storage.postgres import open_postgres
from linkstar_pipelines.storage.rate_budget import RateBudget
from tests.support import running_sandbox

OPENS = date(2026, 5, 17)
WEEK = [OPENS + timedelta(days=day) for day in range(8)]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small sandbox of all platforms; its clock stands at the end of a week of orders."""
    flags = (
        "--accounts", trial.accounts(PLATFORMS), "--orders-per-day", "20", "--products", "5", "--rate-scale", "100000",
        "--opens", OPENS.isoformat(), "--clock", "frozen:2026-05-24T01:00:00Z",
    )  # fmt: skip
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), *flags) as address:
        yield address


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A new installation, in which no store is in the environment."""
    for name in [name for name in os.environ if name.startswith(tuple(f"LINKSTAR_{p.upper()}_" for p in PLATFORMS))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LINKSTAR_HTTP_MAX_ATTEMPTS", "2")
    monkeypatch.delenv("LINKSTAR_STORES_FILE", raising=False)
    before = dict(os.environ)
    yield settings
    os.environ.clear()
    os.environ.update(before)


def of_sandbox(platform: str, url: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """Name, plain settings and secrets (by variable) of the sandbox's first store of a platform."""
    before = dict(os.environ)
    name = trial.connect(url, OPENS, platforms=[platform]).stores_of(platform)[0]
    kind = platform_named(platform).store
    variables = {name: value for name, value in os.environ.items() if before.get(name) != value}
    os.environ.clear()
    os.environ.update(before)
    plain: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for field, info in kind.questions().items():
        variable = kind.prefix(name) + field.upper()
        if variable in variables:
            if is_secret(info):
                secrets[variable] = variables[variable]
            else:
                plain[field] = variables[variable]
    return name, plain, secrets


def run(*arguments: str, answers: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=answers)


def connect(platform: str, name: str, plain: Mapping[str, str], *flags: str) -> Result:
    pairs = [argument for field, value in plain.items() for argument in ("--set", f"{field}={value}")]
    return run("connect", platform, "--name", name, *pairs, *flags)


def words(result: Result) -> str:
    """What was shown, without the line breaks of the terminal."""
    return " ".join(result.output.split())


def written(settings: Settings) -> list[str]:
    names = ("stores.yaml", "secrets.env")
    return [name for name in names if (settings.data_dir / name).exists()]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_store_of_every_platform_is_tested_registered_and_then_pulled_without_a_variable(
    platform: str, url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, plain, secrets = of_sandbox(platform, url)
    with monkeypatch.context() as environment:
        for variable, value in secrets.items():
            environment.setenv(variable, value)
        result = connect(platform, name, plain, "--secrets-from-env")
    assert result.exit_code == 0, result.output
    shown = words(result)
    assert [stream.value for stream in PLATFORMS[platform].streams if f"allowed {stream.value}" not in shown] == []
    assert [secret for secret in secrets.values() if secret in result.output] == []
    registry, kept = (settings.data_dir / file for file in ("stores.yaml", "secrets.env"))
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [secret for secret in secrets.values() if secret in registry.read_text()] == []
    now = load_settings()
    assert now.stores == {name: platform}
    with HttpCore.of(now) as http:
        known = platform_named(platform)
        client = known.client(known.store.load(name), http)
        pulled = pull_stream(client, known, Stream.ORDERS, WEEK, readings=1, keep_personal=False)
    assert pulled.rows.height > 0


def test_a_wrong_secret_is_named_with_its_variable_and_nothing_is_written(
    url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, plain, secrets = of_sandbox("amazon", url)
    for variable, value in secrets.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("LINKSTAR_AMAZON_NA_CLIENT_SECRET", "not-the-secret")
    result = connect("amazon", name, plain)
    assert result.exit_code == 1
    assert "LINKSTAR_AMAZON_NA_CLIENT_SECRET" in words(result)
    assert "Nothing was written" in words(result)
    assert "not-the-secret" not in result.output
    assert written(settings) == []
    assert connect("amazon", name, plain, "--anyway").exit_code == 0
    assert written(settings) == ["stores.yaml"]


def test_prompts_ask_again_for_what_is_wrong_and_keep_secrets_to_themselves(url: str, settings: Settings) -> None:
    _, plain, secrets = of_sandbox("amazon", url)
    secret, token = (secrets[f"LINKSTAR_AMAZON_NA_{field}"] for field in ("CLIENT_SECRET", "REFRESH_TOKEN"))
    known = {**plain, "client_secret": secret, "refresh_token": token, "time_zone": "Mars/Base"}
    first = [known.get(setting, "") for setting in AmazonStore.questions()]
    result = run("connect", "amazon", answers="\n".join(["us", *first, "America/New_York"]) + "\n")
    assert result.exit_code == 0, result.output
    assert "Seller Central" in result.output
    assert "unknown time zone 'Mars/Base'" in words(result)
    assert secret not in result.output
    assert token not in result.output
    store = AmazonStore.load("us")
    assert (store.time_zone, store.endpoint) == ("America/New_York", url)
    assert store.client_secret.get_secret_value() == secret


def test_a_second_connect_shows_what_changes_and_enter_keeps_the_rest(url: str, settings: Settings) -> None:
    name, plain, secrets = of_sandbox("walmart", url)
    os.environ.update(secrets)
    assert connect("walmart", name, plain, "--secrets-from-env").exit_code == 0
    for variable in secrets:
        del os.environ[variable]
    questions = len(platform_named("walmart").store.questions())
    result = run("connect", "walmart", "--name", name, answers="America/Denver\n" + "\n" * (questions - 1))
    assert result.exit_code == 0, result.output
    assert "time_zone: America/Chicago -> America/Denver" in words(result)
    assert "client_id" not in words(result).partition("Changes of store")[2].partition("Access")[0]
    store = platform_named("walmart").store.load(name)
    assert (store.time_zone, load_settings().time_zones()[name]) == ("America/Denver", "America/Denver")


def test_secrets_of_the_environment_stay_there_unless_they_are_to_be_kept(url: str, settings: Settings) -> None:
    name, plain, secrets = of_sandbox("shopify", url)
    os.environ.update(secrets)
    assert connect("shopify", name, plain).exit_code == 0
    assert written(settings) == ["stores.yaml"]
    assert "environment" not in words(run("stores"))
    for variable in secrets:
        del os.environ[variable]
    listed = run("stores").output.replace("\n", "").replace(" ", "")
    assert [variable for variable in secrets if variable not in listed] == []


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("client_secret=x", "is a secret"),
        ("colour=red", "no setting 'colour'"),
        ("client_id=x", "set in the environment"),
    ],
)
def test_options_that_would_leak_do_nothing_or_be_overruled_are_refused(
    setting: str, message: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKSTAR_AMAZON_US_CLIENT_ID", "client")
    result = run("connect", "amazon", "--name", "us", "--set", setting)
    assert isinstance(result.exception, ConfigurationError)
    assert message in str(result.exception)
    assert written(settings) == []


@pytest.mark.parametrize("name", ["US", "1st", "my store", "a-b"])
def test_a_name_that_no_variable_could_have_is_refused(name: str) -> None:
    result = run("connect", "amazon", "--name", name, "--set", "seller_id=A1")
    assert "cannot be a name" in str(result.exception)


class Refusing(BaseHTTPRequestHandler):
    """Walmart as seen by a key that may see orders and items alone."""

    SCOPES = {"orders": "view_only", "item": "view_only", "inventory": "no_access"}  # noqa: RUF012
    ANSWERS = {  # noqa: RUF012
        "/v3/token": {"access_token": "t", "expires_in": 900},
        "/v3/token/detail": {"is_valid": True, "scopes": SCOPES},
        "/v3/orders": {"list": {"meta": {"totalCount": 0}, "elements": {"order": []}}},
        "/v3/items": {"ItemResponse": [], "totalItems": 0},
    }

    def do_GET(self) -> None:
        body = self.ANSWERS.get(self.path.partition("?")[0])
        self.send_response(200 if body else 403)
        self.end_headers()
        refusal = {"errors": [{"code": "UNAUTHORIZED.GMP_GATEWAY_API", "description": "no"}]}
        self.wfile.write(json.dumps(body or refusal).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.do_GET()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def refusing_walmart() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_missing_permission_is_shown_by_stream_with_what_to_grant(settings: Settings) -> None:
    os.environ.update({"LINKSTAR_WALMART_WM_CLIENT_SECRET": "s"})
    with refusing_walmart() as address:
        plain = {"client_id": "c", "endpoint": address, "wfs": "false"}
        result = connect("walmart", "wm", plain)
        shown = words(result)
        assert result.exit_code == 1
        assert written(settings) == []
        for subject in ("allowed orders", "allowed listings", "refused inventory", "refused returns",
                        "refused finances", "refused stock push lacks inventory full_access",
                        "refused shipment confirmation lacks orders full_access"):  # fmt: skip
            assert subject in shown
        assert "inventory: Inventory, at least view only" in shown
        assert "shipment confirmation: Orders, full access" in shown
        assert connect("walmart", "wm", plain, "--anyway").exit_code == 0
    assert load_settings().stores == {"wm": "walmart"}


def test_the_quota_sheet_holds_every_operation_and_the_rate_that_answers_told(url: str, settings: Settings) -> None:
    name, plain, secrets = of_sandbox("amazon", url)
    os.environ.update(secrets)
    result = connect("amazon", name, plain)
    sheet = store_access.quota_sheet(AmazonStore.load(name), guide_of("amazon"), RateBudget(open_postgres(settings)))
    lines = {line.operation: line for line in sheet}
    search, push = lines[amazon.SEARCH_ORDERS.name], lines[amazon.PATCH_LISTING.name]
    assert search.plan == amazon.SEARCH_ORDERS.plan
    assert search.learned == pytest.approx(560)
    assert (push.learned, push.calls_a_day) == (None, 5 * 86_400 + 5)
    assert "searchOrders 0.0056 20 documented 560" in words(result)
    assert "allowed settlement reports" in words(result)


def test_a_try_out_leaves_registered_stores_alone(url: str, settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "stores.yaml").write_text("ebay:\n  mine:\n    marketplace_ids: [EBAY_US]\n")
    assert load_settings().stores == {"mine": "ebay"}
    assert set(trial.connect(url, OPENS).stores) == {"na", "eu"}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_tells_where_to_look_and_what_to_grant_for_each_stream(platform: str) -> None:
    guide = guide_of(platform)
    assert len(guide.console.splitlines()) >= 2
    assert set(PLATFORMS[platform].streams) <= set(guide.grants)
    assert {"stock push", "shipment confirmation"} <= {asked.subject for asked in guide.permissions}


def test_secrets_that_others_can_read_stop_the_command_with_the_remedy(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "secrets.env").write_text("LINKSTAR_WALMART_WM_CLIENT_SECRET='s'\n")
    (settings.data_dir / "secrets.env").chmod(0o644)
    result = run("connect", "walmart", "--name", "wm", "--set", "client_id=c")
    assert "chmod 600" in str(result.exception)
