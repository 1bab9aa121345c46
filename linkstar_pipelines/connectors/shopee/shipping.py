"""Confirming shipments to Shopee (运单回传): ask what it knows, then tell the tracking number once.

Belongs here: `ship_order` and the questions before it. Does not belong here: which parcels left.

`ship_order` refuses a second call, so the order is asked first; a parcel that Shopee already has under our tracking
number counts as told. Shopee ships whole packages: a parcel must hold exactly the open units of one package. A
tracking number of our own can be told only where the channel takes one (`non_integrated`, or drop-off with
`tracking_no`); the other channels issue it themselves.
"""

from collections import Counter
from typing import Any, Final

from linkstar_pipelines.connectors.errors import RequestRejectedError
from linkstar_pipelines.connectors.platform import Parcel, Payload, Receipt
from linkstar_pipelines.connectors.shopee import operations as op
from linkstar_pipelines.connectors.shopee.calls import ShopeeCalls

_OPEN: Final = frozenset({"LOGISTICS_NOT_START", "LOGISTICS_PENDING_ARRANGE", "LOGISTICS_READY"})
_TRACKING_WORDS: Final = frozenset({"tracking_no", "tracking_number"})
_NOT_WHOLE: Final = (
    "Shopee ships whole packages, and the parcel holds the open units of none; split the order in the Seller Centre "
    "first, or send the rest along"
)
_OWN_NUMBERS: Final = (
    "the order's channel takes no tracking number of ours: Shopee issues it when pickup or drop-off is arranged in the "
    "Seller Centre"
)


def confirm_shipment(calls: ShopeeCalls, order: Payload | None, parcel: Parcel) -> Receipt:
    """Tell Shopee that a parcel left.

    Args:
        calls: Calls to the shop.
        order: The order as Shopee has it now; None when it does not know it.
        parcel: What left.

    Raises:
        ConnectorError: as `ShopeeCalls.ask`; what Shopee refuses is told in the receipt.
    """
    if order is None:
        return Receipt(parcel.reference, accepted=False, reason="Shopee does not know the order")
    # Several packages may hold the same units: one that already carries the parcel's number is the parcel.
    packages = [package for package in _rows(order, "package_list") if _units(order, package) == Counter(parcel.lines)]
    if not packages:
        return Receipt(parcel.reference, accepted=False, reason=_NOT_WHOLE)
    split = len(_rows(order, "package_list")) > 1
    known = ""
    for package in packages:
        if package.get("logistics_status") not in _OPEN:
            known = _tracking_number(calls, parcel, package, split=split)
            if known == parcel.tracking_number:
                return Receipt(parcel.reference, accepted=True, remote_id=_number(package))
    open_packages = [package for package in packages if package.get("logistics_status") in _OPEN]
    if not open_packages:
        return Receipt(
            parcel.reference, accepted=False, reason=f"already shipped with the tracking number {known or 'of Shopee'}"
        )
    return _ship(calls, parcel, open_packages[0], split=split)


def _ship(calls: ShopeeCalls, parcel: Parcel, package: Payload, *, split: bool) -> Receipt:
    order = {"order_sn": parcel.order_id, **({"package_number": _number(package)} if split else {})}
    try:
        needed = calls.ask(op.SHIPPING_PARAMETER, list(order.items())).data["response"]["info_needed"]
        way = _way(needed)
        if way is None:
            return Receipt(parcel.reference, accepted=False, reason=_OWN_NUMBERS)
        body = {**order, way: {"tracking_number": parcel.tracking_number}}
        calls.ask(op.SHIP_ORDER, body=body, idempotent=False)
    except RequestRejectedError as error:
        return Receipt(parcel.reference, accepted=False, reason=f"{error.code}: {error}")
    return Receipt(parcel.reference, accepted=True, remote_id=_number(package))


def _way(needed: Any) -> str | None:
    """Return the part of `ship_order` that carries a tracking number of ours; None where there is none."""
    if isinstance(needed, dict) and isinstance(needed.get("non_integrated"), list):
        return "non_integrated"
    dropoff = needed.get("dropoff") if isinstance(needed, dict) else None
    return "dropoff" if isinstance(dropoff, list) and dropoff and _TRACKING_WORDS.issuperset(dropoff) else None


def _tracking_number(calls: ShopeeCalls, parcel: Parcel, package: Payload, *, split: bool) -> str:
    query = [("order_sn", parcel.order_id), *([("package_number", _number(package))] if split else [])]
    return str(calls.ask(op.TRACKING_NUMBER, query).data["response"].get("tracking_number") or "")


def _units(order: Payload, package: Payload) -> Counter[str]:
    """Return the units of a package by line id, as `orders.py` names lines."""
    lines = {(row.get("item_id"), row.get("model_id")): row for row in _rows(order, "item_list")}
    ids = Counter(_line(row) for row in lines.values())
    units: Counter[str] = Counter()
    for row in _rows(package, "item_list"):
        place = (row.get("item_id"), row.get("model_id"))
        line = _line(lines.get(place, row))
        units[line if ids[line] <= 1 else f"{line}-{place[1]}"] += int(row.get("model_quantity") or 0)
    return units


def _line(row: Payload) -> str:
    return str(row.get("line_item_id") or row.get("order_item_id") or "")


def _number(package: Payload) -> str:
    return str(package.get("package_number") or "")


def _rows(value: Payload, field: str) -> list[Payload]:
    rows = value.get(field)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
