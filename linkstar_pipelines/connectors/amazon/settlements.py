"""Amazon's settlement reports, pulled: those that are not known yet, line by line.

Belongs here: which reports are downloaded, and rows made of them. Does not belong here: downloading one
(`settlement.py`), or reading its lines (`domain/amazon_settlements.py`).
"""

import json
from collections.abc import Collection
from datetime import timedelta
from typing import Final

import polars as pl

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.pulls import Pull, platform_now
from linkstar_pipelines.domain.amazon_settlements import ReportFormatError, settlement_rows
from linkstar_pipelines.domain.quarantine import concat_rejects, no_rejects
from linkstar_pipelines.schemas.raw import RawAmazonSettlements

_REPORTS_REACH: Final = timedelta(days=90)  # settlement reports stay listed for 90 days


def pull_settlements(client: AmazonClient, known_reports: Collection[str]) -> Pull:
    """Settlement reports that are not known yet, line by line."""
    now = platform_now(client)
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
