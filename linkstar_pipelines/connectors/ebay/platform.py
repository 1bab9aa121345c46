"""eBay as the product knows it.

Belongs here: `PLATFORM`, put together from the modules of this package. Does not belong here: anything else.
"""

from typing import Final

from linkstar_pipelines.connectors.ebay import operations as op
from linkstar_pipelines.connectors.ebay import orders
from linkstar_pipelines.connectors.ebay.client import EbayClient
from linkstar_pipelines.connectors.ebay.forms import STREAMS
from linkstar_pipelines.connectors.ebay.listings import skus, stock
from linkstar_pipelines.connectors.ebay.payments import payments
from linkstar_pipelines.connectors.ebay.push import receive
from linkstar_pipelines.connectors.ebay.returns import returns
from linkstar_pipelines.connectors.ebay.store import EbayStore
from linkstar_pipelines.connectors.platform import Platform
from linkstar_pipelines.schemas.platforms import Stream

PLATFORM: Final = Platform(
    name=EbayStore.platform,
    store=EbayStore,
    client=EbayClient,
    streams=STREAMS,
    orders=orders.FORM,
    skus=skus,
    stock=stock,
    returns=returns,
    payments=payments,
    # A listing is put together from two answers, so that no one body holds it.
    bodies={
        op.GET_ORDERS.name: (Stream.ORDERS, "orders"),
        op.GET_ORDER.name: (Stream.ORDERS, ""),
        op.GET_RETURN.name: (Stream.RETURNS, ""),
        op.GET_TRANSACTIONS.name: (Stream.FINANCES, "transactions"),
    },
    receive=receive,
)
