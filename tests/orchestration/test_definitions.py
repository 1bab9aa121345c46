"""The graph as Dagster loads it."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

import assets
import resources
from linkstar_pipelines.definitions import build_defs
from linkstar_pipelines.orchestration.maintenance import removable
from linkstar_pipelines.orchestration.schedules import reconciled_days
from linkstar_pipelines.schemas.catalog import TABLES
from tests.support import project_root


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_defs()


def test_the_definitions_can_be_loaded(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)


def test_every_table_is_one_asset_with_the_same_name(definitions: dg.Definitions) -> None:
    keys = {tuple(key.path) for key in definitions.resolve_asset_graph().get_all_asset_keys()}
    assert keys == {table.asset_key for table in TABLES}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_an_asset_tells_what_an_analyst_asks(definitions: dg.Definitions, table: object) -> None:
    known = next(entry for entry in TABLES if entry is table)
    node = definitions.resolve_asset_graph().get(dg.AssetKey(known.asset_key))
    assert node.group_name == known.asset_group
    assert known.description in (node.description or "")
    assert known.description_zh in (node.description or "")
    assert node.owners == [known.owner]
    assert (node.partitions_def is not None) == known.daily
    schema = node.metadata["dagster/column_schema"]
    assert [column.name for column in schema.columns] == known.schema.column_names()


def test_every_asset_has_checks(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for table in TABLES:
        assert graph.get_check_keys_for_assets({dg.AssetKey(table.asset_key)}), table.full_name


def test_loading_the_definitions_loads_no_heavy_library() -> None:
    code = (
        "import sys, linkstar_pipelines.definitions as d; d.build_defs();"
        "print([m for m in ('great_expectations', 'pandas', 'scipy', 'altair') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_the_generic_package_names_are_ours() -> None:
    for package in (assets, resources):
        assert Path(package.__file__ or "").is_relative_to(project_root())


def test_a_reconciliation_reads_the_last_days_again() -> None:
    at = datetime(2026, 5, 24, 9, 30, tzinfo=UTC)
    assert reconciled_days(at, 3) == (date(2026, 5, 22), date(2026, 5, 24))


def test_runs_that_hold_the_latest_of_something_are_kept() -> None:
    old, new = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    assert removable([("a", old), ("b", old), ("c", new)], {"b"}, datetime(2026, 3, 1, tzinfo=UTC)) == ["a"]
