"""Values of products that can hardly be true: what a person should look at. Nothing is changed by it.

Belongs here: weight and volume far from their category's, density that cannot be, customs value far off the cost.
Does not belong here: values that are wrong in themselves (`cleaning.py`), or the thresholds (`rules/cleaning.yaml`).

Spread is robust: 1.4826 x the median absolute deviation of natural logarithms estimates the standard deviation of a
normal distribution, and half of the products may be wrong without moving it (Rousseeuw and Croux, 1993).
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain.products.cleaning_rules import OutlierRules

OUTLIERS: Final = pl.Schema({"sku": pl.String, "measure": pl.String, "value": pl.Float64, "reason": pl.String})
"""One row per value: `measure` is `weight_g`, `volume_cm3`, `density_g_cm3` or `declared_to_cost`."""

_NORMAL: Final = 1.4826


def outliers(products: pl.DataFrame, rules: OutlierRules) -> pl.DataFrame:
    """Find values that can hardly be true.

    Args:
        products: Columns of `Skus`: `sku`, `category`, the sides, `weight_g`, `declared_value`, `cost` and currencies.
        rules: What is unlikely.

    Returns:
        Rows of `OUTLIERS`, by SKU and measure.
    """
    volume = pl.col("length_mm") * pl.col("width_mm") * pl.col("height_mm") / 1000
    same_currency = pl.col("declared_currency") == pl.col("cost_currency")
    ratio = pl.col("declared_value").cast(pl.Float64) / pl.col("cost").cast(pl.Float64)
    frame = products.with_columns(
        weight_g=pl.col("weight_g").cast(pl.Float64),
        volume_cm3=volume,
        density_g_cm3=pl.col("weight_g") / volume,
        declared_to_cost=pl.when(same_currency & (pl.col("cost") > 0)).then(ratio),
    )
    found = [
        _far_from_category(frame, "weight_g", "g", rules),
        _far_from_category(frame, "volume_cm3", "cm³", rules),
        _outside(frame, "density_g_cm3", rules.density_min, rules.density_max, "the density in g/cm³"),
        _outside(
            frame, "declared_to_cost", rules.declared_to_cost_min, rules.declared_to_cost_max,
            "the declared value as a share of the cost",
        ),
    ]  # fmt: skip
    return pl.concat([OUTLIERS.to_frame(), *found]).sort("sku", "measure")


def _far_from_category(frame: pl.DataFrame, measure: str, unit: str, rules: OutlierRules) -> pl.DataFrame:
    known = frame.filter(pl.col(measure) > 0, pl.col("category").is_not_null()).with_columns(log=pl.col(measure).log())
    judged = known.with_columns(
        middle=pl.col("log").median().over("category"), products=pl.len().over("category")
    ).filter(pl.col("products") >= rules.least_products)
    off = (pl.col("log") - pl.col("middle")).abs()
    spread = pl.max_horizontal(off.median().over("category") * _NORMAL, rules.least_spread)
    return judged.filter(off > rules.deviations * spread).select(
        "sku", measure=pl.lit(measure), value=pl.col(measure),
        reason=pl.format(
            f"{{}} {unit}, where the middle of category {{}} is {{}} {unit}",
            pl.col(measure).round(1), "category", pl.col("middle").exp().round(1),
        ),
    )  # fmt: skip


def _outside(frame: pl.DataFrame, measure: str, low: float, high: float, what: str) -> pl.DataFrame:
    value = pl.col(measure)
    return frame.filter((value < low) | (value > high)).select(
        "sku", measure=pl.lit(measure), value=value,
        reason=pl.format(f"{what} is {{}}; {low:g} to {high:g} is likely", value.round_sig_figs(3)),
    )  # fmt: skip
