"""How Amazon's records come out of its answers.

Belongs here: the pure functions that put a record together, for the client and for kept answers alike.
Does not belong here: calls (`client.py`), or what a record means (`forms.py`).
"""

from collections.abc import Iterator
from typing import Any, Final

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon import return_reports
from linkstar_pipelines.connectors.kept import KeptAnswers, StreamRecords, records_at
from linkstar_pipelines.connectors.request import json_with
from linkstar_pipelines.schemas.platforms import Stream


def with_marketplace(summary: Any, marketplace_id: str) -> Any:
    """Return a stock summary with the marketplace that was asked for: it names none itself."""
    return {**summary, "marketplaceId": marketplace_id} if isinstance(summary, dict) else summary


def _inventory(_: Any, kept: KeptAnswers) -> Iterator[Any]:
    for said in kept.of(op.FBA_INVENTORY.name):
        for summary in said.data["payload"]["inventorySummaries"]:
            yield with_marketplace(summary, said.asked["marketplaceId"])


_DECODERS: Final = {
    operation.name: json_with(*operation.required)
    for operation in (op.SEARCH_ORDERS, op.GET_ORDER, op.SEARCH_LISTINGS, op.FBA_INVENTORY, op.LIST_TRANSACTIONS)
}


def _simple(*paths: tuple[op.Operation, str]) -> StreamRecords:
    return records_at({operation.name: (_DECODERS[operation.name], path) for operation, path in paths})


RECORDS: Final = {
    Stream.ORDERS: _simple((op.SEARCH_ORDERS, "orders"), (op.GET_ORDER, "order")),
    Stream.LISTINGS: _simple((op.SEARCH_LISTINGS, "items")),
    Stream.INVENTORY: StreamRecords({op.FBA_INVENTORY.name: _DECODERS[op.FBA_INVENTORY.name]}, _inventory),
    Stream.RETURNS: return_reports.RECORDS,
    Stream.FINANCES: _simple((op.LIST_TRANSACTIONS, "payload.transactions")),
}
