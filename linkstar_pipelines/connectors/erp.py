"""The one interface of all ERPs: what a client can be asked, and how its records become rows and catalogue records.

Belongs here: the types that `connectors/mabang/` and `connectors/tongtool/` fill in.
Does not belong here: any ERP, sending (`http.py`), or what is made of the records (`domain/products/`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import polars as pl

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import AccessCheck, Page, Payload, Window
from linkstar_pipelines.schemas.erps import ErpStream
from linkstar_pipelines.settings import StoreSettings


class ErpClient(Protocol):
    """Calls to one account. Every method raises the errors of `HttpCore.call`, and `CredentialError`."""

    @property
    def store(self) -> StoreSettings:
        """The account's settings."""
        ...

    @property
    def http(self) -> HttpCore:
        """The HTTP core the calls go through."""
        ...

    def check_access(self) -> AccessCheck:
        """Make one cheap real call and tell what it shows about clock and quota."""
        ...

    def read(self, stream: ErpStream, window: Window | None, reading: int) -> Iterator[Page]:
        """List a stream once, page by page; as `Client.read` of a platform."""
        ...


@dataclass(frozen=True)
class ErpForm:
    """How the records of a stream become raw rows.

    Attributes:
        identify: The ERP's own id of a record within its account; empty when it has none, which quarantines it.
        operation: Name of the listing operation, as in the call log.
        page_size: Records in a full page of reading 0.
        updated_at: When the record last changed, if it says.
        mask: Takes personal data out of a payload; must not change its argument.
    """

    identify: Callable[[Any], str]
    operation: str
    page_size: int
    updated_at: Callable[[Any], datetime | None] = field(default=lambda _: None)
    mask: Callable[[Payload], Payload] = field(default=lambda payload: payload)


CatalogReader = Callable[[pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]]
"""Reads raw rows of one stream (`schemas/erps.py`) into records (`domain/products/records.py`): good and rejected ones
(`domain/quarantine.py`). Pure."""


@dataclass(frozen=True)
class Erp:
    """All that the product knows of an ERP.

    Attributes:
        name: As registered in `schemas/erps.py`.
        store: Its settings class (environment `LINKSTAR_<ERP>_<ACCOUNT>_*`).
        client: Makes the client of one account.
        streams: How each stream's records become raw rows.
        records: By kind of record (`records.KINDS`), the streams that hold such records and how each is read.
    """

    name: str
    store: type[StoreSettings]
    client: Callable[[Any, HttpCore], ErpClient]
    streams: Mapping[ErpStream, ErpForm]
    records: Mapping[str, Sequence[tuple[ErpStream, CatalogReader]]]
