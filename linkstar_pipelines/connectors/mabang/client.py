"""Mabang's calls for one account, in the words that all ERPs share.

Belongs here: the methods of `ErpClient`. Does not belong here: single calls and pages (`calls.py`).

Stock is told only for SKUs that are asked for, or for those changed on a day: all of it is read SKU by SKU, in the
order of the products.
"""

from collections.abc import Iterator
from datetime import timedelta

from linkstar_pipelines.connectors.china_time import wall_clock
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.mabang import operations as op
from linkstar_pipelines.connectors.mabang.calls import MabangCalls
from linkstar_pipelines.connectors.mabang.forms import sku_of
from linkstar_pipelines.connectors.mabang.store import MabangAccount
from linkstar_pipelines.connectors.platform import AccessCheck, Page, Window
from linkstar_pipelines.schemas.erps import ErpStream


class MabangClient:
    """Calls to one account; see `ErpClient`."""

    def __init__(self, account: MabangAccount, http: HttpCore) -> None:
        self._calls = MabangCalls(account, http)

    @property
    def store(self) -> MabangAccount:
        """The account's settings."""
        return self._calls.account

    @property
    def http(self) -> HttpCore:
        """The HTTP core the calls go through."""
        return self._calls.http

    def check_access(self) -> AccessCheck:
        """Ask for one product; Mabang states no rate."""
        return AccessCheck.of(self._calls.ask(op.PRODUCTS, {"maxRows": "1"}))

    def read(self, stream: ErpStream, window: Window | None, reading: int) -> Iterator[Page]:
        """List a stream once; see `ErpClient.read`.

        Raises:
            ValueError: orders are asked for without a window.
        """
        calls, size = self._calls, op.PAGE_SIZES[reading % len(op.PAGE_SIZES)]
        if stream is ErpStream.PRODUCTS:
            return calls.by_cursor(op.PRODUCTS, {}, size)
        if stream is ErpStream.KITS:
            return calls.by_cursor(op.KITS, {}, size)
        if stream is ErpStream.STOCK:
            return self._stock(min(size, op.SKUS_AT_ONCE))
        if stream is ErpStream.PURCHASES:
            return calls.by_number(op.PURCHASES, {})
        if stream is ErpStream.SUPPLIERS:
            rows = op.SUPPLIER_PAGE_SIZES[reading % len(op.SUPPLIER_PAGE_SIZES)]
            return calls.by_number(op.SUPPLIERS, {"rowPerPage": str(rows)})
        if window is None:
            raise ValueError("Mabang lists orders by the time of their change: name a window")
        return calls.by_cursor(op.ORDERS, _bounds(window), size)

    def _stock(self, size: int) -> Iterator[Page]:
        for products in self._calls.by_cursor(op.PRODUCTS, {}, size):
            asked = sorted({sku.strip() for sku in map(sku_of, products.records) if sku.strip()})
            if asked:
                yield from self._calls.by_number(op.STOCK, {"stockSkus": ",".join(asked)})


def _bounds(window: Window) -> dict[str, str]:
    """Write a window; whether Mabang counts the end in is unknown, so the whole second after it is asked for too."""
    bounds = {"updateTimeStart": wall_clock(window.start)}
    if window.end is not None:
        bounds["updateTimeEnd"] = wall_clock(window.end + timedelta(seconds=1))
    return bounds
