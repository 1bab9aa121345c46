"""SKUs, combos and stock.

Here: the SKU list with its suppliers, combos, and stock by SKU or by day of change.
Not here: what is true of a product (see `world.erp`), suppliers and purchases (see `purchases`).
"""

from collections import defaultdict
from functools import cached_property
from typing import Final

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.mabang.lists import by_cursor, by_number, in_order
from linkstar_pipelines.sandbox.mabang.wire import Call, invalid, wall_clock, yuan
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.erp import (
    ErpKit,
    ErpProduct,
    ErpStock,
    ErpTerms,
    erp_kits,
    erp_products,
    erp_stock,
    erp_suppliers,
)

MOST_SKUS: Final = 100
STOCK_PAGE: Final = 40


class ProductsApi:
    """Answers the calls about SKUs."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @cached_property
    def products(self) -> dict[str, ErpProduct]:
        """Every product by its master SKU."""
        return {product.sku: product for product in erp_products(self._bench.world)}

    @cached_property
    def _terms(self) -> dict[str, tuple[str, str, ErpTerms]]:
        suppliers = erp_suppliers(self._bench.world)
        return {terms.sku: (supplier.code, supplier.name, terms) for supplier in suppliers for terms in supplier.terms}

    def search(self, call: Call) -> Reply:
        """Answer stock-do-search-sku-list-new."""
        with_suppliers = str(call.data.get("showProvider", "")) == "1"
        products = list(self.products.values())
        return by_cursor(
            self._bench, call, in_order(products), lambda product: self._sku(product, with_suppliers=with_suppliers)
        )

    def combos(self, call: Call) -> Reply:
        """Answer stock-do-search-combo-sku."""
        return by_cursor(self._bench, call, in_order(erp_kits(self._bench.world)), self._combo)

    def stock(self, call: Call) -> Reply:
        """Answer stock-get-stock-quantity: of named SKUs, or of those whose stock changed on a day."""
        by_sku: defaultdict[str, list[ErpStock]] = defaultdict(list)
        for stock in erp_stock(self._bench.world, call.now):
            by_sku[stock.sku].append(stock)
        asked = [sku.strip() for sku in str(call.data.get("stockSkus") or "").split(",") if sku.strip()]
        day = str(call.data.get("updateTime") or "")
        if len(asked) > MOST_SKUS:
            raise invalid(f"stockSkus最多{MOST_SKUS}个")
        if not asked and not day:
            raise invalid("stockSkus和updateTime不能同时为空")
        by_code = {product.typed_sku.strip(): product for product in self.products.values()}
        known = [by_code[sku] for sku in asked if sku in by_code]
        if not asked:
            known = [p for p in self.products.values() if _changed(by_sku[p.sku]).startswith(day)]
        return by_number(call, known, STOCK_PAGE, lambda product: _stock(product, by_sku[product.sku]))

    def _sku(self, product: ErpProduct, *, with_suppliers: bool) -> Json:
        told: Json = {
            "stockId": str(100_000 + product.created % 86_400),
            "stockSku": product.typed_sku,
            "salesSku": ",".join(seller_sku for _, _, seller_sku in product.listings),
            "originalSku": product.typed_gtin,
            "nameCN": product.name_zh,
            "nameEN": product.name_en,
            "stockPicture": product.image_url,
            "status": "3",
            "defaultCost": yuan(product.cost_fen),
            "stockCost": yuan(product.cost_fen),
            "standardPrice": yuan(product.cost_fen),
            "purchasePrice": yuan(product.cost_fen),
            "parentCategoryName": product.category_zh,
            "categoryName": "",
            "thirdCategoryName": "",
            "declareName": product.category_zh,
            "declareEname": product.name_en.removeprefix("LinkStar ").partition(",")[0],
            "declareValue": yuan(product.declared_cents_usd),
            "declareCode": product.hs_code,
            "weight": str(product.weight_g),
            "length": f"{product.length_mm / 10:.1f}",
            "width": f"{product.width_mm / 10:.1f}",
            "height": f"{product.height_mm / 10:.1f}",
            "hasBattery": "1" if product.has_battery else "2",
            "powder": "2",
            "timeCreated": wall_clock(product.created),
            "updateTime": wall_clock(product.created),
        }
        return told | ({"provider": [self._provider(product)]} if with_suppliers else {})

    def _provider(self, product: ErpProduct) -> Json:
        code, name, terms = self._terms[product.sku]
        return {
            "providerId": code,
            "providerName": name,
            "price": yuan(terms.unit_cost_fen),
            "purchaseDays": str(terms.lead_time_days),
            "minPurchaseQuantity": str(terms.minimum_order),
            "cartonQuantity": str(terms.carton_units),
            "productLinkAddress": terms.url,
            "contactPerson": "测试联系人",
        }

    def _combo(self, kit: ErpKit) -> Json:
        return {
            "comboSku": kit.sku,
            "name": kit.name_zh,
            "nameEn": kit.name_en,
            "status": "1",
            "comboProductDetail": [
                {"stockSku": self.products[sku].typed_sku, "quantity": str(units)} for sku, units in kit.components
            ],
            "updateTime": wall_clock(kit.created),
        }


def _changed(stocks: list[ErpStock]) -> str:
    return wall_clock(max(stock.changed for stock in stocks))


def _stock(product: ErpProduct, stocks: list[ErpStock]) -> Json:
    return {
        "stockSku": product.typed_sku,
        "warehouse": [
            {
                "warehouseName": stock.warehouse,
                "stockQuantity": stock.on_hand,
                "availableStockQuantity": stock.available,
                "shippingQuantity": stock.incoming,
                "allotShippingQuantity": 0,
                "processingQuantity": 0,
                "waitingQuantity": stock.on_hand - stock.available,
                "fbaWaitingQuantity": 0,
            }
            for stock in stocks
        ],
        "updateTime": _changed(stocks),
    }
