"""Telling eBay that a parcel left (运单回传).

Belongs here: asking what eBay knows, and creating a shipping fulfilment once. Does not belong here: when that happens.

A repetition makes a second fulfilment. So eBay is asked first, and once more where it is not known whether it took the
request; only what it then knows counts as told.
"""

from typing import Any

from linkstar_pipelines.connectors.ebay import operations as op
from linkstar_pipelines.connectors.ebay.calls import Call, EbayCalls
from linkstar_pipelines.connectors.errors import ConnectorError, RequestRejectedError
from linkstar_pipelines.connectors.fields import iso_milliseconds
from linkstar_pipelines.connectors.platform import Parcel, Receipt


def confirm(calls: EbayCalls, parcel: Parcel) -> Receipt:
    """Create the parcel's shipping fulfilment unless it is there.

    Raises:
        ConnectorError: eBay did not answer, and does not know the parcel; try again later.
    """
    try:
        if known := _known(calls, parcel):
            return Receipt(parcel.reference, accepted=True, remote_id=known)
        return _create(calls, parcel)
    except RequestRejectedError as error:
        return Receipt(parcel.reference, accepted=False, reason=str(error))


def tracking_code(text: str) -> str:
    """Return a tracking number as eBay takes it: letters and digits alone."""
    return "".join(sign for sign in text if sign.isascii() and sign.isalnum())


def _create(calls: EbayCalls, parcel: Parcel) -> Receipt:
    call = Call(op.CREATE_SHIPMENT, {}, (parcel.order_id,), body=_body(parcel), idempotent=False)
    try:
        location = calls.send(call).headers.get("location", "")
    except ConnectorError as error:
        if error.transient and (known := _known(calls, parcel)):
            return Receipt(parcel.reference, accepted=True, remote_id=known)
        raise
    return Receipt(parcel.reference, accepted=True, remote_id=location.rstrip("/").rpartition("/")[2])


def _body(parcel: Parcel) -> dict[str, Any]:
    body: dict[str, Any] = {
        "lineItems": [{"lineItemId": line, "quantity": units} for line, units in parcel.lines.items()],
        "shippedDate": iso_milliseconds(parcel.shipped_at),
    }
    if code := tracking_code(parcel.tracking_number):  # eBay takes carrier and number together, or neither
        body |= {"shippingCarrierCode": parcel.carrier, "trackingNumber": code}
    return body


def _known(calls: EbayCalls, parcel: Parcel) -> str:
    """Return the id of the fulfilment that is this parcel; empty when eBay has none."""
    found = calls.send(Call(op.GET_SHIPMENTS, {}, (parcel.order_id,))).data["fulfillments"]
    return next((str(entry.get("fulfillmentId", "")) for entry in found if _is_parcel(entry, parcel)), "")


def _is_parcel(entry: dict[str, Any], parcel: Parcel) -> bool:
    """Compare by tracking number; a parcel without one by its lines and the instant it left."""
    code = tracking_code(parcel.tracking_number)
    if code:
        return tracking_code(str(entry.get("shipmentTrackingNumber", ""))) == code
    lines = {line.get("lineItemId"): line.get("quantity") for line in entry.get("lineItems") or []}
    shipped_at = op.parse_instant(entry.get("shippedDate"))
    return lines == dict(parcel.lines) and shipped_at == parcel.shipped_at
