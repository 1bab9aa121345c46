"""Orders: list, detail, address, and the confirmation of shipments.

Here: the windows of the list (US Pacific time, both ends included), the states that it leaves out unless asked, and
parcels that were told, which are kept in memory. Not here: an order's wire form (see `order_json`).
"""

from linkstar_pipelines.sandbox.aliexpress.buyers import address
from linkstar_pipelines.sandbox.aliexpress.loans import LoansApi
from linkstar_pipelines.sandbox.aliexpress.order_json import detail, paid_at, row, state
from linkstar_pipelines.sandbox.aliexpress.pages import Pager, Wanted
from linkstar_pipelines.sandbox.aliexpress.wire import BusinessError, Call, listed, pacific, read_bounds, refused, whole
from linkstar_pipelines.sandbox.paging import Key
from linkstar_pipelines.sandbox.payload_faults import LONG_AGO, ShipDate
from linkstar_pipelines.sandbox.search import Found, SearchIndex
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.order import Order, Status, Version

_SHIP_DATE = ShipDate(("gmt_send_goods_time",), pacific(LONG_AGO))
OPEN = frozenset({Status.UNSHIPPED, Status.PARTIALLY_SHIPPED})


class OrdersApi:
    """Answers the methods about orders."""

    def __init__(self, world: World, index: SearchIndex, loans: LoansApi) -> None:
        self._world = world
        self._pager = Pager()
        self._index = index
        self._loans = loans
        self._parcels: dict[str, list[Json]] = {}

    def search(self, call: Call) -> Json:
        """Answer `aliexpress.solution.order.get`."""
        query = call.query("param0")
        wanted = Wanted(whole(query, "current_page", 1, 1, 10**6), whole(query, "page_size", 20, 1, 50))
        found = [(key, item) for key, item in self._window(call, query) if _asked(query, item)]
        result = {
            "success": True,
            "error_code": "0",
            "error_message": "操作成功",
            "total_count": len(found),
            "total_page": wanted.pages(len(found)),
            "page_size": wanted.size,
            "current_page": wanted.number,
            **listed("target_list", "order_dto", self._pager.page(call, query, found, self._show, wanted)),
        }
        return {"result": result}

    def info(self, call: Call) -> Json:
        """Answer `aliexpress.solution.order.info.get`: the newest version, whatever the list shows."""
        order, version = self._order(call, call.query("param1").get("order_id"))
        parcels = [
            _parcel(shipment.id.replace("D", "LP"), shipment.at)
            for shipment in order.shipments
            if shipment.at <= call.now
        ]
        parcels += self._parcels.get(order.id, [])
        data = {
            **detail(order, version),
            **listed("logistic_info_list", "global_aeop_tp_logistic_info_dto", parcels),
            **self._loans.times(order, call.now),
        }
        return {"result": {"error_code": 0, "data": data}}

    def receipt(self, call: Call) -> Json:
        """Answer `aliexpress.solution.order.receiptinfo.get`; an unpaid order has no address yet."""
        order, version = self._order(call, call.query("param1").get("order_id"))
        if paid_at(order, version) is None:
            raise BusinessError("ORDER_NOT_PAID", "The order is not paid.")
        return {"result": address(order, version)}

    def fulfill(self, call: Call) -> Json:
        """Answer `aliexpress.solution.order.fulfill`: once per parcel, and only while something is to be sent."""
        told = call.parameters
        for name in ("service_name", "out_ref", "send_type", "logistics_no"):
            if not told.get(name):
                raise refused("MissingParameter", f"The input parameter {name} that is mandatory is not supplied")
        order, version = self._order(call, told["out_ref"])
        parcels = self._parcels.setdefault(order.id, [])
        all_sent = any(parcel["send_type"] == "all" for parcel in parcels)
        known = any(parcel["logistics_no"] == told["logistics_no"] for parcel in parcels)
        if version.status not in OPEN or all_sent or known or told["send_type"] not in {"all", "part"}:
            failure = "The order is not waiting for this shipment."
            return {"result": {"result_success": False, "error_code": "STATUS_INVALID", "error_message": failure}}
        parcels.append({**_parcel(told["logistics_no"], call.now), "send_type": told["send_type"],
                        "logistics_type_code": told["service_name"]})  # fmt: skip
        return {"result": {"result_success": True}}

    def _window(self, call: Call, query: Json) -> list[tuple[Key, Found]]:
        store = self._world.reach(call.now).store(call.account.code)
        modified, created = read_bounds(query, "modified_date"), read_bounds(query, "create_date")
        if modified is None and created is None:
            raise BusinessError("PARAM_INVALID", "a start of modified_date or create_date is required")
        walk, bounds = (self._index.updated, modified) if modified else (self._index.created, created)
        first, last = bounds or (0, 0)
        found = list(walk(store, first, min(last, call.now), None, call.now))
        if modified and created:
            found = [(key, item) for key, item in found if created[0] <= item[0].created <= created[1]]
        return found

    def _order(self, call: Call, order_id: object) -> tuple[Order, Version]:
        order = self._world.reach(call.now).store(call.account.code).orders.get(str(order_id))
        index = order.index_at(call.now) if order else -1
        if order is None or index < 0:
            raise BusinessError("ORDER_NOT_EXIST", "The order does not exist.")
        return order, order.versions[index]

    def _show(self, found: Found) -> Json:
        order, index = found
        body = self._index.spoil(order, row(order, order.versions[index]), _SHIP_DATE)
        spoiled = self._index.malformed(order, index)
        if spoiled == 0:
            del body["order_id"]
        elif spoiled == 1:
            body["product_list"] = None
        elif spoiled == 2:
            body["product_list"]["order_product_dto"][0]["product_unit_price"]["amount"] = "n/a"
        return body


def _asked(query: Json, found: Found) -> bool:
    order, index = found
    shown = state(order.versions[index])
    if query.get("order_status"):
        return bool(shown == query["order_status"])
    if query.get("order_status_list"):
        return shown in query["order_status_list"]
    return shown != "FINISH"


def _parcel(number: str, at: int) -> Json:
    return {
        "logistics_no": number,
        "logistics_type_code": "CAINIAO_STANDARD",
        "gmt_send": pacific(at),
        "have_tracking_info": True,
    }
