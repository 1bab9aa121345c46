"""Values that can hardly be true are shown to a person."""

from decimal import Decimal
from typing import Any

import polars as pl

from linkstar_pipelines.domain.products.outliers import outliers
from linkstar_pipelines.rules.cleaning import load_cleaning_rules
from linkstar_pipelines.schemas import columns as c

RULES = load_cleaning_rules().terms.outliers


def found(*products: dict[str, Any]) -> list[tuple[str, str]]:
    empty = dict.fromkeys((
        "category", "length_mm", "width_mm", "height_mm", "weight_g", "declared_value", "declared_currency", "cost",
        "cost_currency",
    ))  # fmt: skip
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "sku": pl.String, "category": pl.String, "length_mm": pl.Int64, "width_mm": pl.Int64, "height_mm": pl.Int64,
        "weight_g": pl.Int64, "declared_value": c.MONEY, "declared_currency": pl.String, "cost": c.MONEY,
        "cost_currency": pl.String,
    }  # fmt: skip
    frame = pl.DataFrame([{**empty, "sku": f"S{i}", **row} for i, row in enumerate(products)], schema=schema)
    return outliers(frame, RULES).select("sku", "measure").rows()


def knives(*weights: int) -> list[dict[str, Any]]:
    return [{"category": "knives", "weight_g": weight} for weight in weights]


def test_a_weight_in_the_wrong_unit_stands_out_of_its_category() -> None:
    assert found(*knives(180, 190, 200, 210, 220, 240, 170, 200_000)) == [("S7", "weight_g")]
    assert found(*knives(180, 190, 200, 210, 220, 240, 170, 2)) == [("S7", "weight_g")]


def test_products_that_all_weigh_the_same_do_not_make_a_little_more_suspicious() -> None:
    assert found(*knives(200, 200, 200, 200, 200, 200, 200, 230)) == []


def test_a_small_category_says_nothing() -> None:
    assert found(*knives(200, 200, 200, 200_000)) == []


def test_a_density_that_cannot_be() -> None:
    box = {"length_mm": 100, "width_mm": 100, "height_mm": 100}
    assert found({**box, "weight_g": 500}, {**box, "weight_g": 50_000}, {**box, "weight_g": 2}) == [
        ("S1", "density_g_cm3"), ("S2", "density_g_cm3"),
    ]  # fmt: skip


def test_a_customs_value_far_off_the_cost_in_the_same_currency() -> None:
    def priced(value: str, currency: str) -> dict[str, Any]:
        return {"declared_value": Decimal(value), "declared_currency": currency, "cost": 10, "cost_currency": "USD"}

    assert found(priced("8", "USD"), priced("0.5", "USD"), priced("0.5", "EUR")) == [("S1", "declared_to_cost")]
