"""Amazon as a platform: what the product knows of it, put together."""

from typing import Final

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.amazon.forms import FORMS
from linkstar_pipelines.connectors.platform import Platform
from linkstar_pipelines.domain import amazon_listings, amazon_orders
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.settings import AmazonStore

PLATFORM: Final = Platform(
    name="amazon",
    store=AmazonStore,
    client=AmazonClient,
    streams=FORMS,
    orders=amazon_orders.FORM,
    skus=amazon_listings.skus,
    bodies={
        op.SEARCH_ORDERS.name: (Stream.ORDERS, "orders"),
        op.SEARCH_LISTINGS.name: (Stream.LISTINGS, "items"),
        op.LIST_TRANSACTIONS.name: (Stream.FINANCES, "payload.transactions"),
    },
)
"""Amazon. Its stock is read by `domain/positions.py`, its money by `domain/settlement.py`."""
