"""Amazon's returns, read from its two reports: those to Amazon's warehouses (FBA) and those to the seller.

Belongs here: which reports a window of change needs, and records made of their lines.
Does not belong here: having a report made (`reports.py`), or the meaning of a return (`returns.py`).

A record is one line of a report: `{"reportType": ..., "occurrence": n, "row": {column: text}}`, the names of columns in
lower case with `-` for spaces, since marketplaces differ in that. A line with another number of fields than there are
columns becomes `{"reportType": ..., "line": n, "problem": ...}`: nobody can tell what stands where in it, so that its
text stays in the kept answer alone.

A return has no id of its own. Its identity is order, SKU, what tells units apart (Amazon's licence plate, LPN, on each
unit that it takes back; the RMA of a return to the seller) and the date by which the report chooses its lines: all of
them stay what they are while the return goes on. Lines that agree even in these are numbered in the order of the
report (`occurrence`); as they share that date, every report has all of them or none.

The change time of a return is the newest date its line states. FBA lines state an instant. Lines of returns to the
seller state days, which count by their end: before it nobody knows all of the day's. A return to the seller is
reported by the day of its request and changes for weeks, so the report reaches back `FOLLOWED` before the window.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.documents import legacy_charset, read_flat_file
from linkstar_pipelines.connectors.amazon.reports import AmazonReports, Wanted
from linkstar_pipelines.connectors.errors import MalformedAnswerError
from linkstar_pipelines.connectors.fields import text_of
from linkstar_pipelines.connectors.kept import KeptAnswers, StreamRecords
from linkstar_pipelines.connectors.platform import Page, Payload, Window
from linkstar_pipelines.connectors.request import DecodeError
from linkstar_pipelines.settings import AmazonStore

FOLLOWED: Final = timedelta(days=45)
"""How long after its request a return to the seller is looked at again (R: goods come back within 30 days or so)."""
_REQUIRED: Final = {
    op.FBA_RETURNS_REPORT: ("return-date", "order-id", "sku", "quantity"),
    op.SELLER_RETURNS_REPORT: ("return-request-date", "order-id", "merchant-sku", "return-quantity"),
}
_DATES: Final = {
    op.FBA_RETURNS_REPORT: ("return-date",),
    op.SELLER_RETURNS_REPORT: ("return-request-date", "return-delivery-date"),
}
DAY_FORMS: Final = ("%Y-%m-%d", "%d-%b-%Y", "%d.%m.%Y", "%Y/%m/%d")
"""How days of returns to the seller are written (R: marketplaces differ). `03/04/2026` is not read: it is two days."""
_LAST_SECOND: Final = time(23, 59, 59)
_FAR: Final = datetime.max.replace(tzinfo=UTC)
_PERSONAL: Final = re.compile(r"buyer|customer|address|phone|e-?mail|recipient|ship-to|comment")


def return_pages(reports: AmazonReports, window: Window, reading: int) -> Iterator[Page]:
    """List the returns that changed in a window, each as a page of its own.

    A report has no pages: what one reading lacks and another has are single lines, and are counted as such. Each
    reading has reports made with other borders, so that no two are the same file.

    Raises:
        ReportFailedError: Amazon cannot make a report.
        MalformedAnswerError: a document is no report of returns.
    """
    made, present = reports.being_made(_REQUIRED), reports.present
    end = window.end or present - op.SETTLED
    wanted = [
        one for report_type in _REQUIRED for one in _wanted(report_type, Window(window.start, end), present, reading)
    ]
    for one, text in zip(wanted, reports.texts(wanted, made, operation=op.RETURNS_DOWNLOAD), strict=True):
        for record in records_in(text or "", one.report_type, reports.store.name):
            if _within(record, window.start, end):
                yield Page([record])


def _kept(store: AmazonStore, kept: KeptAnswers) -> Iterator[Payload]:
    for said in kept.of(op.RETURNS_DOWNLOAD):
        try:
            text = read_flat_file(said.data, {}, legacy=legacy_charset(store))
        except DecodeError:
            continue  # a cut file was downloaded again
        for record in records_in(text, said.asked["reportType"], store.name):
            if kept.window is None or _within(record, kept.window.start, kept.window.end or _FAR):
                yield record


RECORDS: Final = StreamRecords({op.RETURNS_DOWNLOAD: lambda body, _: body}, _kept)
"""How returns come out of kept documents."""


def _wanted(report_type: str, window: Window, present: datetime, reading: int) -> Iterator[Wanted]:
    """The reports of one type that hold a window: a day wider at both ends, as days are those of the marketplace."""
    needed = window.end or present
    followed = FOLLOWED if report_type == op.SELLER_RETURNS_REPORT else timedelta(0)
    start, end = window.start - followed - timedelta(days=1 + reading), min(needed + timedelta(days=1), present)
    while start < end:
        part = min(start + op.LONGEST_RETURNS_REPORT, end)
        yield Wanted(report_type, start, part, enough=min(part, needed))
        start = part


def _within(record: Payload, start: datetime, end: datetime) -> bool:
    """Whether a return changed in a window, or does not tell. The present day counts although its end is to come."""
    changed, last_day = changed_at(record), (end - timedelta(microseconds=1)).date()
    return changed is None or (start <= changed and (changed < end or changed.date() == last_day))


def records_in(text: str, report_type: str, store: str) -> Iterator[Payload]:
    """Make the records of a document; none of an empty text.

    Raises:
        MalformedAnswerError: it lacks columns of its type.
    """
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    if not lines:
        return
    columns = ["-".join(name.lower().split()) for name in lines[0].split("\t")]
    missing = [name for name in _REQUIRED[report_type] if name not in columns]
    if missing:
        raise MalformedAnswerError(
            f"the document is no report of type {report_type}: it lacks the column{'s' if len(missing) > 1 else ''} "
            f"{', '.join(missing)}. If Amazon renamed a column, connectors/amazon/return_reports.py must learn it.",
            platform=op.PLATFORM, store=store, operation=op.RETURNS_DOWNLOAD,
        )  # fmt: skip
    known: Counter[str] = Counter()
    for number, line in enumerate(lines[1:], start=2):
        fields = line.split("\t")
        if len(fields) != len(columns):
            problem = f"line has {len(fields)} fields where the report has {len(columns)} columns"
            yield {"reportType": report_type, "line": number, "problem": problem}
            continue
        row = dict(zip(columns, fields, strict=True))
        record = {"reportType": report_type, "occurrence": 1, "row": row}
        known[return_id(record)] += 1
        yield {**record, "occurrence": known[return_id(record)]}


def return_id(record: Any) -> str:
    """The identity of a return within its store, such as `111-1234567-1234567/SKU 1/LPNRR1/2026-05-10T08:00:00+00:00`.

    Empty where the line names no order.
    """
    row = record.get("row") if isinstance(record, dict) else None
    order = _said(row, "order-id")
    if not order:
        return ""
    parts = [
        order,
        _said(row, "sku") or _said(row, "merchant-sku"),
        _said(row, "license-plate-number") or _said(row, "amazon-rma-id"),
        _said(row, "return-date") or _said(row, "return-request-date"),
    ]
    number = record.get("occurrence", 1)
    return "/".join([*(part or "-" for part in parts), *([str(number)] if number != 1 else [])])


def changed_at(record: Any) -> datetime | None:
    """When a return last changed, as far as its line tells; None where no date can be read."""
    row = record.get("row") if isinstance(record, dict) else None
    dates = _DATES.get(text_of(record, "reportType") or "", ())
    return max(filter(None, (_instant(_said(row, name)) for name in dates)), default=None)


def without_persons(record: Payload) -> Payload:
    """A record without what names or quotes the buyer; the argument stays as it is."""
    row = record.get("row")
    if not isinstance(row, dict):
        return record
    return {**record, "row": {name: text for name, text in row.items() if not _PERSONAL.search(name)}}


def _said(row: Any, name: str) -> str:
    """A field without the blanks around it; empty where it says nothing. In the record, fields stay as typed."""
    return (text_of(row, name) or "").strip()


def _instant(text: str) -> datetime | None:
    """Read an instant, or a day as its last second."""
    if (day := _day(text)) is not None:
        return datetime.combine(day, _LAST_SECOND, UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


def _day(text: str) -> date | None:
    for form in DAY_FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None
