"""Pushing stock to Shopee: at most 50 models of one item in a call, and failures inside a success.

Belongs here: `update_stock` and its receipts. Does not belong here: which quantity a listing shall show.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from linkstar_pipelines.connectors.errors import RequestRejectedError
from linkstar_pipelines.connectors.platform import Receipt, StockChange
from linkstar_pipelines.connectors.shopee import operations as op
from linkstar_pipelines.connectors.shopee.calls import ShopeeCalls

_NO_LISTING: Final = "the listing id is not of the form <item id>-<model id>"
_SILENT: Final = "Shopee named the listing neither among the successes nor among the failures"


def push_stock(calls: ShopeeCalls, changes: Sequence[StockChange]) -> list[Receipt]:
    """Set quantities; of two changes of one listing the later one is sent. Receipts in the order of the changes.

    Raises:
        ConnectorError: as `ShopeeCalls.ask`; what Shopee refuses for an item is told in the receipts.
    """
    quantities: dict[int, dict[int, int]] = {}
    for change in changes:
        if place := _place(change.listing_id):
            quantities.setdefault(place[0], {})[place[1]] = change.quantity
    refusals = {
        (item, model): reason for item, models in quantities.items() for model, reason in _push(calls, item, models)
    }
    return [_receipt(change, refusals) for change in changes]


def _receipt(change: StockChange, refusals: dict[tuple[int, int], str | None]) -> Receipt:
    place = _place(change.listing_id)
    reason = refusals[place] if place else _NO_LISTING
    return Receipt(change.listing_id, accepted=reason is None, reason=reason or "")


def _push(calls: ShopeeCalls, item_id: int, models: dict[int, int]) -> Iterator[tuple[int, str | None]]:
    """Yield each model with the reason of its refusal, None where it was taken."""
    wanted = list(models.items())
    for start in range(0, len(wanted), op.MODELS_AT_ONCE):
        batch = wanted[start : start + op.MODELS_AT_ONCE]
        stock_list = [{"model_id": model, "seller_stock": [{"stock": quantity}]} for model, quantity in batch]
        try:
            response = calls.ask(op.UPDATE_STOCK, body={"item_id": item_id, "stock_list": stock_list}).data["response"]
        except RequestRejectedError as error:
            yield from ((model, f"{error.code}: {error}") for model, _ in batch)
            continue
        failed = {row.get("model_id"): str(row.get("failed_reason") or "") for row in _rows(response, "failure_list")}
        taken = {row.get("model_id") for row in _rows(response, "success_list")}
        for model, _ in batch:
            yield model, failed.get(model, None if model in taken else _SILENT)


def _rows(response: dict[str, Any], field: str) -> list[dict[str, Any]]:
    rows = response.get(field)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _place(listing_id: str) -> tuple[int, int] | None:
    """Read item and model out of a listing id."""
    item, dash, model = listing_id.partition("-")
    return (int(item), int(model)) if dash and item.isdecimal() and model.isdecimal() else None
