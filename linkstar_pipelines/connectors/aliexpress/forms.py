"""Stream forms: which columns of the raw tables AliExpress' records give, and what of them is personal.

Belongs here: identity, times and masking of each stream's records.
Does not belong here: what the records mean (`orders.py`, `listings.py`, `returns.py`, `payments.py`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from linkstar_pipelines.connectors.aliexpress import operations as op
from linkstar_pipelines.connectors.aliexpress.pacific import iso, parse
from linkstar_pipelines.connectors.platform import Payload, Row, StreamForm
from linkstar_pipelines.schemas.platforms import Stream

ADDRESS_KEPT: Final = ("country", "country_name", "province", "city", "zip")
"""Parts of a delivery address that stay: enough for customs, tax and carrier zones, not enough to find a person."""

NO_NODE: Final = "-"
_BUYER: Final = frozenset({
    "buyer_login_id", "buyer_signer_fullname", "buyer_signer_first_name", "buyer_signer_last_name", "memo",
    "buyer_info", "cpf_number",
})  # fmt: skip
_SAID: Final = frozenset({"content", "attachments", "process_dto_list"})
"""What buyers and sellers wrote and showed in a dispute."""


def _order_rows(order: Payload) -> Sequence[Row] | str:
    if not _lines(order):
        return "product_list is missing or no list"
    return [{
        "order_id": _text(order, "order_id"),
        "marketplace_id": op.MARKETPLACE,
        "created_at": iso(order.get("gmt_create")),
        "updated_at": iso(order.get("gmt_update") or order.get("gmt_create")),
    }]  # fmt: skip


def _lines(order: Payload) -> list[Any]:
    holder = order.get("product_list")
    lines = holder.get("order_product_dto") if isinstance(holder, dict) else None
    return lines if isinstance(lines, list) else []


def mask_order(order: Payload) -> Payload:
    """Return an order without the data of persons; the argument stays as it is. Masking twice changes nothing."""
    masked = _without(order, _BUYER)
    address = order.get("receipt_address")
    if "receipt_address" in order:
        kept = {part: address[part] for part in ADDRESS_KEPT if part in address} if isinstance(address, dict) else {}
        masked["receipt_address"] = kept
    if _lines(order):
        lines = [_without(line, _BUYER) if isinstance(line, dict) else line for line in _lines(order)]
        masked["product_list"] = {**order["product_list"], "order_product_dto": lines}
    return masked


def mask_return(issue: Payload) -> Payload:
    """Return an issue without the data of persons and without what they wrote; the argument stays as it is."""
    masked = _without(issue, _BUYER)
    if isinstance(issue.get("detail"), dict):
        masked["detail"] = _deep(issue["detail"])
    if isinstance(issue.get("child_order"), dict):
        masked["child_order"] = _without(issue["child_order"], _BUYER)
    return masked


def _deep(value: Any) -> Any:
    if isinstance(value, list):
        return [_deep(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {part: _deep(inner) for part, inner in value.items() if part not in _BUYER | _SAID}


def _without(value: Payload, parts: frozenset[str]) -> Payload:
    return {part: inner for part, inner in value.items() if part not in parts}


def skus_of(product: Payload) -> list[Payload]:
    """Return the variants of a product."""
    holder = product.get("aeop_ae_product_s_k_us")
    skus = holder.get("global_aeop_ae_product_sku") if isinstance(holder, dict) else None
    return [sku for sku in skus if isinstance(sku, dict)] if isinstance(skus, list) else []


def _listing_rows(product: Payload) -> Sequence[Row] | str:
    product_id, skus = _text(product, "product_id"), skus_of(product)
    if product_id is None:
        return "product_id is missing"
    if not skus:
        return "the product has no variants"
    return [
        {
            "marketplace_id": op.MARKETPLACE,
            "listing_id": f"{product_id}:{sku.get('id', '')}",
            "seller_sku": _text(sku, "sku_code"),
        }
        for sku in skus
    ]


def _inventory_rows(product: Payload) -> Sequence[Row] | str:
    rows = _listing_rows(product)
    return rows if isinstance(rows, str) else [{**row, "node_id": NO_NODE} for row in rows]


def _return_rows(issue: Payload) -> Sequence[Row] | str:
    return [{
        "return_id": _text(issue, "issue_id"),
        "order_id": _text(issue, "parent_order_id"),
        "updated_at": iso(issue.get("gmt_modified")),
    }]  # fmt: skip


def _finance_rows(loan: Payload) -> Sequence[Row] | str:
    posted_at = _posted(loan)
    if posted_at is None:
        return "nothing tells when the money was released"
    return [{
        "transaction_id": _text(loan, "order_id"),
        "transaction_status": _text(loan, "order_status"),
        "posted_at": posted_at.isoformat(),
    }]  # fmt: skip


def _posted(loan: Payload) -> datetime | None:
    """Return when the money last moved: the release, or a refund after it."""
    told = [_time(loan, "loan_info", "loan_time"), _time(loan, "refund_info", "refund_time")]
    return max((moment for moment in told if moment), default=None)


def _time(payload: Payload, part: str, field: str) -> datetime | None:
    holder = payload.get(part)
    return parse(holder.get(field)) if isinstance(holder, dict) else None


def _text(payload: Any, field: str) -> str | None:
    found = payload.get(field) if isinstance(payload, dict) else None
    return str(found) if isinstance(found, str | int) and str(found) else None


FORMS: Final = {
    Stream.ORDERS: StreamForm(
        rows=_order_rows,
        identify=lambda order: _text(order, "order_id") or "",
        mask=mask_order,
        page_size=op.ORDERS.page_size,
        operation=op.ORDERS.method,
        changed_at=lambda order: parse(order.get("gmt_update") or order.get("gmt_create")),
    ),
    Stream.LISTINGS: StreamForm(
        rows=_listing_rows,
        identify=lambda product: _text(product, "product_id") or "",
        page_size=op.PRODUCTS.page_size,
        operation=op.PRODUCTS.method,
    ),
    Stream.INVENTORY: StreamForm(
        rows=_inventory_rows,
        identify=lambda product: _text(product, "product_id") or "",
        page_size=op.PRODUCTS.page_size,
        operation=op.PRODUCTS.method,
    ),
    Stream.RETURNS: StreamForm(
        rows=_return_rows,
        identify=lambda issue: _text(issue, "issue_id") or "",
        mask=mask_return,
        page_size=op.ISSUES.page_size,
        operation=op.ISSUES.method,
        changed_at=lambda issue: parse(issue.get("gmt_modified")),
    ),
    Stream.FINANCES: StreamForm(
        rows=_finance_rows,
        identify=lambda loan: _text(loan, "order_id") or "",
        page_size=op.LOANS.page_size,
        operation=op.LOANS.method,
        changed_at=_posted,
    ),
}
"""How the records of each stream become raw rows."""
