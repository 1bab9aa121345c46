"""The calls to one Walmart store, as the product asks for them.

Belongs here: which calls make a stream, a stock push, a shipment confirmation.
Does not belong here: one exchange (`calls.py`), whether a reading is whole (`connectors/complete.py`), or the meaning
of a payload. Payloads come back as Walmart wrote them, amounts as `Decimal`.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from linkstar_pipelines.connectors.errors import IncompleteReadingError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import AccessCheck, Page, Parcel, Payload, Receipt, StockChange, Window
from linkstar_pipelines.connectors.walmart import operations as op
from linkstar_pipelines.connectors.walmart import records, shipments
from linkstar_pipelines.connectors.walmart.calls import WalmartCalls
from linkstar_pipelines.connectors.walmart.reports import report_pages
from linkstar_pipelines.connectors.walmart.store import WalmartStore
from linkstar_pipelines.schemas.platforms import Stream

_SECOND: Final = timedelta(seconds=1)
_SHORTEST_SPAN: Final = timedelta(minutes=1)
_OWN_CLOCK: Final = timedelta(minutes=1)  # how far two clocks may differ without a call being refused for it
_WFS_READINGS: Final = 10
# Other page sizes put the page borders elsewhere, so that a skipped page hides other records each time.
_SHARES: Final = (1.0, 0.87, 0.73)


class WalmartClient:
    """Calls to one seller account (see `Client`)."""

    def __init__(self, store: WalmartStore, http: HttpCore) -> None:
        self.store = store
        self.http = http
        self._calls = WalmartCalls(store, http)
        self._skew: timedelta | None = None

    def check_access(self) -> AccessCheck:
        """Ask what the token may do (the former platform, which has no tokens: for an item), and compare the clocks."""
        cheap = (op.ITEMS, {"limit": "1", "offset": "0"}) if self._calls.legacy else (op.TOKEN_DETAIL, None)
        answer = self._calls.call(*cheap)
        self._skew = answer.skew or timedelta()
        return AccessCheck.of(answer)

    def read(self, stream: Stream, window: Window | None, reading: int) -> Iterator[Page]:
        """List one stream once (see `Client.read`).

        What records carry beside what Walmart says is told in `records.py`. Settlement rows belong to the day of
        their report (`reports.py`).

        Raises:
            ValueError: the stream needs a window and got none.
        """
        share = _SHARES[reading % len(_SHARES)]
        if stream is Stream.LISTINGS:
            return self._listings(int(op.ITEM_PAGE * share))
        if stream is Stream.INVENTORY:
            return self._inventory(share)
        if window is None:
            raise ValueError(f"{stream} are read by a window of change times")
        if stream is Stream.ORDERS:
            return self._orders(window, int(op.ORDER_PAGE * share))
        if self._calls.legacy:
            return iter(())  # the former platform has neither
        if stream is Stream.RETURNS:
            return self._returns(window, int(op.RETURN_PAGE * share))
        return self._finances(window, int(op.REPORT_PAGE * share))

    def get_order(self, order_id: str) -> Payload | None:
        """Return one order as `read` lists it; None when the account has none of that id."""
        try:
            order: Payload = self._calls.call(op.ORDER, None, order_id).data["order"]
        except RequestRejectedError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise
        return order

    def push_stock(self, changes: Sequence[StockChange]) -> list[Receipt]:
        """Set the quantities of seller-shipped listings, one call each; Walmart answers with what it set."""
        return [self._push_quantity(change) for change in changes]

    def confirm_shipment(self, parcel: Parcel) -> Receipt:
        """Report a parcel as shipped, unless the order already shows its tracking number on every line.

        A second report would ship the rest of the order, so it is never repeated blindly; an order that waits for
        an acknowledgement gets it first.
        """
        order = self.get_order(parcel.order_id)
        if order is None:
            return Receipt(parcel.reference, accepted=False, reason=f"Walmart knows no order {parcel.order_id}")
        wanted = shipments.untold(order, parcel)
        if not wanted:
            return Receipt(parcel.reference, accepted=True, remote_id=parcel.tracking_number)
        if reason := shipments.obstacle(order, wanted):
            return Receipt(parcel.reference, accepted=False, reason=reason)
        try:
            if shipments.to_acknowledge(order):
                self._calls.call(op.ACKNOWLEDGE, None, parcel.order_id)
            body = shipments.body(order, parcel, wanted, self.store.tracking_url)
            answer = self._calls.call(op.SHIP, None, parcel.order_id, body=body)
        except RequestRejectedError as error:
            return Receipt(parcel.reference, accepted=False, reason=f"{error.status} {error.code}")
        if shipments.untold(answer.data["order"], parcel):
            return Receipt(parcel.reference, accepted=False, reason="the answer does not show the parcel")
        return Receipt(parcel.reference, accepted=True, remote_id=parcel.tracking_number)

    def _push_quantity(self, change: StockChange) -> Receipt:
        body = {"sku": change.seller_sku, "quantity": {"unit": "EACH", "amount": change.quantity}}
        try:
            answer = self._calls.call(op.SET_INVENTORY, {"sku": change.seller_sku}, body=body)
        except RequestRejectedError as error:
            return Receipt(change.listing_id, accepted=False, reason=f"{error.status} {error.code}")
        amount = answer.data["quantity"].get("amount")
        if amount != change.quantity:
            return Receipt(change.listing_id, accepted=False, reason=f"Walmart set {amount}")
        return Receipt(change.listing_id, accepted=True)

    def _now(self) -> datetime:
        """Tell the platform's present: what it keeps is counted back from there."""
        if self._skew is None:
            self.check_access()
        return datetime.now(UTC) + (self._skew or timedelta())

    def _orders(self, window: Window, size: int) -> Iterator[Page]:
        now = self._now()
        oldest = now - op.HISTORY + _OWN_CLOCK
        start = max(window.start, oldest)
        if window.end is not None and window.end <= start:
            return
        nodes = op.NODES[:1] if self._calls.legacy else op.NODES
        common = {"createdStartDate": op.format_instant(oldest), "limit": str(size)}
        parts = [
            (node, first)
            for node in nodes
            for first in self._order_parts({**common, "shipNodeType": node}, start, window.end, now)
        ]
        # Spans that were cut overlap by a second, so their totals count some orders twice.
        total = sum(map(_order_total, (first for _, first in parts))) if len(parts) == len(nodes) else None
        for node, first in parts:
            pages = self._calls.query_pages(
                op.ORDERS, first, lambda page: page["list"]["meta"], records.orders_in, {"shipNodeType": node}
            )
            for page in pages:
                yield Page([records.order_at(order, node) for order in records.orders_in(page)], total, now)

    def _order_parts(
        self, common: dict[str, str], start: datetime, end: datetime | None, now: datetime
    ) -> Iterator[Payload]:
        """Give the first page of a span of change times, or of its parts where it holds too many orders."""
        # Walmart does not say whether its bounds are inclusive: a second more on the left is on the safe side.
        params = {**common, "lastModifiedStartDate": op.format_instant(start - _SECOND)}
        if end is not None:
            params["lastModifiedEndDate"] = op.format_instant(end)
        first = self._first_orders(params)
        length = (end or now) - start
        if _order_total(first) <= op.MOST_ORDERS or length < 2 * _SHORTEST_SPAN:
            yield first
            return
        middle = (start + length / 2).replace(microsecond=0)
        yield from self._order_parts(common, start, middle, now)
        yield from self._order_parts(common, middle, end, now)

    def _first_orders(self, params: dict[str, str]) -> Payload:
        try:
            asked = {"shipNodeType": params["shipNodeType"]}
            page: Payload = self._calls.call(op.ORDERS, params, asked=asked).data
        except RequestRejectedError as error:
            # Some of Walmart's lists answer 404 where nothing was found.
            if error.status == httpx.codes.NOT_FOUND and error.code.startswith("CONTENT_NOT_FOUND"):
                return {"list": {"meta": {"totalCount": 0}, "elements": {"order": []}}}
            raise
        return page

    def _listings(self, size: int) -> Iterator[Page]:
        warehoused = self._wfs_skus()
        for page in self._calls.offset_pages(op.ITEMS, size, lambda page: page["ItemResponse"]):
            items = [records.item_with_node(item, warehoused) for item in page["ItemResponse"]]
            yield Page(items, page.get("totalItems"))

    def _wfs_skus(self) -> set[str]:
        """Return the SKUs that Walmart ships; items themselves do not tell.

        Raises:
            IncompleteReadingError: the list never came to as many SKUs as Walmart counts.
        """
        found: set[str] = set()
        for _ in range(_WFS_READINGS):
            stated = 0
            for page in self._wfs_pages(op.WFS_PAGE):
                found |= records.warehoused_in(page)
                stated = page["headers"].get("totalCount") or 0
            if len(found) >= stated:
                return found
        raise IncompleteReadingError(
            f"{_WFS_READINGS} readings of the WFS stock found {len(found)} SKUs; Walmart counts more. Run it later.",
            platform=op.PLATFORM, store=self.store.name, operation=op.WFS_INVENTORY.name,
        )  # fmt: skip

    def _wfs_pages(self, size: int) -> Iterator[Payload]:
        if not self.store.wfs or self._calls.legacy:
            return iter(())
        return self._calls.offset_pages(op.WFS_INVENTORY, size, lambda page: page["payload"]["inventory"])

    def _inventory(self, share: float) -> Iterator[Page]:
        # The whole is both lists together: the first one's pages cannot state it before the second one is begun.
        warehoused = list(self._wfs_pages(int(op.WFS_PAGE * share)))
        wfs_total = warehoused[-1]["headers"].get("totalCount") if warehoused else 0
        for page in self._calls.cursor_pages(op.INVENTORIES, int(op.INVENTORY_PAGE * share)):
            own_total = (page.get("meta") or {}).get("totalCount")
            stated = None if own_total is None or wfs_total is None else int(own_total) + int(wfs_total)
            yield Page(page["elements"]["inventories"], stated)
        for page in warehoused:
            yield Page(page["payload"]["inventory"])

    def _returns(self, window: Window, size: int) -> Iterator[Page]:
        now = self._now()
        params = {
            "returnLastModifiedStartDate": op.format_instant(window.start - _SECOND),
            "limit": str(size),
            "replacementInfo": "true",
        }
        if window.end is not None:
            params["returnLastModifiedEndDate"] = op.format_instant(window.end)
        lists = [params, {**params, "isWFSEnabled": "Y"}] if self.store.wfs else [params]
        for asked in lists:
            first = self._calls.call(op.RETURNS, asked).data
            # With WFS there are two lists, and Walmart does not say whether they overlap: their totals prove nothing.
            total = first["meta"].get("totalCount") if len(lists) == 1 else None
            for page in self._calls.query_pages(op.RETURNS, first, lambda page: page["meta"], _returns_in):
                yield Page(page["returnOrders"], total, now)

    def _finances(self, window: Window, size: int) -> Iterator[Page]:
        now = self._now()
        for rows in report_pages(self._calls, self.store.name, window, size):
            yield Page(rows, None, now)


def _returns_in(page: Payload) -> list[Any]:
    found: list[Any] = page["returnOrders"]
    return found


def _order_total(page: Payload) -> int:
    return int(page["list"]["meta"].get("totalCount") or 0)
