"""Every listing is kept with its code cleaned or the code's problem; what cannot be read is in quarantine."""

from decimal import Decimal
from typing import Any

import pytest

from linkstar_pipelines.domain.amazon_listings import listings
from tests.domain.amazon_payloads import RULES, US, listing, money, raw_listings


def test_a_listing_gets_its_clean_code_price_title_and_status() -> None:
    good, rejected = listings(raw_listings(listing("ls_kitch_0001_FBA", price="12.50")), RULES)
    assert rejected.is_empty()
    row = good.row(0, named=True)
    assert (row["listing_sku"], row["code"], row["cleaning"]) == (
        "ls_kitch_0001_FBA", "LS-KITCH-0001", "upper+separator+suffix",
    )  # fmt: skip
    assert (row["price"], row["currency"]) == (Decimal("12.5000"), "USD")
    assert (row["title"], row["asin"], row["listing_status"]) == ("Garlic Press", "B000000001", "BUYABLE,DISCOVERABLE")


def test_several_dirty_listings_of_one_product_share_its_code() -> None:
    good, _ = listings(
        raw_listings(listing("LS-KITCH-0001"), listing(" ls-kitch-0001"), listing("LS_KITCH_0001")), RULES
    )
    assert good.height == 3
    assert set(good["code"]) == {"LS-KITCH-0001"}


def test_an_amazon_channel_makes_the_platform_the_fulfiller() -> None:
    two = (listing("LS-AB-0001"), listing("LS-AB-0002", channel="DEFAULT", quantity=3))
    good, _ = listings(raw_listings(*two), RULES)
    assert dict(good.select("code", "fulfilled_by").rows()) == {"LS-AB-0001": "platform", "LS-AB-0002": "seller"}


def test_a_code_that_fits_no_rule_is_kept_with_its_problem() -> None:
    good, rejected = listings(raw_listings(listing("AMZ.GR.X7-QQ"), listing("LS-AB-0001")), RULES)
    assert rejected.is_empty()
    assert good.select("listing_sku", "code").rows() == [("AMZ.GR.X7-QQ", None), ("LS-AB-0001", "LS-AB-0001")]
    assert "code `AMZ.GR.X7-QQ` fits no code rule" in good["code_problem"][0]
    assert good["code_problem"][1] is None


def test_the_main_picture_of_the_marketplace_is_shown() -> None:
    payload = listing("LS-AB-0001")
    payload["summaries"][0]["mainImage"] = {"link": "https://m.media-amazon.com/1.jpg", "height": 500, "width": 500}
    good, _ = listings(raw_listings(payload), RULES)
    assert good["image_url"].to_list() == ["https://m.media-amazon.com/1.jpg"]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"offers": "none"}, "payload is not in the form of listings items 2021-08-01"),
        ({"offers": [{"marketplaceId": US, "offerType": "B2C", "price": money("1,50")}]}, "price `1,50` is no amount"),
        (
            {"offers": [{"marketplaceId": US, "offerType": "B2C", "price": money("1.50", "$")}]},
            "currency has the wrong form",
        ),
    ],
)
def test_a_malformed_listing_is_quarantined_with_the_reason(parts: dict[str, Any], reason: str) -> None:
    good, rejected = listings(raw_listings(listing("LS-AB-0001", **parts), listing("LS-AB-0002")), RULES)
    assert good["code"].to_list() == ["LS-AB-0002"]
    assert rejected["reason"].to_list() == [reason]


def test_only_the_consumer_offer_of_the_same_marketplace_is_the_price() -> None:
    offers = [
        {"marketplaceId": "DE", "offerType": "B2C", "price": money("1.00", "EUR")},
        {"marketplaceId": US, "offerType": "B2B", "price": money("2.00")},
        {"marketplaceId": US, "offerType": "B2C", "price": money("3.00")},
    ]
    good, _ = listings(raw_listings(listing("LS-AB-0001", offers=offers)), RULES)
    assert good["price"].to_list() == [Decimal("3.0000")]


def test_a_listing_without_offer_or_channel_still_has_its_code() -> None:
    good, rejected = listings(raw_listings(listing("LS-AB-0001", offers=[], fulfillmentAvailability=None)), RULES)
    assert rejected.is_empty()
    assert good.select("code", "price", "currency", "fulfilled_by").rows() == [("LS-AB-0001", None, None, "seller")]


def test_nothing_gives_no_listings() -> None:
    good, rejected = listings(raw_listings(), RULES)
    assert good.is_empty()
    assert rejected.is_empty()
