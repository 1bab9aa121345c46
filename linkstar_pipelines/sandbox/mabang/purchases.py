"""Purchase orders and suppliers.

Here: both lists, by page number. Not here: what is true of them (see `world.erp`).
"""

from typing import Final

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.mabang.lists import by_number
from linkstar_pipelines.sandbox.mabang.products import ProductsApi
from linkstar_pipelines.sandbox.mabang.wire import Call, wall_clock, yuan
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.erp import ErpPurchase, ErpSupplier, erp_purchases, erp_suppliers

PAGE: Final = 50
MOST_ROWS: Final = 50
PURCHASING, DONE = 4, 10
"""Flags of a purchase order (采购中, 已完成)."""


class PurchasesApi:
    """Answers the calls about purchases."""

    def __init__(self, bench: Bench, products: ProductsApi) -> None:
        self._bench = bench
        self._products = products

    def search(self, call: Call) -> Reply:
        """Answer pur-get-purchase-list, oldest first."""
        return by_number(call, erp_purchases(self._bench.world, call.now), PAGE, self._purchase)

    def suppliers(self, call: Call) -> Reply:
        """Answer pur-do-get-provider."""
        size = call.whole("rowPerPage", MOST_ROWS, MOST_ROWS)
        return by_number(call, erp_suppliers(self._bench.world), size, _supplier)

    def _purchase(self, purchase: ErpPurchase) -> Json:
        arrived = purchase.arrived is not None
        return {
            "groupId": purchase.number,
            "flag": DONE if arrived else PURCHASING,
            "providerId": purchase.supplier,
            "warehouseName": purchase.warehouse,
            "currency": "CNY",
            "employeeName": "测试采购员",
            "createTime": wall_clock(purchase.created),
            "expectArrivalTime": wall_clock(purchase.expected),
            "arrivalTime": wall_clock(purchase.arrived) if purchase.arrived else "0000-00-00 00:00:00",
            "updateTime": wall_clock(purchase.changed),
            "Item": [
                {
                    "stockSku": self._products.products[purchase.sku].typed_sku,
                    "purchaseNum": str(purchase.quantity),
                    "arrivalNum": str(purchase.quantity if arrived else 0),
                    "price": yuan(purchase.unit_cost_fen),
                }
            ],
        }


def _supplier(supplier: ErpSupplier) -> Json:
    return {
        "providerId": supplier.code,
        "providerName": supplier.name,
        "contactPerson": supplier.contact,
        "phone": supplier.phone,
        "flag": 1,
        "providerType": 3,
    }
