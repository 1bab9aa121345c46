"""Mabang's interfaces as data: names, pages, limits, and how its answers speak.

Belongs here: facts of the gateway. Names of interfaces and parameters are those of Mabang's documentation and of
public programs; what is recalled and held by none of them says so.
Does not belong here: sending, signing, credentials.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from linkstar_pipelines.connectors.request import DecodeError, FailureInBody, Headers, read_json

NAME: Final = "mabang"


@dataclass(frozen=True)
class Interface:
    """One interface that lists: its name on the wire, and what is asked for beside the page."""

    name: str
    query: Mapping[str, str] = field(default_factory=dict)


PRODUCTS: Final = Interface("stock-do-search-sku-list-new", {"showProvider": "1"})
KITS: Final = Interface("stock-do-search-combo-sku")
STOCK: Final = Interface("stock-get-stock-quantity")
ORDERS: Final = Interface("order-get-order-list-new", {"canSend": "3"})
"""`canSend` 3 asks for normal and for exceptional orders."""
PURCHASES: Final = Interface("pur-get-purchase-list")
SUPPLIERS: Final = Interface("pur-do-get-provider")

PAGE_SIZES: Final = (200, 174, 146)
"""Records on a page, by reading: other sizes put the page borders elsewhere. Up to 1,000 orders were seen in use."""
SUPPLIER_PAGE_SIZES: Final = (50, 43, 37)
SKUS_AT_ONCE: Final = 100
"""Most SKUs in one question for stock."""
CALLS_AT_ONCE: Final = 5
"""Our own brake beside the calls in a minute."""

SIGNATURE: Final = "signature"
TIMESTAMP: Final = "timestamp"
APP_KEY: Final = "appkey"

# Mabang publishes no error codes: these words in a message are recalled. A refusal without any of them stays a plain
# one, and a fault of the gateway is told by its form (`decode`).
_SUBJECTS: Final = {
    TIMESTAMP: ("timestamp", "时间戳"),
    APP_KEY: ("appkey", "app key", "开发者"),
    SIGNATURE: ("authorization", "signature", "sign error", "签名", "鉴权"),
}
_THROTTLED: Final = ("频繁", "限流", "too many", "limit exceeded")
_SUCCESSES: Final = frozenset({"200", "0"})
"""Codes of a success; 0 is one only where there are data, for faults of the gateway carry it too."""


def explain(document: Any) -> tuple[str, str]:
    """Return code and message of an answer; empty texts where there are none."""
    if not isinstance(document, dict):
        return "", ""
    return str(document.get("code") or ""), str(document.get("message") or "")


def decode(body: bytes, _: Headers) -> Any:
    """Read an answer and return its `data`.

    Raises:
        DecodeError: it is no answer of the gateway, or a success without data.
        FailureInBody: it tells a failure, also where it looks like a success: code 0, a message, and null data.
    """
    document = read_json(body)
    if not isinstance(document, dict) or document.get("code") is None:
        raise DecodeError("the answer has no code")
    code, message = str(document["code"]), str(document.get("message") or "")
    data = document.get("data")
    if code in _SUCCESSES and isinstance(data, dict | list):
        return data
    if code == "200":
        raise DecodeError("the answer has no data")
    raise FailureInBody(_kind(code, message), _named(code, message), message)


def subject_of(code: str) -> str:
    """Return what a refusal is about (`SIGNATURE`, `TIMESTAMP`, `APP_KEY`), from its code as `decode` gives it."""
    return code.partition(" ")[2]


def _named(code: str, message: str) -> str:
    """Put what a message is about beside its code, which says nothing."""
    said = message.lower()
    subject = next((name for name, words in _SUBJECTS.items() if any(word in said for word in words)), "")
    return f"{code} {subject}".strip()


def _kind(code: str, message: str) -> Literal["rejected", "throttled", "platform_error"]:
    if any(word in message.lower() for word in _THROTTLED):
        return "throttled"
    if subject_of(_named(code, message)):
        return "rejected"
    return "platform_error" if code == "0" else "rejected"
