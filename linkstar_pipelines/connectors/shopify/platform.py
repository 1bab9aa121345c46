"""Shopify as the product knows it.

Belongs here: `PLATFORM`, put together from the modules of this package. Does not belong here: anything else.
"""

from typing import Final

from linkstar_pipelines.connectors.platform import Platform
from linkstar_pipelines.connectors.shopify import orders
from linkstar_pipelines.connectors.shopify.client import ShopifyClient
from linkstar_pipelines.connectors.shopify.forms import STREAMS
from linkstar_pipelines.connectors.shopify.listings import listings, stock
from linkstar_pipelines.connectors.shopify.push import receive
from linkstar_pipelines.connectors.shopify.records import RECORDS
from linkstar_pipelines.connectors.shopify.store import ShopifyStore

PLATFORM: Final = Platform(
    name=ShopifyStore.platform,
    store=ShopifyStore,
    client=ShopifyClient,
    streams=STREAMS,
    records=RECORDS,
    orders=orders.FORM,
    listings=listings,
    stock=stock,
    receive=receive,
)
"""Shopify shops."""
