"""Reports of returns against scripted answers: asked for once, waited for, read whole, no failure overlooked."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.amazon.forms import FORMS
from linkstar_pipelines.connectors.errors import MalformedAnswerError, ReportFailedError
from linkstar_pipelines.connectors.platform import Page, Window
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.settings import AmazonStore
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.conftest import MakeCore
from tests.connectors.support import SECRETS, amazon_store, error, reply, utc

WINDOW = Window(utc(2026, 5, 10), utc(2026, 5, 12))
NOW = "Thu, 14 May 2026 12:00:00 GMT"
FBA_HEAD = (
    "return-date\torder-id\tsku\tasin\tfnsku\tproduct-name\tquantity\tfulfillment-center-id\tdetailed-disposition\t"
    "reason\tstatus\tlicense-plate-number\tcustomer-comments"
)
SELLER_HEAD = (
    "Order ID\tReturn request date\tReturn request status\tAmazon RMA ID\tCurrency code\tMerchant SKU\t"
    "Return quantity\tReturn Reason\tReturn delivery date\tRefunded Amount"
)
AT = "2026-05-10T08:00:00+00:00"
UNIT_ID, REQUEST_ID = f"111-1/SKU 1/LPN1/{AT}", "111-2/SKU 2/RMA1/10-May-2026"


def unit(at: str = AT, order: str = "111-1", plate: str = "LPN1", name: str = "Mug") -> str:
    return (
        f"{at}\t{order}\tSKU 1\tB1\tX1\t{name}\t1\tABE3\tSELLABLE\tDEFECTIVE\tUnit returned to inventory\t{plate}\tBob!"
    )


def request(day: str = "10-May-2026", delivered: str = "", refunded: str = "", status: str = "Approved") -> str:
    return f"111-2\t{day}\t{status}\tRMA1\tUSD\tSKU 2\t2\tAMZ-PG-BAD\t{delivered}\t{refunded}"


def file(head: str, *lines: str) -> bytes:
    return ("\n".join([head, *lines]) + "\n").encode()


class Amazon:
    """A platform that makes the reports it is asked for; what goes wrong is told it by the test."""

    def __init__(self, fba: bytes | None = None, seller: bytes | None = None) -> None:
        self.contents = {op.FBA_RETURNS_REPORT: fba, op.SELLER_RETURNS_REPORT: seller}
        self.asked: list[dict[str, Any]] = []
        self.looks: list[str] = []
        self.downloads: list[httpx.Request] = []
        self.being_made: list[dict[str, Any]] = []
        self.creating: list[httpx.Response | Exception] = []
        self.queued = 0
        self.changes: dict[str, Any] = {}
        self.content_type = "text/plain"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/auth/o2/token":
            return reply({"access_token": SECRETS[2], "expires_in": 3600})
        if request.url.host == "files.test":
            self.downloads.append(request)
            content = self.contents[path.removeprefix("/")]
            return httpx.Response(200, content=content, headers={"content-type": self.content_type})
        answer = self._answer(request, path.removeprefix("/reports/2021-06-30/"))
        answer.headers.update({"x-amzn-RateLimit-Limit": "100000", "Date": NOW})
        return answer

    def _answer(self, request: httpx.Request, path: str) -> httpx.Response:
        if path == "reports" and request.method == "GET":
            return reply({"reports": self.being_made})
        if path == "reports":
            wanted = json.loads(request.content)
            if self.creating:
                step = self.creating.pop(0)
                if isinstance(step, Exception):
                    raise step
                return step
            self.asked.append(wanted)
            return reply({"reportId": str(len(self.asked) - 1)}, 202)
        if path.startswith("reports/"):
            return reply(self._report(path.removeprefix("reports/")))
        return reply(
            {"reportDocumentId": "d", "url": f"https://files.test/{path.partition('/')[2]}?X-Amz-Signature=sig"}
        )

    def _report(self, report_id: str) -> dict[str, Any]:
        self.looks.append(report_id)
        wanted = self.asked[int(report_id)] if report_id.isdigit() else self.being_made[0]
        report = {"reportId": report_id, "createdTime": "2026-05-14T12:00:00Z", **wanted}
        if self.looks.count(report_id) <= self.queued:
            return {**report, "processingStatus": ["IN_QUEUE", "IN_PROGRESS"][self.looks.count(report_id) % 2]}
        if self.contents[wanted["reportType"]] is None:
            return {**report, "processingStatus": "CANCELLED", **self.changes}
        done = {"processingStatus": "DONE", "reportDocumentId": wanted["reportType"]}
        return {**report, **done, **self.changes}


@pytest.fixture
def connect(make_core: MakeCore, store: AmazonStore) -> Callable[..., AmazonClient]:
    """Connect a client to such a platform."""

    def connected(amazon: Amazon, **changes: Any) -> AmazonClient:
        core = make_core(client=httpx.Client(transport=httpx.MockTransport(amazon)))
        return AmazonClient(amazon_store("na", "https://amazon.test", **changes) if changes else store, core)

    return connected


Connect = Callable[..., AmazonClient]


def records(client: AmazonClient, window: Window = WINDOW, reading: int = 0) -> list[Any]:
    pages: list[Page] = list(client.read(Stream.RETURNS, window, reading))
    return [record for page in pages for record in page.records]


def ids(client: AmazonClient, window: Window = WINDOW) -> list[str]:
    return [FORMS[Stream.RETURNS].identify(record) for record in records(client, window)]


def test_both_reports_are_asked_for_waited_for_and_read(connect: Connect) -> None:
    amazon = Amazon(file(FBA_HEAD, unit()), file(SELLER_HEAD, request()))
    amazon.queued = 3
    client = connect(amazon)
    assert ids(client) == [UNIT_ID, REQUEST_ID]
    assert [wanted["reportType"] for wanted in amazon.asked] == [op.FBA_RETURNS_REPORT, op.SELLER_RETURNS_REPORT]
    assert all(wanted["marketplaceIds"] == ["ATVPDKIKX0DER"] for wanted in amazon.asked)
    assert amazon.looks == ["0"] * 4 + ["1"] * 4


def test_a_second_reading_is_of_other_files(connect: Connect) -> None:
    amazon = Amazon(file(FBA_HEAD, unit()), file(SELLER_HEAD, request()))
    client = connect(amazon)
    assert records(client, reading=0) == records(client, reading=1)
    spans = {(wanted["reportType"], wanted["dataStartTime"], wanted["dataEndTime"]) for wanted in amazon.asked}
    assert len(spans) == 4


def test_the_spans_hold_the_window_a_day_wider_and_never_reach_beyond_amazons_present(connect: Connect) -> None:
    amazon = Amazon()
    records(connect(amazon), Window(utc(2026, 5, 10), utc(2026, 5, 14)))
    fba, seller = amazon.asked
    assert (fba["dataStartTime"], fba["dataEndTime"]) == ("2026-05-09T00:00:00.000Z", "2026-05-14T12:00:00.000Z")
    assert (seller["dataStartTime"], seller["dataEndTime"]) == ("2026-03-25T00:00:00.000Z", fba["dataEndTime"])


def test_a_window_longer_than_a_report_may_be_is_asked_for_in_parts_without_gap(connect: Connect) -> None:
    amazon = Amazon()
    records(connect(amazon), Window(utc(2026, 1, 1), utc(2026, 5, 1)))
    for report_type in (op.FBA_RETURNS_REPORT, op.SELLER_RETURNS_REPORT):
        parts = [wanted for wanted in amazon.asked if wanted["reportType"] == report_type]
        assert len(parts) == 3
        assert [part["dataStartTime"] for part in parts[1:]] == [part["dataEndTime"] for part in parts[:-1]]


def test_a_cancelled_report_has_no_data(connect: Connect) -> None:
    assert ids(connect(Amazon(file(FBA_HEAD, unit()), None))) == [UNIT_ID]


def test_a_report_that_failed_is_a_failure_and_asked_for_once(connect: Connect) -> None:
    amazon = Amazon(file(FBA_HEAD, unit()))
    amazon.changes = {"processingStatus": "FATAL"}
    with pytest.raises(ReportFailedError, match=r"report 0 \(GET_FBA.* is FATAL.*run it in an hour") as caught:
        records(connect(amazon))
    assert caught.value.transient
    assert len(amazon.asked) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reportDocumentId": None}, "names no document"),
        ({"dataStartTime": "2026-05-11T00:00:00Z"}, "covers only 2026-05-11 00:00"),
        ({"dataEndTime": "2026-05-11T00:00:00Z"}, "to 2026-05-11 00:00 UTC"),
    ],
)
def test_a_report_that_is_done_but_not_what_was_asked_for_is_a_failure(
    changes: dict[str, Any], words: str, connect: Connect
) -> None:
    amazon = Amazon(file(FBA_HEAD, unit()))
    amazon.changes = changes
    with pytest.raises(MalformedAnswerError, match=words):
        records(connect(amazon))


def test_a_document_that_is_no_such_report_is_a_failure_and_not_an_empty_report(connect: Connect) -> None:
    with pytest.raises(MalformedAnswerError, match="lacks the columns return-date, order-id, sku, quantity"):
        records(connect(Amazon(b"Report could not be generated\n")))


def test_a_report_that_is_being_made_already_is_waited_for(connect: Connect) -> None:
    amazon = Amazon(file(FBA_HEAD, unit()))
    span = {"dataStartTime": "2026-05-09T00:00:00+00:00", "dataEndTime": "2026-05-13T00:00:00+00:00"}
    mine = {"reportId": "R", "reportType": op.FBA_RETURNS_REPORT, "marketplaceIds": ["ATVPDKIKX0DER"], **span}
    amazon.being_made = [mine]
    assert ids(connect(amazon)) == [UNIT_ID]
    assert [wanted["reportType"] for wanted in amazon.asked] == [op.SELLER_RETURNS_REPORT]


@pytest.mark.parametrize(
    "other",
    [
        {"marketplaceIds": ["A1F83G8C2ARO7P"]},
        {"dataStartTime": "2026-05-10T00:00:00Z"},
        {"dataEndTime": "2026-05-11T00:00:00Z"},
        {"reportType": op.SELLER_RETURNS_REPORT},
        {"dataEndTime": None},
    ],
)
def test_a_report_of_something_else_is_no_substitute(other: dict[str, Any], connect: Connect) -> None:
    amazon = Amazon()
    span = {"dataStartTime": "2026-05-09T00:00:00Z", "dataEndTime": "2026-05-13T00:00:00Z"}
    mine = {"reportId": "R", "reportType": op.FBA_RETURNS_REPORT, "marketplaceIds": ["ATVPDKIKX0DER"], **span}
    amazon.being_made = [mine | other]
    records(connect(amazon))
    assert len(amazon.asked) == 2


def test_a_request_whose_answer_was_lost_is_looked_for_before_it_is_made_again(connect: Connect) -> None:
    amazon = Amazon(file(FBA_HEAD, unit()))
    span = {"dataStartTime": "2026-05-09T00:00:00Z", "dataEndTime": "2026-05-13T00:00:00Z"}

    class Lost(httpx.ReadTimeout):
        def __init__(self) -> None:
            super().__init__("lost")
            amazon.being_made = [
                {"reportId": "R", "reportType": op.FBA_RETURNS_REPORT, "marketplaceIds": ["ATVPDKIKX0DER"], **span}
            ]

    client = connect(amazon)

    class Losing(list[Any]):
        def pop(self, place: Any = 0) -> Any:
            super().pop(place)
            return Lost()

    amazon.creating = Losing([None])
    assert ids(client) == [UNIT_ID]
    assert [wanted["reportType"] for wanted in amazon.asked] == [op.SELLER_RETURNS_REPORT]


def test_a_request_that_never_arrived_is_made_again(connect: Connect) -> None:
    amazon = Amazon(file(FBA_HEAD, unit()))
    amazon.creating = [error(503, "ServiceUnavailable"), httpx.ReadTimeout("no answer")]
    assert ids(connect(amazon)) == [UNIT_ID]
    assert len(amazon.asked) == 2


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("charset", "said", "market"),
    [
        ("utf-8", "text/plain", "ATVPDKIKX0DER"),
        ("cp1252", "text/plain", "A1PA6795UKMFR9"),
        ("cp1252", "text/plain; charset=UTF-8", "A1PA6795UKMFR9"),
        ("utf-8", "text/plain; charset=Cp1252", "A1PA6795UKMFR9"),
        ("cp932", "text/plain", "A1VC38T7YXB528"),
        ("cp932", "text/plain; charset=Shift_JIS", "A1VC38T7YXB528"),
        ("utf-8", "text/plain; charset=Shift_JIS", "A1VC38T7YXB528"),
    ],
)
def test_the_text_is_read_whatever_the_answer_says_of_its_charset(
    charset: str, said: str, market: str, pack: Callable[[bytes], bytes], connect: Connect
) -> None:
    name = "マグカップ①" if market == "A1VC38T7YXB528" else "Käffchen"
    amazon = Amazon(pack(file(FBA_HEAD, unit(name=name)).decode().encode(charset)))
    amazon.content_type = said
    (record,) = records(connect(amazon, marketplace_ids=(market,)))
    assert record["row"]["product-name"] == name


def test_the_address_of_a_document_gets_no_token_and_is_never_logged(connect: Connect, postgres: Postgres) -> None:
    amazon = Amazon(file(FBA_HEAD, unit()))
    client = connect(amazon)
    records(client)
    assert amazon.downloads
    assert all(SECRETS[2] not in str(dict(request.headers)) for request in amazon.downloads)
    client.http.call_log.flush()
    ((log,),) = postgres.fetch("SELECT string_agg(c::text, ' ') FROM ops.api_call AS c")
    assert "X-Amz-Signature=***" in log
    assert "=sig" not in log


def test_only_returns_that_changed_in_the_window_are_of_it(connect: Connect) -> None:
    at = [
        "2026-05-09T23:59:59+00:00",
        "2026-05-10T00:00:00+00:00",
        "2026-05-11T23:59:59+00:00",
        "2026-05-12T00:00:00+00:00",
    ]
    lines = [unit(at=instant, plate=f"LPN{n}") for n, instant in enumerate(at)]
    assert ids(connect(Amazon(file(FBA_HEAD, *lines)))) == [f"111-1/SKU 1/LPN{n}/{at[n]}" for n in (1, 2)]


@pytest.mark.parametrize(
    ("requested", "delivered", "of_the_window"),
    [
        ("11-May-2026", "", True),
        ("12-May-2026", "", False),
        ("09-May-2026", "", False),
        ("01-Apr-2026", "11-May-2026", True),
        ("2026-05-11", "", True),
        ("11.05.2026", "", True),
        ("2026/05/11", "", True),
        ("10-May-2026", "12-May-2026", False),
    ],
)
def test_a_return_to_the_seller_counts_on_the_newest_day_it_states(
    requested: str, delivered: str, of_the_window: bool, connect: Connect
) -> None:
    amazon = Amazon(None, file(SELLER_HEAD, request(day=requested, delivered=delivered)))
    assert bool(records(connect(amazon))) is of_the_window


def test_rows_that_agree_in_all_that_names_a_return_are_told_apart(connect: Connect) -> None:
    amazon = Amazon(file(FBA_HEAD, unit(plate=""), unit(plate=""), unit(plate="LPN1")))
    assert ids(connect(amazon)) == [
        f"111-1/SKU 1/-/{AT}", f"111-1/SKU 1/-/{AT}/2", UNIT_ID,
    ]  # fmt: skip


def test_what_names_or_quotes_the_buyer_is_taken_out(connect: Connect) -> None:
    (record,) = records(connect(Amazon(file(FBA_HEAD + "\tBuyer name\tShip-to address", unit() + "\tBob\tHigh St"))))
    kept = FORMS[Stream.RETURNS].mask(record)
    assert kept["row"].keys() == record["row"].keys() - {"customer-comments", "buyer-name", "ship-to-address"}
    assert record["row"]["buyer-name"] == "Bob"


def test_a_line_that_cannot_be_placed_is_refused_with_the_reason_and_the_others_pass(connect: Connect) -> None:
    amazon = Amazon(file(FBA_HEAD, unit() + "\tand a tab", unit(at="03/04/2026"), unit()))
    rows = [FORMS[Stream.RETURNS].rows(record) for record in records(connect(amazon))]
    assert rows == [
        "line has 14 fields where the report has 13 columns",
        "the line states no date that can be read",
        [{"return_id": UNIT_ID, "order_id": "111-1", "updated_at": AT}],
    ]
