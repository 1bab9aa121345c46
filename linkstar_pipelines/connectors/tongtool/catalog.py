"""What Tongtool's records say of the catalogue: the readers into `domain/products/records.py`.

Belongs here: which field of a payload is which column. Does not belong here: what the values are worth
(`domain/products/cleaning.py`), or what is decided by them.

Tongtool states neither barcodes nor customs values nor batteries. It has no list of pairings: what a listing sells
stands in the orders that were matched. A supplier's terms stand in what was bought from it.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.connectors.china_time import FORM
from linkstar_pipelines.connectors.tongtool import operations as op
from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.products import records

# Every leaf is text: see `json_columns`.
_GOODS: Final = pl.List(
    pl.Struct(
        dict.fromkeys(
            ("goodsSku", "goodsWeight", "goodsCurCost", "goodsAveCost", "goodsQuantity", "quantity"), pl.String
        )
    )
)
_SIDES: Final = ("Length", "Width", "Height")
_PRODUCT: Final = pl.Struct(
    {
        **dict.fromkeys(
            ("productType", "sku", "productName", "productPackingEnName", "categoryName", "hsCode", "declareEnName",
             "declareCnName", "status", *(f"{what}{side}" for what in ("product", "package") for side in _SIDES)),
            pl.String,
        ),
        "productImgList": pl.List(pl.Struct({"imageGroupId": pl.String})),
        "goodsDetail": _GOODS,
    }
)  # fmt: skip
_LINE: Final = ("webstore_sku", "webstore_custom_label", "goodsMatchedSku", "quantity", "goodsMatchedQuantity")
_ORDER: Final = pl.Struct(
    {
        **dict.fromkeys(("platformCode", "saleAccount", "saleTime"), pl.String),
        "orderDetails": pl.List(pl.Struct(dict.fromkeys(_LINE, pl.String))),
    }
)
_PURCHASE: Final = pl.Struct(
    dict.fromkeys(
        ("supplier_code", "corporation_fullname", "goods_sku", "unit_price", "currency", "status", "createdDate",
         "purchaseArrivalDate"),
        pl.String,
    )
)  # fmt: skip


def products(raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read products: every entry of `goodsDetail` is a SKU of its own; a bundle is one, whatever it is made of.

    Sizes are those of the parcel where they are given, else of the product (cm); weights are of the goods (g); costs
    are CNY, the current one before the average. 0 stands for not entered.

    Args:
        raw: Rows of `raw.tongtool_products`.

    Returns:
        Records (`records.PRODUCTS`), and the payloads that are no products.
    """
    frame, rejected = _read(raw, _PRODUCT, "goodsQuery")
    # A null is one row when it is exploded, an empty list would be none.
    bundle = (pl.col("productType") == op.BUNDLE).fill_null(value=False)
    apart = pl.when(~bundle, pl.col("goodsDetail").list.len() > 0).then("goodsDetail")
    variants = frame.with_columns(goodsDetail=apart).explode("goodsDetail")
    goods = pl.col("goodsDetail").struct
    packed = pl.all_horizontal(_entered(pl.col(f"package{side}")).is_not_null() for side in _SIDES)
    sides = {
        side.lower(): pl.when(packed).then(pl.col(f"package{side}")).otherwise(_entered(pl.col(f"product{side}")))
        for side in _SIDES
    }
    cost = pl.coalesce(_entered(goods.field("goodsCurCost")), _entered(goods.field("goodsAveCost")))
    weight = _entered(goods.field("goodsWeight"))
    # A product without variants has no goods, or goods without a code, and its own code is the SKU.
    sku = pl.coalesce(goods.field("goodsSku"), pl.when(pl.len().over("source_key") == 1).then(pl.col("sku")))
    return _records(
        variants.with_columns(
            sku=sku,
            name_zh="productName",
            name_en="productPackingEnName",
            category="categoryName",
            **sides,
            weight=weight,
            hs_code="hsCode",
            declared_name_en="declareEnName",
            declared_name_zh="declareCnName",
            cost=cost,
            cost_currency=pl.when(cost.is_not_null()).then(pl.lit(op.COST_CURRENCY)),
            image_url=pl.col("productImgList").list.first().struct.field("imageGroupId"),
            lifecycle=pl.when(pl.col("status") == op.DELETED).then(pl.lit("retired")),
        ).with_columns(
            source_key=_variant_key(sku),
            length_unit=pl.when(pl.col("length").is_not_null()).then(pl.lit("cm")),
            weight_unit=pl.when(pl.col("weight").is_not_null()).then(pl.lit("g")),
        ),
        records.PRODUCTS,
    ), rejected


def kits(raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read bundles: their `goodsDetail` are the components.

    Under which name Tongtool gives the units of a component is not verified: `goodsQuantity` and `quantity` are read.
    Where neither is there, `quantity` is null; one unit is never assumed.

    Args:
        raw: Rows of `raw.tongtool_products`.

    Returns:
        Records (`records.KITS`), and the bundles that name no component.
    """
    frame, _ = _read(raw, _PRODUCT, "goodsQuery")
    bundles = frame.filter(pl.col("productType") == op.BUNDLE)
    made_of = pl.col("goodsDetail").list.len().fill_null(0)
    empty = bundles.filter(made_of == 0)
    goods = pl.col("goodsDetail").struct
    parts = bundles.filter(made_of > 0).explode("goodsDetail").with_columns(
        kit_sku="sku",
        component_sku=goods.field("goodsSku"),
        quantity=pl.coalesce(goods.field("goodsQuantity"), goods.field("quantity")),
        source_key=_variant_key(goods.field("goodsSku")),
    )  # fmt: skip
    rejected = empty.select("source_key", "payload", reason=pl.lit("the bundle names no component (goodsDetail)"))
    return _records(parts, records.KITS), quarantine.concat_rejects(rejected)


def pairings(raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read what listings sell out of matched orders: the latest order of a listing tells its SKUs.

    Whether `goodsMatchedQuantity` counts the units of one listing or of the whole line is not verified. In a line of
    one unit both are the same, so the latest of these tells the multiplier; where there is none, a line with as many
    units matched as were sold tells that it is 1. It stays null where no order states what was matched.

    Args:
        raw: Rows of `raw.tongtool_orders`.

    Returns:
        Records (`records.PAIRINGS`); and the payloads that are no orders, and those whose multiplier cannot be told.
    """
    frame, rejected = _read(raw, _ORDER, "ordersQuery")
    listing = ["source", "platform", "store", "listing_sku"]
    sold, matched = _number("quantity"), _number("goodsMatchedQuantity")
    lines = (
        frame.explode("orderDetails")
        .unnest("orderDetails")
        .with_columns(
            platform="platformCode",
            store="saleAccount",
            listing_sku=pl.coalesce(_filled("webstore_sku"), _filled("webstore_custom_label")),
            sku=_filled("goodsMatchedSku"),
            told=matched > 0,
            single=pl.when(sold == 1, matched > 0).then("goodsMatchedQuantity"),
            equal=pl.when(sold == matched, matched > 0).then(pl.lit("1")),
        )
        .filter(pl.col("listing_sku").is_not_null(), pl.col("sku").is_not_null())
        .sort("saleTime", "source_key", nulls_last=False, maintain_order=True)
    )
    surest = pl.coalesce(pl.col(name).drop_nulls().last().over(*listing, "sku") for name in ("single", "equal"))
    latest = (
        lines.with_columns(multiplier=surest)
        .filter(pl.col("source_key") == pl.col("source_key").last().over(listing))
        .unique([*listing, "sku"], keep="last", maintain_order=True)
    )
    unclear = pl.col("told").fill_null(value=False) & pl.col("multiplier").is_null()
    reason = pl.format(
        "how many {} one unit of listing {} takes cannot be told: {} sold, {} matched, and no order of one unit",
        "sku", "listing_sku", "quantity", "goodsMatchedQuantity",
    )  # fmt: skip
    refused = latest.filter(unclear).select("source_key", "payload", reason=reason)
    return _records(latest.filter(~unclear), records.PAIRINGS), quarantine.concat_rejects(rejected, refused)


def suppliers(raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the terms of suppliers out of purchase orders: the latest price, and the usual days until arrival.

    The lead time is the median of all arrived orders of the SKU from the supplier, in whole days. Orders that were
    called off do not count.

    Args:
        raw: Rows of `raw.tongtool_purchases`, one per line of an order.

    Returns:
        Records (`records.SUPPLIERS`), and the payloads that are no purchase orders.
    """
    frame, rejected = _read(raw, _PURCHASE, "purchaseOrderQuery")
    ordered, arrived = _time("createdDate"), _time("purchaseArrivalDate")
    terms = ["source", "supplier", "sku"]
    lines = (
        frame.filter(pl.col("status").is_null() | (pl.col("status") != op.VOID))
        .with_columns(
            supplier=pl.coalesce(_filled("supplier_code"), _filled("corporation_fullname")),
            sku=_filled("goods_sku"),
            name="corporation_fullname",
            unit_cost="unit_price",
            days=pl.when(arrived >= ordered).then((arrived - ordered).dt.total_days()),
        )
        .sort("createdDate", "source_key", maintain_order=True)
        .with_columns(lead_time_days=pl.col("days").median().over(terms).round().cast(pl.Int64).cast(pl.String))
        .unique(terms, keep="last", maintain_order=True)
    )
    return _records(lines, records.SUPPLIERS), rejected


def _read(raw: pl.DataFrame, dtype: pl.Struct, operation: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Add the fields of the payload, `source` and `source_key`; part what has another form."""
    source = pl.concat_str(pl.lit(op.PLATFORM), "account", separator="/")
    told = raw.select(
        "payload",
        source=source,
        source_key=pl.concat_str(source, "record_id", separator="/"),
        told=json_columns.decode(raw["payload"], dtype),
    )
    good = told.filter(pl.col("told").is_not_null()).unnest("told")
    bad = told.filter(pl.col("told").is_null())
    reason = pl.lit(f"the payload is not in the form of {operation}")
    return good, quarantine.concat_rejects(bad.select("source_key", "payload", reason=reason))


def _records(frame: pl.DataFrame, form: pl.Schema) -> pl.DataFrame:
    """Take the columns of a form; those that Tongtool has no word for are null."""
    known = [pl.col(name).cast(pl.String) if name in frame.columns else pl.lit(None, pl.String).alias(name)
             for name in form]  # fmt: skip
    return frame.select(known)


def _variant_key(sku: pl.Expr) -> pl.Expr:
    """Name a part of a record: by its code where the record has several."""
    several = pl.len().over("source_key") > 1
    return pl.when(several).then(pl.concat_str("source_key", sku.fill_null("-"), separator="/")).otherwise("source_key")


def _filled(name: str) -> pl.Expr:
    return pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name))


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64, strict=False)


def _entered(text: pl.Expr) -> pl.Expr:
    """Leave out numbers that stand for nothing entered; whatever else is there stays for the cleaning to judge."""
    return pl.when(text.cast(pl.Float64, strict=False).fill_null(1) != 0).then(text)


def _time(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime(FORM, strict=False)
