"""The calls to one Shopify shop, as the product asks for them.

Belongs here: which calls make a stream, a stock push, a shipment confirmation.
Does not belong here: one exchange (`calls.py`), whether a reading is whole (`connectors/complete.py`), or the meaning
of a payload.

Payloads come back as Shopify wrote them, with what no record tells beside (`records.py`).
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from linkstar_pipelines.connectors.errors import CredentialError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import AccessCheck, Page, Parcel, Payload, Receipt, StockChange, Window
from linkstar_pipelines.connectors.request import DecodeError
from linkstar_pipelines.connectors.shopify import operations as op
from linkstar_pipelines.connectors.shopify import records, shipments
from linkstar_pipelines.connectors.shopify.calls import ShopifyCalls
from linkstar_pipelines.connectors.shopify.operations import Operation, gid
from linkstar_pipelines.connectors.shopify.store import ShopifyStore
from linkstar_pipelines.schemas.platforms import Stream


class ShopifyClient:
    """Calls to one shop (see `Client`)."""

    def __init__(self, store: ShopifyStore, http: HttpCore) -> None:
        self.store = store
        self.http = http
        self._calls = ShopifyCalls(store, http)

    def check_access(self) -> AccessCheck:
        """Ask what the app may do, and compare the clocks; the rate is that of pages of orders."""
        check, _ = self._shop()
        return check

    def read(self, stream: Stream, window: Window | None, reading: int) -> Iterator[Page]:
        """List one stream once (see `Client.read`).

        Raises:
            ValueError: orders are asked for without a window, or a stream that Shopify does not have.
        """
        if stream is Stream.LISTINGS:
            return self._listings(op.VARIANT_PAGES[reading % len(op.VARIANT_PAGES)])
        if stream is Stream.INVENTORY:
            return self._variants(op.STOCK, op.STOCK_PAGES[reading % len(op.STOCK_PAGES)], self._with_levels)
        if stream is not Stream.ORDERS or window is None:
            raise ValueError(f"{stream} cannot be read from Shopify, or only by a window of change times")
        return self._orders(window, op.ORDER_PAGES[reading % len(op.ORDER_PAGES)])

    def get_order(self, order_id: str) -> Payload | None:
        """Return one order as `read` lists it; None when the shop knows none of that id."""
        order = self._calls.ask(op.ORDER, {"id": gid("Order", order_id)})
        return None if order is None else self._marked(self._with_lines(order))

    def push_stock(self, changes: Sequence[StockChange]) -> list[Receipt]:
        """Set what is available of variants at the store's location, one call each.

        The present quantity is read first and goes along: where it changed in between, Shopify refuses.
        """
        return [self._pushed(change) for change in changes]

    def confirm_shipment(self, parcel: Parcel) -> Receipt:
        """Make the parcel's fulfilment, unless the order already has one of its tracking number."""
        return shipments.confirm(self._calls, parcel)

    def _shop(self) -> tuple[AccessCheck, Payload]:
        """Return the check of access, and what Shopify says of the shop and the app."""
        answer = self._calls.send(op.SHOP)
        return AccessCheck(answer.server_time, answer.skew, self._calls.rate(op.ORDERS)), answer.data["data"]

    def _orders(self, window: Window, size: int) -> Iterator[Page]:
        """Fix the upper bound before counting: the count and the pages shall speak of the same orders."""
        check, said = self._shop()
        now = check.server_time or datetime.now(UTC)
        app = said["currentAppInstallation"] or {}
        scopes = {scope.get("handle") for scope in app.get("accessScopes") or []}
        if window.start < now - op.OLDEST_WITHOUT_SCOPE and op.ALL_ORDERS not in scopes:
            raise self._too_old(window)
        end = window.end or now
        bounds = f"updated_at:>='{op.format_instant(window.start)}' updated_at:<'{op.format_instant(end)}'"
        total = self._count(op.ORDERS_COUNT, {"query": bounds})
        for nodes in self._calls.pages(op.ORDERS, size, {"query": bounds}):
            yield Page([self._marked(self._with_lines(order)) for order in nodes], total, end)

    def _listings(self, size: int) -> Iterator[Page]:
        _, said = self._shop()
        currency = records.currency_of(said)
        return self._variants(op.VARIANTS, size, lambda record: records.variant_with_currency(record, currency))

    def _variants(self, operation: Operation, size: int, completed: Callable[[Any], Any]) -> Iterator[Page]:
        total = self._count(op.VARIANTS_COUNT)
        for nodes in self._calls.pages(operation, size):
            yield Page([self._marked(completed(variant)) for variant in nodes], total)

    def _count(self, operation: Operation, variables: Payload | None = None) -> int | None:
        found = self._calls.ask(operation, variables) or {}
        return int(found["count"]) if found.get("precision") == op.EXACT else None

    def _with_lines(self, order: Any) -> Any:
        return self._completed(records.order, order, op.ORDER_LINES)

    def _with_levels(self, variant: Any) -> Any:
        return self._completed(records.variant_with_levels, variant, op.LEVELS)

    def _completed(self, complete: Callable[[Any, records.Following], Any], record: Any, operation: Operation) -> Any:
        try:
            return complete(record, lambda asked: self._calls.ask(operation, asked, asked))
        except DecodeError as error:
            raise self._calls.malformed(operation, str(error)) from None

    def _marked(self, record: Any) -> Any:
        return records.marked(record, self.store.marketplace_id)

    def _pushed(self, change: StockChange) -> Receipt:
        try:
            return self._set_quantity(change)
        except RequestRejectedError as error:
            return Receipt(change.listing_id, accepted=False, reason=str(error))

    def _set_quantity(self, change: StockChange) -> Receipt:
        location = gid("Location", self.store.location_id)
        asked = {"variant": gid("ProductVariant", change.listing_id), "location": location}
        variant = self._calls.ask(op.LEVEL, asked)
        if variant is None:
            return Receipt(change.listing_id, accepted=False, reason="Shopify knows no such variant")
        item = variant["inventoryItem"]
        level = item.get("inventoryLevel") or {"quantities": []}
        # Without a quantity to start from, Shopify would skip the comparison.
        present = next((entry["quantity"] for entry in level["quantities"] if entry["name"] == "available"), None)
        if present is None:
            reason = f"The variant is not stocked at location {self.store.location_id}"
            return Receipt(change.listing_id, accepted=False, reason=reason)
        quantity = {
            "inventoryItemId": item["id"], "locationId": location,
            "quantity": change.quantity, "changeFromQuantity": present,
        }  # fmt: skip
        wanted = {"name": "available", "reason": "correction", "quantities": [quantity]}
        result = self._calls.ask(op.SET_QUANTITIES, {"input": wanted, "key": str(uuid.uuid4())})
        refusal = op.explain_user_errors(result)
        return Receipt(change.listing_id, accepted=not refusal, reason=refusal)

    def _too_old(self, window: Window) -> CredentialError:
        return CredentialError(
            f"Shopify leaves out orders of more than {op.OLDEST_WITHOUT_SCOPE.days} days, and the window begins on "
            f"{window.start:%Y-%m-%d}. Grant the app of {self.store.variable('access_token')} the scope "
            f"`{op.ALL_ORDERS}`, or begin later.",
            platform=op.PLATFORM, store=self.store.name, operation=op.ORDERS.name,
        )  # fmt: skip
