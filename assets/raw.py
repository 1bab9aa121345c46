"""Group `raw`: observations of the outside, landed before anything is made of them."""

import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import dagster as dg
import dataframely as dy
import polars as pl

from assets.partitions import days_of, stores_of
from assets.streams import present
from assets.tables import WINDOWS_SEALED, WIRE_RETRY, Publication, publish, table_asset
from linkstar_pipelines.connectors.amazon.settlements import pull_settlements
from linkstar_pipelines.connectors.chunks import Chunks
from linkstar_pipelines.connectors.files import file_sha256, read_rows
from linkstar_pipelines.connectors.plans import progress_line
from linkstar_pipelines.connectors.pulls import Pulls, pull_stream
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.domain import order_import
from linkstar_pipelines.quality.partition_results import withdraw
from linkstar_pipelines.rules.order_mapping import load_mapping
from linkstar_pipelines.schemas.columns import INSTANT
from linkstar_pipelines.schemas.platforms import CHANGING, PLATFORMS, PlatformName, Stream
from linkstar_pipelines.schemas.raw import RawAmazonSettlements, RawFxRates, RawImportedOrders
from linkstar_pipelines.schemas.streams import RAW_TABLES, identity_of
from linkstar_pipelines.storage.ingest_windows import IngestWindows, StreamOf
from linkstar_pipelines.storage.publishing import Mode
from resources.fx import FxResource
from resources.lake import LakeResource
from resources.platforms import PlatformsResource, Proof

_OLDEST_RATE = timedelta(days=14)  # the first day of history may follow bank holidays


def _stream_asset(platform: PlatformName, stream: Stream) -> dg.AssetsDefinition:
    """Make the asset of one stream of one platform."""
    schema, by_day = RAW_TABLES[platform.name, stream], stream in CHANGING

    @table_asset(schema, retry_policy=WIRE_RETRY, stores_may_fail=True, sealed=by_day)
    def stream_asset(
        context: dg.AssetExecutionContext, lake: LakeResource, platforms: PlatformsResource
    ) -> dg.MaterializeResult:
        if by_day:
            return _pull_days(context, lake, platforms, platform.name, stream)
        publication = _publication(context, lake, schema, identity_of(platform.name, stream), mode=Mode.UPSERT)
        publication.pulled(_pull(lake, platforms, platform.name, stream, [], stores_of(context)))
        return publication.result()

    return stream_asset


def _pull_days(
    context: dg.AssetExecutionContext, lake: LakeResource, platforms: PlatformsResource, platform: str, stream: Stream
) -> dg.MaterializeResult:
    """Pull a stream that is read by change time, some days at a time; what is published is sealed at once.

    A store that fails is not asked for the days that follow: its windows stay open.
    """
    days, stores = days_of(context), stores_of(context)
    publication = _publication(
        context, lake, RAW_TABLES[platform, stream], identity_of(platform, stream), mode=Mode.ADD_NEW, days=days
    )
    chunks, asked, done, records, begun = Chunks(days), stores, 0, 0, time.monotonic()
    for chunk in chunks:
        pulled = _pull(lake, platforms, platform, stream, chunk, asked)
        late = _late(lake, platform, stream, pulled)
        publication.pulled(pulled)
        platforms.seal(platform, stream, pulled, late)
        brought = sum(pull.rows.height for pull in pulled.done)
        chunks.brought(chunk, brought)
        asked = [pull.store for pull in pulled.done]
        done, records = done + len(chunk), records + brought
        context.log.info(progress_line(done, len(days), records, time.monotonic() - begun))
    withdraw(context, context.asset_key, [WINDOWS_SEALED])
    proofs = platforms.proofs(platform, stream, lake.settings().history_start, days, stores)
    landed = publication.result()
    return landed._replace(check_results=[*landed.check_results, _windows_sealed(proofs)])


def _pull(  # noqa: PLR0917  # who, what and when
    lake: LakeResource,
    platforms: PlatformsResource,
    platform: str,
    stream: Stream,
    days: Sequence[date],
    stores: Sequence[str] | None,
) -> Pulls:
    settings = lake.settings()
    return platforms.pull(
        platform,
        stores,
        lambda client: pull_stream(
            client, platform_named(platform), stream, days,
            readings=settings.order_readings, keep_personal=settings.keep_personal_data,
        ),
    )  # fmt: skip


def _late(lake: LakeResource, platform: str, stream: Stream, pulled: Pulls) -> dict[str, list[str]]:
    """By store, records that are new to the lake and changed within a window that had been sealed."""
    schema, identity, found = RAW_TABLES[platform, stream], identity_of(platform, stream), {}
    at = "posted_at" if stream is Stream.FINANCES else "updated_at"
    windows = IngestWindows(lake.postgres())
    for pull in pulled.done:
        # The pull itself has put its days into other states by now.
        sealed = windows.once_sealed_until(StreamOf(platform, pull.store, stream.value))
        if not sealed or pull.rows.is_empty():
            continue
        until = pl.DataFrame({"changed_on": list(sealed), "until": list(sealed.values())})
        touched = set(sealed).intersection(pull.rows["changed_on"])
        known = lake.open().read(schema, columns=["store", "payload_hash"], days=touched)
        fresh = pull.rows.join(known, on=["store", "payload_hash"], how="anti")
        came_late = fresh.join(until.cast({"until": INSTANT}), on="changed_on").filter(pl.col(at) < pl.col("until"))
        if came_late.height:
            found[pull.store] = came_late[identity].unique().sort().to_list()
    return found


def _windows_sealed(proofs: Sequence[Proof]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=WINDOWS_SEALED,
        passed=all(proof.whole for proof in proofs),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "sealed_up_to": {proof.store: proof.cursor.isoformat() for proof in proofs},
            "days_before_that_are_open": [proof.store for proof in proofs if proof.hole],
            "unsealed": {p.store: {day.isoformat(): state for day, state in p.unsealed.items()} for p in proofs},
            "known_missing": {proof.store: proof.missing for proof in proofs if proof.missing},
        },
    )


STREAM_ASSETS: Final = [
    _stream_asset(platform, stream)
    for platform in PLATFORMS.values()
    for stream in platform.streams
    if present(RAW_TABLES[platform.name, stream])
]
"""`raw/<platform>_<stream>` for every registered platform with a store."""


@table_asset(RawAmazonSettlements, retry_policy=WIRE_RETRY, stores_may_fail=True)
def amazon_settlements(
    context: dg.AssetExecutionContext, lake: LakeResource, platforms: PlatformsResource
) -> dg.MaterializeResult:
    """Download the settlement reports that are not in the lake yet."""
    known = set(lake.open().read(RawAmazonSettlements, columns=["report_id"])["report_id"].unique())
    publication = _publication(context, lake, RawAmazonSettlements, "report_id", mode=Mode.ADD_NEW)
    publication.pulled(platforms.pull("amazon", stores_of(context), lambda client: pull_settlements(client, known)))
    return publication.result()


def _publication(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    schema: type[dy.Schema],
    key: str,
    *,
    mode: Mode,
    days: Sequence[date] | None = None,
) -> Publication:
    """The publication of what stores say; `key` identifies a record within its store."""
    source_key = pl.concat_str("platform", "store", key, separator="/")
    return Publication(context, lake.open(), schema, mode=mode, source_key=source_key, days=days)


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
