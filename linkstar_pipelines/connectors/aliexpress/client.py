"""AliExpress' client: the methods of `Client` for one shop.

Belongs here: which methods are called with which parameters.
Does not belong here: signing, tokens and pages (`calls.py`), how answers make one record (`records.py`), or the meaning
of a payload.

What the lists lack is asked for per record:

* the address of a paid order: a later version without it would take it away again. That is one call for each version of
  an order; it can be switched off. The address is remembered until the order changes, so that a second reading asks for
  none again; the first reading of a pull asks anew, so that the pull's own answers hold it.
* the detail of an issue, and of its order.
* the detail of the order of a release of money. Orders whose issue was finished in the window are listed too, since a
  refund changes what was released for them.

Issues cannot be listed by time: all are listed, and those of the window are looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from linkstar_pipelines.connectors.aliexpress import operations as op
from linkstar_pipelines.connectors.aliexpress import pacific, records
from linkstar_pipelines.connectors.aliexpress.calls import AliExpressCalls, as_number, to_json
from linkstar_pipelines.connectors.aliexpress.store import AliExpressStore
from linkstar_pipelines.connectors.aliexpress.writing import confirm_shipment, push_stock
from linkstar_pipelines.connectors.errors import RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import (
    AccessCheck,
    Page,
    Parcel,
    Payload,
    Receipt,
    StockChange,
    Window,
)
from linkstar_pipelines.schemas.platforms import CHANGING, Stream

_MOST_REMEMBERED: Final = 20_000


class AliExpressClient:
    """Calls to one shop. Every method raises the errors of `AliExpressCalls.call`."""

    def __init__(self, store: AliExpressStore, http: HttpCore) -> None:
        self.store = store
        self.http = http
        self._calls = AliExpressCalls(store, http)
        self._addresses: dict[tuple[str, str], Payload | None] = {}

    def check_access(self) -> AccessCheck:
        """Make one cheap real call and tell what it shows about the clock; AliExpress tells no quota."""
        query = to_json({"product_status_type": op.PRODUCT_STATUSES[0], "current_page": 1, "page_size": 1})
        answer = self._calls.call(op.PRODUCTS.method, {op.PRODUCTS.parameter: query})
        return AccessCheck.of(answer)

    def read(self, stream: Stream, window: Window | None, reading: int) -> Iterator[Page]:
        """List a stream once, page by page, as `Client.read` says.

        Raises:
            ValueError: a stream that is read by change time got no window.
        """
        if stream not in CHANGING:
            return self._products(reading)
        if window is None:
            raise ValueError(f"{stream.value} are read by change time: give a window")
        if stream is Stream.ORDERS:
            if reading == 0:
                self._addresses.clear()
            return self._orders(_between("modified_date", window), reading)
        return self._issues(window, reading) if stream is Stream.RETURNS else self._loans(window, reading)

    def get_order(self, order_id: str) -> Payload | None:
        """Return one order as `read` lists it, None when the shop has none of that id.

        The list cannot be asked by id: the order's detail tells the second it was placed in, and the list gives it.
        """
        placed = (self._order_info(order_id) or {}).get("gmt_create")
        if not placed:
            return None
        query = {"create_date_start": placed, "create_date_end": placed}
        for page in self._orders(query, reading=0, only=order_id):
            for order in page.records:
                if isinstance(order, dict) and str(order.get("order_id")) == order_id:
                    found: Payload = order
                    return found
        return None

    def push_stock(self, changes: Sequence[StockChange]) -> list[Receipt]:
        """Set the quantities of listings; one receipt per change, in the same order."""
        return push_stock(self._calls, changes)

    def confirm_shipment(self, parcel: Parcel) -> Receipt:
        """Tell AliExpress that a parcel left, unless it knows already."""
        return confirm_shipment(self._calls, parcel, self._order_info(parcel.order_id))

    def _orders(self, query: Payload, reading: int, only: str | None = None) -> Iterator[Page]:
        queries, asked = [query, {**query, "order_status": op.FINISH}], {"order_id": only} if only else {}
        for page in self._calls.pages(op.ORDERS, queries, reading, asked):
            yield replace(page, records=[self._with_address(order) for order in page.records])

    def _with_address(self, order: Any) -> Any:
        order_id = records.address_id(order)
        if order_id is None or not self.store.order_addresses:
            return order
        version = (order_id, str(order.get("gmt_update")))
        if version not in self._addresses:
            if len(self._addresses) >= _MOST_REMEMBERED:
                self._addresses.clear()
            self._addresses[version] = self._address(version[0])
        return records.order_with_address(order, self._addresses[version])

    def _address(self, order_id: str) -> Payload | None:
        """Return an order's address; None when AliExpress tells it no more, which must not stop the reading."""
        try:
            parameters = {"param1": to_json({"order_id": as_number(order_id)})}
            answer = self._calls.call(op.ORDER_ADDRESS, parameters, asked={"order_id": order_id})
        except RequestRejectedError:
            return None
        return records.part(answer.data, "result")

    def _products(self, reading: int) -> Iterator[Page]:
        queries = [{"product_status_type": status} for status in op.PRODUCT_STATUSES]
        for page in self._calls.pages(op.PRODUCTS, queries, reading):
            yield replace(page, records=[self._product(product) for product in page.records])

    def _product(self, product: Payload) -> Payload:
        asked = {"product_id": str(product.get("product_id", ""))}
        return records.product(product, self._calls.call(op.PRODUCT_INFO, asked, asked=asked).data)

    def _issues(self, window: Window, reading: int) -> Iterator[Page]:
        queries = [{"issue_status": status} for status in op.ISSUE_STATUSES]
        for page in self._calls.pages(op.ISSUES, queries, reading):
            issues = [issue for issue in page.records if records.changed_within(issue, window)]
            yield Page([self._with_detail(issue) for issue in issues])

    def _with_detail(self, issue: Payload) -> Payload:
        asked = {"issue_id": str(issue.get("issue_id", ""))}
        parameters = {**asked, "buyer_login_id": str(issue.get("buyer_login_id", ""))}
        detail = self._calls.call(op.ISSUE_DETAIL, parameters, asked=asked).data
        return records.issue(issue, detail, self._order_info(str(issue.get("parent_order_id", ""))))

    def _loans(self, window: Window, reading: int) -> Iterator[Page]:
        query = {"loan_status": op.LOAN_RELEASED, **_between("create_date", window, pacific.LOAN_FORM)}
        seen: set[str] = set()
        for page in self._calls.pages(op.LOANS, [query], reading):
            seen.update(str(loan.get("order_id")) for loan in page.records)
            yield Page([self._with_times(loan) for loan in page.records])
        for issues in self._calls.pages(op.ISSUES, [{"issue_status": op.ISSUE_FINISHED}], reading):
            finished = [issue for issue in issues.records if records.changed_within(issue, window)]
            for order_id in sorted({str(issue.get("parent_order_id")) for issue in finished} - seen):
                seen.add(order_id)
                again = {"loan_status": op.LOAN_RELEASED, "order_id": as_number(order_id)}
                for page in self._calls.pages(op.LOANS, [again], reading):
                    yield Page([self._with_times(loan) for loan in page.records])

    def _with_times(self, loan: Payload) -> Payload:
        return records.loan(loan, self._order_info(str(loan.get("order_id", ""))))

    def _order_info(self, order_id: str) -> Payload | None:
        parameters = {"param1": to_json({"order_id": as_number(order_id), "ext_info_bit_flag": op.ALL_DETAILS})}
        asked = {"order_id": order_id}
        try:
            found: Payload | None = self._calls.call(
                op.ORDER_INFO, parameters, read=records.order_detail, asked=asked
            ).data
        except RequestRejectedError as error:
            if error.code in op.ORDER_UNKNOWN:
                return None
            raise
        return found


def _between(name: str, window: Window, form: str = pacific.FORM) -> Payload:
    start, end = pacific.bounds(window, form)
    return {f"{name}_start": start} | ({f"{name}_end": end} if end else {})
