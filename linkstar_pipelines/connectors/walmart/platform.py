"""Walmart as a platform: what the product knows of it, put together."""

from typing import Final

from linkstar_pipelines.connectors.platform import Platform
from linkstar_pipelines.connectors.walmart.client import WalmartClient
from linkstar_pipelines.connectors.walmart.forms import FORMS
from linkstar_pipelines.connectors.walmart.listings import listings, stock
from linkstar_pipelines.connectors.walmart.orders import FORM
from linkstar_pipelines.connectors.walmart.payments import payments
from linkstar_pipelines.connectors.walmart.push import receive
from linkstar_pipelines.connectors.walmart.records import RECORDS
from linkstar_pipelines.connectors.walmart.returns import returns
from linkstar_pipelines.connectors.walmart.store import WalmartStore

PLATFORM: Final = Platform(
    name="walmart",
    store=WalmartStore,
    client=WalmartClient,
    streams=FORMS,
    records=RECORDS,
    orders=FORM,
    listings=listings,
    stock=stock,
    returns=returns,
    payments=payments,
    receive=receive,
)
"""Walmart Marketplace."""
