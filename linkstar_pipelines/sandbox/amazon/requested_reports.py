"""Reports that a seller asks for: taken, queued, made, or cancelled because there is nothing to tell.

Here: createReport, and what a request has come to. Making one takes real seconds, divided like all plans by the scale
of the sandbox; a report tells of the world as it was when it was asked for. Requests are forgotten when the sandbox
ends.
Not here: listing and downloading reports (see `reports`), what stands in them (see `returns_file`).
"""

import json
import time
from dataclasses import dataclass

from linkstar_pipelines.sandbox.amazon.returns_file import FBA, SELLER, returns_file
from linkstar_pipelines.sandbox.amazon.wire import Call, invalid, unauthorized
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import DAY, iso, parse

TYPES = (FBA, SELLER)
SCHEDULED = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
LONGEST_SPAN = 60 * DAY
QUEUED_SECONDS, MAKING_SECONDS = 5.0, 20.0
MOST_MARKETPLACES = 25


@dataclass(frozen=True, slots=True)
class Report:
    """A report as the wire shows it; `document_id` is None until it is done, and for good when it is cancelled."""

    id: str
    type: str
    markets: tuple[str, ...]
    start: int
    end: int
    created: int
    status: str
    document_id: str | None

    def describe(self) -> Json:
        """Write it in the form of the model's `Report`."""
        body: Json = {
            "reportId": self.id,
            "reportType": self.type,
            "marketplaceIds": list(self.markets),
            "dataStartTime": iso(self.start),
            "dataEndTime": iso(self.end),
            "createdTime": iso(self.created),
            "processingStatus": self.status,
        }
        if self.status != "IN_QUEUE":
            body["processingStartTime"] = iso(self.created)
        if self.status in {"DONE", "CANCELLED"}:
            body["processingEndTime"] = iso(self.created)
        if self.document_id:
            body["reportDocumentId"] = self.document_id
        return body


@dataclass(frozen=True, slots=True)
class _Request:
    account_code: str
    report: Report
    asked: float
    content: bytes
    charset: str


class RequestedReports:
    """The requests of all accounts.

    Args:
        world: Where the returns are.
        scale: How many times faster than Amazon reports are made.
    """

    def __init__(self, world: World, scale: float) -> None:
        self._world = world
        self._scale = scale
        self._requests: list[_Request] = []

    def create(self, call: Call) -> Reply:
        """Answer createReport.

        Raises:
            ApiError: 400 or 403, with the reason.
        """
        try:
            body = json.loads(call.body)
            wanted, markets = str(body["reportType"]), tuple(map(str, body["marketplaceIds"]))
            start, end = (parse(body[name]) if name in body else call.now for name in ("dataStartTime", "dataEndTime"))
        except (ValueError, KeyError, TypeError) as problem:
            raise invalid("The body must be a JSON object with reportType and marketplaceIds.") from problem
        self._check(call, wanted, markets, start, end)
        store = self._world.reach(call.now).store(call.account.code)
        number = chance.number("requested", call.account.code, len(self._requests)) % 10**9
        report = Report(f"{number}0{len(self._requests):05d}", wanted, markets, start, end, call.now, "IN_QUEUE", None)
        content, charset = returns_file(store, wanted, markets, (start, end), call.now)
        self._requests.append(_Request(call.account.code, report, time.monotonic(), content, charset))
        return Reply({"reportId": report.id}, 202)

    def of(self, account_code: str) -> list[Report]:
        """The reports that an account asked for, as they stand now."""
        return [self._present(request) for request in self._requests if request.account_code == account_code]

    def content(self, document_id: str) -> tuple[bytes, str] | None:
        """Return the bytes of a document and their charset; None where there is no such document."""
        for request in self._requests:
            if self._present(request).document_id == document_id:
                return request.content, request.charset
        return None

    def _check(self, call: Call, wanted: str, markets: tuple[str, ...], start: int, end: int) -> None:
        if wanted == SCHEDULED:
            raise invalid(f"Report type {SCHEDULED} is scheduled by Amazon and cannot be requested.")
        if wanted not in TYPES:
            raise invalid(f"Report type {wanted} is not available.")
        if not 1 <= len(markets) <= MOST_MARKETPLACES:
            raise invalid(f"marketplaceIds takes 1 to {MOST_MARKETPLACES} values, got {len(markets)}")
        if any(call.account.marketplace(market) is None for market in markets):
            raise unauthorized("The seller has no access to one of the marketplaces in the request.")
        if max(start, end) > call.now:
            raise invalid("dataStartTime and dataEndTime must be prior to or equal to the current date and time.")
        if start > end:
            raise invalid("dataStartTime must be prior to or equal to dataEndTime.")
        if wanted == SELLER and end - start > LONGEST_SPAN:
            raise invalid(f"Report type {SELLER} takes at most {LONGEST_SPAN // DAY} days.")

    def _present(self, request: _Request) -> Report:
        age = (time.monotonic() - request.asked) * self._scale
        report = request.report
        status, document_id = "IN_QUEUE", None
        if age >= QUEUED_SECONDS + MAKING_SECONDS:
            status = "DONE" if request.content else "CANCELLED"
            document_id = f"amzn1.spdoc.1.{report.id}" if request.content else None
        elif age >= QUEUED_SECONDS:
            status = "IN_PROGRESS"
        return Report(
            report.id, report.type, report.markets, report.start, report.end, report.created, status, document_id
        )
