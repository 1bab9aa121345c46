"""Faults inside an answer's JSON: orders that cannot be right, and fields that the platform has added.

Here: what such a fault changes, alike for all platforms: names of fields are found wherever they stand.
Not here: which order or operation is struck (see `faults`), where a platform writes the day of shipping (its `orders`).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from linkstar_pipelines.sandbox.wire import Json

NO_SUCH_SKU: Final = "NO-SUCH-LISTING-1"
LONG_AGO: Final = 802_007_130
"""An instant of June 1995, in seconds since the epoch."""
NO_UTF8: Final = "\udcc3\udcff"
"""Two bytes that are no UTF-8, as `wire.to_bytes` writes them."""
_SKUS: Final = frozenset({"sellerSku", "sku", "item_sku", "model_sku", "sku_code", "seller_sku"})
_CURRENCIES: Final = frozenset({"currency", "currencyCode", "currencyUnit", "currency_code"})
_TITLES: Final = frozenset({"title", "productName", "item_name", "product_name"})
_IDLE_STATES: Final = frozenset({
    "fulfillmentServiceLevel", "soldFormat", "fulfillmentOption", "payment_method", "payment_type", "delivery_type",
})  # fmt: skip
"""Enumerations that nobody's stock or money hangs on; one per platform."""
_ADDED: Final = {"addedLater": {"since": "2027-01", "state": "NEVER_HEARD_OF"}}


@dataclass(frozen=True, slots=True)
class ShipDate:
    """Where a platform writes the day of shipping of an order, and `LONG_AGO` as it writes it."""

    path: tuple[str, ...]
    long_ago: str | int


def spoil(order: Json, way: str, ship_date: ShipDate) -> str:
    """Make an order bad, in place.

    Args:
        order: The order as the platform writes it.
        way: What is to be wrong with it, of `faults.BAD_WAYS`.
        ship_date: Where the day of shipping stands.

    Returns:
        What is wrong with it now: an order without currency or shipping day gets an unknown SKU instead.
    """
    changed = {
        "missing_currency": lambda: _drop(order, _CURRENCIES),
        "implausible_date": lambda: _put(order, ship_date.path, ship_date.long_ago),
        "broken_text": lambda: _write(order, _TITLES, lambda text: text + NO_UTF8),
    }.get(way, lambda: False)()
    if changed:
        return way
    _write(order, _SKUS, lambda text: NO_SUCH_SKU if text else text)
    return "unknown_sku"


def with_additions(content: bytes) -> bytes:
    """Return an answer with new fields at every depth and an unheard-of word where it matters to nobody.

    A GraphQL answer holds what was asked for and nothing else: there, only its `extensions` get new fields.
    """
    try:
        body = json.loads(content)
    except ValueError:
        return content
    if not isinstance(body, dict):
        return content
    told = {**body, "extensions": _added(body["extensions"])} if "extensions" in body else _added(body)
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _added(node: Any) -> Any:
    if isinstance(node, list):
        return [_added(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    kept = {name: "ADDED_LATER" if name in _IDLE_STATES and value else _added(value) for name, value in node.items()}
    return {**kept, **_ADDED}


def _objects(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _objects(value)
    elif isinstance(node, list):
        for entry in node:
            yield from _objects(entry)


def _put(node: Any, path: tuple[str, ...], value: str | int) -> bool:
    """Write a value at a path, in every entry of the lists on the way; tell whether it was there."""
    if isinstance(node, list):
        return sum(_put(entry, path, value) for entry in node) > 0
    if not isinstance(node, dict) or not node.get(path[0]):
        return False
    if len(path) > 1:
        return _put(node[path[0]], path[1:], value)
    node[path[0]] = value
    return True


def _drop(order: Json, names: frozenset[str]) -> bool:
    found = [(place, name) for place in _objects(order) for name in names & place.keys()]
    for place, name in found:
        place.pop(name, None)  # one amount may stand in two places
    return bool(found)


def _write(order: Json, names: frozenset[str], change: Callable[[str], str]) -> bool:
    found = [(place, name) for place in _objects(order) for name in names & place.keys() if place[name]]
    for place, name in found:
        place[name] = change(place[name])
    return bool(found)
