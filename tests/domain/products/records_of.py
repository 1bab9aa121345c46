"""Records of the catalogue for tests, and clean rows written back as records."""

from typing import Any

import polars as pl

from linkstar_pipelines.domain.products.records import KINDS


def records_of(kind: str, *rows: dict[str, Any], source: str = "file/test") -> pl.DataFrame:
    """Records with the given values; all others are null, and the keys count from `r0`."""
    empty = dict.fromkeys(KINDS[kind]) | {"source": source}
    return pl.DataFrame(
        [{**empty, "source_key": f"r{number}", **row} for number, row in enumerate(rows)], schema=KINDS[kind]
    )


def as_records(kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Clean rows as a source would write them: units and national digits where records have them."""
    told = rows
    if kind == "products":
        national = pl.col("hs_extensions").str.extract(r'"([0-9]+)"\}$')
        told = rows.with_columns(
            length="length_mm", width="width_mm", height="height_mm", length_unit=pl.lit("mm"),
            weight="weight_g", weight_unit=pl.lit("g"), hs_code=pl.coalesce(national, "hs6"),
        )  # fmt: skip
    return told.select(pl.col(name).cast(pl.String) for name in KINDS[kind])
