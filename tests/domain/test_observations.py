"""Every answer of a platform becomes a row or is rejected with its reason; the same answer twice is one row."""

import hashlib
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkstar_pipelines.domain.observations import canonical_json, payload_hash
from linkstar_pipelines.schemas.platforms import Stream
from tests.domain.amazon_payloads import NOW, US, listing, observed, order

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=2)


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=4), x, max_size=3), max_leaves=12
    )


@given(nested(LEAVES | DECIMALS))
def test_the_canonical_text_says_the_same_with_the_same_digits(payload: object) -> None:
    assert json.loads(canonical_json(payload), parse_float=Decimal) == payload


@given(nested(LEAVES))
def test_payloads_with_and_without_decimals_are_written_alike(payload: object) -> None:
    assert canonical_json([payload, Decimal("1.50")]) == f"[{canonical_json(payload)},1.50]"


def test_the_order_of_keys_does_not_matter_and_trailing_zeros_stay() -> None:
    assert canonical_json({"b": Decimal("0.10"), "a": "é"}) == '{"a":"é","b":0.10}'
    assert canonical_json({"a": "é", "b": Decimal("0.10")}) == '{"a":"é","b":0.10}'


def test_what_json_does_not_know_raises() -> None:
    with pytest.raises(TypeError):
        canonical_json({"a": object()})


def test_the_hash_is_the_sha256_of_the_text() -> None:
    assert payload_hash("{}") == hashlib.sha256(b"{}").hexdigest()


def test_an_order_lands_on_the_utc_day_of_its_last_change_without_personal_data() -> None:
    rows, rejected = observed(Stream.ORDERS, [order(updated="2026-04-30T23:30:00-02:00")])
    assert rejected.is_empty()
    row = rows.row(0, named=True)
    assert (row["order_id"], row["marketplace_id"], row["changed_on"]) == ("111-1", US, date(2026, 5, 1))
    assert row["observed_at"] == NOW
    assert "Ada" not in row["payload"]
    assert row["payload_hash"] == payload_hash(row["payload"])


def test_personal_data_stays_where_the_seller_asked_for_it() -> None:
    rows, _ = observed(Stream.ORDERS, [order()], keep_personal=True)
    assert "Ada Invented" in rows["payload"].item()


def test_the_same_version_seen_twice_is_one_row_and_a_new_version_another() -> None:
    later = order(updated="2026-04-30T11:00:00Z")
    rows, _ = observed(Stream.ORDERS, [order(), later, order(), later])
    assert rows.height == 2


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("text", "payload is no JSON object but a str"),
        (None, "payload is no JSON object but a NoneType"),
        (order(orderItems=None), "orderItems is missing or no list"),
        (order() | {"orderItems": {"a": 1}}, "orderItems is missing or no list"),
        (order() | {"orderId": 7}, "order_id is missing or unreadable"),
        (order(createdTime=None), "created_at is missing or unreadable"),
        (order() | {"lastUpdatedTime": "yesterday"}, "updated_at is missing or unreadable"),
        (order() | {"salesChannel": {"channelName": "AMAZON"}}, "marketplace_id is missing or unreadable"),
    ],
)
def test_an_order_without_a_required_part_is_rejected_and_the_others_pass(payload: object, reason: str) -> None:
    rows, rejected = observed(Stream.ORDERS, [order("1"), payload, order("2")])
    assert rows["order_id"].to_list() == ["1", "2"]
    assert reason in rejected["reason"].item()
    assert rejected["source_key"].item().startswith("amazon/na/")
    assert "Ada" not in rejected["payload"].item()


def test_the_content_of_what_is_no_object_is_not_kept() -> None:
    _, rejected = observed(Stream.ORDERS, ["Ada Invented, 1 Nowhere"])
    assert rejected["payload"].item() == '{"type":"str"}'


def test_an_order_from_outside_amazon_needs_no_marketplace() -> None:
    rows, _ = observed(Stream.ORDERS, [order() | {"salesChannel": {"channelName": "NON_AMAZON"}}])
    assert rows["marketplace_id"].to_list() == ["-"]


def test_a_listing_is_one_row_per_marketplace() -> None:
    rows, rejected = observed(Stream.LISTINGS, [listing("a", marketplaces=("UK", "DE"))], store="eu")
    assert rejected.is_empty()
    assert sorted(rows["marketplace_id"]) == ["DE", "UK"]


def test_of_a_listing_read_twice_the_last_reading_counts() -> None:
    rows, _ = observed(Stream.LISTINGS, [listing("a", price="1.00"), listing("a", price="2.00")])
    assert '"amount":"2.00"' in rows["payload"].item()


@pytest.mark.parametrize("payload", [[], {"sku": "b"}, listing("b", summaries=[{}]), {"summaries": [], "sku": None}])
def test_a_listing_without_marketplace_or_code_is_rejected(payload: object) -> None:
    rows, rejected = observed(Stream.LISTINGS, [listing("a"), payload])
    assert (rows.height, rejected.height) == (1, 1)


def test_every_summary_without_a_seller_sku_is_rejected_none_is_lost() -> None:
    rows, rejected = observed(Stream.INVENTORY, [{"sellerSku": "a", "marketplaceId": US}, {"asin": "x"}, {"asin": "y"}])
    assert rows["seller_sku"].to_list() == ["a"]
    assert rejected["source_key"].n_unique() == 2


def test_a_transaction_keeps_the_digits_of_its_amounts_and_its_day() -> None:
    payload = {
        "transactionId": "t1",
        "transactionStatus": "DEFERRED",
        "postedDate": "2026-04-01T00:00:00Z",
        "totalAmount": {"currencyCode": "USD", "currencyAmount": Decimal("1234567890123.10")},
    }
    released = payload | {"transactionStatus": "RELEASED"}
    rows, rejected = observed(Stream.FINANCES, [payload, payload, released])
    assert rejected.is_empty()
    assert rows["transaction_status"].to_list() == ["DEFERRED", "RELEASED"]
    assert '"currencyAmount":1234567890123.10' in rows["payload"][0]
    assert set(rows["changed_on"]) == {date(2026, 4, 1)}


@pytest.mark.parametrize("part", ["transactionId", "transactionStatus", "postedDate"])
def test_a_transaction_without_a_required_part_is_rejected(part: str) -> None:
    payload = {"transactionId": "t", "transactionStatus": "RELEASED", "postedDate": "2026-04-01T00:00:00Z"}
    rows, rejected = observed(Stream.FINANCES, [payload | {part: None}, payload])
    assert (rows.height, rejected.height) == (1, 1)


def test_an_empty_answer_is_empty_tables() -> None:
    for rows, rejected in (
        observed(stream, []) for stream in (Stream.ORDERS, Stream.LISTINGS, Stream.INVENTORY, Stream.FINANCES)
    ):
        assert rows.is_empty()
        assert rejected.is_empty()
