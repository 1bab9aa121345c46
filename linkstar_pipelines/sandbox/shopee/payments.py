"""Money: `get_escrow_list`, `get_escrow_detail`, `get_wallet_transaction_list`.

Here: the world's transactions as Shopee shows them. An order's money is one escrow, released when the last of its
shipments is settled; a refund before that lowers it, a later one is an adjustment of the wallet that the escrow detail
lists too (`order_adjustment`). The wallet has every release, every adjustment and the account's own charges, with a
running balance. Escrows and wallet (without the releases) add up to the world's money.
Not here: payouts; the world knows none for Shopee.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.shopee.numbered import numbered_page
from linkstar_pipelines.sandbox.shopee.orders import span
from linkstar_pipelines.sandbox.shopee.people import username
from linkstar_pipelines.sandbox.shopee.wire import ApiError, Call, amount, done
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.money import UNKNOWN_LABEL, Transaction
from linkstar_pipelines.sandbox.world.order import Order
from linkstar_pipelines.sandbox.world.store import Store

REFUND_REASON: Final = "Return/Refund deduction"


@dataclass(slots=True)
class _Escrow:
    """An order's money: its sales, refunds before the release, refunds after it."""

    order: Order
    sales: list[Transaction] = field(default_factory=list)
    refunds: list[Transaction] = field(default_factory=list)

    @property
    def released(self) -> int:
        """The instant of the release: all shipments settled."""
        return max(sale.settled for sale in self.sales)

    @property
    def early(self) -> list[Transaction]:
        """Refunds that the escrow itself carries."""
        return [refund for refund in self.refunds if refund.posted <= self.released]

    def late(self, now: int) -> list[Transaction]:
        """Refunds that the wallet carries, up to now."""
        return [refund for refund in self.refunds if self.released < refund.posted <= now]

    @property
    def total(self) -> int:
        """What the release pays, in minor units."""
        return sum(transaction.total for transaction in (*self.sales, *self.early))


@dataclass(frozen=True, slots=True)
class _Movement:
    """A movement of the wallet, in minor units."""

    at: int
    kind: str
    amount: int
    order_sn: str = ""
    refund_sn: str = ""
    reason: str = ""


class PaymentsApi:
    """Answers the payment calls."""

    def __init__(self, bench: Bench) -> None:
        self._world = bench.world
        self._kept: tuple[int, str, dict[str, _Escrow]] = (-1, "", {})

    def escrow_list(self, call: Call) -> Reply:
        """Answer get_escrow_list, pages from 1, oldest release first."""
        page, size = call.whole("page_no", 1, 10**6, default=1), call.whole("page_size", 1, 100, default=40)
        first, last = call.whole("release_time_from", 0, 2**32 - 1), call.whole("release_time_to", 0, 2**32 - 1)
        escrows = self._escrows(call).values()
        found = sorted(
            (escrow for escrow in escrows if first <= escrow.released <= min(last, call.now)),
            key=lambda escrow: (escrow.released, escrow.order.id),
        )
        rows, more = numbered_page(found, page - 1, size, call.strike)
        return done({
            "more": more,
            "escrow_list": [
                {
                    "order_sn": escrow.order.id,
                    "payout_amount": amount(call.market, escrow.total),
                    "escrow_release_time": escrow.released,
                }
                for escrow in rows
            ],
        })  # fmt: skip

    def escrow_detail(self, call: Call) -> Reply:
        """Answer get_escrow_detail."""
        escrow = self._escrows(call).get(call.text("order_sn"))
        if escrow is None or min(sale.posted for sale in escrow.sales) > call.now:
            raise ApiError("order_not_found", "The order is not found.")
        late = escrow.late(call.now)
        sums = _sums(escrow.sales)
        refunded, adjusted = sum(t.total for t in escrow.early), sum(t.total for t in late)
        commission = -(sums["Commission"] + sums["FBAPerUnitFulfillmentFee"])
        shipping = sums["Shipping"] + sums["ShippingTax"]
        goods = escrow.total - refunded + commission - shipping
        income: Json = {
            "escrow_amount": escrow.total,
            "escrow_amount_after_adjustment": escrow.total + adjusted,
            "buyer_total_amount": goods + shipping,
            "original_price": goods - sums["Discount"],
            "order_seller_discount": -sums["Discount"],
            "seller_discount": -sums["Discount"],
            "original_cost_of_goods_sold": goods,
            "cost_of_goods_sold": goods,
            "buyer_paid_shipping_fee": shipping,
            "commission_fee": commission,
            "seller_return_refund": refunded,
            "total_adjustment_amount": adjusted,
            **dict.fromkeys(
                ("original_shopee_discount", "shopee_discount", "voucher_from_seller", "voucher_from_shopee", "coins",
                 "service_fee", "seller_transaction_fee", "actual_shipping_fee", "shopee_shipping_rebate",
                 "reverse_shipping_fee", "escrow_tax", "drc_adjustable_refund"), 0,
            ),
        }  # fmt: skip
        income = {name: amount(call.market, minor) for name, minor in income.items()}
        if late:
            income["order_adjustment"] = [
                {
                    "amount": amount(call.market, refund.total), "date": refund.posted,
                    "currency": call.market.currency, "adjustment_reason": REFUND_REASON,
                }
                for refund in late
            ]  # fmt: skip
        return done({
            "order_sn": escrow.order.id,
            "buyer_user_name": username(escrow.order),
            "return_order_sn_list": [refund.refund_id for refund in (*escrow.early, *late)],
            "order_income": income,
        })  # fmt: skip

    def wallet(self, call: Call) -> Reply:
        """Answer get_wallet_transaction_list, pages from 0, newest first."""
        page, size = call.whole("page_no", 0, 10**6), call.whole("page_size", 1, 100)
        first, last = span(call, "create_time_from", "create_time_to", "time_period_too_large")
        balance, found = 0, []
        for movement in self._movements(call):
            balance += movement.amount
            if first <= movement.at <= last:
                found.append((movement, balance))
        rows, more = numbered_page(found[::-1], page, size, call.strike)
        shown = [_row(call, movement, after) for movement, after in rows]
        return done({"more": more, "transaction_list": shown})

    def _movements(self, call: Call) -> list[_Movement]:
        """Return every movement up to now, oldest first."""
        store = self._world.reach(call.now).store(call.account.code)
        found = [_charge(t) for t in store.transactions if t.order is None and t.posted <= call.now]
        for escrow in self._escrows(call).values():
            order = escrow.order.id
            if escrow.released <= call.now:
                kind = "ESCROW_VERIFIED_ADD" if escrow.total >= 0 else "ESCROW_VERIFIED_MINUS"
                found.append(_Movement(escrow.released, kind, escrow.total, order))
            found += [
                _Movement(t.posted, "ADJUSTMENT_MINUS", t.total, order, t.refund_id, REFUND_REASON)
                for t in escrow.late(call.now)
            ]
        return sorted(found, key=lambda movement: (movement.at, movement.kind, movement.order_sn, movement.refund_sn))

    def _escrows(self, call: Call) -> dict[str, _Escrow]:
        store = self._world.reach(call.now).store(call.account.code)
        known, code, escrows = self._kept
        if (known, code) != (len(store.transactions), call.account.code):
            escrows = _gather(store)
            self._kept = (len(store.transactions), call.account.code, escrows)
        return escrows


def _gather(store: Store) -> dict[str, _Escrow]:
    escrows: dict[str, _Escrow] = {}
    for transaction in store.transactions:
        if transaction.order is not None:
            escrow = escrows.setdefault(transaction.order.id, _Escrow(transaction.order))
            (escrow.sales if transaction.kind == "Shipment" else escrow.refunds).append(transaction)
    return escrows


def _sums(sales: list[Transaction]) -> defaultdict[str, int]:
    """Add up the postings of an order's shipments by label; discounts apart from the principal."""
    sums: defaultdict[str, int] = defaultdict(int)
    for sale in sales:
        for entry in sale.entries:
            for group, label, minor in entry.postings:
                sums["Discount" if group == "Promotion" else label] += minor
    return sums


def _charge(transaction: Transaction) -> _Movement:
    """Show a charge of the account itself; the label nobody knows is a type of its own."""
    label = transaction.entries[0].postings[0][1]
    if transaction.kind == "ProductAdsPayment":
        kind = "PAID_ADS_CHARGE"
    else:
        kind = UNKNOWN_LABEL.upper().replace(" ", "_") if label == UNKNOWN_LABEL else "ADJUSTMENT_MINUS"
    return _Movement(transaction.posted, kind, transaction.total, reason=label)


def _row(call: Call, movement: _Movement, balance: int) -> Json:
    return {
        "status": "COMPLETED",
        "transaction_type": movement.kind,
        "amount": amount(call.market, movement.amount),
        "current_balance": amount(call.market, balance),
        "create_time": movement.at,
        "order_sn": movement.order_sn,
        "refund_sn": movement.refund_sn,
        "withdrawal_type": "",
        "transaction_fee": 0.0,
        "description": "",
        "buyer_name": "",
        "pay_order_list": [],
        "shop_name": call.market.name,
        "withdrawal_id": 0,
        "reason": movement.reason,
        "money_flow": "MONEY_IN" if movement.amount >= 0 else "MONEY_OUT",
    }
