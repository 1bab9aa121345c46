"""Facts of AliExpress' documentation: methods, where their answers keep things, limits, error codes.

Belongs here: names and numbers. Does not belong here: sending (`calls.py`), or the meaning of a payload.

Names with typing errors (`mutiple_product_update_list`) are the platform's own.
"""

from dataclasses import dataclass
from typing import Final

PLATFORM: Final = "aliexpress"
MARKETPLACE: Final = "ae_global"
"""The one marketplace: AliExpress sells everywhere under one site."""

SYNC_PATH: Final = "/sync"
REST_PATH: Final = "/rest"
TOKEN_REFRESH: Final = "/auth/token/refresh"  # noqa: S105  # a path

ORDER_INFO: Final = "aliexpress.solution.order.info.get"
ORDER_ADDRESS: Final = "aliexpress.solution.order.receiptinfo.get"
ORDER_FULFILL: Final = "aliexpress.solution.order.fulfill"
ORDER_LINES: Final = ("child_order_list", "global_aeop_tp_child_order_dto")
ORDER_PARCELS: Final = ("logistic_info_list", "global_aeop_tp_logistic_info_dto")
"""Lists in an order's detail, with the wrapper within."""
PRODUCT_INFO: Final = "aliexpress.solution.product.info.get"
STOCK_UPDATE: Final = "aliexpress.solution.batch.product.inventory.update"
ISSUE_DETAIL: Final = "aliexpress.issue.detail.get"


@dataclass(frozen=True)
class Listing:
    """A method that lists something page by page; pages are numbered from 1.

    Attributes:
        method: Name of the method.
        parameter: Parameter that carries the query, as JSON text.
        holder: Where the answer keeps the listing: names from its root on.
        items: Names of the list and of the wrapper within; a list without entries may be left out altogether.
        identity: Field that tells the entries apart.
        total: Field with the number of entries on all pages.
        page: Name of the query's field for the page number.
        page_size: Entries of a full page in the first reading; below the documented limit of 50, 99, 50 and 200.
    """

    method: str
    parameter: str
    holder: tuple[str, ...]
    items: tuple[str, str]
    identity: str
    total: str
    page: str = "current_page"
    page_size: int = 50


ORDERS: Final = Listing(
    "aliexpress.solution.order.get", "param0", ("result",), ("target_list", "order_dto"), "order_id", "total_count"
)
PRODUCTS: Final = Listing(
    "aliexpress.solution.product.list.get", "aeop_a_e_product_list_query", ("result",),
    ("aeop_a_e_product_display_d_t_o_list", "item_display_dto"), "product_id", "product_count",
)  # fmt: skip
ISSUES: Final = Listing(
    "aliexpress.issue.issuelist.get", "query_dto", (), ("data_list", "issue_api_issue_dto"), "issue_id", "total_item"
)
LOANS: Final = Listing(
    "aliexpress.trade.redefining.findloanlistquery", "param1", ("result",), ("order_list", "order_loan_item_vo"),
    "order_id", "total_item", page="page",
)  # fmt: skip

SHARES_OF_FULL_PAGE: Final = (1.0, 0.86, 0.74, 0.62)
"""Page sizes of one reading after the other, so that page borders fall elsewhere each time."""

FINISH: Final = "FINISH"
"""Ended orders: a list without a status leaves them out, so they are asked for by name."""
PRODUCT_STATUSES: Final = ("onSelling", "offline", "auditing", "editingRequired")
ISSUE_FINISHED: Final = "finish"
ISSUE_CANCELLED: Final = "canceled_issue"
ISSUE_STATUSES: Final = ("processing", ISSUE_CANCELLED, ISSUE_FINISHED)
LOAN_RELEASED: Final = "loan_ok"
UNSENT: Final = frozenset({"WAIT_SELLER_SEND_GOODS", "SELLER_PART_SEND_GOODS"})
"""States of an order line with units that are still to be sent."""

MOST_PRODUCTS_AT_ONCE: Final = 20
ALL_DETAILS: Final = "11111"
"""Parts of an order's detail to include: issue, loan, logistics, buyer, refund. The flag's form is not verified."""
ORDER_UNKNOWN: Final = frozenset({"ORDER_NOT_EXIST", "ORDER_NOT_FOUND"})
"""Codes for an order that the shop does not have. Not verified; an answer without an order says the same."""

TOKEN_REFUSED: Final = frozenset({"IllegalAccessToken", "27", "26"})
"""Codes for an access token that is wrong or over: of the gateway, and of its older form."""
THROTTLED: Final = frozenset({"ApiCallLimit", "AppCallLimit", "7"})
PLATFORM_FAULTS: Final = frozenset({"ISP", "SYSTEM"})
"""Error types that are the platform's own fault; `ISV` is the caller's."""
