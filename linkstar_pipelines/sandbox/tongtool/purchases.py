"""Purchase orders and suppliers.

Here: `purchaseOrderQuery`, one entry per line of an order, and `supplierQuery`.
Not here: what was bought from whom (see `sandbox.world.erp`).
"""

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.tongtool.products import ProductsApi
from linkstar_pipelines.sandbox.tongtool.wire import Call, wall_clock, yuan
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.erp import ErpPurchase, ErpSupplier, erp_purchases, erp_suppliers

ARRIVED, AWAITED = "3", "0"


class PurchasesApi:
    """Answers the queries about buying."""

    def __init__(self, bench: Bench, products: ProductsApi) -> None:
        self._world = bench.world
        self._products = products
        self._suppliers = {supplier.code: supplier for supplier in erp_suppliers(bench.world)}

    def search(self, call: Call) -> Reply:
        """Answer `purchaseOrderQuery`."""
        first, last = call.span("updatedDateFrom", "updatedDateTo")
        found = [one for one in erp_purchases(self._world, call.now) if first <= one.changed <= last]
        return call.page(found, self._line)

    def suppliers(self, call: Call) -> Reply:
        """Answer `supplierQuery`."""
        return call.page(list(self._suppliers.values()), _supplier)

    def _line(self, purchase: ErpPurchase) -> Json:
        return {
            "purchaseOrderId": f"id-{purchase.number}",
            "ponum": purchase.number,
            "goodsIdKey": self._products.ids[purchase.sku],
            "goods_sku": self._products.products[purchase.sku].typed_sku,
            "supplier_code": purchase.supplier,
            "corporation_fullname": self._suppliers[purchase.supplier].name,
            "warehouseName": purchase.warehouse,
            "quantity": purchase.quantity,
            "in_quantity": purchase.quantity if purchase.arrived else 0,
            "unit_price": yuan(purchase.unit_cost_fen),
            "amount": yuan(purchase.unit_cost_fen * purchase.quantity),
            "shipping_cost": 0.0,
            "currency": "CNY",
            "createdDate": wall_clock(purchase.created),
            "purchaseDate": wall_clock(purchase.created),
            "willArriveDate": wall_clock(purchase.expected),
            "purchaseArrivalDate": wall_clock(purchase.arrived) if purchase.arrived else None,
            "status": ARRIVED if purchase.arrived else AWAITED,
        }


def _supplier(supplier: ErpSupplier) -> Json:
    return {
        "supplierId": f"id-{supplier.code}",
        "supplierCode": supplier.code,
        "corporationFullname": supplier.name,
        "linkman": supplier.contact,
        "telephone": supplier.phone,
        "payeeAccount": "0000 0000 0000",
        "isDefult": "0",
        "clearingForm": "货到付款",
        "countryCnName": "中国",
    }
