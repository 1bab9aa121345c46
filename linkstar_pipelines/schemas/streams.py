"""The raw tables of platform streams, made from the registry: one form per stream, one table per platform.

Belongs here: the form of each stream's observations, and the class of each platform's table.
Does not belong here: what a payload means. Personal data in payloads is masked before landing.
"""

from typing import Final

import dataframely as dy

from linkstar_pipelines.schemas import columns as c
from linkstar_pipelines.schemas import raw
from linkstar_pipelines.schemas.platforms import PLATFORMS, PlatformName, Stream


class RawOrders(dy.Schema):
    """Every distinct version of every order that a pull has seen. Rows are added, never changed."""

    platform = c.platform()
    store = c.store()
    order_id = c.key("The platform's order id.")
    payload_hash = c.digest("SHA-256 of the payload: the identity of this version.", primary_key=True)
    marketplace_id = c.text("Marketplace (site, region) the order was placed in.")
    created_at = c.instant("When the order was placed.")
    updated_at = c.instant("When the platform last changed it.")
    payload = c.text("The order as JSON, keys sorted, personal data masked.")
    observed_at = c.instant("When this version was first seen.")
    changed_on = c.changed_on()


class RawListings(dy.Schema):
    """The present state of every listing."""

    platform = c.platform()
    store = c.store()
    marketplace_id = c.key("Marketplace (site, region) of the listing.")
    listing_id = c.key("The platform's id of the listing, variant included.")
    seller_sku = c.text("The seller's own code as typed in the platform.", nullable=True)
    payload = c.text("The listing as JSON, keys sorted.")
    payload_hash = c.digest("SHA-256 of the payload.")
    observed_at = c.instant("When the listing was read.")


class RawInventory(dy.Schema):
    """The latest stock figure the platform shows for every listing."""

    platform = c.platform()
    store = c.store()
    marketplace_id = c.key("Marketplace (site, region) whose stock this is.")
    listing_id = c.key("The platform's id of the listing, variant included.")
    node_id = c.key("Warehouse as the platform names it; `-` where it names none.")
    seller_sku = c.text("The seller's own code as typed in the platform.", nullable=True)
    payload = c.text("The stock figure as JSON, keys sorted.")
    payload_hash = c.digest("SHA-256 of the payload.")
    observed_at = c.instant("The platform's own clock when the figure was read.")


class RawReturns(dy.Schema):
    """Every distinct version of every return. Rows are added, never changed."""

    platform = c.platform()
    store = c.store()
    return_id = c.key("The platform's id of the return.")
    payload_hash = c.digest("SHA-256 of the payload: the identity of this version.", primary_key=True)
    order_id = c.text("Order the return belongs to.", nullable=True)
    updated_at = c.instant("When the platform last changed it.")
    payload = c.text("The return as JSON, keys sorted, personal data masked.")
    observed_at = c.instant("When this version was first seen.")
    changed_on = c.changed_on()


class RawFinances(dy.Schema):
    """Every distinct version of every financial transaction. Rows are added, never changed."""

    platform = c.platform()
    store = c.store()
    transaction_id = c.key("The platform's id of the transaction; with its type where the id alone is not unique.")
    payload_hash = c.digest("SHA-256 of the payload: the identity of this version.", primary_key=True)
    transaction_status = c.text("State in the platform's own words.", nullable=True)
    posted_at = c.instant("When the transaction was posted.")
    payload = c.text("The transaction as JSON, keys sorted, numbers with exactly the digits they came with.")
    observed_at = c.instant("When this version was first seen.")
    changed_on = c.changed_on()


FORMS: Final[dict[Stream, type[dy.Schema]]] = {
    Stream.ORDERS: RawOrders,
    Stream.LISTINGS: RawListings,
    Stream.INVENTORY: RawInventory,
    Stream.RETURNS: RawReturns,
    Stream.FINANCES: RawFinances,
}
"""The form of each stream."""

_OWN_FORMS: Final[dict[tuple[str, Stream], type[dy.Schema]]] = {
    ("amazon", Stream.ORDERS): raw.RawAmazonOrders,
    ("amazon", Stream.LISTINGS): raw.RawAmazonListings,
    ("amazon", Stream.INVENTORY): raw.RawAmazonInventory,
    ("amazon", Stream.FINANCES): raw.RawAmazonFinances,
}


def _table_class(platform: PlatformName, stream: Stream) -> type[dy.Schema]:
    own = _OWN_FORMS.get((platform.name, stream))
    if own is not None:
        return own
    form = FORMS[stream]
    name = f"Raw{platform.name.title()}{stream.value.title()}"
    return type(name, (form,), {"__doc__": f"{platform.title}: {form.__doc__}", "__module__": __name__})


RAW_TABLES: Final[dict[tuple[str, Stream], type[dy.Schema]]] = {
    (platform.name, stream): _table_class(platform, stream)
    for platform in PLATFORMS.values()
    for stream in platform.streams
}
"""Schema class of every platform's raw tables."""

_IDENTITIES: Final = {
    Stream.ORDERS: "order_id",
    Stream.LISTINGS: "listing_id",
    Stream.INVENTORY: "listing_id",
    Stream.RETURNS: "return_id",
    Stream.FINANCES: "transaction_id",
}


def identity_of(platform: str, stream: Stream) -> str:
    """Return the column that identifies a record within its store; Amazon's listings have no id but the seller SKU."""
    schema, column = RAW_TABLES[platform, stream], _IDENTITIES[stream]
    return column if column in schema.column_names() else "seller_sku"
