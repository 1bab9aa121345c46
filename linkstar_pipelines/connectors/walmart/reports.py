"""Walmart's settlement (reconciliation) reports: which there are, and their rows.

Belongs here: reading the reports of a window.
Does not belong here: the identity of a row (`records.py`), or what a row means (`payments.py`).
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from linkstar_pipelines.connectors.errors import MalformedAnswerError
from linkstar_pipelines.connectors.platform import Payload, Window
from linkstar_pipelines.connectors.walmart import operations as op
from linkstar_pipelines.connectors.walmart.calls import WalmartCalls
from linkstar_pipelines.connectors.walmart.forms import report_instant
from linkstar_pipelines.connectors.walmart.records import ReportRows

_VERSION = {"reportVersion": "v1"}
_PATIENCE = 2  # pages without progress that are asked for again before they count as the end


def report_pages(calls: WalmartCalls, store: str, window: Window, size: int) -> Iterator[list[Payload]]:
    """List the rows of the reports dated within a window, page by page.

    Raises:
        MalformedAnswerError: the date of a report cannot be read, so nobody knows which window it belongs to.
    """
    end = window.end or datetime.max.replace(tzinfo=UTC)
    for date in calls.call(op.REPORT_DATES, _VERSION).data["availableApReportDates"]:
        dated = report_instant(str(date))
        if dated is None:
            raise MalformedAnswerError(
                f"the report date `{date}` is not in the form MMDDYYYY. Compare Walmart's current API model with the "
                "connector.",
                platform=op.PLATFORM, store=store, operation=op.REPORT_DATES.name,
            )  # fmt: skip
        if window.start <= dated < end:
            yield from _rows(calls, str(date), size)


def _rows(calls: WalmartCalls, date: str, size: int) -> Iterator[list[Payload]]:
    report, offset, still = ReportRows(date), 0, 0
    while True:
        asked = {"reportDate": date, "offset": str(offset)}
        page = calls.call(op.REPORT, {**asked, "noOfRecords": str(size)}, asked=asked).data
        rows = page["reportData"]
        if not rows:
            return
        if not still:
            yield report.add(rows)
        following = int(page.get("nextOffset") or 0)
        if following > offset:
            offset, still = following, 0
        elif still < _PATIENCE:
            still += 1
        else:
            return
