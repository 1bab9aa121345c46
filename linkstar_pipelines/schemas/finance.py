"""Layer `finance`: settlement lines, each counted once, and one report per settlement.

Belongs here: shapes of the money tables. Canonical categories come from `rules/settlement_fees.yaml`.
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.schemas import columns as c

CATEGORIES: Final = (
    "sales", "tax", "shipping", "promotion", "commission", "fulfillment_fee", "storage_fee", "subscription_fee",
    "advertising", "refund", "refund_fee", "reimbursement", "reserve", "tax_withheld", "other_fee", "suspense",
)  # fmt: skip
SUSPENSE_REASONS: Final = ("unknown_label", "unknown_order")


class SettlementLines(dy.Schema):
    """Every money line of every settlement, once: tied to an order, to the account, or to a suspense reason."""

    platform = c.platform()
    store = c.store()
    settlement_id = c.key("Settlement the line belongs to.")
    line_number = dy.Int64(primary_key=True, min=2, description="Line of the file; line 1 is the header.")
    category = dy.Enum(CATEGORIES, description="Canonical category; `suspense` when it cannot be told.")
    suspense_reason = dy.Enum(
        SUSPENSE_REASONS, nullable=True, description="Why the line is in suspense; null if it is not."
    )
    tied_to = dy.Enum(["order", "account", "suspense"], description="What the line is tied to.")
    transaction_type = c.text("Amazon's transaction type.", nullable=True)
    amount_type = c.text("First level of Amazon's label.", nullable=True)
    amount_description = c.text("Second level of Amazon's label.", nullable=True)
    order_id = c.text("Order the money belongs to, if any.", nullable=True)
    line_id = c.text("Order line the money belongs to, if any.", nullable=True)
    sku = c.text("Clean SKU the money belongs to, if any.", nullable=True)
    quantity = dy.Int64(nullable=True, description="Units, where the line states them.")
    posted_at = c.instant("When Amazon posted the line.")
    amount = c.money("Amount; negative is money taken.")
    currency = c.currency()
    fx_rate = c.rate("Base-currency units for one unit of `currency`; null if no rate is known.", nullable=True)
    fx_day = dy.Date(nullable=True, description="Day of that rate: the last one on or before posting.")
    base_amount = c.money("Amount in the base currency at that rate.", nullable=True)
    base_currency = c.currency("The base currency of this installation.")

    @dy.rule()
    def suspense_has_a_reason(cls) -> pl.Expr:
        """In suspense exactly when a reason is named."""
        return (cls.tied_to.col == "suspense") == cls.suspense_reason.col.is_not_null()


class SettlementReport(dy.Schema):
    """One row per settlement: what it paid, what it is made of, and whether it ties out to the cent."""

    platform = c.platform()
    store = c.store()
    settlement_id = c.key("Settlement.")
    period_start = c.instant("Start of the settlement period.")
    period_end = c.instant("End of the settlement period.")
    deposit_on = c.instant("When the payout was sent.", nullable=True)
    currency = c.currency()
    payout = c.money("Payout as the settlement's header states it.")
    lines = dy.Int64(nullable=False, min=0, description="Money lines.")
    lines_total = c.money("Sum of all money lines.")
    difference = c.money("payout - lines_total: 0 when the settlement ties out.")
    tied_out = dy.Bool(
        nullable=False, description="True when the difference is exactly 0 and no line of the file is missing."
    )
    sales = c.money("Goods sold.")
    refunds = c.money("Goods refunded, refund fees included.")
    shipping_and_promotion = c.money("Shipping charged to buyers, less promotion rebates.")
    tax_net = c.money("Tax collected less tax withheld by the marketplace.")
    platform_fees = c.money("Commission, fulfillment, storage, subscription, advertising and other fees.")
    reimbursements = c.money("Paid for lost or damaged stock.")
    reserve = c.money("Held back or released.")
    suspense = c.money("Lines that could not be told or tied.")
    suspense_lines = dy.Int64(nullable=False, min=0, description="How many lines are in suspense.")
    base_payout = c.money("Payout in the base currency at the deposit day's rate.", nullable=True)
    base_currency = c.currency("The base currency of this installation.")

    @dy.rule()
    def parts_sum_to_lines(cls) -> pl.Expr:
        """Every line is in exactly one part."""
        parts = (
            cls.sales.col + cls.refunds.col + cls.shipping_and_promotion.col + cls.tax_net.col
            + cls.platform_fees.col + cls.reimbursements.col + cls.reserve.col + cls.suspense.col
        )  # fmt: skip
        return parts == cls.lines_total.col
