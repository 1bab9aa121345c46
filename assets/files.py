"""Group `raw_files`: records of the catalogue from imported files."""

from pathlib import Path
from typing import Final

import dagster as dg
import polars as pl

from assets.tables import publish, table_asset
from linkstar_pipelines.connectors.catalog_files import read_catalog_file
from linkstar_pipelines.connectors.file_imports import FileImport
from linkstar_pipelines.domain.order_mapping import MappingError
from linkstar_pipelines.domain.products.file_records import judged
from linkstar_pipelines.rules.catalog_mapping import load_catalog_mapping
from linkstar_pipelines.rules.cleaning import load_cleaning_rules
from linkstar_pipelines.schemas.files import FILE_TABLES
from linkstar_pipelines.storage.publishing import Mode
from resources.lake import LakeResource


class CatalogFileConfig(dg.Config):
    """The file to import in this run; without one the asset leaves the table as it is.

    Attributes:
        path: The file.
        mapping: Mapping file, or the name of a shipped one.
        replace: Whether it takes the place of other contents that came under the same name.
    """

    path: str | None = None
    mapping: str | None = None
    replace: bool = False


def _file_asset(kind: str) -> dg.AssetsDefinition:
    """Make the asset of the files that hold one kind of record."""
    schema = FILE_TABLES[kind]

    @table_asset(schema)
    def file_asset(
        context: dg.AssetExecutionContext, config: CatalogFileConfig, lake: LakeResource
    ) -> dg.MaterializeResult:
        if config.path is None or config.mapping is None:
            return publish(context, lake.open(), schema, schema.create_empty(), mode=Mode.ADD_NEW)
        return _import(context, lake, kind, Path(config.path), config)

    return file_asset


def _import(
    context: dg.AssetExecutionContext, lake: LakeResource, kind: str, path: Path, config: CatalogFileConfig
) -> dg.MaterializeResult:
    """Import one file: records that can be taken land, the others go to quarantine."""
    mapping, house = load_catalog_mapping(str(config.mapping)), lake.open()
    if mapping.kind != kind:
        raise MappingError(f"Mapping '{mapping.name}' is of {mapping.kind}: give the file to raw.file_{mapping.kind}.")
    file = read_catalog_file(path, mapping)
    source = FileImport(kind, mapping.name, path.name, file.sha256)
    if not config.replace:
        source.require_no_earlier(house)
    good, rejected = judged(kind, file.records, load_cleaning_rules(lake.settings().rules_dir))
    rows = good.drop("doubts").with_columns(
        file_sha256=pl.lit(file.sha256), imported_on=pl.lit(source.first_imported_on(house))
    )
    result = publish(
        context, house, source.schema, rows, mode=Mode.UPSERT, rejected=rejected, source_key=pl.col("source_key")
    )
    earlier = source.earlier(house)
    if not earlier.is_empty():  # after the publication: a run that ends in between has lost nothing
        house.withdraw(source.schema, earlier, run_id=context.run.run_id)
    counts = {
        "rows_read": file.rows_read,
        "rows_left_out": file.rows_left_out,
        "records": file.records.height,
        "records_replaced": earlier.len(),
        "columns_absent": list(file.absent),
    }
    return result._replace(metadata={**(result.metadata or {}), **counts})


FILE_ASSETS: Final = [_file_asset(kind) for kind in FILE_TABLES]
"""`raw/file_<kind>` for each kind of record."""
