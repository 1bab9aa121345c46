"""Amazon's calls, one method each, for one store.

Belongs here: parameters, paging and required parts of the operations of `operations.py`.
Does not belong here: deciding whether a paged reading is whole (`complete.py`), or the meaning of a payload.

Payloads come back as Amazon wrote them, amounts as `Decimal`, instants as text.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.calls import AmazonCalls
from linkstar_pipelines.connectors.amazon.operations import IncludedData, parse_instant
from linkstar_pipelines.connectors.amazon.records import with_marketplace
from linkstar_pipelines.connectors.amazon.reports import AmazonReports
from linkstar_pipelines.connectors.amazon.return_reports import return_pages
from linkstar_pipelines.connectors.errors import MalformedAnswerError, RequestRejectedError
from linkstar_pipelines.connectors.fields import iso_milliseconds
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import AccessCheck, Page, Parcel, Payload, Receipt, StockChange, Window
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.settings import AmazonStore

_MOST_LISTINGS: Final = 1000  # a search pages no further, whatever it found
_LISTING_DATA: Final = "summaries,offers,fulfillmentAvailability"
# Other page sizes put the page borders elsewhere, so that a skipped page hides other records each time.
_ORDER_PAGES: Final = (100, 87, 73)
_LISTING_PAGES: Final = (20, 17, 13)
_INSTANT: Final = timedelta(milliseconds=1)  # Amazon's bounds are inclusive, to the millisecond
_LONGEST_FINANCE_WINDOW: Final = timedelta(days=180)


@dataclass(frozen=True)
class OrderPage:
    """One page of orders.

    Attributes:
        orders: order payloads as in the model's `Order`.
        upper_bound: the instant up to which the listing holds changes: the next pull starts here.
        number: 1 for the first page.
    """

    orders: list[Payload]
    upper_bound: datetime | None
    number: int


class AmazonClient:
    """Calls to one seller account. Keep one per store and process: it holds the access token.

    Every method raises the errors of `HttpCore.call`, and `CredentialError` where Amazon refuses the store.
    """

    def __init__(self, store: AmazonStore, http: HttpCore) -> None:
        self.store = store
        self.http = http
        self._calls = AmazonCalls(store, http)
        self._reports = AmazonReports(self._calls)

    def read(self, stream: Stream, window: Window | None, reading: int) -> Iterator[Page]:
        """List one stream once (see `Client.read`). Inventory records carry the marketplace that was asked for.

        Raises:
            ValueError: the stream needs a window and got none.
        """
        if stream is Stream.LISTINGS:
            for items in self.search_listings(page_size=_LISTING_PAGES[reading % len(_LISTING_PAGES)]):
                yield Page(items)
        elif stream is Stream.INVENTORY:
            yield from self._inventory()
        elif window is None:
            raise ValueError(f"{stream} are read by a window of change times")
        elif stream is Stream.ORDERS:
            size = _ORDER_PAGES[reading % len(_ORDER_PAGES)]
            before = window.end - _INSTANT if window.end else None
            for page in self.search_orders(updated_after=window.start, updated_before=before, page_size=size):
                yield Page(page.orders, upper_bound=page.upper_bound)
        elif stream is Stream.FINANCES:
            end = datetime.now(UTC) - op.SETTLED if window.end is None else window.end
            for transactions in self.transactions(window.start, end):
                yield Page(transactions)
        elif stream is Stream.RETURNS:
            yield from return_pages(self._reports, window, reading)

    def _inventory(self) -> Iterator[Page]:
        for marketplace_id in self.store.marketplace_ids:
            for summaries in self.fba_inventory(marketplace_id):
                yield Page([with_marketplace(summary, marketplace_id) for summary in summaries])

    def search_orders(
        self,
        *,
        updated_after: datetime | None = None,
        updated_before: datetime | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        page_size: int = 100,
        included_data: Sequence[IncludedData] = op.ORDER_DATA,
    ) -> Iterator[OrderPage]:
        """List orders by change time or by creation time, page by page.

        Args:
            updated_after: first change time, inclusive. Give exactly one of this and `created_after`.
            updated_before: last change time, inclusive, at least two minutes ago; None leaves it to Amazon.
            created_after: first creation time, inclusive.
            created_before: last creation time, inclusive, at least two minutes ago; None leaves it to Amazon.
            page_size: most orders in a page, 1 to 100.
            included_data: parts of the order to include.

        Raises:
            ValueError: not exactly one of the two lower bounds, or bounds of different kinds.
        """
        if (updated_after is None) == (created_after is None):
            raise ValueError("give exactly one of updated_after and created_after")
        if (updated_after is None and updated_before) or (created_after is None and created_before):
            raise ValueError("the upper bound must be of the same kind as the lower bound")
        bounds = {
            "lastUpdatedAfter": updated_after, "lastUpdatedBefore": updated_before,
            "createdAfter": created_after, "createdBefore": created_before,
        }  # fmt: skip
        params = {name: iso_milliseconds(instant) for name, instant in bounds.items() if instant is not None}
        params |= {
            "marketplaceIds": ",".join(self.store.marketplace_ids),
            "includedData": ",".join(included_data),
            "maxResultsPerPage": str(page_size),
        }
        # The token is not self-contained: every original parameter is repeated beside it.
        pages = self._calls.pages(op.SEARCH_ORDERS, params, "paginationToken", _paginated)
        for number, page in enumerate(pages, start=1):
            yield OrderPage(page["orders"], self._bound(page), number)

    def _bound(self, page: Payload) -> datetime | None:
        text = page.get("lastUpdatedBefore") or page.get("createdBefore")
        try:
            return parse_instant(text) if text else None
        except (TypeError, ValueError):
            raise MalformedAnswerError(
                "the upper bound of the listing is no instant, so the next pull would not know where to start. "
                "Run it later; if it stays, compare Amazon's current API model with the connector.",
                platform=op.PLATFORM, store=self.store.name, operation=op.SEARCH_ORDERS.name,
            ) from None  # fmt: skip

    def get_order(self, order_id: str) -> Payload | None:
        """Return one order as in the model's `Order`; None when the account has none of that id."""
        try:
            answer = self._calls.call(op.GET_ORDER, {"includedData": ",".join(op.ORDER_DATA)}, order_id)
        except RequestRejectedError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise
        order: Payload = answer.data["order"]
        return order

    def push_stock(self, changes: Sequence[StockChange]) -> list[Receipt]:
        """Set the quantities of seller-shipped listings, one call each.

        HTTP 200 with the status INVALID is a refusal, and so is any other 4xx about the listing.
        """
        return [self._push_quantity(change) for change in changes]

    def _push_quantity(self, change: StockChange) -> Receipt:
        availability = [{"fulfillment_channel_code": op.SELLER_CHANNEL, "quantity": change.quantity}]
        patch = {"op": "replace", "path": "/attributes/fulfillment_availability", "value": availability}
        body = {"productType": "PRODUCT", "patches": [patch]}
        try:
            answer = self._calls.call(
                op.PATCH_LISTING, {"marketplaceIds": change.marketplace_id}, self.store.seller_id, change.seller_sku,
                body=body,
            )  # fmt: skip
        except RequestRejectedError as error:
            return Receipt(change.listing_id, accepted=False, reason=f"{error.status} {error.code}")
        issues = "; ".join(str(issue.get("message")) for issue in answer.data.get("issues") or [])
        accepted = answer.data["status"] in {"ACCEPTED", "VALID"}
        return Receipt(
            change.listing_id,
            accepted=accepted,
            reason="" if accepted else issues or str(answer.data["status"]),
            remote_id=str(answer.data.get("submissionId", "")),
        )

    def confirm_shipment(self, parcel: Parcel) -> Receipt:
        """Confirm one package; the same reference again corrects that package."""
        package = str(int(hashlib.sha256(parcel.reference.encode()).hexdigest()[:12], 16))
        detail = {
            "packageReferenceId": package,
            "carrierCode": parcel.carrier if parcel.carrier in op.CARRIERS else "Other",
            "carrierName": parcel.carrier,
            "trackingNumber": parcel.tracking_number,
            "shipDate": iso_milliseconds(parcel.shipped_at),
            "orderItems": [{"orderItemId": line, "quantity": units} for line, units in parcel.lines.items()],
        }
        body = {"marketplaceId": parcel.marketplace_id, "packageDetail": detail}
        try:
            self._calls.call(op.CONFIRM_SHIPMENT, {}, parcel.order_id, body=body)
        except RequestRejectedError as error:
            return Receipt(parcel.reference, accepted=False, reason=f"{error.status} {error.code}")
        return Receipt(parcel.reference, accepted=True, remote_id=package)

    def search_listings(self, *, page_size: int = 20) -> Iterator[list[Payload]]:
        """List the store's listings, page by page, oldest first; pages hold the model's `Item`.

        Amazon pages through 1,000 listings at most; beyond that the search starts again at the creation time of
        the last listing seen, so a listing on that border may come twice.
        """
        created_after: str | None = None
        while True:
            seen, found, last_created = 0, 0, None
            for page in self._listing_pages(created_after, page_size):
                found = max(found, int(page["numberOfResults"]))
                seen += len(page["items"])
                last_created = max(filter(None, [last_created, *map(_created, page["items"])]), default=None)
                yield page["items"]
            if found <= _MOST_LISTINGS or seen < _MOST_LISTINGS or last_created in {None, created_after}:
                return
            created_after = last_created

    def _listing_pages(self, created_after: str | None, page_size: int) -> Iterator[Payload]:
        params = {
            "marketplaceIds": ",".join(self.store.marketplace_ids),
            "includedData": _LISTING_DATA,
            "sortBy": "createdDate",
            "sortOrder": "ASC",
            "pageSize": str(page_size),
        }
        if created_after:
            params["createdAfter"] = created_after
        return self._calls.pages(op.SEARCH_LISTINGS, params, "pageToken", _paginated, self.store.seller_id)

    def fba_inventory(self, marketplace_id: str) -> Iterator[list[Payload]]:
        """List FBA stock of one marketplace with details, page by page; pages hold `InventorySummary`."""
        params = {
            "details": "true",
            "granularityType": "Marketplace",
            "granularityId": marketplace_id,
            "marketplaceIds": marketplace_id,
        }
        asked = {"marketplaceId": marketplace_id}
        for page in self._calls.pages(op.FBA_INVENTORY, params, "nextToken", _paginated, asked=asked):
            yield page["payload"]["inventorySummaries"]

    def transactions(self, posted_after: datetime, posted_before: datetime) -> Iterator[list[Payload]]:
        """List financial transactions posted in [after, before), page by page; pages hold `Transaction`.

        Windows beyond Amazon's 180 days are asked for in parts. A page may be empty and not the last.
        """
        start = posted_after
        while start < posted_before:
            end = min(start + _LONGEST_FINANCE_WINDOW, posted_before)
            params = {"postedAfter": iso_milliseconds(start), "postedBefore": iso_milliseconds(end)}
            for page in self._calls.pages(op.LIST_TRANSACTIONS, params, "nextToken", _payload_token):
                yield page["payload"].get("transactions") or []
            start = end

    def settlement_reports(self, created_since: datetime) -> Iterator[Payload]:
        """List finished settlement reports (flat file V2), as the model's `Report`; Amazon keeps them 90 days."""
        done = {"processingStatuses": "DONE", "createdSince": iso_milliseconds(created_since)}
        return self._reports.listed([op.SETTLEMENT_REPORT], **done)

    def settlement_document(self, report_document_id: str) -> str:
        """Download one settlement report and return its text (tab-separated, first line the column names).

        Raises:
            MalformedAnswerError: the file stays cut, or two downloads never agree.
        """
        return self._reports.document(report_document_id, operation="downloadReportDocument")

    def check_access(self) -> AccessCheck:
        """Make one cheap real call and tell what it shows about clock and quota."""
        params = {"marketplaceIds": self.store.marketplace_ids[0], "pageSize": "1"}
        answer = self._calls.call(op.SEARCH_LISTINGS, params, self.store.seller_id)
        return AccessCheck.of(answer)


def _paginated(page: Payload) -> str | None:
    return (page.get("pagination") or {}).get("nextToken")


def _payload_token(page: Payload) -> str | None:
    token: str | None = page["payload"].get("nextToken")
    return token


def _created(item: Any) -> str | None:
    summaries = item.get("summaries") if isinstance(item, dict) else None
    dates = [summary.get("createdDate") for summary in summaries or [] if isinstance(summary, dict)]
    return max(filter(None, dates), default=None)
