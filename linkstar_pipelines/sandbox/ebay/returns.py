"""Post-Order API: the search of returns, and one return.

Here: the life of a return as eBay tells it. The world knows when the money went back; the buyer asked two days before,
sent the goods twelve hours later, and they arrived twelve hours before the refund. The search knows creation times
only and gives summaries; the history, the parcel and the seller's code are told of one return. Field names are those
of eBay's documentation; no official model describes them.
"""

from dataclasses import dataclass
from decimal import Decimal

from linkstar_pipelines.sandbox.ebay.inventory import item_id
from linkstar_pipelines.sandbox.ebay.wire import POST_ORDER as API
from linkstar_pipelines.sandbox.ebay.wire import ApiError, Call, stamp
from linkstar_pipelines.sandbox.paging import Key, cut
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import DAY, HOUR
from linkstar_pipelines.sandbox.world.life import Return
from linkstar_pipelines.sandbox.world.order import Order

DEFAULT_LIMIT, MOST = 25, 200
OPEN_REACH = 90 * DAY
ASKED_BEFORE, SENT_AFTER, ARRIVED_BEFORE = 2 * DAY, 12 * HOUR, 12 * HOUR
REASONS = ("NO_LONGER_NEED_ITEM", "DEFECTIVE_ITEM", "NOT_AS_DESCRIBED", "WRONG_SIZE")


@dataclass(frozen=True, slots=True)
class _Case:
    order: Order
    returned: Return

    @property
    def id(self) -> str:
        """The id of the return."""
        parts = (self.order.id, self.returned.shipment.id, self.returned.line)
        return f"5{chance.number('ebay return', *parts) % 10**9:09d}"

    @property
    def created(self) -> int:
        """When the buyer asked for it."""
        return self.returned.at - ASKED_BEFORE

    def history(self, now: int) -> list[tuple[int, str]]:
        """List what happened by now: instant, and the state it led to."""
        at = self.returned.at
        steps = [
            (self.created, "RETURN_STARTED"),
            (self.created + SENT_AFTER, "ITEM_SHIPPED"),
            (at - ARRIVED_BEFORE, "ITEM_DELIVERED"),
            (at, "CLOSED"),
        ]
        return [step for step in steps if step[0] <= now]


class ReturnsApi:
    """Answers the operations of the Post-Order API."""

    def __init__(self, world: World) -> None:
        self._world = world

    def search(self, call: Call) -> Reply:
        """Answer the search, oldest creation first; `offset` counts from 1."""
        limit, offset = call.limit(API, DEFAULT_LIMIT, MOST), call.offset(API, default=1)
        first, last = _window(call)
        found = sorted(
            (case for case in self._cases(call) if first <= case.created <= last), key=lambda c: (c.created, c.id)
        )
        keyed: list[tuple[Key, _Case]] = [([place], case) for place, case in enumerate(found, start=1)]
        cutting = cut(
            lambda after: keyed[int(after[0]) if after else 0 :],
            lambda case: _summary(case, call.now),
            {"after": [offset - 1]} if offset > 1 else {},
            limit,
            call.strike,
        )
        pages = -(-len(found) // limit)
        frame = {"limit": limit, "offset": offset, "totalEntries": len(found), "totalPages": pages}
        return Reply({"members": cutting.items, "paginationOutput": frame})

    def get(self, call: Call) -> Reply:
        """Answer the call for one return."""
        case = next((case for case in self._cases(call) if case.id == call.path["returnId"]), None)
        if case is None:
            raise ApiError(404, 1711, API.domain, "Invalid return id")
        return Reply({"summary": _summary(case, call.now), "detail": _detail(case, call.now)})

    def _cases(self, call: Call) -> list[_Case]:
        store = self._world.reach(call.now).store(call.account.code)
        cases = (_Case(order, returned) for order, returned in store.returns)
        return [case for case in cases if case.created <= call.now]


def _window(call: Call) -> tuple[int, int]:
    texts = [call.query.get(f"creation_date_range_{end}", "") for end in ("from", "to")]
    if not texts[0]:
        return call.now - OPEN_REACH, call.now
    first, last = call.span(API, "..".join(texts))
    return first, first + OPEN_REACH if last is None else last


def _money(case: _Case) -> Json:
    order = case.order
    minor = order.lines[case.returned.line].price.paid * case.returned.quantity
    number = Decimal(order.market.text(minor))
    return {"value": float(number), "currency": order.market.currency}


def _summary(case: _Case, now: int) -> Json:
    line = case.order.lines[case.returned.line]
    state = case.history(now)[-1][1]
    return {
        "returnId": case.id,
        "orderId": case.order.id,
        "buyerLoginName": f"buyer-{chance.number('buyer', case.order.id) % 10**8:08d}",
        "sellerLoginName": case.order.account.seller_id,
        "currentType": "MONEY_BACK",
        "state": state,
        "status": state,
        "creationInfo": {
            "item": {
                "itemId": item_id(line.listing),
                "transactionId": line.item_id,
                "returnQuantity": case.returned.quantity,
            },
            "type": "MONEY_BACK",
            "reason": REASONS[chance.number("reason", case.id) % len(REASONS)],
            "comments": {"content": "Words of an invented buyer"},
            "creationDate": {"value": stamp(case.created)},
        },
        "sellerTotalRefund": {
            "estimatedRefundAmount": _money(case),
            **({"actualRefundAmount": _money(case)} if state == "CLOSED" else {}),
        },
    }


def _detail(case: _Case, now: int) -> Json:
    history = case.history(now)
    line = case.order.lines[case.returned.line]
    before = ["", *(state for _, state in history)]
    detail: Json = {
        "itemDetail": {
            "itemId": item_id(line.listing),
            "transactionId": line.item_id,
            "returnQuantity": case.returned.quantity,
            "sku": line.listing.seller_sku,
        },
        "responseHistory": [
            {
                "author": "BUYER" if state in {"RETURN_STARTED", "ITEM_SHIPPED"} else "SYSTEM",
                "creationDate": {"value": stamp(at)},
                "fromState": earlier,
                "toState": state,
            }
            for earlier, (at, state) in zip(before, history, strict=False)
        ],
    }
    if len(history) > 1:
        tracking = {"carrierName": "SANDBOX", "trackingNumber": f"RET{case.id}"}
        detail["returnShipmentInfo"] = {"shipmentTracking": tracking}
    return detail
