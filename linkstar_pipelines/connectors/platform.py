"""The one interface of all platforms: what a client can be asked, and what the product needs to know of a platform.

Belongs here: the types that every `connectors/<platform>/` package fills in. `docs/how-to/add-a-platform.md` shows how.
Does not belong here: any platform, sending (`http.py`), or when something is asked (`orchestration/`).

A platform is described by one `Platform`: its settings, its client (the wire), its forms (the pure reading of
payloads) and its receiver (push notifications). Payloads stay as the platform wrote them, amounts as `Decimal`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, Self

import polars as pl

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.kept import StreamRecords
from linkstar_pipelines.connectors.request import Answer
from linkstar_pipelines.domain.orders import OrderForm
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.settings import StoreSettings

Payload = dict[str, Any]


@dataclass(frozen=True)
class Window:
    """A span of change times, [start, end); `end` None is the platform's present."""

    start: datetime
    end: datetime | None = None


@dataclass(frozen=True)
class Page:
    """One page of a listing.

    Attributes:
        records: Payloads as the platform gave them.
        total: How many records the whole listing holds, where the platform says so: the second, independent word on
            whether a reading is whole.
        upper_bound: Instant up to which the listing holds changes, where the platform says so.
    """

    records: Sequence[Any]
    total: int | None = None
    upper_bound: datetime | None = None


@dataclass(frozen=True)
class AccessCheck:
    """What a cheap real call told: the platform's clock against ours, and the granted rate (requests per second)."""

    server_time: datetime | None
    skew: timedelta | None
    granted_rate: float | None

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Read it from the answer of that call."""
        return cls(answer.server_time, answer.skew, answer.granted_rate)


@dataclass(frozen=True)
class StockChange:
    """The quantity that a listing shall show; `listing_id` as in the platform's raw listings."""

    marketplace_id: str
    listing_id: str
    seller_sku: str
    quantity: int


@dataclass(frozen=True)
class Parcel:
    """One parcel that left: what is told to the platform as shipped (运单回传).

    Attributes:
        reference: Our own id of the parcel; the same parcel always has the same.
        carrier: Carrier in the platform's own code.
        lines: Order line ids with the units of each in the parcel.
    """

    order_id: str
    marketplace_id: str
    reference: str
    carrier: str
    tracking_number: str
    shipped_at: datetime
    lines: Mapping[str, int]


@dataclass(frozen=True)
class Receipt:
    """What the platform answered to one change.

    Attributes:
        subject: Listing id or parcel reference that the answer is about.
        accepted: Whether the platform took it. False is an answer, not a failure of the wire.
        reason: Why not, in the platform's own words.
        remote_id: The platform's id of what was made, if it gave one.
    """

    subject: str
    accepted: bool
    reason: str = ""
    remote_id: str = ""


@dataclass(frozen=True)
class Push:
    """A push notification as it arrived: raw, because signatures are over raw bytes.

    Attributes:
        method: HTTP method, or `SQS` for a queue message.
        url: Address as registered with the platform (not as a proxy rewrote it).
        headers: Header values by lower-case name.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class PushEvent:
    """What a verified notification says. It is a hint to look, and evidence of what a listing must hold.

    Attributes:
        event_id: The same for every delivery of the same event.
        account: The platform's id of the seller account.
        stream: What changed; None where it is no stream (authorisation, policy).
        record_id: Order, listing or return that changed, if it names one.
        changed_at: When it changed, by the platform's clock.
        topic: The platform's own name of the kind of event.
    """

    event_id: str
    account: str
    stream: Stream | None
    record_id: str | None
    changed_at: datetime | None
    topic: str


@dataclass(frozen=True)
class QueuedPush:
    """A push notification taken from a queue; `receipt` is what the queue forgets it by."""

    push: Push
    receipt: str = field(repr=False)


class PushQueue(Protocol):
    """A message queue that a platform delivers notifications to, at least once each and in no order."""

    @property
    def url(self) -> str:
        """Address of the queue; stores that name the same one share it."""
        ...

    def receive(self) -> Sequence[QueuedPush]:
        """Take the next messages, waiting a while for some; those that are not deleted come again.

        Raises:
            ConnectorError: the queue does not answer, or refuses.
        """
        ...

    def delete(self, taken: Sequence[QueuedPush]) -> None:
        """Have the queue forget messages.

        Raises:
            ConnectorError: the queue does not answer, or refuses.
        """
        ...


class Client(Protocol):
    """Calls to one store. Keep one per store and process: it holds the access token.

    Every method raises the errors of `HttpCore.call`, and `CredentialError` where the platform refuses the store.
    Success that hides a failure (HTTP 200 with an error inside) is raised or reported like any other failure.
    """

    @property
    def store(self) -> StoreSettings:
        """The store's settings."""
        ...

    @property
    def http(self) -> HttpCore:
        """The HTTP core the calls go through."""
        ...

    def check_access(self) -> AccessCheck:
        """Make one cheap real call and tell what it shows about clock and quota."""
        ...

    def read(self, stream: Stream, window: Window | None, reading: int) -> Iterator[Page]:
        """List a stream once, page by page.

        Args:
            stream: One of the platform's streams.
            window: Change times to list, for the streams of `schemas.platforms.CHANGING`; None lists what is now.
            reading: 0 for the first reading of a window, 1 for the next: a different number should put the page
                borders elsewhere (page size, sort order), so that a page lost twice hides different records.
        """
        ...

    def get_order(self, order_id: str) -> Payload | None:
        """Return one order as `read` would list it; None when the platform does not know it."""
        ...

    def push_stock(self, changes: Sequence[StockChange]) -> list[Receipt]:
        """Set the quantities of seller-shipped listings; one receipt per change, in the same order."""
        ...

    def confirm_shipment(self, parcel: Parcel) -> Receipt:
        """Tell the platform that a parcel left (运单回传).

        Where a repetition would make a second shipment, the platform is asked first what it knows.
        """
        ...


Row = Mapping[str, str | None]
"""Columns of a raw row as text, instants as ISO 8601 with offset; without platform, store, payload, hash, days."""


@dataclass(frozen=True)
class StreamForm:
    """How the records of a stream become raw rows.

    Attributes:
        rows: The columns of the stream's raw table (`schemas/streams.py`) that a payload gives: usually one row, one
            per marketplace or variant where a record covers several. A text instead says why it cannot become one.
        identify: The record's identity within its store, to compare readings; empty when it has none.
        mask: Takes personal data out of a payload; must not change its argument.
        page_size: Records in a full page of reading 0.
        operation: Name of the listing operation, as in the call log.
        changed_at: Change time of a record in a window, for the streams of `CHANGING`; None where it has none.
    """

    rows: Callable[[Payload], Sequence[Row] | str]
    identify: Callable[[Any], str]
    page_size: int
    operation: str
    mask: Callable[[Payload], Payload] = field(default=lambda payload: payload)
    changed_at: Callable[[Any], datetime | None] = field(default=lambda _: None)


Reader = Callable[[pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]]
"""Reads raw rows into a canonical table: good rows, and rejected ones (`domain/quarantine.py`). Pure."""


@dataclass(frozen=True)
class Platform:
    """All that the product knows of a platform.

    Attributes:
        name: As registered in `schemas/platforms.py`.
        store: Its settings class.
        client: Makes the client of one store.
        streams: How each stream's records become raw rows.
        records: How each stream's records come out of the kept answers of one pull, by the functions that the client
            makes them with: any day can be parsed again.
        orders: How orders are written.
        listings: Reads raw listings into `core.listings`; gets the code rules.
        stock: Reads raw inventory (or listings) into `core.listing_stock`; None where it is read elsewhere.
        returns: Reads raw returns into `core.returns`; None where the platform has none.
        payments: Reads raw finances into `core.payments`; None where it is read elsewhere.
        receive: Verifies a push notification of a store and tells what it says; raises `PushRefusedError`.
        challenge: Answers what the platform asks the address of its notifications before it sends any: from the store,
            the address as registered and the query's parameters to a JSON object; raises `PushRefusedError`. None
            where it asks nothing.
        queue: Opens the message queue that a store's notifications are delivered to; None for a store without one.
            None where the platform delivers over HTTP.
    """

    name: str
    store: type[StoreSettings]
    client: Callable[[Any, HttpCore], Client]
    streams: Mapping[Stream, StreamForm]
    records: Mapping[Stream, StreamRecords]
    orders: OrderForm
    listings: Callable[[Any, SkuCodeRules], tuple[pl.DataFrame, pl.DataFrame]]
    stock: Reader | None = None
    returns: Reader | None = None
    payments: Reader | None = None
    receive: Callable[[Any, HttpCore, Push], Sequence[PushEvent]] | None = None
    challenge: Callable[[Any, str, Mapping[str, str]], Mapping[str, str]] | None = None
    queue: "Callable[[Any, HttpCore], PushQueue | None] | None" = None


class PushRefusedError(Exception):
    """A push notification is not what it claims to be: its signature, age or form is wrong. The message says which."""
