"""Financial transactions of the sandbox: the money of the settlements, first deferred then released, page by page."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from tests.sandbox.support import (
    MARKETS,
    OPENS,
    TRANSACTIONS,
    Json,
    Wire,
    assert_fits_model,
    instant,
)
from tests.sandbox.test_settlements import files, number, truth

LONGEST_DELAY = timedelta(hours=36)


def transactions(wire: Wire, **params: str) -> list[Json]:
    """Every transaction of a search, amounts read as decimals."""
    wanted = {"postedAfter": OPENS, **params}
    pages = wire.pages(TRANSACTIONS, **wanted)
    return [found for page in pages for found in exact(page)["payload"]["transactions"]]


@cache
def all_transactions(url: str, code: str) -> list[Json]:
    """Every transaction of an account of an unchanging world; read once."""
    return transactions(Wire(url, code))


def exact(body: Json) -> Any:
    return json.loads(json.dumps(body), parse_float=Decimal, parse_int=Decimal)


def released_of(wire: Wire) -> list[Json]:
    """The transactions whose money counts."""
    return [t for t in all_transactions(wire.url, wire.code) if t["transactionStatus"] == "RELEASED"]


def identifier(transaction: Json, name: str) -> str | None:
    values = [
        related["relatedIdentifierValue"]
        for related in transaction["relatedIdentifiers"]
        if related["relatedIdentifierName"] == name
    ]
    return values[0] if values else None


def leaves(breakdowns: list[Json]) -> list[tuple[str, Decimal]]:
    """Label and amount of the innermost breakdowns; every level must add up to the one above."""
    found = []
    for breakdown in breakdowns:
        amount = breakdown["breakdownAmount"]["currencyAmount"]
        parts = leaves(breakdown["breakdowns"])
        assert not parts or sum(part for _, part in parts) == amount
        found += parts or [(breakdown["breakdownType"], amount)]
    return found


def now_of(wire: Wire) -> datetime:
    return instant(wire.control("clock")["now"])


def test_released_transactions_of_a_period_add_up_to_its_settlement_without_the_reserves(each_account: Wire) -> None:
    released = released_of(each_account)
    complete = now_of(each_account) - LONGEST_DELAY
    periods = [s for s in truth(each_account).values() if instant(s["end"]) <= complete]
    assert len(periods) >= 4
    for period in periods:
        within = [
            t
            for t in released
            if t["marketplaceDetails"]["marketplaceId"] == period["marketplaceId"]
            and instant(period["start"]) <= instant(t["postedDate"]) < instant(period["end"])
        ]
        due = Decimal(period["total"]) - Decimal(period["previousReserve"]) + Decimal(period["reserve"])
        assert sum(t["totalAmount"]["currencyAmount"] for t in within) == due
        assert len({identifier(t, "FINANCIAL_EVENT_GROUP_ID") for t in within}) == 1


def test_every_amount_of_an_order_in_a_settlement_file_is_in_its_released_transactions(each_account: Wire) -> None:
    complete = now_of(each_account) - LONGEST_DELAY
    ends = {s["settlementId"]: instant(s["end"]) for s in truth(each_account).values()}
    settled: Counter[tuple[str, str]] = Counter()
    for key, (_, details) in files(each_account.url, each_account.code).items():
        for line in details if ends[key] <= complete else []:
            if line["order-id"]:
                settled[line["order-id"], line["amount-description"]] += number(line["amount"])  # type: ignore[assignment]  # typeshed: int
    last = dict.fromkeys(MARKETS[each_account.code], OPENS)
    for s in truth(each_account).values():
        if instant(s["end"]) <= complete:
            last[s["marketplaceId"]] = max(last[s["marketplaceId"]], s["end"])
    released: Counter[tuple[str, str]] = Counter()
    for transaction in released_of(each_account):
        order_id = identifier(transaction, "ORDER_ID")
        if order_id and transaction["postedDate"] < last[transaction["marketplaceDetails"]["marketplaceId"]]:
            for label, amount in leaves(transaction["breakdowns"]):
                released[order_id, label] += amount  # type: ignore[assignment]  # typeshed: int
    assert settled
    assert released == settled


def test_amounts_are_json_numbers_in_the_currency_of_the_marketplace_and_add_up(each_account: Wire) -> None:
    currencies = {"ATVPDKIKX0DER": "USD", "A1F83G8C2ARO7P": "GBP", "A1PA6795UKMFR9": "EUR", "A1VC38T7YXB528": "JPY"}
    found = all_transactions(each_account.url, each_account.code)
    assert found
    for transaction in found:
        total = transaction["totalAmount"]
        currency = currencies[transaction["marketplaceDetails"]["marketplaceId"]]
        assert isinstance(total["currencyAmount"], Decimal)
        assert total["currencyAmount"] == round(total["currencyAmount"], 0 if currency == "JPY" else 2)
        assert total["currencyCode"] == currency
        assert sum(amount for _, amount in leaves(transaction["breakdowns"])) == total["currencyAmount"]
        for item in transaction["items"]:
            assert sum(amount for _, amount in leaves(item["breakdowns"])) == item["totalAmount"]["currencyAmount"]
        if transaction["items"]:
            items = sum(item["totalAmount"]["currencyAmount"] for item in transaction["items"])
            assert items == total["currencyAmount"]


def test_transactions_come_once_each_sorted_by_the_date_posted(each_account: Wire) -> None:
    found = all_transactions(each_account.url, each_account.code)
    assert len({t["transactionId"] for t in found}) == len(found)
    posted = [t["postedDate"] for t in found]
    assert posted == sorted(posted)
    assert {t["transactionType"] for t in found} >= {"Shipment", "Refund", "ServiceFee", "ProductAdsPayment"}


def test_a_deferred_sale_and_its_release_name_each_other_and_carry_the_same_money(each_account: Wire) -> None:
    by_id = {t["transactionId"]: t for t in all_transactions(each_account.url, each_account.code)}
    now = now_of(each_account)
    linked = 0
    for transaction in by_id.values():
        release_id = identifier(transaction, "RELEASE_TRANSACTION_ID")
        if transaction["transactionStatus"] == "RELEASED":
            assert release_id is None
            continue
        [context] = transaction["contexts"]
        matures = instant(context["maturityDate"])
        assert matures > instant(transaction["postedDate"])
        assert (transaction["transactionStatus"] == "DEFERRED_RELEASED") == (matures <= now) == (release_id is not None)
        if release_id in by_id:
            release = by_id[release_id]
            assert release["transactionStatus"] == "RELEASED"
            assert identifier(release, "DEFERRED_TRANSACTION_ID") == transaction["transactionId"]
            assert instant(release["postedDate"]) == matures
            assert release["totalAmount"] == transaction["totalAmount"]
            assert identifier(release, "ORDER_ID") == identifier(transaction, "ORDER_ID")
            linked += 1
    assert linked > 0


def test_what_is_deferred_now_is_released_when_it_matures(fresh_url: str) -> None:
    wire = Wire(fresh_url, "na")
    deferred = {t["transactionId"]: t for t in transactions(wire, transactionStatus="DEFERRED")}
    assert deferred
    wire.tell("clock", {"advance": 12 * 86_400})
    later = {t["transactionId"]: t for t in transactions(wire)}
    assert {later[key]["transactionStatus"] for key in deferred} == {"DEFERRED_RELEASED"}
    released = {identifier(t, "DEFERRED_TRANSACTION_ID") for t in later.values()}
    assert deferred.keys() <= released


def test_a_transaction_shows_up_within_thirty_six_hours_of_its_posting(fresh_url: str) -> None:
    wire = Wire(fresh_url, "na")
    now = now_of(wire)
    bound = (now - timedelta(minutes=3)).isoformat().replace("+00:00", "Z")
    early = {t["transactionId"] for t in transactions(wire, postedBefore=bound)}
    wire.tell("clock", {"advance": LONGEST_DELAY.total_seconds()})
    late = {t["transactionId"]: t for t in transactions(wire, postedBefore=bound)}
    shown_late = late.keys() - early
    assert early < late.keys()
    assert all(instant(late[key]["postedDate"]) > now - LONGEST_DELAY for key in shown_late)
    wire.tell("clock", {"advance": 10 * 86_400})
    assert {t["transactionId"] for t in transactions(wire, postedBefore=bound)} == late.keys()


def test_a_window_starts_on_its_lower_bound_and_ends_before_its_upper_one(eu: Wire) -> None:
    everything = all_transactions(eu.url, eu.code)
    first, last = everything[10]["postedDate"], everything[40]["postedDate"]
    within = transactions(eu, postedAfter=first, postedBefore=last)
    assert within == [t for t in everything if first <= t["postedDate"] < last]


def test_a_window_of_more_than_180_days_is_answered_empty(eu: Wire) -> None:
    assert transactions(eu, postedAfter="2025-11-20T00:00:00Z") == []
    assert transactions(eu, postedAfter="2025-11-26T00:00:00Z") == all_transactions(eu.url, eu.code)


def test_transactions_can_be_narrowed_by_marketplace_status_order_and_event_group(eu: Wire) -> None:
    everything = all_transactions(eu.url, eu.code)
    for market in MARKETS["eu"]:
        of_market = [t for t in everything if t["marketplaceDetails"]["marketplaceId"] == market]
        assert of_market
        assert transactions(eu, marketplaceId=market) == of_market
    for status in ("DEFERRED", "RELEASED", "DEFERRED_RELEASED"):
        of_status = [t for t in everything if t["transactionStatus"] == status]
        assert of_status
        assert transactions(eu, transactionStatus=status) == of_status
    for name in ("ORDER_ID", "FINANCIAL_EVENT_GROUP_ID"):
        value = next(value for t in everything if (value := identifier(t, name)))
        found = [page["payload"]["transactions"] for page in related(eu, name, value)]
        assert [t["transactionId"] for page in found for t in page] == [
            t["transactionId"] for t in everything if identifier(t, name) == value
        ]


def related(wire: Wire, name: str, value: str) -> list[Json]:
    """Search by a related identifier alone, without a window."""
    return list(wire.pages(TRANSACTIONS, relatedIdentifierName=name, relatedIdentifierValue=value))


def test_a_page_may_be_empty_and_still_go_on(small_url: str) -> None:
    def pages() -> Iterator[Json]:
        for day in range(0, 80, 10):
            start = (instant(OPENS) + timedelta(days=day)).isoformat().replace("+00:00", "Z")
            for code in MARKETS:
                yield from Wire(small_url, code).pages(TRANSACTIONS, postedAfter=start)

    assert any(not page["payload"]["transactions"] and page["payload"].get("nextToken") for page in pages())


def test_a_page_token_wants_the_same_arguments_again(eu: Wire) -> None:
    first = eu.get(TRANSACTIONS, postedAfter=OPENS)
    token = first.json()["payload"]["nextToken"]
    assert eu.get(TRANSACTIONS, postedAfter=OPENS, nextToken=token).status_code == 200
    for params in ({"postedAfter": "2026-03-02T00:00:00Z"}, {"postedAfter": OPENS, "transactionStatus": "RELEASED"}):
        answer = eu.get(TRANSACTIONS, **params, nextToken=token)
        assert answer.status_code == 400
        assert_fits_model(answer)


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({}, 400),
        ({"postedAfter": "2026-05-23T23:59:00Z"}, 400),
        ({"postedAfter": OPENS, "postedBefore": "2026-05-23T23:59:00Z"}, 400),
        ({"postedAfter": OPENS, "postedBefore": OPENS}, 400),
        ({"postedAfter": "yesterday"}, 400),
        ({"postedAfter": OPENS, "transactionStatus": "OPEN"}, 400),
        ({"postedAfter": OPENS, "nextToken": "made-up"}, 400),
        ({"relatedIdentifierName": "SHIPMENT_ID", "relatedIdentifierValue": "D1"}, 400),
        ({"relatedIdentifierName": "ORDER_ID"}, 400),
        ({"postedAfter": OPENS, "marketplaceId": "ATVPDKIKX0DER"}, 403),
    ],
)
def test_a_wrong_request_is_refused(params: dict[str, str], status: int, eu: Wire) -> None:
    answer = eu.get(TRANSACTIONS, **params)
    assert answer.status_code == status
    assert_fits_model(answer)


def test_every_answer_fits_the_official_model(each_account: Wire) -> None:
    answer = each_account.get(TRANSACTIONS, postedAfter=OPENS)
    assert {t["transactionStatus"] for t in answer.json()["payload"]["transactions"]} >= {"RELEASED"}
    assert_fits_model(answer)
