"""The catalogue of all connected ERPs as records (`domain/products/records.py`), read from their raw tables.

Belongs here: walking the registered ERPs, and putting their parts together.
Does not belong here: what an ERP's payloads mean (its own readers), or asking an ERP (`erp_pulls.py`).
"""

import polars as pl

from linkstar_pipelines.connectors.erp_registry import erp_named
from linkstar_pipelines.domain.products.records import KINDS
from linkstar_pipelines.domain.quarantine import concat_rejects
from linkstar_pipelines.schemas.erps import ERP_TABLES, ERPS
from linkstar_pipelines.storage.lake import Lake


def erp_records(lake: Lake, kind: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read all records of one kind that landed from ERPs.

    Args:
        lake: The lake.
        kind: One of `records.KINDS`.

    Returns:
        The records, and raw rows that could not be read as such (`domain/quarantine.py`).
    """
    parts = [
        reader(lake.table(ERP_TABLES[name, stream]))
        for name in ERPS
        for stream, reader in erp_named(name).records.get(kind, ())
        if lake.count(ERP_TABLES[name, stream])
    ]
    good = pl.concat([KINDS[kind].to_frame(), *(records for records, _ in parts)])
    return good, concat_rejects(*(rejected for _, rejected in parts))
