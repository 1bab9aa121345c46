"""Group `raw`: observations of the outside, landed before anything is made of them."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import dataframely as dy
import polars as pl

from assets.partitions import days_of, stores_of
from assets.tables import WIRE_RETRY, publish, table_asset
from linkstar_pipelines.connectors.amazon import pulls
from linkstar_pipelines.connectors.files import file_sha256, read_rows
from linkstar_pipelines.domain import order_import
from linkstar_pipelines.rules.order_mapping import load_mapping
from linkstar_pipelines.schemas.raw import (
    RawAmazonFinances,
    RawAmazonInventory,
    RawAmazonListings,
    RawAmazonOrders,
    RawAmazonSettlements,
    RawFxRates,
    RawImportedOrders,
)
from linkstar_pipelines.storage.publishing import Mode
from resources.amazon import AmazonResource
from resources.fx import FxResource
from resources.lake import LakeResource

_OLDEST_RATE = timedelta(days=14)  # the first day of history may follow bank holidays


@table_asset(RawAmazonOrders, retry_policy=WIRE_RETRY, stores_may_fail=True)
def amazon_orders(
    context: dg.AssetExecutionContext, lake: LakeResource, amazon: AmazonResource
) -> dg.MaterializeResult:
    """Pull the orders that changed on the run's days, from every store."""
    days, settings = days_of(context), lake.settings()
    pulled = amazon.pull(
        stores_of(context),
        lambda client: pulls.pull_orders(
            client, days, readings=settings.order_readings, keep_personal=settings.keep_personal_data
        ),
    )
    return _land(context, lake, RawAmazonOrders, pulled, "order_id", mode=Mode.ADD_NEW, days=days)


@table_asset(RawAmazonListings, retry_policy=WIRE_RETRY, stores_may_fail=True)
def amazon_listings(
    context: dg.AssetExecutionContext, lake: LakeResource, amazon: AmazonResource
) -> dg.MaterializeResult:
    """Read every listing of every store."""
    readings = lake.settings().order_readings
    pulled = amazon.pull(stores_of(context), lambda client: pulls.pull_listings(client, readings=readings))
    return _land(context, lake, RawAmazonListings, pulled, "seller_sku", mode=Mode.UPSERT)


@table_asset(RawAmazonInventory, retry_policy=WIRE_RETRY, stores_may_fail=True)
def amazon_inventory(
    context: dg.AssetExecutionContext, lake: LakeResource, amazon: AmazonResource
) -> dg.MaterializeResult:
    """Read the FBA stock of every marketplace of every store."""
    readings = lake.settings().order_readings
    pulled = amazon.pull(stores_of(context), lambda client: pulls.pull_inventory(client, readings=readings))
    return _land(context, lake, RawAmazonInventory, pulled, "seller_sku", mode=Mode.UPSERT)


@table_asset(RawAmazonFinances, retry_policy=WIRE_RETRY, stores_may_fail=True)
def amazon_finances(
    context: dg.AssetExecutionContext, lake: LakeResource, amazon: AmazonResource
) -> dg.MaterializeResult:
    """Pull the financial transactions posted on the run's days, from every store."""
    days, readings = days_of(context), lake.settings().order_readings
    pulled = amazon.pull(stores_of(context), lambda client: pulls.pull_finances(client, days, readings=readings))
    return _land(context, lake, RawAmazonFinances, pulled, "transaction_id", mode=Mode.ADD_NEW, days=days)


@table_asset(RawAmazonSettlements, retry_policy=WIRE_RETRY, stores_may_fail=True)
def amazon_settlements(
    context: dg.AssetExecutionContext, lake: LakeResource, amazon: AmazonResource
) -> dg.MaterializeResult:
    """Download the settlement reports that are not in the lake yet."""
    known = set(lake.open().read(RawAmazonSettlements, columns=["report_id"])["report_id"].unique())
    pulled = amazon.pull(stores_of(context), lambda client: pulls.pull_settlements(client, known))
    return _land(context, lake, RawAmazonSettlements, pulled, "report_id", mode=Mode.ADD_NEW)


def _land(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    schema: type[dy.Schema],
    pulled: pulls.Pulls,
    key: str,
    *,
    mode: Mode,
    days: Sequence[date] | None = None,
) -> dg.MaterializeResult:
    """Publish what the stores said; `key` identifies a record within its store."""
    return publish(
        context, lake.open(), schema, pulled.rows(schema), mode=mode, rejected=pulled.rejected, days=days,
        source_key=pl.concat_str("platform", "store", key, separator="/"), pulls=pulled,
    )  # fmt: skip


class OrderFile(dg.Config):
    """The file to import in this run; without one the asset leaves the table as it is."""

    path: str | None = None
    mapping: str | None = None
    store: str | None = None


@table_asset(RawImportedOrders)
def imported_orders(context: dg.AssetExecutionContext, config: OrderFile, lake: LakeResource) -> dg.MaterializeResult:
    """Import one order file by its declared mapping, if the run names one."""
    house, days = lake.open(), days_of(context)
    if config.path is None or config.mapping is None:
        return publish(context, house, RawImportedOrders, RawImportedOrders.create_empty(), mode=Mode.ADD_NEW)
    path, mapping = Path(config.path), load_mapping(Path(config.mapping))
    imported = order_import.apply_mapping(
        read_rows(path),
        mapping,
        file_sha256=file_sha256(path),
        imported_on=days[0],
        store=config.store or mapping.store,
    )
    result = publish(
        context, house, RawImportedOrders, imported.lines, mode=Mode.UPSERT, rejected=imported.rejected,
        source_key=order_import.source_key(pl.col("store"), pl.col("file_sha256"), pl.col("line_number")),
    )  # fmt: skip
    context.add_asset_metadata(vars(imported.counts), partition_key=days[0].isoformat())
    return result


@table_asset(RawFxRates, retry_policy=WIRE_RETRY)
def fx_rates(context: dg.AssetExecutionContext, lake: LakeResource, fx: FxResource) -> dg.MaterializeResult:
    """Fetch the reference rates that are newer than those in the lake."""
    house = lake.open()
    newest = house.query("SELECT max(day) AS day FROM raw.fx_rates").item()
    rates = fx.rates(since=newest or lake.settings().history_start - _OLDEST_RATE)
    shape = {name: RawFxRates.columns()[name].dtype for name in ("day", "currency", "units_per_eur")}
    rows = pl.DataFrame(rates, schema=shape, orient="row").with_columns(source=pl.lit("ECB"))
    return publish(context, house, RawFxRates, rows, mode=Mode.ADD_NEW)
