"""Tongtool as the product sees it: the one place where its parts are put together.

Belongs here: `ERP`. Does not belong here: any part of it.
"""

from typing import Final

from linkstar_pipelines.connectors.erp import Erp
from linkstar_pipelines.connectors.tongtool import catalog
from linkstar_pipelines.connectors.tongtool import operations as op
from linkstar_pipelines.connectors.tongtool.client import TongtoolClient
from linkstar_pipelines.connectors.tongtool.forms import FORMS
from linkstar_pipelines.connectors.tongtool.store import TongtoolAccount
from linkstar_pipelines.schemas.erps import ErpStream

ERP: Final = Erp(
    name=op.PLATFORM,
    store=TongtoolAccount,
    client=TongtoolClient,
    streams=FORMS,
    records={
        "products": ((ErpStream.PRODUCTS, catalog.products),),
        "kits": ((ErpStream.PRODUCTS, catalog.kits),),
        "pairings": ((ErpStream.ORDERS, catalog.pairings),),
        "suppliers": ((ErpStream.PURCHASES, catalog.suppliers),),
    },
)
"""The ERP."""
