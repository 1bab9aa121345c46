"""How Shopee's records become raw rows: identity, times, and what is taken out as personal.

Belongs here: one `StreamForm` per stream. Does not belong here: what a record means (the reader modules).

A listing is an item and a model, written `<item id>-<model id>`; an item without models has the model 0. Stock is
listed per place that the platform names, `-` where it names none.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from linkstar_pipelines.connectors.fields import instant_of, iso_of, text_of
from linkstar_pipelines.connectors.platform import Payload, Row, StreamForm
from linkstar_pipelines.connectors.shopee import operations as op
from linkstar_pipelines.schemas.platforms import Stream

NO_PLACE: Final = "-"
ADDRESS_KEPT: Final = ("region", "state", "city", "zipcode")
"""Parts of a recipient's address that stay: enough for customs, tax and carrier zones, not enough to find a person."""

_PERSONAL_IN_ORDERS: Final = frozenset({
    "buyer_user_id", "buyer_username", "buyer_cpf_id", "message_to_seller", "note", "dropshipper",
    "dropshipper_phone", "payment_info", "prescription_images", "pharmacist_name", "buyer_cancel_reason",
})  # fmt: skip
_PERSONAL_IN_PACKAGES: Final = frozenset({"virtual_contact_number", "package_query_number"})
_PERSONAL_IN_RETURNS: Final = frozenset({
    "user", "image", "buyer_videos", "text_reason", "dispute_text_reason", "return_pickup_address",
    "return_address", "virtual_contact_number", "package_query_number", "negotiation", "seller_proof",
})  # fmt: skip
_PERSONAL_IN_FINANCES: Final = frozenset({
    "buyer_user_name", "buyer_name", "buyer_payment_info", "buyer_payment_method",
})  # fmt: skip


def _order_rows(order: Payload) -> list[Row] | str:
    if not isinstance(order.get("item_list"), list):
        return "item_list is missing or no list"
    return [{
        "order_id": text_of(order, "order_sn"),
        "marketplace_id": text_of(order, "region"),
        "created_at": iso_of(order.get("create_time")),
        "updated_at": iso_of(order.get("update_time")),
    }]  # fmt: skip


def _mask_order(order: Payload) -> Payload:
    masked: Payload = _without(order, _PERSONAL_IN_ORDERS)
    address = order.get("recipient_address")
    if "recipient_address" in order:
        kept = {part: address[part] for part in ADDRESS_KEPT if part in address} if isinstance(address, dict) else None
        masked["recipient_address"] = kept
    if isinstance(order.get("package_list"), list):
        masked["package_list"] = [_without(package, _PERSONAL_IN_PACKAGES) for package in order["package_list"]]
    return masked


def _listing_rows(record: Payload) -> list[Row] | str:
    rows: list[Row] = [
        {"marketplace_id": text_of(record, "region"), "listing_id": listing_id, "seller_sku": sku}
        for listing_id, sku, _ in _variants(record)
    ]
    return rows or "the item has no id, or models without ids"


def _stock_rows(record: Payload) -> list[Row] | str:
    rows: list[Row] = [
        {
            "marketplace_id": text_of(record, "region"), "listing_id": listing_id, "seller_sku": sku,
            "node_id": place,
        }
        for listing_id, sku, variant in _variants(record)
        for place in _places(variant)
    ]  # fmt: skip
    return rows or "the item has no id, or models without ids"


def _variants(record: Payload) -> Iterator[tuple[str, str | None, Payload]]:
    """Yield listing id, seller code and payload of each thing that can be bought: the models, or the item itself."""
    item = _object(record.get("item"))
    item_id, models = item.get("item_id"), _object(record.get("models"))
    if not isinstance(item_id, int):
        return
    if not models:
        yield f"{item_id}-0", text_of(item, "item_sku"), item
        return
    for model in filter(None, map(_object, _list(models, "model"))):
        if isinstance(model.get("model_id"), int):
            sku = text_of(model, "model_sku") or text_of(item, "item_sku")
            yield f"{item_id}-{model['model_id']}", sku, model


def _places(variant: Payload) -> list[str]:
    stock = _object(variant.get("stock_info_v2"))
    rows = [_object(row) for part in ("seller_stock", "shopee_stock") for row in _list(stock, part)]
    return sorted({text_of(row, "location_id") or NO_PLACE for row in rows}) or [NO_PLACE]


def _return_rows(record: Payload) -> list[Row]:
    return [{
        "return_id": text_of(record, "return_sn"),
        "order_id": text_of(record, "order_sn"),
        "updated_at": iso_of(record.get("update_time")),
    }]  # fmt: skip


def _finance_rows(record: Payload) -> list[Row] | str:
    identity = finance_identity(record)
    if not identity:
        return "neither an escrow with its order nor a movement of the wallet with its type and time"
    wallet, escrow = _object(record.get("wallet")), _object(record.get("escrow"))
    return [{
        "transaction_id": identity,
        "transaction_status": text_of(wallet, "status") if wallet else "RELEASED",
        "posted_at": iso_of(wallet.get("create_time") if wallet else escrow.get("escrow_release_time")),
    }]  # fmt: skip


def finance_identity(record: Any) -> str:
    """Return the id of a finance record; a movement of the wallet has none of its own, so all of it is its identity."""
    wallet, escrow = _object(_object(record).get("wallet")), _object(_object(record).get("escrow"))
    if text_of(escrow, "order_sn"):
        return f"escrow/{escrow['order_sn']}"
    if not text_of(wallet, "transaction_type") or not wallet.get("create_time"):
        return ""
    subject = text_of(wallet, "refund_sn") or text_of(wallet, "order_sn") or wallet.get("withdrawal_id") or "-"
    parts = (wallet["create_time"], wallet["transaction_type"], subject, wallet.get("amount"))
    return "/".join(["wallet", *map(str, parts), str(wallet.get("current_balance"))])


def _mask_finance(record: Payload) -> Payload:
    masked = {part: _without(value, _PERSONAL_IN_FINANCES) for part, value in record.items()}
    detail = masked.get("detail")
    if isinstance(detail, dict) and "order_income" in detail:
        masked["detail"] = detail | {"order_income": _without(detail["order_income"], _PERSONAL_IN_FINANCES)}
    return masked


def _without(value: Any, fields: frozenset[str]) -> Any:
    return {part: inner for part, inner in value.items() if part not in fields} if isinstance(value, dict) else value


def _item_identity(record: Any) -> str:
    item_id = _object(_object(record).get("item")).get("item_id")
    return str(item_id) if isinstance(item_id, int) else ""


def _finance_time(record: Any) -> datetime | None:
    record = _object(record)
    wallet, escrow = _object(record.get("wallet")), _object(record.get("escrow"))
    return instant_of(wallet.get("create_time") if wallet else escrow.get("escrow_release_time"))


def _updated(record: Any) -> datetime | None:
    return instant_of(_object(record).get("update_time"))


def _object(value: Any) -> Payload:
    return value if isinstance(value, dict) else {}


def _list(value: Payload, field: str) -> list[Any]:
    found = value.get(field)
    return found if isinstance(found, list) else []


STREAMS: Final = {
    Stream.ORDERS: StreamForm(
        rows=_order_rows,
        identify=lambda order: text_of(order, "order_sn") or "",
        page_size=op.PAGE_SIZES[0],
        operation=op.ORDER_LIST.name,
        mask=_mask_order,
        changed_at=_updated,
    ),
    Stream.LISTINGS: StreamForm(
        rows=_listing_rows, identify=_item_identity, page_size=op.PAGE_SIZES[0], operation=op.ITEM_LIST.name
    ),
    Stream.INVENTORY: StreamForm(
        rows=_stock_rows, identify=_item_identity, page_size=op.PAGE_SIZES[0], operation=op.ITEM_LIST.name
    ),
    Stream.RETURNS: StreamForm(
        rows=_return_rows,
        identify=lambda record: text_of(record, "return_sn") or "",
        page_size=op.PAGE_SIZES[0],
        operation=op.RETURN_LIST.name,
        mask=lambda record: _without(record, _PERSONAL_IN_RETURNS),
        changed_at=_updated,
    ),
    Stream.FINANCES: StreamForm(
        rows=_finance_rows,
        identify=finance_identity,
        page_size=op.PAGE_SIZES[0],
        operation=op.ESCROW_LIST.name,
        mask=_mask_finance,
        changed_at=_finance_time,
    ),
}
"""How each stream's records become raw rows."""
