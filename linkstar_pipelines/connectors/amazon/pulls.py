"""Pulls: one stream of one store, read whole and turned into raw rows.

Belongs here: which window a run reads, the reading, and the observations made of it.
Does not belong here: when a pull happens (`orchestration/`), or where its rows go (`assets/`).
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar

import dataframely as dy
import polars as pl

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.amazon.complete import (
    OrderWindow,
    read_inventory_until_complete,
    read_listings_until_complete,
    read_orders_until_complete,
    read_transactions_until_complete,
)
from linkstar_pipelines.connectors.stores import StoreFailure, ask_stores
from linkstar_pipelines.domain import observations
from linkstar_pipelines.domain.amazon_settlements import ReportFormatError, settlement_rows
from linkstar_pipelines.domain.quarantine import concat_rejects, no_rejects
from linkstar_pipelines.schemas.raw import RawAmazonSettlements

_SETTLED: Final = timedelta(minutes=3)  # Amazon refuses bounds younger than two minutes; clocks differ a little
_REPORTS_REACH: Final = timedelta(days=90)  # settlement reports stay listed for 90 days


S = TypeVar("S", bound=dy.Schema)


@dataclass(frozen=True)
class Pull:
    """What one pull brought: rows for the raw table, refused ones, and how it was read."""

    store: str
    rows: pl.DataFrame
    rejected: pl.DataFrame
    readings: int = 1


@dataclass
class Pulls:
    """The pulls of all stores; a store that failed never keeps the others from being read."""

    done: list[Pull] = field(default_factory=list)
    failed: dict[str, StoreFailure] = field(default_factory=dict)

    def rows(self, schema: type[S]) -> dy.DataFrame[S]:
        """Rows of all stores that answered."""
        return schema.cast(pl.concat([schema.create_empty(), *(pull.rows for pull in self.done)]))

    @property
    def rejected(self) -> pl.DataFrame:
        """Refused rows of all stores."""
        return concat_rejects(*(pull.rejected for pull in self.done))


def pull_stores(stores: Sequence[str], pull: Callable[[str], Pull]) -> Pulls:
    """Pull from all stores side by side; collect failures instead of stopping at one."""
    done, failed = ask_stores(stores, pull)
    return Pulls(list(done.values()), failed)


def window(days: Collection[date], platform_now: datetime) -> tuple[datetime, datetime | None] | None:
    """The change window of a run over `days`, seen from the platform's clock.

    Returns:
        Start and end; the end is None when the window is still open; None when it lies in the future.
    """
    start = datetime.combine(min(days), time.min, UTC)
    end = datetime.combine(max(days), time.min, UTC) + timedelta(days=1)
    if start >= platform_now - _SETTLED:
        return None
    return start, end if end <= platform_now - _SETTLED else None


def _platform_now(client: AmazonClient) -> datetime:
    """The platform's own clock: windows are judged by it. Ours where an answer carries no date."""
    return client.check_access().server_time or datetime.now(UTC)


def pull_orders(client: AmazonClient, days: Collection[date], *, readings: int, keep_personal: bool) -> Pull:
    """Orders changed on `days`, every version seen."""
    now = _platform_now(client)
    span = window(days, now)
    records, read = [], 0
    if span is not None:
        reading = read_orders_until_complete(client, OrderWindow(*span), readings)
        records, read = reading.records, reading.readings
    rows, rejected = observations.order_observations(
        op.PLATFORM, client.store.name, records, now, keep_personal=keep_personal
    )
    return Pull(client.store.name, rows, rejected, read)


def pull_listings(client: AmazonClient, *, readings: int) -> Pull:
    """All listings of the store."""
    now = _platform_now(client)
    reading = read_listings_until_complete(client, readings)
    rows, rejected = observations.listing_observations(op.PLATFORM, client.store.name, reading.records, now)
    return Pull(client.store.name, rows, rejected, reading.readings)


def pull_inventory(client: AmazonClient, *, readings: int) -> Pull:
    """FBA stock of all marketplaces of the store."""
    parts = []
    for marketplace_id in client.store.marketplace_ids:
        now = _platform_now(client)
        reading = read_inventory_until_complete(client, marketplace_id, readings)
        parts.append(
            observations.inventory_observations(op.PLATFORM, client.store.name, marketplace_id, reading.records, now)
        )
    rows = pl.concat([rows for rows, _ in parts])
    return Pull(client.store.name, rows, concat_rejects(*(rejected for _, rejected in parts)))


def pull_finances(client: AmazonClient, days: Collection[date], *, readings: int) -> Pull:
    """Financial transactions posted on `days`."""
    now = _platform_now(client)
    span = window(days, now)
    records, read = [], 0
    if span is not None:
        reading = read_transactions_until_complete(client, span[0], span[1] or now - _SETTLED, readings)
        records, read = reading.records, reading.readings
    rows, rejected = observations.transaction_observations(op.PLATFORM, client.store.name, records, now)
    return Pull(client.store.name, rows, rejected, read)


def pull_settlements(client: AmazonClient, known_reports: Collection[str]) -> Pull:
    """Settlement reports that are not known yet, line by line."""
    now = _platform_now(client)
    parts: list[tuple[pl.DataFrame, pl.DataFrame]] = [(RawAmazonSettlements.create_empty(), no_rejects())]
    for report in client.settlement_reports(now - _REPORTS_REACH):
        if report["reportId"] in known_reports:
            continue
        text = client.settlement_document(report["reportDocumentId"])
        parts.append(_settlement(client.store.name, report["reportId"], text))
    return Pull(
        client.store.name,
        pl.concat([rows for rows, _ in parts]),
        concat_rejects(*(rejected for _, rejected in parts)),
    )


def _settlement(store: str, report_id: str, text: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of one report; a report in an unknown form is refused as a whole, and the others go on."""
    try:
        return settlement_rows(op.PLATFORM, store, report_id, text)
    except ReportFormatError as error:
        refused = {
            "source_key": [f"{op.PLATFORM}/{store}/{report_id}"],
            "reason": [str(error)],
            "payload": [json.dumps({"report_id": report_id, "beginning": text[:500]}, ensure_ascii=False)],
        }
        return RawAmazonSettlements.create_empty(), pl.DataFrame(refused)
