"""Reconciliation reports: the money of closed settlement periods, row by row.

Here: the dates of the reports, and a report's rows as JSON. Every cell is text, days are `MM/DD/YYYY`, an empty cell
is left out or holds two literal quotes. The first row, `PaymentSummary`, is the sum of the others. A page starts at a
byte offset of the file behind it.
Not here: periods and reserves (see `world.settlements`).
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from linkstar_pipelines.sandbox.paging import Key, cut
from linkstar_pipelines.sandbox.walmart.wire import Call, invalid, not_found
from linkstar_pipelines.sandbox.wire import Json, Reply, to_json
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import day_of
from linkstar_pipelines.sandbox.world.money import Entry, Posting, Transaction
from linkstar_pipelines.sandbox.world.settlements import Settlement, SettlementBook

MOST_ROWS = 1000
EMPTY = '""'
TRANSACTION_TYPES = {"Shipment": "Sale", "Refund": "Refund"}
AMOUNT_TYPES = {
    ("ItemPrice", "Principal"): "Product Price",
    ("ItemPrice", "Tax"): "Product tax",
    ("ItemPrice", "Shipping"): "Shipping",
    ("ItemPrice", "ShippingTax"): "Shipping tax",
    ("Promotion", "Principal"): "Item discount",
    ("ItemFees", "Commission"): "Commission on Product",
    ("ItemFees", "FBAPerUnitFulfillmentFee"): "WFS Fulfillment fee",
    ("ItemFees", "RefundCommission"): "Commission on refund",
    ("FBA Inventory Reimbursement", "WAREHOUSE_LOST"): "Lost inventory reimbursement",
    ("Cost of Advertising", "TransactionTotalAmount"): "Advertising fee",
}
"""Amount types by the world's groups and labels; a label that is not here is shown as it is."""


@dataclass(frozen=True, slots=True)
class _File:
    """A report: its rows, and the byte at which each begins."""

    rows: list[Json]
    starts: list[int]


class ReportsApi:
    """Answers the reconciliation reports."""

    def __init__(self, world: World, settlements: SettlementBook) -> None:
        self._world = world
        self._settlements = settlements
        self._files: dict[str, _File] = {}

    def dates(self, call: Call) -> Reply:
        """Answer the dates of all reports of the account."""
        if call.text("reportVersion") != "v1":
            raise invalid("reportVersion must be v1: the old form of the report is a file.")
        return Reply({"availableApReportDates": [_date(one) for one in self._reported(call)]})

    def rows(self, call: Call) -> Reply:
        """Answer a part of one report; only reports of version v1 can be read so."""
        date, offset = call.required("reportDate"), call.integer("offset", 0, 0, 10**9)
        size = call.integer("noOfRecords", MOST_ROWS, 1, MOST_ROWS)
        file = self._file(call, date)
        first = bisect_left(file.starts, offset)
        if first == len(file.starts) or file.starts[first] != offset:
            raise invalid("offset is not the beginning of a row.")

        def stream(after: Key | None) -> Iterator[tuple[Key, Json]]:
            for place in range(int(after[0]) + 1 if after else 0, len(file.rows)):
                yield [place], file.rows[place]

        page = cut(stream, lambda row: row, {"after": [first - 1]} if first else {}, size, call.strike)
        following = file.starts[-1]
        if page.next:
            following = file.starts[page.next["after"][0] + 1] if page.next["after"] else 0
        return Reply(
            {
                "reportData": page.items,
                "nextOffset": following,
                "totalRecords": len(page.items),
                "description": f"Number of Lines in file {len(file.rows)}",
            }
        )

    def _reported(self, call: Call) -> list[Settlement]:
        return self._settlements.reported(call.account, call.now)

    def _file(self, call: Call, date: str) -> _File:
        settlement = next((one for one in self._reported(call) if _date(one) == date), None)
        if settlement is None:
            raise not_found("REPORT", f"There is no report of {date}.")
        if settlement.id not in self._files:
            rows = [_summary(settlement), *_reserves(settlement)]
            rows += [row for booking in settlement.transactions for row in _rows(settlement, booking)]
            starts = [0, *accumulate(len(to_json(row).encode()) + 1 for row in rows)]
            self._files[settlement.id] = _File(rows, starts)
        return self._files[settlement.id]


def _date(settlement: Settlement) -> str:
    return day_of(settlement.reported).strftime("%m%d%Y")


def _day(instant: int) -> str:
    return day_of(instant).strftime("%m/%d/%Y")


def _summary(settlement: Settlement) -> Json:
    return {
        "Period Start Date": _day(settlement.start),
        "Period End Date": _day(settlement.end),
        "Total Payable": settlement.market.text(settlement.total),
        "Currency": settlement.market.currency,
        "Transaction Type": "PaymentSummary",
        "Transaction Description": "Deposited in account",
        "Transaction Posted Timestamp": _day(settlement.reported),
    }


def _reserves(settlement: Settlement) -> list[Json]:
    amounts = {"Reserve released": settlement.previous_reserve, "Reserve withheld": -settlement.reserve}
    return [
        {
            "Period Start Date": EMPTY,
            "Transaction Type": "Adjustment",
            "Transaction Description": label,
            "Transaction Posted Timestamp": _day(settlement.end),
            "Amount Type": label,
            "Amount": settlement.market.text(amount),
        }
        for label, amount in amounts.items()
        if amount
    ]


def _rows(settlement: Settlement, booking: Transaction) -> Iterator[Json]:
    for entry in booking.entries:
        for posting in entry.postings:
            yield _row(settlement, booking, entry, posting)


def _row(settlement: Settlement, booking: Transaction, entry: Entry, posting: Posting) -> Json:
    group, label, amount = posting
    order, listing = booking.order, entry.listing
    return {
        "Period Start Date": EMPTY,
        "Transaction Key": f"{day_of(booking.posted):%Y_%m_%d}_{booking.id}",
        "Transaction Posted Timestamp": _day(booking.posted),
        "Transaction Type": TRANSACTION_TYPES.get(booking.kind, "Adjustment"),
        "Transaction Description": booking.description,
        "Customer Order #": EMPTY,
        "Purchase Order #": order.id if order else EMPTY,
        "Purchase Order line #": entry.line.item_id if entry.line else EMPTY,
        "Amount": settlement.market.text(amount),
        "Amount Type": AMOUNT_TYPES.get((group, label), label),
        "Ship Qty": str(entry.quantity),
        "Partner Item Id": listing.seller_sku if listing else EMPTY,
        "Partner Item Name": listing.product.title if listing else EMPTY,
        "Fulfillment Type": "Walmart Fulfilled" if listing and listing.fba else "Seller Fulfilled",
    }
