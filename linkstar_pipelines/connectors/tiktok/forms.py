"""How TikTok Shop's records become raw rows: identity, times, and what is taken out as personal.

Belongs here: one `StreamForm` per stream. Does not belong here: what a record means (the reader modules).

A listing is a product and a SKU, written `<product id>-<sku id>`. Stock is listed per warehouse, `-` where TikTok names
none. Deleted products have no listings.
"""

from datetime import datetime
from typing import Any, Final

from linkstar_pipelines.connectors.fields import instant_of, iso_of, text_of
from linkstar_pipelines.connectors.platform import Payload, Row, StreamForm
from linkstar_pipelines.connectors.tiktok import operations as op
from linkstar_pipelines.connectors.tiktok.operations import objects
from linkstar_pipelines.schemas.platforms import Stream

NO_WAREHOUSE: Final = "-"
ADDRESS_KEPT: Final = ("region_code", "postal_code", "post_town", "district_info")
"""Parts of a recipient's address that stay: enough for customs, tax and carrier zones, not enough to find a person."""
DELETED: Final = "DELETED"

_PERSONAL: Final = frozenset({
    "buyer_email", "buyer_message", "buyer_nickname", "user_id", "cpf", "cpf_name", "seller_note", "consultation_id",
})  # fmt: skip


def _order_rows(record: Payload) -> list[Row] | str:
    order = _object(record, "order")
    if not isinstance(order.get("line_items"), list):
        return "line_items is missing or no list"
    return [{
        "order_id": text_of(order, "id"),
        "marketplace_id": text_of(record, "marketplace_id"),
        "created_at": iso_of(order.get("create_time")),
        "updated_at": iso_of(order.get("update_time")),
    }]  # fmt: skip


def _mask_order(record: Payload) -> Payload:
    order = record.get("order")
    if not isinstance(order, dict):
        return record
    masked = {part: value for part, value in order.items() if part not in _PERSONAL}
    if "recipient_address" in order:
        address = _object(order, "recipient_address")
        masked["recipient_address"] = {part: address[part] for part in ADDRESS_KEPT if part in address}
    return record | {"order": masked}


def _listing_rows(record: Payload) -> list[Row] | str:
    product = _object(record, "product")
    if product.get("status") == DELETED:
        return []
    rows: list[Row] = [
        {
            "marketplace_id": text_of(record, "marketplace_id"),
            "listing_id": f"{product['id']}-{sku['id']}",
            "seller_sku": text_of(sku, "seller_sku"),
        }
        for sku in objects(product.get("skus"))
        if text_of(product, "id") and text_of(sku, "id")
    ]
    return rows or "the product has no id, or no SKU with an id"


def _stock_rows(record: Payload) -> list[Row] | str:
    if _object(record, "product").get("status") == DELETED:
        return []
    stock = _object(record, "inventory")
    rows: list[Row] = [
        {
            "marketplace_id": text_of(record, "marketplace_id"),
            "listing_id": f"{stock['product_id']}-{sku['id']}",
            "node_id": warehouse,
            "seller_sku": text_of(sku, "seller_sku"),
        }
        for sku in objects(stock.get("skus"))
        if text_of(stock, "product_id") and text_of(sku, "id")
        for warehouse in _warehouses(sku)
    ]
    return rows or "inventory/search told no SKU of the product"


def _warehouses(sku: Payload) -> list[str]:
    rows = objects(sku.get("warehouse_inventory"))
    return sorted({text_of(row, "warehouse_id") or NO_WAREHOUSE for row in rows}) or [NO_WAREHOUSE]


def _order_identity(record: Any) -> str:
    return text_of(_object(record, "order"), "id") or ""


def _product_identity(record: Any) -> str:
    return text_of(_object(record, "product"), "id") or ""


def _updated(record: Any) -> datetime | None:
    return instant_of(_object(record, "order").get("update_time"))


def _object(value: Any, field: str) -> Payload:
    found = value.get(field) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


STREAMS: Final = {
    Stream.ORDERS: StreamForm(
        rows=_order_rows,
        identify=_order_identity,
        page_size=op.PAGE_SIZES[0],
        operation=op.ORDERS.name,
        mask=_mask_order,
        changed_at=_updated,
    ),
    Stream.LISTINGS: StreamForm(
        rows=_listing_rows, identify=_product_identity, page_size=op.PAGE_SIZES[0], operation=op.PRODUCTS.name
    ),
    Stream.INVENTORY: StreamForm(
        rows=_stock_rows, identify=_product_identity, page_size=op.PAGE_SIZES[0], operation=op.PRODUCTS.name
    ),
}
"""How each stream's records become raw rows."""
