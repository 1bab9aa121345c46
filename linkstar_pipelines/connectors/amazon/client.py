"""Amazon's calls, one method each, for one store.

Belongs here: parameters, paging and required parts of the operations of `operations.py`.
Does not belong here: deciding whether a paged reading is whole (`complete.py`), or the meaning of a payload.

Payloads come back as Amazon wrote them, amounts as `Decimal`, instants as text.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote

import httpx

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.auth import AmazonAuth
from linkstar_pipelines.connectors.amazon.operations import IncludedData, Operation, parse_instant
from linkstar_pipelines.connectors.amazon.settlement import fetch_document
from linkstar_pipelines.connectors.errors import CredentialError, MalformedAnswerError, RequestRejectedError
from linkstar_pipelines.connectors.fields import iso_milliseconds
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import AccessCheck, Page, Parcel, Payload, Receipt, StockChange, Window
from linkstar_pipelines.connectors.request import Answer, Request, canonical_json, json_with
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.settings import AmazonStore

_USER_AGENT: Final = "LinkStarPipelines/0.1 (Language=Python)"
_MOST_LISTINGS: Final = 1000  # a search pages no further, whatever it found
_LISTING_DATA: Final = "summaries,offers,fulfillmentAvailability"
# Other page sizes put the page borders elsewhere, so that a skipped page hides other records each time.
_ORDER_PAGES: Final = (100, 87, 73)
_LISTING_PAGES: Final = (20, 17, 13)
_INSTANT: Final = timedelta(milliseconds=1)  # Amazon's bounds are inclusive, to the millisecond
_LONGEST_FINANCE_WINDOW: Final = timedelta(days=180)
_MOST_TOKEN_REPEATS: Final = 25  # a faulty platform may serve a page again; an endless circle it must not become


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
        self._auth = AmazonAuth(store, http)

    def read(self, stream: Stream, window: Window | None, reading: int) -> Iterator[Page]:
        """List one stream once (see `Client.read`). Inventory records carry the marketplace that was asked for.

        Raises:
            ValueError: the stream needs a window and got none, or Amazon does not offer the stream.
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
        else:
            raise ValueError(f"Amazon offers no stream of {stream}")

    def _inventory(self) -> Iterator[Page]:
        for marketplace_id in self.store.marketplace_ids:
            for summaries in self.fba_inventory(marketplace_id):
                yield Page([_with_marketplace(summary, marketplace_id) for summary in summaries])

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
        for number, page in enumerate(self._pages(op.SEARCH_ORDERS, params, "paginationToken", _paginated), start=1):
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
            answer = self._call(op.GET_ORDER, {"includedData": ",".join(op.ORDER_DATA)}, order_id)
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
            answer = self._call(
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
            self._call(op.CONFIRM_SHIPMENT, {}, parcel.order_id, body=body)
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
        return self._pages(op.SEARCH_LISTINGS, params, "pageToken", _paginated, self.store.seller_id)

    def fba_inventory(self, marketplace_id: str) -> Iterator[list[Payload]]:
        """List FBA stock of one marketplace with details, page by page; pages hold `InventorySummary`."""
        params = {
            "details": "true",
            "granularityType": "Marketplace",
            "granularityId": marketplace_id,
            "marketplaceIds": marketplace_id,
        }
        for page in self._pages(op.FBA_INVENTORY, params, "nextToken", _paginated):
            yield page["payload"]["inventorySummaries"]

    def transactions(self, posted_after: datetime, posted_before: datetime) -> Iterator[list[Payload]]:
        """List financial transactions posted in [after, before), page by page; pages hold `Transaction`.

        Windows beyond Amazon's 180 days are asked for in parts. A page may be empty and not the last.
        """
        start = posted_after
        while start < posted_before:
            end = min(start + _LONGEST_FINANCE_WINDOW, posted_before)
            params = {"postedAfter": iso_milliseconds(start), "postedBefore": iso_milliseconds(end)}
            for page in self._pages(op.LIST_TRANSACTIONS, params, "nextToken", _payload_token):
                yield page["payload"].get("transactions") or []
            start = end

    def settlement_reports(self, created_since: datetime) -> Iterator[Payload]:
        """List finished settlement reports (flat file V2), as the model's `Report`; Amazon keeps them 90 days."""
        params: Mapping[str, str] = {
            "reportTypes": op.SETTLEMENT_REPORT,
            "processingStatuses": "DONE",
            "createdSince": iso_milliseconds(created_since),
            "pageSize": "100",
        }
        while True:
            page = self._call(op.GET_REPORTS, params).data
            yield from page["reports"]
            if not page.get("nextToken"):
                return
            params = {"nextToken": page["nextToken"]}  # here the token must stand alone

    def settlement_document(self, report_document_id: str) -> str:
        """Download one settlement report and return its text (tab-separated, first line the column names).

        Raises:
            MalformedAnswerError: the file stays cut, or two downloads never agree.
        """
        document = self._call(op.GET_REPORT_DOCUMENT, {}, report_document_id).data
        return fetch_document(self.http, self.store.name, str(document["url"]))

    def check_access(self) -> AccessCheck:
        """Make one cheap real call and tell what it shows about clock and quota."""
        params = {"marketplaceIds": self.store.marketplace_ids[0], "pageSize": "1"}
        before = datetime.now(UTC)
        answer = self._call(op.SEARCH_LISTINGS, params, self.store.seller_id)
        local = before + (datetime.now(UTC) - before) / 2
        date = answer.headers.get("date")
        server_time = parsedate_to_datetime(date) if date else None
        skew = server_time - local if server_time else None
        return AccessCheck(server_time, skew, answer.granted_rate)

    def _pages(
        self,
        operation: Operation,
        params: Mapping[str, str],
        token_param: str,
        next_token: Callable[[Payload], str | None],
        *path: str,
    ) -> Iterator[Payload]:
        token: str | None = None
        repeats: dict[str, int] = {}
        while True:
            answer = self._call(operation, {**params, token_param: token} if token else params, *path)
            yield answer.data
            token = next_token(answer.data)
            if not token:
                return
            repeats[token] = repeats.get(token, 0) + 1
            if repeats[token] > _MOST_TOKEN_REPEATS:
                raise MalformedAnswerError(
                    "the same page token came back again and again; the listing has no end. Run it later.",
                    platform=op.PLATFORM, store=self.store.name, operation=operation.name, trace_id=answer.trace_id,
                )  # fmt: skip

    def _call(
        self, operation: Operation, params: Mapping[str, str], *path: str, body: Mapping[str, Any] | None = None
    ) -> Answer:
        """Call with the current access token; if Amazon refuses the token, once more with a fresh one."""
        token = self._auth.token()
        request = Request(
            platform=op.PLATFORM,
            store=self.store.name,
            operation=operation.name,
            method=operation.method,
            url=self.store.endpoint.rstrip("/") + operation.path.format(*(quote(part, safe="") for part in path)),
            params=params,
            headers=_headers(token.get_secret_value(), json_body=body is not None),
            body=canonical_json(body).encode() if body is not None else None,
            plan=operation.plan,
            public_params=op.PUBLIC_PARAMS,
            secrets=(token, self.store.client_secret, self.store.refresh_token),
            decode=json_with(*operation.required) if operation.required else lambda _body, _headers: {},
            quota_header=op.RATE_HEADER,
            request_id_header=op.REQUEST_ID_HEADER,
            explain=op.explain_error,
        )
        try:
            return self.http.call(request)
        except RequestRejectedError as error:
            if error.status not in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
                raise
        fresh = self._auth.token(not_this=token)
        headers = _headers(fresh.get_secret_value(), json_body=body is not None)
        request = replace(request, headers=headers, secrets=(fresh, *request.secrets))
        try:
            return self.http.call(request)
        except RequestRejectedError as error:
            if error.status not in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
                raise
            raise self._not_allowed(error) from None

    def _not_allowed(self, error: RequestRejectedError) -> CredentialError:
        prefix = f"LINKSTAR_AMAZON_{self.store.name.upper()}"
        return CredentialError(
            f"Amazon refuses the operation even with a fresh access token ({error.status} {error.code}). Check that "
            f"{prefix}_MARKETPLACE_IDS, {prefix}_SELLER_ID and {prefix}_ENDPOINT belong to the account of "
            f"{prefix}_REFRESH_TOKEN, and that the application has the role for this operation.",
            platform=error.platform, store=error.store, operation=error.operation, trace_id=error.trace_id,
        )  # fmt: skip


def _headers(token: str, *, json_body: bool) -> dict[str, str]:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    sent = {"content-type": "application/json"} if json_body else {}
    return {
        "x-amz-access-token": token, "x-amz-date": stamp, "user-agent": _USER_AGENT, "accept": "application/json",
        **sent,
    }  # fmt: skip


def _with_marketplace(summary: Any, marketplace_id: str) -> Any:
    return {**summary, "marketplaceId": marketplace_id} if isinstance(summary, dict) else summary


def _paginated(page: Payload) -> str | None:
    return (page.get("pagination") or {}).get("nextToken")


def _payload_token(page: Payload) -> str | None:
    token: str | None = page["payload"].get("nextToken")
    return token


def _created(item: Any) -> str | None:
    summaries = item.get("summaries") if isinstance(item, dict) else None
    dates = [summary.get("createdDate") for summary in summaries or [] if isinstance(summary, dict)]
    return max(filter(None, dates), default=None)
