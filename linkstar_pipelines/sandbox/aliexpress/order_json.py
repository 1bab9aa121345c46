"""The wire forms of an order: the row of the list, and the detail.

Here: states, amounts and times of one version of an order. Prices on AliExpress are what the buyer pays, tax included.
Not here: which version is shown (see `orders`), money that follows (see `loans`).
"""

from linkstar_pipelines.sandbox.aliexpress.buyers import address, buyer, login_of
from linkstar_pipelines.sandbox.aliexpress.products import product_id
from linkstar_pipelines.sandbox.aliexpress.wire import money, pacific
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world.order import Line, Order, Status, Version

STATES = {
    Status.PENDING: "PLACE_ORDER_SUCCESS",
    Status.UNSHIPPED: "WAIT_SELLER_SEND_GOODS",
    Status.PARTIALLY_SHIPPED: "SELLER_PART_SEND_GOODS",
    Status.SHIPPED: "WAIT_BUYER_ACCEPT_GOODS",
    Status.CANCELLED: "FINISH",
}
LOGISTICS = {
    Status.PARTIALLY_SHIPPED: "SELLER_SEND_PART_GOODS",
    Status.SHIPPED: "SELLER_SEND_GOODS",
    Status.CANCELLED: "NO_LOGISTICS",
}
SENDER = {True: "WAREHOUSE_SEND_GOODS", False: "SELLER_SEND_GOODS"}


def state(version: Version) -> str:
    """Return the state of an order; one that arrived has ended."""
    return "FINISH" if version.delivered else STATES[version.status]


def paid_at(order: Order, version: Version) -> int | None:
    """Return when an order was paid, as far as the version knows."""
    found = next((v.at for v in order.versions if v.status is Status.UNSHIPPED), None)
    return found if found is not None and found <= version.at else None


def row(order: Order, version: Version) -> Json:
    """Write an order as the list shows it."""
    paid = paid_at(order, version)
    sent = [shipment.at for shipment in order.shipments if shipment.at <= version.at]
    total = sum(line.price.paid * units for line, units in zip(order.lines, version.ordered, strict=True))
    body: Json = {
        "order_id": int(order.id),
        "order_status": state(version),
        "gmt_create": pacific(order.created),
        "gmt_update": pacific(version.at),
        "biz_type": "AE_COMMON",
        "payment_type": "MIXEDCARD",
        "end_reason": _end_reason(version, paid),
        "frozen_status": "NO_FROZEN",
        "issue_status": "NO_ISSUE",
        "fund_status": "NOT_PAY" if paid is None else "PAY_SUCCESS",
        "logistics_status": _logistics(version),
        "seller_login_id": f"cn{order.account.seller_id}",
        "buyer_login_id": login_of(order),
        "buyer_signer_fullname": buyer(order, version).name,
        "phone": False,
        "has_request_loan": False,
        "product_list": {"order_product_dto": [_line(order, version, place) for place in range(len(order.lines))]},
    }
    if paid is not None:
        body |= {"gmt_pay_time": pacific(paid), "pay_amount": money(order.account, total)}
    if sent:
        body["gmt_send_goods_time"] = pacific(max(sent))
    return body


def detail(order: Order, version: Version) -> Json:
    """Write an order's detail, without its parcels and without the money that follows."""
    paid = paid_at(order, version)
    goods = sum(goods_price(line) * units for line, units in zip(order.lines, version.ordered, strict=True))
    freight = sum(_freight(line) * units for line, units in zip(order.lines, version.ordered, strict=True))
    first_name, _, last_name = buyer(order, version).name.partition(" ")
    return {
        "id": int(order.id),
        "order_status": state(version),
        "gmt_create": pacific(order.created),
        "gmt_modified": pacific(version.at),
        **({"gmt_pay_success": pacific(paid)} if paid is not None else {}),
        "order_end_reason": _end_reason(version, paid),
        "settlement_currency": order.market.currency,
        "order_amount": money(order.account, goods + freight),
        "init_oder_amount": money(order.account, goods + freight),
        "logistics_amount": money(order.account, freight),
        "buyer_info": {
            "login_id": login_of(order), "first_name": first_name, "last_name": last_name, "country": order.country,
        },
        "receipt_address": address(order, version) if paid is not None else None,
        "child_order_list": {
            "global_aeop_tp_child_order_dto": [_child(order, version, place) for place in range(len(order.lines))]
        },
    }  # fmt: skip


def goods_price(line: Line) -> int:
    """Return what the buyer pays for one unit without its freight, in minor units."""
    return line.price.principal + line.price.tax - line.price.discount


def _freight(line: Line) -> int:
    return line.price.shipping + line.price.shipping_tax


def _line(order: Order, version: Version, place: int) -> Json:
    line, units = order.lines[place], version.ordered[place]
    return {
        "child_id": int(line.item_id),
        "order_id": int(line.item_id),
        "product_id": product_id(line.listing),
        "sku_code": line.listing.seller_sku,
        "product_name": line.listing.product.title,
        "product_count": units,
        "product_unit": "piece",
        "product_unit_price": money(order.account, goods_price(line)),
        "total_product_amount": money(order.account, goods_price(line) * units),
        "logistics_amount": money(order.account, _freight(line) * units),
        "logistics_type": "CAINIAO_STANDARD",
        "logistics_service_name": "AliExpress Standard Shipping",
        "son_order_status": _line_state(version, place),
        "show_status": _line_state(version, place),
        "send_goods_operator": SENDER[order.fba],
        "escrow_fee_rate": f"{line.listing.product.referral_share:.2f}",
        "afflicate_fee_rate": "0.00",
        "goods_prepare_time": 3,
        "issue_status": "NO_ISSUE",
        "money_back3x": False,
        "can_submit_issue": False,
        "memo": "",
    }


def _child(order: Order, version: Version, place: int) -> Json:
    line = order.lines[place]
    return {
        "id": int(line.item_id),
        "product_id": product_id(line.listing),
        "sku_code": line.listing.seller_sku,
        "product_name": line.listing.product.title,
        "product_count": version.ordered[place],
        "product_price": money(order.account, goods_price(line)),
        "order_status": _line_state(version, place),
        "send_goods_operator": SENDER[order.fba],
    }


def _line_state(version: Version, place: int) -> str:
    shipped, ordered = version.shipped[place], version.ordered[place]
    if version.status is not Status.PARTIALLY_SHIPPED:
        return state(version)
    if shipped == ordered:
        return STATES[Status.SHIPPED]
    return STATES[Status.PARTIALLY_SHIPPED if shipped else Status.UNSHIPPED]


def _logistics(version: Version) -> str:
    return "BUYER_ACCEPT_GOODS" if version.delivered else LOGISTICS.get(version.status, "WAIT_SELLER_SEND_GOODS")


def _end_reason(version: Version, paid: int | None) -> str:
    if version.delivered:
        return "buyer_accept_goods"
    if version.status is not Status.CANCELLED:
        return ""
    return "buyer_cancel_notpay_order" if paid is None else "cancel_order_close_trade"
