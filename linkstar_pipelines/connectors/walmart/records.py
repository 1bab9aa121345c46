"""How Walmart's records come out of its answers.

Belongs here: the pure functions that put a record together, for the client and for kept answers alike.
Does not belong here: calls (`client.py`), or what a record means (`forms.py`).

Items carry `shipNodeType` beside what Walmart says of them, and orders the `shipNode` they were listed under where they
name none. A row of a settlement report is `{"reportDate": "MMDDYYYY", "ordinal": n, "row": {...}}`, the row as Walmart
wrote it: rows have no id, so one is identified by its report, its content, and its number among equal rows of the
report. That stays the same however often and in whatever pages the report is read, for a report never changes.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from linkstar_pipelines.connectors.kept import KeptAnswers, StreamRecords, records_at
from linkstar_pipelines.connectors.platform import Payload
from linkstar_pipelines.connectors.request import Decoder
from linkstar_pipelines.connectors.walmart import operations as op
from linkstar_pipelines.domain.observations import any_json
from linkstar_pipelines.schemas.platforms import Stream


def orders_in(page: Payload) -> list[Any]:
    """Return the orders of a page of the order list."""
    return page["list"]["elements"].get("order") or []


def order_at(order: Any, node: str) -> Any:
    """Return an order with the ship node whose list it was found in, unless it names its own."""
    if not isinstance(order, dict) or order.get("shipNode"):
        return order
    return {**order, "shipNode": {"type": node}}


def warehoused_in(page: Payload) -> set[str]:
    """Return the SKUs on a page of the WFS stock: those that Walmart ships."""
    return {str(record.get("sku")) for record in page["payload"]["inventory"]}


def item_with_node(item: Any, warehoused: Collection[str]) -> Any:
    """Return an item with the kind of node it ships from: items themselves do not tell."""
    if not isinstance(item, dict):
        return item
    return {**item, "shipNodeType": op.WFS_NODE if item.get("sku") in warehoused else op.SELLER_NODE}


class ReportRows:
    """Gives the rows of one reading of a settlement report their identity, page by page."""

    def __init__(self, date: str) -> None:
        self._date = date
        self._known: Counter[str] = Counter()

    def add(self, rows: Sequence[Payload]) -> list[Payload]:
        """Return the records of the next page."""
        return [self._record(row) for row in rows]

    def _record(self, row: Payload) -> Payload:
        text = any_json(row)
        self._known[text] += 1
        return {"reportDate": self._date, "ordinal": self._known[text], "row": row}


def _orders(_: Any, kept: KeptAnswers) -> Iterator[Any]:
    for said in kept.of(op.ORDERS.name, op.ORDER.name):
        if said.operation == op.ORDER.name:
            yield said.data["order"]
        else:
            yield from (order_at(order, said.asked["shipNodeType"]) for order in orders_in(said.data))


def _listings(_: Any, kept: KeptAnswers) -> Iterator[Any]:
    """Each reading lists the WFS stock first, and then the items."""
    warehoused, listing_items = set[str](), False
    for said in kept.of(op.WFS_INVENTORY.name, op.ITEMS.name):
        if said.operation == op.ITEMS.name:
            listing_items = True
            yield from (item_with_node(item, warehoused) for item in said.data["ItemResponse"])
            continue
        warehoused = set() if listing_items else warehoused
        warehoused |= warehoused_in(said.data)
        listing_items = False


def _finances(_: Any, kept: KeptAnswers) -> Iterator[Any]:
    """Each reading asks for the dates first. A page that is asked for again shows its rows a second time."""
    reports: dict[str, ReportRows] = {}
    pages: set[tuple[str, str]] = set()
    for said in kept.of(op.REPORT_DATES.name, op.REPORT.name):
        if said.operation == op.REPORT_DATES.name:
            reports, pages = {}, set()
            continue
        date, page = said.asked["reportDate"], (said.asked["reportDate"], said.asked["offset"])
        if page not in pages:
            pages.add(page)
            yield from reports.setdefault(date, ReportRows(date)).add(said.data["reportData"])


def _decoders(*operations: op.Operation) -> dict[str, Decoder]:
    return {operation.name: op.decoder(operation) for operation in operations}


RECORDS: Final = {
    Stream.ORDERS: StreamRecords(_decoders(op.ORDERS, op.ORDER), _orders),
    Stream.LISTINGS: StreamRecords(_decoders(op.WFS_INVENTORY, op.ITEMS), _listings),
    Stream.INVENTORY: records_at(
        {
            op.INVENTORIES.name: (op.decoder(op.INVENTORIES), "elements.inventories"),
            op.WFS_INVENTORY.name: (op.decoder(op.WFS_INVENTORY), "payload.inventory"),
        }
    ),
    Stream.RETURNS: records_at({op.RETURNS.name: (op.decoder(op.RETURNS), "returnOrders")}),
    Stream.FINANCES: StreamRecords(_decoders(op.REPORT_DATES, op.REPORT), _finances),
}
