"""Tongtool's operations as data: paths, codes, limits, times, and how its answers speak.

Belongs here: facts of Tongtool's open platform (ERP 2.0). Does not belong here: sending, paging, credentials.

Nobody outside Tongtool can read all of its documentation; what is not verified says so.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from linkstar_pipelines.connectors.request import DecodeError, Decoder, FailureInBody, Headers, read_json
from linkstar_pipelines.storage.rate_budget import Plan

PLATFORM: Final = "tongtool"
TOKEN_PATH: Final = "/open-platform-service/devApp/appToken"  # noqa: S105  # a path
BUYERS_PATH: Final = "/open-platform-service/partnerOpenInfo/getAppBuyerList"
API_PATH: Final = "/api-service/openapi/tongtool/"
API_VERSION: Final = "3.0"

WAREHOUSES: Final = "warehouseQuery"
PAGE_SIZE: Final = 100

OK: Final = "200"
SIGN_REFUSED: Final = "519"
TOKEN_EXPIRED: Final = "523"  # noqa: S105  # a code
NOT_AUTHORIZED: Final = "524"
TOO_MANY: Final = "526"
SYSTEM_FAULT: Final = "527"
ACCOUNT_EXPIRED: Final = "999999"

COUNTED_AS: Final = "erp2"
"""The budget's name: all operations of a merchant, whichever of its apps asks, are counted together."""

PRODUCT_TYPES: Final = {"0": "plain", "1": "variants", "2": "bundle"}
BUNDLE: Final = "2"
STORE_FLAGS: Final = ("0", "1", "2")
"""Where orders lie: those of three months, those up to fifteen, and the archive."""
DELETED: Final = "1"
"""`status` of a deleted product; null or 0 otherwise."""
VOID: Final = "4"
"""`status` of a purchase order that was called off."""

PUBLIC_PARAMS: Final = frozenset({"timestamp"})
"""Query parameters whose values may stand in the call log."""

COST_CURRENCY: Final = "CNY"
"""Currency of costs of products, as the documentation of `createProduct` names it."""


@dataclass(frozen=True)
class Span:
    """Names of the two fields of a query that bound the time of change."""

    start: str = "updatedDateFrom"
    end: str = "updatedDateTo"


@dataclass(frozen=True)
class Operation:
    """A query: its name in the address, how it is bounded in time (None where it cannot be)."""

    name: str
    span: Span | None = Span()


PRODUCTS: Final = Operation("goodsQuery", Span("updatedDateBegin", "updatedDateEnd"))
STOCK: Final = Operation("stocksQuery")
ORDERS: Final = Operation("ordersQuery")
PURCHASES: Final = Operation("purchaseOrderQuery")
SUPPLIERS: Final = Operation("supplierQuery", None)


def plan(calls: int, seconds: float) -> Plan:
    """Return the plan of a merchant that is granted so many calls in so many seconds.

    Whether Tongtool counts by the clock or from the first call is not verified, so calls are spread: no span of that
    length, wherever it begins, holds more than are granted.
    """
    return Plan(calls / seconds, 1, seconds)


def page(body: bytes, _: Headers) -> list[Any]:
    """Decode one page of a query: its `datas.array`.

    Raises:
        DecodeError: the body is cut or lacks the list.
        FailureInBody: the code says failure, whatever the HTTP status says.
    """
    document = _envelope(body, (OK,))
    datas = document.get("datas")
    array = datas.get("array") if isinstance(datas, dict) else None
    if not isinstance(array, list):
        raise DecodeError("the answer lacks 'datas.array'")
    return array


def platform_answer(kind: type[Any]) -> Decoder:
    """Return a decoder of the open platform's own answers (`{success, code: 0, datas}`): their `datas`, of a type."""

    def decode(body: bytes, _: Headers) -> Any:
        document = _envelope(body, ("0", OK))
        if document.get("success") is not True:
            raise FailureInBody("rejected", str(document.get("code", "")), str(document.get("message") or ""))
        if not isinstance(document.get("datas"), kind) or not document["datas"]:
            raise DecodeError("the answer lacks 'datas'")
        return document["datas"]

    return decode


def explain(document: object) -> tuple[str, str]:
    """Return code and message of an answer."""
    if not isinstance(document, dict):
        return "", ""
    return str(document.get("code", "")), str(document.get("message") or "")


def _envelope(body: bytes, good: Collection[str]) -> dict[str, Any]:
    document = read_json(body)
    if not isinstance(document, dict) or "code" not in document:
        raise DecodeError("the answer lacks 'code'")
    code, message = explain(document)
    if code in good:
        return document
    if code == TOO_MANY:
        raise FailureInBody("throttled", code, message)
    raise FailureInBody("platform_error" if code == SYSTEM_FAULT else "rejected", code, message)
