"""How AliExpress' records come out of its answers.

Belongs here: the pure functions that put a record together, for the client and for kept answers alike.
Does not belong here: calls (`client.py`), or what a record means (`forms.py`).

What the lists lack is asked for per record and put beside it, as it came, under a name of its own:

* an order gets its address (`receipt_address`) once it is paid: lists tell no country;
* a product gets what its detail tells;
* an issue gets its `detail`, and the order line it is about (`child_order`): lists tell neither money nor units;
* a release of money gets `loan_info` and `refund_info`: lists do not tell when it was.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from linkstar_pipelines.connectors.aliexpress import answers, pacific
from linkstar_pipelines.connectors.aliexpress import operations as op
from linkstar_pipelines.connectors.aliexpress.answers import Payload
from linkstar_pipelines.connectors.kept import KeptAnswers, Said, StreamRecords
from linkstar_pipelines.connectors.platform import Window
from linkstar_pipelines.connectors.request import Decoder, Headers
from linkstar_pipelines.schemas.platforms import Stream


def address_id(order: Any) -> str | None:
    """Return the id by which an order's address is asked for; None before it is paid."""
    paid = isinstance(order, dict) and order.get("order_id") and order.get("gmt_pay_time")
    return str(order["order_id"]) if paid else None


def order_with_address(order: Payload, address: Payload | None) -> Payload:
    """Put an order and its address together; AliExpress tells it no more after a while."""
    return order if address is None else {**order, "receipt_address": address}


def product(listed: Payload, info: Payload) -> Payload:
    """Put a product of the list and the answer to its detail together."""
    return {**listed, **(part(info, "result") or {})}


def issue(listed: Payload, detail: Payload, order: Payload | None) -> Payload:
    """Put an issue of the list, the answer to its detail, and its order's detail together."""
    lines = answers.wrapped(order or {}, *op.ORDER_LINES)
    line = next((line for line in lines if str(line.get("id")) == str(listed.get("order_id"))), None)
    return {**listed, "detail": part(detail, "result_object"), "child_order": line}


def loan(listed: Payload, order: Payload | None) -> Payload:
    """Put a release of money of the list and its order's detail together."""
    told = order or {}
    return {**listed, "loan_info": told.get("loan_info"), "refund_info": told.get("refund_info")}


def changed_within(listed: Payload, window: Window) -> bool:
    """Tell whether an issue may have changed in a window: issues cannot be listed by time."""
    return pacific.may_be_within(listed.get("gmt_modified"), window)


def order_detail(body: Payload) -> Payload | None:
    """Return an order's detail, None when there is none.

    Raises:
        DecodeError: one of its lists is none.
    """
    detail = part(part(body, "result") or {}, "data")
    for place in (op.ORDER_LINES, op.ORDER_PARCELS):
        answers.wrapped(detail or {}, *place)
    return detail


def part(body: Payload, name: str) -> Payload | None:
    """Return the object of that name in an answer; None where there is none."""
    found = body.get(name)
    return found if isinstance(found, dict) else None


def _orders(store: Any, kept: KeptAnswers) -> Iterator[Any]:
    for page in kept.of(op.ORDERS.method):
        for order in _listed(page):
            only, identity = page.asked.get("order_id"), address_id(order)
            if only is not None and not (isinstance(order, dict) and str(order.get("order_id")) == only):
                continue
            if identity is None or not store.order_addresses:
                yield order
            else:
                told = kept.beside(page, op.ORDER_ADDRESS, order_id=identity)
                yield order_with_address(order, part(told or {}, "result"))


def _products(_: Any, kept: KeptAnswers) -> Iterator[Any]:
    for page in kept.of(op.PRODUCTS.method):
        for listed in _listed(page):
            told = kept.beside(page, op.PRODUCT_INFO, product_id=str(listed.get("product_id", "")))
            yield product(listed, told or {})


def _issues(_: Any, kept: KeptAnswers) -> Iterator[Any]:
    for page in kept.of(op.ISSUES.method):
        for listed in _listed(page):
            if kept.window is not None and changed_within(listed, kept.window):
                detail = kept.beside(page, op.ISSUE_DETAIL, issue_id=str(listed.get("issue_id", "")))
                yield issue(listed, detail or {}, _order_beside(kept, page, listed.get("parent_order_id", "")))


def _loans(_: Any, kept: KeptAnswers) -> Iterator[Any]:
    for page in kept.of(op.LOANS.method):
        for listed in _listed(page):
            yield loan(listed, _order_beside(kept, page, listed.get("order_id", "")))


def _order_beside(kept: KeptAnswers, page: Said, order_id: object) -> Payload | None:
    found: Payload | None = kept.beside(page, op.ORDER_INFO, order_id=str(order_id))
    return found


def _listed(page: Said) -> list[Any]:
    found, _ = page.data
    listed: list[Any] = found
    return listed


def _list(listing: op.Listing) -> dict[str, Decoder]:
    return _one(listing.method, lambda body: answers.entries(listing, body))


def _one(method: str, read: Callable[[Payload], Any] = lambda body: body) -> dict[str, Decoder]:
    unpack = answers.body_of(method)

    def decode(content: bytes, headers: Headers) -> Any:
        return read(unpack(content, headers))

    return {method: decode}


_ORDER_INFO: Final = _one(op.ORDER_INFO, order_detail)
_PRODUCTS: Final = StreamRecords(_list(op.PRODUCTS) | _one(op.PRODUCT_INFO), _products)

RECORDS: Final = {
    Stream.ORDERS: StreamRecords(_list(op.ORDERS) | _one(op.ORDER_ADDRESS), _orders),
    Stream.LISTINGS: _PRODUCTS,
    Stream.INVENTORY: _PRODUCTS,
    Stream.RETURNS: StreamRecords(_list(op.ISSUES) | _one(op.ISSUE_DETAIL) | _ORDER_INFO, _issues),
    Stream.FINANCES: StreamRecords(_list(op.LOANS) | _ORDER_INFO, _loans),
}
