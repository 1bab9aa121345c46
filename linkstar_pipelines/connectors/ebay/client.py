"""eBay's calls for one store.

Belongs here: parameters, windows and paging of the operations of `operations.py`.
Does not belong here: one call on the wire (`calls.py`), or the meaning of a payload.

Payloads come back as eBay wrote them. Two are put together from two answers: a listing is an inventory item with its
offers, and a return is found by the search and then asked for by its id, for only then it tells when it changed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from linkstar_pipelines.connectors.ebay import operations as op
from linkstar_pipelines.connectors.ebay import records, shipments
from linkstar_pipelines.connectors.ebay.calls import Call, EbayCalls
from linkstar_pipelines.connectors.ebay.store import EbayStore
from linkstar_pipelines.connectors.errors import RequestRejectedError
from linkstar_pipelines.connectors.fields import iso_milliseconds
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import AccessCheck, Page, Parcel, Payload, Receipt, StockChange, Window
from linkstar_pipelines.schemas.platforms import Stream


class EbayClient:
    """Calls to one seller account. Keep one per store and process.

    Every method raises the errors of `HttpCore.call`, and `CredentialError` where eBay refuses the store.
    """

    def __init__(self, store: EbayStore, http: HttpCore) -> None:
        self.store = store
        self.http = http
        self._calls = EbayCalls(store, http)

    def check_access(self) -> AccessCheck:
        """Ask for one order and tell what the answer shows about the clock; eBay's headers tell no rate."""
        answer = self._calls.send(Call(op.GET_ORDERS, {"limit": "1"}, asked=records.CLOCK))
        return AccessCheck.of(answer)

    def read(self, stream: Stream, window: Window | None, reading: int) -> Iterator[Page]:
        """List one stream once (see `Client.read`); a total is told where the listing is asked for in one piece.

        Raises:
            ValueError: the stream needs a window and got none.
        """
        if stream in {Stream.LISTINGS, Stream.INVENTORY}:
            return self._items(reading)
        if window is None:
            raise ValueError(f"{stream} are read by a window of change times")
        readers: dict[Stream, Callable[[datetime, datetime, int], Iterator[Page]]] = {
            Stream.ORDERS: self._orders,
            Stream.FINANCES: self._transactions,
            Stream.RETURNS: self._returns,
        }
        return self._windowed(readers[stream], window, reading)

    def _windowed(
        self, read: Callable[[datetime, datetime, int], Iterator[Page]], window: Window, reading: int
    ) -> Iterator[Page]:
        """Fix the upper bound before the first page: pages by offset would shift over a set that grows."""
        end = window.end - op.INSTANT if window.end else self.check_access().server_time or datetime.now(UTC)
        if window.start <= end:
            yield from read(window.start, end, reading)

    def _orders(self, start: datetime, end: datetime, reading: int) -> Iterator[Page]:
        size = op.ORDER_PAGES[reading % len(op.ORDER_PAGES)]
        spans = _parts(start, end, op.LONGEST_ORDER_WINDOW)
        for first, last in spans:
            bounds = f"lastmodifieddate:[{iso_milliseconds(first)}..{iso_milliseconds(last)}]"
            params = {"filter": bounds, "fieldGroups": "TAX_BREAKDOWN", "limit": str(size), "offset": "0"}
            for page in self._calls.pages(Call(op.GET_ORDERS, params)):
                yield Page(page.get("orders") or [], page["total"] if len(spans) == 1 else None, end)

    def _transactions(self, start: datetime, end: datetime, reading: int) -> Iterator[Page]:
        """List every site's transactions; every other reading begins with the oldest instead of the newest."""
        size = op.FINANCE_PAGES[reading % len(op.FINANCE_PAGES)]
        spans = _parts(start, end, op.LONGEST_FINANCE_WINDOW)
        whole = len(spans) * len(self.store.marketplace_ids) == 1
        for marketplace_id in self.store.marketplace_ids:
            for first, last in spans:
                bounds = f"transactionDate:[{iso_milliseconds(first)}..{iso_milliseconds(last)}]"
                params = {"filter": bounds, "limit": str(size), "offset": "0"}
                if reading % 2:
                    params["sort"] = "transactionDate"
                call = Call(
                    op.GET_TRANSACTIONS, params, marketplace_id=marketplace_id, signed=True, host=self.store.apiz_url
                )
                for page in self._calls.pages(call):
                    yield Page(page.get("transactions") or [], page.get("total", 0) if whole else None, end)

    def _items(self, reading: int) -> Iterator[Page]:
        """List inventory items with their offers. eBay's offset is the number of the page here."""
        size = op.ITEM_PAGES[reading % len(op.ITEM_PAGES)]
        for page in self._calls.pages(Call(op.GET_ITEMS, {"limit": str(size), "offset": "0"})):
            items = page.get("inventoryItems") or []
            yield Page([self._with_offers(item) for item in items], page["total"])

    def _with_offers(self, item: Any) -> Any:
        sku = records.sku_of(item)
        if sku is None:
            return item
        try:
            pages = list(self._calls.pages(Call(op.GET_OFFERS, {"sku": sku}, asked={"sku": sku})))
        except RequestRejectedError as error:
            if error.status != httpx.codes.NOT_FOUND:  # what eBay says of an item that is offered nowhere
                raise
            pages = []
        return records.listing(item, pages)

    def _returns(self, start: datetime, end: datetime, reading: int) -> Iterator[Page]:
        """List returns that changed in the window: eBay searches by creation, so the search reaches further back."""
        size = op.RETURN_PAGES[reading % len(op.RETURN_PAGES)]
        for first, last in _parts(start - op.RETURN_LIFE, end, op.LONGEST_RETURN_WINDOW):
            params = {
                "creation_date_range_from": iso_milliseconds(first),
                "creation_date_range_to": iso_milliseconds(last),
                "limit": str(size),
            }
            for members in self._return_pages(params):
                details = (self._detail(member) for member in members)
                changed = [detail for detail in details if records.changed_within(detail, start, end)]
                yield Page(changed, upper_bound=end)

    def _return_pages(self, params: Mapping[str, str]) -> Iterator[list[Any]]:
        """Follow the search: it tells the total, and no next address."""
        offset = 1  # R: Post-Order counts records from 1
        while True:
            page = self._calls.send(Call(op.SEARCH_RETURNS, {**params, "offset": str(offset)})).data
            members = page.get("members") or []
            yield members
            offset += len(members)
            if not members or offset > (page.get("paginationOutput") or {}).get("totalEntries", 0):
                return

    def _detail(self, member: Any) -> Any:
        return_id = records.return_id_of(member)
        if return_id is None:
            return member
        return self._calls.send(Call(op.GET_RETURN, {}, (return_id,))).data

    def get_order(self, order_id: str) -> Payload | None:
        """Return one order; here, unlike in a listing, `cancelRequests` is filled. None when eBay knows none."""
        try:
            answer = self._calls.send(Call(op.GET_ORDER, {"fieldGroups": "TAX_BREAKDOWN"}, (order_id,)))
        except RequestRejectedError as error:
            if error.status == httpx.codes.NOT_FOUND or error.code == op.NO_SUCH_ORDER:
                return None
            raise
        order: Payload = answer.data
        return order

    def push_stock(self, changes: Sequence[StockChange]) -> list[Receipt]:
        """Set the quantities of offers; `listing_id` is the offer's id. One receipt per change, in the same order.

        Up to 25 go in one call; where eBay refuses such a call as a whole, each change is sent alone.
        """
        receipts: list[Receipt] = []
        for first in range(0, len(changes), op.MOST_STOCK_CHANGES):
            receipts += self._push(changes[first : first + op.MOST_STOCK_CHANGES])
        return receipts

    def _push(self, changes: Sequence[StockChange]) -> list[Receipt]:
        requests = [
            {"offers": [{"offerId": change.listing_id, "availableQuantity": change.quantity}]} for change in changes
        ]
        try:
            answer = self._calls.send(Call(op.PUSH_STOCK, {}, body={"requests": requests}))
        except RequestRejectedError as error:
            if len(changes) == 1:
                return [Receipt(changes[0].listing_id, accepted=False, reason=str(error))]
            return [receipt for change in changes for receipt in self._push([change])]
        rows = {row["offerId"]: row for row in answer.data["responses"] if isinstance(row, dict) and "offerId" in row}
        return [_receipt(change, rows.get(change.listing_id)) for change in changes]

    def confirm_shipment(self, parcel: Parcel) -> Receipt:
        """Tell eBay that a parcel left, unless it already knows: a second call would make a second shipment."""
        return shipments.confirm(self._calls, parcel)


def _parts(start: datetime, end: datetime, longest: timedelta) -> list[tuple[datetime, datetime]]:
    """Cut a window, both ends included, into parts without gap or overlap."""
    spans = []
    while start <= end:
        last = min(start + longest - op.INSTANT, end)
        spans.append((start, last))
        start = last + op.INSTANT
    return spans


def _receipt(change: StockChange, row: Mapping[str, Any] | None) -> Receipt:
    """Read one row of the answer: the call as a whole succeeds (200, 207) whatever became of a row."""
    if row is None:
        return Receipt(change.listing_id, accepted=False, reason="eBay's answer does not mention the offer")
    if row.get("statusCode") == httpx.codes.OK:
        return Receipt(change.listing_id, accepted=True)
    code, message = op.explain_entry(row.get("errors"))
    return Receipt(change.listing_id, accepted=False, reason=f"{code}: {message}".strip(": ") or str(row))
