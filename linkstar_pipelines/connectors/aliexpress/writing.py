"""What changes something at AliExpress: stock figures and shipments.

Belongs here: the two writes, and what their answers say about each change.
Does not belong here: when they are made (`orchestration/`).
"""

from collections.abc import Iterable, Mapping, Sequence

from linkstar_pipelines.connectors.aliexpress import answers
from linkstar_pipelines.connectors.aliexpress import operations as op
from linkstar_pipelines.connectors.aliexpress.calls import AliExpressCalls, as_number, to_json
from linkstar_pipelines.connectors.errors import RequestRejectedError
from linkstar_pipelines.connectors.platform import Parcel, Payload, Receipt, StockChange

_RESULTS = "synchronize_product_response_dto"


def push_stock(calls: AliExpressCalls, changes: Sequence[StockChange]) -> list[Receipt]:
    """Set quantities, at most 20 products at once; one receipt per change, in the same order.

    AliExpress answers per product: when one of its variants cannot be set, none of them counts as set.
    """
    by_product: dict[str, list[StockChange]] = {}
    for change in changes:
        by_product.setdefault(_product_id(change), []).append(change)
    products, refusals = list(by_product), dict[str, str]()
    for first in range(0, len(products), op.MOST_PRODUCTS_AT_ONCE):
        batch = products[first : first + op.MOST_PRODUCTS_AT_ONCE]
        refusals |= _push_batch(calls, {product: by_product[product] for product in batch})
    return [
        Receipt(change.listing_id, _product_id(change) not in refusals, refusals.get(_product_id(change), ""))
        for change in changes
    ]


def _product_id(change: StockChange) -> str:
    return change.listing_id.partition(":")[0]


def _push_batch(calls: AliExpressCalls, products: Mapping[str, Sequence[StockChange]]) -> dict[str, str]:
    """Push the variants of some products; returns why a product was not taken, by product."""
    asked = [
        {
            "product_id": as_number(product),
            "multiple_sku_update_list": [{"sku_code": c.seller_sku, "inventory": c.quantity} for c in changes],
        }
        for product, changes in products.items()
    ]
    parameters = {"mutiple_product_update_list": to_json(asked)}
    try:
        answer = calls.call(op.STOCK_UPDATE, parameters, read=lambda body: _refusals(body, products))
    except RequestRejectedError as error:
        return dict.fromkeys(products, str(error))
    refusals: dict[str, str] = answer.data
    return refusals


def _refusals(body: Payload, products: Iterable[str]) -> dict[str, str]:
    failed = {
        str(entry.get("product_id")): f"{entry.get('error_code', '')} {entry.get('error_message', '')}".strip()
        for entry in answers.wrapped(body, "update_failed_list", _RESULTS)
    }
    if str(body.get("update_success")).lower() == "true":
        return failed
    taken = {str(entry.get("product_id")) for entry in answers.wrapped(body, "update_successful_list", _RESULTS)}
    reason = f"{body.get('update_error_code', '')} {body.get('update_error_message', '')}".strip()
    return {product: failed.get(product, reason) for product in products if product not in taken}


def confirm_shipment(calls: AliExpressCalls, parcel: Parcel, order: Payload | None) -> Receipt:
    """Tell AliExpress that a parcel left, unless the order knows its tracking number already.

    A second confirmation of the same parcel would be refused, or make a second shipment: so it is not repeated.

    Args:
        calls: The shop's calls.
        parcel: What left. Its carrier is a service name of AliExpress' own list.
        order: The order's detail; None when the shop has no such order.
    """
    if order is None:
        return Receipt(parcel.reference, accepted=False, reason=f"the shop has no order {parcel.order_id}")
    sent = answers.wrapped(order, *op.ORDER_PARCELS)
    if any(shipment.get("logistics_no") == parcel.tracking_number for shipment in sent):
        return Receipt(parcel.reference, accepted=True, remote_id=parcel.tracking_number)
    parameters = {
        "service_name": parcel.carrier,
        "out_ref": parcel.order_id,
        "send_type": "all" if _completes(parcel, order) else "part",
        "logistics_no": parcel.tracking_number,
    }
    try:
        calls.call(op.ORDER_FULFILL, parameters, idempotent=False)
    except RequestRejectedError as error:
        return Receipt(parcel.reference, accepted=False, reason=str(error))
    return Receipt(parcel.reference, accepted=True, remote_id=parcel.tracking_number)


def _completes(parcel: Parcel, order: Payload) -> bool:
    """Tell whether nothing of the order is left to be sent after the parcel."""
    lines = answers.wrapped(order, *op.ORDER_LINES)
    unsent = [line for line in lines if line.get("order_status") in op.UNSENT]
    return all(parcel.lines.get(str(line.get("id")), 0) >= int(line.get("product_count") or 0) for line in unsent)
