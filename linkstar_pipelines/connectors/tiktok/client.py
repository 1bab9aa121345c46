"""TikTok Shop's calls for one shop, in the words that all platforms share.

Belongs here: the methods of `Client`.
Does not belong here: pages (`pages.py`), the writing calls (`writing.py`), signing (`calls.py`).
"""

from collections.abc import Iterator, Sequence

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import AccessCheck, Page, Parcel, Payload, Receipt, StockChange, Window
from linkstar_pipelines.connectors.tiktok import operations as op
from linkstar_pipelines.connectors.tiktok import pages, records, writing
from linkstar_pipelines.connectors.tiktok.auth import wrong_shop
from linkstar_pipelines.connectors.tiktok.calls import TikTokCalls
from linkstar_pipelines.connectors.tiktok.operations import objects
from linkstar_pipelines.connectors.tiktok.store import TikTokStore
from linkstar_pipelines.schemas.platforms import Stream


class TikTokClient:
    """Calls to one shop; see `Client`. Tokens are kept in the database and shared by all processes."""

    def __init__(self, store: TikTokStore, http: HttpCore) -> None:
        self._calls = TikTokCalls(store, http)

    @property
    def store(self) -> TikTokStore:
        """The shop's settings."""
        return self._calls.store

    @property
    def http(self) -> HttpCore:
        """The HTTP core the calls go through."""
        return self._calls.http

    def check_access(self) -> AccessCheck:
        """Ask for the authorised shops, and compare them with the settings; TikTok states no rate.

        Raises:
            CredentialError: the shop of the settings is not among them, or has another cipher.
        """
        answer = self._calls.ask(op.SHOPS)
        shops = [(shop.get("id"), shop.get("cipher")) for shop in objects(answer.data["shops"])]
        if (self.store.shop_id, self.store.shop_cipher) not in shops:
            raise wrong_shop(self.store, op.SHOPS.name)
        return AccessCheck.of(answer)

    def read(self, stream: Stream, window: Window | None, reading: int) -> Iterator[Page]:
        """List a stream once; see `Client.read`.

        Raises:
            ValueError: orders are asked for without a window, or the stream is not registered for TikTok Shop.
        """
        size = op.PAGE_SIZES[reading % len(op.PAGE_SIZES)]
        if stream is Stream.LISTINGS:
            return pages.product_pages(self._calls, size)
        if stream is Stream.INVENTORY:
            return pages.stock_pages(self._calls, size)
        if stream is not Stream.ORDERS or window is None:
            raise ValueError(f"TikTok Shop lists orders (with a window), listings and inventory; not {stream.value}")
        return pages.order_pages(self._calls, window, size)

    def get_order(self, order_id: str) -> Payload | None:
        """Return one order as `read` would list it; None when TikTok does not know it."""
        orders = objects(self._calls.ask(op.ORDER, {"ids": order_id}).data.get("orders"))
        return records.order(self.store.marketplace_id, orders[0]) if orders else None

    def push_stock(self, changes: Sequence[StockChange]) -> list[Receipt]:
        """Set the quantities of listings; see `Client.push_stock`."""
        return writing.push_stock(self._calls, changes)

    def confirm_shipment(self, parcel: Parcel) -> Receipt:
        """Tell TikTok that a parcel left; see `Client.confirm_shipment` and `writing.py`."""
        return writing.confirm_shipment(self._calls, self.get_order(parcel.order_id), parcel)
