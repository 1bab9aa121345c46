"""Amazon as a platform: what the product knows of it, put together."""

from typing import Final

from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.amazon.forms import FORMS
from linkstar_pipelines.connectors.amazon.push import receive
from linkstar_pipelines.connectors.amazon.queue import open_queue
from linkstar_pipelines.connectors.amazon.records import RECORDS
from linkstar_pipelines.connectors.amazon.returns import returns
from linkstar_pipelines.connectors.platform import Platform
from linkstar_pipelines.domain import amazon_listings, amazon_orders
from linkstar_pipelines.settings import AmazonStore

PLATFORM: Final = Platform(
    name="amazon",
    store=AmazonStore,
    client=AmazonClient,
    streams=FORMS,
    records=RECORDS,
    orders=amazon_orders.FORM,
    listings=amazon_listings.listings,
    returns=returns,
    receive=receive,
    queue=open_queue,
)
"""Amazon. Its stock is read by `domain/positions.py`, its money by `domain/settlement.py`."""
