"""How Shopify's records come out of its answers.

Belongs here: the pure functions that put a record together, for the client and for kept answers alike.
Does not belong here: calls (`client.py`), or what a record means (`forms.py`).

Payloads stay as Shopify wrote them, with what no record tells beside: `marketplaceId`, and for variants the shop's
`currencyCode`. Lines (or stock levels) that did not fit on the first page of their order (or item) are added to it.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from linkstar_pipelines.connectors.kept import KeptAnswers, Said, StreamRecords
from linkstar_pipelines.connectors.platform import Payload
from linkstar_pipelines.connectors.request import DecodeError, Decoder
from linkstar_pipelines.connectors.shopify import operations as op
from linkstar_pipelines.schemas.platforms import Stream

Following = Callable[[dict[str, str]], Any]
"""Gives the answer to the question for the next page of what is inside a record."""


def nodes_of(page: Any) -> list[Any]:
    """Return the records of a page.

    Raises:
        DecodeError: it has none, not even an empty list of them.
    """
    nodes = page.get("nodes") if isinstance(page, dict) else None
    if not isinstance(nodes, list) or not isinstance(page.get("pageInfo"), dict):
        raise DecodeError("the page lacks its records or says not whether another follows")
    return nodes


def next_cursor(page: Payload) -> str | None:
    """Return where the page after this one begins; None on the last."""
    info = page.get("pageInfo") or {}
    return str(info["endCursor"]) if info.get("hasNextPage") and info.get("endCursor") else None


def order(told: Any, following: Following) -> Any:
    """Add the lines that the first page of them lacks; an order in another form stays as it is.

    Raises:
        DecodeError: the pages of its lines have no end.
    """
    lines = told.get("lineItems") if isinstance(told, dict) else None
    if not isinstance(lines, dict) or not told.get("id"):
        return told
    return {**told, "lineItems": _whole(lines, str(told["id"]), following, "lineItems")}


def variant_with_levels(told: Any, following: Following) -> Any:
    """Add the stock levels that the first page of them lacks; a variant in another form stays as it is.

    Raises:
        DecodeError: the pages of its levels have no end.
    """
    item = told.get("inventoryItem") if isinstance(told, dict) else None
    levels = item.get("inventoryLevels") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(levels, dict):
        return told
    whole = _whole(levels, str(item["id"]), following, "inventoryLevels")
    return {**told, "inventoryItem": {**item, "inventoryLevels": whole}}


def variant_with_currency(told: Any, currency: str | None) -> Any:
    """Return a variant with the currency of the shop's prices."""
    return {**told, "currencyCode": currency} if isinstance(told, dict) else told


def currency_of(shop: Payload) -> str | None:
    """Return the shop's currency from what Shopify says of it."""
    return (shop.get("shop") or {}).get("currencyCode")


def marked(record: Any, marketplace_id: str) -> Any:
    """Return a record with the shop's marketplace."""
    return {**record, "marketplaceId": marketplace_id} if isinstance(record, dict) else record


def _whole(first: Payload, identity: str, following: Following, connection: str) -> Payload:
    """Follow a connection inside a record; a page served again adds nothing."""
    page: Any = first
    nodes, seen = list(first.get("nodes") or []), set[str]()
    while (after := next_cursor(page)) is not None:
        if after in seen:
            raise DecodeError("the cursor of the next page came back")
        seen.add(after)
        page = (following({"id": identity, "after": after}) or {}).get(connection)
        nodes += [node for node in nodes_of(page) if node not in nodes]
    return {"nodes": nodes}


def _orders(store: Any, kept: KeptAnswers) -> Iterator[Any]:
    for said in kept.of(op.ORDERS.name, op.ORDER.name):
        found = _told(said)
        for told in nodes_of(found) if said.operation == op.ORDERS.name else [found]:
            yield marked(order(told, _beside(kept, said, op.ORDER_LINES)), store.marketplace_id)


def _listings(store: Any, kept: KeptAnswers) -> Iterator[Any]:
    currency: str | None = None
    for said in kept.of(op.SHOP.name, op.VARIANTS.name):
        if said.operation == op.SHOP.name:
            currency = currency_of(said.data["data"])
            continue
        for told in nodes_of(_told(said)):
            yield marked(variant_with_currency(told, currency), store.marketplace_id)


def _inventory(store: Any, kept: KeptAnswers) -> Iterator[Any]:
    for said in kept.of(op.STOCK.name):
        for told in nodes_of(_told(said)):
            yield marked(variant_with_levels(told, _beside(kept, said, op.LEVELS)), store.marketplace_id)


def _told(said: Said) -> Any:
    return said.data["data"][_ROOTS[said.operation]]


def _beside(kept: KeptAnswers, page: Said, operation: op.Operation) -> Following:
    def following(asked: dict[str, str]) -> Any:
        found = kept.beside(page, operation.name, **asked)
        return found["data"][operation.root] if found is not None else None

    return following


_ROOTS: Final = {operation.name: operation.root for operation in (op.ORDERS, op.ORDER, op.VARIANTS, op.STOCK)}


def _decoders(*operations: op.Operation) -> dict[str, Decoder]:
    return {operation.name: op.decoder(operation) for operation in operations}


RECORDS: Final = {
    Stream.ORDERS: StreamRecords(_decoders(op.ORDERS, op.ORDER, op.ORDER_LINES), _orders),
    Stream.LISTINGS: StreamRecords(_decoders(op.SHOP, op.VARIANTS), _listings),
    Stream.INVENTORY: StreamRecords(_decoders(op.STOCK, op.LEVELS), _inventory),
}
