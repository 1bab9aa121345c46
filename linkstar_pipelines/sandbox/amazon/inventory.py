"""FBA Inventory API v1: getInventorySummaries.

Here: the stock that Amazon holds, per seller SKU of one marketplace, with its details. `totalQuantity` counts
everything: fulfillable, reserved, unfulfillable and inbound. The next-page token lives 30 real seconds.
Not here: merchant stock (see `listings`).
"""

from collections.abc import Iterator

from linkstar_pipelines.sandbox.amazon.wire import Call, invalid
from linkstar_pipelines.sandbox.paging import Key, TokenBook, TokenRefusedError, cut
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.catalog import Listing
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import iso
from linkstar_pipelines.sandbox.world.stock import StockView

PAGE_SIZE = 50
PAGE_TOKEN_TTL = 30.0
Found = tuple[Listing, StockView]


class InventoryApi:
    """Answers the FBA Inventory API."""

    def __init__(self, world: World, tokens: TokenBook) -> None:
        self._world = world
        self._tokens = tokens

    def summaries(self, call: Call) -> Reply:
        """Answer getInventorySummaries, sorted by seller SKU."""
        if call.required("granularityType") != "Marketplace":
            raise invalid("granularityType must be Marketplace.")
        call.required("marketplaceIds")
        market = call.marketplaces(at_most=1)[0]
        if call.required("granularityId") != market.id:
            raise invalid("granularityId must equal marketplaceIds.")
        detailed = (call.text("details") or "false").lower() == "true"
        since = call.instant("startDateTime")
        skus = set(call.words("sellerSkus", at_most=50)) or {call.query.get("sellerSku", "")} - {""}
        cursor: Json = {}
        if token := call.text("nextToken"):
            try:
                cursor = self._tokens.read(token, PAGE_TOKEN_TTL)
            except TokenRefusedError as problem:
                raise invalid(str(problem), "Invalid nextToken") from problem
        store = self._world.reach(call.now).store(call.account.code)
        listings = sorted((item for item in store.listings if item.fba), key=lambda item: item.seller_sku)

        def stream(after: Key | None) -> Iterator[tuple[Key, Found]]:
            for listing in listings:
                if after and listing.seller_sku <= str(after[0]):
                    continue
                view = store.pool(listing, market).view(call.now)
                changed = since is None or view.changed >= since
                if changed and (since is not None or not skus or listing.seller_sku in skus):
                    yield [listing.seller_sku], (listing, view)

        page = cut(stream, lambda found: _show(*found, detailed), cursor, PAGE_SIZE, call.strike)
        body: Json = {
            "payload": {
                "granularity": {"granularityType": "Marketplace", "granularityId": market.id},
                "inventorySummaries": page.items,
            }
        }
        if page.next:
            body["pagination"] = {"nextToken": self._tokens.write(page.next)}
        return Reply(body)


def _show(listing: Listing, view: StockView, detailed: bool) -> Json:
    inbound = view.inbound_working + view.inbound_shipped + view.inbound_receiving
    body: Json = {
        "asin": listing.product.asin,
        "fnSku": listing.fn_sku,
        "sellerSku": listing.seller_sku,
        "condition": "NewItem",
        "lastUpdatedTime": iso(view.changed),
        "productName": listing.product.title,
        "totalQuantity": view.fulfillable + view.reserved + view.damaged + inbound,
        "stores": [],
    }
    if detailed:
        body["inventoryDetails"] = {
            "fulfillableQuantity": view.fulfillable,
            "inboundWorkingQuantity": view.inbound_working,
            "inboundShippedQuantity": view.inbound_shipped,
            "inboundReceivingQuantity": view.inbound_receiving,
            "reservedQuantity": {
                "totalReservedQuantity": view.reserved,
                "pendingCustomerOrderQuantity": view.reserved,
                "pendingTransshipmentQuantity": 0,
                "fcProcessingQuantity": 0,
            },
            "researchingQuantity": {"totalResearchingQuantity": 0, "researchingQuantityBreakdown": []},
            "unfulfillableQuantity": {
                "totalUnfulfillableQuantity": view.damaged,
                "customerDamagedQuantity": view.damaged,
                "warehouseDamagedQuantity": 0,
                "distributorDamagedQuantity": 0,
                "carrierDamagedQuantity": 0,
                "defectiveQuantity": 0,
                "expiredQuantity": 0,
            },
        }
    return body
