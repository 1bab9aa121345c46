"""Mapping files of the catalogue import: what the headers of one kind of export mean.

Belongs here: the shape of a mapping, matching it to the headers of a file, finding and reading the YAML.
Does not belong here: reading files (`connectors/catalog_files.py`), or what values are worth
(`domain/products/cleaning.py`).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from linkstar_pipelines.domain.order_mapping import MappingError, closest
from linkstar_pipelines.domain.products.records import KINDS

SHIPPED: Final = Path(__file__).parent / "mappings" / "catalog"
GUIDE: Final = "docs/how-to/import-catalogue.md tells what a mapping holds."

REQUIRED: Final = {
    "products": ("sku",),
    "kits": ("kit_sku", "component_sku", "quantity"),
    "pairings": ("sku", "listing_sku"),
    "suppliers": ("supplier", "sku"),
}
"""Columns without which a file of that kind says nothing."""

_ORIGIN: Final = ("source", "source_key")
_MARKS: Final = re.compile(r"必填|选填|required|optional|[\s*()\[\]{}<>【】「」《》:]+")


def plain(header: str) -> str:
    """Return a header as it is compared: without spaces, line breaks, brackets, `*` and `(必填)`, in small letters.

    What stands in brackets stays: `长(cm)` and `长(mm)` are different headers.
    """
    return _MARKS.sub("", unicodedata.normalize("NFKC", header).casefold())


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Headers = Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(min_length=1)]


class CatalogMapping(BaseModel):
    """A whole mapping file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+$")] = Field(
        description="Name of the mapping, part of where each record comes from."
    )
    kind: Literal["products", "kits", "pairings", "suppliers"] = Field(description="What a row of the file is.")
    columns: dict[str, Headers] = Field(description="Our column: the headers that may stand over it.")
    fixed: dict[str, Text] = Field({}, description="Values that hold for every row, such as `length_unit: cm`.")
    split: str | None = Field(None, description="Column whose cells hold several values, one per line.")
    only_where: str | None = Field(
        None, description="Rows in which this column is empty are no records; they are counted and left out."
    )
    sheet: Text | None = Field(None, description="Sheet of a workbook; needed where several fit.")
    ignore: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = Field(
        (), description="Headers that may be there and are not read."
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "CatalogMapping":
        known = self.known()
        for place, names in (("columns", self.columns), ("fixed", self.fixed)):
            for name in names:
                if name not in known:
                    raise ValueError(f"{place}: {self.kind} have no column '{name}'.{closest(name, known)}")
        if both := [name for name in self.columns if name in self.fixed]:
            raise ValueError(f"'{both[0]}' stands in columns and in fixed; give it once")
        if lacking := [name for name in REQUIRED[self.kind] if name not in {*self.columns, *self.fixed}]:
            raise ValueError(f"columns: {self.kind} need '{lacking[0]}'")
        for place, column in (("split", self.split), ("only_where", self.only_where)):
            if column is not None and column not in self.columns:
                raise ValueError(f"{place}: '{column}' is none of the mapping's columns")
        headers = Counter(plain(header) for headers in [*self.columns.values(), self.ignore] for header in headers)
        if twice := [header for header, times in headers.items() if times > 1]:
            raise ValueError(f"the header '{twice[0]}' is listed more than once")
        return self

    def known(self) -> list[str]:
        """Return the columns that records of this kind have."""
        return [name for name in KINDS[self.kind] if name not in _ORIGIN]

    def fits(self, headers: Sequence[str]) -> bool:
        """Whether the headers name every column without which the file says nothing."""
        there = {plain(header) for header in headers}
        return all(there & {plain(h) for h in self.columns[n]} for n in REQUIRED[self.kind] if n in self.columns)

    def match(self, headers: Sequence[str], where: str) -> dict[str, str]:
        """Return {our column: header of the file} for the columns that the file has.

        Args:
            headers: Headers of the file.
            where: The file, for messages.

        Raises:
            MappingError: a header is unknown, a required column is absent, or two headers mean the same column.
        """
        ours = {plain(header): name for name, listed in self.columns.items() for header in listed}
        ignored = {plain(header) for header in self.ignore}
        found: dict[str, list[str]] = {}
        for header in headers:
            if plain(header) in ours:
                found.setdefault(ours[plain(header)], []).append(header)
        lacking = [n for n in REQUIRED[self.kind] if n in self.columns and n not in found]
        unknown = [header for header in headers if plain(header) not in ours and plain(header) not in ignored]
        if lacking or unknown:
            raise MappingError(self._misfit(where, headers, lacking, unknown))
        for name, listed in found.items():
            if len(listed) > 1:
                shown = " and ".join(f"'{_shown(header)}'" for header in listed)
                raise MappingError(
                    f"{where}: the headers {shown} both mean {name} in mapping '{self.name}'. Keep one column, or "
                    f"use a copy of the mapping that lists the other under `ignore`."
                )
        return {name: listed[0] for name, listed in found.items()}

    def _misfit(self, where: str, headers: Sequence[str], lacking: list[str], unknown: list[str]) -> str:
        lines = [f"{where} does not fit mapping '{self.name}':"]
        lines += [f"  no header for {name}: looked for {', '.join(self.columns[name])}." for name in lacking]
        readable = [header for listed in self.columns.values() for header in listed]
        lines += [f"  header '{_shown(header)}' is unknown.{closest(header, readable)}" for header in unknown]
        lines.append(f"The file has: {', '.join(_shown(header) for header in headers)}.")
        lines.append(
            "Nothing was read. Use the mapping that was made for this file, or copy this one"
            f"{self._shipped_as()}, list a header under its column in `columns` or under `ignore`, and give the copy's "
            f"path. {GUIDE}"
        )
        return "\n".join(lines)

    def _shipped_as(self) -> str:
        path = SHIPPED / f"{self.name}.yaml"
        return f" ({path})" if path.is_file() else ""


def _shown(header: str) -> str:
    """A header on one line."""
    return " ".join(header.split())


def shipped_names() -> list[str]:
    """Names of the mappings that come with the product."""
    return sorted(file.stem for file in SHIPPED.glob("*.yaml"))


def load_catalog_mapping(name: str) -> CatalogMapping:
    """Read a mapping.

    Args:
        name: Path of a YAML file, or the bare name of a shipped mapping, such as `dianxiaomi_products`.

    Raises:
        MappingError: there is no such file, it is no YAML, or one of its keys is missing, unknown or wrong.
    """
    path = _resolve(name)
    try:
        # All values as text: headers are often `No` or `2024`, which YAML would turn into something else.
        content = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - makes text and no objects
    except UnicodeDecodeError:
        raise MappingError(f"Mapping {name} is not UTF-8 text. Save it as UTF-8 and try again.") from None
    except yaml.YAMLError as error:
        raise MappingError(f"Mapping {name} is no valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise MappingError(f"Mapping {name} is empty or no list of keys. {GUIDE}")
    try:
        return CatalogMapping.model_validate(content)
    except ValidationError as error:
        raise MappingError(_explain(name, error)) from None


def _resolve(name: str) -> Path:
    path, shipped = Path(name), SHIPPED / f"{name}.yaml"
    if path.parent == Path() and not path.exists() and shipped.is_file():
        return shipped
    if path.is_file():
        return path
    names = shipped_names()
    raise MappingError(
        f"There is no mapping {name}.{closest(path.stem, names)} Give the path of a YAML file, or the name of a "
        f"shipped mapping: {', '.join(names)}."
    )


def _explain(name: str, error: ValidationError) -> str:
    lines = [f"Mapping {name} is not right:"]
    for problem in error.errors(include_input=False, include_url=False):
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "missing":
            lines.append(f"  {key} is missing")
        elif problem["type"] == "extra_forbidden":
            lines.append(f"  {key} is no key of a mapping.{closest(key, CatalogMapping.model_fields)}")
        else:
            lines.append(f"  {key + ': ' if key else ''}{problem['msg'].removeprefix('Value error, ')}")
    return "\n".join([*lines, GUIDE])
