"""Whole readings of Amazon's paged listings.

Belongs here: which listing is read how, and what identifies its records.
Does not belong here: when a reading is whole (`domain/completeness.py`), or single calls (`client.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.complete import Listing, Payload, Reading, read_until_complete

# Other page sizes put the page borders elsewhere, so that a skipped page hides other orders each time.
_ORDER_PAGES: Final = (100, 87, 73)
_LISTING_PAGES: Final = (20, 17, 13)
_INVENTORY_PAGE: Final = 50  # Amazon's own; inventory and finances let nobody choose
_FINANCE_PAGE: Final = 100


@dataclass(frozen=True)
class OrderWindow:
    """Orders changed (or created) from `after` to `before`, both inclusive.

    `before` None means: up to what Amazon calls settled, two minutes ago.
    """

    after: datetime
    before: datetime | None = None
    by: Literal["updated", "created"] = "updated"


def read_orders_until_complete(client: AmazonClient, window: OrderWindow, min_readings: int) -> Reading:
    """Read the orders of a window until they may be called whole; `upper_bound` is where the next pull starts.

    In an open window, orders that change while it is read move out of no reading: each reading runs up to its own
    present, and what lies beyond the first reading's bound is kept but not compared.

    Raises:
        IncompleteReadingError: the readings keep disagreeing.
        ConnectorError: a reading failed for good.
    """
    bound: datetime | None = window.before
    field = "lastUpdatedTime" if window.by == "updated" else "createdTime"

    def read_once(number: int) -> Iterator[list[Payload]]:
        nonlocal bound
        page_size = _ORDER_PAGES[number % len(_ORDER_PAGES)]
        if window.by == "updated":
            pages = client.search_orders(updated_after=window.after, updated_before=window.before, page_size=page_size)
        else:
            pages = client.search_orders(created_after=window.after, created_before=window.before, page_size=page_size)
        for page in pages:
            bound = bound or page.upper_bound
            yield page.orders

    def counts(order: Payload) -> bool:
        instant = _instant(order.get(field))
        return bound is None or instant is None or instant <= bound

    reading = read_until_complete(
        read_once,
        lambda order: _text(order.get("orderId")),
        min_readings,
        listing=Listing(op.PLATFORM, client.store.name, op.SEARCH_ORDERS.name, _ORDER_PAGES[0]),
        http=client.http,
        counts=counts,
    )
    return replace(reading, upper_bound=bound)


def read_listings_until_complete(client: AmazonClient, min_readings: int) -> Reading:
    """Read all listings of the store until they may be called whole.

    Raises:
        IncompleteReadingError: the readings keep disagreeing.
        ConnectorError: a reading failed for good.
    """
    return read_until_complete(
        lambda number: client.search_listings(page_size=_LISTING_PAGES[number % len(_LISTING_PAGES)]),
        lambda item: _text(item.get("sku")),
        min_readings,
        listing=Listing(op.PLATFORM, client.store.name, op.SEARCH_LISTINGS.name, _LISTING_PAGES[0]),
        http=client.http,
    )


def read_inventory_until_complete(client: AmazonClient, marketplace_id: str, min_readings: int) -> Reading:
    """Read the FBA stock of one marketplace until it may be called whole.

    Raises:
        IncompleteReadingError: the readings keep disagreeing.
        ConnectorError: a reading failed for good.
    """
    return read_until_complete(
        lambda _: client.fba_inventory(marketplace_id),
        lambda item: "|".join(_text(item.get(part)) for part in ("sellerSku", "fnSku", "condition")).strip("|"),
        min_readings,
        listing=Listing(op.PLATFORM, client.store.name, op.FBA_INVENTORY.name, _INVENTORY_PAGE),
        http=client.http,
    )


def read_transactions_until_complete(
    client: AmazonClient, posted_after: datetime, posted_before: datetime, min_readings: int
) -> Reading:
    """Read the financial transactions posted in [after, before) until they may be called whole.

    Raises:
        IncompleteReadingError: the readings keep disagreeing.
        ConnectorError: a reading failed for good.
    """
    return read_until_complete(
        lambda _: client.transactions(posted_after, posted_before),
        lambda transaction: _text(transaction.get("transactionId")),
        min_readings,
        listing=Listing(op.PLATFORM, client.store.name, op.LIST_TRANSACTIONS.name, _FINANCE_PAGE),
        http=client.http,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _instant(value: Any) -> datetime | None:
    try:
        return op.parse_instant(_text(value))
    except ValueError:
        return None
