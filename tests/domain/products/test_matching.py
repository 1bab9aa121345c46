"""Listings find their SKUs by evidence; whatever is not clear waits for a person."""

import random

import polars as pl
import pytest
from pydantic import ValidationError

from linkstar_pipelines.domain.products.matching import propose
from linkstar_pipelines.domain.products.matching_rules import MatchingRules
from tests.domain.products.matching_rows import RULES, listings, proposed, reasons, skus

MUG = {"sku": "LS-MUG-0012", "name_en": "Oakvale Stoneware Mug 350ml Red", "gtin": "06901234567892",
       "image_url": "https://i.example.com/mug.jpg"}  # fmt: skip
BLUE = {"sku": "LS-MUG-0013", "name_en": "Oakvale Stoneware Mug 350ml Blue", "gtin": "06901234567908"}
TITLE = "Oakvale Stoneware Mug 350ml Red"


def test_an_equal_gtin_is_accepted() -> None:
    assert proposed({"gtin": MUG["gtin"]}, MUG, BLUE) == [("LS-MUG-0012", "gtin", "accepted", 1)]


def test_an_equal_clean_code_is_accepted() -> None:
    listing = {"listing_sku": "ls_mug_0012", "code": "LS-MUG-0012", "title": "Was auch immer"}
    assert proposed(listing, MUG, BLUE) == [("LS-MUG-0012", "code", "accepted", 1)]


def test_gtin_and_code_that_name_different_skus_wait_for_a_person() -> None:
    found = proposed({"gtin": MUG["gtin"], "code": "LS-MUG-0013"}, MUG, BLUE)
    assert {(sku, verdict) for sku, _, verdict, _ in found} == {("LS-MUG-0012", "review"), ("LS-MUG-0013", "review")}


def test_a_gtin_that_several_skus_share_waits_unless_the_code_says_which() -> None:
    twin = BLUE | {"gtin": MUG["gtin"]}
    assert {row[2] for row in proposed({"gtin": MUG["gtin"]}, MUG, twin)} == {"review"}
    assert proposed({"gtin": MUG["gtin"], "code": "LS-MUG-0012"}, MUG, twin) == [("LS-MUG-0012", "code", "accepted", 1)]


def test_titles_that_contradict_an_equal_identifier_make_it_wait() -> None:
    found = proposed({"code": "LS-MUG-0013", "title": TITLE}, MUG, BLUE)
    assert ("LS-MUG-0013", "code", "review", 1) in found
    assert ("LS-MUG-0012", "score", "review", 1) in found
    assert "color: red in the listing, blue in the SKU" in reasons({"code": "LS-MUG-0013", "title": TITLE}, BLUE)


def test_a_sku_made_by_the_code_itself_is_never_contradicted() -> None:
    assert proposed({"code": "LS-MUG-0013", "title": TITLE}, BLUE | {"source": "code"})[0][2] == "accepted"


def test_a_pack_under_the_code_of_a_single_waits_with_its_units() -> None:
    assert proposed({"code": "LS-MUG-0012", "title": f"{TITLE} 2 Pack"}, MUG) == [("LS-MUG-0012", "code", "review", 2)]


def test_the_code_of_a_merged_sku_means_the_one_that_stands() -> None:
    old = {"sku": "LS-MUG-0001", "merged_into": "LS-MUG-0002"}
    older = {"sku": "LS-MUG-0002", "merged_into": "LS-MUG-0012"}
    assert proposed({"code": "LS-MUG-0001"}, MUG, old, older) == [("LS-MUG-0012", "code", "accepted", 1)]


def test_a_rule_takes_the_code_apart() -> None:
    listing = {"listing_sku": "ls_mug_0012_2pk", "title": f"{TITLE} 2 Pack"}
    assert proposed(listing, MUG) == [("LS-MUG-0012", "rule", "accepted", 2)]
    assert proposed({"listing_sku": "LS-MUG-0012-X6"}, MUG) == [("LS-MUG-0012", "rule", "accepted", 6)]
    assert proposed({"listing_sku": "LS-MUG-0099-X6"}, MUG) == []


def test_a_title_that_says_another_pack_than_the_rule_waits() -> None:
    listing = {"listing_sku": "LS-MUG-0012-2PK", "title": f"{TITLE} 3 Pack"}
    assert ("LS-MUG-0012", "rule", "review", 2) in proposed(listing, MUG)


def test_titles_alone_never_match_however_alike() -> None:
    assert proposed({"title": TITLE}, MUG) == [("LS-MUG-0012", "score", "review", 1)]


@pytest.mark.parametrize(
    "witness",
    [
        {"listing_sku": "LS-MUG-OO12"},
        {"listing_sku": "LS.MUG 0012-EBAY"},
        {"image_url": "http://i.example.com/mug._SL1500_.jpg?width=80"},
    ],
)
def test_a_title_and_a_second_witness_match(witness: dict[str, str]) -> None:
    title = "RED stonewear mug oakvale 350 ml - hot sale"
    assert proposed({"title": title} | witness, MUG, BLUE)[0] == ("LS-MUG-0012", "score", "accepted", 1)


def test_one_wrong_letter_in_a_long_word_of_the_code_is_a_witness_and_a_wrong_digit_is_not() -> None:
    kitchen = {"sku": "LS-KITCH-0012", "name_en": TITLE}
    assert proposed({"title": TITLE, "listing_sku": "LS-KTICH-0012"}, kitchen)[0][2] == "accepted"
    assert proposed({"title": TITLE, "listing_sku": "LS-KITCH-0021"}, kitchen)[0][2] == "review"
    assert proposed({"title": TITLE, "listing_sku": "LS-KITCH-012"}, kitchen)[0][2] == "review"


def test_the_picture_of_several_skus_is_no_witness() -> None:
    shared = {"image_url": MUG["image_url"]}
    assert proposed({"title": TITLE} | shared, MUG, {"sku": "LS-CUP-0001", "name_en": "Cup"} | shared)[0][2] == "review"


def test_a_title_that_is_silent_about_the_color_waits_even_with_a_second_witness() -> None:
    listing = {"title": "Oakvale Stoneware Mug 350ml", "listing_sku": "LS-MUG-OO12"}
    assert proposed(listing, MUG) == [("LS-MUG-0012", "score", "review", 1)]
    assert "color: only the SKU says red" in reasons(listing, MUG)


def test_another_variant_is_blocked_and_the_reason_is_named() -> None:
    other = {"title": "Oakvale Stoneware Mug 500ml Red", "image_url": MUG["image_url"]}
    assert proposed(other, MUG) == [("LS-MUG-0012", "score", "blocked", 1)]
    assert "volume: 500ml in the listing, 350ml in the SKU" in reasons(other, MUG)


def test_a_pack_by_title_is_proposed_with_its_units() -> None:
    assert proposed({"title": f"{TITLE} Pack of 3", "image_url": MUG["image_url"]}, MUG) == [
        ("LS-MUG-0012", "score", "review", 3)
    ]


def test_two_candidates_that_come_close_wait() -> None:
    plain = {"sku": "LS-MUG-0014", "name_en": "Oakvale Stoneware Mug"}
    twin = {"sku": "LS-MUG-0015", "name_en": "Oakvale Stoneware Mugs", "image_url": "https://i.example.com/1.jpg"}
    listing = {"title": "Oakvale Stoneware Mug", "listing_sku": "LS-MUG-OO14", "image_url": twin["image_url"]}
    assert {row[2] for row in proposed(listing, plain, twin)} == {"review"}


def test_different_gtins_speak_against_a_likeness() -> None:
    listing = {"title": TITLE, "listing_sku": "LS-MUG-OO12", "gtin": "00012345678905"}
    assert proposed(listing, MUG)[0] == ("LS-MUG-0012", "score", "review", 1)
    assert "GTINs differ" in reasons(listing, MUG)


def test_chinese_titles_find_chinese_names() -> None:
    lamp = {"sku": "LS-LAMP-0001", "name_en": "Foldable Desk Lamp Black EU", "name_zh": "可折叠护眼台灯 黑色 欧规"}
    listing = {"title": "【包邮】护眼可折叠台灯 黑色 欧规 两个装", "image_url": None}
    assert proposed(listing, lamp) == [("LS-LAMP-0001", "score", "review", 2)]
    assert proposed({"title": "可折叠护眼台灯 黑色 美规"}, lamp)[0][2] == "blocked"


def test_a_code_means_the_same_in_all_marketplaces_of_an_account() -> None:
    row = {"listing_sku": "X", "code": "LS-MUG-0012"}
    made = propose(listings(row, row | {"marketplace_id": "CA", "code": None}), skus(MUG), RULES)
    assert made["subject"].to_list() == ["amazon/na/X"]


def test_without_listings_or_skus_nothing_is_proposed() -> None:
    assert propose(listings(), skus(), RULES).is_empty()
    assert proposed({"title": TITLE}) == []
    assert propose(listings(), skus(MUG), RULES).is_empty()


def test_the_result_does_not_depend_on_the_order_of_rows_and_accepts_one_sku_at_most() -> None:
    dice = random.Random(3)  # noqa: S311 - the same rows in every run
    products = [
        {"sku": f"LS-MUG-{n:04d}", "name_en": f"Mug {dice.choice(['Red', 'Blue', ''])} {dice.choice('ABCD')}",
         "gtin": f"0690{dice.randrange(4):010d}", "image_url": f"https://i.example.com/{dice.randrange(9)}.jpg"}
        for n in range(40)
    ]  # fmt: skip
    offers = [
        {"listing_sku": f"LS-MUG-{dice.choice(['0', 'O'])}0{n:02d}", "title": dice.choice(products)["name_en"],
         "code": dice.choice([None, f"LS-MUG-{n:04d}"]), "gtin": dice.choice([None, f"0690{dice.randrange(9):010d}"]),
         "image_url": dice.choice(products)["image_url"]}
        for n in range(60)
    ]  # fmt: skip
    first = propose(listings(*offers), skus(*products), RULES)
    accepted = first.filter(pl.col("verdict") == "accepted")
    assert accepted.height > 5
    assert accepted["subject"].is_unique().all()
    for _ in range(5):
        dice.shuffle(offers)
        dice.shuffle(products)
        assert propose(listings(*offers), skus(*products), RULES).equals(first)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("LS-[0-9]+", "must describe the whole code"),
        ("^(LS-[0-9]+)$", "names no SKU"),
        ("^(?P<sku>LS)-(?P<pieces>[0-9])$", "only `sku` and `multiplier`"),
        ("^(?P<sku>LS$", "is no regular expression"),
    ],
)
def test_a_wrong_code_rule_is_refused_with_the_remedy(rule: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        MatchingRules.model_validate(RULES.model_dump() | {"code_rules": [rule]})
