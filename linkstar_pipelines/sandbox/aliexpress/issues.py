"""Issues (disputes): how returns look on AliExpress.

Here: list and detail of the shop's returns. A buyer opens an issue two days before the goods are back and the money is
refunded; it is about one order line, and its list knows no times to ask for.
Not here: which goods come back (see `world.life`).
"""

from linkstar_pipelines.sandbox.aliexpress.buyers import login_of
from linkstar_pipelines.sandbox.aliexpress.pages import Pager, Wanted
from linkstar_pipelines.sandbox.aliexpress.wire import BusinessError, Call, listed, money, pacific, whole
from linkstar_pipelines.sandbox.paging import Key
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import DAY, HOUR
from linkstar_pipelines.sandbox.world.life import Return
from linkstar_pipelines.sandbox.world.order import Order

STATUSES = ("processing", "canceled_issue", "finish")
REASONS = (("质量问题", "Quality problem"), ("与描述不符", "Not as described"), ("不再需要", "No longer needed"))

Issue = tuple[Order, Return]


class IssuesApi:
    """Answers the methods about issues."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pager = Pager()

    def search(self, call: Call) -> Json:
        """Answer `aliexpress.issue.issuelist.get`; its answer has no `result` around it."""
        query = call.query("query_dto")
        wanted = Wanted(whole(query, "current_page", 1, 1, 10**6), whole(query, "page_size", 20, 1, 50))
        status, order_no = query.get("issue_status"), query.get("order_no")
        if status not in {None, *STATUSES}:
            raise BusinessError("PARAM_INVALID", "issue_status is invalid")
        found: list[tuple[Key, Issue]] = [
            ([_opened(issue), issue_id(issue)], issue)
            for issue in self._issues(call)
            if status in {None, _status(issue, call.now)} and str(order_no or "") in {"", _child(issue), issue[0].id}
        ]
        found.sort(key=lambda entry: entry[0])
        rows = self._pager.page(call, query, found, lambda issue: _row(issue, call.now), wanted)
        return {
            "current_page": wanted.number,
            "page_size": wanted.size,
            "total_item": len(found),
            **listed("data_list", "issue_api_issue_dto", rows),
        }

    def get(self, call: Call) -> Json:
        """Answer `aliexpress.issue.detail.get`."""
        wanted, buyer = call.parameters.get("issue_id", ""), call.parameters.get("buyer_login_id", "")
        for issue in self._issues(call):
            if str(issue_id(issue)) == wanted and login_of(issue[0]) == buyer:
                return {"result_object": _detail(issue, call.now)}
        raise BusinessError("ISSUE_NOT_EXIST", "The issue does not exist.")

    def _issues(self, call: Call) -> list[Issue]:
        store = self._world.reach(call.now).store(call.account.code)
        return [issue for issue in store.returns if _opened(issue) <= call.now]


def issue_id(issue: Issue) -> int:
    """Return the id of a return's issue."""
    order, returned = issue
    return 6 * 10**14 + chance.number("issue", order.id, returned.shipment.id, returned.line) % 10**14


def _opened(issue: Issue) -> int:
    return max(issue[1].shipment.at + HOUR, issue[1].at - 2 * DAY)


def _status(issue: Issue, now: int) -> str:
    return "finish" if issue[1].at <= now else "processing"


def _child(issue: Issue) -> str:
    return issue[0].lines[issue[1].line].item_id


def _row(issue: Issue, now: int) -> Json:
    order, returned = issue
    chinese, english = REASONS[issue_id(issue) % len(REASONS)]
    return {
        "issue_id": issue_id(issue),
        "order_id": int(_child(issue)),
        "parent_order_id": int(order.id),
        "issue_status": _status(issue, now),
        "gmt_create": pacific(_opened(issue)),
        "gmt_modified": pacific(returned.at if returned.at <= now else _opened(issue)),
        "reason_chinese": chinese,
        "reason_english": english,
        "buyer_login_id": login_of(order),
    }


def _detail(issue: Issue, now: int) -> Json:
    order, returned = issue
    line = order.lines[returned.line]
    refund = money(order.account, line.price.paid * returned.quantity)
    finished = returned.at <= now
    solution = {
        "id": issue_id(issue) + 1,
        "issue_id": issue_id(issue),
        "order_id": int(line.item_id),
        "gmt_create": pacific(_opened(issue)),
        "gmt_modified": pacific(returned.at if finished else _opened(issue)),
        "solution_type": "return_and_refund",
        "solution_owner": "buyer",
        "status": "perform" if finished else "wait_seller_accept",
        "refund_money": refund["amount"],
        "refund_money_currency": refund["currency_code"],
        "refund_money_post": refund["amount"],
        "refund_money_post_currency": refund["currency_code"],
        "content": f"Please take back {returned.quantity}.",
    }
    process = {"action_type": "initiate", "submit_member_type": "buyer", "receive_goods": True,
               "content": "I want to return this.", "gmt_create": pacific(_opened(issue))}  # fmt: skip
    return {
        "id": issue_id(issue),
        "order_id": int(line.item_id),
        "parent_order_id": int(order.id),
        "issue_status": _status(issue, now),
        "issue_reason": REASONS[issue_id(issue) % len(REASONS)][1],
        "gmt_create": pacific(_opened(issue)),
        "buyer_login_id": login_of(order),
        "product_name": line.listing.product.title,
        "buyer_return_no": f"RT{issue_id(issue) % 10**9:09d}" if finished else "",
        **listed("buyer_solution_list", "solution_api_dto", [solution]),
        **listed("process_dto_list", "api_issue_process_dto", [process]),
    }
