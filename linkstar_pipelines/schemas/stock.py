"""Layer `stock`: what moved, and what is where.

Belongs here: signed movements with their cause, and one position per (node, SKU).
A *node* is a place that holds stock: `platform:<store>:<marketplace>` (FBA) or `seller:<store>:<marketplace>`.
"""

import dataframely as dy
import polars as pl

from linkstar_pipelines.schemas import columns as c


class Movements(dy.Schema):
    """Signed stock movements caused by orders."""

    platform = c.platform()
    store = c.store()
    order_id = c.key("Order that caused the movement.")
    line_id = c.key("Order line that caused the movement.")
    kind = dy.Enum(["ship"], primary_key=True, description="`ship`: units left the node.")
    node = c.text("Place the units left or entered.")
    sku = c.text("Clean SKU.")
    quantity = dy.Int64(nullable=False, description="Units, negative when they leave.")
    moved_at = c.instant("When the movement was last confirmed by the source.")
    changed_on = c.changed_on()

    @dy.rule()
    def shipments_leave(cls) -> pl.Expr:
        """A shipment takes units away."""
        return cls.quantity.col < 0


class Positions(dy.Schema):
    """One row per node and SKU: the last count of whoever holds the stock, less what orders took since."""

    node = c.key("Place that holds the stock.")
    sku = c.key("Clean SKU.")
    platform = c.platform(primary_key=False)
    store = c.store(primary_key=False)
    marketplace_id = c.text("Marketplace served; `-` for imported files.")
    on_hand = dy.Int64(
        nullable=True,
        description="Sellable units as last observed, units of orders placed by then already out; null when nobody "
        "has told us.",
    )
    taken_since = dy.Int64(
        nullable=False, min=0, description="Units of orders placed after that observation: shipped, or still open."
    )
    reserved = dy.Int64(
        nullable=False,
        min=0,
        description="Units promised to open orders and not yet shipped: the platform's own figure in its warehouses. "
        "For information: `available` is net of them already.",
    )
    inbound = dy.Int64(nullable=False, min=0, description="Units on their way to the node.")
    unfulfillable = dy.Int64(nullable=False, min=0, description="Units there that cannot be sold.")
    available = dy.Int64(nullable=True, description="on_hand - taken_since, never below 0; null if unknown.")
    observed_at = c.instant("When on_hand was observed; null if never.", nullable=True)
    unit_cost = c.money("Cost of one unit by the rule in `rules/replenishment.yaml`.", nullable=True)
    currency = c.currency("ISO 4217 currency of cost and value.", nullable=True)
    stock_value = c.money("on_hand times unit_cost.", nullable=True)

    @dy.rule()
    def unknown_stays_unknown(cls) -> pl.Expr:
        """Unknown stock is null on both sides, never 0."""
        return cls.on_hand.col.is_null() == cls.available.col.is_null()
