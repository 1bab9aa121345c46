"""No recorded example of an operation that we call is left out without a reason; the plain ones are read here.

What comes out of Shopee's and Walmart's is looked at in `test_shopee.py` and `test_walmart.py`; Walmart's receipts and
tokens are answered to the client by `test_walmart_requests.py`.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from linkstar_pipelines.connectors.amazon.platform import PLATFORM as AMAZON
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.shopee import operations as shopee
from linkstar_pipelines.schemas.platforms import Stream
from tests.contracts import models, test_amazon_requests, test_ebay_requests, test_walmart_requests
from tests.contracts.test_shopee import NAMES, example

AMAZON_RECORDS = {
    "searchOrders": (Stream.ORDERS, "orders"),
    "getOrder": (Stream.ORDERS, "order"),
    "searchListingsItems": (Stream.LISTINGS, "items"),
}
"""Where the records of an answer are."""
AMAZON_LEFT_OUT = {
    "listTransactions": "its transaction has neither id nor status; the test below looks at what becomes of it",
    "patchListingsItem": "a receipt: `test_amazon_requests.py` has one of the same form",
    "createReport": "the id of a file: `test_amazon_requests.py` has one of the same form",
    "getReports": "a list of files: its types are not those we ask for",
    "getReport": "the state of a file: `test_amazon_requests.py` has one of the same form",
    "getReportDocument": "the address of a file: it leads nowhere",
}
WALMART_READ = {
    "tokenAPI", "getTokenDetail", "getAllOrders", "getAnOrder", "acknowledgeOrders", "shippingUpdates", "getReturns",
    "getMultiNodeInventoryForAllSkuAndAllShipNodes", "updateInventoryForAnItem", "getAvailableV1ReconReportAsJson",
}  # fmt: skip


def answers(document: models.Json) -> Iterator[tuple[str, Any]]:
    """Operation ids with each recorded answer of theirs."""
    for entry in document["paths"].values():
        for operation in (one for one in entry.values() if isinstance(one, dict)):
            for answer in operation.get("responses", {}).values():
                recorded = [answer.get("examples", {}).get("application/json")]
                recorded += [one.get("response") for one in answer.get("x-amzn-api-sandbox", {}).get("static", [])]
                content = answer.get("content", {}).get("application/json", {})
                recorded += [content.get("example"), *(one["value"] for one in content.get("examples", {}).values())]
                yield from ((operation["operationId"], one) for one in recorded if one and "errors" not in one)


def amazon_answers() -> list[tuple[str, Any]]:
    ours = {operation.name for operation in test_amazon_requests.OPERATIONS}
    files = [models.document("amazon", f"{name}.json") for name in test_amazon_requests.MODELS.values()]
    newer = [file for file in files if "/orders/v0/orders" not in file["paths"]]  # of v0 nothing is read
    return [(name, answer) for file in newer for name, answer in answers(file) if name in ours]


def records(answer: Any, path: str) -> list[Any]:
    found = json.loads(json.dumps(answer), parse_float=Decimal)
    for part in path.split("."):
        found = found[part]
    return found if isinstance(found, list) else [found]


def test_the_recorded_orders_and_listings_of_amazon_are_read() -> None:
    read = 0
    for name, answer in amazon_answers():
        if name in AMAZON_RECORDS:
            stream, path = AMAZON_RECORDS[name]
            rows, refused = raw_rows(
                "amazon", "na", stream, AMAZON.streams[stream], records(answer, path), datetime.now(UTC)
            )
            assert refused.is_empty(), (name, refused["reason"].to_list())
            read += rows.height
    assert read >= 10


def test_a_recorded_transaction_without_an_id_is_refused_by_name() -> None:
    (answer,) = [answer for name, answer in amazon_answers() if name == "listTransactions"]
    found = records(answer, "payload.transactions")
    rows, refused = raw_rows("amazon", "na", Stream.FINANCES, AMAZON.streams[Stream.FINANCES], found, datetime.now(UTC))
    assert rows.is_empty()
    assert all("transaction_id" in reason for reason in refused["reason"])
    assert refused.height == len(found)


def test_every_example_of_amazon_is_read_or_left_out_by_name() -> None:
    assert {name for name, _ in amazon_answers()} == AMAZON_RECORDS.keys() | AMAZON_LEFT_OUT.keys()


def test_ebays_models_have_no_examples() -> None:
    for name in test_ebay_requests.MODELS.values():
        assert list(answers(models.document("ebay", name))) == []


def test_every_example_of_walmart_is_read() -> None:
    ours = {operation.name for operation in test_walmart_requests.OPERATIONS} | {"tokenAPI"}
    files = set(test_walmart_requests.MODELS.values())
    found = {
        name
        for file in files
        for name, _ in answers(models.document("walmart", f"walmart-marketplace-{file}-openapi-original.yml"))
    }
    assert found & ours == WALMART_READ


def shopee_name(path: str) -> str:
    return "public.refresh_access_token" if "/auth/" in path else path.removeprefix("/api/v2/").replace("/", ".")


PLACEHOLDERS = {"-", " "}
"""How the reference writes an empty `error`; on the wire it is empty."""
WITHOUT_EXAMPLE = {"/api/v2/payment/get_wallet_transaction_list"}


@pytest.mark.parametrize("path", sorted(NAMES.keys() - WITHOUT_EXAMPLE))
def test_every_example_of_shopee_is_a_good_answer(path: str) -> None:
    recorded = example(shopee_name(path))
    if recorded["error"] in PLACEHOLDERS:
        recorded["error"] = ""
    body = json.dumps(recorded, default=float).encode()
    assert shopee.envelope(NAMES[path].required)(body, {})


def test_the_others_of_shopee_have_no_example() -> None:
    for path in WITHOUT_EXAMPLE:
        assert models.shopee_reference(path)["response_sample"] == []
