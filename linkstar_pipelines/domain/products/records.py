"""Records of the catalogue as a source wrote them: the one form into which every ERP and file is brought.

Belongs here: the columns. Does not belong here: how a source's own fields become these (`connectors/`), or what the
values are worth (`cleaning.py`).

Every value is text as the source has it, null where it says nothing. `source` names the origin (`mabang/<account>`,
`tongtool/<account>`, `file/<mapping>`), `source_key` the record in it, as the quarantine names it. Units and currencies
that a source states in a header or a manual stand in their own columns.
"""

from typing import Final

import polars as pl

_ORIGIN: Final = ("source", "source_key")


def _form(*names: str) -> pl.Schema:
    return pl.Schema(dict.fromkeys([*_ORIGIN, *names], pl.String))


PRODUCTS: Final = _form(
    "sku", "name_en", "name_zh", "gtin", "category",
    "length", "width", "height", "length_unit", "weight", "weight_unit",
    "hs_code", "origin_country", "declared_name_en", "declared_name_zh", "declared_value", "declared_currency",
    "battery", "liquid", "cost", "cost_currency", "image_url", "lifecycle",
)  # fmt: skip
"""One row per product."""

KITS: Final = _form("kit_sku", "component_sku", "quantity")
"""One row per component of a kit."""

PAIRINGS: Final = _form("sku", "platform", "store", "listing_sku", "multiplier")
"""One row per listing that sells a SKU; `platform` and `store` are null where the source does not name them."""

SUPPLIERS: Final = _form(
    "supplier",
    "sku",
    "name",
    "lead_time_days",
    "minimum_order",
    "carton_units",
    "unit_cost",
    "currency",
    "purchase_url",
)
"""One row per supplier and SKU."""

KINDS: Final = {"products": PRODUCTS, "kits": KITS, "pairings": PAIRINGS, "suppliers": SUPPLIERS}
