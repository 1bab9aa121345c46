"""How Mabang's records become raw rows: identity, times, and what is kept of people.

Belongs here: one `ErpForm` per stream. Does not belong here: what a record means (`catalog.py`).

Mabang's names of personal fields are not all known. So of orders, purchases and suppliers, the fields that are kept
are listed here, and everything else goes.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

from linkstar_pipelines.connectors.china_time import instant_of
from linkstar_pipelines.connectors.erp import ErpForm
from linkstar_pipelines.connectors.mabang import operations as op
from linkstar_pipelines.connectors.platform import Payload
from linkstar_pipelines.schemas.erps import ErpStream

ITEMS: Final = "orderItem"
PURCHASE_ITEMS: Final = "Item"
PROVIDERS: Final = "provider"
"""Suppliers of a SKU, asked for with `showProvider`; the name is recalled."""

_ORDER: Final = frozenset({
    "platformOrderId", "salesRecordNumber", "platformId", "shopId", "shopName", "orderStatus", "status", "currencyId",
    "currencyRate", "orderFee", "itemTotal", "itemTotalCost", "platformFee", "orderCost", "shippingCost",
    "isReturned", "countryCode", "createDate", "paidTime", "expressTime", "updateTime", "warehouseName",
})  # fmt: skip
_ORDER_ITEM: Final = frozenset({
    "stockSku", "platformSku", "itemId", "title", "costPrice", "sellPrice", "quantity", "specifics",
})  # fmt: skip
_PURCHASE: Final = frozenset({
    "groupId", "flag", "providerId", "providerName", "warehouseName", "currency", "oneExpressMoney", "createTime",
    "expectArrivalTime", "arrivalTime", "updateTime",
})  # fmt: skip
_PURCHASE_ITEM: Final = frozenset({"stockSku", "purchaseNum", "arrivalNum", "price"})
_SUPPLIER: Final = frozenset({"providerId", "providerName", "flag", "paymentType", "providerType", "updateTime"})
_TERMS: Final = frozenset({
    "providerId", "providerName", "price", "lastPrice", "lowerPrice", "purchaseDays", "minPurchaseQuantity",
    "cartonQuantity", "productLinkAddress", "isDefault",
})  # fmt: skip


def sku_of(record: Any) -> str:
    """Return the SKU of a record; empty where it has none."""
    return _field("stockSku")(record)


def _field(*names: str) -> Callable[[Any], str]:
    """Read an identity: the first of some fields that holds something."""

    def identity(record: Any) -> str:
        found = [record.get(name) for name in names] if isinstance(record, dict) else []
        return next((str(value) for value in found if value not in {None, ""} and isinstance(value, str | int)), "")

    return identity


def _updated_at(record: Any) -> datetime | None:
    return instant_of(record.get("updateTime")) if isinstance(record, dict) else None


def _keep(fields: Collection[str], lists: dict[str, Collection[str]]) -> Callable[[Payload], Payload]:
    """Return a mask that leaves some fields, and in the entries of some lists some fields."""

    def mask(record: Payload) -> Payload:
        kept = {name: value for name, value in record.items() if name in fields}
        return kept | _entries(record, lists)

    return mask


def _entries(record: Payload, lists: dict[str, Collection[str]]) -> Payload:
    return {
        name: [{part: row[part] for part in row if part in fields} for row in record[name] if isinstance(row, dict)]
        for name, fields in lists.items()
        if isinstance(record.get(name), list)
    }


def _mask_product(record: Payload) -> Payload:
    """Leave all of a product but what its suppliers' people are called."""
    kept = {name: value for name, value in record.items() if name != PROVIDERS}
    return kept | _entries(record, {PROVIDERS: _TERMS})


FORMS: Final = {
    ErpStream.PRODUCTS: ErpForm(sku_of, op.PRODUCTS.name, op.PAGE_SIZES[0], _updated_at, _mask_product),
    ErpStream.KITS: ErpForm(_field("comboSku", "stockSku"), op.KITS.name, op.PAGE_SIZES[0], _updated_at),
    ErpStream.STOCK: ErpForm(sku_of, op.STOCK.name, op.SKUS_AT_ONCE, _updated_at),
    ErpStream.ORDERS: ErpForm(
        _field("platformOrderId"), op.ORDERS.name, op.PAGE_SIZES[0], _updated_at,
        _keep(_ORDER, {ITEMS: _ORDER_ITEM}),
    ),
    ErpStream.PURCHASES: ErpForm(
        _field("groupId"), op.PURCHASES.name, op.PAGE_SIZES[0], _updated_at,
        _keep(_PURCHASE, {PURCHASE_ITEMS: _PURCHASE_ITEM}),
    ),
    ErpStream.SUPPLIERS: ErpForm(
        _field("providerId", "providerName"), op.SUPPLIERS.name, op.SUPPLIER_PAGE_SIZES[0], _updated_at,
        _keep(_SUPPLIER, {}),
    ),
}  # fmt: skip
"""How each stream's records become raw rows."""
