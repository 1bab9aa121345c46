"""Master SKUs: what decisions and the codes of listings come to.

Belongs here: which SKUs there are, their fields, and which of them stand.
Does not belong here: cleaning codes (`domain/sku_codes.py`), or what listings sell (`listing_map.py`).
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import quarantine
from linkstar_pipelines.domain.order_import import PLATFORM as FILES
from linkstar_pipelines.domain.products import fields
from linkstar_pipelines.domain.products.decisions import effective, idle_revokes, of_kind, refused
from linkstar_pipelines.domain.products.kits import compositions
from linkstar_pipelines.domain.products.merges import merges, winners
from linkstar_pipelines.schemas.products import Skus

_CODE: Final = r"^[A-Z0-9][A-Z0-9.-]*$"
_FIELDS: Final = {n: column for n, column in Skus.columns().items() if n not in {"sku", "merged_into", "source"}}
_CURRENCIES: Final = {"cost": "cost_currency", "declared_value": "declared_currency"}


def skus(
    decisions: pl.DataFrame, listings: pl.DataFrame, *, from_codes: bool
) -> tuple[dy.DataFrame[Skus], pl.DataFrame]:
    """Make the master SKUs.

    Args:
        decisions: The journal, rows of `RawCatalogDecisions`.
        listings: Rows of `Listings`.
        from_codes: Whether the clean code of a listing makes a SKU where no decision does.

    Returns:
        One row per SKU. A merged one keeps its fields, is retired and names the SKU that stands for it. Beside them the
        refused decisions: about fields, merges, and revokes that take nothing back.
    """
    said = effective(decisions)
    decided, wrong_fields = _decided(said)
    coded = _coded(listings) if from_codes else _coded(listings.clear())
    rows = decided.join(coded, on="sku", how="full", coalesce=True, maintain_order="left_right")
    merged, wrong_merges = merges(said, rows["sku"])
    rows = rows.join(merged, on="sku", how="left", maintain_order="left")
    composed, _ = compositions(said, winners(rows))  # what is refused there is told with `core.kits`
    is_merged = pl.col("merged_into").is_not_null()
    lifecycle = pl.when(is_merged).then(pl.lit("retired")).otherwise(pl.col("lifecycle").cast(pl.String))
    made = rows.with_columns(
        name_en=pl.coalesce("name_en", "title"),
        lifecycle=lifecycle.fill_null("active").cast(Skus.lifecycle.dtype),
        is_kit=pl.col("is_kit").fill_null(value=False) | pl.col("sku").is_in(composed["kit_sku"].unique().implode()),
        source=pl.when(pl.col("is_decided")).then(pl.lit("decision")).otherwise(pl.lit("code")),
    ).select(Skus.column_names())
    rejected = quarantine.concat_rejects(wrong_fields, wrong_merges, idle_revokes(decisions))
    return Skus.validate(made.sort("sku")), rejected


def _decided(said: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    about = of_kind(said, "sku")
    is_code = pl.col("subject").str.contains(_CODE)
    no_code = about.filter(~is_code).with_columns(reason=pl.lit("capital letters, digits, `.` and `-` make a SKU"))
    rows, wrong = fields.fold(about.filter(is_code).with_columns(sku="subject"), ["sku"], _FIELDS, _CURRENCIES)
    return rows.with_columns(is_decided=pl.lit(value=True)), quarantine.concat_rejects(refused(no_code), wrong)


def _coded(listings: pl.DataFrame) -> pl.DataFrame:
    """One row per clean code, with a title: a marketplace's rather than one of an imported file of older days."""
    keys = (pl.col(name) for name in ("platform", "store", "marketplace_id", "listing_sku"))
    return (
        listings.filter(pl.col("code").is_not_null())
        .sort(pl.col("title").is_null(), pl.col("platform") == FILES, *keys)
        .unique("code", keep="first", maintain_order=True)
        .select("title", sku="code")
    )
