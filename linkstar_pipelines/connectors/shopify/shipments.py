"""Telling Shopify that a parcel left (运单回传).

Belongs here: asking what Shopify knows, and making a fulfilment once. Does not belong here: when that happens.

A repetition would fulfil further units. So Shopify is asked first, and once more where it is not known whether it took
the request; only what it then knows counts as told. Units are fulfilled on fulfilment orders, not on order lines.
"""

from collections import defaultdict
from typing import Any, Final

from linkstar_pipelines.connectors.errors import ConnectorError, RequestRejectedError
from linkstar_pipelines.connectors.platform import Parcel, Payload, Receipt
from linkstar_pipelines.connectors.shopify import operations as op
from linkstar_pipelines.connectors.shopify.calls import ShopifyCalls
from linkstar_pipelines.connectors.shopify.operations import gid, plain_id

_OPEN: Final = frozenset({"OPEN", "IN_PROGRESS"})
_UNDONE: Final = frozenset({"CANCELLED", "ERROR", "FAILURE"})


def confirm(calls: ShopifyCalls, parcel: Parcel) -> Receipt:
    """Make the parcel's fulfilment unless it is there.

    Raises:
        ConnectorError: Shopify did not answer, and does not know the parcel; try again later.
    """
    try:
        order = _order(calls, parcel)
        if order is None:
            return _refused(parcel, f"Shopify knows no order {parcel.order_id}")
        if known := _known(order, parcel):
            return Receipt(parcel.reference, accepted=True, remote_id=known)
        wanted, missing = allot(order, parcel)
        if missing:
            return _refused(parcel, f"Shopify has no open units left of line {', '.join(missing)}")
        return _create(calls, parcel, wanted)
    except RequestRejectedError as error:
        return _refused(parcel, str(error))


def allot(order: Payload, parcel: Parcel) -> tuple[list[Payload], list[str]]:
    """Spread the parcel's units over the order's open fulfilment orders.

    Returns:
        `lineItemsByFulfillmentOrder`, and the order lines of which too few units are open.
    """
    left = dict(parcel.lines)
    found: defaultdict[str, list[Payload]] = defaultdict(list)
    for fulfillment_order in order["fulfillmentOrders"]["nodes"]:
        if fulfillment_order["status"] not in _OPEN:
            continue
        for entry in fulfillment_order["lineItems"]["nodes"]:
            line = plain_id(entry["lineItem"]["id"]) or ""
            units = min(left.get(line, 0), entry["remainingQuantity"])
            if units > 0:
                left[line] -= units
                found[fulfillment_order["id"]].append({"id": entry["id"], "quantity": units})
    wanted = [{"fulfillmentOrderId": key, "fulfillmentOrderLineItems": entries} for key, entries in found.items()]
    return wanted, [line for line, units in left.items() if units > 0]


def _create(calls: ShopifyCalls, parcel: Parcel, wanted: list[Payload]) -> Receipt:
    fulfillment = {
        "lineItemsByFulfillmentOrder": wanted,
        "trackingInfo": {"number": parcel.tracking_number, "company": parcel.carrier},
        "notifyCustomer": True,
    }
    try:
        result = calls.ask(op.CREATE_FULFILLMENT, {"fulfillment": fulfillment})
    except ConnectorError as error:
        if error.transient and (order := _order(calls, parcel)) and (known := _known(order, parcel)):
            return Receipt(parcel.reference, accepted=True, remote_id=known)
        raise
    if refusal := op.explain_user_errors(result):
        return _refused(parcel, refusal)
    made = result.get("fulfillment") or {}
    return Receipt(parcel.reference, accepted=True, remote_id=plain_id(made.get("id")) or "")


def _order(calls: ShopifyCalls, parcel: Parcel) -> Any:
    return calls.ask(op.SHIPPABLE, {"id": gid("Order", parcel.order_id)})


def _known(order: Payload, parcel: Parcel) -> str:
    """Return the id of the fulfilment that carries the parcel's tracking number; empty when there is none."""
    for fulfillment in order["fulfillments"]:
        numbers = [entry.get("number") for entry in fulfillment["trackingInfo"]]
        if fulfillment["status"] not in _UNDONE and parcel.tracking_number in numbers:
            return plain_id(fulfillment["id"]) or ""
    return ""


def _refused(parcel: Parcel, reason: str) -> Receipt:
    return Receipt(parcel.reference, accepted=False, reason=reason)
