"""Money: the transactions that follow from shipments, refunds and the account itself.

Here: which amounts are posted, under which labels, when, and when a deferred one is released.
Each transaction is a list of entries (one per order line, or one without a line); each entry a list of postings
(amount type, amount description, signed minor units) in the vocabulary of the settlement file.
Not here: settlement periods (see `settlements`), the wire formats.
"""

from dataclasses import dataclass
from datetime import date
from random import Random

from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account, Marketplace
from linkstar_pipelines.sandbox.world.catalog import Listing
from linkstar_pipelines.sandbox.world.instants import DAY, HOUR, MINUTE, start_of
from linkstar_pipelines.sandbox.world.life import Return
from linkstar_pipelines.sandbox.world.order import Line, Order, Shipment

DEFERRED_SHARE, DEFERRED_DAYS = 0.12, 9
UNKNOWN_LABEL = "Programme Levy 26B"
"""The one fee label that no fee map knows."""
REIMBURSEMENT = "FBA Inventory Reimbursement - WAREHOUSE_LOST"

Posting = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """Postings of one line (or of none), with the units they stand for."""

    line: Line | None
    listing: Listing | None
    quantity: int
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Transaction:
    """One financial event: `posted` when it happened, `settled` when its money counts (later if deferred)."""

    id: str
    account: Account
    market: Marketplace
    kind: str
    description: str
    posted: int
    settled: int
    entries: tuple[Entry, ...]
    order: Order | None = None
    shipment_id: str = ""
    refund_id: str = ""

    @property
    def total(self) -> int:
        """The sum of all postings, in minor units."""
        return sum(amount for entry in self.entries for _, _, amount in entry.postings)

    @property
    def deferred(self) -> bool:
        """Tell whether the money is held back for a while."""
        return self.settled > self.posted

    @property
    def release_id(self) -> str:
        """The id of the transaction that releases a deferred one."""
        return transaction_id(self.id, "release")


def transaction_id(*parts: str | int) -> str:
    """Make an opaque transaction id."""
    return chance.digits("transaction", *parts)


def sale(order: Order, shipment: Shipment) -> Transaction:
    """Book one shipment: prices, taxes and the tax withheld, discounts, referral and parcel fees."""
    label = order.market.tax_withheld_as
    entries = []
    for line, quantity in zip(order.lines, shipment.quantities, strict=True):
        if quantity:
            price = line.price
            amounts = [
                ("ItemPrice", "Principal", price.principal),
                ("ItemPrice", "Tax", price.tax),
                ("ItemPrice", "Shipping", price.shipping),
                ("ItemPrice", "ShippingTax", price.shipping_tax),
                ("Promotion", "Principal", -price.discount),
                ("ItemFees", "Commission", -price.commission),
                ("ItemFees", "FBAPerUnitFulfillmentFee", -price.parcel_fee),
            ]
            if label:
                amounts.append(("ItemWithheldTax", f"{label}-Principal", -price.tax))
                amounts.append(("ItemWithheldTax", f"{label}-Shipping", -price.shipping_tax))
            entries.append(_entry(line, quantity, amounts))
    posted = shipment.at + 5 * MINUTE
    deferred = chance.unit("deferred", order.id, shipment.id) < DEFERRED_SHARE
    return Transaction(
        id=transaction_id(order.id, shipment.id),
        account=order.account,
        market=order.market,
        kind="Shipment",
        description="Order Payment",
        posted=posted,
        settled=posted + DEFERRED_DAYS * DAY if deferred else posted,
        entries=tuple(entries),
        order=order,
        shipment_id=shipment.id,
    )


def refund(order: Order, returned: Return) -> Transaction:
    """Book the refund of one line: everything paid goes back, the referral fee is returned less a refund fee."""
    line, label = order.lines[returned.line], order.market.tax_withheld_as
    price = line.price
    amounts = [
        ("ItemPrice", "Principal", -price.principal),
        ("ItemPrice", "Tax", -price.tax),
        ("ItemPrice", "Shipping", -price.shipping),
        ("ItemPrice", "ShippingTax", -price.shipping_tax),
        ("Promotion", "Principal", price.discount),
        ("ItemFees", "Commission", price.commission),
        ("ItemFees", "RefundCommission", -price.refund_fee),
    ]
    if label:
        amounts.append(("ItemWithheldTax", f"{label}-Principal", price.tax))
        amounts.append(("ItemWithheldTax", f"{label}-Shipping", price.shipping_tax))
    key = transaction_id(order.id, returned.shipment.id, "refund", returned.line)
    return Transaction(
        id=key,
        account=order.account,
        market=order.market,
        kind="Refund",
        description="Refund Order",
        posted=returned.at,
        settled=returned.at,
        entries=(_entry(line, returned.quantity, amounts),),
        order=order,
        shipment_id=returned.shipment.id,
        refund_id=f"{chance.number('refund', key) % 10**14:014d}",
    )


def lost_stock(account: Account, market: Marketplace, listing: Listing, quantity: int, at: int) -> Transaction:
    """Book the reimbursement of units that the warehouse lost: 60 % of the price."""
    amount = quantity * listing.product.gross_price(market) * 6 // 10
    entry = Entry(None, listing, quantity, (("FBA Inventory Reimbursement", "WAREHOUSE_LOST", amount),))
    return _account_event(account, market, entry, kind="Adjustment", description=REIMBURSEMENT, at=at)


def account_events(account: Account, market: Marketplace, day: date, rng: Random) -> list[Transaction]:
    """Book the account's own charges of a day: subscription, storage, advertising and the unknown label."""
    noon = start_of(day) + 12 * HOUR
    events = []

    def charge(kind: str, description: str, group: str, label: str, amount: int) -> None:
        entry = Entry(None, None, 0, ((group, label, -amount),))
        events.append(_account_event(account, market, entry, kind=kind, description=description, at=noon))

    if day.day == 1:
        fee = market.monthly_subscription
        charge("ServiceFee", "Subscription", "other-transaction", "Subscription Fee", fee)
    if day.day == 7:
        fee = market.whole(rng.uniform(40, 90) * market.price_factor)
        charge("ServiceFee", "FBA Storage Billing", "other-transaction", "Storage Fee", fee)
    if day.day == 16:
        fee = market.whole(rng.uniform(3, 12) * market.price_factor)
        charge("ServiceFee", UNKNOWN_LABEL, "other-transaction", UNKNOWN_LABEL, fee)
    if day.weekday() == 0:
        fee = market.whole(rng.uniform(20, 80) * market.price_factor)
        charge("ProductAdsPayment", "Advertising", "Cost of Advertising", "TransactionTotalAmount", fee)
    return events


def _account_event(
    account: Account, market: Marketplace, entry: Entry, *, kind: str, description: str, at: int
) -> Transaction:
    sku = entry.listing.seller_sku if entry.listing else ""
    key = transaction_id(account.code, market.code, description, at, sku)
    return Transaction(key, account, market, kind, description, at, at, (entry,))


def _entry(line: Line, quantity: int, amounts: list[Posting]) -> Entry:
    postings = tuple((group, label, amount * quantity) for group, label, amount in amounts if amount)
    return Entry(line, line.listing, quantity, postings)
