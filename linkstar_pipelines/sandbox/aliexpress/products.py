"""Products: list, detail, and the pushed stock.

Here: one product per article that a shop sells, with a variant per listing; quantities that were pushed are kept in
memory and shown from then on. Not here: what the pools hold (see `world.stock`).
"""

import json
from collections.abc import Sequence
from typing import Any

from linkstar_pipelines.sandbox.aliexpress.pages import Pager, Wanted
from linkstar_pipelines.sandbox.aliexpress.wire import BusinessError, Call, listed, pacific, refused, whole
from linkstar_pipelines.sandbox.paging import Key
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.catalog import Listing
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.store import Store

STATUSES = ("onSelling", "offline", "auditing", "editingRequired")
OFFLINE_SHARE = 0.05
MOST_PRODUCTS, MOST_VARIANTS, MOST_UNITS = 20, 200, 999_999


def product_id(listing: Listing) -> int:
    """Return the id of the product that a listing is a variant of."""
    return 1005_000_000_000_000 + chance.number("product", listing.account.code, listing.product.number) % 10**12


def sku_id(listing: Listing) -> str:
    """Return the id of a variant within its product."""
    return f"14:{chance.number('variant', listing.fn_sku) % 10**6}"


class ProductsApi:
    """Answers the methods about products."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pager = Pager()
        self._pushed: dict[tuple[str, str], int] = {}

    def search(self, call: Call) -> Json:
        """Answer `aliexpress.solution.product.list.get`."""
        query = call.query("aeop_a_e_product_list_query")
        status = query.get("product_status_type")
        if status not in STATUSES:
            raise BusinessError("PARAM_INVALID", "product_status_type is invalid")
        wanted = Wanted(whole(query, "current_page", 1, 1, 10**6), whole(query, "page_size", 20, 1, 99))
        products = self._products(self._store(call))
        found: list[tuple[Key, Sequence[Listing]]] = [
            ([number], listings) for number, listings in sorted(products.items()) if _status(listings[0]) == status
        ]
        rows = self._pager.page(call, query, found, _row, wanted)
        result = {
            "success": True,
            "product_count": len(found),
            "total_page": wanted.pages(len(found)),
            "current_page": wanted.number,
            **listed("aeop_a_e_product_display_d_t_o_list", "item_display_dto", rows),
        }
        return {"result": result}

    def get(self, call: Call) -> Json:
        """Answer `aliexpress.solution.product.info.get`."""
        store = self._store(call)
        listings = self._by_id(store).get(call.parameters.get("product_id", ""))
        if listings is None:
            raise BusinessError("PRODUCT_NOT_EXIST", "The product does not exist.")
        first = listings[0]
        skus = [
            {
                "id": sku_id(listing),
                "sku_code": listing.seller_sku,
                "ipm_sku_stock": self._units(store, listing, call.now),
                "sku_stock": self._units(store, listing, call.now) > 0,
                "sku_price": store.account.marketplaces[0].text(
                    listing.product.gross_price(store.account.marketplaces[0])
                ),
                "currency_code": store.account.marketplaces[0].currency,
            }
            for listing in listings
        ]
        result = {
            **_row(listings),
            "product_status_type": _status(first),
            "package_length": 20,
            "gross_weight": f"{first.product.weight / 1000:.3f}",
            "aeop_ae_product_s_k_us": {"global_aeop_ae_product_sku": skus},
        }
        return {"result": result}

    def update_stock(self, call: Call) -> Json:
        """Answer `aliexpress.solution.batch.product.inventory.update`: a product is taken whole or not at all."""
        asked = _products_asked(call)
        products = self._by_id(self._store(call))
        done, failed = [], []
        for product in asked:
            identity = str(product.get("product_id"))
            code, message = _fault(product, products.get(identity))
            if code:
                failed.append({"product_id": product.get("product_id"), "error_code": code, "error_message": message})
                continue
            done.append({"product_id": product.get("product_id")})
            for sku in product["multiple_sku_update_list"]:
                self._pushed[call.account.code, sku["sku_code"]] = int(sku["inventory"])
        return {
            "update_success": not failed,
            "update_error_code": failed[0]["error_code"] if failed else "",
            "update_error_message": failed[0]["error_message"] if failed else "",
            **listed("update_failed_list", "synchronize_product_response_dto", failed),
            **listed("update_successful_list", "synchronize_product_response_dto", done),
        }

    def _store(self, call: Call) -> Store:
        return self._world.reach(call.now).store(call.account.code)

    def _products(self, store: Store) -> dict[int, list[Listing]]:
        products: dict[int, list[Listing]] = {}
        for listing in store.listings:
            products.setdefault(listing.product.number, []).append(listing)
        return products

    def _by_id(self, store: Store) -> dict[str, list[Listing]]:
        return {str(product_id(listings[0])): listings for listings in self._products(store).values()}

    def _units(self, store: Store, listing: Listing, now: int) -> int:
        pushed = self._pushed.get((store.account.code, listing.seller_sku))
        return store.pool(listing, store.account.marketplaces[0]).view(now).fulfillable if pushed is None else pushed


def _status(listing: Listing) -> str:
    return "offline" if chance.unit("offline", listing.fn_sku) < OFFLINE_SHARE else "onSelling"


def _row(listings: Sequence[Listing]) -> Json:
    first, market = listings[0], listings[0].account.marketplaces[0]
    price = market.text(first.product.gross_price(market))
    return {
        "product_id": product_id(first),
        "subject": first.product.title,
        "currency_code": market.currency,
        "product_min_price": price,
        "product_max_price": price,
        "gmt_create": pacific(min(listing.created for listing in listings)),
        "gmt_modified": pacific(max(listing.created for listing in listings)),
        "owner_member_id": f"cn{first.account.seller_id}",
        "src": "isv",
    }


def _products_asked(call: Call) -> list[Json]:
    try:
        asked = json.loads(call.parameters.get("mutiple_product_update_list", ""))
    except ValueError:
        asked = None
    if not isinstance(asked, list) or not asked or len(asked) > MOST_PRODUCTS:
        raise refused("InvalidParameter", f"mutiple_product_update_list must hold 1 to {MOST_PRODUCTS} products")
    return asked


def _fault(product: Json, listings: Sequence[Listing] | None) -> tuple[str, str]:
    """Return code and message of what is wrong with a product's update; empty texts when nothing is."""
    if listings is None:
        return "PRODUCT_NOT_EXIST", "The product does not exist."
    skus: list[Any] = product.get("multiple_sku_update_list") or []
    if not 1 <= len(skus) <= MOST_VARIANTS:
        return "SKU_LIST_INVALID", f"1 to {MOST_VARIANTS} variants are allowed."
    known = {listing.seller_sku for listing in listings}
    for sku in skus:
        if sku.get("sku_code") not in known:
            return "SKU_NOT_EXIST", "The sku_code does not exist in the product."
        if not str(sku.get("inventory")).isdigit() or int(sku["inventory"]) > MOST_UNITS:
            return "INVENTORY_INVALID", f"The inventory must be within 0 and {MOST_UNITS}."
    return "", ""
