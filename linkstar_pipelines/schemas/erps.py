"""The ERPs that a seller can move in from: the one place where an ERP with an API is registered.

Belongs here: names, titles, streams and the form of their raw tables; assets, checks and settings are made from these
lines. Does not belong here: how an ERP is asked (`connectors/<erp>/`), or what its records mean (the same package).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import dataframely as dy

from linkstar_pipelines.schemas import columns as c


class ErpStream(StrEnum):
    """What an ERP can be asked for."""

    PRODUCTS = "products"
    KITS = "kits"
    STOCK = "stock"
    ORDERS = "orders"
    PURCHASES = "purchases"
    SUPPLIERS = "suppliers"


@dataclass(frozen=True)
class ErpName:
    """An ERP as people call it, and the streams it offers."""

    name: str
    title: str
    title_zh: str
    streams: tuple[ErpStream, ...] = tuple(ErpStream)


ERPS: Final[dict[str, ErpName]] = {
    erp.name: erp
    for erp in (
        ErpName("mabang", "Mabang", "马帮"),
        ErpName(
            "tongtool", "Tongtool", "通途",
            (ErpStream.PRODUCTS, ErpStream.STOCK, ErpStream.ORDERS, ErpStream.PURCHASES, ErpStream.SUPPLIERS),
        ),  # bundles are products there
    )
}  # fmt: skip
"""Every ERP by name."""


class RawErpRecords(dy.Schema):
    """One row per record of an ERP's account: its newest version, as the ERP wrote it."""

    account = c.key("Account of the ERP, named by you.")
    record_id = c.key("The ERP's own id of the record.")
    payload = c.text("The record as JSON, personal data masked.")
    payload_hash = c.digest("Hash of the record as it came.")
    updated_at = c.instant("When the ERP says it last changed.", nullable=True)
    observed_at = c.instant("When it was read.")


def _table_class(erp: ErpName, stream: ErpStream) -> type[dy.Schema]:
    name = f"Raw{erp.name.title()}{stream.value.title()}"
    doc = f"{erp.title}, {stream.value}: {RawErpRecords.__doc__}"
    return type(name, (RawErpRecords,), {"__doc__": doc, "__module__": __name__})


ERP_TABLES: Final[dict[tuple[str, ErpStream], type[dy.Schema]]] = {
    (erp.name, stream): _table_class(erp, stream) for erp in ERPS.values() for stream in erp.streams
}
"""Schema class of every ERP's raw tables."""
