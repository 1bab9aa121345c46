"""Amazon's reports (2021-06-30): listing them, having them made, and downloading their documents.

Belongs here: what all report types have in common.
Does not belong here: which reports are wanted and what stands in them (`settlements.py`, `return_reports.py`), or the
bytes of a document (`documents.py`).

Making reports is what the plan allows least of (one a minute, 15 at once), so a report that is already being made is
waited for instead of asking again; that is also how a request is found whose answer was lost.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.calls import AmazonCalls
from linkstar_pipelines.connectors.amazon.documents import fetch_document
from linkstar_pipelines.connectors.errors import (
    MalformedAnswerError,
    PlatformError,
    ReportFailedError,
    UnreachableError,
)
from linkstar_pipelines.connectors.fields import iso_milliseconds
from linkstar_pipelines.connectors.platform import Payload
from linkstar_pipelines.settings import AmazonStore

_NO_DATA: Final = "CANCELLED"
_FAILED: Final = "FATAL"
_MADE: Final = "DONE"
_BEING_MADE: Final = "IN_QUEUE,IN_PROGRESS"
_MOST_REQUESTS: Final = 30  # requests for one report whose answers were lost
_POLL_COST: Final = 30  # a look at a report waits for as long as the plan takes to grant so many: 15 s by the documents
_MOST_POLLS: Final = 240  # one hour by the documented plan
_ROUNDING: Final = timedelta(minutes=1)  # Amazon may cut the seconds off the span that it was asked for


@dataclass(frozen=True)
class Wanted:
    """A report that is wanted: its type and the span [start, end) of its data.

    Attributes:
        enough: A report of the same start that reaches this far serves as well; `end` where none other does.
    """

    report_type: str
    start: datetime
    end: datetime
    enough: datetime

    @property
    def words(self) -> str:
        """What is wanted, for a message."""
        return f"{self.report_type} from {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"


class AmazonReports:
    """The reports of one store. Every method raises the errors of `HttpCore.call`."""

    def __init__(self, calls: AmazonCalls) -> None:
        self._calls = calls

    def listed(self, report_types: Sequence[str], **filters: str) -> Iterator[Payload]:
        """List reports of some types as the model's `Report`; `filters` are parameters of getReports."""
        params = {"reportTypes": ",".join(report_types), "pageSize": "100", **filters}
        while True:
            page = self._calls.call(op.GET_REPORTS, params).data
            yield from page["reports"]
            if not page.get("nextToken"):
                return
            params = {"nextToken": page["nextToken"]}  # here the token must stand alone

    @property
    def store(self) -> AmazonStore:
        """The store's settings."""
        return self._calls.store

    @property
    def present(self) -> datetime:
        """Amazon's own clock by the date of its newest answer."""
        return self._calls.present

    def being_made(self, report_types: Collection[str]) -> list[Payload]:
        """List the reports of some types that Amazon is making now, whoever asked for them."""
        return list(self.listed(sorted(report_types), processingStatuses=_BEING_MADE))

    def texts(self, wanted: Sequence[Wanted], made: Sequence[Payload], *, operation: str) -> Iterator[str | None]:
        """Have reports made side by side, and give the text of each in turn; None where there is no data for it.

        Args:
            wanted: The reports.
            made: Those that are being made already (`being_made`): one that serves is waited for.
            operation: Name of the downloads in the call log.

        Raises:
            ReportFailedError: Amazon cannot make a report, or takes too long.
            MalformedAnswerError: a report that is said to be done covers less than was asked for, or lacks its
                document.
        """
        requested = [(one, self._find(made, one) or self._request(one)) for one in wanted]
        for one, report_id in requested:
            document_id = self._await(one, report_id)
            asked = {"reportType": one.report_type}
            yield None if document_id is None else self.document(document_id, operation=operation, asked=asked)

    def document(self, report_document_id: str, *, operation: str, asked: Mapping[str, str] | None = None) -> str:
        """Download a report's document (tab-separated, first line the column names).

        Args:
            report_document_id: The document.
            operation: Name of the download in the call log.
            asked: What is kept beside the answer (`Request.asked`).

        Raises:
            MalformedAnswerError: the file stays cut, or two downloads never agree.
        """
        url = str(self._calls.call(op.GET_REPORT_DOCUMENT, {}, report_document_id).data["url"])
        return fetch_document(self._calls.http, self._calls.store, url, operation=operation, asked=asked)

    def _find(self, reports: Sequence[Payload], wanted: Wanted) -> str | None:
        """Id of a report that serves as the one wanted."""
        markets = set(self._calls.store.marketplace_ids)
        for report in reports:
            span = _span(report)
            if (
                report.get("reportType") == wanted.report_type
                and set(report.get("marketplaceIds") or []) == markets
                and span is not None
                and span[0] == wanted.start
                and span[1] >= wanted.enough
            ):
                return str(report["reportId"])
        return None

    def _request(self, wanted: Wanted) -> str:
        """Ask for a report. A request whose answer was lost may have been taken: it is looked for before the next."""
        body = {
            "reportType": wanted.report_type,
            "marketplaceIds": list(self._calls.store.marketplace_ids),
            "dataStartTime": iso_milliseconds(wanted.start),
            "dataEndTime": iso_milliseconds(wanted.end),
        }
        for _ in range(_MOST_REQUESTS - 1):
            try:
                return str(self._calls.call(op.CREATE_REPORT, {}, body=body).data["reportId"])
            except (UnreachableError, PlatformError, MalformedAnswerError):
                if found := self._find(self.being_made([wanted.report_type]), wanted):
                    return found
        return str(self._calls.call(op.CREATE_REPORT, {}, body=body).data["reportId"])

    def _await(self, wanted: Wanted, report_id: str) -> str | None:
        """Wait until a report is made; its document's id, or None where there is no data for it."""
        for look in range(_MOST_POLLS):
            answer = self._calls.call(op.GET_REPORT, {}, report_id)
            report, status = answer.data, answer.data["processingStatus"]
            if status == _NO_DATA:
                return None
            if status == _MADE:
                return self._whole(wanted, report, answer.trace_id)
            if status == _FAILED or look == _MOST_POLLS - 1:
                raise self._failed(wanted, report_id, f"is {status}", answer.trace_id)
            time.sleep(_POLL_COST / (answer.granted_rate or op.GET_REPORT.plan.rate))
        raise AssertionError("the last look raises")

    def _whole(self, wanted: Wanted, report: Payload, trace_id: str) -> str:
        """The document of a report that is done, once it is sure that it covers what was asked for."""
        span, problem = _span(report), ""
        if not report.get("reportDocumentId"):
            problem = "is said to be done, but names no document"
        elif span is not None and (span[0] > wanted.start + _ROUNDING or span[1] < wanted.enough - _ROUNDING):
            problem = f"covers only {span[0]:%Y-%m-%d %H:%M} to {span[1]:%Y-%m-%d %H:%M} UTC"
        if problem:
            raise MalformedAnswerError(
                f"report {report['reportId']} ({wanted.words}) {problem}. Nothing of it was kept; run it later.",
                platform=op.PLATFORM, store=self._calls.store.name, operation=op.GET_REPORT.name, trace_id=trace_id,
            )  # fmt: skip
        return str(report["reportDocumentId"])

    def _failed(self, wanted: Wanted, report_id: str, what: str, trace_id: str) -> ReportFailedError:
        return ReportFailedError(
            f"report {report_id} ({wanted.words}) {what}. Amazon refuses reports that are asked for too often: run it "
            "in an hour. If it stays, see the report in Seller Central, or open a case with its id.",
            platform=op.PLATFORM, store=self._calls.store.name, operation=op.GET_REPORT.name, trace_id=trace_id,
        )  # fmt: skip


def _span(report: Payload) -> tuple[datetime, datetime] | None:
    """The span of a report's data; None where it tells none that can be read."""
    try:
        return op.parse_instant(report["dataStartTime"]), op.parse_instant(report["dataEndTime"])
    except (KeyError, TypeError, ValueError):
        return None
