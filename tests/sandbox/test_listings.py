"""Listings: the search finds each one once, single ones are found under dirty codes, and quantities are pushed."""

import pytest

from tests.sandbox.support import (
    LISTING_DATA,
    MARKETS,
    Json,
    Wire,
    assert_fits_model,
    assert_refused,
    item_path,
    listings_path,
)

UK, DE = MARKETS["eu"]


def known(wire: Wire) -> dict[str, Json]:
    """What the world says about the account's listings, by seller SKU."""
    return {
        listing["sellerSku"]: {**listing, "asin": product["asin"], "masterSku": product["masterSku"]}
        for product in wire.control("world/products")["products"]
        for listing in product["listings"]
        if listing["store"] == wire.code.upper()
    }


def patch(wire: Wire, sku: str, quantity: object, channel: str = "DEFAULT", **params: str) -> Json:
    value = [{"fulfillment_channel_code": channel, "quantity": quantity}]
    change = {"op": "replace", "path": "/attributes/fulfillment_availability", "value": value}
    answer = wire.send(
        "PATCH",
        item_path(wire.code, sku),
        {"marketplaceIds": MARKETS[wire.code][0], **params},
        json={"productType": "HOME", "patches": [change]},
    )
    assert answer.status_code == 200, answer.text
    assert_fits_model(answer)
    body: Json = answer.json()
    return body


def quantity(wire: Wire, sku: str) -> int | None:
    params = {"marketplaceIds": MARKETS[wire.code][0], "includedData": "fulfillmentAvailability"}
    [availability] = wire.get(item_path(wire.code, sku), **params).json()["fulfillmentAvailability"]
    units: int | None = availability.get("quantity")
    return units


def test_the_search_finds_each_listing_of_the_account_once(each_account: Wire) -> None:
    skus = [item["sku"] for item in each_account.listings()]
    assert len(skus) == len(set(skus))
    assert set(skus) == set(known(each_account))


def test_every_page_tells_how_many_there_are(eu: Wire) -> None:
    pages = list(eu.pages(listings_path("eu"), marketplaceIds=DE))
    assert {page["numberOfResults"] for page in pages} == {len(known(eu))}
    assert [len(page["items"]) for page in pages[:-1]] == [10] * (len(pages) - 1)


@pytest.mark.parametrize(
    ("sort", "field"), [("createdDate", "createdDate"), ("lastUpdatedDate", "lastUpdatedDate"), ("sku", None)]
)
def test_listings_come_in_the_order_asked_for(eu: Wire, sort: str, field: str | None) -> None:
    up = eu.listings(sortBy=sort, sortOrder="ASC")
    keys = [max(summary[field] for summary in item["summaries"]) if field else item["sku"] for item in up]
    assert keys == sorted(keys)
    assert eu.listings(sortBy=sort, sortOrder="DESC") == up[::-1]


def test_the_latest_change_comes_first_unless_told_otherwise(eu: Wire) -> None:
    assert eu.listings() == eu.listings(sortBy="lastUpdatedDate", sortOrder="DESC")


def test_a_page_token_goes_on_only_with_the_same_search(eu: Wire) -> None:
    first = {"marketplaceIds": DE, "sortBy": "sku", "pageSize": "5"}
    token = eu.get(listings_path("eu"), **first).json()["pagination"]["nextToken"]
    assert eu.get(listings_path("eu"), **{**first, "pageSize": "9"}, pageToken=token).status_code == 200
    assert_refused(eu.get(listings_path("eu"), **{**first, "sortBy": "createdDate"}, pageToken=token), 400)
    assert_refused(eu.get(listings_path("eu"), **first, pageToken=f"{token}0"), 400)


@pytest.mark.parametrize(
    "wrong",
    [
        {"pageSize": "21"},
        {"includedData": "everything"},
        {"sortBy": "price"},
        {"sortOrder": "UP"},
        {"identifiers": "LS-KITCH-0001"},
        {"identifiersType": "SKU"},
        {"identifiers": "1", "identifiersType": "NAME"},
        {"withStatus": "SOLD"},
        {"createdAfter": "long ago"},
    ],
)
def test_searches_that_make_no_sense_are_refused(eu: Wire, wrong: dict[str, str]) -> None:
    assert_refused(eu.get(listings_path("eu"), marketplaceIds=DE, **wrong), 400)


def test_dates_and_identifiers_narrow_the_search(eu: Wire) -> None:
    everything = eu.listings(sortBy="createdDate", sortOrder="ASC")
    middle = everything[len(everything) // 2]["summaries"][0]
    bound = middle["createdDate"]
    late = eu.listings(createdAfter=bound, sortBy="createdDate", sortOrder="ASC")
    assert late == [item for item in everything if item["summaries"][0]["createdDate"] >= bound]
    same = eu.listings(identifiers=middle["asin"], identifiersType="ASIN")
    assert {item["sku"] for item in same} == {
        sku for sku, found in known(eu).items() if found["asin"] == middle["asin"]
    }
    assert eu.listings(identifiers="4006381333931", identifiersType="EAN") == []


def test_each_listing_is_found_alone_under_its_seller_sku_however_dirty(each_account: Wire) -> None:
    market = MARKETS[each_account.code][0]
    dirty = [sku for sku in known(each_account) if sku != sku.strip() or "(" in sku or not sku.isascii()]
    assert dirty
    for sku in dirty:
        answer = each_account.get(item_path(each_account.code, sku), marketplaceIds=market)
        assert answer.json()["sku"] == sku


def test_a_listing_shows_its_price_in_the_currency_of_each_marketplace(eu: Wire) -> None:
    item = eu.listings(includedData="offers")[0]
    assert [(offer["marketplaceId"], offer["price"]["currencyCode"]) for offer in item["offers"]] == [
        (UK, "GBP"),
        (DE, "EUR"),
    ]


def test_only_listings_shipped_by_the_seller_tell_a_quantity(each_account: Wire) -> None:
    truth = known(each_account)
    kinds = set()
    for item in each_account.listings(includedData=LISTING_DATA):
        [availability] = item["fulfillmentAvailability"]
        by = truth[item["sku"]]["fulfilledBy"]
        kinds.add(by)
        assert (availability["fulfillmentChannelCode"] == "DEFAULT") is (by == "MERCHANT")
        assert ("quantity" in availability) is (by == "MERCHANT")
    assert kinds == {"AMAZON", "MERCHANT"}


def test_a_pushed_quantity_is_accepted_and_shown(own_url: str) -> None:
    wire = Wire(own_url, "eu")
    first, second, *_ = [sku for sku, listing in known(wire).items() if listing["fulfilledBy"] == "MERCHANT"]
    before = quantity(wire, second)
    answer = patch(wire, first, 4321)
    assert (answer["sku"], answer["status"], answer["issues"]) == (first, "ACCEPTED", [])
    assert (quantity(wire, first), quantity(wire, second)) == (4321, before)


def test_a_preview_changes_nothing(own_url: str) -> None:
    wire = Wire(own_url, "eu")
    sku = next(sku for sku, listing in known(wire).items() if listing["fulfilledBy"] == "MERCHANT")
    before = quantity(wire, sku)
    assert patch(wire, sku, 77_777, mode="VALIDATION_PREVIEW")["status"] == "VALID"
    assert quantity(wire, sku) == before


@pytest.mark.parametrize("wrong", [-1, "5", 1.5, True, None])
def test_a_quantity_that_is_none_is_answered_with_200_and_invalid(own_url: str, wrong: object) -> None:
    wire = Wire(own_url, "eu")
    sku = next(sku for sku, listing in known(wire).items() if listing["fulfilledBy"] == "MERCHANT")
    before = quantity(wire, sku)
    answer = patch(wire, sku, wrong)
    assert answer["status"] == "INVALID"
    assert answer["issues"][0]["severity"] == "ERROR"
    assert quantity(wire, sku) == before


def test_the_quantity_of_a_listing_shipped_by_amazon_cannot_be_pushed(own_url: str) -> None:
    wire = Wire(own_url, "eu")
    sku = next(sku for sku, listing in known(wire).items() if listing["fulfilledBy"] == "AMAZON")
    assert patch(wire, sku, 5)["status"] == "INVALID"
    assert patch(wire, sku, 5, channel="AMAZON_EU")["status"] == "INVALID"
    assert patch(wire, "no such code", 5)["status"] == "INVALID"
    assert quantity(wire, sku) is None
