"""Shopee's calls for one shop, in the words that all platforms share.

Belongs here: the methods of `Client`, and the queue of lost pushes.
Does not belong here: pages (`pages.py`), the writing calls (`stock.py`, `shipping.py`), signing (`calls.py`).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from linkstar_pipelines.connectors.errors import RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import (
    AccessCheck,
    Page,
    Parcel,
    Payload,
    PushEvent,
    Receipt,
    StockChange,
    Window,
)
from linkstar_pipelines.connectors.shopee import operations as op
from linkstar_pipelines.connectors.shopee import pages, shipping, stock
from linkstar_pipelines.connectors.shopee.calls import ShopeeCalls
from linkstar_pipelines.connectors.shopee.push import event_of
from linkstar_pipelines.connectors.shopee.store import ShopeeStore
from linkstar_pipelines.schemas.platforms import CHANGING, Stream


@dataclass(frozen=True)
class LostPushes:
    """Pushes that did not reach us, at most 100, oldest first.

    Attributes:
        events: What they say, of all shops of the app (`PushEvent.account` is the shop id).
        last_message_id: What `ShopeeClient.confirm_lost_pushes` takes; None when there are none.
        more: Whether further ones wait behind these.
    """

    events: list[PushEvent]
    last_message_id: int | None
    more: bool


class ShopeeClient:
    """Calls to one shop; see `Client`. Tokens are kept in the database and shared by all processes."""

    def __init__(self, store: ShopeeStore, http: HttpCore) -> None:
        self._calls = ShopeeCalls(store, http)

    @property
    def store(self) -> ShopeeStore:
        """The shop's settings."""
        return self._calls.store

    @property
    def http(self) -> HttpCore:
        """The HTTP core the calls go through."""
        return self._calls.http

    def check_access(self) -> AccessCheck:
        """Ask for the shop's profile; Shopee states no rate."""
        answer = self._calls.ask(op.SHOP_INFO)
        return AccessCheck.of(answer)

    def read(self, stream: Stream, window: Window | None, reading: int) -> Iterator[Page]:
        """List a stream once; see `Client.read`.

        Raises:
            ValueError: a stream that is read by change time has no window.
        """
        size = op.PAGE_SIZES[reading % len(op.PAGE_SIZES)]
        if stream not in CHANGING:
            return pages.item_pages(self._calls, size)
        if window is None:
            raise ValueError(f"Shopee lists {stream.value} by change time; give a window")
        if stream is Stream.ORDERS:
            return pages.order_pages(self._calls, window, size)
        if stream is Stream.RETURNS:
            return pages.return_pages(self._calls, window, size)
        return pages.finance_pages(self._calls, window, size)

    def get_order(self, order_id: str) -> Payload | None:
        """Return one order as `read` would list it; None when Shopee does not know it."""
        try:
            found = pages.order_details(self._calls, [order_id])
        except RequestRejectedError as error:
            if op.bare(error.code) in {"error_not_found", "order_not_found"}:
                return None
            raise
        return found[0] if found and len(found[0]) > 1 else None

    def push_stock(self, changes: Sequence[StockChange]) -> list[Receipt]:
        """Set the quantities of listings; see `Client.push_stock`."""
        return stock.push_stock(self._calls, changes)

    def confirm_shipment(self, parcel: Parcel) -> Receipt:
        """Tell Shopee that a parcel left; see `Client.confirm_shipment` and `shipping.py`."""
        return shipping.confirm_shipment(self._calls, self.get_order(parcel.order_id), parcel)

    def lost_pushes(self) -> LostPushes:
        """Return pushes of the last three days that did not reach us.

        The queue is the app's: the same messages come until `confirm_lost_pushes` is called, which is to be done once
        the events of all shops are stored.
        """
        response = self._calls.ask_publicly(op.LOST_PUSHES).data["response"]
        events = [event_of(_lost(message)) for message in response["push_message_list"]]
        return LostPushes(events, response.get("last_message_id"), bool(response.get("has_next_page")))

    def confirm_lost_pushes(self, last_message_id: int) -> None:
        """Let Shopee forget the lost pushes up to that one."""
        self._calls.ask_publicly(op.CONFIRM_PUSHES, {"last_message_id": last_message_id})


def _lost(message: Any) -> Any:
    """Return the push inside a lost message: the reference calls it a text and shows an object."""
    data = message.get("data") if isinstance(message, dict) else None
    try:
        data = json.loads(data) if isinstance(data, str) else data
    except json.JSONDecodeError:
        return message
    return data if isinstance(data, dict) and "code" in data else message
