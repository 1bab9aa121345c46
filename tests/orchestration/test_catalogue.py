"""The catalogue's assets in a real run over a real lake: decide, merge, take back."""

from typing import Any

import dagster as dg
import dataframely as dy

from assets import products
from linkstar_pipelines.domain.products.decisions import journal
from linkstar_pipelines.quality.checks import build_checks
from linkstar_pipelines.schemas.catalog import table_of
from linkstar_pipelines.schemas.products import (
    Kits,
    ListingMap,
    Listings,
    MatchProposals,
    RawCatalogDecisions,
    Skus,
    Suppliers,
)
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.publishing import Mode
from resources.lake import LakeResource
from resources.rules import RulesResource
from tests.domain.products.said import listings, say

ASSETS = (
    products.catalog_decisions, products.skus, products.match_proposals, products.listing_map, products.kits,
    products.suppliers,
)  # fmt: skip
CATALOGUE = (RawCatalogDecisions, Skus, MatchProposals, ListingMap, Kits, Suppliers)


def _decide(lake: Lake, *rows: Any) -> None:
    lake.publish(RawCatalogDecisions, journal(rows), mode=Mode.ADD_NEW)


def _make(*checked: type[dy.Schema]) -> dg.ExecuteInProcessResult:
    checks = [build_checks(table_of(schema), None) for schema in checked]
    result = dg.materialize(
        [*ASSETS, *checks],
        resources={"lake": LakeResource(), "rules": RulesResource()},
    )
    assert result.success
    return result


def _failed_checks(result: dg.ExecuteInProcessResult) -> set[str]:
    return {found.check_name for found in result.get_asset_check_evaluations() if not found.passed}


def _content(lake: Lake) -> list[tuple[Any, ...]]:
    names = {table_of(schema).full_name for schema in CATALOGUE[1:]}
    return [row for row in lake.fingerprint().rows() if row[0] in names]


def _kinds(result: dg.ExecuteInProcessResult) -> object:
    events = result.get_asset_materialization_events()
    (journaled,) = (e for e in events if e.asset_key is not None and e.asset_key.path[-1] == "catalog_decisions")
    return journaled.materialization.metadata["decisions"].value


def test_listings_are_mapped_by_code_then_as_decided_and_taking_a_batch_back_leaves_the_lake_as_it_was(
    lake: Lake,
) -> None:
    lake.publish(Listings, listings("LS-LAMP-0001", "LS-LAMP-0002", None), mode=Mode.REPLACE)
    _make()
    before = _content(lake)
    found = lake.query("SELECT listing_sku, sku, evidence, approved_by FROM core.listing_map ORDER BY listing_sku")
    assert found.rows() == [
        ("ls-lamp-0001", "LS-LAMP-0001", "code", "rule"), ("ls-lamp-0002", "LS-LAMP-0002", "code", "rule"),
    ]  # fmt: skip
    held = lake.query("SELECT table_name, source_key, reason_type FROM quality.quarantine")
    assert held.rows() == [("core.listing_map", "amazon/na/?2", "unmapped_listing")]

    _decide(
        lake,
        say("sku", "LAMP-SET", {"name_en": "Lamp set", "gtin": "04006381333931"}, batch="m"),
        say("sku", "LS-LAMP-0001", {"gtin": "04006381333931"}, batch="m"),
        say("kit", "LAMP-SET", {"components": {"LS-LAMP-0001": 2}}, batch="m"),
        say("supplier", "acme/LS-LAMP-0002", {"lead_time_days": 30}, batch="m"),
        say("map", "amazon/na/?2", {"sku": "LAMP-SET", "multiplier": 2}, batch="m"),
        say("merge", "LS-LAMP-0002", {"into": "LS-LAMP-0001"}, batch="m", hour=1),
        say("map", "amazon/na/ls-lamp-0001", {"sku": "NO-SUCH"}, batch="m"),
    )
    decided = _make(*CATALOGUE)
    assert _kinds(decided) == {"kit": 1, "map": 2, "merge": 1, "sku": 2, "supplier": 1}
    assert _failed_checks(decided) == {"gtins_once"}  # shows, and stops nothing
    assert lake.query("SELECT listing_sku, sku, multiplier FROM core.listing_map ORDER BY listing_sku").rows() == [
        ("?2", "LAMP-SET", 2), ("ls-lamp-0001", "LS-LAMP-0001", 1), ("ls-lamp-0002", "LS-LAMP-0001", 1),
    ]  # fmt: skip
    assert lake.query("SELECT supplier, sku FROM core.suppliers").rows() == [("acme", "LS-LAMP-0001")]
    assert lake.query("SELECT kit_sku, component_sku, quantity FROM core.kits").rows() == [
        ("LAMP-SET", "LS-LAMP-0001", 2)
    ]
    wrong = lake.query("SELECT reason FROM quality.quarantine WHERE reason_type = 'wrong_decision'")
    assert wrong.rows() == [("map of `amazon/na/ls-lamp-0001`: there is no SKU `NO-SUCH`",)]

    _decide(lake, say("revoke", "batch:m", batch="undo", hour=9))
    _make()
    assert _content(lake) == before
    assert lake.count(RawCatalogDecisions) == 8
