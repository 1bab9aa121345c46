"""Listings Items API 2021-08-01: search, read one, and change the quantity of a merchant-fulfilled listing.

Here: listings in their wire form, filters, order and pages of the search (1,000 listings at most can be paged
through), and the PATCH that a stock push sends. A pushed quantity is kept in memory and shown from then on; the
world's own stock is not changed by it.
Not here: FBA quantities (see `inventory`); they cannot be pushed.
"""

import json
from collections.abc import Callable, Iterator, Mapping

from linkstar_pipelines.sandbox.amazon.wire import Call, invalid, money, not_found, unauthorized
from linkstar_pipelines.sandbox.paging import Key, TokenBook, TokenRefusedError, cut, fingerprint
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Marketplace
from linkstar_pipelines.sandbox.world.catalog import Listing
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import iso
from linkstar_pipelines.sandbox.world.store import Store

DATASETS = (
    "summaries",
    "attributes",
    "issues",
    "offers",
    "fulfillmentAvailability",
    "procurement",
    "relationships",
    "productTypes",
)
STATUSES = ("BUYABLE", "DISCOVERABLE")
IDENTIFIERS: Mapping[str, Callable[[Listing], str]] = {
    "SKU": lambda listing: listing.seller_sku,
    "ASIN": lambda listing: listing.product.asin,
    "FNSKU": lambda listing: listing.fn_sku,
}
IDENTIFIER_TYPES = (*IDENTIFIERS, "EAN", "GTIN", "ISBN", "JAN", "MINSAN", "UPC")
SORTS = ("lastUpdatedDate", "createdDate", "sku")
MOST_PAGED = 1000
FBA_CHANNELS = {"NA": "AMAZON_NA", "EU": "AMAZON_EU", "FE": "AMAZON_JP"}
QUANTITY_PATH = "/attributes/fulfillment_availability"
PAGE_TOKEN_TTL = 86_400.0


class ListingsApi:
    """Answers the operations of the Listings Items API."""

    def __init__(self, world: World, tokens: TokenBook) -> None:
        self._world = world
        self._tokens = tokens
        self._pushed: dict[tuple[str, str], int] = {}

    def search(self, call: Call) -> Reply:
        """Answer searchListingsItems."""
        store, markets = self._store(call)
        parts = call.words("includedData", DATASETS) or ["summaries"]
        size = call.integer("pageSize", 10, 1, 20)
        sort, order = call.text("sortBy") or SORTS[0], call.text("sortOrder") or "DESC"
        if sort not in SORTS or order not in {"ASC", "DESC"}:
            raise invalid(f"sortBy must be one of {', '.join(SORTS)}, and sortOrder ASC or DESC.")
        cursor, mark = self._cursor(call), fingerprint(call.query, "pageToken", "pageSize")
        if cursor.setdefault("mark", mark) != mark:
            raise invalid("The parameters must match those of the request that produced the pageToken.")

        def key(listing: Listing) -> Key:
            dates = {
                "createdDate": listing.created,
                "lastUpdatedDate": self._changed(listing, store, markets, call.now),
            }
            return [dates[sort], listing.seller_sku] if sort in dates else [listing.seller_sku]

        rows = [(key(listing), listing) for listing in self._wanted(call, store, markets)]
        rows.sort(key=lambda row: row[0], reverse=order == "DESC")

        def stream(after: Key | None) -> Iterator[tuple[Key, Listing]]:
            later = ((row[0] < after) if order == "DESC" else (row[0] > after) for row in rows) if after else ()
            start = next((place for place, found in enumerate(later) if found), len(rows) if after else 0)
            yield from rows[start:MOST_PAGED]

        page = cut(stream, lambda item: self._show(item, store, markets, parts, call.now), cursor, size, call.strike)
        body: Json = {"numberOfResults": len(rows), "items": page.items}
        if page.next:
            body["pagination"] = {"nextToken": self._tokens.write({**page.next, "mark": mark})}
        return Reply(body)

    def get(self, call: Call) -> Reply:
        """Answer getListingsItem."""
        store, markets = self._store(call)
        parts = call.words("includedData", DATASETS) or ["summaries"]
        listing = _find(store, call.path["sku"])
        if listing is None:
            raise not_found(f"SKU '{call.path['sku']}' was not found in the given marketplaces.")
        return Reply(self._show(listing, store, markets, parts, call.now))

    def patch(self, call: Call) -> Reply:
        """Answer patchListingsItem: 200 with status ACCEPTED, VALID (a preview) or INVALID (with the issues)."""
        store, _ = self._store(call)
        sku, preview = call.path["sku"], call.text("mode") == "VALIDATION_PREVIEW"
        quantity = _pushed_quantity(call.body)
        listing = _find(store, sku)
        problem = None
        if listing is None:
            problem = f"The SKU '{sku}' does not match any listing of this seller."
        elif listing.fba:
            problem = "The quantity of a listing fulfilled by Amazon cannot be set."
        elif quantity is None:
            problem = "fulfillment_availability must hold the channel DEFAULT and a whole quantity of 0 or more."
        elif not preview:
            self._pushed[store.account.code, sku] = quantity
        status = "INVALID" if problem else "VALID" if preview else "ACCEPTED"
        body: Json = {
            "sku": sku,
            "status": status,
            "submissionId": chance.code(32, "0123456789abcdef", "submission", store.account.code, sku, call.now),
            "issues": [],
        }
        if problem:
            issue = {"code": "90220", "message": problem, "severity": "ERROR", "categories": ["INVALID_ATTRIBUTE"]}
            body["issues"] = [{**issue, "attributeNames": ["fulfillment_availability"]}]
        return Reply(body)

    def _store(self, call: Call) -> tuple[Store, list[Marketplace]]:
        if call.path["sellerId"] != call.account.seller_id:
            raise unauthorized("The access token was not issued for this seller.")
        call.required("marketplaceIds")
        return self._world.reach(call.now).store(call.account.code), call.marketplaces()

    def _cursor(self, call: Call) -> Json:
        token = call.text("pageToken")
        try:
            return self._tokens.read(token, PAGE_TOKEN_TTL) if token else {}
        except TokenRefusedError as problem:
            raise invalid(str(problem), "Invalid pageToken") from problem

    def _wanted(self, call: Call, store: Store, markets: list[Marketplace]) -> Iterator[Listing]:
        identifiers = set(call.words("identifiers", at_most=20))
        kind = call.text("identifiersType")
        if bool(identifiers) != bool(kind) or (kind and kind not in IDENTIFIER_TYPES):
            raise invalid(f"identifiers needs an identifiersType of {', '.join(IDENTIFIER_TYPES)}.")
        status, without = set(call.words("withStatus", STATUSES)), set(call.words("withoutStatus", STATUSES))
        created, changed = (
            (call.instant(f"{name}After") or 0, call.instant(f"{name}Before") or call.now)
            for name in ("created", "lastUpdated")
        )
        for listing in store.listings:
            shown = set(self._status(listing, store, markets, call.now))
            if (
                (not kind or (kind in IDENTIFIERS and IDENTIFIERS[kind](listing) in identifiers))
                and (not status or status & shown)
                and not without & shown
                and created[0] <= listing.created <= created[1]
                and changed[0] <= self._changed(listing, store, markets, call.now) <= changed[1]
            ):
                yield listing

    def _quantity(self, listing: Listing, store: Store, market: Marketplace, now: int) -> int:
        pushed = self._pushed.get((store.account.code, listing.seller_sku))
        return store.pool(listing, market).view(now).fulfillable if pushed is None else pushed

    def _status(self, listing: Listing, store: Store, markets: list[Marketplace], now: int) -> list[str]:
        stocked = any(self._quantity(listing, store, market, now) > 0 for market in markets)
        return list(STATUSES) if stocked else ["DISCOVERABLE"]

    def _changed(self, listing: Listing, store: Store, markets: list[Marketplace], now: int) -> int:
        return max(listing.created, *(store.pool(listing, market).view(now).changed for market in markets))

    def _show(self, listing: Listing, store: Store, markets: list[Marketplace], parts: list[str], now: int) -> Json:
        product = listing.product
        body: Json = {"sku": listing.seller_sku}
        if "summaries" in parts:
            body["summaries"] = [
                {
                    "marketplaceId": market.id,
                    "asin": product.asin,
                    "productType": product.product_type,
                    "conditionType": "new_new",
                    "status": self._status(listing, store, [market], now),
                    "fnSku": listing.fn_sku,
                    "itemName": product.title,
                    "createdDate": iso(listing.created),
                    "lastUpdatedDate": iso(self._changed(listing, store, [market], now)),
                }
                for market in markets
            ]
        if "offers" in parts:
            body["offers"] = [
                {
                    "marketplaceId": market.id,
                    "offerType": "B2C",
                    "price": money(market, product.gross_price(market)),
                    "audience": {"value": "ALL", "displayName": "Sell on Amazon"},
                }
                for market in markets
            ]
        if "fulfillmentAvailability" in parts:
            if listing.fba:
                shown: Json = {"fulfillmentChannelCode": FBA_CHANNELS[store.account.code]}
            else:
                quantity = self._quantity(listing, store, markets[0], now)
                shown = {"fulfillmentChannelCode": "DEFAULT", "quantity": quantity}
            body["fulfillmentAvailability"] = [shown]
        if "productTypes" in parts:
            body["productTypes"] = [
                {"marketplaceId": market.id, "productType": product.product_type} for market in markets
            ]
        body.update({part: [] for part in ("issues", "procurement", "relationships") if part in parts})
        if "attributes" in parts:
            body["attributes"] = {
                "item_name": [{"value": product.title, "marketplace_id": market.id} for market in markets]
            }
        return body


def _find(store: Store, sku: str) -> Listing | None:
    return next((listing for listing in store.listings if listing.seller_sku == sku), None)


def _pushed_quantity(content: bytes) -> int | None:
    """Read the quantity out of a PATCH body; None when the patch is no valid quantity.

    Raises:
        ApiError: 400 when the body is no ListingsItemPatchRequest at all.
    """
    try:
        body = json.loads(content)
        patches, _ = body["patches"], body["productType"]
        patch = patches[0]
        replaced = patch["op"] == "replace" and patch["path"] == QUANTITY_PATH
        value = patch["value"][0] if replaced else {}
    except (ValueError, KeyError, IndexError, TypeError) as problem:
        raise invalid("The body is not a ListingsItemPatchRequest.") from problem
    quantity = value.get("quantity") if value.get("fulfillment_channel_code") == "DEFAULT" else None
    return quantity if type(quantity) is int and quantity >= 0 else None
