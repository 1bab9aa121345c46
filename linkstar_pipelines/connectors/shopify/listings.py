"""Shopify's variants: which clean SKU each sells, at what price, and what is left of it where. Pure.

Belongs here: the readers of raw listings and raw inventory.
Does not belong here: how a code is cleaned (`domain/sku_codes.py`), or what stock means for planning.

A variant's price names no currency: it is the shop's own, which no answer about a variant tells. It stays null.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.sku_codes import SkuCodeRules, clean_codes
from linkstar_pipelines.schemas.core import ListingStock, Skus

_VARIANT: Final = pl.Struct({
    "title": pl.String, "price": pl.String,
    "product": pl.Struct({"title": pl.String, "status": pl.String}),
})  # fmt: skip
_STOCK: Final = pl.Struct({
    "inventoryItem": pl.Struct({
        "inventoryLevels": pl.Struct({
            "nodes": pl.List(pl.Struct({
                "location": pl.Struct({"id": pl.String}),
                "quantities": pl.List(pl.Struct({"name": pl.String, "quantity": pl.String})),
            })),
        }),
    }),
})  # fmt: skip
_QUANTITIES: Final = {"available": "available", "reserved": "committed", "inbound": "incoming", "unsellable": "damaged"}
"""Shopify's names of the quantities of `ListingStock`."""
_PLACE: Final = ["platform", "store", "marketplace_id", "listing_id", "node_id"]
