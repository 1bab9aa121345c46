"""Items and inventory: what is listed, what is left of it, and the push of a quantity.

Here: items by offset, the seller's own stock by an opaque cursor, WFS stock by offset, and PUT inventory. A pushed
quantity is kept in memory and shown from then on; the world's own stock is not changed by it.
Not here: WFS quantities cannot be pushed.
"""

from collections.abc import Callable, Iterator

from linkstar_pipelines.sandbox.paging import Key, Page, TokenBook, TokenRefusedError, cut
from linkstar_pipelines.sandbox.walmart.wire import ApiError, Call, invalid, not_found, number
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.catalog import Listing
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import iso
from linkstar_pipelines.sandbox.world.stock import StockView
from linkstar_pipelines.sandbox.world.store import Store

CURSOR_TTL = 86_400.0
MOST_UNITS = 10**7


class ListingsApi:
    """Answers items and inventory."""

    def __init__(self, world: World, tokens: TokenBook) -> None:
        self._world = world
        self._tokens = tokens
        self._pushed: dict[tuple[str, str], int] = {}

    def items(self, call: Call) -> Reply:
        """Answer getAllItems."""
        listings = self._listings(call)
        page = _by_offset(call, listings, 20, 50, lambda listing: _item(call, listing))
        return Reply({"ItemResponse": page.items, "totalItems": len(listings)})

    def inventories(self, call: Call) -> Reply:
        """Answer the seller's own stock, with the node's id in place of a warehouse's name."""
        store, listings = self._store(call), self._listings(call, fba=False)
        size = call.integer("limit", 10, 1, 50)
        cursor: Json = {}
        if text := call.text("nextCursor"):
            try:
                cursor = self._tokens.read(text, CURSOR_TTL)
            except TokenRefusedError as problem:
                raise invalid(f"nextCursor: {problem}") from problem
        page = cut(_from(listings), lambda listing: self._own_stock(call, store, listing), cursor, size, call.strike)
        meta: Json = {"totalCount": len(listings)}
        if page.next:
            meta["nextCursor"] = self._tokens.write(page.next)
        return Reply({"meta": meta, "elements": {"inventories": page.items}})

    def inventory(self, call: Call) -> Reply:
        """Answer the stock of one listing of the seller's."""
        listing = self._own(call)
        node = self._own_stock(call, self._store(call), listing)["nodes"][0]
        return Reply({"sku": listing.seller_sku, "quantity": node["availToSellQty"]})

    def set_inventory(self, call: Call) -> Reply:
        """Answer a push of a quantity: 200 with what was set."""
        listing, body = self._own(call), call.json()
        quantity = body.get("quantity")
        amount = quantity.get("amount") if isinstance(quantity, dict) else None
        if body.get("sku") != listing.seller_sku or not isinstance(quantity, dict) or quantity.get("unit") != "EACH":
            raise _refused("sku must be that of the query, and quantity have the unit EACH.")
        if not isinstance(amount, int) or isinstance(amount, bool) or not 0 <= amount <= MOST_UNITS:
            raise _refused("quantity.amount must be a whole number of 0 or more.")
        self._pushed[call.account.code, listing.seller_sku] = amount
        return Reply({"sku": listing.seller_sku, "quantity": {"unit": "EACH", "amount": amount}})

    def wfs_inventory(self, call: Call) -> Reply:
        """Answer what Walmart holds for the seller; nothing for an account without WFS."""
        store, listings = self._store(call), self._listings(call, fba=True)
        page = _by_offset(call, listings, 10, 300, lambda listing: _wfs_stock(_view(call, store, listing), listing))
        headers = {
            "totalCount": len(listings),
            "limit": call.integer("limit", 10, 1, 300),
            "offset": call.integer("offset", 0, 0, 10**6),
        }
        return Reply({"headers": headers, "payload": {"inventory": page.items}})

    def _store(self, call: Call) -> Store:
        return self._world.reach(call.now).store(call.account.code)

    def _listings(self, call: Call, *, fba: bool | None = None) -> list[Listing]:
        sku = call.text("sku")
        found = (
            listing
            for listing in self._store(call).listings
            if fba in {None, listing.fba} and (sku is None or listing.seller_sku == sku)
        )
        return sorted(found, key=lambda listing: listing.seller_sku)

    def _own(self, call: Call) -> Listing:
        """Return the listing of the query; it must be one that the seller ships."""
        sku = call.required("sku")
        listing = next((one for one in self._store(call).listings if one.seller_sku == sku), None)
        if listing is None:
            raise not_found("INVENTORY", f"SKU '{sku}' was not found.")
        if listing.fba:
            raise _refused(f"SKU '{sku}' is fulfilled by Walmart.")
        return listing

    def _own_stock(self, call: Call, store: Store, listing: Listing) -> Json:
        view = _view(call, store, listing)
        pushed = self._pushed.get((call.account.code, listing.seller_sku))
        left = view.fulfillable if pushed is None else pushed
        quantities = {"inputQty": left, "availToSellQty": left, "reservedQty": view.reserved}
        shown = {name: {"unit": "EACH", "amount": units} for name, units in quantities.items()}
        return {"sku": listing.seller_sku, "nodes": [{"shipNode": call.account.seller_id, **shown}]}


def _view(call: Call, store: Store, listing: Listing) -> StockView:
    return store.pool(listing, call.account.marketplaces[0]).view(call.now)


def _wfs_stock(view: StockView, listing: Listing) -> Json:
    node = {
        "modifiedDate": iso(view.changed),
        "availToSellQty": view.fulfillable,
        "onHandQty": view.fulfillable + view.reserved,
        "shipNodeType": "WFSFulfilled",
    }
    return {"sku": listing.seller_sku, "shipNodes": [node]}


def _item(call: Call, listing: Listing) -> Json:
    product, market = listing.product, call.account.marketplaces[0]
    code = chance.digits("gtin", listing.fn_sku)[:12].rjust(12, "0")
    return {
        "mart": market.id,
        "sku": listing.seller_sku,
        "wpid": listing.fn_sku,
        "upc": code,
        "gtin": f"00{code}",
        "productName": product.title,
        "shelf": '["Home Page"]',
        "productType": product.product_type,
        "price": {"currency": market.currency, "amount": number(market, product.gross_price(market))},
        "publishedStatus": "PUBLISHED",
        "lifecycleStatus": "ACTIVE",
    }


def _by_offset(
    call: Call, listings: list[Listing], default: int, most: int, render: Callable[[Listing], Json]
) -> Page[Json]:
    size, offset = call.integer("limit", default, 1, most), call.integer("offset", 0, 0, 10**6)
    cursor: Json = {"after": [offset - 1]} if offset else {}
    return cut(_from(listings), render, cursor, size, call.strike)


def _from(listings: list[Listing]) -> Callable[[Key | None], Iterator[tuple[Key, Listing]]]:
    """Make a stream of listings whose keys are their places."""

    def stream(after: Key | None) -> Iterator[tuple[Key, Listing]]:
        start = int(after[0]) + 1 if after else 0
        for place in range(start, len(listings)):
            yield [place], listings[place]

    return stream


def _refused(description: str) -> ApiError:
    return ApiError(400, "INVALID_REQUEST_CONTENT.GMP_INVENTORY_API", description, category="DATA")
