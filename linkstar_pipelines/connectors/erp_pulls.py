"""Pulls from ERPs: one stream of one account, read until it is whole and turned into raw rows.

Belongs here: the reading, and the one way from an ERP's records to raw rows, for every ERP alike.
Does not belong here: how an ERP is asked (`connectors/<erp>/`), where the rows go (`assets/erps.py`).

A reading is whole by the rule of `complete.py`: independent readings hold the same records, as many as the ERP states
where it states a number. Orders are read by the time of their change, up to the ERP's present; everything else as it
is now. Raw answers are kept as those of platforms are.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from linkstar_pipelines.connectors.complete import Listing, read_until_complete
from linkstar_pipelines.connectors.erp import Erp, ErpClient, ErpForm
from linkstar_pipelines.connectors.platform import Page, Window
from linkstar_pipelines.connectors.pulls import Pull
from linkstar_pipelines.domain import quarantine
from linkstar_pipelines.domain.observations import any_json, canonical_json, legible, payload_hash
from linkstar_pipelines.schemas.columns import INSTANT
from linkstar_pipelines.schemas.erps import ErpStream, RawErpRecords
from linkstar_pipelines.schemas.quality import ReasonType
from linkstar_pipelines.storage.answer_bodies import AnswerPull

_HASH_DIGITS: Final = 12
_BROKEN_TEXT: Final = "a text in it is no UTF-8; mend the record in the ERP"


def pull_erp(
    client: ErpClient, erp: Erp, stream: ErpStream, since: datetime, *, readings: int, keep_personal: bool
) -> Pull:
    """Read one stream of one account.

    Args:
        client: The account's client.
        erp: Its ERP.
        stream: One of the ERP's streams.
        since: For orders: changes from here on.
        readings: Fewest independent readings that must agree.
        keep_personal: Keep personal data in payloads.

    Raises:
        IncompleteReadingError: the readings keep disagreeing.
        ConnectorError: a reading failed for good.
    """
    form, account = erp.streams[stream], client.store.name
    now = client.check_access().server_time or datetime.now(UTC)
    window = Window(since) if stream is ErpStream.ORDERS else None

    def read_once(number: int) -> Iterator[Page]:
        return client.read(stream, window, number)

    def counts(record: Any) -> bool:
        # What changes while it is read moves from page to page: it is kept, but not compared.
        changed_at = form.updated_at(record)
        return changed_at is None or changed_at <= now

    answers = AnswerPull(erp.name, account, stream.value, window.start if window else None, None, now)
    with client.http.landing(answers, (form.operation,)):
        reading = read_until_complete(
            read_once,
            form.identify,
            readings,
            listing=Listing(erp.name, account, form.operation, form.page_size),
            http=client.http,
            counts=counts,
        )
    rows, rejected = raw_rows(erp.name, account, form, reading.records, now, keep_personal=keep_personal)
    return replace(Pull(account, rows, rejected), readings=reading.readings)


def raw_rows(
    erp: str, account: str, form: ErpForm, records: Iterable[Any], observed_at: datetime, *, keep_personal: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make raw rows of records, the newest version of each.

    Args:
        erp: ERP of the account.
        account: Account that the records belong to.
        form: How the stream's records become rows.
        records: Records as the ERP gave them, in the order they were seen.
        observed_at: When they were read.
        keep_personal: Keep what the form's `mask` takes out.

    Returns:
        Rows of `RawErpRecords`, and rejected records (masked).
    """
    refused: list[dict[str, str]] = []
    found: list[tuple[str, str, str, datetime | None]] = []

    def refuse(identity: str, text: str, reason: str, reason_type: ReasonType) -> None:
        key = f"{erp}/{account}/{identity or '-'}/{payload_hash(text)[:_HASH_DIGITS]}"
        refused.append({"source_key": key, "reason": reason, "reason_type": reason_type.value, "payload": text})

    # One record at a time: reading, masking and hashing a payload are not set-based.
    for record in records:
        kept = record if keep_personal else form.mask(record)
        identity = form.identify(record)
        try:
            text = canonical_json(kept)
        except UnicodeEncodeError:
            refuse(legible(identity), any_json(kept), _BROKEN_TEXT, ReasonType.BROKEN_TEXT)
            continue
        if not identity:
            refuse("", text, "the record has no id", ReasonType.SCHEMA)
            continue
        came = hashlib.sha256(any_json(record).encode()).hexdigest()
        found.append((identity, text, came, form.updated_at(record)))
    columns = pl.Schema({
        "record_id": pl.String(), "payload": pl.String(), "payload_hash": pl.String(), "updated_at": INSTANT,
    })  # fmt: skip
    frame = (
        pl.DataFrame(found, schema=columns, orient="row")
        .with_row_index("seen")
        .sort("updated_at", "seen", nulls_last=False)
        .unique("record_id", keep="last", maintain_order=True)
        .with_columns(account=pl.lit(account), observed_at=pl.lit(observed_at).cast(INSTANT))
    )
    key = pl.concat_str(pl.lit(erp), "account", "record_id", separator="/")
    good, rejected = quarantine.split(frame.select(RawErpRecords.column_names()), RawErpRecords, key)
    return good, quarantine.concat_rejects(pl.DataFrame(refused, schema=quarantine.REJECTED), rejected)
