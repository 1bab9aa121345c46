"""How TikTok Shop's records come out of its answers.

Belongs here: the pure functions that put a record together, for the client and for kept answers alike.
Does not belong here: calls (`pages.py`), or what a record means (`forms.py`).

Nothing in an order or a product names the shop's marketplace, so a record carries it under a key of our own, and
everything below the other keys is TikTok's:

* orders: `{"marketplace_id", "order"}`;
* listings: `{"marketplace_id", "product"}`;
* inventory: `{"marketplace_id", "product", "inventory"}`; `inventory` is null where TikTok told none.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from linkstar_pipelines.connectors.kept import KeptAnswers, StreamRecords
from linkstar_pipelines.connectors.platform import Payload
from linkstar_pipelines.connectors.request import Decoder
from linkstar_pipelines.connectors.tiktok import operations as op
from linkstar_pipelines.schemas.platforms import Stream


def order(marketplace_id: str, told: Any) -> Payload:
    """Return an order as a record."""
    return {"marketplace_id": marketplace_id, "order": told}


def product(marketplace_id: str, told: Any) -> Payload:
    """Return a product as a record."""
    return {"marketplace_id": marketplace_id, "product": told}


def stocked(products: Sequence[Payload], answer: Payload | None) -> list[Payload]:
    """Put products and the answer about their stock together."""
    told = op.objects((answer or {}).get("inventory"))
    stocks = {text_of(stock, "product_id"): stock for stock in told}
    return [record | {"inventory": stocks.get(text_of(record["product"], "id"))} for record in products]


def rows(data: Payload, field: str) -> list[Any]:
    """Return a list of an answer; empty where it is none."""
    found = data.get(field)
    return found if isinstance(found, list) else []


def text_of(value: Any, field: str) -> str:
    """Return a field of an object where it is a text; empty where it is none."""
    found = value.get(field) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _orders(store: Any, kept: KeptAnswers) -> Iterator[Any]:
    for said in kept.of(op.ORDERS.name, op.ORDER.name):
        found = rows(said.data, "orders")
        for told in found if said.operation == op.ORDERS.name else op.objects(found)[:1]:
            yield order(store.marketplace_id, told)


def _products(store: Any, kept: KeptAnswers) -> Iterator[Any]:
    for page in kept.of(op.PRODUCTS.name):
        yield from (product(store.marketplace_id, told) for told in rows(page.data, "products"))


def _inventory(store: Any, kept: KeptAnswers) -> Iterator[Any]:
    for page in kept.of(op.PRODUCTS.name):
        products = [product(store.marketplace_id, told) for told in rows(page.data, "products")]
        yield from stocked(products, next(iter(kept.following(page, op.INVENTORY.name)), None))


def _decoders(*operations: op.Operation) -> dict[str, Decoder]:
    return {operation.name: op.envelope(operation.required) for operation in operations}


RECORDS: Final = {
    Stream.ORDERS: StreamRecords(_decoders(op.ORDERS, op.ORDER), _orders),
    Stream.LISTINGS: StreamRecords(_decoders(op.PRODUCTS), _products),
    Stream.INVENTORY: StreamRecords(_decoders(op.PRODUCTS, op.INVENTORY), _inventory),
}
