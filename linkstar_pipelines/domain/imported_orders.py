"""Imported lines as listings, orders and order lines, and the count that ties them to their files.

Belongs here: `raw.imported_orders` read into the forms of `schemas/core.py`.
Does not belong here: reading or typing files (`order_import.py`), or orders of platforms.
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import quarantine
from linkstar_pipelines.domain.calendar import business_day
from linkstar_pipelines.domain.holds import with_hold
from linkstar_pipelines.domain.listings import listings_of
from linkstar_pipelines.domain.order_import import PLATFORM, source_key
from linkstar_pipelines.domain.products.mapped import mapped
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.columns import MONEY
from linkstar_pipelines.schemas.core import OrderLines, Orders
from linkstar_pipelines.schemas.products import ListingMap, Listings
from linkstar_pipelines.schemas.raw import RawImportedOrders

MARKETPLACE: Final = "-"
"""Marketplace of everything that came from a file."""

_FILE_DIGITS: Final = 12
_STATE: Final = pl.lit("closed")
_SELLER: Final = pl.lit("seller")


def orders_from_import(lines: dy.DataFrame[RawImportedOrders]) -> tuple[dy.DataFrame[Orders], pl.DataFrame]:
    """Return one closed order per order number, placed when its first line was.

    Cancel lines are no part of an order; a number with nothing but cancels is no order. The total is the sum
    of unit price times quantity; it is null if the lines are in several currencies.

    Args:
        lines: all imported lines of the orders.

    Returns:
        The orders, and rejected ones (source_key, reason, payload, scope).
    """
    one_currency = pl.col("currency").min() == pl.col("currency").max()
    orders = (
        lines.lazy()
        .filter(pl.col("line_kind") != "cancel")
        .group_by("platform", "store", "order_id", maintain_order=True)
        .agg(
            ordered_at=pl.col("ordered_at").min(),
            updated_at=pl.col("ordered_at").max(),
            time_zone=pl.col("time_zone").first(),
            currency=pl.when(one_currency).then(pl.col("currency").first()),
            total_amount=pl.when(one_currency).then(_amount().sum().cast(MONEY)),
            ship_country=pl.col("country").drop_nulls().first(),
            payload_hash=pl.col("file_sha256").last(),
            changed_on=pl.col("changed_on").max(),
        )
        .with_columns(
            marketplace_id=pl.lit(MARKETPLACE),
            state=_STATE.cast(Orders.state.dtype),
            source_state=pl.lit("imported"),
            fulfilled_by=_SELLER.cast(Orders.fulfilled_by.dtype),
            business_day=business_day(pl.col("ordered_at"), pl.col("time_zone")),
        )
        .select(Orders.column_names())
        .collect()
    )
    key = pl.concat_str("platform", "store", "order_id", separator="/")
    return quarantine.split(orders, Orders, key, scope=pl.col("changed_on"))


def order_lines_from_import(
    lines: dy.DataFrame[RawImportedOrders], listing_map: dy.DataFrame[ListingMap]
) -> tuple[dy.DataFrame[OrderLines], pl.DataFrame]:
    """Return one closed line per imported sale or charge, shipped in full.

    The line id is `<12 digits of the file's digest>-<line number>`: the same file always gives the same
    lines. A charge has no SKU; nor has a sale whose code was not mapped when it was sold: it holds its order. Cancel
    lines are left out.

    Args:
        lines: imported lines.
        listing_map: what listings sell.

    Returns:
        The lines, and rejected ones (source_key, reason, payload, scope) with the source key of the row of the file.
    """
    is_sale = pl.col("line_kind") == "sale"
    sold = mapped(lines.filter(pl.col("line_kind") != "cancel"), listing_map).with_columns(
        pl.when(is_sale).then(pl.col("sku", "multiplier"))
    )
    nothing = pl.lit(None, MONEY)
    frame = (
        with_hold(sold, unknown=pl.lit(value=False))
        .lazy()
        .select(
            "platform", "store", "order_id", "listing_sku", "sku", "multiplier", "hold", "title",
            "unit_price", "currency", "ordered_at", "changed_on",
            line_id=pl.concat_str(
                pl.col("file_sha256").str.head(_FILE_DIGITS), pl.col("line_number").cast(pl.String), separator="-"
            ),
            line_kind=pl.col("line_kind").cast(pl.String).cast(OrderLines.line_kind.dtype),
            marketplace_id=pl.lit(MARKETPLACE),
            state=_STATE.cast(OrderLines.state.dtype),
            fulfilled_by=_SELLER.cast(OrderLines.fulfilled_by.dtype),
            quantity_ordered="quantity",
            quantity_cancelled=pl.lit(0, pl.Int64),
            quantity_shipped="quantity",
            item_amount=_amount().cast(MONEY),
            tax_amount=nothing,
            shipping_amount=nothing,
            discount_amount=nothing,
            ioss_number=pl.lit(None, pl.String),
            updated_at="ordered_at",
            business_day=business_day(pl.col("ordered_at"), pl.col("time_zone")),
            ship_country="country",
        )
        .select(OrderLines.column_names())
        .collect()
    )  # fmt: skip
    file_and_line = pl.col("line_id").str.split_exact("-", 1)
    file, line = file_and_line.struct.field("field_0"), file_and_line.struct.field("field_1")
    return quarantine.split(frame, OrderLines, source_key(pl.col("store"), file, line), scope=pl.col("changed_on"))


def listings_from_import(
    lines: dy.DataFrame[RawImportedOrders], rules: SkuCodeRules
) -> tuple[dy.DataFrame[Listings], pl.DataFrame]:
    """Return every code that a sale names as a listing, with the newest title.

    Args:
        lines: imported lines.
        rules: how codes are cleaned.

    Returns:
        One row per code as written, and those that cannot be read (source_key, reason, payload).
    """
    sold = (
        lines.lazy()
        .filter(pl.col("line_kind") == "sale")
        .group_by("platform", "store", seller_sku="listing_sku")
        .agg(title=pl.col("title").sort_by("ordered_at", "line_number").drop_nulls().last())
        .sort("platform", "store", "seller_sku")
        .collect()
    )
    nothing = pl.lit(None, pl.String)
    read = sold.with_columns(
        marketplace_id=pl.lit(MARKETPLACE),
        fulfilled_by=_SELLER,
        listing_status=nothing,
        price_text=nothing,
        currency=nothing,
        problem=nothing,
        payload=pl.struct(sold.columns).struct.json_encode(),
    )
    return listings_of(read, rules, PLATFORM, pl.concat_str("platform", "store", "seller_sku", separator="/"))


def import_counts(lines: pl.DataFrame, order_lines: pl.DataFrame, rejected: pl.DataFrame) -> pl.DataFrame:
    """Count where the rows of each imported file are now.

    Args:
        lines: imported lines (file_sha256, line_number, line_kind).
        order_lines: canonical lines (platform, line_id); those of other platforms are ignored.
        rejected: quarantine of `raw.imported_orders` and `core.order_lines` (source_key, and table_name where
            the frame holds other tables too); rows that came from no file are ignored.

    Returns:
        One row per file: file (12 digits of its digest), input_rows (the highest line number seen, so that a
        row lost anywhere before it shows), in_order_lines, in_quarantine, cancelled, and difference (0 if
        all rows are accounted for).
    """
    cancelled = (pl.col("line_kind") == "cancel").sum()
    raw = lines.group_by(_file_of("file_sha256")).agg(last_line=pl.col("line_number").max(), cancelled=cancelled)
    imported = order_lines.filter(pl.col("platform") == PLATFORM)
    good = imported.group_by(_file_of("line_id")).agg(in_order_lines=pl.len())
    bad = (
        _of_lines(rejected)
        .group_by("file")
        .agg(last_rejected=pl.col("line_number").max(), in_quarantine=pl.col("line_number").n_unique())
    )
    places = ["in_order_lines", "in_quarantine", "cancelled"]
    return (
        raw.join(bad, on="file", how="full", coalesce=True)
        .join(good, on="file", how="full", coalesce=True)
        .select(
            "file",
            pl.max_horizontal("last_line", "last_rejected").fill_null(0).alias("input_rows"),
            *(pl.col(place).fill_null(0).cast(pl.Int64) for place in places),
        )
        .with_columns(difference=pl.col("input_rows") - pl.sum_horizontal(places))
        .sort("file")
    )


def _file_of(column: str) -> pl.Expr:
    return pl.col(column).str.head(_FILE_DIGITS).alias("file")


def _of_lines(rejected: pl.DataFrame) -> pl.DataFrame:
    """Return (file, line_number) of the rejected rows that are rows of a file."""
    form = rf"^import/.*/([0-9a-f]{{{_FILE_DIGITS}}})/(\d+)$"
    if "table_name" in rejected.columns:
        rejected = rejected.filter(pl.col("table_name").is_in(["raw.imported_orders", "core.order_lines"]))
    return rejected.select(
        file=pl.col("source_key").str.extract(form, 1),
        line_number=pl.col("source_key").str.extract(form, 2).cast(pl.Int64),
    ).drop_nulls()


def _amount() -> pl.Expr:
    """Unit price times quantity, exact."""
    return pl.col("unit_price") * pl.col("quantity")
