"""Payloads in the platform's form, as lists and details give them."""

from typing import Any

import polars as pl

from linkstar_pipelines.connectors.aliexpress.platform import PLATFORM
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.support import utc

NOW = utc(2026, 8, 1)


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency_code": "USD"}


def line(child_id: int = 8112000000000011, **changes: Any) -> dict[str, Any]:
    return {
        "child_id": child_id, "order_id": child_id, "product_id": 1005001000000001, "sku_code": "LS-KITCH-0001",
        "product_name": "Garlic Press", "product_count": 2, "product_unit_price": usd("12.30"),
        "total_product_amount": usd("24.60"), "logistics_amount": usd("1.99"),
        "son_order_status": "WAIT_SELLER_SEND_GOODS", "send_goods_operator": "SELLER_SEND_GOODS",
        "memo": "please gift wrap for Ana", "buyer_signer_first_name": "Ana", **changes,
    }  # fmt: skip


def order(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "order_id": 8112000000000001, "order_status": "WAIT_SELLER_SEND_GOODS", "end_reason": "",
        "gmt_create": "2026-07-01 01:00:00", "gmt_pay_time": "2026-07-01 01:05:00",
        "gmt_update": "2026-07-01 02:00:00", "pay_amount": usd("26.59"), "buyer_login_id": "es1234567890",
        "buyer_signer_fullname": "Ana Ejemplo", "product_list": {"order_product_dto": list(lines or (line(),))},
        "receipt_address": {
            "contact_person": "Ana Ejemplo", "country": "ES", "city": "Madrid", "province": "Madrid", "zip": "28001",
            "mobile_no": "600000000", "address": "Calle 1", "detail_address": "Calle 1",
        },
        **changes,
    }  # fmt: skip


def product(*skus: dict[str, Any], **changes: Any) -> dict[str, Any]:
    first = {"id": "14:771", "sku_code": "LS-KITCH-0001", "ipm_sku_stock": 20, "sku_price": "12.30"}
    return {
        "product_id": 1005001000000001, "subject": "Garlic Press", "currency_code": "USD",
        "product_status_type": "onSelling",
        "aeop_ae_product_s_k_us": {"global_aeop_ae_product_sku": list(skus or (first,))}, **changes,
    }  # fmt: skip


def solution(status: str, kind: str, amount: str, at: str = "2026-07-10 01:00:00") -> dict[str, Any]:
    return {
        "solution_api_dto": [{
            "gmt_modified": at, "status": status, "solution_type": kind, "refund_money_post": amount,
            "refund_money_post_currency": "USD", "content": "it is broken",
        }]
    }  # fmt: skip


def issue(status: str = "processing", **detail: Any) -> dict[str, Any]:
    return {
        "issue_id": 600, "order_id": 8112000000000011, "parent_order_id": 8112000000000001, "issue_status": status,
        "gmt_create": "2026-07-09 01:00:00", "gmt_modified": "2026-07-10 01:00:00",
        "reason_english": "Quality problem", "buyer_login_id": "es1234567890",
        "detail": {"id": 600, "buyer_login_id": "es1234567890", **detail},
        "child_order": {"id": 8112000000000011, "sku_code": "LS-KITCH-0001", "product_count": 2},
    }  # fmt: skip


def loan(**changes: Any) -> dict[str, Any]:
    amounts = {"loan_amount": usd("24.60"), "escrow_fee": usd("1.97"), "affiliate_commission": usd("0.00")}
    return {
        "order_id": 8112000000000001, "order_status": "FINISH", "loan_info": {"loan_time": "2026-07-20 01:00:00"},
        "refund_info": None,
        "son_order_list": {
            "son_order_loan_vo": [{"child_order_id": 8112000000000011, "loan_status": "loan_ok", **amounts, **changes}]
        },
    }  # fmt: skip


def raw(stream: Stream, *payloads: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Raw rows of payloads, and those that were refused."""
    return raw_rows("aliexpress", "ae1", stream, PLATFORM.streams[stream], payloads, NOW)
