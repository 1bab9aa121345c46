"""Layer `core`: clean SKUs, orders and order lines in one form for all platforms.

Belongs here: the current state of each thing, with the canonical state names of `docs/glossary.md`.
Does not belong here: history of versions (that is `raw`), or anything derived for planning or money.
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.schemas import columns as c

ORDER_STATES: Final = (
    "awaiting_payment", "held", "to_ship", "part_shipped", "shipped", "delivered", "closed", "cancelled", "unknown",
)  # fmt: skip
FULFILLERS: Final = ("platform", "seller")


class Skus(dy.Schema):
    """One row per listing: which clean SKU it sells. Listings that fit no rule are in quarantine instead."""

    platform = c.platform()
    store = c.store()
    marketplace_id = c.key("Marketplace of the listing; `-` for imported files.")
    listing_sku = c.key("The code as typed in the platform.")
    sku = c.text("Clean SKU in the house's code form.", regex=r"^[A-Z0-9][A-Z0-9.-]*$")
    cleaning = c.text("What was done to the code, such as `trim+upper`; `none` if it was clean.")
    title = c.text("Product title.", nullable=True)
    asin = c.text("Amazon's catalogue number.", nullable=True)
    fulfilled_by = dy.Enum(FULFILLERS, description="Who ships: the platform (FBA) or the seller.")
    listing_status = c.text("Status words of the platform, comma-separated.", nullable=True)
    price = c.money("Listed price.", nullable=True)
    currency = c.currency("ISO 4217 currency of the price.", nullable=True)


class Orders(dy.Schema):
    """One row per order: its current state. Keyed by (platform, store, order id)."""

    platform = c.platform()
    store = c.store()
    order_id = c.key("The platform's order id.")
    marketplace_id = c.text("Marketplace the order was placed in; `-` for imported files.")
    state = dy.Enum(ORDER_STATES, description="Canonical state; `unknown` keeps an unheard-of source state visible.")
    source_state = c.text("State in the platform's own words.")
    fulfilled_by = dy.Enum(FULFILLERS, description="Who ships: the platform (FBA) or the seller.")
    ordered_at = c.instant("When the order was placed.")
    updated_at = c.instant("When the source last changed it.")
    business_day = dy.Date(description="Day of `ordered_at` in the store's own time zone.")
    currency = c.currency(nullable=True)
    total_amount = c.money("Grand total as the platform states it; null before payment.", nullable=True)
    ship_country = c.text("Destination country, ISO 3166 alpha-2 where the source gives it.", nullable=True)
    payload_hash = c.digest("The raw version this row was read from.")
    changed_on = c.changed_on()

    @dy.rule()
    def amount_has_currency(cls) -> pl.Expr:
        """An amount without a currency is no amount."""
        return cls.total_amount.col.is_null() | cls.currency.col.is_not_null()


class OrderLines(dy.Schema):
    """One row per order line: its current state. Keyed by (platform, store, order id, line id)."""

    platform = c.platform()
    store = c.store()
    order_id = c.key("The platform's order id.")
    line_id = c.key("The platform's line id.")
    line_kind = dy.Enum(["sale", "charge"], description="`sale` of goods, or `charge` (postage, fees).")
    marketplace_id = c.text("Marketplace the order was placed in; `-` for imported files.")
    state = dy.Enum(ORDER_STATES, description="Canonical state of the line.")
    fulfilled_by = dy.Enum(FULFILLERS, description="Who ships: the platform (FBA) or the seller.")
    listing_sku = c.text("The code as the order gives it.")
    sku = c.text("Clean SKU; null while the listing is not mapped (the order itself is never blocked).", nullable=True)
    title = c.text("Product title.", nullable=True)
    quantity_ordered = dy.Int64(nullable=False, min=0, description="Units ordered.")
    quantity_cancelled = dy.Int64(nullable=False, min=0, description="Units cancelled since.")
    quantity_shipped = dy.Int64(nullable=False, min=0, description="Units shipped so far.")
    unit_price = c.money("Price of one unit.", nullable=True, minimum=0)
    item_amount = c.money("Goods value of the line (unit price times quantity), without tax.", nullable=True)
    tax_amount = c.money("Tax the platform states for the line.", nullable=True)
    shipping_amount = c.money("Shipping charged to the buyer.", nullable=True)
    discount_amount = c.money("Promotion discounts, as a positive amount.", nullable=True, minimum=0)
    currency = c.currency(nullable=True)
    ioss_number = c.text("EU import one-stop-shop number that must reach customs.", nullable=True)
    ordered_at = c.instant("When the order was placed.")
    updated_at = c.instant("When the source last changed it.")
    business_day = dy.Date(description="Day of `ordered_at` in the store's own time zone.")
    ship_country = c.text("Destination country.", nullable=True)
    changed_on = c.changed_on()

    @dy.rule()
    def shipped_and_cancelled_fit_ordered(cls) -> pl.Expr:
        """No more units can be shipped or cancelled than were ordered."""
        return cls.quantity_shipped.col + cls.quantity_cancelled.col <= cls.quantity_ordered.col

    @dy.rule()
    def amount_has_currency(cls) -> pl.Expr:
        """An amount without a currency is no amount."""
        return cls.item_amount.col.is_null() | cls.currency.col.is_not_null()
