"""What is told to TikTok Shop: stock of SKUs, and parcels that left (运单回传).

Belongs here: the two writing calls, their receipts, and the question before the one that must not be repeated.
Does not belong here: which quantity a listing shall show, or which parcels left.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from linkstar_pipelines.connectors.errors import RequestRejectedError
from linkstar_pipelines.connectors.platform import Parcel, Payload, Receipt, StockChange
from linkstar_pipelines.connectors.tiktok import operations as op
from linkstar_pipelines.connectors.tiktok.calls import TikTokCalls
from linkstar_pipelines.connectors.tiktok.operations import objects

_NO_LISTING: Final = "the listing id is not of the form <product id>-<sku id>"
_OPEN: Final = "AWAITING_SHIPMENT"


def push_stock(calls: TikTokCalls, changes: Sequence[StockChange]) -> list[Receipt]:
    """Set quantities; of two changes of one listing the later one is sent. Receipts in the order of the changes.

    Raises:
        ConnectorError: as `TikTokCalls.ask`; what TikTok refuses for a product or a SKU is told in the receipts.
    """
    quantities: dict[str, dict[str, int]] = {}
    for change in changes:
        if place := _place(change.listing_id):
            quantities.setdefault(place[0], {})[place[1]] = change.quantity
    refusals = {
        (product, sku): reason for product, skus in quantities.items() for sku, reason in _push(calls, product, skus)
    }
    return [_receipt(change, refusals) for change in changes]


def _receipt(change: StockChange, refusals: dict[tuple[str, str], str]) -> Receipt:
    place = _place(change.listing_id)
    reason = refusals.get(place, "") if place else _NO_LISTING
    return Receipt(change.listing_id, accepted=not reason, reason=reason)


def _push(calls: TikTokCalls, product_id: str, skus: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Yield each refused SKU with the reason: a success may hold errors of single SKUs."""
    wanted = list(skus.items())
    for start in range(0, len(wanted), op.SKUS_AT_ONCE):
        batch = dict(wanted[start : start + op.SKUS_AT_ONCE])
        body = {"skus": [{"id": sku, "inventory": [_quantity(calls, units)]} for sku, units in batch.items()]}
        try:
            errors = objects(calls.ask(op.UPDATE_INVENTORY, body=body, subject=product_id).data.get("errors"))
        except RequestRejectedError as error:
            yield from ((sku, f"{error.code}: {error}") for sku in batch)
            continue
        for failure in errors:
            sku = _detail(failure).get("sku_id")
            # An error that names no SKU leaves open which ones were set: none of them may count as done.
            yield from ((named, _reason(failure)) for named in ([sku] if sku in batch else batch))


def _quantity(calls: TikTokCalls, units: int) -> dict[str, Any]:
    warehouse = calls.store.warehouse_id
    return {"quantity": units, **({"warehouse_id": warehouse} if warehouse else {})}


def _reason(failure: Payload) -> str:
    inner = [str(extra.get("message") or "") for extra in objects(_detail(failure).get("extra_errors"))]
    words = "; ".join(filter(None, [str(failure.get("message") or ""), *inner]))
    return f"{failure.get('code')}: {words}"


def _detail(failure: Payload) -> Payload:
    detail = failure.get("detail")
    return detail if isinstance(detail, dict) else {}


def _place(listing_id: str) -> tuple[str, str] | None:
    """Read product and SKU out of a listing id."""
    product, dash, sku = listing_id.partition("-")
    return (product, sku) if dash and product.isdecimal() and sku.isdecimal() else None


def confirm_shipment(calls: TikTokCalls, record: Payload | None, parcel: Parcel) -> Receipt:
    """Tell TikTok that a parcel of our own logistics left.

    The call makes a package each time, so the order is asked first: a parcel whose tracking number the order already
    has on exactly its units counts as told.

    Args:
        calls: Calls to the shop.
        record: The order as TikTok has it now; None when it does not know it.
        parcel: What left; `carrier` is a shipping provider id of TikTok.

    Raises:
        ConnectorError: as `TikTokCalls.ask`; what TikTok refuses is told in the receipt.
    """
    if record is None:
        return Receipt(parcel.reference, accepted=False, reason="TikTok Shop does not know the order")
    lines = _lines(record["order"])
    told = [unit for units in lines.values() for unit in units if unit.get("tracking_number") == parcel.tracking_number]
    if told:
        return _told(parcel, lines, told)
    units: list[str] = []
    for line, count in parcel.lines.items():
        open_units = [str(unit["id"]) for unit in lines.get(line, []) if unit.get("display_status") == _OPEN]
        if len(open_units) < count:
            reason = f"of line {line} {len(open_units)} units wait for shipment, the parcel holds {count}"
            return Receipt(parcel.reference, accepted=False, reason=reason)
        units += open_units[:count]
    return _ship(calls, parcel, units)


def _told(parcel: Parcel, lines: dict[str, list[Payload]], told: list[Payload]) -> Receipt:
    ids = {unit["id"] for unit in told}
    known = {line: sum(unit["id"] in ids for unit in units) for line, units in lines.items()}
    if {line: count for line, count in known.items() if count} != dict(parcel.lines):
        reason = "the tracking number is already on other units of the order; mend the package in the Seller Center"
        return Receipt(parcel.reference, accepted=False, reason=reason)
    return Receipt(parcel.reference, accepted=True, remote_id=str(told[0].get("package_id") or ""))


def _ship(calls: TikTokCalls, parcel: Parcel, units: Sequence[str]) -> Receipt:
    body = {
        "order_line_list": [{"order_line_id": unit} for unit in units],
        "shipping_info_list": [{"tracking_number": parcel.tracking_number, "shipping_provider_id": parcel.carrier}],
    }
    try:
        made = calls.ask(op.SHIP, body=body, subject=parcel.order_id, idempotent=False).data
    except RequestRejectedError as error:
        return Receipt(parcel.reference, accepted=False, reason=f"{error.code}: {error}")
    return Receipt(parcel.reference, accepted=True, remote_id=str(made["package_id"]))


def _lines(order: Payload) -> dict[str, list[Payload]]:
    """Return the units of each line by its id, as `orders.py` names lines, smallest id first."""
    by_sku: dict[str, list[Payload]] = {}
    units = [unit for unit in objects(order.get("line_items")) if isinstance(unit.get("id"), str)]
    for unit in sorted(units, key=lambda unit: (len(unit["id"]), unit["id"])):
        by_sku.setdefault(str(unit.get("sku_id") or unit.get("seller_sku")), []).append(unit)
    return {same[0]["id"]: same for same in by_sku.values()}
