"""Goods, warehouses and stock.

Here: `goodsQuery`, `warehouseQuery`, `stocksQuery`. Products are plain, or two variants of one (whose name, size and
picture are those of the first), or bundles. Not here: which products and kits there are (see `sandbox.world.erp`).
"""

from dataclasses import dataclass
from typing import Final

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.tongtool.wire import Call, invalid, yuan
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.catalog import CATEGORIES
from linkstar_pipelines.sandbox.world.erp import (
    WAREHOUSES,
    ErpKit,
    ErpProduct,
    ErpStock,
    erp_kits,
    erp_products,
    erp_stock,
    erp_suppliers,
)

PLAIN, VARIANTS, BUNDLE = TYPES = ("0", "1", "2")
GROUP_EVERY: Final = 3 * len(CATEGORIES)
"""Of that many products, one is a variant of a product with the next of its category."""
GROUP_AT: Final = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Products that are variants of one; a plain product is alone."""

    code: str
    members: tuple[ErpProduct, ...]

    @property
    def created(self) -> int:
        """When it was entered."""
        return self.members[0].created


class ProductsApi:
    """Answers the queries about goods and their stock."""

    def __init__(self, bench: Bench) -> None:
        self._world = bench.world
        self.products = {product.sku: product for product in erp_products(bench.world)}
        self.ids = {sku: f"goods-{place:05d}" for place, sku in enumerate(self.products, start=1)}
        self._kits = erp_kits(bench.world)
        self._suppliers = {supplier.code: supplier.name for supplier in erp_suppliers(bench.world)}
        self._groups = _groups(list(self.products.values()))

    def search(self, call: Call) -> Reply:
        """Answer `goodsQuery`, of one type of product."""
        kind, asked = call.one_of("productType", TYPES), call.skus()
        first, last = call.span("updatedDateBegin", "updatedDateEnd")
        if kind == BUNDLE:
            kits = [k for k in self._kits if first <= k.created <= last and (not asked or k.sku in asked)]
            return call.page(kits, self._bundle)
        groups = [
            group
            for group in self._groups
            if (len(group.members) > 1) is (kind == VARIANTS)
            and first <= group.created <= last
            and (not asked or asked & {group.code, *(member.typed_sku for member in group.members)})
        ]
        return call.page(groups, self._product)

    def warehouses(self, call: Call) -> Reply:
        """Answer `warehouseQuery`."""
        asked = call.data.get("warehouseName")
        return call.page([name for name in WAREHOUSES if asked in {None, "", name}], _warehouse)

    def stock(self, call: Call) -> Reply:
        """Answer `stocksQuery`, of one warehouse."""
        warehouse, asked = call.data.get("warehouseName"), call.skus()
        if warehouse not in WAREHOUSES:
            raise invalid("warehouseName")
        first, last = call.span("updatedDateFrom", "updatedDateTo")
        found = [
            stock
            for stock in erp_stock(self._world, call.now)
            if stock.warehouse == warehouse
            and first <= stock.changed <= last
            and (not asked or self.products[stock.sku].typed_sku in asked)
        ]
        return call.page(found, self._stock)

    def _product(self, group: Group) -> Json:
        first = group.members[0]
        goods = [
            {
                "goodsDetailId": self.ids[product.sku],
                "goodsSku": product.typed_sku,
                "goodsWeight": float(product.weight_g),
                "goodsAveCost": yuan(product.cost_fen),
                "goodsCurCost": yuan(product.cost_fen),
            }
            for product in group.members
        ]
        return {
            "product_id": f"product-{self.ids[first.sku]}",
            "sku": group.code,
            "productCode": group.code,
            "productName": first.name_zh,
            "productPackingName": first.name_zh,
            "productPackingEnName": first.name_en,
            "categoryName": first.category_zh,
            "brandName": None,
            "declareCnName": first.category_zh,
            "declareEnName": first.name_en,
            "hsCode": first.hs_code,
            "productLength": first.length_mm / 10,
            "productWidth": first.width_mm / 10,
            "productHeight": first.height_mm / 10,
            "packageLength": 0.0,
            "packageWidth": 0.0,
            "packageHeight": 0.0,
            "packageWeight": 0.0,
            "productImgList": [{"imageGroupId": first.image_url}],
            "labelList": [],
            "supplierName": self._suppliers[first.supplier],
            "status": None,
            "goodsDetail": goods,
            "createdDate": group.created * 1000,
            "updatedDate": group.created * 1000,
        }

    def _bundle(self, kit: ErpKit) -> Json:
        """Write a bundle; how Tongtool names the units of a component is the sandbox's word and no document's."""
        goods = [
            {
                "goodsDetailId": self.ids[sku],
                "goodsSku": self.products[sku].typed_sku,
                "goodsWeight": float(self.products[sku].weight_g),
                "goodsAveCost": yuan(self.products[sku].cost_fen),
                "goodsCurCost": yuan(self.products[sku].cost_fen),
                "goodsQuantity": units,
            }
            for sku, units in kit.components
        ]
        return {
            "product_id": f"bundle-{kit.sku}",
            "sku": kit.sku,
            "productCode": kit.sku,
            "productName": kit.name_zh,
            "productPackingEnName": kit.name_en,
            "categoryName": "组合装",
            "productImgList": [],
            "labelList": [],
            "supplierName": None,
            "status": "0",
            "goodsDetail": goods,
            "createdDate": kit.created * 1000,
            "updatedDate": kit.created * 1000,
        }

    def _stock(self, stock: ErpStock) -> Json:
        product = self.products[stock.sku]
        return {
            "goodsIdKey": self.ids[stock.sku],
            "goodsSku": product.typed_sku,
            "warehouseIdKey": _warehouse(stock.warehouse)["warehouseId"],
            "warehouseName": stock.warehouse,
            "availableStockQuantity": stock.available,
            "waitingShipmentStockQuantity": stock.on_hand - stock.available,
            "intransitStockQuantity": stock.incoming,
            "defectsStockQuantity": 0,
            "safetyStock": 0,
            "goodsAvgCost": yuan(product.cost_fen),
            "goodsCurCost": yuan(product.cost_fen),
            "goodsShelfStockList": None,
        }


def _groups(products: list[ErpProduct]) -> list[Group]:
    """Group products by category: with the next one of its category, here and there."""
    seconds = {place + len(CATEGORIES) for place in range(GROUP_AT, len(products) - len(CATEGORIES), GROUP_EVERY)}
    groups = []
    for place, product in enumerate(products):
        if place in seconds:
            continue
        partner = place + len(CATEGORIES)
        if partner in seconds:
            groups.append(Group(f"P-{product.sku}", (product, products[partner])))
        else:
            groups.append(Group(product.typed_sku, (product,)))
    return groups


def _warehouse(name: str) -> Json:
    number = WAREHOUSES.index(name) + 1
    return {
        "warehouseId": f"warehouse-{number}",
        "warehouseCode": f"WH{number}",
        "warehouseName": name,
        "status": "1",
    }
