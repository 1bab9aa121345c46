"""Mabang as the product knows it.

Belongs here: `ERP`, put together from this package. Does not belong here: any behaviour.
"""

from typing import Final

from linkstar_pipelines.connectors.erp import Erp
from linkstar_pipelines.connectors.mabang import catalog
from linkstar_pipelines.connectors.mabang.client import MabangClient
from linkstar_pipelines.connectors.mabang.forms import FORMS
from linkstar_pipelines.connectors.mabang.operations import NAME
from linkstar_pipelines.connectors.mabang.store import MabangAccount
from linkstar_pipelines.schemas.erps import ErpStream

ERP: Final = Erp(
    name=NAME,
    store=MabangAccount,
    client=MabangClient,
    streams=FORMS,
    records={
        "products": ((ErpStream.PRODUCTS, catalog.products),),
        "kits": ((ErpStream.KITS, catalog.kits),),
        "pairings": ((ErpStream.PRODUCTS, catalog.named_listings), (ErpStream.ORDERS, catalog.sold_listings)),
        "suppliers": ((ErpStream.PRODUCTS, catalog.suppliers),),
    },
)
