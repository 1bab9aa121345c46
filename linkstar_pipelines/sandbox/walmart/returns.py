"""Returns API: what buyers send back.

Here: returns by change or creation time, with cursors that are query strings. A return is initiated two days before
its goods arrive and its refund is made. Those of WFS orders are listed only when asked for.
Not here: the money of a refund (see `reports`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from linkstar_pipelines.sandbox.paging import Key, cut
from linkstar_pipelines.sandbox.walmart.wire import Call, invalid, number
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import DAY, iso
from linkstar_pipelines.sandbox.world.life import Return
from linkstar_pipelines.sandbox.world.order import Order
from linkstar_pipelines.sandbox.world.people import buyer_of

UNDERWAY, DEADLINE = 2 * DAY, 30 * DAY
STATUSES = ("INITIATED", "DELIVERED", "COMPLETED")
REASONS = ("NO_LONGER_WANTED", "DEFECTIVE", "NOT_AS_DESCRIBED", "DAMAGED", "ARRIVED_LATE")


@dataclass(frozen=True, slots=True)
class _Return:
    """A return as the wire knows it at an instant."""

    id: str
    order: Order
    goods: Return
    done: bool

    @property
    def initiated(self) -> int:
        return self.goods.at - UNDERWAY

    @property
    def changed(self) -> int:
        return self.goods.at if self.done else self.initiated

    @property
    def status(self) -> str:
        return "COMPLETED" if self.done else "INITIATED"


class ReturnsApi:
    """Answers the Returns API."""

    def __init__(self, world: World) -> None:
        self._world = world

    def search(self, call: Call) -> Reply:
        """Answer getReturns."""
        size, offset = call.integer("limit", 10, 1, 200), call.integer("offset", 0, 0, 10**6)
        if call.text("sellerId") not in {None, call.account.seller_id}:
            raise invalid("sellerId is not that of the account.")
        found = self._wanted(call)

        def stream(after: Key | None) -> Iterator[tuple[Key, _Return]]:
            start = int(after[0]) + 1 if after else 0
            for place in range(start, len(found)):
                yield [place], found[place]

        cursor: Json = {"after": [offset - 1]} if offset else {}
        page = cut(stream, _show, cursor, size, call.strike)
        meta: Json = {"totalCount": len(found), "limit": size, "nextCursor": ""}
        if page.next:
            after = page.next["after"]
            own = {name: value for name, value in call.query.items() if name not in {"sellerId", "limit", "offset"}}
            place = after[0] + 1 if after else 0
            head = {"sellerId": call.account.seller_id, "limit": size, "offset": place}
            meta["nextCursor"] = "?" + urlencode({**head, **own})
        return Reply({"meta": meta, "returnOrders": page.items})

    def _wanted(self, call: Call) -> list[_Return]:
        created = call.instant("returnCreationStartDate"), call.instant("returnCreationEndDate")
        changed = call.instant("returnLastModifiedStartDate"), call.instant("returnLastModifiedEndDate")
        status, wfs = call.text("status"), call.text("isWFSEnabled") == "Y"
        if status and status not in STATUSES:
            raise invalid(f"Invalid value for status: {status}")
        found = []
        for order, goods in self._world.reach(call.now).store(call.account.code).returns:
            one = _Return(_id(order, goods), order, goods, done=goods.at <= call.now)
            if (
                one.initiated <= call.now
                and order.fba is wfs
                and _within(one.initiated, *created)
                and _within(one.changed, *changed)
                and status in {None, one.status}
            ):
                found.append(one)
        return sorted(found, key=lambda one: (one.changed, one.id))


def _within(instant: int, first: int | None, end: int | None) -> bool:
    return (first is None or instant >= first) and (end is None or instant < end)


def _id(order: Order, goods: Return) -> str:
    return f"1{chance.number('return', order.id, goods.shipment.id, goods.line) % 10**17:017d}"


def _show(one: _Return) -> Json:
    order, goods, market = one.order, one.goods, one.order.market
    buyer = buyer_of(order.id, order.country, moved=False)
    first, _, last = buyer.name.partition(" ")
    refund = {
        "currencyAmount": number(market, order.lines[goods.line].price.paid * goods.quantity),
        "currencyUnit": market.currency,
    }
    label = {"carrierInfoList": [{"carrierId": "11", "carrierName": "FEDEX", "trackingNo": f"7{one.id[-11:]}"}]}
    return {
        "returnOrderId": one.id,
        "customerEmailId": buyer.email,
        "customerName": {"firstName": first, "lastName": last},
        "customerOrderId": f"20{chance.number('customer order', order.id) % 10**13:013d}",
        "refundMode": "POST_DELIVERY",
        "returnType": "REFUND",
        "returnOrderDate": iso(one.initiated),
        "returnByDate": iso(one.initiated + DEADLINE),
        "totalRefundAmount": refund,
        "returnLineGroups": [{"groupNo": 1, "returnLines": [{"returnOrderLineNumber": 1}], "labels": [label]}],
        "returnOrderLines": [_line(one)],
        "returnChannel": {"channelName": "ONLINE"},
    }


def _line(one: _Return) -> Json:
    order, goods = one.order, one.goods
    line = order.lines[goods.line]
    events = [("RETURN_INITIATED", one.initiated)]
    if one.done:
        events = [("DELIVERED_AFTER_INVOICE", goods.at), ("REFUND_ISSUED", goods.at), *events]
    refund_status = "REFUND_COMPLETED" if one.done else "NOT_INITIATED"
    quantity = {"unitOfMeasure": "EACH", "measurementValue": goods.quantity}
    state = {"status": one.status, "statusTime": iso(one.changed), "currentRefundStatus": refund_status}
    return {
        "returnOrderLineNumber": 1,
        "salesOrderLineNumber": int(line.item_id),
        "returnReason": REASONS[chance.number("reason", one.id) % len(REASONS)],
        "purchaseOrderId": order.id,
        "purchaseOrderLineNumber": int(line.item_id),
        "item": {"sku": line.listing.seller_sku, "productName": line.listing.product.title, "condition": "New"},
        "charges": [],
        "currentDeliveryStatus": "DELIVERED" if one.done else "IN_TRANSIT",
        **state,
        "currentTrackingStatuses": [{**state, "quantity": quantity}],
        "quantity": quantity,
        "refundedQty": goods.quantity if one.done else 0,
        "refundChannel": "WALMART_SETTLED_REFUND" if order.fba else "SELLER_AUTO_REFUND",
        "returnTrackingDetail": [
            {"sequenceNo": len(events) - 1 - place, "eventTag": tag, "eventTime": iso(at)}
            for place, (tag, at) in enumerate(events)
        ],
    }
