"""Amazon's operations as data: paths, usage plans, and how its answers speak.

Belongs here: facts of the official models (github.com/amzn/selling-partner-api-models) and of the usage-plan
tables in them.
Does not belong here: sending, paging, credentials.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from linkstar_pipelines.storage.rate_budget import Plan

PLATFORM: Final = "amazon"
RATE_HEADER: Final = "x-amzn-RateLimit-Limit"  # the rate only: burst stays as documented
REQUEST_ID_HEADER: Final = "x-amzn-RequestId"
SETTLEMENT_REPORT: Final = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
FBA_RETURNS_REPORT: Final = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
SELLER_RETURNS_REPORT: Final = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
RETURNS_DOWNLOAD: Final = "downloadReturnsReport"
"""Name that downloads of both returns reports have in the call log; Amazon has none for a pre-signed address."""
LONGEST_RETURNS_REPORT: Final = timedelta(days=60)
"""Amazon makes the report of seller-fulfilled returns for at most 60 days; the other is asked for in the same parts."""
LEGACY_CHARSETS: Final = {"A1VC38T7YXB528": "cp932"}
"""Charset of older report files by marketplace (R); Windows-1252 elsewhere. Japan's is Shift-JIS."""

IncludedData = Literal[
    "BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX",
    "PAYMENT", "FULFILLMENT_ORDERS",
]  # fmt: skip
# All that orders, stock and settlement need; BUYER (name, mail address) only when somebody asks for it.
ORDER_DATA: Final[tuple[IncludedData, ...]] = (
    "PROCEEDS", "FULFILLMENT", "CANCELLATION", "PACKAGES", "PROMOTION", "TAX", "RECIPIENT",
)  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """One operation: its name in the model, path, documented usage plan, and what an answer must hold.

    An operation that requires nothing answers without a body. One that is not `idempotent` does a thing twice when it
    is sent twice.
    """

    name: str
    path: str
    plan: Plan
    required: tuple[str, ...]
    method: str = "GET"
    idempotent: bool = True


SEARCH_ORDERS: Final = Operation("searchOrders", "/orders/2026-01-01/orders", Plan(0.0056, 20), ("orders",))
GET_ORDER: Final = Operation("getOrder", "/orders/2026-01-01/orders/{}", Plan(0.5, 30), ("order",))
SEARCH_LISTINGS: Final = Operation(
    "searchListingsItems", "/listings/2021-08-01/items/{}", Plan(5, 5), ("items", "numberOfResults")
)
FBA_INVENTORY: Final = Operation(
    "getInventorySummaries", "/fba/inventory/v1/summaries", Plan(2, 2), ("payload.inventorySummaries",)
)
LIST_TRANSACTIONS: Final = Operation(
    "listTransactions", "/finances/2024-06-19/transactions", Plan(0.5, 10), ("payload",)
)
GET_REPORTS: Final = Operation("getReports", "/reports/2021-06-30/reports", Plan(0.0222, 10), ("reports",))
CREATE_REPORT: Final = Operation(
    "createReport", "/reports/2021-06-30/reports", Plan(0.0167, 15), ("reportId",), method="POST", idempotent=False
)
GET_REPORT: Final = Operation(
    "getReport", "/reports/2021-06-30/reports/{}", Plan(2, 15), ("reportId", "reportType", "processingStatus")
)
GET_REPORT_DOCUMENT: Final = Operation(
    "getReportDocument", "/reports/2021-06-30/documents/{}", Plan(0.0167, 15), ("reportDocumentId", "url")
)
PATCH_LISTING: Final = Operation(
    "patchListingsItem", "/listings/2021-08-01/items/{}/{}", Plan(5, 5), ("status",), method="PATCH"
)
CONFIRM_SHIPMENT: Final = Operation(
    "confirmShipment", "/orders/v0/orders/{}/shipmentConfirmation", Plan(2, 10), (), method="POST"
)

SELLER_CHANNEL: Final = "DEFAULT"
SETTLED: Final = timedelta(minutes=3)
"""Amazon refuses bounds younger than two minutes; clocks differ a little."""
CARRIERS: Final = frozenset({"4PX", "China Post", "DHL", "FedEx", "UPS", "USPS", "Yanwen", "YunExpress"})
"""Carriers that are told by their code; any other goes as `Other` with its name."""

# Values of these may stand in the call log; page tokens, signatures and whatever comes next are masked.
PUBLIC_PARAMS: Final = frozenset({
    "createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore", "maxResultsPerPage", "includedData",
    "marketplaceIds", "marketplaceId", "pageSize", "sortBy", "sortOrder", "granularityType", "granularityId",
    "details", "postedAfter", "postedBefore", "reportTypes", "processingStatuses", "createdSince",
})  # fmt: skip


def parse_instant(text: str) -> datetime:
    """Read an instant as Amazon writes it."""
    return datetime.fromisoformat(text).astimezone(UTC)


def explain_error(document: Any) -> tuple[str, str]:
    """Return code and message of an error answer: Amazon's envelope, or the token endpoint's form (RFC 6749)."""
    if not isinstance(document, dict):
        return "", ""
    if "error" in document:
        return str(document["error"]), str(document.get("error_description", ""))
    errors = document.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    details = first.get("details")
    message = str(first.get("message", "")) + (f" ({details})" if details else "")
    return str(first.get("code", "")), message
