"""Finances API 2024-06-19: listTransactions.

Here: transactions in their wire form, the window rules, pages that may be empty and still go on, and the life of a
deferred transaction: it is DEFERRED when posted, and DEFERRED_RELEASED once a second transaction, RELEASED and linked
to it, has set its money free. The released ones of a period add up to its settlement (without the reserve lines).
Transactions show up with a delay of up to 36 hours. Not here: the settlement file (see `reports`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from linkstar_pipelines.sandbox.amazon.wire import SETTLE_TIME, Call, invalid
from linkstar_pipelines.sandbox.paging import Key, TokenBook, TokenRefusedError, cut, fingerprint
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Marketplace
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import DAY, HOUR, iso
from linkstar_pipelines.sandbox.world.money import Entry, Posting, Transaction
from linkstar_pipelines.sandbox.world.settlements import SettlementBook
from linkstar_pipelines.sandbox.world.store import Store

PAGE_SIZE = 100
PAGE_TOKEN_TTL = 86_400.0
LONGEST_WINDOW = 180 * DAY
LONGEST_DELAY = 36 * HOUR
EMPTY_PAGE_SHARE = 0.15
STATUSES = ("DEFERRED", "RELEASED", "DEFERRED_RELEASED")
FILTERS = ("ORDER_ID", "FINANCIAL_EVENT_GROUP_ID")
BREAKDOWNS = {
    "ItemPrice": "Sales",
    "Promotion": "PromotionRebates",
    "ItemFees": "AmazonFees",
    "ItemWithheldTax": "TaxWithheld",
}


@dataclass(frozen=True, slots=True)
class _Event:
    """One transaction as the wire knows it: a booking, or (`release`) the release of a deferred one."""

    at: int
    id: str
    booking: Transaction
    release: bool

    @property
    def visible_from(self) -> int:
        return self.at + chance.number("delay", self.id) % LONGEST_DELAY

    def status(self, now: int) -> str:
        if self.release or not self.booking.deferred:
            return "RELEASED"
        return "DEFERRED_RELEASED" if self.booking.settled <= now else "DEFERRED"


class FinancesApi:
    """Answers the Finances API."""

    def __init__(self, world: World, settlements: SettlementBook, tokens: TokenBook) -> None:
        self._world = world
        self._settlements = settlements
        self._tokens = tokens
        self._indexes: dict[str, list[tuple[int, str, _Event]]] = {}
        self._indexed: dict[str, int] = {}

    def transactions(self, call: Call) -> Reply:
        """Answer listTransactions, sorted by the date posted."""
        first, last = _window(call)
        market_id, status = call.text("marketplaceId"), call.text("transactionStatus")
        if market_id:
            call.marketplaces("marketplaceId", at_most=1)
        if status and status not in STATUSES:
            raise invalid(f"Invalid value for transactionStatus: {status}")
        mark = fingerprint(call.query, "nextToken")
        cursor: Json = {"last": last}
        if token := call.text("nextToken"):
            cursor = self._cursor(token, mark)
        if last - first > LONGEST_WINDOW:
            return Reply({"payload": {"transactions": []}})
        if "after" in cursor and not cursor.get("empty") and _goes_on_empty(cursor):
            token = self._tokens.write({**cursor, "empty": True})
            return Reply({"payload": {"transactions": [], "nextToken": token}})
        store = self._world.reach(call.now).store(call.account.code)
        name, value = call.text("relatedIdentifierName"), call.text("relatedIdentifierValue")

        def stream(after: Key | None) -> Iterator[tuple[Key, _Event]]:
            for event in self._events(store, first, cursor["last"], after):
                booking = event.booking
                if (
                    event.visible_from <= call.now
                    and (not market_id or booking.market.id == market_id)
                    and (not status or event.status(call.now) == status)
                    and (not name or (name, value) in self._identifiers(event, call.now))
                ):
                    yield [event.at, event.id], event

        page = cut(stream, lambda event: self._show(event, call.now), cursor, PAGE_SIZE, call.strike)
        payload: Json = {"transactions": page.items}
        if page.next:
            payload["nextToken"] = self._tokens.write({**page.next, "last": cursor["last"], "mark": mark})
        return Reply({"payload": payload})

    def _cursor(self, token: str, mark: str) -> Json:
        try:
            cursor = self._tokens.read(token, PAGE_TOKEN_TTL)
        except TokenRefusedError as problem:
            raise invalid(str(problem), "Invalid nextToken") from problem
        if cursor.get("mark") != mark:
            raise invalid("The arguments must match those of the call that produced the nextToken.")
        return cursor

    def _events(self, store: Store, first: int, last: int, after: Key | None) -> Iterator[_Event]:
        code = store.account.code
        if self._indexed.get(code) != len(store.transactions):
            events = [_Event(t.posted, t.id, t, release=False) for t in store.transactions]
            events += [_Event(t.settled, t.release_id, t, release=True) for t in store.transactions if t.deferred]
            self._indexes[code] = sorted(((event.at, event.id, event) for event in events), key=lambda row: row[:2])
            self._indexed[code] = len(store.transactions)
        index = self._indexes[code]
        start = bisect_left(index, first, key=lambda row: row[0])
        if after:
            start = bisect_right(index, (int(after[0]), str(after[1])), key=lambda row: row[:2])
        for position in range(start, len(index)):
            event = index[position][2]
            if event.at >= last:
                return
            yield event

    def _identifiers(self, event: _Event, now: int) -> list[tuple[str, str]]:
        booking = event.booking
        names = []
        if booking.order:
            names += [("ORDER_ID", booking.order.id), ("SHIPMENT_ID", booking.shipment_id)]
        if booking.refund_id:
            names.append(("REFUND_ID", booking.refund_id))
        if event.status(now) == "RELEASED":
            group = self._settlements.group_id(booking.account, booking.market, booking.settled)
            names.append(("FINANCIAL_EVENT_GROUP_ID", group))
        if event.release:
            names.append(("DEFERRED_TRANSACTION_ID", booking.id))
        elif event.status(now) == "DEFERRED_RELEASED":
            names.append(("RELEASE_TRANSACTION_ID", booking.release_id))
        return names

    def _show(self, event: _Event, now: int) -> Json:
        booking = event.booking
        market = booking.market
        body: Json = {
            "sellingPartnerMetadata": {
                "sellingPartnerId": booking.account.seller_id,
                "accountType": "Standard Orders",
                "marketplaceId": market.id,
            },
            "relatedIdentifiers": [
                {"relatedIdentifierName": name, "relatedIdentifierValue": value}
                for name, value in self._identifiers(event, now)
            ],
            "transactionType": booking.kind,
            "transactionId": event.id,
            "transactionStatus": event.status(now),
            "description": booking.description,
            "postedDate": iso(event.at),
            "totalAmount": _amount(market, booking.total),
            "marketplaceDetails": {"marketplaceId": market.id, "marketplaceName": market.name},
            "items": [_item(booking, entry) for entry in booking.entries if entry.listing],
            "breakdowns": _breakdowns(market, [posting for entry in booking.entries for posting in entry.postings]),
        }
        if booking.deferred and not event.release:
            deferred = {"deferralReason": "DD7", "maturityDate": iso(booking.settled)}
            body["contexts"] = [{"contextType": "DeferredContext", **deferred}]
        return body


def _window(call: Call) -> tuple[int, int]:
    """Read the window [first, last): both ends must be two minutes old."""
    name, value = call.text("relatedIdentifierName"), call.text("relatedIdentifierValue")
    if name and (name not in FILTERS or not value):
        raise invalid(f"relatedIdentifierName must be one of {', '.join(FILTERS)}, with a relatedIdentifierValue.")
    first, last = call.instant("postedAfter"), call.instant("postedBefore")
    latest = call.now - SETTLE_TIME
    if first is None:
        if not name:
            raise invalid("postedAfter is required if you do not specify a related identifier.")
        first = latest - LONGEST_WINDOW
    if first > latest or (last is not None and last > latest):
        raise invalid("postedAfter and postedBefore must be more than two minutes before the time of the request.")
    if last is not None and last <= first:
        raise invalid("postedBefore must be later than postedAfter.")
    return first, latest if last is None else last


def _goes_on_empty(cursor: Json) -> bool:
    return chance.unit("empty page", *cursor["after"]) < EMPTY_PAGE_SHARE if cursor["after"] else False


def _amount(market: Marketplace, minor: int) -> Json:
    text = market.text(minor)
    return {"currencyAmount": float(text) if market.digits else int(text), "currencyCode": market.currency}


def _item(booking: Transaction, entry: Entry) -> Json:
    product = entry.listing.product if entry.listing else None
    body: Json = {
        "description": product.title if product else booking.description,
        "totalAmount": _amount(booking.market, sum(amount for _, _, amount in entry.postings)),
        "breakdowns": _breakdowns(booking.market, list(entry.postings)),
    }
    if booking.refund_id:
        value = {"itemRelatedIdentifierValue": booking.refund_id}
        body["relatedIdentifiers"] = [{"itemRelatedIdentifierName": "ORDER_ADJUSTMENT_ITEM_ID", **value}]
    if product and entry.listing:
        body["contexts"] = [
            {
                "contextType": "ProductContext",
                "asin": product.asin,
                "sku": entry.listing.seller_sku,
                "quantityShipped": entry.quantity,
                "fulfillmentNetwork": "AFN" if entry.listing.fba else "MFN",
            }
        ]
    return body


def _breakdowns(market: Marketplace, postings: list[Posting]) -> list[Json]:
    """Nest postings by group and label; each level adds up to the one above."""
    groups: dict[str, dict[str, int]] = {}
    for group, label, amount in postings:
        labels = groups.setdefault(BREAKDOWNS.get(group, group), {})
        labels[label] = labels.get(label, 0) + amount
    return [
        {
            "breakdownType": group,
            "breakdownAmount": _amount(market, sum(labels.values())),
            "breakdowns": [
                {"breakdownType": label, "breakdownAmount": _amount(market, amount), "breakdowns": []}
                for label, amount in labels.items()
            ],
        }
        for group, labels in groups.items()
    ]
