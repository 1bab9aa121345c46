"""The records that a migration is planned from: what landed from ERPs and files, cleaned.

Belongs here: which records count, and how strictly each kind is cleaned.
Does not belong here: what an ERP's payloads mean (`connectors/`), cleaning (`domain/products/cleaning.py`), or what
would change (`domain/products/migration.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from linkstar_pipelines.connectors.erp_records import erp_records
from linkstar_pipelines.domain.products.cleaning import Cleaned, clean
from linkstar_pipelines.domain.products.cleaning_rules import KEYS, CleaningRules
from linkstar_pipelines.domain.products.records import KINDS
from linkstar_pipelines.domain.quarantine import concat_rejects
from linkstar_pipelines.schemas.files import FILE_TABLES
from linkstar_pipelines.storage.lake import Lake

_STRICT: Final = frozenset({"pairings"})
"""Kinds of which a wrong value refuses the record even if it is not required. Left out of a pairing, a store would make
it count for all stores, and a number of units would be taken for one."""
_THING: Final[Mapping[str, tuple[str, ...]]] = {**KEYS, "kits": ("kit_sku",)}
"""By kind of record, the columns that name what it is about: a newer file replaces what an older one says of it."""


@dataclass(frozen=True)
class Records:
    """What there is to move in.

    Attributes:
        sources: `source`, `kind`, `records`: what was read.
        rows: By kind of `records.KINDS`, clean rows (`domain.products.cleaning.Cleaned.rows`).
        cleaning: Every value that was changed or left out (`domain.products.report.REPORT`).
        rejected: Records that could not be read or taken, in the form of the quarantine.
    """

    sources: pl.DataFrame
    rows: Mapping[str, pl.DataFrame]
    cleaning: pl.DataFrame
    rejected: pl.DataFrame


def read_records(lake: Lake, rules: CleaningRules, sources: Sequence[str]) -> Records:
    """Read and clean all records that landed.

    Args:
        lake: The lake.
        rules: The rules of cleaning.
        sources: Only these sources, whole names or first parts, such as `mabang` or `file`; all where empty.
    """
    counted: list[pl.DataFrame] = []
    rows: dict[str, pl.DataFrame] = {}
    reports: list[pl.DataFrame] = []
    refused: list[pl.DataFrame] = []
    for kind in KINDS:
        told, unreadable = erp_records(lake, kind)
        from_erps, from_files = _of(sources, told, "source"), _of(sources, lake.table(FILE_TABLES[kind]), "source")
        done = [clean(kind, from_erps, rules, strict=kind in _STRICT), _clean_files(kind, from_files, rules)]
        rows[kind] = pl.concat([part.rows for part in done])
        reports += [part.report for part in done]
        refused += [_of(sources, unreadable, "source_key"), *(part.rejected for part in done)]
        every = pl.concat([from_erps.select("source"), from_files.select("source")])
        counted.append(
            every.group_by("source").agg(records=pl.len()).select("source", kind=pl.lit(kind), records="records")
        )
    return Records(pl.concat(counted).sort("source", "kind"), rows, pl.concat(reports), concat_rejects(*refused))


def _of(sources: Sequence[str], found: pl.DataFrame, column: str) -> pl.DataFrame:
    """Keep rows of these sources, by the name of the source or by keys that begin with it."""
    if not sources:
        return found
    named = (pl.col(column) == name for name in sources)
    begun = (pl.col(column).str.starts_with(f"{name}/") for name in sources)
    return found.filter(pl.any_horizontal(*named, *begun))


def _clean_files(kind: str, landed: pl.DataFrame, rules: CleaningRules) -> Cleaned:
    """Clean records of files, and keep of each thing what the newest file of a mapping says.

    Each file is cleaned by itself, as it was judged when it was imported: beside rows of another file, its numbers may
    look ambiguous, and its records like contradictions. So what could be taken then is not lost now.
    """
    files = landed.partition_by("source", "file_sha256", maintain_order=True)
    done = [
        clean(kind, file.select(KINDS[kind].names()), rules, strict=kind in _STRICT)
        for file in (landed.clear(), *files)
    ]
    days = landed.select("source_key", "imported_on").unique()
    rows = pl.concat([part.rows for part in done]).join(days, on="source_key", how="left", maintain_order="left")
    last = pl.col("imported_on").max().over("source", *_THING[kind])
    newest = rows.filter(pl.col("imported_on") == last).drop("imported_on")
    return Cleaned(
        newest,
        pl.concat([part.report for part in done]).join(newest, on="source_key", how="semi"),
        concat_rejects(*(part.rejected for part in done)),
    )
