"""Every listing has one clean SKU, or stands in quarantine with its payload."""

from decimal import Decimal
from typing import Any

import pytest

from linkstar_pipelines.domain.amazon_listings import skus
from tests.domain.amazon_payloads import RULES, US, listing, money, raw_listings


def test_a_listing_gets_its_clean_sku_price_title_and_status() -> None:
    good, rejected = skus(raw_listings(listing("ls_kitch_0001_FBA", price="12.50")), RULES)
    assert rejected.is_empty()
    row = good.row(0, named=True)
    assert (row["listing_sku"], row["sku"], row["cleaning"]) == (
        "ls_kitch_0001_FBA", "LS-KITCH-0001", "upper+separator+suffix",
    )  # fmt: skip
    assert (row["price"], row["currency"]) == (Decimal("12.5000"), "USD")
    assert (row["title"], row["asin"], row["listing_status"]) == ("Garlic Press", "B000000001", "BUYABLE,DISCOVERABLE")


def test_several_dirty_listings_of_one_product_share_its_sku() -> None:
    good, _ = skus(raw_listings(listing("LS-KITCH-0001"), listing(" ls-kitch-0001"), listing("LS_KITCH_0001")), RULES)
    assert good.height == 3
    assert set(good["sku"]) == {"LS-KITCH-0001"}


def test_an_amazon_channel_makes_the_platform_the_fulfiller() -> None:
    listings = (listing("LS-AB-0001"), listing("LS-AB-0002", channel="DEFAULT", quantity=3))
    good, _ = skus(raw_listings(*listings), RULES)
    assert dict(good.select("sku", "fulfilled_by").rows()) == {"LS-AB-0001": "platform", "LS-AB-0002": "seller"}


def test_a_code_that_fits_no_rule_is_quarantined_and_the_others_pass() -> None:
    good, rejected = skus(raw_listings(listing("AMZ.GR.X7-QQ"), listing("LS-AB-0001")), RULES)
    assert good["sku"].to_list() == ["LS-AB-0001"]
    assert rejected["source_key"].to_list() == [f"amazon/na/{US}/AMZ.GR.X7-QQ"]
    assert "fits no code rule" in rejected["reason"].item()


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
    good, rejected = skus(raw_listings(listing("LS-AB-0001", **parts), listing("LS-AB-0002")), RULES)
    assert good["sku"].to_list() == ["LS-AB-0002"]
    assert rejected["reason"].to_list() == [reason]


def test_only_the_consumer_offer_of_the_same_marketplace_is_the_price() -> None:
    offers = [
        {"marketplaceId": "DE", "offerType": "B2C", "price": money("1.00", "EUR")},
        {"marketplaceId": US, "offerType": "B2B", "price": money("2.00")},
        {"marketplaceId": US, "offerType": "B2C", "price": money("3.00")},
    ]
    good, _ = skus(raw_listings(listing("LS-AB-0001", offers=offers)), RULES)
    assert good["price"].to_list() == [Decimal("3.0000")]


def test_a_listing_without_offer_or_channel_still_has_its_sku() -> None:
    good, rejected = skus(raw_listings(listing("LS-AB-0001", offers=[], fulfillmentAvailability=None)), RULES)
    assert rejected.is_empty()
    assert good.select("sku", "price", "currency", "fulfilled_by").rows() == [("LS-AB-0001", None, None, "seller")]


def test_no_listings_give_no_skus() -> None:
    good, rejected = skus(raw_listings(), RULES)
    assert good.is_empty()
    assert rejected.is_empty()
