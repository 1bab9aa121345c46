"""Bad input, as a user meets it: one clear message that names thing and remedy; nothing else is stopped or lost."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import pytest

from tests.e2e.conftest import finished, linkstar, opened_lake
from tests.support import running_sandbox, world_orders

DAYS = ("--from", "2026-05-17", "--to", "2026-05-24")
WORLD = ("--opens", "2026-05-17", "--closes", "2026-05-24", "--orders-per-day", "6", "--rate-scale", "100000")
CLOCK = ("--clock", "frozen:2026-05-25T06:00:00Z")
NOBODY_LISTENS = "http://127.0.0.1:1"
WRONG_SECRET = "a-secret-that-must-not-show"  # noqa: S105  # it opens nothing


def store(name: str, marketplace_id: str, url: str, **changes: str) -> dict[str, str]:
    """Variables that connect one store to the sandbox."""
    values = {
        "SELLER_ID": f"A1LINKSTAR{name.upper()}", "MARKETPLACE_IDS": marketplace_id, "TIME_ZONE": "UTC",
        "CLIENT_ID": f"sandbox-client-{name}", "CLIENT_SECRET": f"sandbox-secret-{name}",
        "REFRESH_TOKEN": f"sandbox-refresh-{name}", "ENDPOINT": url, "AUTH_URL": f"{url}/auth/o2/token", **changes,
    }  # fmt: skip
    return {f"LINKSTAR_AMAZON_{name.upper()}_{key}": value for key, value in values.items()}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sandbox that sends every third order spoiled."""
    folder = tmp_path_factory.mktemp("spoiling")
    with running_sandbox(folder, *WORLD, *CLOCK, "--fault", "malformed_order=0.3") as listening:
        yield listening


@pytest.fixture(scope="module")
def connected(url: str) -> dict[str, str]:
    """Four stores: in order, with a wrong secret, with a server that nobody reaches, and without any variable."""
    return {
        "LINKSTAR_AMAZON_STORES": "na,eu,fe,new",
        "LINKSTAR_FX_URL": f"{url}/stats/eurofxref/eurofxref-hist.zip",
        "LINKSTAR_HISTORY_START": "2026-05-17",
        "LINKSTAR_HTTP_MAX_ATTEMPTS": "3",
        **store("na", "ATVPDKIKX0DER", url),
        **store("eu", "A1F83G8C2ARO7P", url, CLIENT_SECRET=WRONG_SECRET),
        **store("fe", "A1VC38T7YXB528", url, ENDPOINT=NOBODY_LISTENS),
    }


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory, connected: dict[str, str]) -> tuple[Path, str, int]:
    """The whole graph over the bad input: data folder, what it said, exit code."""
    data_dir = tmp_path_factory.mktemp("bad-input")
    process = linkstar(data_dir, "run", *DAYS, more=connected)
    said, _ = process.communicate(timeout=600)
    return data_dir, said, process.returncode


def sentences(said: str) -> list[str]:
    """What a run said about each store, in one line each."""
    text = " ".join(said.split())
    return [f"Store {part}" for part in text.split("Store ")[1:]]


def world_of(url: str, *stores: str) -> set[str]:
    return {order["orderId"] for order in world_orders(url, *stores)}


def test_a_wrong_credential_is_named_once_with_its_variables(first_run: tuple[Path, str, int]) -> None:
    _, said, code = first_run
    (about_eu,) = [sentence for sentence in sentences(said) if sentence.startswith("Store 'eu'")]
    assert "refused the credentials" in about_eu
    assert "LINKSTAR_AMAZON_EU_CLIENT_SECRET" in about_eu
    assert WRONG_SECRET not in said
    assert code == 1


def test_an_unreachable_server_is_named_once_with_what_to_check(first_run: tuple[Path, str, int]) -> None:
    (about_fe,) = [sentence for sentence in sentences(first_run[1]) if sentence.startswith("Store 'fe'")]
    assert "127.0.0.1:1 cannot be reached after 3 attempts" in about_fe
    assert "Check the endpoint" in about_fe
    assert "Traceback" not in first_run[1]


def test_a_store_that_lacks_its_variables_is_named_once_with_them(first_run: tuple[Path, str, int]) -> None:
    (about_new,) = [sentence for sentence in sentences(first_run[1]) if sentence.startswith("Store 'new'")]
    for variable in ("SELLER_ID", "CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"):
        assert f"LINKSTAR_AMAZON_NEW_{variable}" in about_new


def test_the_other_store_is_read_and_its_spoiled_orders_are_kept_aside(
    first_run: tuple[Path, str, int], url: str
) -> None:
    with opened_lake(first_run[0]) as lake:
        landed = set(lake.query("SELECT DISTINCT order_id FROM core.orders")["order_id"])
        held = lake.query("SELECT * FROM quality.quarantine WHERE starts_with(source_key, 'amazon/na/')")
    held = held.filter(pl.col("table_name").is_in(["raw.amazon_orders", "core.orders"]))
    world = world_of(url, "NA")
    assert landed < world
    assert len(landed) + held.height == len(world)
    assert held.filter(pl.col("reason").str.len_chars() <= 10).is_empty()
    assert held["payload"].str.json_decode(pl.Struct({"orderId": pl.String})).len() == held.height


def test_when_all_is_mended_the_same_command_brings_every_order(
    first_run: tuple[Path, str, int], url: str, connected: dict[str, str]
) -> None:
    httpx.post(f"{url}/_control/faults", json={"faults": {"malformed_order": 0.0}}).raise_for_status()
    mended = {
        **connected, "LINKSTAR_AMAZON_STORES": "na,eu", "LINKSTAR_AMAZON_EU_CLIENT_SECRET": "sandbox-secret-eu",
        "LINKSTAR_AMAZON_EU_MARKETPLACE_IDS": "A1F83G8C2ARO7P,A1PA6795UKMFR9",
    }  # fmt: skip
    finished(linkstar(first_run[0], "run", *DAYS, more=mended))
    with opened_lake(first_run[0]) as lake:
        landed = set(lake.query("SELECT DISTINCT order_id FROM core.orders")["order_id"])
        held = lake.query("SELECT source_key FROM quality.quarantine WHERE table_name LIKE '%orders'")
    assert landed == world_of(url, "NA", "EU")
    # What came without an order number can belong to any order: it stays for a person to look at.
    assert [key for key in held["source_key"] if not key.startswith("amazon/na/-/")] == []


def test_a_mapping_that_names_an_absent_column_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order,code,pieces,price,at\nA1,X,1,9.50,2026-03-01 10:00\n")
    (tmp_path / "shop.yaml").write_text(
        "name: shop\nstore: shop\n"
        "columns: {order_id: order, listing_sku: article, quantity: pieces, unit_price: price, ordered_at: at}\n"
        "formats: {time_zone: Europe/Berlin, currency: EUR, ordered_at: '%Y-%m-%d %H:%M'}\n"
    )
    process = linkstar(
        tmp_path / "data", "import", "orders", str(tmp_path / "orders.csv"), "--mapping", str(tmp_path / "shop.yaml")
    )
    said = " ".join(process.communicate(timeout=300)[0].split())
    assert process.returncode != 0
    assert "Traceback" not in said
    for part in ("shop", "article", "listing_sku", "order, code, pieces, price, at"):
        assert part in said


def test_a_database_that_does_not_answer_is_named_with_the_remedy(tmp_path: Path) -> None:
    nowhere = {"LINKSTAR_POSTGRES_URL": "postgresql://linkstar:hidden-word@127.0.0.1:1/linkstar"}
    process = linkstar(tmp_path, "fingerprint", more=nowhere)
    said = " ".join(process.communicate(timeout=300)[0].split())
    assert process.returncode == 2
    assert "127.0.0.1:1 does not answer" in said
    assert "LINKSTAR_POSTGRES_URL" in said
    assert "hidden-word" not in said
