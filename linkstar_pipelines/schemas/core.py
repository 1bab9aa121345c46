"""Layer `core`: orders, order lines, stock, returns and money in one form for all platforms.

Belongs here: the current state of each thing, with the canonical state names of `docs/glossary.md`.
Does not belong here: history of versions (that is `raw`), the catalogue (`products.py`), or anything derived for
planning or money.
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.schemas import columns as c

ORDER_STATES: Final = (
    "awaiting_payment", "held", "to_ship", "part_shipped", "shipped", "delivered", "closed", "cancelled", "unknown",
)  # fmt: skip
FULFILLERS: Final = ("platform", "seller")
CUSTODY_STATES: Final = ("advised", "in_transit", "received", "not_returned", "unknown")
"""Where the goods of a return are, as far as the platform tells."""
REFUND_STATES: Final = ("none", "pending", "approved", "refunded", "denied", "replaced", "unknown")
"""Where the money of a return is."""
DISPOSITIONS: Final = ("sellable", "damaged", "defective", "expired", "unknown")
"""What can be done with goods that came back, as whoever received them judged."""
PAYMENT_KINDS: Final = (
    "sale", "shipping", "tax", "tax_withheld", "discount", "fee", "refund", "adjustment", "reserve", "payout",
    "unknown",
)  # fmt: skip
PAYMENT_STATES: Final = ("held", "released", "paid_out", "unknown")
HOLDS: Final = ("unmapped_listing", "unknown_sku")
"""Why an order is held: a listing in it sells no known SKU, or a code in it is in none of the store's listings."""


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
    sku = c.text(
        "SKU that the listing sold when the order was placed; null while the listing is not mapped, and where it sells "
        "nothing of ours.",
        nullable=True,
    )
    multiplier = dy.Int64(
        nullable=True,
        min=1,
        description="Units of the SKU in one unit of the listing; 1 where it sells nothing of ours, null while it is "
        "not mapped.",
    )
    hold = dy.Enum(
        HOLDS,
        nullable=True,
        description="Why the order of this line is held, the same in all of its lines; null lets it pass.",
    )
    title = c.text("Product title.", nullable=True)
    quantity_ordered = dy.Int64(nullable=False, min=0, description="Units of the listing ordered.")
    quantity_cancelled = dy.Int64(nullable=False, min=0, description="Units of the listing cancelled since.")
    quantity_shipped = dy.Int64(nullable=False, min=0, description="Units of the listing shipped so far.")
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
    def sku_has_multiplier(cls) -> pl.Expr:
        """Units of a SKU are counted through its multiplier."""
        return cls.sku.col.is_null() | cls.multiplier.col.is_not_null()

    @dy.rule()
    def amount_has_currency(cls) -> pl.Expr:
        """An amount without a currency is no amount."""
        return cls.item_amount.col.is_null() | cls.currency.col.is_not_null()


class ListingStock(dy.Schema):
    """One row per listing and place: what the platform shows as its stock. An absent figure is unknown, never 0."""

    platform = c.platform()
    store = c.store()
    marketplace_id = c.key("Marketplace (site, region) of the listing.")
    listing_id = c.key("The platform's id of the listing, variant included.")
    node_id = c.key("Warehouse as the platform names it; `-` where it names none.")
    listing_sku = c.text("The seller's own code as typed in the platform.", nullable=True)
    fulfilled_by = dy.Enum(FULFILLERS, description="Whose stock it is: the platform's (FBA, WFS) or the seller's.")
    available = dy.Int64(nullable=True, min=0, description="Units a buyer can order now.")
    reserved = dy.Int64(nullable=True, min=0, description="Units promised to orders.")
    inbound = dy.Int64(nullable=True, min=0, description="Units on their way to the platform's warehouse.")
    unsellable = dy.Int64(nullable=True, min=0, description="Units that are there and cannot be sold.")
    observed_at = c.instant("The platform's own clock when the figure was read.")


class Returns(dy.Schema):
    """One row per line of a return: custody and money on their own axes."""

    platform = c.platform()
    store = c.store()
    return_id = c.key("The platform's id of the return.")
    return_line_id = c.key("Line of the return; the order line's id where the platform numbers none.")
    order_id = c.text("Order the goods came from.", nullable=True)
    line_id = c.text("Order line the goods came from, where the platform tells.", nullable=True)
    listing_sku = c.text("The seller's code as the return gives it.", nullable=True)
    quantity = dy.Int64(nullable=False, min=0, description="Units announced.")
    reason = c.text("Reason in the platform's own words.", nullable=True)
    custody = dy.Enum(CUSTODY_STATES, description="Where the goods are.")
    refund = dy.Enum(
        REFUND_STATES,
        nullable=True,
        description="Where the money is; null where what the platform tells of the return says nothing of it.",
    )
    disposition = dy.Enum(
        DISPOSITIONS, nullable=True, description="Condition of the goods that came back; null where nobody tells it."
    )
    source_state = c.text("State in the platform's own words.")
    refund_amount = c.money("Refund the platform states.", nullable=True)
    currency = c.currency(nullable=True)
    tracking_number = c.text("Parcel on its way back.", nullable=True)
    requested_at = c.instant("When the buyer asked for it.", nullable=True)
    updated_at = c.instant("When the platform last changed it.")
    payload_hash = c.digest("The raw version this row was read from.")
    changed_on = c.changed_on()

    @dy.rule()
    def amount_has_currency(cls) -> pl.Expr:
        """An amount without a currency is no amount."""
        return cls.refund_amount.col.is_null() | cls.currency.col.is_not_null()


class Payments(dy.Schema):
    """One row per amount of a financial transaction: what the platform pays, keeps or takes back."""

    platform = c.platform()
    store = c.store()
    transaction_id = c.key("The platform's id of the transaction.")
    part = c.key("Amount within the transaction: line and label, such as `1/Commission`.")
    kind = dy.Enum(PAYMENT_KINDS, description="What the amount is; `unknown` keeps an unheard-of label visible.")
    source_label = c.text("Label in the platform's own words.")
    state = dy.Enum(PAYMENT_STATES, description="Whether the money is held, free, or paid out.")
    order_id = c.text("Order the money belongs to, if any.", nullable=True)
    line_id = c.text("Order line the money belongs to, if any.", nullable=True)
    payout_id = c.text("Payout or settlement that carries it, as far as known.", nullable=True)
    amount = c.money("Positive is money for the seller.")
    currency = c.currency()
    posted_at = c.instant("When it was posted.")
    payload_hash = c.digest("The raw version this row was read from.")
    changed_on = c.changed_on()
