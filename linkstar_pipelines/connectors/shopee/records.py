"""How Shopee's records come out of its answers.

Belongs here: the pure functions that put a record together, for the client and for kept answers alike.
Does not belong here: calls (`pages.py`), or what a record means (`forms.py`).

Payloads stay as Shopee wrote them. Where one record takes several answers, or does not name the shop's region, it is
put together under keys of our own, and everything below those keys is Shopee's:

* listings and inventory: `{"region", "item": get_item_base_info, "models": get_model_list or null}`;
* finances: `{"region", "escrow": get_escrow_list, "detail": get_escrow_detail}` or `{"region", "wallet": ...}`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from linkstar_pipelines.connectors.kept import KeptAnswers, StreamRecords, records_at
from linkstar_pipelines.connectors.platform import Payload
from linkstar_pipelines.connectors.request import Decoder
from linkstar_pipelines.connectors.shopee import operations as op
from linkstar_pipelines.schemas.platforms import Stream


def order_ids(page: Payload) -> list[str]:
    """Return the ids on a page of the order list."""
    return texts(page["response"]["order_list"], "order_sn")


def orders_in(details: Payload) -> list[Payload]:
    """Return the orders in an answer to the call for details."""
    return objects(details["response"]["order_list"])


def left_out(asked: Sequence[str], orders: Sequence[Payload]) -> list[str]:
    """Return the ids of orders that were asked for and not told."""
    found = {order.get("order_sn") for order in orders}
    return [order_id for order_id in asked if order_id not in found]


def bare(order_id: str) -> Payload:
    """Return the record of an order that Shopee lists and does not tell: its id alone."""
    return {"order_sn": order_id}


def items_in(page: Payload) -> list[Payload]:
    """Return the items in an answer to the call for their base information."""
    return objects(page["response"]["item_list"])


def item(region: str, told: Payload, models: Payload | None) -> Payload:
    """Put an item and the answer about its models together; None where it has none."""
    return {"region": region, "item": told, "models": models["response"] if models is not None else None}


def escrows_in(page: Payload) -> list[Payload]:
    """Return the rows of a page of released escrows."""
    return objects(page["response"]["escrow_list"])


def escrow(region: str, row: Payload, detail: Payload) -> Payload:
    """Put a released escrow and the answer about its parts together."""
    return {"region": region, "escrow": row, "detail": detail["response"]}


def wallet_in(region: str, page: Payload) -> list[Payload]:
    """Return the movements of the wallet on a page of them."""
    return [{"region": region, "wallet": row} for row in objects(page["response"]["transaction_list"])]


def objects(rows: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; none where it is no list."""
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def texts(rows: Any, field: str) -> list[str]:
    """Return a field of the objects of a list, where it is a text."""
    return [row[field] for row in objects(rows) if isinstance(row.get(field), str)]


def _orders(_: Any, kept: KeptAnswers) -> Iterator[Any]:
    """The details of listed orders follow their page; further details are of orders that were asked for by their id."""
    listed, told = list[str](), list[Payload]()
    for said in kept.of(op.ORDER_LIST.name, op.ORDER_DETAIL.name):
        if said.operation == op.ORDER_LIST.name:
            yield from map(bare, left_out(listed, told))
            listed, told = order_ids(said.data), []
        else:
            told += orders_in(said.data)
            yield from orders_in(said.data)
    yield from map(bare, left_out(listed, told))


def _items(store: Any, kept: KeptAnswers) -> Iterator[Any]:
    for page in kept.of(op.ITEM_BASE.name):
        for told in items_in(page.data):
            named = str(told.get("item_id"))
            models = kept.beside(page, op.MODEL_LIST.name, item_id=named) if told.get("has_model") else None
            yield item(store.region, told, models)


def _finances(store: Any, kept: KeptAnswers) -> Iterator[Any]:
    for page in kept.of(op.ESCROW_LIST.name, op.WALLET.name):
        if page.operation == op.WALLET.name:
            yield from wallet_in(store.region, page.data)
            continue
        for row in escrows_in(page.data):
            detail = kept.beside(page, op.ESCROW_DETAIL.name, order_sn=str(row.get("order_sn")))
            if detail is not None:
                yield escrow(store.region, row, detail)


def _decoders(*operations: op.Operation) -> dict[str, Decoder]:
    return {operation.name: op.envelope(operation.required) for operation in operations}


_ITEMS: Final = StreamRecords(_decoders(op.ITEM_BASE, op.MODEL_LIST), _items)

RECORDS: Final = {
    Stream.ORDERS: StreamRecords(_decoders(op.ORDER_LIST, op.ORDER_DETAIL), _orders),
    Stream.LISTINGS: _ITEMS,
    Stream.INVENTORY: _ITEMS,
    Stream.RETURNS: records_at({op.RETURN_DETAIL.name: (op.envelope(op.RETURN_DETAIL.required), "response")}),
    Stream.FINANCES: StreamRecords(_decoders(op.ESCROW_LIST, op.ESCROW_DETAIL, op.WALLET), _finances),
}
