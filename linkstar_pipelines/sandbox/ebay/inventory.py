"""Inventory API: getInventoryItems, getOffers and bulkUpdatePriceQuantity.

Here: one inventory item per seller SKU with one offer per site, and pushed quantities. A pushed quantity is kept in
memory and shown by that offer from then on; the world's own stock is not changed by it. Items are paged by page
number, not by record.
"""

from collections.abc import Mapping
from typing import Any

from linkstar_pipelines.sandbox.ebay.pages import page
from linkstar_pipelines.sandbox.ebay.wire import INVENTORY as API
from linkstar_pipelines.sandbox.ebay.wire import ApiError, Call, amount, entry, stamp
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Marketplace
from linkstar_pipelines.sandbox.world.catalog import Listing
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.store import Store

DEFAULT_LIMIT, MOST = 25, 200
DEFAULT_OFFERS = 100
MOST_REQUESTS = 25
LOCALES = {"US": "en_US", "GB": "en_GB", "DE": "de_DE"}


class InventoryApi:
    """Answers the operations of the Inventory API."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pushed: dict[str, int] = {}

    def items(self, call: Call) -> Reply:
        """Answer getInventoryItems; `offset` is the number of the page."""
        store = self._store(call)
        limit, number = call.limit(API, DEFAULT_LIMIT, MOST), call.offset(API)
        shown, frame = page(
            call, store.listings, lambda listing: self._item(listing, store, call.now), number, limit, by_page=True
        )
        return Reply({**frame, "size": len(shown), "inventoryItems": shown})

    def offers(self, call: Call) -> Reply:
        """Answer getOffers: 404 for an SKU that is not there."""
        store, sku = self._store(call), call.query.get("sku")
        limit, number = call.limit(API, DEFAULT_OFFERS, DEFAULT_OFFERS), call.offset(API)
        if not sku:
            raise ApiError(400, 25709, API.domain, "Invalid value for sku.")
        listing = next((listing for listing in store.listings if listing.seller_sku == sku), None)
        if listing is None:
            raise ApiError(404, 25713, API.domain, "This Offer is not available.")
        markets = call.account.marketplaces
        shown, frame = page(
            call, markets, lambda market: self._offer(listing, market, store, call.now), number, limit, by_page=True
        )
        return Reply({**frame, "size": len(shown), "offers": shown})

    def push(self, call: Call) -> Reply:
        """Answer bulkUpdatePriceQuantity: 200 when every row was taken, else 207."""
        requests = call.document(API, 25709).get("requests")
        if not isinstance(requests, list) or not 1 <= len(requests) <= MOST_REQUESTS:
            raise ApiError(400, 25709, API.domain, f"Invalid value for requests. 1 to {MOST_REQUESTS} are allowed")
        store = self._store(call)
        offers = {
            offer_id(listing, market): listing for listing in store.listings for market in call.account.marketplaces
        }
        rows = [
            self._set(offer, offers)
            for request in requests
            for offer in (request.get("offers") if isinstance(request, dict) else None) or []
        ]
        whole = all(row["statusCode"] == 200 for row in rows)
        return Reply({"responses": rows}, 200 if whole else 207)

    def _set(self, offer: Any, offers: Mapping[str, Listing]) -> Json:
        identity = str(offer.get("offerId")) if isinstance(offer, dict) else ""
        listing = offers.get(identity)
        if listing is None:
            problem = entry(25713, API.domain, "This Offer is not available.")
            return {"statusCode": 404, "offerId": identity, "errors": [problem], "warnings": []}
        quantity = offer.get("availableQuantity")
        if type(quantity) is not int or quantity < 0:
            problem = entry(25709, API.domain, "Invalid value for availableQuantity.")
            return {
                "statusCode": 400, "offerId": identity, "sku": listing.seller_sku, "errors": [problem], "warnings": [],
            }  # fmt: skip
        self._pushed[identity] = quantity
        return {"statusCode": 200, "offerId": identity, "sku": listing.seller_sku, "errors": [], "warnings": []}

    def _store(self, call: Call) -> Store:
        return self._world.reach(call.now).store(call.account.code)

    def _item(self, listing: Listing, store: Store, now: int) -> Json:
        product, market = listing.product, store.account.marketplaces[0]
        return {
            "sku": listing.seller_sku,
            "locale": LOCALES[market.country],
            "condition": "NEW",
            "product": {"title": product.title, "brand": "LinkStar", "mpn": product.sku, "imageUrls": []},
            "availability": {
                "shipToLocationAvailability": {"quantity": store.pool(listing, market).view(now).fulfillable}
            },
        }

    def _offer(self, listing: Listing, market: Marketplace, store: Store, now: int) -> Json:
        identity = offer_id(listing, market)
        stocked = store.pool(listing, market).view(now).fulfillable
        quantity = self._pushed.get(identity, stocked)
        return {
            "offerId": identity,
            "sku": listing.seller_sku,
            "marketplaceId": market.id,
            "format": "FIXED_PRICE",
            "availableQuantity": quantity,
            "pricingSummary": {"price": amount(market, listing.product.gross_price(market))},
            "listingStartDate": stamp(listing.created),
            "listingDuration": "GTC",
            "status": "PUBLISHED",
            "listing": {
                "listingId": item_id(listing),
                "listingStatus": "ACTIVE" if quantity else "OUT_OF_STOCK",
                "soldQuantity": 0,
            },
        }


def offer_id(listing: Listing, market: Marketplace) -> str:
    """Return the id of a listing's offer on a site."""
    return f"{chance.number('ebay offer', listing.account.code, listing.seller_sku, market.code) % 10**11:011d}"


def item_id(listing: Listing) -> str:
    """Return the eBay item id of a listing."""
    return f"{chance.number('ebay item', listing.account.code, listing.seller_sku) % 10**12:012d}"
