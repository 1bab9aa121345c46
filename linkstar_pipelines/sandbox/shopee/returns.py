"""Returns: `get_return_list` and `get_return_detail`.

Here: the stages of a return, five days from the buyer's request to the parcel's arrival and the refund.
Not here: what comes back (the world says), the booking of the refund (see `payments`).
"""

from dataclasses import dataclass
from typing import Final

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.shopee.catalog import Catalog
from linkstar_pipelines.sandbox.shopee.numbered import numbered_page
from linkstar_pipelines.sandbox.shopee.orders import span
from linkstar_pipelines.sandbox.shopee.people import username
from linkstar_pipelines.sandbox.shopee.wire import ApiError, Call, amount, done
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.instants import DAY, day_of
from linkstar_pipelines.sandbox.world.life import Return
from linkstar_pipelines.sandbox.world.order import Order

STAGES: Final = (  # days before the refund, status, parcel
    (2.5, "REQUESTED", "LOGISTICS_NOT_START"),
    (2.0, "PROCESSING", "LOGISTICS_REQUEST_CREATED"),
    (1.0, "PROCESSING", "LOGISTICS_PICKUP_DONE"),
    (0.0, "ACCEPTED", "LOGISTICS_DELIVERY_DONE"),
)
REASONS: Final = ("PHYSICAL_DMG", "CHANGE_MIND", "WRONG_ITEM", "FUNCTIONAL_DMG")


def return_number(order: Order, returned: Return) -> str:
    """Return the serial number of a return."""
    day = day_of(returned.at).strftime("%y%m%d")
    return f"{day}{chance.number('shopee return', order.id, returned.shipment.id, returned.line) % 10**9:09d}"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A return at its present stage, reached at `at`."""

    number: str
    order: Order
    returned: Return
    at: int
    status: str
    parcel: str


class ReturnsApi:
    """Answers the return calls."""

    def __init__(self, bench: Bench, catalogs: dict[str, Catalog]) -> None:
        self._world = bench.world
        self._catalogs = catalogs

    def search(self, call: Call) -> Reply:
        """Answer get_return_list, pages from 0, oldest change first."""
        page, size = call.whole("page_no", 0, 10**6), call.whole("page_size", 1, 100)
        first, last = 0, 2**62
        if "update_time_from" in call.query or "update_time_to" in call.query:
            first, last = span(call, "update_time_from", "update_time_to", "error_param")
        wanted = call.query.get("status", "")
        found = [
            shown for shown in self._shown(call)
            if first <= shown.at <= last and (not wanted or shown.status == wanted)
        ]  # fmt: skip
        rows, more = numbered_page(found, page, size, call.strike)
        return done({"more": more, "return": [self._row(call, shown) for shown in rows]})

    def detail(self, call: Call) -> Reply:
        """Answer get_return_detail: the row of the list and the parcel's state."""
        number = call.text("return_sn")
        found = next((shown for shown in self._shown(call) if shown.number == number), None)
        if found is None:
            raise ApiError("error_not_found", "Wrong parameters, detail: the return is not found.")
        parcel = {"logistics_status": found.parcel, "reverse_logistics_status": found.parcel}
        address = {"address": "12 Sample Road", "name": "L******r", "phone": "******00", "region": call.market.id}
        return done({**self._row(call, found), **parcel, "return_pickup_address": address})

    def _shown(self, call: Call) -> list[_Shown]:
        store = self._world.reach(call.now).store(call.account.code)
        found = []
        for order, returned in store.returns:
            reached = [
                (at, status, parcel)
                for days, status, parcel in STAGES
                if (at := returned.at - int(days * DAY)) <= call.now
            ]
            if reached:
                found.append(_Shown(return_number(order, returned), order, returned, *reached[-1]))
        return sorted(found, key=lambda shown: (shown.at, shown.number))

    def _row(self, call: Call, shown: _Shown) -> Json:
        order, returned = shown.order, shown.returned
        line = order.lines[returned.line]
        place, created = self._catalogs[call.account.code].place(line.listing), returned.at - int(STAGES[0][0] * DAY)
        sent = shown.parcel in {"LOGISTICS_PICKUP_DONE", "LOGISTICS_DELIVERY_DONE"}
        return {
            "return_sn": shown.number,
            "order_sn": order.id,
            "status": shown.status,
            "reason": REASONS[chance.number("reason", shown.number) % len(REASONS)],
            "text_reason": "as told to the seller",
            "image": [],
            "refund_amount": amount(order.market, line.price.paid * returned.quantity),
            "amount_before_discount": amount(order.market, (line.price.principal + line.price.tax) * returned.quantity),
            "currency": order.market.currency,
            "create_time": created,
            "update_time": shown.at,
            "due_date": created + 5 * DAY,
            "tracking_number": f"RN{shown.number[-9:]}" if sent else "",
            "needs_logistics": True,
            "return_solution": 0,
            "return_refund_type": "RRBOC",
            "user": {"username": username(order), "email": "b******r@example.com", "portrait": ""},
            "item": [
                {
                    "item_id": place.item.id,
                    "model_id": place.model_id,
                    "name": place.item.title,
                    "images": [],
                    "amount": returned.quantity,
                    "item_price": amount(order.market, line.price.principal + line.price.tax - line.price.discount),
                    "is_add_on_deal": False,
                    "is_main_item": False,
                    "add_on_deal_id": 0,
                    "item_sku": "" if place.item.has_model else line.listing.seller_sku,
                    "variation_sku": line.listing.seller_sku if place.item.has_model else "",
                }
            ],
        }
