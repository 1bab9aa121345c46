"""What the client writes to have a report made, and the answers its tests use, fit the official model of reports."""

import json
from typing import Any

import httpx
import pytest
from jsonschema import Draft4Validator

from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Window
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.amazon.test_reports import FBA_HEAD, SELLER_HEAD, Amazon, file, request, unit
from tests.connectors.support import amazon_store, utc
from tests.support import TOKEN_KEY, shared_path


@pytest.fixture(scope="module")
def model() -> dict[str, Any]:
    text = shared_path("contracts", "amazon", "reports_2021-06-30.json").read_text()
    document: dict[str, Any] = json.loads(text)
    return document


def check(model: dict[str, Any], name: str, value: object) -> None:
    Draft4Validator({"$ref": f"#/definitions/{name}", "definitions": model["definitions"]}).validate(value)


def test_requests_and_answers_of_returns_reports_fit_the_model(model: dict[str, Any], postgres: Postgres) -> None:
    amazon, exchanges = Amazon(file(FBA_HEAD, unit()), file(SELLER_HEAD, request())), []
    amazon.queued = 2

    def noted(asked: httpx.Request) -> httpx.Response:
        answer = amazon(asked)
        exchanges.append((asked, answer))
        return answer

    transport = httpx.Client(transport=httpx.MockTransport(noted))
    with HttpCore(postgres, timeout=5, max_attempts=2, max_wait=5, token_key=TOKEN_KEY, client=transport) as core:
        client = AmazonClient(amazon_store("na", "https://amazon.test"), core)
        list(client.read(Stream.RETURNS, Window(utc(2026, 3, 1), utc(2026, 5, 12)), 1))
    created = [(asked, answer) for asked, answer in exchanges if asked.method == "POST" and "reports" in asked.url.path]
    assert len(created) == 4
    for asked, answer in created:
        check(model, "CreateReportSpecification", json.loads(asked.content))
        check(model, "CreateReportResponse", answer.json())
    names = {parameter["name"] for parameter in model["paths"]["/reports/2021-06-30/reports"]["get"]["parameters"]}
    for asked, answer in exchanges:
        path = asked.url.path.removeprefix("/reports/2021-06-30/")
        if path == "reports" and asked.method == "GET":
            assert set(asked.url.params) <= names
            check(model, "GetReportsResponse", answer.json())
        elif path.startswith("reports/"):
            check(model, "Report", answer.json())
        elif path.startswith("documents/"):
            check(model, "ReportDocument", answer.json())
