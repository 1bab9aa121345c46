"""Whatever the documents name exists: tables, variables, commands, make targets, jobs, options, files."""

import re

import dagster as dg
import pytest
from typer.main import get_command

from linkstar_pipelines.connectors.erp_registry import erp_named
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.definitions import build_defs
from linkstar_pipelines.quality.business import expectations_of
from linkstar_pipelines.sandbox import faults
from linkstar_pipelines.schemas.catalog import TABLES
from linkstar_pipelines.schemas.core import ORDER_STATES
from linkstar_pipelines.schemas.erps import ERPS
from linkstar_pipelines.schemas.platforms import PLATFORMS, Stream
from linkstar_pipelines.settings import Settings
from tests.docs.pages import code_blocks, documents
from tests.support import project_root

_ROOT = project_root()
_LAYERS = "|".join(dict.fromkeys(table.layer for table in TABLES))
_TEXTS = {path.relative_to(_ROOT).as_posix(): path.read_text(encoding="utf-8") for path in documents()}
_ALL = "\n".join(_TEXTS.values())


@pytest.fixture(scope="module")
def graph() -> dg.Definitions:
    return build_defs()


def test_every_table_and_asset_that_is_named_exists() -> None:
    known = {table.full_name for table in TABLES}
    named = {
        (page, f"{layer}.{name}")
        for page, text in _TEXTS.items()
        for layer, name in re.findall(rf"(?<![\w./])({_LAYERS})[./]([a-z_]+)\b(?![./(])", text)
    }
    assert len(named) > 20
    assert {(page, name) for page, name in named if name not in known} == set()


def test_every_variable_that_is_named_is_read() -> None:
    known = [re.compile(f"LINKSTAR_{name.upper()}") for name in Settings.model_fields]
    known.append(re.compile(rf"LINKSTAR_(<PLATFORM>|{'|'.join(PLATFORMS).upper()})_(STORES|<NAME>_\*)"))
    known.append(re.compile(rf"LINKSTAR_(<ERP>|{'|'.join(ERPS).upper()})_(ACCOUNTS|<NAME>_\*)"))
    stores = {name: platform_named(name).store for name in PLATFORMS} | {name: erp_named(name).store for name in ERPS}
    for name, store in stores.items():
        fields = store.model_fields.items()
        of_a_store = "|".join(field.upper() for field, info in fields if not info.exclude)
        known.append(re.compile(rf"LINKSTAR_{name.upper()}_(<NAME>|[A-Z]+)_(\*|{of_a_store})"))
    named = set(re.findall(r"LINKSTAR_[A-Z_<>*]+[A-Z*]", _ALL))
    assert {name for name in named if not any(form.fullmatch(name) for form in known)} == set()


def test_every_linkstar_command_that_is_named_exists_with_its_options() -> None:
    from linkstar_pipelines.cli import app

    named = set(re.findall(r"(?<![\w/.-])(?:\.venv/bin/)?linkstar ((?:[a-z]+(?:-[a-z]+)* ?)+)([^`\n]*)", _commands()))
    assert len(named) > 5
    wrong = []
    for words, rest in named:
        command = get_command(app)
        for word in words.split():
            if not hasattr(command, "commands"):
                break
            if word not in command.commands:
                wrong.append(f"linkstar {words}")
                break
            command = command.commands[word]
        options = {option for parameter in command.params for option in parameter.opts}
        wrong += [f"linkstar {words}{option}" for option in re.findall(r"--[a-z-]+", rest) if option not in options]
    assert wrong == []


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (_ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", _ALL, re.MULTILINE))
    assert {"demo", "up", "test"} <= named <= targets


def test_every_file_of_the_project_that_is_named_exists() -> None:
    made_by_the_product = {"stores.yaml"}
    folders = (_ROOT, _ROOT / "linkstar_pipelines", _ROOT / "linkstar_pipelines" / "rules")
    named = set(re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|md|yaml|toml)|[\w-]+\.yaml)`", _ALL))
    named -= made_by_the_product
    missing = {name for name in named if not any((folder / name).exists() for folder in folders)}
    assert missing == set()


def test_every_job_sensor_and_schedule_of_the_product_is_in_the_architecture(graph: dg.Definitions) -> None:
    page = _TEXTS["docs/architecture.md"]
    repository = graph.get_repository_def()
    names = [job.name for job in repository.get_all_jobs() if not job.name.startswith("__")]
    names += [sensor.name for sensor in repository.sensor_defs]
    names += [re.sub(r"(nightly_reconciliation_).*", r"\1<zone>", s.name) for s in repository.schedule_defs]
    assert [name for name in names if f"`{_general(name)}`" not in page] == []


def _general(name: str) -> str:
    """The name of a job or sensor with `<platform>` for the platform."""
    return re.sub(rf"^({'|'.join(PLATFORMS)})_", "<platform>_", name)


def _drawn(name: str) -> str:
    """The node of an asset in the picture, which draws one platform for all, and one ERP."""
    streams = "|".join(stream.value for stream in Stream)
    name = re.sub(rf"^raw_({'|'.join(PLATFORMS)})_({streams})$", r"raw_platform_\2", name)
    return re.sub(rf"^raw_({'|'.join(ERPS)})_", "raw_erp_", name)


def test_the_picture_of_the_graph_is_the_graph(graph: dg.Definitions) -> None:
    picture = next(block for block in code_blocks(_TEXTS["docs/architecture.md"], "mermaid") if "core_orders" in block)
    drawn = set(re.findall(r"^ *(\w+) --> (\w+)$", picture, re.MULTILINE))
    nodes = set(re.findall(r"^ *(\w+)\[", picture, re.MULTILINE))
    daily = set(re.findall(r"^ *(\w+)\[.*\]:::daily$", picture, re.MULTILINE))
    assets = graph.resolve_asset_graph()
    keys = {"_".join(key.path): assets.get(key) for key in assets.get_all_asset_keys()}
    real = {
        (_drawn("_".join(parent.path)), _drawn(name))
        for name, node in keys.items()
        if name != "quality_quarantine"
        for parent in node.parent_keys
    }
    assert nodes == {_drawn(name) for name in keys}
    assert drawn == real
    assert daily == {_drawn(name) for name, node in keys.items() if node.partitions_def is not None}


def test_the_quarantine_depends_on_all_the_others_as_the_picture_says(graph: dg.Definitions) -> None:
    assets = graph.resolve_asset_graph()
    everything = assets.get_all_asset_keys()
    quarantine = dg.AssetKey(["quality", "quarantine"])
    assert assets.get(quarantine).parent_keys == everything - {quarantine}


def test_every_order_state_is_in_the_glossary() -> None:
    rows = set(re.findall(r"^\| `([a-z_]+)` \|", _TEXTS["docs/glossary.md"], re.MULTILINE))
    assert rows == set(ORDER_STATES)


def test_every_fault_of_the_sandbox_is_told() -> None:
    page = _TEXTS["docs/how-to/sandbox.md"]
    assert [name for name in faults.NAMES if f"`{name}`" not in page] == []


def test_every_check_that_is_named_exists(graph: dg.Definitions) -> None:
    known = {expectation.check for table in TABLES for expectation in expectations_of(table)}
    known |= {key.name for key in graph.resolve_asset_graph().asset_check_keys}
    named = set(re.findall(r"check `([a-z_0-9]+)`", _ALL))
    assert named
    assert named <= known


def test_the_documents_hold_no_path_of_somebodys_machine() -> None:
    found = {
        page: re.findall(r"(?<![\w/.])/(?:root|home/\w+|work|Users|tmp)/\S*", text) for page, text in _TEXTS.items()
    }
    assert {page: paths for page, paths in found.items() if paths} == {}


def _commands() -> str:
    """Everything in the documents that is typed: code blocks, and code within a sentence."""
    blocks = [block for text in _TEXTS.values() for block in code_blocks(text, "sh", "ini", "")]
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", _ALL)
    return "\n".join([*blocks, *spans])


def test_python_examples_are_python() -> None:
    examples = [block for text in _TEXTS.values() for block in code_blocks(text, "python")]
    assert examples
    for example in examples:
        compile(example, "<document>", "exec")
