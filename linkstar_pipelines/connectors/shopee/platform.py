"""Shopee as the product knows it.

Belongs here: `PLATFORM`, put together from this package. Does not belong here: any behaviour.
"""

from typing import Final

from linkstar_pipelines.connectors.platform import Platform
from linkstar_pipelines.connectors.shopee import forms, orders
from linkstar_pipelines.connectors.shopee.client import ShopeeClient
from linkstar_pipelines.connectors.shopee.listings import listings, stock
from linkstar_pipelines.connectors.shopee.operations import PLATFORM as NAME
from linkstar_pipelines.connectors.shopee.payments import payments
from linkstar_pipelines.connectors.shopee.push import receive
from linkstar_pipelines.connectors.shopee.records import RECORDS
from linkstar_pipelines.connectors.shopee.returns import returns
from linkstar_pipelines.connectors.shopee.store import ShopeeStore

PLATFORM: Final = Platform(
    name=NAME,
    store=ShopeeStore,
    client=ShopeeClient,
    streams=forms.STREAMS,
    records=RECORDS,
    orders=orders.FORM,
    listings=listings,
    stock=stock,
    returns=returns,
    payments=payments,
    receive=receive,
)
