"""Amazon's calls: parameters, paging, tokens, refusals."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.errors import ConnectorError, CredentialError, MalformedAnswerError
from linkstar_pipelines.connectors.platform import Parcel, StockChange, Window
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.settings import AmazonStore
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.conftest import MakeCore
from tests.connectors.support import SECRETS, Script, error, reply, utc

DAY = utc(2026, 5, 1)


def orders(*ids: str, more: str | None = None) -> httpx.Response:
    body: dict[str, Any] = {"orders": [{"orderId": i} for i in ids], "lastUpdatedBefore": "2026-05-02T00:00:00Z"}
    rest = {"pagination": {"nextToken": more}} if more else {}
    return reply(body | rest, x_amzn_RateLimit_Limit="100000")


def test_one_access_token_serves_many_calls_and_is_asked_for_in_form_encoding(
    client: AmazonClient, script: Script
) -> None:
    script.steps = [orders("1"), orders("2")]
    for _ in range(2):
        list(client.search_orders(updated_after=DAY))
    (asked,) = script.token_requests
    assert parse_qs(asked.content.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": [SECRETS[1]],
        "client_id": ["the-client-id"],
        "client_secret": [SECRETS[0]],
    }
    assert {request.headers["x-amz-access-token"] for request in script.requests} == {SECRETS[2]}


def test_a_token_near_its_end_is_replaced_before_it_is_used(client: AmazonClient, script: Script) -> None:
    script.token_steps = [
        reply({"access_token": "short", "expires_in": 0}),
        reply({"access_token": "b", "expires_in": 3600}),
    ]
    script.steps = [orders("1"), orders("2")]
    for _ in range(2):
        list(client.search_orders(updated_after=DAY))
    assert [request.headers["x-amz-access-token"] for request in script.requests] == ["short", "b"]


def test_a_refused_token_is_renewed_once_and_the_call_repeated(client: AmazonClient, script: Script) -> None:
    script.token_steps = [reply({"access_token": name, "expires_in": 3600}) for name in ("stale", "fresh")]
    script.steps = [error(403, "Unauthorized"), orders("1")]
    (page,) = client.search_orders(updated_after=DAY)
    assert page.orders == [{"orderId": "1"}]
    assert [request.headers["x-amz-access-token"] for request in script.requests] == ["stale", "fresh"]


def test_a_refusal_of_the_fresh_token_names_the_variables_to_check(client: AmazonClient, script: Script) -> None:
    script.steps = [error(403, "Unauthorized")] * 2
    with pytest.raises(CredentialError, match="LINKSTAR_AMAZON_NA_MARKETPLACE_IDS") as caught:
        list(client.search_orders(updated_after=DAY))
    assert not caught.value.transient
    assert len(script.token_requests) == 2


@pytest.mark.parametrize(
    ("code", "variable"),
    [("invalid_grant", "LINKSTAR_AMAZON_NA_REFRESH_TOKEN"), ("invalid_client", "LINKSTAR_AMAZON_NA_CLIENT_SECRET")],
)
def test_refused_credentials_name_store_and_variable_but_never_a_value(
    code: str, variable: str, client: AmazonClient, script: Script, postgres: Postgres
) -> None:
    script.token_steps = [reply({"error": code, "error_description": f"bad {SECRETS[0]} and {SECRETS[1]}"}, 400)]
    with pytest.raises(CredentialError, match=variable) as caught:
        client.get_order("1")
    assert "store 'na'" in str(caught.value)
    ((log,),) = postgres.fetch("SELECT string_agg(c::text, ' ') FROM ops.api_call AS c")
    for secret in SECRETS:
        assert secret not in str(caught.value) + repr(caught.value) + log


def test_no_secret_reaches_log_errors_or_repr_whatever_the_platform_echoes(
    client: AmazonClient, store: AmazonStore, script: Script, postgres: Postgres
) -> None:
    echo = error(400, "InvalidInput", "token " + " ".join(SECRETS))
    script.steps = [reply({"orders": [], "pagination": {"nextToken": "page-token"}}), echo]
    with pytest.raises(ConnectorError) as caught:
        list(client.search_orders(updated_after=DAY))
    ((log,),) = postgres.fetch("SELECT string_agg(c::text, ' ') FROM ops.api_call AS c")
    seen = log + str(caught.value) + repr(caught.value) + repr(client) + repr(store)
    assert "lastUpdatedAfter=2026-05-01" in log
    for secret in (*SECRETS, "page-token"):
        assert secret not in seen


def test_the_page_token_travels_with_every_original_parameter(client: AmazonClient, script: Script) -> None:
    script.steps = [orders("1", more="T2"), orders("2", more="T3"), orders("3")]
    pages = list(client.search_orders(updated_after=DAY, updated_before=utc(2026, 5, 2), page_size=73))
    first, *rest = script.queries
    assert first == {
        "lastUpdatedAfter": "2026-05-01T00:00:00.000Z",
        "lastUpdatedBefore": "2026-05-02T00:00:00.000Z",
        "marketplaceIds": "ATVPDKIKX0DER",
        "includedData": "PROCEEDS,FULFILLMENT,CANCELLATION,PACKAGES,PROMOTION,TAX,RECIPIENT",
        "maxResultsPerPage": "73",
    }
    assert rest == [{**first, "paginationToken": "T2"}, {**first, "paginationToken": "T3"}]
    assert [(page.number, page.upper_bound) for page in pages] == [(n, utc(2026, 5, 2)) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    "bounds",
    [{}, {"updated_after": DAY, "created_after": DAY}, {"updated_after": DAY, "created_before": DAY}],
)
def test_bounds_that_amazon_would_refuse_are_refused_before_the_wire(
    bounds: Any, client: AmazonClient, script: Script
) -> None:
    with pytest.raises(ValueError, match=r"bound|exactly one"):
        list(client.search_orders(**bounds))
    assert script.requests == []


def test_an_instant_without_time_zone_is_refused(client: AmazonClient) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        list(client.search_orders(updated_after=DAY.replace(tzinfo=None)))


def test_a_circle_of_page_tokens_ends_with_an_error(client: AmazonClient, script: Script) -> None:
    script.steps = [orders("1", more="T") for _ in range(60)]
    with pytest.raises(MalformedAnswerError, match="no end"):
        list(client.search_orders(updated_after=DAY))


@pytest.mark.parametrize(
    ("body", "words"),
    [({"orders": None}, "lacks 'orders'"), ({"orders": [], "lastUpdatedBefore": "soon"}, "upper bound"), ([], "lacks")],
)
def test_an_answer_that_is_no_order_page_is_malformed(
    body: Any, words: str, client: AmazonClient, script: Script
) -> None:
    script.steps = [reply(body, x_amzn_RateLimit_Limit="100000") for _ in range(4)]
    with pytest.raises(MalformedAnswerError, match=words):
        list(client.search_orders(updated_after=DAY))


def test_identifiers_are_escaped_in_the_path(client: AmazonClient, script: Script) -> None:
    script.steps = [reply({"order": {"orderId": "a/b"}})]
    assert client.get_order("a/b ?") == {"orderId": "a/b"}
    assert script.requests[0].url.raw_path.startswith(b"/orders/2026-01-01/orders/a%2Fb%20%3F?")


def test_listings_beyond_a_thousand_are_reached_by_starting_again_at_the_last_creation_time(
    client: AmazonClient, script: Script
) -> None:
    def page(first: int, size: int, token: str | None) -> httpx.Response:
        items = [
            {"sku": f"S{n}", "summaries": [{"createdDate": f"2026-01-01T00:00:00.{n:04d}Z"}]}
            for n in range(first, first + size)
        ]
        return reply({"numberOfResults": 1500, "items": items, "pagination": {"nextToken": token} if token else {}})

    script.steps = [page(0, 600, "T"), page(600, 400, None), page(999, 501, None)]
    found = {item["sku"] for items in client.search_listings() for item in items}
    assert len(found) == 1500
    assert [query.get("createdAfter") for query in script.queries] == [None, None, "2026-01-01T00:00:00.0999Z"]


def test_inventory_takes_its_token_from_outside_the_payload(client: AmazonClient, script: Script) -> None:
    script.steps = [
        reply({"payload": {"inventorySummaries": [{"sellerSku": "A"}]}, "pagination": {"nextToken": "T"}}),
        reply({"payload": {"inventorySummaries": [{"sellerSku": "B"}]}}),
    ]
    assert [len(items) for items in client.fba_inventory("ATVPDKIKX0DER")] == [1, 1]
    assert [query.get("nextToken") for query in script.queries] == [None, "T"]


def test_an_empty_page_of_transactions_is_not_the_last_and_amounts_stay_exact(
    client: AmazonClient, script: Script
) -> None:
    amount = {"currencyCode": "USD", "currencyAmount": 0.1}
    script.steps = [
        reply({"payload": {"transactions": [], "nextToken": "T"}}),
        reply({"payload": {"transactions": [{"transactionId": "1", "totalAmount": amount}]}}),
    ]
    pages = list(client.transactions(DAY, utc(2026, 5, 2)))
    assert [len(page) for page in pages] == [0, 1]
    assert pages[1][0]["totalAmount"]["currencyAmount"] == Decimal("0.1")


def test_a_finance_window_beyond_180_days_is_asked_for_in_parts_without_gap(
    client: AmazonClient, script: Script
) -> None:
    script.steps = [reply({"payload": {}}) for _ in range(3)]
    end = DAY + timedelta(days=400)
    assert list(client.transactions(DAY, end)) == [[], [], []]
    bounds = [(query["postedAfter"], query["postedBefore"]) for query in script.queries]
    assert bounds[0][0] == "2026-05-01T00:00:00.000Z"
    assert [later[0] for later in bounds[1:]] == [earlier[1] for earlier in bounds[:-1]]
    assert bounds[-1][1] == end.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_the_report_listing_continues_with_the_token_alone(client: AmazonClient, script: Script) -> None:
    script.steps = [reply({"reports": [{"reportId": "1"}], "nextToken": "T"}), reply({"reports": [{"reportId": "2"}]})]
    assert [report["reportId"] for report in client.settlement_reports(DAY)] == ["1", "2"]
    assert script.queries[1] == {"nextToken": "T"}


FILE = "settlement-id\tamount\n11\t1,00\n11\tGrün\n"


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("charset", ["utf-8", "cp1252"])
def test_a_settlement_file_is_unpacked_and_decoded_and_its_address_never_logged(
    pack: Any, charset: str, client: AmazonClient, script: Script, postgres: Postgres
) -> None:
    url = "https://files.test/report?X-Amz-Signature=sig"
    body = pack(FILE.encode(charset))
    script.steps = [reply({"reportDocumentId": "d", "url": url}), *[httpx.Response(200, content=body)] * 2]
    assert client.settlement_document("d") == FILE
    assert all("x-amz-access-token" not in request.headers for request in script.requests[1:])
    client.http.call_log.flush()
    ((log,),) = postgres.fetch("SELECT string_agg(url, ' ') FROM ops.api_call")
    assert "X-Amz-Signature=***" in log


def test_a_settlement_file_cut_anywhere_is_downloaded_again(client: AmazonClient, script: Script) -> None:
    body = FILE.encode()
    cuts = [httpx.Response(200, content=body[:end]) for end in (20, 27, 31)]
    whole = httpx.Response(200, content=body)
    script.steps = [
        reply({"reportDocumentId": "d", "url": "https://files.test/r"}),
        cuts[1],
        whole,
        cuts[0],
        whole,
        whole,
    ]
    assert client.settlement_document("d") == FILE


def test_the_access_check_tells_clock_skew_and_granted_rate(client: AmazonClient, script: Script) -> None:
    script.steps = [
        reply({"numberOfResults": 0, "items": []}, Date="Wed, 01 Jan 2020 00:00:00 GMT", x_amzn_RateLimit_Limit="5.0")
    ]
    check = client.check_access()
    assert check.granted_rate == 5.0
    assert check.skew is not None
    assert check.skew < timedelta(days=-365)


def test_an_unreachable_server_is_named_with_the_remedy(store: AmazonStore, make_core: MakeCore) -> None:
    dead = store.model_copy(update={"auth_url": "http://127.0.0.1:9/token"})
    client = AmazonClient(dead, make_core(client=httpx.Client(), max_attempts=2))
    with pytest.raises(ConnectorError, match=r"127\.0\.0\.1:9 cannot be reached after 2 attempts.*Check the endpoint"):
        client.get_order("1")


CHANGE = StockChange("ATVPDKIKX0DER", "A 1", "A 1", 5)
PARCEL = Parcel("1", "ATVPDKIKX0DER", "P-1", "Yanwen", "YW1", DAY, {"L1": 2})


def test_a_success_with_the_status_invalid_is_a_refusal_with_amazons_reason(
    client: AmazonClient, script: Script
) -> None:
    issue = {"code": "90220", "message": "quantity is required", "severity": "ERROR"}
    script.steps = [
        reply({"sku": "A 1", "status": "INVALID", "submissionId": "s", "issues": [issue]}),
        reply({"sku": "A 1", "status": "INVALID", "submissionId": "s"}),
        reply({"sku": "A 1", "status": "ACCEPTED", "submissionId": "s"}),
    ]
    receipts = client.push_stock([CHANGE] * 3)
    assert [(receipt.accepted, receipt.reason) for receipt in receipts] == [
        (False, "quantity is required"), (False, "INVALID"), (True, ""),
    ]  # fmt: skip


def test_an_empty_answer_confirms_a_shipment_and_the_same_parcel_is_never_a_second_package(
    client: AmazonClient, script: Script
) -> None:
    script.steps = [httpx.Response(204)] * 2
    receipts = [client.confirm_shipment(PARCEL) for _ in range(2)]
    assert all(receipt.accepted for receipt in receipts)
    sent = [json.loads(request.content)["packageDetail"]["packageReferenceId"] for request in script.requests]
    assert sent[0] == sent[1] == receipts[0].remote_id


def test_the_token_of_a_page_of_transactions_travels_with_every_original_parameter(
    client: AmazonClient, script: Script
) -> None:
    script.steps = [reply({"payload": {"transactions": [], "nextToken": "T"}}), reply({"payload": {}})]
    list(client.transactions(DAY, utc(2026, 5, 2)))
    first, second = script.queries
    assert second == {**first, "nextToken": "T"}


def test_an_open_window_of_transactions_ends_before_amazons_two_minutes(client: AmazonClient, script: Script) -> None:
    script.steps = [reply({"payload": {}})]
    since = datetime.now(UTC) - timedelta(days=1)
    list(client.read(Stream.FINANCES, Window(since), 0))
    asked = datetime.fromisoformat(script.queries[0]["postedBefore"])
    assert timedelta(minutes=2) < datetime.now(UTC) - asked < timedelta(minutes=5)
