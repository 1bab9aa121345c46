"""Mapping files of the history import: finding and reading them.

Belongs here: YAML to a checked `OrderMapping`, with one message for whatever is wrong.
Does not belong here: the shape of a mapping (`domain/order_mapping.py`), or applying it.
"""

from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from linkstar_pipelines.domain.order_mapping import MappingError, OrderMapping, closest

SHIPPED: Final = Path(__file__).parent / "mappings"


def load_mapping(path: Path) -> OrderMapping:
    """Read a mapping file.

    Args:
        path: a YAML file, or the bare name of a shipped mapping, such as `online_retail_ii`.

    Raises:
        MappingError: there is no such file, it is no YAML, or one of its keys is missing, unknown or wrong.
    """
    file = _resolve(path)
    try:
        # All values as text: columns are often named `No`, `On` or `2024`, which YAML would turn into something else.
        content = yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - makes text and no objects
    except UnicodeDecodeError:
        raise MappingError(f"Mapping {path} is not UTF-8 text. Save it as UTF-8 and try again.") from None
    except yaml.YAMLError as error:
        raise MappingError(f"Mapping {path} is no valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise MappingError(f"Mapping {path} is empty or no list of keys. {_REMEDY}")
    try:
        return OrderMapping.model_validate(content)
    except ValidationError as error:
        raise MappingError(_explain(path, error)) from None


_REMEDY: Final = "docs/how-to/import-history.md tells what a mapping holds."


def _resolve(path: Path) -> Path:
    shipped = SHIPPED / f"{path.name}.yaml"
    if path.parent == Path() and not path.exists() and shipped.is_file():
        return shipped
    if path.is_file():
        return path
    names = sorted(file.stem for file in SHIPPED.glob("*.yaml"))
    raise MappingError(
        f"There is no mapping file {path}.{closest(path.stem, names)} "
        f"Give the path of a YAML file, or the name of a shipped mapping: {', '.join(names)}."
    )


def _explain(path: Path, error: ValidationError) -> str:
    lines = [f"Mapping {path} is not right:"]
    for problem in error.errors(include_input=False, include_url=False):
        key = ".".join(str(part) for part in problem["loc"]) or "the whole file"
        lines.append(f"  {key}: {_in_words(problem['type'], problem['msg'], key)}")
    return "\n".join([*lines, _REMEDY])


def _in_words(kind: str, message: str, key: str) -> str:
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"is no key of a mapping.{closest(key.rsplit('.', 1)[-1], _keys_beside(key))}"
    return message.removeprefix("Value error, ")


def _keys_beside(key: str) -> list[str]:
    part: object = OrderMapping
    for name in key.split(".")[:-1]:
        fields = getattr(part, "model_fields", {})
        part = fields[name].annotation if name in fields else None
    return list(getattr(part, "model_fields", {}))
