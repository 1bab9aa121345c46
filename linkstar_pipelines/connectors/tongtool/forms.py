"""Tongtool's records as raw rows: what tells them apart, when they changed, what of them is personal.

Belongs here: identities, times and masking. Does not belong here: what a record says of a product (`catalog.py`).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from linkstar_pipelines.connectors import china_time
from linkstar_pipelines.connectors.erp import ErpForm
from linkstar_pipelines.connectors.fields import instant_of, text_of
from linkstar_pipelines.connectors.platform import Payload
from linkstar_pipelines.connectors.tongtool import operations as op
from linkstar_pipelines.schemas.erps import ErpStream

_ORDER_TIMES: Final = (
    "saleTime", "paidTime", "assignstockCompleteTime", "printCompleteTime", "despatchCompleteTime", "refundedTime",
)  # fmt: skip
_PURCHASE_TIMES: Final = ("createdDate", "purchaseDate", "purchaseArrivalDate")
_BUYER: Final = frozenset({
    "buyerAccountId", "buyerEmail", "buyerMobile", "buyerName", "buyerPassportCode", "buyerPhone", "receiveAddress",
    "ebayNotes",
})  # fmt: skip
"""Of an order: who bought, where they live, and remarks, which may tell both. Town, state and postal code stay."""
_CONTACT: Final = frozenset({
    "accountName", "bank", "payeeAccount", "linkman", "telephone", "email", "faxNumber", "qqNumber", "wwNumber",
    "detailAddress", "fullAddress",
})  # fmt: skip
"""Of a supplier: whom to call and where the money goes."""


def _without(names: frozenset[str]) -> Callable[[Payload], Payload]:
    return lambda payload: {name: value for name, value in payload.items() if name not in names}


def _product_id(product: Any) -> str:
    return text_of(product, "product_id") or text_of(product, "sku") or ""


def _stock_id(stock: Any) -> str:
    return _joined(
        text_of(stock, "warehouseIdKey") or text_of(stock, "warehouseName"),
        text_of(stock, "goodsIdKey") or text_of(stock, "goodsSku"),
    )


def _purchase_id(line: Any) -> str:
    """Name a line of a purchase order: Tongtool lists lines, with the order's own fields on each."""
    return _joined(
        text_of(line, "purchaseOrderId") or text_of(line, "ponum"),
        text_of(line, "goodsIdKey") or text_of(line, "goods_sku"),
    )


def _joined(*parts: str | None) -> str:
    known = [part for part in parts if part]
    return "/".join(known) if len(known) == len(parts) else ""


def _latest(names: tuple[str, ...]) -> Callable[[Any], datetime | None]:
    """Take the latest of some times: orders and purchases do not say when they changed."""

    def changed(record: Any) -> datetime | None:
        times = (china_time.instant_of(text_of(record, name)) for name in names)
        return max((time for time in times if time is not None), default=None)

    return changed


def _product_changed(product: Any) -> datetime | None:
    told = product.get("updatedDate") if isinstance(product, dict) else None
    return instant_of(told // 1000) if isinstance(told, int) else None


FORMS: Final = {
    ErpStream.PRODUCTS: ErpForm(
        identify=_product_id, operation=op.PRODUCTS.name, page_size=op.PAGE_SIZE, updated_at=_product_changed
    ),
    ErpStream.STOCK: ErpForm(identify=_stock_id, operation=op.STOCK.name, page_size=op.PAGE_SIZE),
    ErpStream.ORDERS: ErpForm(
        identify=lambda order: text_of(order, "orderIdKey") or text_of(order, "orderIdCode") or "",
        operation=op.ORDERS.name,
        page_size=op.PAGE_SIZE,
        updated_at=_latest(_ORDER_TIMES),
        mask=_without(_BUYER),
    ),
    ErpStream.PURCHASES: ErpForm(
        identify=_purchase_id,
        operation=op.PURCHASES.name,
        page_size=op.PAGE_SIZE,
        updated_at=_latest(_PURCHASE_TIMES),
    ),
    ErpStream.SUPPLIERS: ErpForm(
        identify=lambda one: text_of(one, "supplierId") or text_of(one, "supplierCode") or "",
        operation=op.SUPPLIERS.name,
        page_size=op.PAGE_SIZE,
        mask=_without(_CONTACT),
    ),
}
"""How Tongtool's records become raw rows."""
