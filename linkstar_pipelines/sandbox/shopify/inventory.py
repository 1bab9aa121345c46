"""Variants and stock: what is listed, what is left of it, and the setting of quantities.

Here: one variant per seller SKU, stocked at the shop's one location. A quantity that was set is kept in memory and
shown from then on; the world's own stock is not changed by it. Setting needs an idempotency key, and says which
quantity it expects: where another one is there, nothing is set. The codes of refusals are recalled, not verified.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLResolveInfo, Undefined
from graphql.execution.values import get_directive_values

from linkstar_pipelines.sandbox.paging import TokenBook, cut
from linkstar_pipelines.sandbox.shopify.schema import IDEMPOTENT
from linkstar_pipelines.sandbox.shopify.wire import (
    Call,
    Resolved,
    connection,
    cursor_of,
    gid,
    nested,
    places,
    refused,
    size_of,
)
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.catalog import Listing
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import iso
from linkstar_pipelines.sandbox.world.store import Store

LOCATION = "71234567890"
"""Number of the one location of every shop."""
MOST_QUANTITIES = 250
NAMES = ("available", "on_hand")


def variant_id(listing: Listing) -> str:
    """Return the number of the variant that is a listing."""
    return f"4{chance.number('shopify variant', listing.account.code, listing.seller_sku) % 10**13:013d}"


class InventoryApi:
    """Resolves variants, inventory items and the setting of quantities."""

    def __init__(self, world: World, tokens: TokenBook) -> None:
        self._world = world
        self._tokens = tokens
        self._set: dict[str, int] = {}
        self._answered: dict[tuple[str, str], Resolved] = {}

    def locations(self, _info: GraphQLResolveInfo, **page: Any) -> Resolved:
        """Resolve `locations`."""
        return nested([_location()])(_info, **page)

    def variant(self, info: GraphQLResolveInfo, id: str) -> Resolved | None:  # noqa: A002  # the schema's name
        """Resolve `productVariant`."""
        call: Call = info.context
        return next((self._variant(call, one) for one in self._listings(call) if _variant_gid(one) == id), None)

    def item(self, info: GraphQLResolveInfo, id: str) -> Resolved | None:  # noqa: A002  # the schema's name
        """Resolve `inventoryItem`."""
        call: Call = info.context
        return next((self._item(call, one) for one in self._listings(call) if _item_gid(one) == id), None)

    def variants(
        self, info: GraphQLResolveInfo, first: int | None = None, after: str | None = None, **_sort: Any
    ) -> Resolved:
        """Resolve `productVariants`, by id."""
        call: Call = info.context
        size, cursor = size_of(first), cursor_of(self._tokens, after)
        listings = sorted(self._listings(call), key=variant_id)
        page = cut(places(listings), lambda listing: self._variant(call, listing), cursor, size, call.strike)
        return connection(self._tokens, page, begun=bool(cursor))

    def total(self, info: GraphQLResolveInfo) -> int:
        """Return how many variants the shop has."""
        return len(self._listings(info.context))

    def set_quantities(self, info: GraphQLResolveInfo, input: Mapping[str, Any]) -> Resolved:  # noqa: A002  # the schema's name
        """Resolve `inventorySetQuantities`: all of them or none; the same key gives the same answer again."""
        call: Call = info.context
        given = get_directive_values(IDEMPOTENT, info.field_nodes[0], info.variable_values) or {}
        key = given.get("key", "")
        if not key:
            raise refused(
                "The @idempotent directive is required for this mutation but was not provided.", "BAD_REQUEST"
            )
        if (call.account.code, key) not in self._answered:
            self._answered[call.account.code, key] = self._apply(call, input)
        return self._answered[call.account.code, key]

    def _apply(self, call: Call, wanted: Mapping[str, Any]) -> Resolved:
        quantities: Sequence[Mapping[str, Any]] = wanted["quantities"]
        if wanted["name"] not in NAMES or not 1 <= len(quantities) <= MOST_QUANTITIES:
            return _refusal(
                "INVALID_NAME", "The quantity name must be either 'available' or 'on_hand'.", ["input", "name"]
            )
        known = {_item_gid(listing): listing for listing in self._listings(call)}
        changes, problems = [], []
        for place, entry in enumerate(quantities):
            if entry.get("changeFromQuantity", Undefined) is Undefined:
                raise refused("changeFromQuantity must be given; null skips the check.", "BAD_REQUEST")
            listing = known.get(entry["inventoryItemId"])
            problem = self._problem(call, listing, entry)
            if problem:
                problems.append(_error(*problem, ["input", "quantities", str(place)]))
            elif listing is not None:
                changes.append((listing, entry["quantity"]))
        if problems:
            return {"inventoryAdjustmentGroup": None, "userErrors": problems}
        shown = [self._change(call, listing, quantity) for listing, quantity in changes]
        group = {
            "id": gid("InventoryAdjustmentGroup", len(self._answered) + 1), "createdAt": iso(call.now),
            "reason": wanted["reason"], "changes": shown,
        }  # fmt: skip
        return {"inventoryAdjustmentGroup": group, "userErrors": []}

    def _problem(self, call: Call, listing: Listing | None, entry: Mapping[str, Any]) -> tuple[str, str] | None:
        if listing is None:
            return "INVALID_INVENTORY_ITEM", "The specified inventory item could not be found."
        if entry["locationId"] != gid("Location", LOCATION):
            return "INVALID_LOCATION", "The specified location could not be found."
        if not 0 <= entry["quantity"] <= 10**9:
            return "INVALID_QUANTITY_NEGATIVE", "The quantity can't be negative."
        expected = entry["changeFromQuantity"]
        if expected is not None and expected != self._available(call, listing):
            return (
                "CHANGE_FROM_QUANTITY_STALE",
                "The changeFromQuantity argument no longer matches the persisted quantity.",
            )
        return None

    def _change(self, call: Call, listing: Listing, quantity: int) -> Resolved:
        delta = quantity - self._available(call, listing)
        self._set[_item_gid(listing)] = quantity
        return {"name": "available", "delta": delta, "quantityAfterChange": quantity}

    def _store(self, call: Call) -> Store:
        return self._world.reach(call.now).store(call.account.code)

    def _listings(self, call: Call) -> list[Listing]:
        return self._store(call).listings

    def _available(self, call: Call, listing: Listing) -> int:
        stocked = self._store(call).pool(listing, call.market).view(call.now).fulfillable
        return self._set.get(_item_gid(listing), stocked)

    def _variant(self, call: Call, listing: Listing) -> Resolved:
        product = listing.product
        return {
            "__typename": "ProductVariant",
            "id": _variant_gid(listing),
            "sku": listing.seller_sku,
            "barcode": None,
            "title": "Default Title",
            "displayName": f"{product.title} - Default Title",
            "price": call.market.text(product.gross_price(call.market)),
            "taxable": True,
            "inventoryQuantity": self._available(call, listing),
            "product": {
                "id": gid("Product", variant_id(listing)[::-1]), "title": product.title, "status": "ACTIVE",
                "vendor": "LinkStar", "productType": product.product_type,
            },
            "inventoryItem": self._item(call, listing),
        }  # fmt: skip

    def _item(self, call: Call, listing: Listing) -> Resolved:
        level = self._level(call, listing)
        return {
            "id": _item_gid(listing),
            "sku": listing.seller_sku,
            "tracked": True,
            "requiresShipping": True,
            "inventoryLevel": lambda _info, locationId: level if locationId == gid("Location", LOCATION) else None,  # noqa: N803  # the schema's name
            "inventoryLevels": nested([level]),
        }

    def _level(self, call: Call, listing: Listing) -> Resolved:
        view, available = self._store(call).pool(listing, call.market).view(call.now), self._available(call, listing)
        quantities = {
            "available": available,
            "committed": view.reserved,
            "damaged": view.damaged,
            "incoming": view.inbound_shipped + view.inbound_receiving,
            "on_hand": available + view.reserved + view.damaged,
        }

        def resolve(_info: GraphQLResolveInfo, names: Sequence[str]) -> list[Resolved]:
            return [
                {"name": name, "quantity": quantities[name], "updatedAt": iso(view.changed)}
                for name in names
                if name in quantities
            ]

        key = f"{LOCATION}?inventory_item_id={_item_gid(listing).rpartition('/')[2]}"
        return {"id": gid("InventoryLevel", key), "location": _location(), "quantities": resolve}


def _variant_gid(listing: Listing) -> str:
    return gid("ProductVariant", variant_id(listing))


def _item_gid(listing: Listing) -> str:
    return gid("InventoryItem", f"5{variant_id(listing)[1:]}")


def _location() -> Resolved:
    return {"__typename": "Location", "id": gid("Location", LOCATION), "name": "Warehouse", "isActive": True}


def _error(code: str, message: str, field: list[str]) -> Resolved:
    return {"code": code, "field": field, "message": message}


def _refusal(code: str, message: str, field: list[str]) -> Resolved:
    return {"inventoryAdjustmentGroup": None, "userErrors": [_error(code, message, field)]}
