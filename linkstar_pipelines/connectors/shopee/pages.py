"""Shopee's listings, page by page: what `Client.read` yields for each stream.

Belongs here: windows of at most 15 days, the three kinds of paging, and the second calls without which a page holds
no more than ids.
Does not belong here: how answers make a record (`records.py`), single calls that change something (`shipping.py`,
`client.py`), or what a payload means.

Shopee states a total for items alone, so only their pages carry one.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

from linkstar_pipelines.connectors.errors import MalformedAnswerError
from linkstar_pipelines.connectors.platform import Page, Payload, Window
from linkstar_pipelines.connectors.shopee import operations as op
from linkstar_pipelines.connectors.shopee import records
from linkstar_pipelines.connectors.shopee.calls import Query, ShopeeCalls
from linkstar_pipelines.connectors.shopee.operations import Operation, epoch

_MOST_REPEATS: Final = 25  # a faulty platform may serve a page again; an endless circle it must not become


def order_pages(calls: ShopeeCalls, window: Window, page_size: int) -> Iterator[Page]:
    """List the orders changed in a window; a page holds the details of one page of the order list."""
    for first, last in _spans(window):
        query: Query = [
            ("time_range_field", "update_time"), ("time_from", first), ("time_to", last), ("page_size", page_size),
        ]  # fmt: skip
        cursor, seen = "", Counter[str]()
        while True:
            page = calls.ask(op.ORDER_LIST, [*query, ("cursor", cursor)]).data
            yield Page(order_details(calls, records.order_ids(page)))
            following = page["response"]
            if not following.get("more"):
                break
            cursor = str(following.get("next_cursor") or "")
            _count_repeat(calls, op.ORDER_LIST, seen, cursor)


def order_details(calls: ShopeeCalls, order_ids: Sequence[str]) -> list[Payload]:
    """Return the details of orders. One that Shopee leaves out, also when asked again, is there with its id alone."""
    details = _details(calls, order_ids)
    details += _details(calls, records.left_out(order_ids, details))
    return [*details, *map(records.bare, records.left_out(order_ids, details))]


def _details(calls: ShopeeCalls, order_ids: Sequence[str]) -> list[Payload]:
    details: list[Payload] = []
    for start in range(0, len(order_ids), op.DETAILS_AT_ONCE):
        asked = order_ids[start : start + op.DETAILS_AT_ONCE]
        query = [("order_sn_list", ",".join(asked)), ("response_optional_fields", ",".join(op.ORDER_FIELDS))]
        details += records.orders_in(calls.ask(op.ORDER_DETAIL, query).data)
    return details


def item_pages(calls: ShopeeCalls, page_size: int) -> Iterator[Page]:
    """List the items of the shop with their models, stock and prices."""
    statuses = [("item_status", status) for status in op.ITEM_STATUSES]
    offset, seen = 0, Counter[str]()
    while True:
        page = calls.ask(op.ITEM_LIST, [("offset", offset), ("page_size", page_size), *statuses]).data["response"]
        ids = [item["item_id"] for item in records.objects(page.get("item")) if isinstance(item.get("item_id"), int)]
        yield Page(_items(calls, ids), total=_whole(page.get("total_count")))
        if not page.get("has_next_page"):
            return
        offset = _whole(page.get("next_offset")) or 0
        _count_repeat(calls, op.ITEM_LIST, seen, str(offset))


def _items(calls: ShopeeCalls, item_ids: Sequence[int]) -> list[Payload]:
    found: list[Payload] = []
    for start in range(0, len(item_ids), op.DETAILS_AT_ONCE):
        asked = item_ids[start : start + op.DETAILS_AT_ONCE]
        query = [("item_id_list", ",".join(map(str, asked)))]
        for item in records.items_in(calls.ask(op.ITEM_BASE, query).data):
            models = None
            if item.get("has_model"):
                named = str(item.get("item_id"))
                models = calls.ask(op.MODEL_LIST, [("item_id", named)], asked={"item_id": named}).data
            found.append(records.item(calls.store.region, item, models))
    return found


def return_pages(calls: ShopeeCalls, window: Window, page_size: int) -> Iterator[Page]:
    """List the returns changed in a window; records are return details, which alone tell where the parcel is."""
    for first, last in _spans(window):
        query = [("update_time_from", first), ("update_time_to", last)]
        for page in _numbered(calls, op.RETURN_LIST, query, page_size, op.FIRST_RETURN_PAGE):
            ids = records.texts(page["response"]["return"], "return_sn")
            yield Page([calls.ask(op.RETURN_DETAIL, [("return_sn", sn)]).data["response"] for sn in ids])


def finance_pages(calls: ShopeeCalls, window: Window, page_size: int) -> Iterator[Page]:
    """List the escrows released in a window, each with its parts, and the movements of the wallet."""
    region = calls.store.region
    for first, last in _spans(window):
        released = [("release_time_from", first), ("release_time_to", last)]
        for page in _numbered(calls, op.ESCROW_LIST, released, page_size, op.FIRST_ESCROW_PAGE):
            yield Page([records.escrow(region, row, _escrow_detail(calls, row)) for row in records.escrows_in(page)])
        moved = [("create_time_from", first), ("create_time_to", last)]
        for page in _numbered(calls, op.WALLET, moved, page_size, op.FIRST_WALLET_PAGE):
            yield Page(records.wallet_in(region, page))


def _escrow_detail(calls: ShopeeCalls, row: Payload) -> Payload:
    named = str(row.get("order_sn"))
    detail: Payload = calls.ask(op.ESCROW_DETAIL, [("order_sn", named)], asked={"order_sn": named}).data
    return detail


def _numbered(calls: ShopeeCalls, operation: Operation, query: Query, page_size: int, first: int) -> Iterator[Payload]:
    for number in count(first):
        page: Payload = calls.ask(operation, [*query, ("page_no", number), ("page_size", page_size)]).data
        yield page
        if not page["response"].get("more"):
            return


def _spans(window: Window) -> Iterator[tuple[int, int]]:
    """Cut a window into spans that Shopee allows, as epoch seconds; neighbours share their border."""
    end = window.end or datetime.now(UTC)
    start = window.start
    while start < end:
        stop = min(start + op.LONGEST_WINDOW, end)
        yield epoch(start), epoch(stop)
        start = stop


def _count_repeat(calls: ShopeeCalls, operation: Operation, seen: Counter[str], token: str) -> None:
    seen[token] += 1
    if not token or seen[token] > _MOST_REPEATS:
        raise MalformedAnswerError(
            "Shopee says that more pages follow and does not tell which: the listing has no end. Run it later.",
            platform=op.PLATFORM, store=calls.store.name, operation=operation.name,
        )  # fmt: skip


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
