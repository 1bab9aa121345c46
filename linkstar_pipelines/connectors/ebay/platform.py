"""eBay as the product knows it.

Belongs here: `PLATFORM`, put together from the modules of this package. Does not belong here: anything else.
"""

from typing import Final

from linkstar_pipelines.connectors.ebay import orders
from linkstar_pipelines.connectors.ebay.client import EbayClient
from linkstar_pipelines.connectors.ebay.forms import STREAMS
from linkstar_pipelines.connectors.ebay.listings import listings, stock
from linkstar_pipelines.connectors.ebay.payments import payments
from linkstar_pipelines.connectors.ebay.push import challenge, receive
from linkstar_pipelines.connectors.ebay.records import RECORDS
from linkstar_pipelines.connectors.ebay.returns import returns
from linkstar_pipelines.connectors.ebay.store import EbayStore
from linkstar_pipelines.connectors.platform import Platform

PLATFORM: Final = Platform(
    name=EbayStore.platform,
    store=EbayStore,
    client=EbayClient,
    streams=STREAMS,
    records=RECORDS,
    orders=orders.FORM,
    listings=listings,
    stock=stock,
    returns=returns,
    payments=payments,
    receive=receive,
    challenge=challenge,
)
