"""Items: `get_item_list`, `get_item_base_info`, `get_model_list`, `update_stock`.

Here: items and models in their wire form, offset pages with the total, and the stock push: what was pushed is kept in
memory and shown from then on; the world's own stock is not changed by it.
Not here: which listings make an item (see `catalog`).
"""

from collections.abc import Iterator
from typing import Any

from starlette.datastructures import QueryParams

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.paging import Key, cut
from linkstar_pipelines.sandbox.shopee.catalog import Catalog, Item
from linkstar_pipelines.sandbox.shopee.wire import ApiError, Call, amount, done, invalid
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.catalog import Listing

STATUSES = frozenset({"NORMAL", "BANNED", "UNLIST", "REVIEWING", "SELLER_DELETE", "SHOPEE_DELETE"})
MOST_ITEMS = 50
MOST_MODELS = 50


class ProductsApi:
    """Answers the product calls."""

    def __init__(self, bench: Bench, catalogs: dict[str, Catalog]) -> None:
        self._world = bench.world
        self._catalogs = catalogs
        self._pushed: dict[tuple[str, str], int] = {}

    def search(self, call: Call) -> Reply:
        """Answer get_item_list; all items of the sandbox are NORMAL."""
        offset, size = call.whole("offset", 0, 10**9), call.whole("page_size", 1, 100)
        wanted = set(call.query.getlist("item_status"))
        if not wanted or not wanted <= STATUSES:
            raise ApiError("error_param_item_status", "Item status error.")
        items = list(self._catalogs[call.account.code].items.values()) if "NORMAL" in wanted else []

        def stream(after: Key | None) -> Iterator[tuple[Key, Item]]:
            start = int(after[0]) + 1 if after else 0
            return (([position], items[position]) for position in range(start, len(items)))

        def row(item: Item) -> Json:
            changed = max(self._changed(call, listing) for listing in item.models.values())
            return {"item_id": item.id, "item_status": "NORMAL", "update_time": changed, "tag": {"kit": False}}

        page = cut(stream, row, {"after": [offset - 1]} if offset else {}, size, call.strike)
        response: Json = {"item": page.items, "total_count": len(items), "has_next_page": bool(page.next)}
        if page.next:
            response["next_offset"] = int(page.next["after"][0]) + 1 if page.next["after"] else 0
        return done(response, warning="")

    def base(self, call: Call) -> Reply:
        """Answer get_item_base_info; an item with models has its stock and prices there."""
        items = self._catalogs[call.account.code].items
        asked = _numbers(call.query, "item_id_list")
        if len(asked) > MOST_ITEMS:
            raise invalid(f"item_id_list takes at most {MOST_ITEMS} items")
        return done({"item_list": [self._base(call, items[n]) for n in asked if n in items]}, warning="")

    def models(self, call: Call) -> Reply:
        """Answer get_model_list."""
        item = self._item(call, call.whole("item_id", 1, 2**62))
        models = [
            {"model_id": model, "model_sku": one.seller_sku, "model_status": "MODEL_NORMAL", "tier_index": [place],
             "promotion_id": 0, "has_promotion": False, "is_fulfillment_by_shopee": False,
             "pre_order": {"is_pre_order": False, "days_to_ship": 3}, "weight": f"{one.product.weight / 1000:.2f}",
             "price_info": [self._price(call, one)], "stock_info_v2": self._stock(call, one)}
            for place, (model, one) in enumerate(item.models.items())
            if item.has_model
        ]  # fmt: skip
        options = [{"option": one.product.title} for one in item.models.values()]
        tiers = [{"name": "Variation", "option_list": options}] if item.has_model else []
        return done({"tier_variation": tiers, "model": models}, warning="")

    def update_stock(self, call: Call) -> Reply:
        """Answer update_stock: what cannot be set is told in `failure_list`, with `error` empty."""
        body = call.document()
        item = self._item(call, body.get("item_id"))
        changes = body.get("stock_list")
        if not isinstance(changes, list) or not 1 <= len(changes) <= MOST_MODELS:
            raise invalid(f"stock_list must hold 1 to {MOST_MODELS} models")
        ids = [change.get("model_id", 0) for change in changes]
        if len(set(ids)) < len(ids):
            raise ApiError("error_param", "Repeat model_id.")
        if item.has_model and 0 in ids:
            raise ApiError("error_edit_item_stock_for_item_has_model", "Can't to edit item stock directly.")
        taken, failed = [], []
        for model, change in zip(ids, changes, strict=True):
            stock = _quantity(change)
            listing = item.models.get(model)
            if listing is None or stock is None or stock < 0:
                reason = "Wrong model_id." if listing is None else "Stock should be larger than reserved stock."
                failed.append({"model_id": model, "failed_reason": reason})
                continue
            self._pushed[call.account.code, listing.seller_sku] = stock
            taken.append({"model_id": model, "location_id": "", "stock": stock})
        return done({"failure_list": failed, "success_list": taken}, warning="")

    def _item(self, call: Call, item_id: Any) -> Item:
        item = self._catalogs[call.account.code].items.get(item_id)
        if item is None:
            raise ApiError("error_item_not_found", "Item_id is not found.")
        return item

    def _base(self, call: Call, item: Item) -> Json:
        first = next(iter(item.models.values()))
        body: Json = {
            "item_id": item.id,
            "item_name": item.title,
            "item_sku": "" if item.has_model else first.seller_sku,
            "item_status": "NORMAL",
            "condition": "NEW",
            "has_model": item.has_model,
            "has_promotion": False,
            "create_time": min(listing.created for listing in item.models.values()),
            "update_time": max(self._changed(call, listing) for listing in item.models.values()),
            "weight": f"{first.product.weight / 1000:.2f}",
            "pre_order": {"is_pre_order": False, "days_to_ship": 3},
            "is_fulfillment_by_shopee": False,
        }
        if not item.has_model:
            body |= {"price_info": [self._price(call, first)], "stock_info_v2": self._stock(call, first)}
        return body

    def _price(self, call: Call, listing: Listing) -> Json:
        price = amount(call.market, listing.product.gross_price(call.market))
        return {"currency": call.market.currency, "original_price": price, "current_price": price}

    def _stock(self, call: Call, listing: Listing) -> Json:
        pushed = self._pushed.get((call.account.code, listing.seller_sku))
        store = self._world.reach(call.now).store(call.account.code)
        stock = store.pool(listing, call.market).view(call.now).fulfillable if pushed is None else pushed
        return {
            "summary_info": {"total_reserved_stock": 0, "total_available_stock": stock},
            "seller_stock": [{"location_id": "", "stock": stock, "if_saleable": True}],
            "shopee_stock": [],
        }

    def _changed(self, call: Call, listing: Listing) -> int:
        store = self._world.reach(call.now).store(call.account.code)
        return max(listing.created, store.pool(listing, call.market).view(call.now).changed)


def _numbers(query: QueryParams, name: str) -> list[int]:
    texts = query.get(name, "").split(",")
    if not all(text.isdecimal() for text in texts):
        raise invalid(f"{name} must be integers, joined by commas")
    return [int(text) for text in texts]


def _quantity(change: Any) -> int | None:
    """Return the stock of a change with one place and no location, as shops without warehouses send it."""
    places = change.get("seller_stock") if isinstance(change, dict) else None
    stock = places[0].get("stock") if isinstance(places, list) and len(places) == 1 else None
    return stock if isinstance(stock, int) else None
