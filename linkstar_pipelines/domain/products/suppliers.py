"""Suppliers and their terms for each SKU that they deliver.

Belongs here: what decisions about terms come to, with merged SKUs resolved.
Does not belong here: which supplier is ordered from, and how much (`domain/replenishment.py`).
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import quarantine
from linkstar_pipelines.domain.products import fields
from linkstar_pipelines.domain.products.decisions import effective, of_kind, refused
from linkstar_pipelines.domain.products.merges import winners
from linkstar_pipelines.schemas.products import Suppliers

_KEY: Final = ("supplier", "sku")
_FIELDS: Final = {name: column for name, column in Suppliers.columns().items() if name not in _KEY}
_SUBJECT: Final = r"^(?<supplier>.+)/(?<named>[^/]+)$"  # the supplier's name may hold a slash, a SKU never does


def suppliers(decisions: pl.DataFrame, skus: pl.DataFrame) -> tuple[dy.DataFrame[Suppliers], pl.DataFrame]:
    """Make the terms of all suppliers, field by field the latest word of each.

    Terms of a merged SKU are those of the SKU that stands for it, where nothing was said of that one itself.

    Args:
        decisions: The journal, rows of `RawCatalogDecisions`.
        skus: Rows of `Skus`.

    Returns:
        One row per supplier and SKU, and the refused decisions.
    """
    about = of_kind(effective(decisions), "supplier")
    named = about.with_columns(pl.col("subject").str.extract_groups(_SUBJECT).struct.unnest())
    known = named.join(winners(skus), left_on="named", right_on="sku", how="left", maintain_order="left")
    reason = (
        pl.when(pl.col("named").is_null())
        .then(pl.lit("the subject is not of the form `<supplier>/<SKU>`"))
        .otherwise(pl.concat_str(pl.lit("there is no SKU `"), "named", pl.lit("`")))
    )
    unknown = known.filter(pl.col("winner").is_null()).with_columns(reason=reason)
    good = known.filter(pl.col("winner").is_not_null()).rename({"winner": "sku"})
    own_last = good.sort(pl.col("named") == pl.col("sku"), maintain_order=True)
    rows, wrong = fields.fold(own_last, _KEY, _FIELDS, {"unit_cost": "currency"})
    made = rows.select(Suppliers.column_names()).sort(_KEY)
    return Suppliers.validate(made), quarantine.concat_rejects(refused(unknown), wrong)
