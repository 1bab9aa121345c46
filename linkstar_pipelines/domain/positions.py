"""Stock positions: what is where now, by the last word of whoever holds the stock and what orders took since.

Belongs here: folding stock summaries, listings, order lines and movements into one position per node and SKU.
Does not belong here: the history of movements (`movements.py`), or what to order (`replenishment.py`).

* **Units** are units of the SKU: a figure of a listing counts with the listing's multiplier, as it is mapped now.
* **Platform nodes** (FBA) come from the stock summaries. Several seller SKUs of one SKU in one marketplace are
  separate piles of the same goods: they add up.
* **Seller nodes** come from the listings' quantities. Several listings of one SKU offer the *same* pile: the
  largest quantity counts, not the sum.
* **Unknown is not zero.** A node that sold something but never reported a quantity has a position with `on_hand`
  null; so has one of whose piles one is unknown.
* **What orders took.** Both figures of Amazon leave out units as soon as an order for them is placed, so an order
  placed before the observation is already out of `on_hand`. Only orders placed after it are taken off:
  `taken_since` = their shipped units (from the movements) + their open units. `reserved` says how many units wait to
  be shipped in all; it informs and is not taken off again.
* **Cost.** The SKU's own cost, in its own currency, where the catalogue knows one; else a share of the listed price.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.amazon_listings import LISTING, SELLER_CHANNEL
from linkstar_pipelines.domain.nodes import node
from linkstar_pipelines.domain.products.mapped import LISTED_AS, sku_units, valid_at
from linkstar_pipelines.schemas.columns import MONEY
from linkstar_pipelines.schemas.core import ListingStock, OrderLines
from linkstar_pipelines.schemas.products import ListingMap, Listings, Skus
from linkstar_pipelines.schemas.raw import RawAmazonInventory, RawAmazonListings
from linkstar_pipelines.schemas.stock import Movements, Positions

OPEN_STATES: Final = ("awaiting_payment", "held", "to_ship", "part_shipped")
"""States of lines whose remaining units are promised to a buyer."""

_PLACE: Final = ["node", "sku", "platform", "store", "marketplace_id"]
_NODE_SKU: Final = ["node", "sku"]
_LINE: Final = ["platform", "store", "order_id", "line_id"]
_SELLER_SKU: Final = ["platform", "store", "seller_sku"]
_NOTHING_OF_OURS: Final = pl.col("sku").is_null() & pl.col("multiplier").is_not_null()
"""Of a mapped listing: its stock is none of ours."""
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


def positions(
    raw_inventory: dy.DataFrame[RawAmazonInventory],
    raw_listings: dy.DataFrame[RawAmazonListings],
    listing_stock: dy.DataFrame[ListingStock],
    order_lines: dy.DataFrame[OrderLines],
    movements: dy.DataFrame[Movements],
    *,
    listings: dy.DataFrame[Listings],
    listing_map: dy.DataFrame[ListingMap],
    skus: dy.DataFrame[Skus],
    cost_share: Decimal,
    now: datetime,
) -> tuple[dy.DataFrame[Positions], pl.DataFrame]:
    """Return the position of every node and SKU that holds, offers or sold something.

    Args:
        raw_inventory: Amazon's latest stock summaries.
        raw_listings: Amazon's present listings, for the quantities that the seller offers.
        listing_stock: What the other platforms show as stock of each listing.
        order_lines: Current state of order lines.
        movements: Movements of those lines.
        listings: Listings of all stores, for their prices.
        listing_map: What listings sell.
        skus: Master SKUs, for their costs.
        cost_share: Cost of a unit as a share of its listed price, for SKUs whose cost is not known; the price of a SKU
            in a marketplace is the lower median of its listings' prices per unit. Costs are rounded half to even, to 4
            decimals.
        now: Instant at which the listing map is read.

    Returns:
        One row per node and SKU, sorted. And the stock that cannot be placed or read, with the reason: its seller
        SKU is not mapped, or a quantity is no whole number of units.
    """
    mapped_now = valid_at(listing_map, now)
    held, unreadable_summaries = _held_by_platform(raw_inventory, mapped_now)
    sold_as = mapped_now.filter(~_NOTHING_OF_OURS)
    offered, unreadable_listings = _offered_by_seller(raw_listings, sold_as)
    sales = _sales(order_lines)
    observed = pl.concat([held, offered, _shown_elsewhere(listing_stock, sold_as)], how="diagonal")
    sold = sales.select(_PLACE).unique()
    frame = (
        pl.concat([observed, sold.join(observed, on=_NODE_SKU, how="anti")], how="diagonal")
        .join(_taken_since(observed, sales, movements), on=_NODE_SKU, how="left")
        .join(_open_units(sales), on=_NODE_SKU, how="left")
        .join(
            _unit_costs(listings, sold_as, skus, cost_share),
            on=["platform", "store", "marketplace_id", "sku"],
            how="left",
        )
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


def _held_by_platform(raw: pl.DataFrame, sold_as: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
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
        .join(sold_as, left_on=_SELLER_SKU, right_on=LISTED_AS, how="left", maintain_order="left")
        .filter(~_NOTHING_OF_OURS)
        .with_columns(
            *(sku_units(_units(text)).alias(name) for name, text in texts.items()),
            node=node(pl.lit("platform")),
            reason=pl.coalesce(
                pl.when(pl.col("sku").is_null()).then(pl.lit("no SKU is mapped to this seller SKU, which has stock")),
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


def _offered_by_seller(raw: pl.DataFrame, sold_as: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the seller's piles per node and SKU, and the listings whose quantity cannot be read.

    Listings of another form are in quarantine with `core.listings` already, those not mapped with `core.listing_map`.
    """
    channel = pl.col("channel").struct
    text = channel.field("quantity")
    offers = (
        raw.with_columns(listing=json_columns.decode(raw["payload"], LISTING))
        .join(sold_as, left_on=_SELLER_SKU, right_on=LISTED_AS, how="inner", maintain_order="left")
        .with_columns(channel=pl.col("listing").struct.field("fulfillmentAvailability"))
        .explode("channel")
        .filter(channel.field("fulfillmentChannelCode") == SELLER_CHANNEL)
        .with_columns(on_hand=sku_units(_units(text)), node=node(pl.lit("seller")), reason=_no_units("on_hand", text))
    )
    offered = offers.group_by(_PLACE).agg(pl.col("observed_at").min(), pl.col("on_hand").max())
    return offered, _refused(offers)


def _shown_elsewhere(shown: pl.DataFrame, sold_as: pl.DataFrame) -> pl.DataFrame:
    """Return the stock that platforms other than Amazon show, per node and SKU.

    In a platform's warehouse the piles of one SKU add up; several listings of the seller's own offer the same pile,
    so the largest figure counts. One unknown figure of a pile makes it unknown.
    """
    listings = (
        shown.join(sold_as, on=LISTED_AS, how="inner", maintain_order="left")
        .with_columns(sku_units(pl.col("available", "reserved", "inbound", "unsellable")))
        .with_columns(node=node(), adds_up=pl.col("fulfilled_by").cast(pl.String) == "platform")
    )
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
    """Return the lines of goods whose SKU is known, with their node and the SKU's open units."""
    remaining = sku_units(pl.col("quantity_ordered") - pl.col("quantity_cancelled") - pl.col("quantity_shipped"))
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


def _unit_costs(listings: pl.DataFrame, sold_as: pl.DataFrame, skus: pl.DataFrame, cost_share: Decimal) -> pl.DataFrame:
    """Return the cost of a unit per SKU and marketplace, with its currency."""
    sold = listings.join(sold_as, on=LISTED_AS)
    place = ["platform", "store", "marketplace_id", "sku"]
    known = skus.filter(pl.col("cost").is_not_null()).select("sku", "cost", "cost_currency")
    return (
        sold.select(place)
        .unique()
        .join(known, on="sku", how="left")
        .join(_shares_of_prices(sold, cost_share), on=place, how="left")
        .select(
            *place,
            unit_cost=pl.coalesce("cost", "share_of_price"),
            currency=pl.when(pl.col("cost").is_not_null()).then("cost_currency").otherwise("price_currency"),
        )
    )


def _shares_of_prices(sold: pl.DataFrame, cost_share: Decimal) -> pl.DataFrame:
    """Return costs as shares of listed prices; nothing where a SKU's listings are in several currencies."""
    # The lower median is one of the prices; the mean of two would be, in Polars, a float.
    middle = pl.col("unit_price").sort().get((pl.len() - 1) // 2)
    unit_price = (pl.col("price") / pl.col("multiplier").cast(MONEY)).cast(MONEY)
    return (
        sold.filter(pl.col("price").is_not_null(), pl.col("currency").is_not_null())
        .with_columns(unit_price=unit_price)
        .group_by("platform", "store", "marketplace_id", "sku")
        .agg(unit_price=middle, price_currency=pl.col("currency").first(), currencies=pl.col("currency").n_unique())
        .filter(pl.col("currencies") == 1)
        .select(
            "platform", "store", "marketplace_id", "sku", "price_currency",
            share_of_price=(pl.col("unit_price") * pl.lit(cost_share)).cast(MONEY),
        )
    )  # fmt: skip
