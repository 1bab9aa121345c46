"""Products and SKUs: how the listings of an account look on TikTok Shop.

Here: ids, and which listings are the SKUs of one product: in turn, one listing is a product of its own, and the next
two are the SKUs of one product.
Not here: stock and prices (see `products`).
"""

from dataclasses import dataclass
from functools import cached_property

from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.catalog import Listing
from linkstar_pipelines.sandbox.world.store import Store


@dataclass(frozen=True)
class Product:
    """One product; `skus` maps SKU ids to listings."""

    id: str
    skus: dict[str, Listing]


@dataclass(frozen=True)
class Place:
    """Where a listing is found."""

    product_id: str
    sku_id: str


class Catalog:
    """The products of one shop, in their order."""

    def __init__(self, store: Store) -> None:
        self._listings = store.listings

    @cached_property
    def products(self) -> dict[str, Product]:
        """Every product by its id."""
        found: dict[str, Product] = {}
        position = 0
        while position < len(self._listings):
            size = 1 if len(found) % 2 == 0 else 2
            product = _product(self._listings[position : position + size])
            found[product.id] = product
            position += size
        return found

    @cached_property
    def _places(self) -> dict[str, Place]:
        return {
            listing.seller_sku: Place(product.id, sku_id)
            for product in self.products.values()
            for sku_id, listing in product.skus.items()
        }

    def place(self, listing: Listing) -> Place:
        """Find a listing."""
        return self._places[listing.seller_sku]


def _product(listings: list[Listing]) -> Product:
    skus = {_id("sku", listing): listing for listing in listings}
    return Product(_id("product", listings[0]), skus)


def _id(kind: str, listing: Listing) -> str:
    return f"1729{chance.number('tiktok', kind, listing.fn_sku) % 10**15:015d}"
