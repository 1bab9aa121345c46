"""Shopee's operations as data: paths, limits, error codes, and how its answers speak.

Belongs here: facts of the API reference (open.shopee.com/documents/v2). What it leaves open is a named constant here.
Does not belong here: sending, signing, credentials.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from linkstar_pipelines.connectors.request import DecodeError, Decoder, FailureInBody, Headers, read_json
from linkstar_pipelines.storage.rate_budget import Plan

PLATFORM: Final = "shopee"


@dataclass(frozen=True)
class Operation:
    """One operation: method, path (which is signed), and what a good answer must hold."""

    name: str
    method: Literal["GET", "POST"]
    path: str
    required: tuple[str, ...] = ()


def _operation(method: Literal["GET", "POST"], name: str, *required: str) -> Operation:
    module, call = name.split(".")
    return Operation(call, method, f"/api/v2/{module}/{call}", required)


REFRESH_TOKEN: Final = Operation(
    "refresh_access_token", "POST", "/api/v2/auth/access_token/get", ("access_token", "refresh_token", "expire_in")
)
SHOP_INFO: Final = _operation("GET", "shop.get_shop_info", "shop_name")
ORDER_LIST: Final = _operation("GET", "order.get_order_list", "response.order_list")
ORDER_DETAIL: Final = _operation("GET", "order.get_order_detail", "response.order_list")
ITEM_LIST: Final = _operation("GET", "product.get_item_list", "response")
ITEM_BASE: Final = _operation("GET", "product.get_item_base_info", "response.item_list")
MODEL_LIST: Final = _operation("GET", "product.get_model_list", "response")
UPDATE_STOCK: Final = _operation("POST", "product.update_stock", "response")
SHIPPING_PARAMETER: Final = _operation("GET", "logistics.get_shipping_parameter", "response.info_needed")
TRACKING_NUMBER: Final = _operation("GET", "logistics.get_tracking_number", "response")
SHIP_ORDER: Final = _operation("POST", "logistics.ship_order")
RETURN_LIST: Final = _operation("GET", "returns.get_return_list", "response.return")
RETURN_DETAIL: Final = _operation("GET", "returns.get_return_detail", "response.return_sn")
ESCROW_LIST: Final = _operation("GET", "payment.get_escrow_list", "response.escrow_list")
ESCROW_DETAIL: Final = _operation("GET", "payment.get_escrow_detail", "response.order_income")
WALLET: Final = _operation("GET", "payment.get_wallet_transaction_list", "response.transaction_list")
LOST_PUSHES: Final = _operation("GET", "push.get_lost_push_message", "response.push_message_list")
CONFIRM_PUSHES: Final = _operation("POST", "push.confirm_consumed_lost_push_message")

PLAN: Final = Plan(30, 100)
"""Our own brake per operation: Shopee publishes no rates. What is too fast all the same is answered and repeated."""

LONGEST_WINDOW: Final = timedelta(days=15)
DETAILS_AT_ONCE: Final = 50
MODELS_AT_ONCE: Final = 50
PAGE_SIZES: Final = (100, 87, 73)
"""Records on a page, by reading: other page sizes put the page borders elsewhere."""
ITEM_STATUSES: Final = ("NORMAL", "UNLIST", "BANNED", "REVIEWING")
"""All but deleted items."""
FIRST_RETURN_PAGE: Final = 0
"""The reference calls 0 the default and shows 1: from 0 a page may come twice, from 1 one could be missed."""
FIRST_ESCROW_PAGE: Final = 1
FIRST_WALLET_PAGE: Final = 0
REFRESH_TOKEN_LIFE: Final = timedelta(days=30)

ORDER_FIELDS: Final = (
    "buyer_user_id", "recipient_address", "item_list", "pay_time", "total_amount", "payment_method",
    "shipping_carrier", "package_list", "fulfillment_flag", "actual_shipping_fee", "estimated_shipping_fee",
    "goods_to_declare", "split_up", "cancel_by", "cancel_reason", "pickup_done_time", "invoice_data", "edt",
)  # fmt: skip
"""What the detail call is asked for beside its bare minimum."""

CURRENCIES: Final = {
    "SG": "SGD", "MY": "MYR", "TH": "THB", "TW": "TWD", "ID": "IDR", "VN": "VND", "PH": "PHP", "BR": "BRL",
    "MX": "MXN", "CO": "COP", "CL": "CLP", "PL": "PLN", "ES": "EUR", "AR": "ARS",
}  # fmt: skip
"""Currency of a region: finance payloads name none."""

# Values of these may stand in the call log; tokens, signatures, cursors and whatever comes next are masked.
PUBLIC_PARAMS: Final = frozenset({
    "timestamp", "shop_id", "time_range_field", "time_from", "time_to", "page_size", "page_no", "offset",
    "item_status", "response_optional_fields", "order_sn_list", "order_sn", "item_id", "item_id_list", "return_sn",
    "update_time_from", "update_time_to", "release_time_from", "release_time_to", "create_time_from",
    "create_time_to", "package_number",
})  # fmt: skip

_THROTTLED: Final = frozenset({"error_rate_limit", "error_limit"})
_PLATFORM_FAULTS: Final = frozenset({
    "error_server", "error_network", "error_inner", "error_system_busy", "internal_error_server",
})  # fmt: skip


def bare(code: str) -> str:
    """Return an error code without the prefix that some calls put before it (`common.error_auth`)."""
    return code.strip().rpartition(".")[2]


def explain_error(document: Any) -> tuple[str, str]:
    """Return code and message of an error answer."""
    if not isinstance(document, dict):
        return "", ""
    return str(document.get("error") or "").strip(), str(document.get("message") or "")


def envelope(required: Collection[str]) -> Decoder:
    """Return a decoder of Shopee's envelope: HTTP 200 is a success only where `error` is empty.

    Args:
        required: Dotted paths that a good answer must hold, such as `response.order_list`.
    """

    def decode(body: bytes, _: Headers) -> Any:
        document = read_json(body)
        if not isinstance(document, dict):
            raise DecodeError("the answer is no JSON object")
        code, message = explain_error(document)
        if code:
            raise FailureInBody(_kind(code), code, message)
        for path in required:
            place: Any = document
            for part in path.split("."):
                if not isinstance(place, dict) or place.get(part) is None:
                    raise DecodeError(f"the answer lacks '{path}'")
                place = place[part]
        return document

    return decode


def _kind(code: str) -> Literal["rejected", "throttled", "platform_error"]:
    if bare(code) in _THROTTLED:
        return "throttled"
    return "platform_error" if bare(code) in _PLATFORM_FAULTS else "rejected"


def epoch(instant: datetime) -> int:
    """Write an instant the way Shopee does: seconds since 1970, UTC.

    Raises:
        ValueError: the instant has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone; pass UTC instants")
    return int(instant.timestamp())
