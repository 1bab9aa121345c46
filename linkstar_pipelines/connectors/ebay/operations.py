"""eBay's operations as data: paths, limits, page sizes, and how its answers speak.

Belongs here: facts of the official models (Fulfillment v1.20, Inventory v1.18, Finances v1.17, Notification v1) and of
the documentation of the Post-Order API v2. What is recalled and not verified is marked R.
Does not belong here: sending, paging, credentials.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from linkstar_pipelines.connectors.request import Decoder, Headers, json_with, read_json
from linkstar_pipelines.storage.rate_budget import Plan

PLATFORM: Final = "ebay"
_DAY_SECONDS: Final = 86_400


def _daily(calls: int) -> Plan:
    """Spread a daily limit: a fifth at once, the rest evenly over the day; both together never exceed it."""
    return Plan(0.8 * calls / _DAY_SECONDS, 0.2 * calls)


@dataclass(frozen=True)
class Operation:
    """One operation: its name in the model, method, path, share of the daily limit, and what an answer must hold.

    `auth` is the scheme of the authorization header.
    """

    name: str
    method: str
    path: str
    plan: Plan
    required: tuple[str, ...] = ()
    auth: str = "Bearer"


_FULFILLMENT: Final = "/sell/fulfillment/v1"
_INVENTORY: Final = "/sell/inventory/v1"
_POST_ORDER: Final = "/post-order/v2"
# Calls per application and day, shared by the operations of an API.
_FULFILLMENT_SHARE: Final = 25_000  # a quarter of 100,000 (R)
_INVENTORY_SHARE: Final = 500_000  # a quarter of 2,000,000 (R)
_RETURNS_LIMIT: Final = 5_000  # R
_FINANCES_LIMIT: Final = 15_000
_NOTIFICATION_LIMIT: Final = 10_000

GET_ORDERS: Final = Operation("getOrders", "GET", f"{_FULFILLMENT}/order", _daily(_FULFILLMENT_SHARE), ("total",))
GET_ORDER: Final = Operation("getOrder", "GET", f"{_FULFILLMENT}/order/{{}}", _daily(_FULFILLMENT_SHARE), ("orderId",))
GET_SHIPMENTS: Final = Operation(
    "getShippingFulfillments", "GET", f"{_FULFILLMENT}/order/{{}}/shipping_fulfillment", _daily(_FULFILLMENT_SHARE),
    ("fulfillments",),
)  # fmt: skip
CREATE_SHIPMENT: Final = Operation(
    "createShippingFulfillment", "POST", f"{_FULFILLMENT}/order/{{}}/shipping_fulfillment", _daily(_FULFILLMENT_SHARE)
)
GET_ITEMS: Final = Operation(
    "getInventoryItems", "GET", f"{_INVENTORY}/inventory_item", _daily(_INVENTORY_SHARE), ("total",)
)
GET_OFFERS: Final = Operation("getOffers", "GET", f"{_INVENTORY}/offer", _daily(_INVENTORY_SHARE), ("offers",))
PUSH_STOCK: Final = Operation(
    "bulkUpdatePriceQuantity", "POST", f"{_INVENTORY}/bulk_update_price_quantity", _daily(_INVENTORY_SHARE),
    ("responses",),
)  # fmt: skip
GET_TRANSACTIONS: Final = Operation(
    "getTransactions", "GET", "/sell/finances/v1/transaction", _daily(_FINANCES_LIMIT), ("transactions",)
)
POST_ORDER_AUTH: Final = "IAF"  # R
SEARCH_RETURNS: Final = Operation(
    "searchReturns", "GET", f"{_POST_ORDER}/return/search", _daily(_RETURNS_LIMIT), auth=POST_ORDER_AUTH
)
GET_RETURN: Final = Operation(
    "getReturn", "GET", f"{_POST_ORDER}/return/{{}}", _daily(_RETURNS_LIMIT), ("summary",), auth=POST_ORDER_AUTH
)
GET_PUBLIC_KEY: Final = Operation(
    "getPublicKey", "GET", "/commerce/notification/v1/public_key/{}", _daily(_NOTIFICATION_LIMIT), ("key",)
)

# Other page sizes put the page borders elsewhere, so that a skipped page hides other records each time.
ORDER_PAGES: Final = (200, 173, 149)
ITEM_PAGES: Final = (200, 173, 149)
FINANCE_PAGES: Final = (200, 173, 149)  # the parameter's text allows 1,000, the answer's text 200
RETURN_PAGES: Final = (200, 173, 149)  # R
LONGEST_ORDER_WINDOW: Final = timedelta(days=365)  # eBay allows two years and reaches back no further
LONGEST_FINANCE_WINDOW: Final = timedelta(days=90)
LONGEST_RETURN_WINDOW: Final = timedelta(days=90)
RETURN_LIFE: Final = timedelta(days=60)  # R: returns can be searched by creation only; later changes are rare
MOST_STOCK_CHANGES: Final = 25
INSTANT: Final = timedelta(milliseconds=1)  # both ends of eBay's date ranges are inclusive, to the millisecond

NO_SUCH_ORDER: Final = "32100"
APPLICATION_SCOPE: Final = "https://api.ebay.com/oauth/api_scope"

# Values of these may stand in the call log.
PUBLIC_PARAMS: Final = frozenset({
    "filter", "limit", "offset", "sort", "fieldGroups", "sku", "creation_date_range_from", "creation_date_range_to",
})  # fmt: skip


def decoder(operation: Operation) -> Decoder:
    """Return the decoder of an operation; no body is an answer too where eBay has nothing to tell (204, 201)."""
    whole = json_with(*operation.required)

    def decode(body: bytes, headers: Headers) -> Any:
        if operation in {GET_TRANSACTIONS, CREATE_SHIPMENT} and not body:
            return {}
        return whole(body, headers) if operation.required else read_json(body)

    return decode


def parse_instant(value: Any) -> datetime | None:
    """Read an instant as eBay writes it; None for what is none."""
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (TypeError, ValueError):
        return None


def explain_error(document: Any) -> tuple[str, str]:
    """Return code and message of an error answer: eBay's envelope, or the token endpoint's form (RFC 6749)."""
    if not isinstance(document, dict):
        return "", ""
    if isinstance(document.get("error"), str):
        return document["error"], str(document.get("error_description", ""))
    return explain_entry(document.get("errors") or document.get("error"))


def explain_entry(errors: Any) -> tuple[str, str]:
    """Return code and message of the first entry of an `errors` list."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else {}
    message = str(first.get("longMessage") or first.get("message") or "")
    return str(first.get("errorId", "")), message
