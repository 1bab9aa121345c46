"""What the lake knows of a file of the catalogue: when it came, and other contents under the same name.

Belongs here: queries over `raw.file_*` and their quarantine. Does not belong here: reading files, or running an import.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from linkstar_pipelines.connectors.files import FileError
from linkstar_pipelines.domain.products.file_records import source_key_prefix, source_of
from linkstar_pipelines.schemas.catalog import table_of
from linkstar_pipelines.schemas.files import FILE_TABLES, RawFileRecords
from linkstar_pipelines.storage.lake import Lake


@dataclass(frozen=True)
class FileImport:
    """A file that is to be imported, or was.

    Attributes:
        kind: Kind of its records.
        mapping: Name of the mapping.
        file: Name of the file, without its folder.
        sha256: Digest of its bytes.
    """

    kind: str
    mapping: str
    file: str
    sha256: str

    @property
    def schema(self) -> type[RawFileRecords]:
        """Table in which its records land."""
        return FILE_TABLES[self.kind]

    @property
    def table_name(self) -> str:
        """Name of that table in the lake."""
        return table_of(self.schema).full_name

    @property
    def prefix(self) -> str:
        """How the source keys of its records begin."""
        return source_key_prefix(self.mapping, self.sha256)

    def first_imported_on(self, lake: Lake) -> date:
        """UTC day on which it was first imported: today if it never was."""
        sql = f"SELECT min(imported_on) AS day FROM {self.table_name} WHERE starts_with(source_key, ?)"  # noqa: S608  # from the catalog
        day: date | None = lake.query(sql, self.prefix).item()
        return day or datetime.now(UTC).date()

    def earlier(self, lake: Lake) -> pl.Series:
        """Source keys, landed and in quarantine, of other contents that came under the same name by this mapping."""
        found = lake.query(
            f"SELECT source_key FROM {self.table_name} "  # noqa: S608  # from the catalog
            "WHERE source = $1 AND file = $2 AND NOT starts_with(source_key, $3) "
            "UNION ALL SELECT source_key FROM quality.quarantine "
            "WHERE table_name = $4 AND starts_with(source_key, $1 || '/') AND NOT starts_with(source_key, $3) "
            "AND json_extract_string(payload, '$.file') = $2",
            source_of(self.mapping), self.file, self.prefix, self.table_name,
        )  # fmt: skip
        return found["source_key"]

    def require_no_earlier(self, lake: Lake) -> None:
        """Refuse to import a second content of a file beside the first.

        Raises:
            FileError: other contents came under this name; says how to replace them.
        """
        earlier = self.earlier(lake)
        if not earlier.is_empty():
            raise FileError(
                f"A file {self.file} with other contents was imported by mapping '{self.mapping}' before "
                f"({earlier.len():,} records). If this is the mended file, add --replace: it takes the place of that "
                "one. If it is another list, give the file another name."
            )
