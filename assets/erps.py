"""Groups `raw_<erp>`: what ERPs hold, landed as they wrote it. An ERP without a connected account is not in the graph.

Runs that are limited to some stores read ERPs all the same: their accounts belong to no store.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Final

import dagster as dg
import polars as pl

from assets.streams import present
from assets.tables import WIRE_RETRY, Publication, table_asset
from linkstar_pipelines.connectors.erp_pulls import pull_erp
from linkstar_pipelines.connectors.erp_registry import erp_named
from linkstar_pipelines.schemas.erps import ERP_TABLES, ERPS, ErpName, ErpStream
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.publishing import Mode
from resources.erps import ErpsResource
from resources.lake import LakeResource


def _stream_asset(erp: ErpName, stream: ErpStream) -> dg.AssetsDefinition:
    """Make the asset of one stream of one ERP."""
    schema = ERP_TABLES[erp.name, stream]

    @table_asset(schema, retry_policy=WIRE_RETRY, stores_may_fail=True)
    def stream_asset(context: dg.AssetExecutionContext, lake: LakeResource, erps: ErpsResource) -> dg.MaterializeResult:
        house, settings = lake.open(), lake.settings()
        start = datetime.combine(settings.history_start, time.min, UTC)
        known = _read_until(house, erp.name, stream)
        overlap = timedelta(days=settings.reconcile_days)
        pulled = erps.pull(
            erp.name,
            lambda client: pull_erp(
                client, erp_named(erp.name), stream, max(start, known.get(client.store.name, start) - overlap),
                readings=settings.order_readings, keep_personal=settings.keep_personal_data,
            ),
        )  # fmt: skip
        key = pl.concat_str(pl.lit(erp.name), "account", "record_id", separator="/")
        publication = Publication(context, house, schema, mode=Mode.UPSERT, source_key=key)
        publication.pulled(pulled)
        return publication.result()

    return stream_asset


def _read_until(lake: Lake, erp: str, stream: ErpStream) -> dict[str, datetime]:
    """By account, the newest change that has landed."""
    changes = lake.read(ERP_TABLES[erp, stream], columns=["account", "updated_at"]).drop_nulls()
    return dict(changes.group_by("account").agg(pl.col("updated_at").max()).iter_rows())


ERP_ASSETS: Final = [
    _stream_asset(erp, stream)
    for erp in ERPS.values()
    for stream in erp.streams
    if present(ERP_TABLES[erp.name, stream])
]
"""`raw/<erp>_<stream>` for every ERP with a connected account."""
