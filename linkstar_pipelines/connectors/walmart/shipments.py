"""What Walmart has to be told of a parcel, given what it already knows of the order. Pure.

Belongs here: reading line states out of an order, and the body that reports lines as shipped.
Does not belong here: sending it.
"""

from collections.abc import Mapping
from typing import Any

from linkstar_pipelines.connectors.platform import Parcel, Payload
from linkstar_pipelines.connectors.walmart import operations as op

_OPEN = frozenset({"Created", "Acknowledged"})
_METHOD = "Standard"


def lines_of(order: Payload) -> list[Payload]:
    """Return the lines of an order; none where it has no readable ones."""
    lines = (order.get("orderLines") or {}).get("orderLine") or []
    return [line for line in lines if isinstance(line, dict)]


def statuses_of(line: Payload) -> list[Payload]:
    """Return the states of a line, each with the units that are in it."""
    return (line.get("orderLineStatuses") or {}).get("orderLineStatus") or []


def untold(order: Payload, parcel: Parcel) -> dict[str, int]:
    """Return the lines of the parcel, with their units, that the order does not show under its tracking number."""
    told = {
        str(line.get("lineNumber"))
        for line in lines_of(order)
        for status in statuses_of(line)
        if (status.get("trackingInfo") or {}).get("trackingNumber") == parcel.tracking_number
    }
    return {line: units for line, units in parcel.lines.items() if line not in told}


def obstacle(order: Payload, wanted: Mapping[str, int]) -> str:
    """Say why these units cannot be reported as shipped; empty when they can."""
    left = {
        str(line.get("lineNumber")): sum(
            int(status["statusQuantity"]["amount"]) for status in statuses_of(line) if status.get("status") in _OPEN
        )
        for line in lines_of(order)
    }
    for line, units in wanted.items():
        if line not in left:
            return f"the order has no line {line}"
        if left[line] < units:
            return f"line {line} has {left[line]} units left to ship, not {units}"
    return ""


def to_acknowledge(order: Payload) -> bool:
    """Tell whether units of the order wait for an acknowledgement."""
    return any(status.get("status") == "Created" for line in lines_of(order) for status in statuses_of(line))


def body(order: Payload, parcel: Parcel, wanted: Mapping[str, int], tracking_url: str) -> dict[str, Any]:
    """Write the body of the shipping call.

    Args:
        order: The order as Walmart has it.
        parcel: The parcel.
        wanted: Its lines that Walmart does not know yet, with their units.
        tracking_url: Page that shows a parcel, with `{number}`.
    """
    listed = parcel.carrier in op.CARRIERS
    tracking = {
        "shipDateTime": int(parcel.shipped_at.timestamp() * 1000),
        "carrierName": {"carrier" if listed else "otherCarrier": parcel.carrier},
        "methodCode": _METHOD,
        "trackingNumber": parcel.tracking_number,
        "trackingURL": tracking_url.replace("{number}", parcel.tracking_number),
    }
    # The goods are gone: a buyer's wish to cancel can no longer be met, and Walmart wants to hear that.
    unwanted = {str(line.get("lineNumber")) for line in lines_of(order) if line.get("intentToCancel")}
    lines = [
        {
            "lineNumber": line,
            "intentToCancelOverride": line in unwanted,
            "sellerOrderId": parcel.reference,
            "orderLineStatuses": {
                "orderLineStatus": [
                    {
                        "status": "Shipped",
                        "statusQuantity": {"unitOfMeasurement": "EACH", "amount": str(units)},
                        "trackingInfo": tracking,
                    }
                ]
            },
        }
        for line, units in wanted.items()
    ]
    return {"orderShipment": {"orderLines": {"orderLine": lines}}}
