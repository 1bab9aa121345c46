"""Products: the search, the inventory search, and the stock push.

Here: products and SKUs in their wire form, pages with the total, and what was pushed: it is kept in memory and shown
from then on; the world's own stock is not changed by it. What cannot be set is told inside a success.
Not here: which listings make a product (see `catalog`).
"""

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.paging import Key, cut
from linkstar_pipelines.sandbox.tiktok.catalog import Catalog, Product
from linkstar_pipelines.sandbox.tiktok.pages import cursor_of, next_token
from linkstar_pipelines.sandbox.tiktok.wire import UNKNOWN_PRODUCT, ApiError, Call, done, invalid
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.catalog import Listing
from linkstar_pipelines.sandbox.world.stock import StockView

MOST_PRODUCTS: Final = 100
MOST_UNITS: Final = 99_999
BAD_SKU: Final = 12052217
BAD_QUANTITY: Final = 12052229


class ProductsApi:
    """Answers the product calls."""

    def __init__(self, bench: Bench, catalogs: dict[str, Catalog]) -> None:
        self._bench = bench
        self._catalogs = catalogs
        self._pushed: dict[tuple[str, str], int] = {}

    def search(self, call: Call) -> Reply:
        """Answer products/search; all products of the sandbox are live."""
        size, wanted = call.page_size(), call.document().get("status", "ALL")
        products = list(self._catalogs[call.account.code].products.values()) if wanted in {"ALL", "ACTIVATE"} else []

        def stream(after: Key | None) -> Iterator[tuple[Key, Product]]:
            start = int(after[0]) + 1 if after else 0
            return (([position], products[position]) for position in range(start, len(products)))

        bound = hashlib.sha256(call.body).hexdigest()[:16]
        cursor = cursor_of(self._bench, call, bound)
        page = cut(stream, lambda product: self._product(call, product), cursor, size, call.strike)
        token = next_token(self._bench, call, bound, page.next)
        return done({"products": page.items, "total_count": len(products), "next_page_token": token})

    def inventory(self, call: Call) -> Reply:
        """Answer inventory/search by product ids."""
        asked = call.document().get("product_ids")
        if not isinstance(asked, list) or not 1 <= len(asked) <= MOST_PRODUCTS:
            raise invalid(f"product_ids must name 1 to {MOST_PRODUCTS} products")
        products = self._catalogs[call.account.code].products
        known = [products[name] for name in asked if name in products]
        return done({"inventory": [self._stock(call, product) for product in known]})

    def update(self, call: Call) -> Reply:
        """Answer inventory/update: errors of single SKUs stand in a success."""
        product = self._catalogs[call.account.code].products.get(call.place["product_id"])
        if product is None:
            raise ApiError(UNKNOWN_PRODUCT, "The product does not exist.")
        changes = call.document().get("skus")
        if not isinstance(changes, list) or not changes:
            raise invalid("skus is required")
        errors = []
        for change in changes:
            sku_id, units = str(change.get("id", "")), _quantity(change)
            listing = product.skus.get(sku_id)
            if listing is None:
                errors.append(_error(BAD_SKU, "The SKU does not exist in the product.", sku_id))
            elif units is None or not 0 <= units <= MOST_UNITS:
                errors.append(_error(BAD_QUANTITY, "The quantity is out of range.", sku_id))
            else:
                self._pushed[call.account.code, listing.seller_sku] = units
        return done({"errors": errors} if errors else {})

    def _product(self, call: Call, product: Product) -> Json:
        first = next(iter(product.skus.values()))
        return {
            "id": product.id,
            "title": first.product.title,
            "status": "ACTIVATE",
            "sales_regions": [call.market.country],
            "create_time": min(listing.created for listing in product.skus.values()),
            "update_time": max(self._view(call, listing).changed for listing in product.skus.values()),
            "skus": [
                {
                    "id": sku_id,
                    "seller_sku": listing.seller_sku,
                    "price": {
                        "currency": call.market.currency,
                        "tax_exclusive_price": call.market.text(listing.product.gross_price(call.market)),
                    },
                    "inventory": [{"warehouse_id": warehouse(call), "quantity": self._available(call, listing)}],
                    "status_info": {"status": "NORMAL"},
                }
                for sku_id, listing in product.skus.items()
            ],
        }

    def _stock(self, call: Call, product: Product) -> Json:
        skus = []
        for sku_id, listing in product.skus.items():
            available, committed = self._available(call, listing), self._view(call, listing).reserved
            places = {"available_quantity": available, "committed_quantity": committed}
            skus.append({
                "id": sku_id,
                "seller_sku": listing.seller_sku,
                "total_available_quantity": available,
                "total_committed_quantity": committed,
                "warehouse_inventory": [{"warehouse_id": warehouse(call), **places}],
            })  # fmt: skip
        return {"product_id": product.id, "skus": skus}

    def _available(self, call: Call, listing: Listing) -> int:
        pushed = self._pushed.get((call.account.code, listing.seller_sku))
        return self._view(call, listing).fulfillable if pushed is None else pushed

    def _view(self, call: Call, listing: Listing) -> StockView:
        store = self._bench.world.reach(call.now).store(call.account.code)
        return store.pool(listing, call.market).view(call.now)


def warehouse(call: Call) -> str:
    """Return the shop's one warehouse."""
    return f"7{call.account.seller_id[1:]}"


def _quantity(change: Any) -> int | None:
    """Return the quantity of a change with one warehouse."""
    places = change.get("inventory") if isinstance(change, dict) else None
    units = places[0].get("quantity") if isinstance(places, list) and len(places) == 1 else None
    return units if isinstance(units, int) else None


def _error(code: int, message: str, sku_id: str) -> Json:
    return {"code": code, "message": message, "detail": {"sku_id": sku_id, "extra_errors": []}}
