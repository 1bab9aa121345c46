"""Master SKUs: field by field the latest word, and codes of listings where nobody said anything."""

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from linkstar_pipelines.domain.products.decisions import journal
from linkstar_pipelines.domain.products.skus import skus
from tests.domain.products.said import listings, make_skus, say


def _one(*rows: Any) -> dict[str, Any]:
    made, refused = make_skus(*rows)
    assert refused.is_empty(), refused["reason"].to_list()
    return made.row(0, named=True)


def _refusal(*rows: Any) -> str:
    _, refused = make_skus(*rows)
    assert refused["reason_type"].to_list() == ["wrong_decision"]
    return str(refused["reason"].item())


def test_a_decision_makes_a_sku() -> None:
    sku = _one(say("sku", "A-1", {"name_en": "Lamp", "weight_g": 120, "cost": "3.5", "cost_currency": "CNY"}))
    assert (sku["sku"], sku["name_en"], sku["weight_g"], sku["cost"]) == ("A-1", "Lamp", 120, Decimal("3.5000"))
    assert (sku["lifecycle"], sku["is_kit"], sku["source"], sku["merged_into"]) == ("active", False, "decision", None)


def test_field_by_field_the_latest_word_wins_and_the_rest_stays() -> None:
    sku = _one(say("sku", "A", {"name_en": "new"}, hour=2), say("sku", "A", {"name_en": "old", "name_zh": "灯"}))
    assert (sku["name_en"], sku["name_zh"]) == ("new", "灯")


def test_a_null_clears_a_field() -> None:
    assert _one(say("sku", "A", {"weight_g": 5}), say("sku", "A", {"weight_g": None}, hour=1))["weight_g"] is None


def test_tariff_codes_may_be_an_object() -> None:
    assert _one(say("sku", "A", {"hs_extensions": {"US": "9405110000"}}))["hs_extensions"] == '{"US": "9405110000"}'


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"colour": "red"}, "`colour` is no field"),
        ({"weight_g": "heavy"}, "weight_g `heavy` is no whole number"),
        ({"weight_g": 1.5}, "weight_g `1.5` is no whole number"),
        ({"weight_g": 0}, "weight_g `0` is too small"),
        ({"battery": "big"}, "battery `big` is no word of none, built_in"),
        ({"gtin": "123"}, "gtin `123` has the wrong form"),
        ({"cost": "1.23456", "cost_currency": "EUR"}, "cost `1.23456` is no amount with at most four decimals"),
        ({"cost": "-1", "cost_currency": "EUR"}, "cost `-1` is too small"),
        ({"cost": "5"}, "cost would be without its cost_currency"),
        ({"is_kit": "perhaps"}, "is_kit `perhaps` is no `true` or `false`"),
        ({"weight_g": "x", "colour": 1}, "`colour` is no field of it; weight_g `x`"),
    ],
)
def test_a_wrong_value_refuses_its_decision_with_the_reason_and_no_other(content: dict[str, Any], why: str) -> None:
    rows = (say("sku", "A", {"name_en": "Lamp"}), say("sku", "A", {"name_zh": "灯", **content}, hour=1))
    assert why in _refusal(*rows)
    made, _ = make_skus(*rows)
    assert made.select("name_en", "name_zh").rows() == [("Lamp", None)]


def test_a_decision_that_is_no_object_is_refused() -> None:
    row = say("sku", "A")
    row["content"] = "[1]"
    assert "sku of `A`" in _refusal(row)


def test_a_code_that_is_none_is_refused() -> None:
    assert "make a SKU" in _refusal(say("sku", "lamp 1", {"name_en": "Lamp"}))


def test_the_currency_may_come_before_or_after_the_amount() -> None:
    amount, currency = say("sku", "A", {"cost": "5"}), say("sku", "A", {"cost_currency": "EUR"}, hour=1)
    assert _one(amount, currency)["cost_currency"] == "EUR"


def test_who_clears_the_currency_of_an_amount_is_refused_not_who_gave_the_amount() -> None:
    rows = (
        say("sku", "A", {"cost": "5", "cost_currency": "EUR"}),
        say("sku", "A", {"cost_currency": None}, hour=1),
        say("sku", "A", {"cost": "6"}, hour=2),
    )
    made, refused = make_skus(*rows)
    assert made.select("cost", "cost_currency").rows() == [(Decimal("6.0000"), "EUR")]
    assert refused["source_key"].to_list() == [f"decision/{rows[1]['decision_id']}"]


def test_refused_rows_tell_nothing_of_who_said_it() -> None:
    _, refused = make_skus(say("sku", "A", {"colour": "red"}))
    assert "ana" not in str(refused.rows())


# --- codes of listings --------------------------------------------------------------------------------


def test_where_nothing_is_decided_the_code_of_a_listing_is_its_sku() -> None:
    made, refused = make_skus(codes=("LS-1", "LS-2"))
    assert made.select("sku", "name_en", "source", "lifecycle").rows() == [
        ("LS-1", "Title LS-1", "code", "active"), ("LS-2", "Title LS-2", "code", "active"),
    ]  # fmt: skip
    assert refused.is_empty()


def test_a_listing_without_clean_code_makes_no_sku() -> None:
    made, _ = skus(journal([]), listings(None), from_codes=True)
    assert made.is_empty()


def test_a_decision_goes_before_the_code_and_leaves_the_title_as_name() -> None:
    made, _ = make_skus(say("sku", "LS-1", {"weight_g": 5}), codes=("LS-1",))
    assert made.select("name_en", "weight_g", "source").rows() == [("Title LS-1", 5, "decision")]


def test_a_refused_decision_leaves_the_sku_of_the_code() -> None:
    made, _ = make_skus(say("sku", "LS-1", {"weight_g": "x"}), codes=("LS-1",))
    assert made["source"].to_list() == ["code"]


def test_codes_make_no_skus_where_the_rule_says_so() -> None:
    made, _ = skus(journal([]), listings("LS-1"), from_codes=False)
    assert made.is_empty()


def test_the_title_of_a_marketplace_goes_before_that_of_a_file() -> None:
    of_file = listings("LS-1").with_columns(platform=pl.lit("import"), title=pl.lit("Old title"))
    made, _ = skus(journal([]), pl.concat([of_file, listings("LS-1")]), from_codes=True)
    assert made["name_en"].to_list() == ["Title LS-1"]


def test_many_decisions_are_folded_in_time() -> None:
    rows = [say("sku", f"A-{n}", {"name_en": f"Lamp {n}", "weight_g": n + 1}) for n in range(1000)]
    made, refused = make_skus(*rows)
    assert (made.height, refused.height) == (1000, 0)
