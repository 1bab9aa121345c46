"""Reports that a seller asks the sandbox for: made after a while, true to the world, refused where Amazon would."""

import csv
import gzip
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.support import DOCUMENTS, MARKETS, REPORTS, TRANSACTIONS, Json, Wire, assert_fits_model
from tests.support import running_sandbox

FBA = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
SELLER = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
SPAN = {"dataStartTime": "2026-04-01T00:00:00Z", "dataEndTime": "2026-05-23T00:00:00Z"}
FLAGS = ("--orders-per-day", "20", "--products", "40", "--accounts", "NA,EU")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("reports"), *FLAGS, "--rate-scale", "100000") as url:
        yield url


@pytest.fixture
def na(url: str) -> Wire:
    return Wire(url, "na")


def ask(wire: Wire, report_type: str, **changes: Any) -> httpx.Response:
    body = {"reportType": report_type, "marketplaceIds": list(MARKETS[wire.code]), **SPAN, **changes}
    return wire.send("POST", REPORTS, json=body)


def made(wire: Wire, report_type: str, **changes: Any) -> Json:
    """Ask for a report and wait until it is done or cancelled."""
    answer = ask(wire, report_type, **changes)
    assert answer.status_code == 202, answer.text
    assert_fits_model(answer)
    for _ in range(100):
        answer = wire.get(f"{REPORTS}/{answer.json()['reportId']}")
        assert_fits_model(answer)
        report: Json = answer.json()
        if report["processingStatus"] in {"DONE", "CANCELLED"}:
            return report
        time.sleep(0.01)
    raise AssertionError("the report is never made")


def rows(wire: Wire, report: Json) -> list[dict[str, str]]:
    link = wire.get(f"{DOCUMENTS}/{report['reportDocumentId']}").json()
    answer = httpx.get(link["url"])
    content = gzip.decompress(answer.content) if "compressionAlgorithm" in link else answer.content
    text = content.decode(answer.headers["content-type"].partition("charset=")[2] or "utf-8")
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def test_the_two_reports_tell_of_every_return_whose_refund_the_finances_tell(na: Wire) -> None:
    refunded = {
        (dict(identifiers(item)).get("ORDER_ID"), context["sku"])
        for page in na.pages(TRANSACTIONS, postedAfter="2026-04-05T00:00:00Z", postedBefore="2026-05-20T00:00:00Z")
        for item in page["payload"]["transactions"]
        if item["transactionType"] == "Refund"
        for line in item["items"]
        for context in line["contexts"]
    }
    fba, seller = rows(na, made(na, FBA)), rows(na, made(na, SELLER))
    told = {(row["order-id"], row["sku"]) for row in fba} | {(row["Order ID"], row["Merchant SKU"]) for row in seller}
    assert len(refunded) > 10
    assert refunded <= told


def identifiers(transaction: Json) -> list[tuple[str, str]]:
    found = transaction["relatedIdentifiers"]
    return [(entry["relatedIdentifierName"], entry["relatedIdentifierValue"]) for entry in found]


def test_each_unit_in_a_warehouse_has_its_line_and_most_have_a_licence_plate(na: Wire) -> None:
    found = rows(na, made(na, FBA))
    plates = [row["license-plate-number"] for row in found if row["license-plate-number"]]
    assert {row["quantity"] for row in found} == {"1"}
    assert len(set(plates)) == len(plates)
    assert 0 < len(plates) < len(found)
    assert {row["detailed-disposition"] for row in found} > {"SELLABLE"}


def test_german_files_have_their_own_dates_and_amounts(url: str) -> None:
    eu = Wire(url, "eu")
    german = [row for row in rows(eu, made(eu, SELLER)) if row["Currency code"] == "EUR" and row["Refunded Amount"]]
    assert german
    assert all("," in row["Refunded Amount"] and row["Return request date"][2] == "." for row in german)


def test_a_report_without_data_is_cancelled(na: Wire) -> None:
    report = made(na, FBA, dataStartTime="2026-01-01T00:00:00Z", dataEndTime="2026-02-01T00:00:00Z")
    assert report["processingStatus"] == "CANCELLED"
    assert "reportDocumentId" not in report


def test_reports_take_their_time_and_are_listed_meanwhile(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *FLAGS, "--rate-scale", "50") as url:
        wire = Wire(url, "na")
        report_id = ask(wire, FBA).json()["reportId"]
        listed = wire.get(REPORTS, reportTypes=FBA, processingStatuses="IN_QUEUE,IN_PROGRESS").json()["reports"]
        assert [report["reportId"] for report in listed] == [report_id]
        assert listed[0]["dataStartTime"] == SPAN["dataStartTime"]
        time.sleep(0.6)
        assert wire.get(f"{REPORTS}/{report_id}").json()["processingStatus"] == "DONE"
        assert wire.get(REPORTS, reportTypes=FBA, processingStatuses="IN_QUEUE,IN_PROGRESS").json()["reports"] == []


@pytest.mark.parametrize(
    ("report_type", "changes", "status", "words"),
    [
        (FBA, {"marketplaceIds": []}, 400, "1 to 25"),
        (FBA, {"marketplaceIds": ["A1PA6795UKMFR9"]}, 403, "no access"),
        (FBA, {"dataEndTime": "2026-05-25T00:00:00Z"}, 400, "prior to or equal"),
        (FBA, {"dataStartTime": "2026-05-23T12:00:00Z"}, 400, "prior to or equal to dataEndTime"),
        (FBA, {"dataStartTime": "soon"}, 400, "JSON object"),
        (SELLER, {"dataStartTime": "2026-03-01T00:00:00Z"}, 400, "at most 60 days"),
        ("GET_LEDGER_DETAIL_VIEW_DATA", {}, 400, "not available"),
    ],
)
def test_what_amazon_would_refuse_is_refused(
    report_type: str, changes: Json, status: int, words: str, na: Wire
) -> None:
    answer = ask(na, report_type, **changes)
    assert (answer.status_code, words in answer.json()["errors"][0]["details"]) == (status, True)
    assert_fits_model(answer)


def test_an_account_sees_no_request_of_another(na: Wire) -> None:
    report = made(na, FBA)
    other = Wire(na.url, "eu")
    assert other.get(f"{REPORTS}/{report['reportId']}").status_code == 404
    assert other.get(f"{DOCUMENTS}/{report['reportDocumentId']}").status_code == 404
