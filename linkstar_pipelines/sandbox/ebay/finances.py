"""Finances API: getTransactions.

Here: transactions in their wire form, with unsigned amounts and `bookingEntry`; the site named by the header; filters,
order and pages; 204 without a body when nothing matches. Tax that eBay collects itself is no part of `amount`. Money is
on hold while the world defers it, then available, then paid out on the next Tuesday.
An id is unique only beside its type: the refund of a shipment's first line has the id of the sale.
"""

from datetime import UTC, datetime

from linkstar_pipelines.sandbox.ebay.order_json import collected_by_ebay
from linkstar_pipelines.sandbox.ebay.pages import page
from linkstar_pipelines.sandbox.ebay.wire import FINANCES as API
from linkstar_pipelines.sandbox.ebay.wire import ApiError, Call, amount, stamp
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import DAY, HOUR
from linkstar_pipelines.sandbox.world.money import Entry, Transaction

DEFAULT_LIMIT, MOST = 20, 1000
OPEN_REACH = 90 * DAY
DEFAULT_SITE = "EBAY_US"
FILTERS = {"transactionDate", "transactionType", "transactionStatus", "orderId", "transactionId", "payoutId"}
TYPES = {"Shipment": "SALE", "Refund": "REFUND", "Adjustment": "CREDIT"}
FEES = {"Commission": "FINAL_VALUE_FEE", "RefundCommission": "FINAL_VALUE_FEE", "TransactionTotalAmount": "AD_FEE"}
TUESDAY, PAYOUT_HOUR = 1, 8


class FinancesApi:
    """Answers the Finances API."""

    def __init__(self, world: World) -> None:
        self._world = world

    def transactions(self, call: Call) -> Reply:
        """Answer getTransactions, newest first unless `sort=transactionDate`."""
        limit, offset = call.limit(API, DEFAULT_LIMIT, MOST), call.offset(API)
        sort = call.query.get("sort", "")
        if sort not in {"", "transactionDate", "-transactionDate"}:
            raise ApiError(400, API.bad_filter, API.domain, f"Invalid sort: {sort}")
        found = sorted(self._found(call), key=lambda t: (t.posted, t.id), reverse=sort != "transactionDate")
        if not found:
            return Reply(status=204)
        items, frame = page(call, found, lambda transaction: _show(transaction, call.now), offset, limit)
        return Reply({**frame, "offset": offset, "transactions": items})

    def _found(self, call: Call) -> list[Transaction]:
        criteria = call.criteria(API)
        if criteria.keys() - FILTERS or ("transactionId" in criteria and "transactionType" not in criteria):
            raise ApiError(400, API.bad_filter, API.domain, f"Invalid filter {call.query['filter']}")
        site = call.account.marketplace(call.headers.get("x-ebay-c-marketplace-id", DEFAULT_SITE))
        first, last = 0, call.now
        if dates := criteria.pop("transactionDate", None):
            first, end = call.span(API, dates)
            last = min(call.now, first + OPEN_REACH if end is None else end)
        posted = (
            t
            for t in self._world.reach(call.now).store(call.account.code).transactions
            if t.market is site and first <= t.posted <= last
        )
        return [t for t in posted if all(_field(t, name, call.now) == value for name, value in criteria.items())]


def transaction_id(transaction: Transaction) -> str:
    """Return the id: of a refund of a shipment's first line that of the sale."""
    order, entry = transaction.order, transaction.entries[0]
    first = order is not None and entry.line is order.lines[0]
    parts = (order.id, transaction.shipment_id) if order and (transaction.kind == "Shipment" or first) else ()
    return f"{chance.number('ebay money', *(parts or (transaction.id,))) % 10**16:016d}"


def payout_id(transaction: Transaction, now: int) -> str | None:
    """Return the payout that carries a transaction; None before it has begun."""
    settled = datetime.fromtimestamp(transaction.settled, UTC)
    midnight = transaction.settled - transaction.settled % DAY
    at = midnight + (TUESDAY - settled.weekday()) % 7 * DAY + PAYOUT_HOUR * HOUR
    at += 7 * DAY if at <= transaction.settled else 0
    return f"{chance.number('payout', transaction.market.code, at) % 10**10:010d}" if at <= now else None


def _field(transaction: Transaction, name: str, now: int) -> str:
    return str(_show(transaction, now).get(name, ""))


def _status(transaction: Transaction, now: int) -> str:
    if transaction.settled > now:
        return "FUNDS_ON_HOLD"
    return "PAYOUT" if payout_id(transaction, now) else "FUNDS_AVAILABLE_FOR_PAYOUT"


def _tax(transaction: Transaction) -> int:
    """Return the tax that eBay collects itself, signed like the transaction."""
    return sum(
        minor
        for entry in transaction.entries
        if entry.line and collected_by_ebay(transaction.market, entry.line)
        for _, label, minor in entry.postings
        if label in {"Tax", "ShippingTax"}
    )


def _fees(entry: Entry) -> dict[str, int]:
    """Add up the fees of an entry by eBay's type, signed as the seller sees them."""
    fees: dict[str, int] = {}
    for group, label, minor in entry.postings:
        if group == "ItemFees":
            kind = FEES.get(label, label.upper())
            fees[kind] = fees.get(kind, 0) + minor
    return fees


def _show(transaction: Transaction, now: int) -> Json:
    market, order, tax = transaction.market, transaction.order, _tax(transaction)
    net = transaction.total - tax
    kind = TYPES.get(transaction.kind, "NON_SALE_CHARGE")
    body: Json = {
        "transactionId": transaction_id(transaction),
        "transactionType": kind,
        "transactionStatus": _status(transaction, now),
        "transactionDate": stamp(transaction.posted),
        "bookingEntry": "CREDIT" if net >= 0 else "DEBIT",
        "amount": amount(market, abs(net)),
        "paymentsEntity": "eBay Commerce Inc.",
        "transactionMemo": transaction.description,
    }
    if paid := payout_id(transaction, now):
        body["payoutId"] = paid
    if order is None:
        label = transaction.entries[0].postings[0][1]
        body["feeType"] = FEES.get(label, label.upper().replace(" ", "_"))
        return body
    fees = sum(sum(_fees(entry).values()) for entry in transaction.entries)
    return body | {
        "orderId": order.id,
        "buyer": {"username": f"buyer-{chance.number('buyer', order.id) % 10**8:08d}"},
        "salesRecordReference": "0",
        "totalFeeAmount": amount(market, abs(fees)),
        "totalFeeBasisAmount": amount(market, abs(transaction.total - fees)),
        "eBayCollectedTaxAmount": amount(market, abs(tax)),
        "orderLineItems": [_line(transaction, entry) for entry in transaction.entries if entry.line],
    }


def _line(transaction: Transaction, entry: Entry) -> Json:
    market, fees = transaction.market, _fees(entry)
    total = sum(minor for _, _, minor in entry.postings)
    return {
        "lineItemId": entry.line.item_id if entry.line else "",
        "feeBasisAmount": amount(market, abs(total - sum(fees.values()))),
        "marketplaceFees": [{"feeType": kind, "amount": amount(market, abs(minor))} for kind, minor in fees.items()],
    }
