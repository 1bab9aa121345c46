"""Items and models: how the listings of an account look on Shopee.

Here: ids, and which listings are the models of one item: in turn, one listing is an item without models, and the next
two are the models of one item.
Not here: stock and prices (see `products`).
"""

from dataclasses import dataclass
from functools import cached_property

from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.catalog import Listing
from linkstar_pipelines.sandbox.world.store import Store


@dataclass(frozen=True)
class Item:
    """One item; `models` maps model ids to listings, the id is 0 where the item has no models."""

    id: int
    models: dict[int, Listing]

    @property
    def has_model(self) -> bool:
        """Tell whether the item has models."""
        return 0 not in self.models

    @property
    def title(self) -> str:
        """The name of the item."""
        return next(iter(self.models.values())).product.title


@dataclass(frozen=True)
class Place:
    """Where a listing is found: its item and its model (0 without)."""

    item: Item
    model_id: int


class Catalog:
    """The items of one shop, in their order."""

    def __init__(self, store: Store) -> None:
        self._listings = store.listings

    @cached_property
    def items(self) -> dict[int, Item]:
        """Every item by its id."""
        groups: list[list[Listing]] = []
        position = 0
        while position < len(self._listings):
            size = 1 if len(groups) % 2 == 0 else 2
            groups.append(self._listings[position : position + size])
            position += size
        return {item.id: item for item in map(_item, groups)}

    @cached_property
    def _places(self) -> dict[str, Place]:
        return {
            listing.seller_sku: Place(item, model)
            for item in self.items.values()
            for model, listing in item.models.items()
        }

    def place(self, listing: Listing) -> Place:
        """Find a listing."""
        return self._places[listing.seller_sku]


def _item(listings: list[Listing]) -> Item:
    item_id = 2 * 10**9 + chance.number("shopee item", listings[0].fn_sku) % 10**9
    if len(listings) == 1:
        return Item(item_id, {0: listings[0]})
    return Item(item_id, {10**10 + chance.number("shopee model", one.fn_sku) % 10**9: one for one in listings})
