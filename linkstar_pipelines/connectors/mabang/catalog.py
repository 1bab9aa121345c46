"""Mabang's catalogue: raw rows as records (`domain/products/records.py`).

Belongs here: what the fields of a payload mean. Pure. Does not belong here: what the values are worth (cleaning), or
how raw rows come to be (`forms.py`).

* A SKU (库存SKU) states lengths in cm, weights in g, costs in CNY and the customs value in USD. The units are those of
  Mabang's own forms, recalled; no payload names them. A cost of 0 is none.
* `originalSku` (原厂SKU) is the maker's code. Mabang has no field of its own for a barcode that is known here, so what
  looks like one there is taken for the GTIN.
* Which listing sells which SKU is told twice: by the lines of orders (`platformSku` beside `stockSku`), and by
  `salesSku` of the SKU, which may name several, separated by commas. Stores are not named in a way that tells ours, and
  how many units one listing takes is not told: packs are kits there.
* A kit (组合SKU) names its components in `comboProductDetail`, as it is written with.
* Suppliers stand in the SKU (`provider`); fields of their terms are recalled.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from linkstar_pipelines.connectors.mabang.forms import ITEMS, PROVIDERS
from linkstar_pipelines.connectors.mabang.operations import NAME
from linkstar_pipelines.domain import json_columns
from linkstar_pipelines.domain.products import records
from linkstar_pipelines.domain.quarantine import REJECTED
from linkstar_pipelines.schemas.quality import ReasonType

Parts = tuple[pl.DataFrame, pl.DataFrame]
"""Records, and raw rows that are none, as rejected ones."""

COMPONENTS: Final = "comboProductDetail"
LIFECYCLES: Final = {"1": "draft", "2": "draft", "3": "active", "4": "phasing_out", "5": "retired"}
"""Status of a SKU (自动创建, 待开发, 正常, 清仓, 停止销售): recalled. Another one says nothing."""
PLATFORMS: Final = {
    "amazon": "amazon", "ebay": "ebay", "walmart": "walmart", "shopee": "shopee", "aliexpress": "aliexpress",
    "shopify": "shopify", "tiktok": "tiktok",
}  # fmt: skip
"""Platforms by how `platformId` begins, in lower case: recalled."""
_YES_NO: Final = {"1": "yes", "2": "no"}
_BARCODE: Final = r"^\s*([0-9]{8}|[0-9]{12,14})\s*$"
_SEPARATORS: Final = r"[,;，；\r\n]+"
_NO_FORM: Final = "payload is not in the form of {}"

_SKU_FIELDS: Final = (
    "stockSku", "salesSku", "originalSku", "nameCN", "nameEN", "stockPicture", "status", "defaultCost",
    "purchasePrice", "parentCategoryName", "categoryName", "thirdCategoryName", "declareName", "declareEname",
    "declareValue", "declareCode", "weight", "length", "width", "height", "hasBattery", "powder",
)  # fmt: skip
_TERMS: Final = (
    "providerId", "providerName", "price", "purchaseDays", "minPurchaseQuantity", "cartonQuantity",
    "productLinkAddress",
)  # fmt: skip


def _texts(*names: str) -> dict[str, pl.DataType | type[pl.DataType]]:
    return dict.fromkeys(names, pl.String)


# Every leaf is text: see `json_columns`.
_SKU: Final = pl.Struct({**_texts(*_SKU_FIELDS), PROVIDERS: pl.List(pl.Struct(_texts(*_TERMS)))})
_KIT: Final = pl.Struct({**_texts("comboSku"), COMPONENTS: pl.List(pl.Struct(_texts("stockSku", "quantity")))})
_ORDER: Final = pl.Struct(
    {**_texts("platformId"), ITEMS: pl.List(pl.Struct(_texts("stockSku", "platformSku")))}
)  # fmt: skip


def products(raw: pl.DataFrame) -> Parts:
    """Read SKUs into `records.PRODUCTS`."""
    read, rejected = _decoded(raw, _SKU, "a SKU")
    field = pl.col
    category = pl.concat_list(_said("parentCategoryName"), _said("categoryName"), _said("thirdCategoryName"))
    found = read.with_columns(
        sku=field("stockSku"),
        name_en=field("nameEN"),
        name_zh=field("nameCN"),
        gtin=pl.when(field("originalSku").str.contains(_BARCODE)).then("originalSku"),
        category=category.list.drop_nulls().list.join(" / "),
        length_unit=_unit("cm", "length", "width", "height"),
        weight_unit=_unit("g", "weight"),
        hs_code=field("declareCode"),
        origin_country=pl.lit(None, pl.String),
        declared_name_en=field("declareEname"),
        declared_name_zh=field("declareName"),
        declared_value=_amount("declareValue"),
        declared_currency=pl.when(_amount("declareValue").is_not_null()).then(pl.lit("USD")),
        battery=field("hasBattery").replace_strict(_YES_NO, default=None, return_dtype=pl.String),
        liquid=pl.when(field("powder") == "1").then(pl.lit("powder")),
        cost=pl.coalesce(_amount("defaultCost"), _amount("purchasePrice")),
        image_url=field("stockPicture"),
        lifecycle=field("status").replace_strict(LIFECYCLES, default=None, return_dtype=pl.String),
    ).with_columns(cost_currency=pl.when(pl.col("cost").is_not_null()).then(pl.lit("CNY")))
    return _records(found, records.PRODUCTS), rejected


def kits(raw: pl.DataFrame) -> Parts:
    """Read kits into `records.KITS`: one row per component."""
    read, rejected = _decoded(raw, _KIT, "a kit with its components", holds=COMPONENTS)
    rows = read.explode(COMPONENTS)
    part = pl.col(COMPONENTS).struct
    found = rows.with_columns(kit_sku="comboSku", component_sku=part.field("stockSku"), quantity=part.field("quantity"))
    return _records(found, records.KITS), rejected


def named_listings(raw: pl.DataFrame) -> Parts:
    """Read what SKUs say of the listings that sell them into `records.PAIRINGS`."""
    read, rejected = _decoded(raw, _SKU, "a SKU")
    # Polars cannot split by a pattern: every separator becomes a line break first.
    codes = pl.col("salesSku").str.replace_all(_SEPARATORS, "\n").str.split("\n")
    rows = read.drop_nulls("salesSku").with_columns(listing_sku=codes).explode("listing_sku")
    return _pairings(rows.with_columns(sku="stockSku", platform=pl.lit(None, pl.String))), rejected


def sold_listings(raw: pl.DataFrame) -> Parts:
    """Read which listings were sold as which SKUs, from orders, into `records.PAIRINGS`: each once."""
    read, rejected = _decoded(raw, _ORDER, "an order with its lines", holds=ITEMS)
    part = pl.col(ITEMS).struct
    rows = read.explode(ITEMS)
    found = rows.with_columns(
        sku=part.field("stockSku"), listing_sku=part.field("platformSku"), platform=_platform(pl.col("platformId"))
    )
    newest = found.sort("updated_at", "record_id", nulls_last=False)
    once = newest.unique(["account", "platform", "listing_sku"], keep="last", maintain_order=True)
    return _pairings(once), rejected


def suppliers(raw: pl.DataFrame) -> Parts:
    """Read the suppliers of SKUs with their terms into `records.SUPPLIERS`."""
    read, rejected = _decoded(raw, _SKU, "a SKU")
    part = pl.col(PROVIDERS).struct
    rows = read.filter(pl.col(PROVIDERS).list.len() > 0).explode(PROVIDERS)
    found = rows.with_columns(
        supplier=pl.coalesce(part.field("providerId"), part.field("providerName")),
        sku="stockSku",
        name=part.field("providerName"),
        lead_time_days=part.field("purchaseDays"),
        minimum_order=part.field("minPurchaseQuantity"),
        carton_units=part.field("cartonQuantity"),
        unit_cost=part.field("price"),
        currency=pl.when(part.field("price").is_not_null()).then(pl.lit("CNY")),
        purchase_url=part.field("productLinkAddress"),
    )
    return _records(found, records.SUPPLIERS), rejected


def _decoded(raw: pl.DataFrame, form: pl.Struct, subject: str, *, holds: str | None = None) -> Parts:
    """Return the fields of the payloads that have a form beside their rows, and the others as rejected rows.

    Args:
        raw: Raw rows.
        form: The form.
        subject: What it is the form of, for the person who has to mend a record.
        holds: List that must have entries.
    """
    source = pl.concat_str(pl.lit(NAME), "account", separator="/")
    read = raw.select(
        "account", "record_id", "updated_at", "payload",
        record=json_columns.decode(raw["payload"], form), source=source,
        source_key=pl.concat_str(source, "record_id", separator="/"),
    )  # fmt: skip
    entries = pl.lit(1) if holds is None else pl.col("record").struct.field(holds).list.len().fill_null(0)
    fits = pl.col("record").is_not_null() & (entries > 0)
    bad = read.filter(~fits).select(
        "source_key", reason=pl.lit(_NO_FORM.format(subject)), reason_type=pl.lit(ReasonType.SCHEMA.value),
        payload="payload",
    )  # fmt: skip
    good = read.filter(fits).unnest("record")
    return good, bad.cast(REJECTED)


def _records(found: pl.DataFrame, form: pl.Schema) -> pl.DataFrame:
    return found.select(form.names()).cast(form)


def _pairings(rows: pl.DataFrame) -> pl.DataFrame:
    told = rows.filter(pl.col("listing_sku").str.strip_chars() != "", pl.col("sku").str.strip_chars() != "")
    nothing = pl.lit(None, pl.String)
    return _records(told.with_columns(store=nothing, multiplier=nothing), records.PAIRINGS)


def _said(field: str) -> pl.Expr:
    return pl.when(pl.col(field).str.strip_chars() != "").then(pl.col(field))


def _amount(field: str) -> pl.Expr:
    """Return an amount as written, null where it is 0 or blank."""
    return pl.when(~pl.col(field).str.contains(r"^\s*0*(\.0*)?\s*$")).then(pl.col(field))


def _unit(unit: str, *fields: str) -> pl.Expr:
    return pl.when(pl.any_horizontal(*(_said(field).is_not_null() for field in fields))).then(pl.lit(unit))


def _platform(name: pl.Expr) -> pl.Expr:
    """Return our name of a platform, and Mabang's own where we have none: a pairing must not count for all of them."""
    known: Sequence[pl.Expr] = [
        pl.when(name.str.to_lowercase().str.starts_with(start)).then(pl.lit(platform))
        for start, platform in PLATFORMS.items()
    ]
    return pl.coalesce(*known, name)
