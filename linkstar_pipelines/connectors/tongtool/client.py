"""The calls to one Tongtool account, as the product asks for them.

Belongs here: one signed call, page after page, and which queries make a stream.
Does not belong here: login (`auth.py`), whether a reading is whole (`connectors/complete.py`), or what a payload means.

Payloads come back as Tongtool wrote them, with one field beside: a product's `productType`, which Tongtool takes as a
question and does not repeat in the answer.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import SecretStr

from linkstar_pipelines.connectors.china_time import wall_clock
from linkstar_pipelines.connectors.errors import (
    ConnectorError,
    CredentialError,
    MalformedAnswerError,
    RequestRejectedError,
)
from linkstar_pipelines.connectors.fields import json_body, text_of
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import AccessCheck, Page, Window
from linkstar_pipelines.connectors.request import Answer, Request
from linkstar_pipelines.connectors.tongtool import operations as op
from linkstar_pipelines.connectors.tongtool.auth import Session, TongtoolAuth
from linkstar_pipelines.connectors.tongtool.store import TongtoolAccount
from linkstar_pipelines.schemas.erps import ErpStream

# Other page sizes put the page borders elsewhere, so that a skipped page hides other records each time.
_SHARES: Final = (1.0, 0.87, 0.73)
_MOST_REPEATS: Final = 25  # a faulty platform may serve a page again; an endless circle it must not become
_OPERATIONS: Final = {
    ErpStream.STOCK: op.STOCK,
    ErpStream.ORDERS: op.ORDERS,
    ErpStream.PURCHASES: op.PURCHASES,
    ErpStream.SUPPLIERS: op.SUPPLIERS,
}


class TongtoolClient:
    """Calls to one merchant account (see `ErpClient`)."""

    def __init__(self, store: TongtoolAccount, http: HttpCore) -> None:
        self.store = store
        self.http = http
        self._auth = TongtoolAuth(store, http)
        self._plan = op.plan(store.quota_calls, store.quota_seconds)

    def check_access(self) -> AccessCheck:
        """Ask for one warehouse, and compare the clocks. Costs one of the minute's calls."""
        return AccessCheck.of(self._call(op.WAREHOUSES, {"pageNo": 1, "pageSize": 1}))

    def read(self, stream: ErpStream, window: Window | None, reading: int) -> Iterator[Page]:
        """List one stream once (see `ErpClient.read`).

        Products are listed type by type, stock warehouse by warehouse, orders from each of the three places where they
        lie: Tongtool has no question for all of them. Suppliers cannot be bounded in time: a window is left out.

        Raises:
            ValueError: Tongtool has no such stream: its kits are products.
        """
        size = int(op.PAGE_SIZE * _SHARES[reading % len(_SHARES)])
        if stream is ErpStream.PRODUCTS:
            return self._products(window, size)
        if stream not in _OPERATIONS:
            raise ValueError(f"Tongtool has no stream of {stream}")
        if stream is ErpStream.STOCK:
            return self._stock(window, size)
        if stream is ErpStream.ORDERS:
            queries: list[Mapping[str, Any]] = [{"storeFlag": flag} for flag in op.STORE_FLAGS]
        else:
            queries = [{}]
        return self._listed(_OPERATIONS[stream], queries, window, size)

    def _products(self, window: Window | None, size: int) -> Iterator[Page]:
        for kind in op.PRODUCT_TYPES:
            for page in self._listed(op.PRODUCTS, [{"productType": kind}], window, size):
                yield Page([{**one, "productType": kind} if isinstance(one, dict) else one for one in page.records])

    def _stock(self, window: Window | None, size: int) -> Iterator[Page]:
        warehouses = [one for page in self._pages(op.WAREHOUSES, {}, size) for one in page.records]
        names = dict.fromkeys(filter(None, (text_of(one, "warehouseName") for one in warehouses)))
        yield from self._listed(op.STOCK, [{"warehouseName": name} for name in names], window, size)

    def _listed(
        self, operation: op.Operation, queries: list[Mapping[str, Any]], window: Window | None, size: int
    ) -> Iterator[Page]:
        bounds = _bounds(operation, window)
        for query in queries:
            yield from self._pages(operation.name, {**query, **bounds}, size)

    def _pages(self, operation: str, query: Mapping[str, Any], size: int) -> Iterator[Page]:
        """Ask for page after page until one is not full: Tongtool never tells how many there are.

        Raises:
            MalformedAnswerError: the same page came again and again.
        """
        number, repeats, before = 1, 0, ""
        while True:
            answer = self._call(operation, {**query, "pageNo": number, "pageSize": size})
            repeats, before = (repeats + 1 if answer.sha256 == before else 0), answer.sha256
            if repeats > _MOST_REPEATS:
                raise MalformedAnswerError(
                    "page after page is the same and full, so the list has no end. Run it later; if it stays, compare "
                    "Tongtool's API documentation with the connector.",
                    platform=op.PLATFORM, store=self.store.name, operation=operation,
                )  # fmt: skip
            yield Page(answer.data)
            if len(answer.data) < size:
                return
            number += 1

    def _call(self, operation: str, query: Mapping[str, Any]) -> Answer:
        """Make one call; if Tongtool says that the token is over, once more with a fresh one."""
        session = self._auth.session()
        try:
            return self.http.call(self._request(operation, query, session))
        except RequestRejectedError as error:
            if error.code != op.TOKEN_EXPIRED:
                raise self._accused(error) from None
        session = self._auth.session(refused=session)
        try:
            return self.http.call(self._request(operation, query, session))
        except RequestRejectedError as error:
            raise self._accused(error) from None

    def _request(self, operation: str, query: Mapping[str, Any], session: Session) -> Request:
        secrets: tuple[SecretStr, ...] = (self.store.secret_key, session.token)
        return Request(
            platform=op.PLATFORM,
            store=self.store.name,
            operation=operation,
            method="POST",
            url=f"{self.store.endpoint.rstrip('/')}{op.API_PATH}{operation}",
            headers={"Content-Type": "application/json", "Accept": "application/json", "api_version": op.API_VERSION},
            body=json_body({"merchantId": session.merchant_id, **query}),
            plan=self._plan,
            counted_by=session.merchant_id,
            counted_as=op.COUNTED_AS,
            asked={name: str(value) for name, value in query.items()},
            public_params=op.PUBLIC_PARAMS,
            secrets=secrets,
            decode=op.page,
            sign=lambda request: self._auth.signed(request, session.token),
            explain=op.explain,
        )

    def _accused(self, error: RequestRejectedError) -> ConnectorError:
        """Say what to do about a refusal that no repetition mends."""
        name = self.store.variable
        remedy = {
            op.SIGN_REFUSED: f"Check {name('secret_key')} and the clock of this machine; if they are right, set "
            f"{name('timestamp_unit')} to the other unit.",
            op.TOKEN_EXPIRED: f"A fresh token is refused, too: check {name('access_key')} and {name('secret_key')}.",
            op.NOT_AUTHORIZED: "The app may not use this interface: tick it for the app on open.tongtool.com, and have "
            "the merchant authorise the app again.",
            op.ACCOUNT_EXPIRED: "The merchant's Tongtool account has expired: renew it with Tongtool.",
        }.get(error.code)
        if remedy is None:
            return error
        return CredentialError(
            f"Tongtool refuses the account ({error.code}). {remedy}",
            platform=error.platform, store=error.store, operation=error.operation, trace_id=error.trace_id,
        )  # fmt: skip


def _bounds(operation: op.Operation, window: Window | None) -> dict[str, str]:
    """The fields that bound a query in time.

    That they are times of China, as elsewhere in Chinese ERPs, and that the end is included are not verified.
    """
    if window is None or operation.span is None:
        return {}
    start = {operation.span.start: wall_clock(window.start)}
    return start | ({operation.span.end: wall_clock(window.end)} if window.end is not None else {})
