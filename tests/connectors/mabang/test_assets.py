"""An ERP in the graph: what lands in the lake, what its checks say, and what a migration then reads."""

from collections.abc import Iterator

import dagster as dg
import polars as pl
import pytest

from assets.erps import ERP_ASSETS
from linkstar_pipelines.connectors.erp_records import erp_records
from linkstar_pipelines.domain.products.records import KINDS
from linkstar_pipelines.orchestration.jobs import erp_pulls
from linkstar_pipelines.schemas.erps import ERP_TABLES, ERPS, ErpStream
from linkstar_pipelines.settings import ConfigurationError, Settings, load_settings
from linkstar_pipelines.storage.lake import Lake
from resources.erps import ErpsResource
from resources.lake import LakeResource
from tests.connectors.mabang.support import sandbox_account
from tests.support import running_sandbox, world_orders

FLAGS = (
    "--opens", "2026-05-01", "--closes", "2026-05-08", "--accounts", "NA", "--orders-per-day", "6", "--products", "30",
    "--rate-scale", "100000",
)  # fmt: skip


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("erp"), *FLAGS) as url:
        yield url


@pytest.fixture
def connected(settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with two accounts of Mabang, one of them without any setting."""
    account = sandbox_account(url)
    monkeypatch.setenv("LINKSTAR_MABANG_ACCOUNTS", "main,new")
    monkeypatch.setenv("LINKSTAR_MABANG_MAIN_APP_KEY", account.app_key)
    monkeypatch.setenv("LINKSTAR_MABANG_MAIN_DEVELOPER_KEY", account.developer_key.get_secret_value())
    monkeypatch.setenv("LINKSTAR_MABANG_MAIN_ENDPOINT", account.endpoint)
    monkeypatch.setenv("LINKSTAR_MABANG_MAIN_CALLS_PER_MINUTE", "60000000")
    return load_settings()


def pull() -> dg.ExecuteInProcessResult:
    assets = [asset for asset in ERP_ASSETS if asset.key.path[1].startswith("mabang_")]
    return dg.materialize(assets, resources={"lake": LakeResource(), "erps": ErpsResource()})


def count(lake: Lake, stream: ErpStream) -> int:
    return lake.count(ERP_TABLES["mabang", stream])


def test_every_stream_lands_and_the_account_without_settings_is_named(
    connected: Settings, lake: Lake, url: str
) -> None:
    result = pull()
    assert result.success
    counts = {stream: count(lake, stream) for stream in ERPS["mabang"].streams}
    assert counts[ErpStream.PRODUCTS] == counts[ErpStream.STOCK] == 30
    assert counts[ErpStream.ORDERS] == len(world_orders(url, "NA"))
    assert counts[ErpStream.KITS] == 3
    assert counts[ErpStream.SUPPLIERS] == 8
    assert counts[ErpStream.PURCHASES] > 0
    checks = result.get_asset_check_evaluations()
    assert len(checks) == len(counts)
    for check in checks:
        assert not check.passed
        assert "LINKSTAR_MABANG_NEW_APP_KEY" in str(check.metadata["failed"].value)
        assert check.metadata["answered"].value == ["main"]
    a_migration_reads_all_kinds_of_records(lake)
    assert pull().success  # the same again
    assert {stream: count(lake, stream) for stream in counts} == counts


def a_migration_reads_all_kinds_of_records(lake: Lake) -> None:
    found = {kind: erp_records(lake, kind) for kind in KINDS}
    assert all(rejected.is_empty() for _, rejected in found.values())
    assert {kind: records.schema for kind, (records, _) in found.items()} == KINDS
    heights = {kind: records.height for kind, (records, _) in found.items()}
    assert (heights["products"], heights["kits"], heights["suppliers"]) == (30, 6, 30)
    assert heights["pairings"] > 30
    assert set(pl.concat(records["source"] for records, _ in found.values())) == {"mabang/main"}


def test_without_an_account_there_is_nothing_to_read(settings: Settings, lake: Lake) -> None:
    assert settings.erp_accounts == {}
    assert erp_pulls(settings.erp_accounts) == []
    assert all(records.is_empty() for records, _ in (erp_records(lake, kind) for kind in KINDS))


def test_accounts_may_stand_in_the_file_of_stores(settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    (settings.data_dir / "stores.yaml").write_text("mabang:\n  main:\n    app_key: '201501'\n")
    assert load_settings().erp_accounts == {"mabang": ("main",)}
    with pytest.raises(ConfigurationError, match="LINKSTAR_MABANG_MAIN_DEVELOPER_KEY"):
        type(sandbox_account("x")).load("main")
