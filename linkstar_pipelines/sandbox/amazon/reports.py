"""Reports API 2021-06-30: the list of reports, and their documents.

Here: getReports, getReport, getReportDocument, and the download behind a pre-signed address on this same server. The
address holds for five real minutes and asks for no access token. Larger documents are GZIP-compressed.
Not here: what stands in a document (see `flat_file`, `returns_file`), createReport (see `requested_reports`; settlement
reports are made by the platform).
"""

import gzip
import hashlib
import hmac
import time
from collections.abc import Iterable, Sequence

from starlette.requests import Request

from linkstar_pipelines.sandbox.amazon.flat_file import settlement_file
from linkstar_pipelines.sandbox.amazon.requested_reports import SCHEDULED, Report, RequestedReports
from linkstar_pipelines.sandbox.amazon.wire import Call, invalid, not_found
from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.paging import Key, TokenBook, TokenRefusedError, cut
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import DAY
from linkstar_pipelines.sandbox.world.settlements import Settlement, SettlementBook

STATUSES = ("CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE")
KEPT = 90 * DAY
LINK_SECONDS, PAGE_TOKEN_SECONDS = 300, 86_400.0
GZIP_MAGIC = b"\x1f\x8b"
COMPRESSED_FROM = 300_000
"""Bytes from which on a document is compressed."""


class ReportsApi:
    """Answers the operations of the Reports API."""

    def __init__(
        self, world: World, settlements: SettlementBook, requested: RequestedReports, tokens: TokenBook, clock: Clock
    ) -> None:
        self._world = world
        self._settlements = settlements
        self._requested = requested
        self._tokens = tokens
        self._clock = clock
        self._key = f"documents-{world.plan.seed}".encode()
        self._contents: dict[str, tuple[bytes, str]] = {}

    def list(self, call: Call) -> Reply:
        """Answer getReports, newest report first; a page token must stand alone."""
        token = call.text("nextToken")
        if token and len(call.query) > 1:
            raise invalid("nextToken must be the only parameter.")
        cursor = self._cursor(token) if token else {"filter": _filter(call)}
        wanted = cursor["filter"]

        def matches(report: Report) -> bool:
            return (
                report.type in wanted["types"]
                and not set(report.markets).isdisjoint(wanted["markets"])
                and wanted["since"] <= report.created <= wanted["until"]
                and (not wanted["statuses"] or report.status in wanted["statuses"])
            )

        def stream(after: Key | None) -> Iterable[tuple[Key, Report]]:
            found = sorted(filter(matches, self._reports(call)), key=_key)
            return ((_key(report), report) for report in found if after is None or _key(report) > after)

        page = cut(stream, Report.describe, cursor, wanted["size"], Strike())
        body: Json = {"reports": page.items}
        if page.next:
            body["nextToken"] = self._tokens.write({**page.next, "filter": wanted})
        return Reply(body)

    def get(self, call: Call) -> Reply:
        """Answer getReport."""
        for report in self._reports(call):
            if report.id == call.path["reportId"]:
                return Reply(report.describe())
        raise not_found(f"Report {call.path['reportId']} does not exist for this seller.")

    def document(self, call: Call) -> Reply:
        """Answer getReportDocument: the address of the document, good for five minutes."""
        document_id = call.path["reportDocumentId"]
        if document_id not in {report.document_id for report in self._reports(call)}:
            raise not_found(f"Report document {document_id} does not exist for this seller.")
        expires = int(time.time()) + LINK_SECONDS
        link = f"{call.base_url}/report-documents/{document_id}"
        signature = self._sign(document_id, str(expires))
        url = f"{link}?X-Amz-Expires-At={expires}&X-Amz-Signature={signature}"
        body: Json = {"reportDocumentId": document_id, "url": url}
        if self._content(document_id)[0].startswith(GZIP_MAGIC):
            body["compressionAlgorithm"] = "GZIP"
        return Reply(body)

    def download(self, request: Request, _body: bytes) -> Reply:
        """Answer a download at a pre-signed address, with the errors of an object store (XML)."""
        document_id, expires = request.path_params["documentId"], request.query_params.get("X-Amz-Expires-At", "")
        signature = request.query_params.get("X-Amz-Signature", "")
        if not hmac.compare_digest(self._sign(document_id, expires).encode(), signature.encode()):
            return _refuse(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
        if int(expires) < time.time():
            return _refuse(403, "AccessDenied", "Request has expired")
        content, media_type = self._content(document_id)
        if not content:
            return _refuse(404, "NoSuchKey", "The specified key does not exist.")
        return Reply(content=content, media_type=media_type)

    def _content(self, document_id: str) -> tuple[bytes, str]:
        """Return the bytes of a document and their media type; they never change, so they are made once."""
        if document_id not in self._contents:
            content, charset = self._requested.content(document_id) or self._settled(document_id)
            if len(content) >= COMPRESSED_FROM:
                self._contents[document_id] = gzip.compress(content, mtime=0), "application/gzip"
            else:
                self._contents[document_id] = content, f"text/plain; charset={charset}"
        return self._contents[document_id]

    def _settled(self, document_id: str) -> tuple[bytes, str]:
        now = self._clock.now()
        found = (report for store in self._world.stores for report in self._settlements.reported(store.account, now))
        report = next((report for report in found if report.document_id == document_id), None)
        return settlement_file(report).encode() if report else b"", "utf-8"

    def _reports(self, call: Call) -> Sequence[Report]:
        """Return the reports that are still kept."""
        settled = map(_settlement_report, self._settlements.reported(call.account, call.now))
        reports = [*settled, *self._requested.of(call.account.code)]
        return [report for report in reports if call.now - KEPT <= report.created]

    def _cursor(self, token: str) -> Json:
        try:
            return self._tokens.read(token, PAGE_TOKEN_SECONDS)
        except TokenRefusedError as problem:
            raise invalid(str(problem), "Invalid nextToken") from problem

    def _sign(self, document_id: str, expires: str) -> str:
        return hmac.new(self._key, f"{document_id}?{expires}".encode(), hashlib.sha256).hexdigest()


def _filter(call: Call) -> Json:
    call.required("reportTypes")
    since, until = call.instant("createdSince"), call.instant("createdUntil")
    return {
        "types": call.words("reportTypes", at_most=10),
        "statuses": call.words("processingStatuses", STATUSES),
        "markets": [market.id for market in call.marketplaces(at_most=10)],
        "since": call.now - KEPT if since is None else since,
        "until": call.now if until is None else until,
        "size": call.integer("pageSize", 10, 1, 100),
    }


def _key(report: Report) -> Key:
    return [-report.created, report.id]


def _settlement_report(settlement: Settlement) -> Report:
    return Report(
        settlement.report_id, SCHEDULED, (settlement.market.id,), settlement.start, settlement.end, settlement.reported,
        "DONE", settlement.document_id,
    )  # fmt: skip


def _refuse(status: int, code: str, message: str) -> Reply:
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Reply(status=status, content=content.encode(), media_type="application/xml")
