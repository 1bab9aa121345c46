"""How eBay's records come out of its answers.

Belongs here: the pure functions that put a record together, for the client and for kept answers alike.
Does not belong here: calls (`client.py`), or what a record means (`forms.py`).

A listing is an inventory item with its offers. A return is found by the search and then asked for by its id, for only
then it tells when it changed.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from linkstar_pipelines.connectors.ebay import operations as op
from linkstar_pipelines.connectors.ebay.forms import last_change
from linkstar_pipelines.connectors.kept import KeptAnswers, StreamRecords, found_at, records_at
from linkstar_pipelines.connectors.platform import Payload
from linkstar_pipelines.connectors.request import Decoder
from linkstar_pipelines.domain.observations import any_json
from linkstar_pipelines.schemas.platforms import Stream

CLOCK: Final = {"for": "clock"}
"""What is asked where an order list shall tell no more than eBay's clock."""


def sku_of(item: Any) -> str | None:
    """Return the SKU whose offers make an inventory item a listing; None where there is none to ask for."""
    sku = item.get("sku") if isinstance(item, dict) else None
    return sku if isinstance(sku, str) else None


def listing(item: Payload, pages: Iterable[Payload]) -> Payload:
    """Put an inventory item and the pages of its offers together; a page may come twice."""
    offers = {any_json(offer): offer for page in pages for offer in page["offers"]}
    return {"inventoryItem": item, "offers": list(offers.values())}


def return_id_of(member: Any) -> str | None:
    """Return the id by which a found return is asked for; None where it has none and stays as it was found."""
    found = member.get("returnId") if isinstance(member, dict) else None
    return found if isinstance(found, str) else None


def changed_within(record: Any, start: datetime, end: datetime) -> bool:
    """Tell whether a return changed in a window, both ends included. What cannot be dated did: it must be refused."""
    changed = last_change(record)
    return changed is None or start <= changed <= end


def _orders(_: Any, kept: KeptAnswers) -> Iterator[Any]:
    for said in kept.of(op.GET_ORDERS.name, op.GET_ORDER.name):
        if said.asked != CLOCK:
            yield from found_at(said.data, "orders" if said.operation == op.GET_ORDERS.name else "")


def _listings(_: Any, kept: KeptAnswers) -> Iterator[Any]:
    for page in kept.of(op.GET_ITEMS.name):
        for item in page.data.get("inventoryItems") or []:
            sku = sku_of(item)
            yield item if sku is None else listing(item, kept.following(page, op.GET_OFFERS.name, sku=sku))


def _returns(_: Any, kept: KeptAnswers) -> Iterator[Any]:
    window = kept.window
    for said in kept.of(op.SEARCH_RETURNS.name, op.GET_RETURN.name):
        if said.operation == op.GET_RETURN.name:
            found = [said.data]
        else:
            found = [member for member in said.data.get("members") or [] if return_id_of(member) is None]
        if window is not None and window.end is not None:
            found = [record for record in found if changed_within(record, window.start, window.end - op.INSTANT)]
        yield from found


def _decoders(*operations: op.Operation) -> dict[str, Decoder]:
    return {operation.name: op.decoder(operation) for operation in operations}


_ITEMS: Final = StreamRecords(_decoders(op.GET_ITEMS, op.GET_OFFERS), _listings)

RECORDS: Final = {
    Stream.ORDERS: StreamRecords(_decoders(op.GET_ORDERS, op.GET_ORDER), _orders),
    Stream.LISTINGS: _ITEMS,
    Stream.INVENTORY: _ITEMS,
    Stream.RETURNS: StreamRecords(_decoders(op.SEARCH_RETURNS, op.GET_RETURN), _returns),
    Stream.FINANCES: records_at({op.GET_TRANSACTIONS.name: (op.decoder(op.GET_TRANSACTIONS), "transactions")}),
}
