"""Generated pages are current, and say all there is to say."""

import re

from linkstar_pipelines.connectors.erp_registry import erp_named
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.reporting import configuration, tables
from linkstar_pipelines.schemas.catalog import TABLES
from linkstar_pipelines.schemas.erps import ERPS
from linkstar_pipelines.schemas.platforms import PLATFORMS
from linkstar_pipelines.settings import Settings
from tests.docs.pages import anchors
from tests.support import project_root

_DOCS = project_root() / "docs"


def test_the_configuration_reference_is_what_the_settings_say() -> None:
    page = (_DOCS / configuration.PAGE).read_text(encoding="utf-8")
    assert page == configuration.configuration_page(), "run: python -m linkstar_pipelines.reporting.configuration"


def test_the_table_reference_is_what_the_catalog_says() -> None:
    page = (_DOCS / tables.PAGE).read_text(encoding="utf-8")
    assert page == tables.tables_page(), "run: python -m linkstar_pipelines.reporting.tables"


def test_every_variable_that_is_read_is_in_the_configuration_reference() -> None:
    page = configuration.configuration_page()
    named = [
        *configuration.variables(Settings, "LINKSTAR_"),
        *(
            variable
            for name in PLATFORMS
            for variable in configuration.variables(platform_named(name).store, f"LINKSTAR_{name.upper()}_<NAME>_")
        ),
        *(
            variable
            for name in ERPS
            for variable in configuration.variables(erp_named(name).store, f"LINKSTAR_{name.upper()}_<NAME>_")
        ),
        *re.findall(r'"(AWS_\w+)"', (project_root() / "linkstar_pipelines/storage/lake.py").read_text()),
    ]
    assert [name for name in named if f"`{name}`" not in page] == []


def test_required_and_optional_settings_can_be_told_apart() -> None:
    rows = configuration.configuration_page().splitlines()
    required = {row.split("`")[1] for row in rows if "**required**" in row}
    assert required == {
        f"LINKSTAR_{store.platform.upper()}_<NAME>_{name.upper()}"
        for store in [*(platform_named(name).store for name in PLATFORMS), *(erp_named(name).store for name in ERPS)]
        for name, field in store.model_fields.items()
        if field.is_required() and not field.exclude
    }


def test_no_secret_has_a_default_that_could_be_printed() -> None:
    rows = configuration.configuration_page().splitlines()
    secrets = [row for row in rows if "| secret |" in row]
    assert len(secrets) > len(PLATFORMS)
    assert all("| unset |" in row or "**required**" in row for row in secrets)


def test_every_table_and_every_column_is_in_the_table_reference() -> None:
    sections = {part.split("`")[1]: part for part in re.split(r"^### ", tables.tables_page(), flags=re.MULTILINE)[1:]}
    assert list(sections) == [table.full_name for table in TABLES]
    missing = [
        f"{table.full_name}.{column}"
        for table in TABLES
        for column in table.schema.column_names()
        if f"\n| `{column}` | " not in sections[table.full_name]
    ]
    assert missing == []


def test_the_overview_of_tables_leads_to_each_of_them() -> None:
    page = tables.tables_page()
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= anchors(page)


def test_every_row_of_a_generated_table_has_as_many_cells_as_its_header() -> None:
    for page in (tables.tables_page(), configuration.configuration_page()):
        for block in re.findall(r"(?:^\|.*\n)+", page, flags=re.MULTILINE):
            cells = {len(re.findall(r"(?<!\\)\|", row)) for row in block.splitlines()}
            assert len(cells) == 1, block
