"""Facts of Shopify's documentation: operations, costs, limits, page sizes, error codes, ids and instants.

Belongs here: what is the same for every shop. Does not belong here: sending (`calls.py`), documents (`queries.py`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from linkstar_pipelines.connectors.request import DecodeError, Decoder, FailureInBody, Headers, read_json
from linkstar_pipelines.connectors.shopify import queries

PLATFORM: Final = "shopify"


@dataclass(frozen=True)
class Operation:
    """One call.

    Attributes:
        name: As in the call log.
        root: Field of the answer's `data` that holds what was asked for.
        document: GraphQL text.
        cost: Points that it usually needs. Shopify takes what it may cost at most, and gives the rest back at once.
        idempotent: Whether it may be sent twice.
    """

    name: str
    root: str
    document: str
    cost: int
    idempotent: bool = True


SHOP: Final = Operation("shop", "currentAppInstallation", queries.SHOP, 5)
ORDERS: Final = Operation("orders", "orders", queries.ORDERS, 250)
ORDERS_COUNT: Final = Operation("ordersCount", "ordersCount", queries.ORDERS_COUNT, 5)
ORDER: Final = Operation("order", "order", queries.ORDER, 30)
ORDER_LINES: Final = Operation("orderLines", "order", queries.ORDER_LINES, 300)
VARIANTS: Final = Operation("productVariants", "productVariants", queries.VARIANTS, 760)
VARIANTS_COUNT: Final = Operation("productVariantsCount", "productVariantsCount", queries.VARIANTS_COUNT, 5)
STOCK: Final = Operation("productVariantStock", "productVariants", queries.STOCK, 200)
LEVELS: Final = Operation("inventoryLevels", "inventoryItem", queries.LEVELS, 60)
LEVEL: Final = Operation("inventoryLevel", "productVariant", queries.LEVEL, 10)
SET_QUANTITIES: Final = Operation("inventorySetQuantities", "inventorySetQuantities", queries.SET_QUANTITIES, 15)
SHIPPABLE: Final = Operation("fulfillmentOrders", "order", queries.SHIPPABLE, 40)
CREATE_FULFILLMENT: Final = Operation(
    "fulfillmentCreate", "fulfillmentCreate", queries.CREATE_FULFILLMENT, 15, idempotent=False
)

ORDER_PAGES: Final = (10, 9, 7)
"""Orders per page, by reading: another size puts the page borders elsewhere."""
VARIANT_PAGES: Final = (250, 217, 183)
STOCK_PAGES: Final = (20, 17, 14)

RESTORE_RATE: Final = 100.0
"""Points that come back in a second on the smallest plan, until an answer says more."""
MOST_POINTS: Final = 1000.0
"""Points that a shop holds at most on the smallest plan (R), until an answer says more."""

OLDEST_WITHOUT_SCOPE: Final = timedelta(days=60)
ALL_ORDERS: Final = "read_all_orders"
"""Scope without which Shopify leaves out orders of more than 60 days (R), without a word."""

NOT_PROCESSED: Final = "THROTTLED"
NOT_ALLOWED: Final = "ACCESS_DENIED"
PLATFORM_FAULTS: Final = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT"})
EXACT: Final = "EXACT"


def decoder(operation: Operation, version: str | None = None) -> Decoder:
    """Return the decoder of an operation: HTTP 200 is what Shopify answers whatever became of a request.

    A failure is: an error beside the data or without any; a search whose terms Shopify did not understand (it leaves
    them out and finds more); an answer in another version than was asked for (it falls back to one it still speaks).
    `userErrors` stay in the data: they are an answer to one change.

    Args:
        operation: What was asked.
        version: Version that was asked for; None for a kept answer, of which it is known.
    """

    def decode(body: bytes, headers: Headers) -> Any:
        spoken = headers.get("x-shopify-api-version", version)
        if version is not None and spoken != version:
            raise FailureInBody("rejected", "API_VERSION", f"Shopify answers in version {spoken}, not in {version}")
        document = read_json(body)
        if not isinstance(document, dict):
            raise DecodeError("the answer is no object")
        _raise_errors(document.get("errors"))
        _raise_warnings(_inside(document, "extensions", "search"))
        data = document.get("data")
        if not isinstance(data, dict) or operation.root not in data:
            raise DecodeError(f"the answer lacks 'data.{operation.root}'")
        return document

    return decode


def _raise_errors(errors: Any) -> None:
    if not errors:
        return
    code, message = explain_error({"errors": errors})
    if code == NOT_PROCESSED:
        raise FailureInBody("throttled", code, message)
    raise FailureInBody("platform_error" if code in PLATFORM_FAULTS else "rejected", code, message)


def _raise_warnings(searches: Any) -> None:
    for search in searches if isinstance(searches, list) else []:
        if _inside(search, "warnings"):
            raise FailureInBody("rejected", "SEARCH_WARNING", "Shopify did not understand a term of the search")


def explain_error(document: Any) -> tuple[str, str]:
    """Return code and message of the first error; `errors` is a text where no query was reached (401, 404)."""
    errors = _inside(document, "errors")
    first = errors[0] if isinstance(errors, list) and errors else errors
    if not isinstance(first, dict):
        return "", str(first or "")
    code = _inside(first, "extensions", "code")
    return str(code or ""), str(first.get("message") or "")


def explain_user_errors(result: Any) -> str:
    """Return Shopify's words on what it refused of a change; empty when it took it."""
    errors = _inside(result, "userErrors") or []
    words = ((_inside(error, "code"), _inside(error, "message")) for error in errors)
    return "; ".join(": ".join(str(part) for part in parts if part) for parts in words)


def gid(kind: str, number: str) -> str:
    """Write a plain id as Shopify's global one."""
    return f"gid://shopify/{kind}/{number}"


def plain_id(value: Any) -> str | None:
    """Return the number of a global id, such as `123` of `gid://shopify/Order/123`; None when it is none."""
    number = value.rpartition("/")[2].partition("?")[0] if isinstance(value, str) else ""
    return number if number.isascii() and number.isdigit() else None


def format_instant(moment: datetime) -> str:
    """Write an instant as searches want it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(text: Any) -> datetime | None:
    """Read an instant with its offset; None when the text is none."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def _inside(value: Any, *path: str) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value
