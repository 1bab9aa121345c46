"""Walmart's operations as data: paths, limits, carriers, instants, and how its answers speak.

Belongs here: facts of Walmart's OpenAPI files and developer pages.
Does not belong here: sending, paging, credentials.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from linkstar_pipelines.connectors.request import DecodeError, Decoder, FailureInBody, Headers, json_with, read_json
from linkstar_pipelines.storage.rate_budget import Plan

PLATFORM: Final = "walmart"
SERVICE_NAME: Final = "Walmart Marketplace"

# Walmart's table of rates is not public. These are modest; its answers tell what is left of a window, not a rate.
_READ: Final = Plan(3, 30)
_REPORT: Final = Plan(1, 10)
_WRITE: Final = Plan(2, 20)


@dataclass(frozen=True)
class Operation:
    """One operation: its name in the model, path, budget, what an answer must hold, and whether it may be repeated."""

    name: str
    path: str
    plan: Plan
    required: tuple[str, ...]
    method: str = "GET"
    idempotent: bool = True


TOKEN_PATH: Final = "/v3/token"  # noqa: S105  # a path
TOKEN_DETAIL: Final = Operation("getTokenDetail", "/token/detail", _READ, ("is_valid",))
ORDERS: Final = Operation("getAllOrders", "/orders", _READ, ("list.meta", "list.elements"))
ORDER: Final = Operation("getAnOrder", "/orders/{}", _READ, ("order",))
ACKNOWLEDGE: Final = Operation("acknowledgeOrders", "/orders/{}/acknowledge", _WRITE, ("order",), "POST")
SHIP: Final = Operation("shippingUpdates", "/orders/{}/shipping", _WRITE, ("order",), "POST", idempotent=False)
ITEMS: Final = Operation("getAllItems", "/items", _READ, ("ItemResponse",))
INVENTORIES: Final = Operation(
    "getMultiNodeInventoryForAllSkuAndAllShipNodes", "/inventories", _READ, ("elements.inventories",)
)
WFS_INVENTORY: Final = Operation("getWFSInventory", "/fulfillment/inventory", _READ, ("headers", "payload.inventory"))
SET_INVENTORY: Final = Operation("updateInventoryForAnItem", "/inventory", _WRITE, ("quantity",), "PUT")
RETURNS: Final = Operation("getReturns", "/returns", _READ, ("meta", "returnOrders"))
REPORT_DATES: Final = Operation(
    "getAvailableV1ReconReportDates", "/report/reconreport/availableReconFiles", _REPORT, ("availableApReportDates",)
)
REPORT: Final = Operation(
    "getAvailableV1ReconReportAsJson", "/report/reconreport/reconFileJson", _REPORT, ("reportData",)
)

ORDER_PAGE: Final = 200
RETURN_PAGE: Final = 200
ITEM_PAGE: Final = 50
INVENTORY_PAGE: Final = 50
WFS_PAGE: Final = 300
REPORT_PAGE: Final = 1000

MOST_ORDERS: Final = 10_000
"""Orders that one query may find; the OpenAPI file says 20,000, a newer page 10,000."""
HISTORY: Final = timedelta(days=180)
"""How far back orders can be asked for, by creation."""

SELLER_NODE: Final = "SellerFulfilled"
WFS_NODE: Final = "WFSFulfilled"
NODES: Final = (SELLER_NODE, WFS_NODE, "3PLFulfilled")
"""An order list holds one kind of ship node: the seller's unless another is named."""

CARRIERS: Final = frozenset({
    "UPS", "USPS", "FedEx", "Airborne", "OnTrac", "DHL Ecommerce - US", "DHL", "LS", "UDS", "UPSMI", "FDX", "PILOT",
    "ESTES", "SAIA", "FDS Express", "Seko Worldwide", "HIT Delivery", "FEDEXSP", "RL Carriers",
    "Metropolitan Warehouse & Delivery", "China Post", "YunExpress", "Yellow Freight Sys", "AIT Worldwide Logistics",
    "Chukou1", "Sendle", "Landmark Global", "Sunyou", "Yanwen", "4PX", "GLS", "OSM Worldwide", "FIRST MILE",
    "AM Trucking", "CEVA", "India Post", "SF Express", "CNE", "TForce Freight", "AxleHire", "LSO", "Royal Mail",
    "ABF Freight System", "WanB", "Roadrunner Freight", "Meyer Distribution", "AAA Cooper", "Canada Post",
    "Southeastern Freight Lines", "Japan Post", "Correos de Mexico", "XPO Logistics", "JD Logistics", "YDH", "JCEX",
    "Flyt", "Deutsche Post", "Better Trucks", "Asendia", "SFC", "UBI", "ePost Global", "YF Logistics", "RXO",
    "Estes Express", "Shypmax", "WIN.IT America", "PITT OHIO", "PostNord Sweden", "Equick", "Whistl", "Tusou",
    "Shiprocket", "DTDC", "PTS",
})  # fmt: skip
"""Carriers that Walmart lists; any other goes as `otherCarrier` with a tracking address."""

# Values of these may stand in the call log; cursors and whatever comes next are masked.
PUBLIC_PARAMS: Final = frozenset({
    "lastModifiedStartDate", "lastModifiedEndDate", "createdStartDate", "limit", "offset", "shipNodeType", "soIndex",
    "poIndex", "hasMoreElements", "returnLastModifiedStartDate", "returnLastModifiedEndDate", "isWFSEnabled",
    "replacementInfo", "reportDate", "reportVersion", "noOfRecords", "sku",
})  # fmt: skip


def format_instant(instant: datetime) -> str:
    """Write an instant as Walmart's queries take it: ISO 8601, UTC, whole seconds.

    Raises:
        ValueError: the instant has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone; pass UTC instants")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decoder(operation: Operation) -> Decoder:
    """Return the decoder of an operation: the required parts, and errors that come with HTTP 200."""
    whole = json_with(*operation.required)

    def decode(body: bytes, headers: Headers) -> Any:
        try:
            document = whole(body, headers)
        except DecodeError:
            _refuse_errors(read_json(body))
            raise
        _refuse_errors(document)
        return document

    return decode


def _refuse_errors(document: Any) -> None:
    """Raise the failure that a body tells, at its top or inside the list that it should be."""
    inner = document.get("list") if isinstance(document, dict) else None
    error = _first_error(document) or _first_error(inner)
    if not error or error.get("severity") in {"INFO", "WARN"}:
        return
    code = str(error.get("code", ""))
    own_fault = error.get("category") == "SYSTEM" or code.startswith("SYSTEM_ERROR")
    raise FailureInBody("platform_error" if own_fault else "rejected", code, str(error.get("description", "")))


def explain_error(document: Any) -> tuple[str, str]:
    """Return code and message of an error answer: `{errors: [...]}`, or `{error: [...]}` of older services."""
    error = _first_error(document)
    return str(error.get("code", "")), str(error.get("description") or error.get("info") or "")


def _first_error(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        return {}
    for name in ("errors", "error"):
        errors = document.get(name)
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            return errors[0]
    return {}
