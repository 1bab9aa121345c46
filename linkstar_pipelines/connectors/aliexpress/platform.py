"""AliExpress as the product knows it. Belongs here: the one description. Does not belong here: any of its parts."""

from typing import Final

from linkstar_pipelines.connectors.aliexpress.client import AliExpressClient
from linkstar_pipelines.connectors.aliexpress.forms import FORMS
from linkstar_pipelines.connectors.aliexpress.listings import listings, stock
from linkstar_pipelines.connectors.aliexpress.operations import PLATFORM as NAME
from linkstar_pipelines.connectors.aliexpress.orders import FORM
from linkstar_pipelines.connectors.aliexpress.payments import payments
from linkstar_pipelines.connectors.aliexpress.push import receive
from linkstar_pipelines.connectors.aliexpress.records import RECORDS
from linkstar_pipelines.connectors.aliexpress.returns import returns
from linkstar_pipelines.connectors.aliexpress.store import AliExpressStore
from linkstar_pipelines.connectors.platform import Platform

PLATFORM: Final = Platform(
    name=NAME,
    store=AliExpressStore,
    client=AliExpressClient,
    streams=FORMS,
    records=RECORDS,
    orders=FORM,
    listings=listings,
    stock=stock,
    returns=returns,
    payments=payments,
    receive=receive,
)
