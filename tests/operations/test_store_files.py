"""The two files of stores: which value counts, what is refused, who may read them, and what writing leaves alone."""

import os
import stat
from pathlib import Path

import pytest

from linkstar_pipelines.connectors.walmart.store import WalmartStore
from linkstar_pipelines.settings import AmazonStore, ConfigurationError, Settings, load_settings
from linkstar_pipelines.store_files import StoreFiles

STORES = """\
# written by hand
amazon:
  us:
    seller_id: A2EUQ1WTGCTBG2   # from Seller Central
    marketplace_ids: [ATVPDKIKX0DER, A2EUQ1WTGCTBG2]
    client_id: client
    time_zone: America/New_York
walmart:
  wm:
    client_id: 12345
"""
SECRETS = "LINKSTAR_AMAZON_US_CLIENT_SECRET='file-secret'\nLINKSTAR_AMAZON_US_REFRESH_TOKEN='file-token'\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with both files."""
    monkeypatch.setenv("LINKSTAR_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("LINKSTAR_STORES_FILE", raising=False)
    (tmp_path / "stores.yaml").write_text(STORES)
    secrets = tmp_path / "secrets.env"
    secrets.write_text(SECRETS)
    secrets.chmod(0o600)
    return tmp_path


def test_a_store_can_be_in_the_files_alone() -> None:
    settings = load_settings()
    assert settings.stores == {"us": "amazon", "wm": "walmart"}
    assert settings.time_zones()["us"] == "America/New_York"
    store = AmazonStore.load("us")
    assert store.marketplace_ids == ("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2")
    assert store.client_secret.get_secret_value() == "file-secret"
    assert store.endpoint == "https://sellingpartnerapi-na.amazon.com"


def test_the_environment_goes_before_the_files_one_setting_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKSTAR_AMAZON_US_CLIENT_ID", "other-client")
    monkeypatch.setenv("LINKSTAR_AMAZON_US_REFRESH_TOKEN", "other-token")
    monkeypatch.setenv("LINKSTAR_AMAZON_US_TIME_ZONE", "Europe/London")
    store = AmazonStore.load("us")
    assert (store.client_id, store.seller_id) == ("other-client", "A2EUQ1WTGCTBG2")
    assert store.refresh_token.get_secret_value() == "other-token"
    assert store.client_secret.get_secret_value() == "file-secret"
    assert load_settings().time_zones()["us"] == store.time_zone == "Europe/London"


def test_stores_of_the_environment_and_of_the_file_are_all_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKSTAR_AMAZON_STORES", "eu,us")
    assert load_settings().stores_of("amazon") == ("eu", "us")
    monkeypatch.setenv("LINKSTAR_EBAY_STORES", "wm")
    with pytest.raises(ConfigurationError, match="Two stores are called 'wm'"):
        _ = load_settings().stores


def test_the_file_can_be_elsewhere_with_the_secrets_beside_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = folder / "etc"
    elsewhere.mkdir()
    for name in ("stores.yaml", "secrets.env"):
        (folder / name).rename(elsewhere / name)
    assert load_settings().stores == {}
    monkeypatch.setenv("LINKSTAR_STORES_FILE", str(elsewhere / "stores.yaml"))
    assert AmazonStore.load("us").client_secret.get_secret_value() == "file-secret"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_secrets_that_others_can_read_are_not_read(folder: Path, mode: int) -> None:
    (folder / "secrets.env").chmod(mode)
    with pytest.raises(ConfigurationError, match=f"chmod 600 {folder}/secrets.env"):
        AmazonStore.load("us")


def test_a_secret_among_the_settings_is_refused_and_not_repeated(folder: Path) -> None:
    (folder / "stores.yaml").write_text(STORES + "    client_secret: top-secret\n")
    with pytest.raises(
        ConfigurationError, match=r"'client_secret' is a secret.*LINKSTAR_WALMART_WM_CLIENT_SECRET"
    ) as e:
        WalmartStore.load("wm")
    assert "top-secret" not in str(e.value)


def test_what_is_missing_is_named_with_its_variable_and_both_places(folder: Path) -> None:
    with pytest.raises(ConfigurationError) as failed:
        WalmartStore.load("wm")
    assert failed.value.variables == ("LINKSTAR_WALMART_WM_CLIENT_SECRET",)
    assert str(folder / "stores.yaml") in str(failed.value)
    assert "linkstar connect walmart --name wm" in str(failed.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("amazn:\n  us: {}\n", "no platform 'amazn'"),
        ("amazon:\n  us:\n    seler_id: A1\n", "no setting 'seler_id'"),
        ("amazon: us\n", "'amazon' is to name its stores"),
        ("amazon:\n  us: A1\n", "'us' is to hold its settings"),
        ("amazon:\n  us:\n    seller_id: {a: b}\n", "'seller_id' of store 'us'"),
        ("amazon: [us\n", "cannot be read"),
        ("amazon:\n  us: {}\n  us: {}\n", "cannot be read"),
        ("- amazon\n", "is to name platforms"),
    ],
)
def test_a_file_in_another_form_is_refused_with_the_place(folder: Path, text: str, words: str) -> None:
    (folder / "stores.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=words) as failed:
        AmazonStore.load(next(iter(load_settings().stores)))
    assert str(folder / "stores.yaml") in str(failed.value)


def test_writing_a_store_leaves_the_rest_of_both_files_as_it_was(folder: Path) -> None:
    with (folder / "secrets.env").open("a") as file:
        file.write("# rotated in May\n")
    files = StoreFiles.at(folder / "stores.yaml")
    fields = {**files.settings_of("amazon", "us"), "client_id": "new"}
    awkward = 'it\'s\\a "key" with $HOME, # and\nlines\\'
    changed = files.with_store("amazon", "us", fields, {"LINKSTAR_AMAZON_US_CLIENT_SECRET": awkward})
    assert AmazonStore.load("us").client_id == "client"
    changed.save("amazon", "us")
    text = (folder / "stores.yaml").read_text()
    assert "# written by hand" in text
    assert "# from Seller Central" in text
    assert "client_id: 12345" in text
    assert "# rotated in May" in (folder / "secrets.env").read_text()
    store = AmazonStore.load("us")
    assert (store.client_id, store.seller_id) == ("new", "A2EUQ1WTGCTBG2")
    assert store.client_secret.get_secret_value() == awkward
    assert store.refresh_token.get_secret_value() == "file-token"
    assert stat.S_IMODE((folder / "secrets.env").stat().st_mode) == 0o600


def test_what_is_no_file_is_never_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKSTAR_STORES_FILE", os.devnull)
    with pytest.raises(ConfigurationError, match="is no file"):
        _ = load_settings().stores


def test_new_files_are_made_with_the_rights_and_the_explanation(tmp_path: Path) -> None:
    files = StoreFiles.at(tmp_path / "new" / "stores.yaml")
    files.with_store("walmart", "wm", {"client_id": "1"}, {"LINKSTAR_WALMART_WM_CLIENT_SECRET": "s"}).save(
        "walmart", "wm"
    )
    assert stat.S_IMODE(files.secrets_path.stat().st_mode) == 0o600
    assert "No secrets here" in files.path.read_text()
    assert sorted(path.name for path in files.path.parent.iterdir()) == ["secrets.env", "stores.yaml"]
    assert Settings(data_dir=tmp_path / "new").stores == {"wm": "walmart"}
