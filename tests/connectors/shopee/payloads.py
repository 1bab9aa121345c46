"""Payloads of Shopee for the tests of forms and readers; each function's arguments replace or add fields."""

from typing import Any

Json = dict[str, Any]


def line(**changes: Any) -> Json:
    return {
        "item_id": 11, "item_name": "Backpack", "item_sku": "LS-HOMED-0001", "model_id": 0, "model_sku": "",
        "model_quantity_purchased": 2, "model_original_price": 12, "model_discounted_price": 10,
        "order_item_id": 11, "promotion_type": "", **changes,
    }  # fmt: skip


def order(*lines: Json, **changes: Any) -> Json:
    return {
        "order_sn": "2605010001AAAA", "region": "SG", "currency": "SGD", "order_status": "READY_TO_SHIP",
        "create_time": 1777593600, "update_time": 1777597200, "fulfillment_flag": "fulfilled_by_local_seller",
        "total_amount": 20, "recipient_address": {"region": "SG"}, "item_list": list(lines) or [line()],
        "package_list": [], **changes,
    }  # fmt: skip


def package(status: str, **units: int) -> Json:
    """A package of items `i<item>` or models `i<item>_<model>`."""
    contents = []
    for place, count in units.items():
        item, _, model = place[1:].partition("_")
        contents.append({"item_id": int(item), "model_id": int(model or 0), "model_quantity": count})
    return {"package_number": "P", "logistics_status": status, "item_list": contents}


def stock_info(available: int, *places: tuple[str, int], shopee: tuple[tuple[str, int], ...] = ()) -> Json:
    return {
        "summary_info": {"total_available_stock": available, "total_reserved_stock": 1},
        "seller_stock": [{"location_id": name, "stock": stock} for name, stock in places],
        "shopee_stock": [{"location_id": name, "stock": stock} for name, stock in shopee],
    }


def item(*models: Json, **changes: Any) -> Json:
    """A listing record; models make it an item with models."""
    base = {
        "item_id": 11, "item_name": "Backpack", "item_sku": "LS-HOMED-0001", "item_status": "NORMAL",
        "has_model": bool(models), **changes,
    }  # fmt: skip
    return {"region": "SG", "item": base, "models": {"model": list(models)} if models else None}


def returned(**changes: Any) -> Json:
    return {
        "return_sn": "R1", "order_sn": "A", "status": "PROCESSING", "reason": "PHYSICAL_DMG", "refund_amount": 10.5,
        "currency": "SGD", "create_time": 1777593600, "update_time": 1777597200, "needs_logistics": True,
        "tracking_number": "", "reverse_logistics_status": "LOGISTICS_PICKUP_DONE",
        "item": [{"item_id": 11, "model_id": 7, "amount": 1, "item_sku": "X", "variation_sku": "LS-HOMED-0001"}],
        **changes,
    }  # fmt: skip


def escrow(order_sn: str = "A", **income: Any) -> Json:
    return {
        "region": "SG",
        "escrow": {"order_sn": order_sn, "payout_amount": 1, "escrow_release_time": 1777593600},
        "detail": {"order_sn": order_sn, "buyer_user_name": "somebody", "order_income": income},
    }


def wallet(kind: str, amount: Any, **changes: Any) -> Json:
    row = {
        "status": "COMPLETED", "transaction_type": kind, "amount": amount, "current_balance": 100,
        "create_time": 1777593600, "order_sn": "", "refund_sn": "", "withdrawal_id": 0, **changes,
    }  # fmt: skip
    return {"region": "MY", "wallet": row}
