"""AliExpress' client: the methods of `Client` for one shop.

Belongs here: which methods are called with which parameters, and how their answers make one record.
Does not belong here: signing, tokens and pages (`calls.py`), or the meaning of a payload.

What the lists lack is asked for per record and put beside it, as it came, under a name of its own:

* an order gets its address (`receipt_address`) once it is paid: lists tell no country, and a later version without it
  would take it away again. That is one call for each version of an order; it can be switched off. The address is
  remembered until the order changes, so that a second reading asks for none again.
* an issue gets its `detail`, and the order line it is about (`child_order`): lists tell neither money nor units.
* a release of money gets `loan_info` and `refund_info`: lists do not tell when it was. Orders whose issue was finished
  in the window are listed too, since a refund changes what was released for them.

Issues cannot be listed by time: all are listed, and those of the window are looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from linkstar_pipelines.connectors.aliexpress import answers, pacific
from linkstar_pipelines.connectors.aliexpress import operations as op
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
        before = datetime.now(UTC)
        answer = self._calls.call(op.PRODUCTS.method, {op.PRODUCTS.parameter: query})
        local = before + (datetime.now(UTC) - before) / 2
        date = answer.headers.get("date")
        server_time = parsedate_to_datetime(date) if date else None
        return AccessCheck(server_time, server_time - local if server_time else None, None)

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
            return self._orders(_between("modified_date", window), reading)
        return self._issues(window, reading) if stream is Stream.RETURNS else self._loans(window, reading)

    def get_order(self, order_id: str) -> Payload | None:
        """Return one order as `read` lists it, None when the shop has none of that id.

        The list cannot be asked by id: the order's detail tells the second it was placed in, and the list gives it.
        """
        placed = (self._order_info(order_id) or {}).get("gmt_create")
        if not placed:
            return None
        for page in self._orders({"create_date_start": placed, "create_date_end": placed}, reading=0):
            for order in page.records:
                if str(order.get("order_id")) == order_id:
                    found: Payload = order
                    return found
        return None

    def push_stock(self, changes: Sequence[StockChange]) -> list[Receipt]:
        """Set the quantities of listings; one receipt per change, in the same order."""
        return push_stock(self._calls, changes)

    def confirm_shipment(self, parcel: Parcel) -> Receipt:
        """Tell AliExpress that a parcel left, unless it knows already."""
        return confirm_shipment(self._calls, parcel, self._order_info(parcel.order_id))

    def _orders(self, query: Payload, reading: int) -> Iterator[Page]:
        for page in self._calls.pages(op.ORDERS, [query, {**query, "order_status": op.FINISH}], reading):
            yield replace(page, records=[self._with_address(order) for order in page.records])

    def _with_address(self, order: Any) -> Any:
        paid = isinstance(order, dict) and order.get("order_id") and order.get("gmt_pay_time")
        if not (paid and self.store.order_addresses):
            return order
        version = (str(order["order_id"]), str(order.get("gmt_update")))
        if version not in self._addresses:
            if len(self._addresses) >= _MOST_REMEMBERED:
                self._addresses.clear()
            self._addresses[version] = self._address(version[0])
        address = self._addresses[version]
        return order if address is None else {**order, "receipt_address": address}

    def _address(self, order_id: str) -> Payload | None:
        """Return an order's address; None when AliExpress tells it no more, which must not stop the reading."""
        try:
            answer = self._calls.call(op.ORDER_ADDRESS, {"param1": to_json({"order_id": as_number(order_id)})})
        except RequestRejectedError:
            return None
        return _object(answer.data, "result")

    def _products(self, reading: int) -> Iterator[Page]:
        queries = [{"product_status_type": status} for status in op.PRODUCT_STATUSES]
        for page in self._calls.pages(op.PRODUCTS, queries, reading):
            yield replace(page, records=[self._product(product) for product in page.records])

    def _product(self, product: Payload) -> Payload:
        answer = self._calls.call(op.PRODUCT_INFO, {"product_id": str(product.get("product_id", ""))})
        return {**product, **(_object(answer.data, "result") or {})}

    def _issues(self, window: Window, reading: int) -> Iterator[Page]:
        queries = [{"issue_status": status} for status in op.ISSUE_STATUSES]
        for page in self._calls.pages(op.ISSUES, queries, reading):
            issues = [i for i in page.records if pacific.may_be_within(i.get("gmt_modified"), window)]
            yield Page([self._with_detail(issue) for issue in issues])

    def _with_detail(self, issue: Payload) -> Payload:
        asked = {"issue_id": str(issue.get("issue_id", "")), "buyer_login_id": str(issue.get("buyer_login_id", ""))}
        detail = _object(self._calls.call(op.ISSUE_DETAIL, asked).data, "result_object")
        order = self._order_info(str(issue.get("parent_order_id", ""))) or {}
        lines = answers.wrapped(order, *op.ORDER_LINES)
        line = next((line for line in lines if str(line.get("id")) == str(issue.get("order_id"))), None)
        return {**issue, "detail": detail, "child_order": line}

    def _loans(self, window: Window, reading: int) -> Iterator[Page]:
        query = {"loan_status": op.LOAN_RELEASED, **_between("create_date", window, pacific.LOAN_FORM)}
        seen: set[str] = set()
        for page in self._calls.pages(op.LOANS, [query], reading):
            seen.update(str(loan.get("order_id")) for loan in page.records)
            yield Page([self._with_times(loan) for loan in page.records])
        for issues in self._calls.pages(op.ISSUES, [{"issue_status": op.ISSUE_FINISHED}], reading):
            finished = [i for i in issues.records if pacific.may_be_within(i.get("gmt_modified"), window)]
            for order_id in sorted({str(issue.get("parent_order_id")) for issue in finished} - seen):
                seen.add(order_id)
                again = {"loan_status": op.LOAN_RELEASED, "order_id": as_number(order_id)}
                for page in self._calls.pages(op.LOANS, [again], reading):
                    yield Page([self._with_times(loan) for loan in page.records])

    def _with_times(self, loan: Payload) -> Payload:
        order = self._order_info(str(loan.get("order_id", ""))) or {}
        return {**loan, "loan_info": order.get("loan_info"), "refund_info": order.get("refund_info")}

    def _order_info(self, order_id: str) -> Payload | None:
        asked = to_json({"order_id": as_number(order_id), "ext_info_bit_flag": op.ALL_DETAILS})
        try:
            found: Payload | None = self._calls.call(op.ORDER_INFO, {"param1": asked}, read=_order_detail).data
        except RequestRejectedError as error:
            if error.code in op.ORDER_UNKNOWN:
                return None
            raise
        return found


def _order_detail(body: Payload) -> Payload | None:
    """Return an order's detail, None when there is none.

    Raises:
        DecodeError: one of its lists is none.
    """
    detail = _object(_object(body, "result") or {}, "data")
    for place in (op.ORDER_LINES, op.ORDER_PARCELS):
        answers.wrapped(detail or {}, *place)
    return detail


def _object(body: Payload, name: str) -> Payload | None:
    found = body.get(name)
    return found if isinstance(found, dict) else None


def _between(name: str, window: Window, form: str = pacific.FORM) -> Payload:
    start, end = pacific.bounds(window, form)
    return {f"{name}_start": start} | ({f"{name}_end": end} if end else {})
