"""The raw tables of platform streams, made from the registry: one form per stream, one table per platform.

Belongs here: which class each platform's table has. Does not belong here: the columns of a form (`raw.py`).
"""

from typing import Final

import dataframely as dy

from linkstar_pipelines.schemas import raw
from linkstar_pipelines.schemas.platforms import PLATFORMS, PlatformName, Stream

FORMS: Final[dict[Stream, type[dy.Schema]]] = {
    Stream.ORDERS: raw.RawOrders,
    Stream.LISTINGS: raw.RawListings,
    Stream.INVENTORY: raw.RawInventory,
    Stream.RETURNS: raw.RawReturns,
    Stream.FINANCES: raw.RawFinances,
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
