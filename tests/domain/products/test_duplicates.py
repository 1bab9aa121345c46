"""SKUs that may be one product are shown to a person, with what speaks for it, and never merged by themselves."""

from typing import Any

from linkstar_pipelines.domain.products.duplicates import duplicates
from tests.domain.products.matching_rows import RULES, skus

SIZE: dict[str, Any] = {"length_mm": 120, "width_mm": 90, "height_mm": 80, "weight_g": 350}
LAMP: dict[str, Any] = {"sku": "A-1", "name_en": "Lumio Foldable Desk Lamp Black", "gtin": "06901234567892"}


def found(*rows: dict[str, Any]) -> list[tuple[str, str, str]]:
    return duplicates(skus(*rows), RULES).sort("subject", "rank").select("subject", "candidate_sku", "verdict").rows()


def test_skus_of_one_gtin_may_be_one() -> None:
    assert found(LAMP, {"sku": "B-1", "gtin": LAMP["gtin"]}) == [("B-1", "A-1", "review")]


def test_alike_names_need_a_further_witness() -> None:
    alike: dict[str, Any] = {"sku": "B-1", "name_en": "Desk lamp, foldable, LUMIO black"}
    assert found(LAMP, alike) == []
    assert found(LAMP | SIZE, alike | SIZE) == [("B-1", "A-1", "review")]
    image = {"image_url": "https://i.example.com/lamp.jpg"}
    assert found(LAMP | image, alike | image) == [("B-1", "A-1", "review")]


def test_variants_are_no_duplicates() -> None:
    assert found(LAMP | SIZE, {"sku": "B-1", "name_en": "Lumio Foldable Desk Lamp White"} | SIZE) == []


def test_variants_of_one_gtin_are_refused_with_the_reason() -> None:
    row = duplicates(
        skus(LAMP, {"sku": "B-1", "name_en": "Lumio Foldable Desk Lamp White", "gtin": LAMP["gtin"]}), RULES
    )
    assert row["verdict"].to_list() == ["blocked"]
    assert row["reasons"].to_list() == ["same GTIN; color: black in the one, white in the other"]


def test_different_gtins_refuse_alike_names() -> None:
    assert found(LAMP | SIZE, LAMP | SIZE | {"sku": "B-1", "gtin": "06901234567908"}) == [("B-1", "A-1", "blocked")]


def test_a_cluster_has_one_head_a_named_sku_before_one_made_by_a_code() -> None:
    named = LAMP | {"sku": "C-1"} | SIZE
    by_code = {"sku": "A-1", "gtin": LAMP["gtin"], "source": "code"}
    by_name = {"sku": "B-1", "name_en": LAMP["name_en"]} | SIZE
    assert found(named, by_code, by_name) == [("A-1", "B-1", "review"), ("C-1", "B-1", "review")]


def test_merged_skus_are_passed_over() -> None:
    assert found(LAMP, {"sku": "B-1", "gtin": LAMP["gtin"], "merged_into": "A-1"}) == []
    assert found() == []
