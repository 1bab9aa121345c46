"""TikTok Shop's listings, page by page: what `Client.read` yields for each stream.

Belongs here: windows, page tokens, totals, and the call for stock beside the products.
Does not belong here: how answers make a record (`records.py`), single calls that change something (`writing.py`), or
what a payload means.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from linkstar_pipelines.connectors.errors import MalformedAnswerError
from linkstar_pipelines.connectors.platform import Page, Payload, Window
from linkstar_pipelines.connectors.tiktok import operations as op
from linkstar_pipelines.connectors.tiktok import records
from linkstar_pipelines.connectors.tiktok.calls import TikTokCalls
from linkstar_pipelines.connectors.tiktok.operations import Operation

_MOST_REPEATS: Final = 25  # a faulty platform may serve a page again; an endless circle it must not become


def order_pages(calls: TikTokCalls, window: Window, page_size: int) -> Iterator[Page]:
    """List the orders changed in a window, oldest change first; an open window ends at TikTok's own present."""
    body = {"update_time_ge": op.first_second(window.start)}
    if window.end is not None:
        body["update_time_lt"] = op.first_second(window.end)
    query = {"page_size": str(page_size), "sort_field": "update_time", "sort_order": "ASC"}
    for data in _pages(calls, op.ORDERS, query, body):
        orders = [records.order(calls.store.marketplace_id, order) for order in records.rows(data, "orders")]
        yield Page(orders, total=_whole(data["total_count"]))


def product_pages(calls: TikTokCalls, page_size: int) -> Iterator[Page]:
    """List the products of the shop with their SKUs and prices."""
    market = calls.store.marketplace_id
    for data in _pages(calls, op.PRODUCTS, {"page_size": str(page_size)}, {"status": "ALL"}):
        products = [records.product(market, product) for product in records.rows(data, "products")]
        yield Page(products, total=_whole(data["total_count"]))


def stock_pages(calls: TikTokCalls, page_size: int) -> Iterator[Page]:
    """List the products of the shop with the stock of their SKUs in each warehouse."""
    for page in product_pages(calls, page_size):
        stocks = _stocks(calls, [records.text_of(record["product"], "id") for record in page.records])
        yield Page(records.stocked(page.records, stocks), total=page.total)


def _stocks(calls: TikTokCalls, product_ids: Sequence[str]) -> Payload | None:
    asked = sorted({product_id for product_id in product_ids if product_id})
    if not asked:
        return None
    told: Payload = calls.ask(op.INVENTORY, body={"product_ids": asked}).data
    return told


def _pages(
    calls: TikTokCalls, operation: Operation, query: Mapping[str, str], body: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Ask page after page; a page token holds only with the parameters it was given for."""
    token, seen = "", Counter[str]()
    while True:
        data: dict[str, Any] = calls.ask(operation, {**query, **({"page_token": token} if token else {})}, body).data
        yield data
        token = str(data.get("next_page_token") or "")
        if not token:
            return
        seen[token] += 1
        if seen[token] > _MOST_REPEATS:
            raise MalformedAnswerError(
                "TikTok Shop names the same next page again and again: the listing has no end. Run it later.",
                platform=op.PLATFORM, store=calls.store.name, operation=operation.name,
            )  # fmt: skip


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
