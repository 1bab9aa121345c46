"""Stock positions: what is where now, by the last word of whoever holds the stock and what orders took since.

Belongs here: folding stock summaries, listings, order lines and movements into one position per node and SKU.
Does not belong here: the history of movements (`movements.py`), or what to order (`replenishment.py`).

* **Platform nodes** (FBA) come from the stock summaries. Several seller SKUs of one clean SKU in one marketplace are
  separate piles of the same goods: they add up.
* **Seller nodes** come from the listings' quantities. Several listings of one clean SKU offer the *same* pile: the
  largest quantity counts, not the sum.
* **Unknown is not zero.** A node that sold something but never reported a quantity has a position with `on_hand`
  null; so has one of whose piles one is unknown.
* **What orders took.** Both figures of Amazon leave out units as soon as an order for them is placed, so an order
  placed before the observation is already out of `on_hand`. Only orders placed after it are taken off:
  `taken_since` = their shipped units (from the movements) + their open units. `reserved` says how many units wait to
  be shipped in all; it informs and is not taken off again.
"""

from decimal import Decimal
from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.amazon_listings import LISTING, SELLER_CHANNEL
from linkstar_pipelines.domain.nodes import node
from linkstar_pipelines.domain.sku_codes import by_account
from linkstar_pipelines.schemas.columns import MONEY
from linkstar_pipelines.schemas.core import ListingStock, OrderLines, Skus
from linkstar_pipelines.schemas.raw import RawAmazonInventory, RawAmazonListings
from linkstar_pipelines.schemas.stock import Movements, Positions

OPEN_STATES: Final = ("awaiting_payment", "held", "to_ship", "part_shipped")
"""States of lines whose remaining units are promised to a buyer."""

_PLACE: Final = ["node", "sku", "platform", "store", "marketplace_id"]
_NODE_SKU: Final = ["node", "sku"]
_LINE: Final = ["platform", "store", "order_id", "line_id"]
_CODE: Final = ["platform", "store", "seller_sku"]
_CODE_OF_SKUS: Final = ["platform", "store", "listing_sku"]
_SUMMARY: Final = pl.Struct({
    "inventoryDetails": pl.Struct({
        "fulfillableQuantity": pl.String,
        "inboundWorkingQuantity": pl.String,
        "inboundShippedQuantity": pl.String,
        "inboundReceivingQuantity": pl.String,
        "reservedQuantity": pl.Struct({"pendingCustomerOrderQuantity": pl.String}),
        "unfulfillableQuantity": pl.Struct({"totalUnfulfillableQuantity": pl.String}),
    }),
})  # fmt: skip


def positions(  # noqa: PLR0917  # each is a table of its own
    raw_inventory: dy.DataFrame[RawAmazonInventory],
    raw_listings: dy.DataFrame[RawAmazonListings],
    listing_stock: dy.DataFrame[ListingStock],
    skus: dy.DataFrame[Skus],
    order_lines: dy.DataFrame[OrderLines],
    movements: dy.DataFrame[Movements],
    *,
    cost_share: Decimal,
) -> tuple[dy.DataFrame[Positions], pl.DataFrame]:
    """Return the position of every node and SKU that holds, offers or sold something.

    Args:
        raw_inventory: Amazon's latest stock summaries.
        raw_listings: Amazon's present listings, for the quantities that the seller offers.
        listing_stock: What the other platforms show as stock of each listing.
        skus: Clean SKUs of the listings.
        order_lines: Current state of order lines.
        movements: Movements of those lines.
        cost_share: Cost of a unit as a share of its listed price; the price of a SKU in a marketplace is the lower
            median of its listings' prices. Costs are rounded half to even, to 4 decimals.

    Returns:
        One row per node and SKU, sorted. And the stock that cannot be placed or read, with the reason: its seller
        SKU has no clean SKU, or a quantity is no whole number of units.
    """
    held, unreadable_summaries = _held_by_platform(raw_inventory, skus)
    offered, unreadable_listings = _offered_by_seller(raw_listings, skus)
    sales = _sales(order_lines)
    observed = pl.concat([held, offered, _shown_elsewhere(listing_stock, skus)], how="diagonal")
    sold = sales.select(_PLACE).unique()
    frame = (
        pl.concat([observed, sold.join(observed, on=_NODE_SKU, how="anti")], how="diagonal")
        .join(_taken_since(observed, sales, movements), on=_NODE_SKU, how="left")
        .join(_open_units(sales), on=_NODE_SKU, how="left")
        .join(_unit_costs(skus, cost_share), on=["platform", "store", "marketplace_id", "sku"], how="left")
        .with_columns(
            reserved=pl.coalesce("reserved", "open_units", 0),
            taken_since=pl.col("taken_since").fill_null(0),
            inbound=pl.col("inbound").fill_null(0),
            unfulfillable=pl.col("unfulfillable").fill_null(0),
        )
        .with_columns(
            available=(pl.col("on_hand") - pl.col("taken_since")).clip(lower_bound=0),
            stock_value=(pl.col("on_hand") * pl.col("unit_cost")).cast(MONEY),
        )
        .select(Positions.column_names())
        .sort(_NODE_SKU)
    )
    good, rejected = quarantine.split(frame, Positions, pl.concat_str(_NODE_SKU, separator="/"))
    return good, quarantine.concat_rejects(unreadable_summaries, unreadable_listings, rejected)


def _held_by_platform(raw: pl.DataFrame, skus: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the platform's piles added up per node and SKU, and the summaries that cannot be placed or read."""
    details = pl.col("summary").struct.field("inventoryDetails").struct
    texts = {
        "on_hand": details.field("fulfillableQuantity"),
        "working": details.field("inboundWorkingQuantity"),
        "shipped": details.field("inboundShippedQuantity"),
        "receiving": details.field("inboundReceivingQuantity"),
        "reserved": details.field("reservedQuantity").struct.field("pendingCustomerOrderQuantity"),
        "unfulfillable": details.field("unfulfillableQuantity").struct.field("totalUnfulfillableQuantity"),
    }
    piles = (
        raw.with_columns(summary=json_columns.decode(raw["payload"], _SUMMARY))
        .join(by_account(skus), left_on=_CODE, right_on=_CODE_OF_SKUS, how="left", maintain_order="left")
        .with_columns(
            *(_units(text).alias(name) for name, text in texts.items()),
            node=node(pl.lit("platform")),
            reason=pl.coalesce(
                pl.when(pl.col("sku").is_null()).then(pl.lit("no clean SKU for the stock of this seller SKU")),
                pl.when(pl.col("summary").is_null()).then(pl.lit("payload is not in the form of FBA inventory v1")),
                *(_no_units(name, text) for name, text in texts.items()),
            ),
        )
    )
    unknown = pl.col("on_hand").is_null().any()
    held = (
        piles.filter(pl.col("sku").is_not_null())
        .group_by(_PLACE)
        .agg(
            pl.col("observed_at").min(),
            on_hand=pl.when(~unknown).then(pl.col("on_hand").sum()),
            reserved=pl.col("reserved").sum(),
            inbound=pl.sum_horizontal(pl.col("working", "shipped", "receiving").sum()),
            unfulfillable=pl.col("unfulfillable").sum(),
        )
    )
    return held, _refused(piles)


def _offered_by_seller(raw: pl.DataFrame, skus: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the seller's piles per node and SKU, and the listings whose quantity cannot be read.

    Listings without a clean SKU or of another form are in quarantine with `core.skus` already.
    """
    channel = pl.col("channel").struct
    text = channel.field("quantity")
    offers = (
        raw.with_columns(listing=json_columns.decode(raw["payload"], LISTING))
        .join(by_account(skus), left_on=_CODE, right_on=_CODE_OF_SKUS, how="inner", maintain_order="left")
        .with_columns(channel=pl.col("listing").struct.field("fulfillmentAvailability"))
        .explode("channel")
        .filter(channel.field("fulfillmentChannelCode") == SELLER_CHANNEL)
        .with_columns(on_hand=_units(text), node=node(pl.lit("seller")), reason=_no_units("on_hand", text))
    )
    offered = offers.group_by(_PLACE).agg(pl.col("observed_at").min(), pl.col("on_hand").max())
    return offered, _refused(offers)


def _shown_elsewhere(shown: pl.DataFrame, skus: pl.DataFrame) -> pl.DataFrame:
    """Return the stock that platforms other than Amazon show, per node and SKU.

    In a platform's warehouse the piles of one SKU add up; several listings of the seller's own offer the same pile,
    so the largest figure counts. One unknown figure of a pile makes it unknown.
    """
    listings = (
        shown.join(
            by_account(skus), left_on=["platform", "store", "listing_sku"], right_on=_CODE_OF_SKUS, how="inner",
            maintain_order="left",
        )
        .with_columns(node=node(), adds_up=pl.col("fulfilled_by").cast(pl.String) == "platform")
    )  # fmt: skip
    per_listing = listings.group_by(*_PLACE, "adds_up", "listing_id").agg(
        pl.col("observed_at").min(),
        pl.when(pl.col("available").is_not_null().all()).then(pl.col("available").sum()).alias("on_hand"),
        pl.col("reserved", "inbound", "unsellable").sum(),
    )
    unknown = pl.col("on_hand").is_null().any()
    return per_listing.group_by(_PLACE).agg(
        pl.col("observed_at").min(),
        on_hand=pl.when(unknown)
        .then(None)
        .when(pl.col("adds_up").first())
        .then(pl.col("on_hand").sum())
        .otherwise(pl.col("on_hand").max()),
        inbound=pl.col("inbound").sum(),
        unfulfillable=pl.col("unsellable").sum(),
    )


def _units(text: pl.Expr) -> pl.Expr:
    units = json_columns.whole(text)
    return pl.when(units >= 0).then(units)


def _no_units(name: str, text: pl.Expr) -> pl.Expr:
    unreadable = json_columns.unreadable(text, _units(text))
    return pl.when(unreadable).then(pl.format(f"{name} `{{}}` is no number of units", text))


def _refused(piles: pl.DataFrame) -> pl.DataFrame:
    key = pl.concat_str("platform", "store", "marketplace_id", "seller_sku", separator="/")
    return piles.filter(pl.col("reason").is_not_null()).select("reason", "payload", source_key=key)


def _sales(order_lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of goods whose SKU is known, with their node and open units."""
    remaining = pl.col("quantity_ordered") - pl.col("quantity_cancelled") - pl.col("quantity_shipped")
    is_open = pl.col("state").cast(pl.String).is_in(OPEN_STATES)
    return order_lines.filter(
        pl.col("line_kind") == "sale",
        pl.col("sku").is_not_null(),
        pl.col("quantity_ordered") > pl.col("quantity_cancelled"),
    ).with_columns(node=node(), open_units=pl.when(is_open).then(remaining).otherwise(0))


def _open_units(sales: pl.DataFrame) -> pl.DataFrame:
    return sales.group_by(_NODE_SKU).agg(pl.col("open_units").sum())


def _taken_since(observed: pl.DataFrame, sales: pl.DataFrame, movements: pl.DataFrame) -> pl.DataFrame:
    """Return the units of orders placed after the observation of their node and SKU."""
    shipped = movements.select(*_LINE, shipped=-pl.col("quantity"))
    return (
        sales.join(observed.select(*_NODE_SKU, "observed_at"), on=_NODE_SKU)
        .filter(pl.col("ordered_at") > pl.col("observed_at"))
        .join(shipped, on=_LINE, how="left")
        .group_by(_NODE_SKU)
        .agg(taken_since=pl.col("open_units").sum() + pl.col("shipped").sum())
    )


def _unit_costs(skus: pl.DataFrame, cost_share: Decimal) -> pl.DataFrame:
    """Return the cost of a unit per SKU and marketplace; nothing where its listings are in several currencies."""
    # The lower median is one of the prices; the mean of two would be, in Polars, a float.
    middle = pl.col("price").sort().get((pl.len() - 1) // 2)
    return (
        skus.filter(pl.col("price").is_not_null(), pl.col("currency").is_not_null())
        .group_by("platform", "store", "marketplace_id", "sku")
        .agg(price=middle, currency=pl.col("currency").first(), currencies=pl.col("currency").n_unique())
        .filter(pl.col("currencies") == 1)
        .select(
            "platform", "store", "marketplace_id", "sku", "currency",
            unit_cost=(pl.col("price") * pl.lit(cost_share)).cast(MONEY),
        )
    )  # fmt: skip
