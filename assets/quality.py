"""Group `quality`: what every other asset had to refuse."""

import dagster as dg

from assets.streams import present
from assets.tables import column_schema
from linkstar_pipelines.schemas.catalog import TABLES, table_of
from linkstar_pipelines.schemas.quality import Quarantine
from resources.lake import LakeResource

_TABLE = table_of(Quarantine)


@dg.asset(
    key=dg.AssetKey(_TABLE.asset_key),
    deps=[dg.AssetKey(table.asset_key) for table in TABLES if present(table.schema) and table is not _TABLE],
    group_name=_TABLE.layer,
    description=f"{_TABLE.description}\n\n{_TABLE.description_zh}",
    owners=[_TABLE.owner],
    kinds=set(_TABLE.kinds),
    tags={"layer": _TABLE.layer},
    metadata={"dagster/table_name": _TABLE.full_name, "dagster/column_schema": column_schema(_TABLE)},
)
def quarantine(lake: LakeResource) -> dg.MaterializeResult:
    """Count what lies in quarantine. The rows were written by the assets that refused them."""
    counts = lake.open().query(
        "SELECT table_name, reason_type, reason, count(*) AS n FROM quality.quarantine "
        "GROUP BY ALL ORDER BY n DESC, table_name, reason_type, reason"
    )
    reasons = [
        dg.TableRecord({"table": table, "type": kind, "reason": reason, "rows": rows})
        for table, kind, reason, rows in counts.iter_rows()
    ]
    columns = [dg.TableColumn("table"), dg.TableColumn("type"), dg.TableColumn("reason"), dg.TableColumn("rows", "int")]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": int(counts["n"].sum()),
            "reasons": dg.MetadataValue.table(reasons[:100], schema=dg.TableSchema(columns)),
        }
    )
