"""Money: releases per order ("loans"), and what an order's detail tells of them.

Here: the shop's transactions, summed up per order and line. The money of an order is released when the last of its
shipments is settled; refunds after that change its amounts. Charges of the account itself (subscription, storage,
advertising) belong to no order and are not told by the wire. Not here: which money moves (see `world.money`).
"""

from collections import defaultdict
from dataclasses import dataclass

from linkstar_pipelines.sandbox.aliexpress.order_json import state
from linkstar_pipelines.sandbox.aliexpress.pages import Pager, Wanted
from linkstar_pipelines.sandbox.aliexpress.wire import (
    LOAN_TIME,
    BusinessError,
    Call,
    listed,
    money,
    pacific,
    read_bounds,
    whole,
)
from linkstar_pipelines.sandbox.paging import Key
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.money import Transaction
from linkstar_pipelines.sandbox.world.order import Order, Status
from linkstar_pipelines.sandbox.world.store import Store

BUYERS = frozenset({"ItemPrice", "Promotion"})
"""Groups of postings that are the buyer's money; the others are the platform's fees."""


@dataclass(slots=True)
class Sums:
    """What was sold, refunded and kept of one line, in minor units, all positive."""

    sold: int = 0
    refunded: int = 0
    fee: int = 0


@dataclass(frozen=True, slots=True)
class Loan:
    """The money of one order as it stands at an instant."""

    order: Order
    released: int
    refunded: int | None
    lines: dict[str, Sums]


class LoansApi:
    """Answers the method about released money."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pager = Pager()
        self._booked: dict[str, tuple[int, dict[str, list[Transaction]]]] = {}

    def search(self, call: Call) -> Json:
        """Answer `aliexpress.trade.redefining.findloanlistquery`."""
        query = call.query("param1")
        wanted = Wanted(whole(query, "page", 1, 1, 10**6), whole(query, "page_size", 20, 1, 200))
        status, bounds = query.get("loan_status", "loan_ok"), read_bounds(query, "create_date", LOAN_TIME)
        if status not in {"loan_ok", "wait_loan"}:
            raise BusinessError("PARAM_INVALID", "loan_status is invalid")
        store = self._world.reach(call.now).store(call.account.code)
        found: list[tuple[Key, Loan]] = []
        for order_id in self._transactions(store):
            if str(query.get("order_id", order_id)) != order_id:
                continue
            loan = self.of_order(store.orders[order_id], call.now)
            if loan is None or (loan.released <= call.now) is not (status == "loan_ok"):
                continue
            if bounds is None or bounds[0] <= loan.released <= bounds[1]:
                found.append(([loan.released, loan.order.rank], loan))
        found.sort(key=lambda entry: entry[0])
        rows = self._pager.page(call, query, found, lambda loan: _row(loan, call.now), wanted)
        return {"result": {"total_item": len(found), **listed("order_list", "order_loan_item_vo", rows)}}

    def of_order(self, order: Order, now: int) -> Loan | None:
        """Return the money of an order whose goods have all left by `now`; None before."""
        store = self._world.reach(now).store(order.account.code)
        booked = [each for each in self._transactions(store).get(order.id, []) if each.posted <= now]
        sales = [each for each in booked if each.kind == "Shipment"]
        index = order.index_at(now)
        if index < 0 or order.versions[index].status is not Status.SHIPPED or len(sales) < len(order.shipments):
            return None
        refunds = [each.posted for each in booked if each.kind == "Refund"]
        lines: dict[str, Sums] = defaultdict(Sums)
        for transaction in booked:
            for entry in transaction.entries:
                if entry.line is not None:
                    _add(lines[entry.line.item_id], transaction.kind, entry.postings)
        return Loan(order, max(sale.settled for sale in sales), max(refunds, default=None), lines)

    def times(self, order: Order, now: int) -> Json:
        """Return what an order's detail tells of its money."""
        loan = self.of_order(order, now)
        if loan is None or loan.released > now:
            return {}
        total = sum(sums.sold - sums.fee for sums in loan.lines.values())
        told: Json = {"loan_info": {"loan_amount": money(order.account, total), "loan_time": pacific(loan.released)}}
        if loan.refunded is not None:
            refunded = sum(sums.refunded for sums in loan.lines.values())
            told["refund_info"] = {
                "refund_cash_amt": money(order.account, refunded),
                "refund_status": "refund_ok",
                "refund_time": pacific(loan.refunded),
            }
        return told

    def _transactions(self, store: Store) -> dict[str, list[Transaction]]:
        """Return the transactions of every order; sorted anew only when the world has grown."""
        known = self._booked.get(store.account.code)
        if known is None or known[0] != len(store.transactions):
            booked: dict[str, list[Transaction]] = defaultdict(list)
            for transaction in store.transactions:
                if transaction.order is not None:
                    booked[transaction.order.id].append(transaction)
            known = (len(store.transactions), dict(booked))
            self._booked[store.account.code] = known
        return known[1]


def _add(sums: Sums, kind: str, postings: tuple[tuple[str, str, int], ...]) -> None:
    for group, _, amount in postings:
        if group not in BUYERS:
            sums.fee -= amount
        elif kind == "Shipment":
            sums.sold += amount
        else:
            sums.refunded -= amount


def _row(loan: Loan, now: int) -> Json:
    account = loan.order.account
    released = loan.released <= now
    lines = [
        {
            "child_order_id": int(line_id),
            "loan_status": "loan_ok" if released else "wait_loan",
            "loan_amount": money(account, sums.sold),
            "escrow_fee": money(account, sums.fee),
            "affiliate_commission": money(account, 0),
            "real_loan_amount": money(account, sums.sold - sums.fee),
            **(
                {"refund_amount": money(account, sums.refunded), "real_refund_amount": money(account, sums.refunded)}
                if sums.refunded
                else {}
            ),
        }
        for line_id, sums in loan.lines.items()
    ]
    return {
        "order_id": int(loan.order.id),
        "order_status": state(loan.order.versions[loan.order.index_at(now)]),
        "amount_total": money(account, sum(sums.sold for sums in loan.lines.values())),
        "son_order_list": {"son_order_loan_vo": lines},
    }
