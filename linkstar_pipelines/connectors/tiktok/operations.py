"""TikTok Shop's operations as data: paths, limits, error codes, and how its answers speak.

Belongs here: facts of the API. No official document is at hand: paths, fields and signatures are those of public
client libraries; what is recalled and held by none of them says so.
Does not belong here: sending, signing, credentials.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from linkstar_pipelines.connectors.request import DecodeError, Decoder, FailureInBody, Headers, read_json
from linkstar_pipelines.storage.rate_budget import Plan

PLATFORM: Final = "tiktok"


@dataclass(frozen=True)
class Operation:
    """One operation: method, path (which is signed; may hold `{id}`), and what a good answer's `data` must hold."""

    name: str
    method: Literal["GET", "POST"]
    path: str
    required: tuple[str, ...] = ()
    of_shop: bool = True


REFRESH_TOKEN: Final = Operation(
    "refreshToken", "GET", "/api/v2/token/refresh",
    ("access_token", "access_token_expire_in", "refresh_token", "refresh_token_expire_in"), of_shop=False,
)  # fmt: skip
SHOPS: Final = Operation("getAuthorizedShops", "GET", "/authorization/202309/shops", ("shops",), of_shop=False)
ORDERS: Final = Operation("getOrderList", "POST", "/order/202309/orders/search", ("total_count",))
ORDER: Final = Operation("getOrderDetail", "GET", "/order/202507/orders")
PRODUCTS: Final = Operation("searchProducts", "POST", "/product/202502/products/search", ("total_count",))
INVENTORY: Final = Operation("inventorySearch", "POST", "/product/202309/inventory/search")
UPDATE_INVENTORY: Final = Operation("updateInventory", "POST", "/product/202309/products/{id}/inventory/update")
SHIP: Final = Operation("markPackageAsShipped", "POST", "/fulfillment/202610/orders/{id}/packages", ("package_id",))

PLAN: Final = Plan(30, 45)
"""Our own brake per operation and shop: recalled is a limit of 50 a second. What is too fast all the same is answered
and repeated."""
PAGE_SIZES: Final = (100, 87, 73)
"""Records on a page, by reading (at most 100: recalled): other page sizes put the page borders elsewhere."""
SKUS_AT_ONCE: Final = 100
"""SKUs of a product in one stock push: our own caution, no limit is stated."""

# Values of these may stand in the call log; cipher, tokens, signatures and whatever comes next are masked.
PUBLIC_PARAMS: Final = frozenset({"app_key", "timestamp", "page_size", "sort_field", "sort_order", "ids", "grant_type"})

# Error codes are recalled, not read in any document at hand; a code that is none of these is a plain refusal.
THROTTLED: Final = "36009002"
PLATFORM_FAULTS: Final = frozenset({"36009003", "36009007"})
"""Internal error, and a timeout inside the platform."""
TOKEN_REFUSED: Final = frozenset({"105000", "105001", "105002"})
"""The access token is absent, invalid or expired."""
NO_SCOPE: Final = "105005"
SIGN_REFUSED: Final = "106001"
SHOP_REFUSED: Final = frozenset({"106011", "106013"})
"""The shop cipher is invalid, or of a shop that did not authorise the app."""


def explain_error(document: Any) -> tuple[str, str]:
    """Return code and message of an answer; an empty code for a success, or where there is none."""
    if not isinstance(document, dict):
        return "", ""
    code = document.get("code")
    return str(code) if code else "", str(document.get("message") or "")


def envelope(required: Collection[str] = ()) -> Decoder:
    """Return a decoder of the envelope, which gives its `data`: HTTP 200 is a success only where `code` is 0.

    Args:
        required: Fields that `data` of a good answer must hold.
    """

    def decode(body: bytes, _: Headers) -> Any:
        document = read_json(body)
        if not isinstance(document, dict) or not isinstance(document.get("code"), int):
            raise DecodeError("the answer has no code")
        code, message = explain_error(document)
        if code:
            raise FailureInBody(_kind(code), code, message)
        data = document.get("data") or {}
        for field in required:
            if not isinstance(data, dict) or data.get(field) is None:
                raise DecodeError(f"the answer lacks 'data.{field}'")
        return data

    return decode


def _kind(code: str) -> Literal["rejected", "throttled", "platform_error"]:
    if code == THROTTLED:
        return "throttled"
    return "platform_error" if code in PLATFORM_FAULTS else "rejected"


def first_second(instant: datetime) -> int:
    """Write a bound of a half-open window the way TikTok does: the first whole second since 1970 that is not before it.

    Raises:
        ValueError: the instant has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone; pass UTC instants")
    return math.ceil(instant.timestamp())


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; empty where it is none, as TikTok leaves empty lists out."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
