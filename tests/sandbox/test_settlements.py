"""Settlement reports of the sandbox: two-week flat files that add up to the payout, line by line, in their locale."""

import asyncio
import gzip
import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise

import httpx
import pytest

from linkstar_pipelines.sandbox.amazon import reports as reports_module
from linkstar_pipelines.sandbox.app import make_app
from linkstar_pipelines.sandbox.options import parse_options
from tests.sandbox.support import (
    DOCUMENTS,
    MARKETS,
    REPORTS,
    SETTLEMENT_REPORT,
    SMALL,
    Json,
    Wire,
    assert_fits_model,
    instant,
)

UNKNOWN_LABEL = "Programme Levy 26B"
SHIPPED = {
    ("Order", "ItemPrice", "Principal"), ("Order", "ItemPrice", "Tax"), ("Order", "ItemPrice", "Shipping"),
    ("Order", "ItemPrice", "ShippingTax"), ("Order", "Promotion", "Principal"), ("Order", "ItemFees", "Commission"),
    ("Order", "ItemFees", "FBAPerUnitFulfillmentFee"),
}  # fmt: skip
RETURNED = {
    ("Refund", "ItemPrice", "Principal"), ("Refund", "ItemPrice", "Tax"), ("Refund", "ItemFees", "Commission"),
    ("Refund", "ItemFees", "RefundCommission"),
}  # fmt: skip
WITHHELD = {
    (kind, "ItemWithheldTax", f"MarketplaceFacilitator{tax}-Principal")
    for kind in ("Order", "Refund")
    for tax in ("Tax", "VAT")
}
OF_THE_ACCOUNT = {
    ("other-transaction", "other-transaction", label)
    for label in ("Subscription Fee", "Storage Fee", "Current Reserve Amount", "Previous Reserve Amount Balance")
} | {
    ("ServiceFee", "Cost of Advertising", "TransactionTotalAmount"),
    ("other-transaction", "FBA Inventory Reimbursement", "WAREHOUSE_LOST"),
    ("other-transaction", "other-transaction", UNKNOWN_LABEL),
}
Row = dict[str, str]


def list_reports(wire: Wire, **params: str) -> list[Json]:
    answer = wire.get(REPORTS, **{"reportTypes": SETTLEMENT_REPORT, "pageSize": "100", **params})
    assert answer.status_code == 200, answer.text
    reports: list[Json] = answer.json()["reports"]
    return reports


def download(wire: Wire, report: Json) -> str:
    link = wire.get(f"{DOCUMENTS}/{report['reportDocumentId']}").json()
    answer = httpx.get(link["url"])
    assert answer.status_code == 200
    return (gzip.decompress(answer.content) if "compressionAlgorithm" in link else answer.content).decode()


def read(text: str) -> tuple[Row, list[Row]]:
    """Cut a file into its header line and its detail lines."""
    names, *lines = text.removesuffix("\n").split("\n")
    header, *details = (dict(zip(names.split("\t"), line.split("\t"), strict=True)) for line in lines)
    return header, details


@cache
def files(url: str, code: str) -> dict[str, tuple[Row, list[Row]]]:
    """Every settlement file of an account of an unchanging world by settlement id, oldest first; read once."""
    wire = Wire(url, code)
    read_files = [read(download(wire, report)) for report in reversed(list_reports(wire))]
    return {header["settlement-id"]: (header, details) for header, details in read_files}


def truth(wire: Wire) -> dict[str, Json]:
    settlements = wire.control("world/settlements")["settlements"]
    return {s["settlementId"]: s for s in settlements if s["store"] == wire.code.upper()}


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def moment(text: str) -> datetime:
    form = "%d.%m.%Y %H:%M:%S UTC" if text[2] == "." else "%Y-%m-%d %H:%M:%S UTC"
    return datetime.strptime(f"{text} +0000", f"{form} %z")


class InThisProcess:
    """A sandbox of the same world without a server, so that a test can reach its constants and its clock."""

    def __init__(self, token: str) -> None:
        self._app = make_app(parse_options(SMALL))
        self._headers = {"x-amz-access-token": token}

    def get(self, url: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as client:
                return await client.get(url, headers=self._headers)

        return asyncio.run(ask())


def test_the_lines_of_every_file_add_up_to_its_total_to_the_cent(each_account: Wire) -> None:
    found = files(each_account.url, each_account.code)
    assert len(found) >= 5
    for header, details in found.values():
        assert sum(number(line["amount"]) for line in details) == number(header["total-amount"])


def test_the_files_say_what_the_world_says(each_account: Wire) -> None:
    found, world = files(each_account.url, each_account.code), truth(each_account)
    assert found.keys() == world.keys()
    for key, (header, details) in found.items():
        amounts: Counter[str] = Counter()
        for line in details:
            amounts[line["amount-description"]] += number(line["amount"])  # type: ignore[assignment]  # typeshed: int
        said = (
            number(header["total-amount"]),
            header["currency"],
            moment(header["settlement-start-date"]),
            moment(header["settlement-end-date"]),
            moment(header["deposit-date"]),
            len(details),
            amounts["Previous Reserve Amount Balance"],
            -amounts["Current Reserve Amount"],
            amounts[UNKNOWN_LABEL],
        )
        true = world[key]
        assert said == (
            Decimal(true["total"]),
            true["currency"],
            *(instant(true[name]) for name in ("start", "end", "deposited")),
            true["lines"],
            *(Decimal(true[name]) for name in ("previousReserve", "reserve", "unknownFees")),
        )


def test_periods_last_two_weeks_without_gap_and_hand_the_reserve_on(each_account: Wire) -> None:
    for market in MARKETS[each_account.code]:
        periods = [s for s in truth(each_account).values() if s["marketplaceId"] == market]
        assert len(periods) >= 5
        assert periods[0]["previousReserve"] in {"0", "0.00"}
        for before, after in pairwise(periods):
            assert (after["start"], after["previousReserve"]) == (before["end"], before["reserve"])
        assert {instant(s["end"]) - instant(s["start"]) for s in periods} == {timedelta(days=14)}
        assert all(Decimal(s["reserve"]) > 0 for s in periods)


def test_only_the_header_line_carries_the_total_and_every_line_was_posted_within_the_period(eu: Wire) -> None:
    for header, details in files(eu.url, eu.code).values():
        assert not header["amount"]
        assert not header["transaction-type"]
        start, end = moment(header["settlement-start-date"]), moment(header["settlement-end-date"])
        for line in details:
            assert not line["total-amount"]
            assert line["settlement-id"] == header["settlement-id"]
            assert start <= moment(line["posted-date-time"]) < end
            assert line["posted-date-time"].startswith(f"{line['posted-date']} ")


@pytest.mark.parametrize(
    ("code", "currency", "amounts", "instants"),
    [
        ("na", "USD", r"-?\d+\.\d\d", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"),
        ("eu", "GBP", r"-?\d+\.\d\d", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"),
        ("eu", "EUR", r"-?\d+,\d\d", r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d UTC"),
        ("fe", "JPY", r"-?\d+", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"),
    ],
)
def test_numbers_and_dates_follow_the_locale_of_the_marketplace(
    code: str, currency: str, amounts: str, instants: str, small_url: str
) -> None:
    of_currency = [file for file in files(small_url, code).values() if file[0]["currency"] == currency]
    assert of_currency
    for header, details in of_currency:
        assert re.fullmatch(amounts, header["total-amount"])
        assert re.fullmatch(instants, header["deposit-date"])
        assert all(re.fullmatch(amounts, line["amount"]) for line in details)
        assert all(re.fullmatch(instants, line["posted-date-time"]) for line in details)


def test_the_files_tell_the_whole_money_story_and_one_label_that_nobody_knows(small_url: str) -> None:
    labels = {
        (line["transaction-type"], line["amount-type"], line["amount-description"])
        for code in MARKETS
        for _, details in files(small_url, code).values()
        for line in details
    }
    assert labels >= SHIPPED | RETURNED | WITHHELD | OF_THE_ACCOUNT
    known_groups = {"ItemPrice", "ItemFees", "Promotion", "ItemWithheldTax"}
    assert {label for label in labels if label[1] not in known_groups} == OF_THE_ACCOUNT


def test_taxes_that_the_marketplace_collects_are_withheld_in_full(small_url: str) -> None:
    for code in ("na", "eu"):
        for _, details in files(small_url, code).values():
            taxes = [
                number(line["amount"])
                for line in details
                if line["amount-type"] == "ItemWithheldTax" or line["amount-description"] in {"Tax", "ShippingTax"}
            ]
            assert taxes
            assert sum(taxes) == 0


def test_lines_of_orders_name_orders_lines_and_seller_skus_of_the_world(each_account: Wire) -> None:
    orders = each_account.truth()
    lines = {(order_id, line["orderItemId"]): line for order_id, order in orders.items() for line in order["lines"]}
    paid: Counter[tuple[str, str]] = Counter()
    for _, details in files(each_account.url, each_account.code).values():
        for row in details:
            if not row["order-id"]:
                assert row["transaction-type"] not in {"Order", "Refund"}
                continue
            key = (row["order-id"], row["order-item-code"])
            assert row["sku"] == lines[key]["sellerSku"]
            assert (row["fulfillment-id"] == "AFN") == (orders[row["order-id"]]["fulfilledBy"] == "AMAZON")
            if row["transaction-type"] == "Order" and row["quantity-purchased"]:
                paid[key] += int(row["quantity-purchased"])
    assert paid
    assert all(units <= lines[key]["quantityShipped"] for key, units in paid.items())
    assert sum(units == lines[key]["quantityShipped"] for key, units in paid.items()) > 0.95 * len(paid)


def test_a_report_appears_after_its_period_and_never_changes_again(own_url: str) -> None:
    wire = Wire(own_url, "na")
    before = {report["reportId"]: download(wire, report) for report in list_reports(wire)}
    now = instant(wire.control("clock")["now"])
    assert all(instant(report["dataEndTime"]) < instant(report["createdTime"]) <= now for report in list_reports(wire))
    wire.tell("clock", {"advance": 86_400})
    after = {report["reportId"]: download(wire, report) for report in list_reports(wire)}
    assert len(after) == len(before) + 1, "the period that ends on 24 May is reported within eight hours"
    assert {key: after[key] for key in before} == before
    assert {s["settlementId"] for s in truth(wire).values()} == {
        read(text)[0]["settlement-id"] for text in after.values()
    }


def test_reports_are_kept_for_ninety_days(fresh_url: str) -> None:
    wire = Wire(fresh_url, "na")
    oldest = list_reports(wire)[-1]
    due = instant(oldest["createdTime"]) + timedelta(days=90)
    wire.tell("clock", {"set": due.isoformat()})
    assert oldest["reportId"] in {report["reportId"] for report in list_reports(wire)}
    wire.tell("clock", {"advance": 1})
    assert oldest["reportId"] not in {report["reportId"] for report in list_reports(wire)}
    for path in (f"{REPORTS}/{oldest['reportId']}", f"{DOCUMENTS}/{oldest['reportDocumentId']}"):
        assert wire.get(path).status_code == 404


def test_the_list_is_newest_first_and_one_report_is_the_same_as_in_the_list(each_account: Wire) -> None:
    reports = list_reports(each_account)
    created = [instant(report["createdTime"]) for report in reports]
    assert created == sorted(created, reverse=True)
    assert len({report["reportId"] for report in reports}) == len(reports)
    assert each_account.get(f"{REPORTS}/{reports[0]['reportId']}").json() == reports[0]


def test_the_list_can_be_narrowed(eu: Wire) -> None:
    everything = list_reports(eu)
    german = list_reports(eu, marketplaceIds="A1PA6795UKMFR9")
    assert german == [report for report in everything if report["marketplaceIds"] == ["A1PA6795UKMFR9"]]
    bound = everything[3]["createdTime"]
    assert list_reports(eu, createdSince=bound) == everything[:4]
    assert list_reports(eu, createdUntil=bound) == everything[3:]
    assert list_reports(eu, processingStatuses="IN_QUEUE,FATAL") == []
    assert list_reports(eu, processingStatuses="DONE") == everything
    assert list_reports(eu, reportTypes="GET_LEDGER_DETAIL_VIEW_DATA") == []


def test_the_list_is_paged_by_a_token_that_must_stand_alone(eu: Wire) -> None:
    answer = eu.get(REPORTS, reportTypes=SETTLEMENT_REPORT, pageSize="5")
    found = []
    while True:
        assert_fits_model(answer)
        found.extend(answer.json()["reports"])
        if not (token := answer.json().get("nextToken")):
            break
        assert eu.get(REPORTS, nextToken=token, pageSize="5").status_code == 400
        answer = eu.get(REPORTS, nextToken=token)
    assert found == list_reports(eu)


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({}, 400),
        ({"nextToken": "made-up"}, 400),
        ({"reportTypes": SETTLEMENT_REPORT, "pageSize": "101"}, 400),
        ({"reportTypes": SETTLEMENT_REPORT, "processingStatuses": "READY"}, 400),
        ({"reportTypes": SETTLEMENT_REPORT, "createdSince": "last week"}, 400),
        ({"reportTypes": SETTLEMENT_REPORT, "marketplaceIds": "ATVPDKIKX0DER"}, 403),
    ],
)
def test_a_wrong_list_request_is_refused(params: dict[str, str], status: int, eu: Wire) -> None:
    answer = eu.get(REPORTS, **params)
    assert answer.status_code == status
    assert_fits_model(answer)


def test_a_settlement_report_cannot_be_requested(eu: Wire) -> None:
    answer = eu.send("POST", REPORTS, json={"reportType": SETTLEMENT_REPORT, "marketplaceIds": list(MARKETS["eu"])})
    assert answer.status_code == 400
    assert "cannot be requested" in answer.json()["errors"][0]["details"]


def test_an_account_sees_no_report_of_another(small_url: str) -> None:
    report = list_reports(Wire(small_url, "na"))[0]
    other = Wire(small_url, "eu")
    for path in (f"{REPORTS}/{report['reportId']}", f"{DOCUMENTS}/{report['reportDocumentId']}"):
        assert other.get(path).status_code == 404


@pytest.mark.parametrize(
    "spoil",
    [
        lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"),
        lambda url: url.partition("?")[0],
        lambda url: re.sub(r"(Expires-At=\d)", r"\g<1>9", url),
    ],
    ids=["other signature", "no signature", "longer life"],
)
def test_a_document_link_that_was_tampered_with_opens_nothing(spoil: Callable[[str], str], eu: Wire) -> None:
    url = eu.get(f"{DOCUMENTS}/{list_reports(eu)[0]['reportDocumentId']}").json()["url"]
    assert httpx.get(url).status_code == 200
    answer = httpx.get(spoil(url))
    assert answer.status_code == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in answer.text


def test_a_document_link_holds_for_five_minutes(monkeypatch: pytest.MonkeyPatch, eu: Wire) -> None:
    report = list_reports(eu)[0]
    sandbox = InThisProcess(eu.token())
    real = time.time()
    monkeypatch.setattr("linkstar_pipelines.sandbox.amazon.reports.time.time", lambda: real)
    url = sandbox.get(f"{DOCUMENTS}/{report['reportDocumentId']}").json()["url"]
    monkeypatch.setattr("linkstar_pipelines.sandbox.amazon.reports.time.time", lambda: real + 299)
    assert sandbox.get(url).status_code == 200
    monkeypatch.setattr("linkstar_pipelines.sandbox.amazon.reports.time.time", lambda: real + 301)
    answer = sandbox.get(url)
    assert answer.status_code == 403
    assert "<Message>Request has expired</Message>" in answer.text


def test_another_process_and_a_compressed_document_give_the_same_file(
    monkeypatch: pytest.MonkeyPatch, eu: Wire
) -> None:
    report = list_reports(eu)[0]
    plain = download(eu, report)
    monkeypatch.setattr(reports_module, "COMPRESSED_FROM", 1000)
    sandbox = InThisProcess(eu.token())
    link = sandbox.get(f"{DOCUMENTS}/{report['reportDocumentId']}").json()
    answer = sandbox.get(link["url"])
    assert link["compressionAlgorithm"] == "GZIP"
    assert "content-encoding" not in answer.headers
    assert gzip.decompress(answer.content).decode() == plain
