"""Moving in from Mabang and Tongtool while every fault strikes: the catalogue is then exactly the world's.

A drill, of a minute or two each: `pytest -m drill tests/e2e/test_move_in.py -s`.
"""

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import dataframely as dy
import polars as pl
import pytest
from typer.testing import CliRunner

from linkstar_pipelines.cli import app
from linkstar_pipelines.connectors.erp_registry import erp_named
from linkstar_pipelines.connectors.files import read_tables
from linkstar_pipelines.definitions import build_defs
from linkstar_pipelines.operations import trial
from linkstar_pipelines.sandbox.app import _bench
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.world import erp as truth
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.schemas.catalog import table_of
from linkstar_pipelines.schemas.erps import ERP_TABLES, ERPS
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import (
    Kits,
    ListingMap,
    Listings,
    MatchProposals,
    RawCatalogDecisions,
    Skus,
    Suppliers,
)
from linkstar_pipelines.schemas.streams import RAW_TABLES
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.lake import Lake
from tests.support import running_sandbox

pytestmark = pytest.mark.drill

PLATFORMS = ("shopify", "tiktok")
FAULTS = ("--fault", "all=0.1", "--fault", "late_orders=0", "--fault-delay", "0.02")
FLAGS = (
    "--accounts", trial.accounts(PLATFORMS), "--opens", "2026-05-01", "--closes", "2026-05-08",
    "--rate-scale", "100000",
)  # fmt: skip
MABANG = {"APP_KEY": "sandbox-mabang", "DEVELOPER_KEY": "sandbox-mabang-key", "CALLS_PER_MINUTE": "60000000"}
TONGTOOL = {
    "ACCESS_KEY": "sandbox-tongtool", "SECRET_KEY": "sandbox-tongtool-secret",
    "QUOTA_SECONDS": "0.0006",  # as short as the sandbox's minute
}  # fmt: skip
CATALOGUE = ("core.skus", "core.kits", "core.suppliers", "core.match_proposals", "core.listing_map")


@pytest.fixture(params=[30, 300])
def products(request: pytest.FixtureRequest) -> int:
    """Products of the house."""
    return int(request.param)


@pytest.fixture
def house(products: int, settings: Settings, tmp_path: Path) -> Iterator[World]:
    """An installation with four stores, and both ERPs that every store is bound to; yields the truth behind them."""
    flags = (*FLAGS, "--products", str(products), "--orders-per-day", str(products // 5))
    rules = tmp_path / "rules"
    rules.mkdir()
    # The ERP calls the stores by names of its own.
    names = {store: store.lower() for store in trial.accounts(PLATFORMS).split(",")}
    (rules / "migration.yaml").write_text(json.dumps({"sources": ["file", "mabang", "tongtool"], "stores": names}))
    with running_sandbox(tmp_path, *flags, *FAULTS) as url, mock.patch.dict(os.environ):
        options = parse_options(flags)
        trial.connect(url, options.world.opens, platforms=PLATFORMS, faulty=True)
        os.environ["LINKSTAR_RULES_DIR"] = str(rules)
        for erp, endpoint, keys in (("MABANG", "mabang/api/v2", MABANG), ("TONGTOOL", "tongtool", TONGTOOL)):
            os.environ[f"LINKSTAR_{erp}_ACCOUNTS"] = "main"
            for name, value in {**keys, "ENDPOINT": f"{url}/{endpoint}"}.items():
                os.environ[f"LINKSTAR_{erp}_MAIN_{name}"] = value
        yield _bench(options).world


def read_everything() -> None:
    """Land the listings of the stores and what ERPs know of products; make the tables that follow from listings."""
    listed = [RAW_TABLES[platform, Stream.LISTINGS] for platform in PLATFORMS]
    held = [
        ERP_TABLES[name, stream]
        for name in ERPS
        for stream in {stream for readers in erp_named(name).records.values() for stream, _ in readers}
    ]
    made: list[type[dy.Schema]] = [Listings, Skus, Kits, Suppliers, MatchProposals, ListingMap]
    tables = [table_of(schema) for schema in (*listed, *held, *made)]
    result = build_defs().resolve_job_def("loop").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(), asset_selection=[dg.AssetKey(table.asset_key) for table in tables]
    )  # fmt: skip
    assert result.success


def linkstar(*arguments: str) -> str:
    """Run a command that must succeed; returns what it printed, without the width of the terminal."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def contents(lake: Lake) -> dict[str, str]:
    """Content of each table of the catalogue as one number."""
    prints = lake.fingerprint().filter(pl.col("table_name").is_in(CATALOGUE))
    return dict(prints.select("table_name", "content").iter_rows())


def yuan(fen: int) -> Decimal:
    return Decimal(fen) / 100


def true_skus(world: World) -> dict[str, dict[str, Any]]:
    """What both ERPs together say of every product: right barcodes alone, and nothing of what kind a battery is."""
    products = {
        product.sku: {
            "name_en": product.name_en, "name_zh": product.name_zh, "category": product.category_zh,
            "gtin": f"0{product.gtin}" if product.typed_gtin == product.gtin else None,
            "length_mm": product.length_mm, "width_mm": product.width_mm, "height_mm": product.height_mm,
            "weight_g": product.weight_g, "hs6": product.hs_code[:6], "hs_extensions": {"CN": product.hs_code},
            "declared_value": yuan(product.declared_cents_usd), "declared_currency": "USD",
            "cost": yuan(product.cost_fen), "cost_currency": "CNY", "image_url": product.image_url,
            "battery": None if product.has_battery else "none", "lifecycle": "active", "is_kit": False,
        }
        for product in truth.erp_products(world)
    }  # fmt: skip
    kits = {
        kit.sku: {"name_en": kit.name_en, "name_zh": kit.name_zh, "category": "组合装", "is_kit": True}
        for kit in truth.erp_kits(world)
    }
    nothing = dict.fromkeys(next(iter(products.values()))) | {"lifecycle": "active"}
    return products | {sku: nothing | said for sku, said in kits.items()}


def shown_skus(lake: Lake) -> dict[str, dict[str, Any]]:
    rows = lake.table(Skus).to_dicts()
    fields = ("name_en", "name_zh", "category", "gtin", "length_mm", "width_mm", "height_mm", "weight_g", "hs6",
              "hs_extensions", "declared_value", "declared_currency", "cost", "cost_currency", "image_url", "battery",
              "lifecycle", "is_kit")  # fmt: skip
    for row in rows:
        row["hs_extensions"] = json.loads(row["hs_extensions"]) if row["hs_extensions"] else None
    return {row["sku"]: {field: row[field] for field in fields} for row in rows}


def holds_exactly_the_world(lake: Lake, world: World) -> None:
    assert shown_skus(lake) == true_skus(world)
    made_of = lake.table(Kits).select("kit_sku", "component_sku", "quantity").rows()
    assert sorted(made_of) == sorted((kit.sku, *part) for kit in truth.erp_kits(world) for part in kit.components)
    terms = lake.table(Suppliers).drop("purchase_url").rows()
    assert sorted(terms) == sorted(
        (one.code, t.sku, one.name, t.lead_time_days, t.minimum_order, t.carton_units, yuan(t.unit_cost_fen), "CNY")
        for one in truth.erp_suppliers(world)
        for t in one.terms
    )
    sold = lake.table(ListingMap).select("platform", "store", "listing_sku", "sku", "multiplier").rows()
    assert sorted(sold) == sorted(
        (platform, store.lower(), listing_sku, product.sku, 1)
        for product in truth.erp_products(world)
        for platform, store, listing_sku in product.listings
    )


def nothing_was_refused(report: Path) -> None:
    """Every record was followed; only what one ERP says otherwise than the other is not changed."""
    sheets = {table.sheet: table.rows for table in read_tables(report)}
    assert sheets["Refused records"].is_empty()
    assert sheets["Unmapped listings"].is_empty()
    assert set(sheets["Not changed"]["Change"]) == {"sources differ"}


def test_a_house_moves_in_from_two_erps_under_fire_and_out_again(house: World, lake: Lake, settings: Settings) -> None:
    begun = time.perf_counter()
    read_everything()
    sys.stdout.write(f"read: {time.perf_counter() - begun:.1f} s\n")
    unreadable = {one.seller_sku for store in house.stores for one in store.listings if not one.readable}
    assert unreadable
    assert unreadable.isdisjoint(lake.table(ListingMap)["listing_sku"]), "their codes fit no rule: only a pairing helps"
    assert "Nothing was changed" in linkstar("migrate", "plan")
    assert lake.count(RawCatalogDecisions) == 0
    before = contents(lake)

    applied = linkstar("migrate", "apply", "--by", "ana")
    sys.stdout.write(f"applied: {time.perf_counter() - begun:.1f} s\n{applied}\n")
    holds_exactly_the_world(lake, house)
    after, decided = contents(lake), lake.count(RawCatalogDecisions)

    assert "nothing would change" in linkstar("migrate", "plan")
    assert "nothing would change" in linkstar("migrate", "apply", "--no-run")
    assert (contents(lake), lake.count(RawCatalogDecisions)) == (after, decided)

    nothing_was_refused(settings.data_dir / "reports" / "migration-report.xlsx")
    linkstar("migrate", "undo", re.findall(r"migration:[-0-9]+:[0-9a-f]{12}", applied)[0])
    assert contents(lake) == before
