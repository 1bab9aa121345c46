"""Reports API 2021-06-30: the list of settlement reports, and their documents.

Here: getReports, getReport, getReportDocument, createReport (which refuses: settlement reports are made by the
platform, other types are not simulated), and the download behind a pre-signed address on this same server. The
address holds for five real minutes and asks for no access token. Larger documents are GZIP-compressed.
Not here: what stands in a document (see `flat_file`).
"""

import gzip
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Sequence

from starlette.requests import Request

from linkstar_pipelines.sandbox.amazon.flat_file import settlement_file
from linkstar_pipelines.sandbox.amazon.wire import Call, invalid, not_found
from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.paging import Key, TokenBook, TokenRefusedError, cut
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import DAY, iso
from linkstar_pipelines.sandbox.world.settlements import Settlement, SettlementBook

REPORT_TYPE = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
STATUSES = ("CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE")
KEPT = 90 * DAY
LINK_SECONDS, PAGE_TOKEN_SECONDS = 300, 86_400.0
GZIP_MAGIC = b"\x1f\x8b"
COMPRESSED_FROM = 300_000
"""Bytes from which on a document is compressed."""


class ReportsApi:
    """Answers the operations of the Reports API."""

    def __init__(self, world: World, settlements: SettlementBook, tokens: TokenBook, clock: Clock) -> None:
        self._world = world
        self._settlements = settlements
        self._tokens = tokens
        self._clock = clock
        self._key = f"documents-{world.plan.seed}".encode()
        self._contents: dict[str, bytes] = {}

    def list(self, call: Call) -> Reply:
        """Answer getReports, newest report first; a page token must stand alone."""
        token = call.text("nextToken")
        if token and len(call.query) > 1:
            raise invalid("nextToken must be the only parameter.")
        cursor = self._cursor(token) if token else {"filter": _filter(call)}
        wanted = cursor["filter"]

        def matches(report: Settlement) -> bool:
            return (
                REPORT_TYPE in wanted["types"]
                and report.market.id in wanted["markets"]
                and wanted["since"] <= report.reported <= wanted["until"]
                and (not wanted["statuses"] or "DONE" in wanted["statuses"])
            )

        def stream(after: Key | None) -> Iterable[tuple[Key, Settlement]]:
            found = sorted(filter(matches, self._reports(call)), key=_key)
            return ((_key(report), report) for report in found if after is None or _key(report) > after)

        page = cut(stream, _describe, cursor, wanted["size"], Strike())
        body: Json = {"reports": page.items}
        if page.next:
            body["nextToken"] = self._tokens.write({**page.next, "filter": wanted})
        return Reply(body)

    def get(self, call: Call) -> Reply:
        """Answer getReport."""
        for report in self._reports(call):
            if report.report_id == call.path["reportId"]:
                return Reply(_describe(report))
        raise not_found(f"Report {call.path['reportId']} does not exist for this seller.")

    def create(self, call: Call) -> Reply:
        """Answer createReport: always 400.

        Raises:
            ApiError: 400, with the reason.
        """
        try:
            wanted = json.loads(call.body)["reportType"]
        except (ValueError, KeyError, TypeError) as problem:
            raise invalid("The body must be a JSON object with reportType and marketplaceIds.") from problem
        if wanted == REPORT_TYPE:
            raise invalid(f"Report type {REPORT_TYPE} is scheduled by Amazon and cannot be requested.")
        raise invalid(f"Report type {wanted} is not available.")

    def document(self, call: Call) -> Reply:
        """Answer getReportDocument: the address of the document, good for five minutes."""
        document_id = call.path["reportDocumentId"]
        report = next((r for r in self._reports(call) if r.document_id == document_id), None)
        if report is None:
            raise not_found(f"Report document {document_id} does not exist for this seller.")
        expires = int(time.time()) + LINK_SECONDS
        link = f"{call.base_url}/report-documents/{document_id}"
        signature = self._sign(document_id, str(expires))
        url = f"{link}?X-Amz-Expires-At={expires}&X-Amz-Signature={signature}"
        body: Json = {"reportDocumentId": document_id, "url": url}
        if self._content(report).startswith(GZIP_MAGIC):
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
        now = self._clock.now()
        found = (report for store in self._world.stores for report in self._settlements.reported(store.account, now))
        report = next((report for report in found if report.document_id == document_id), None)
        if report is None:
            return _refuse(404, "NoSuchKey", "The specified key does not exist.")
        content = self._content(report)
        compressed = content.startswith(GZIP_MAGIC)
        return Reply(content=content, media_type="application/gzip" if compressed else "text/plain; charset=utf-8")

    def _content(self, report: Settlement) -> bytes:
        """Return the bytes of a document; they never change, so they are made once."""
        if report.document_id not in self._contents:
            content = settlement_file(report).encode()
            large = len(content) >= COMPRESSED_FROM
            self._contents[report.document_id] = gzip.compress(content, mtime=0) if large else content
        return self._contents[report.document_id]

    def _reports(self, call: Call) -> Sequence[Settlement]:
        """Return the reports that are still kept."""
        reported = self._settlements.reported(call.account, call.now)
        return [report for report in reported if call.now - KEPT <= report.reported]

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


def _key(report: Settlement) -> Key:
    return [-report.reported, report.report_id]


def _describe(report: Settlement) -> Json:
    return {
        "reportId": report.report_id,
        "reportType": REPORT_TYPE,
        "marketplaceIds": [report.market.id],
        "dataStartTime": iso(report.start),
        "dataEndTime": iso(report.end),
        "createdTime": iso(report.reported),
        "processingStartTime": iso(report.reported),
        "processingEndTime": iso(report.reported),
        "processingStatus": "DONE",
        "reportDocumentId": report.document_id,
    }


def _refuse(status: int, code: str, message: str) -> Reply:
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Reply(status=status, content=content.encode(), media_type="application/xml")
