"""Observations: what a platform answered, turned into rows of the raw tables.

Belongs here: the canonical text and hash of a payload, and one function per stream that makes raw rows of payloads.
Does not belong here: fetching (`connectors/`), or reading meaning out of payloads (the modules of each stream).

A payload that is no object or lacks its identity, its times or its lines is rejected with the reason; the others
pass. An observation is identified by its payload hash: the same payload seen twice is one row.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.domain.privacy import mask_order
from linkstar_pipelines.schemas.columns import INSTANT
from linkstar_pipelines.schemas.raw import (
    RawAmazonFinances,
    RawAmazonInventory,
    RawAmazonListings,
    RawAmazonOrders,
)

S = TypeVar("S", bound=dy.Schema)

NO_MARKETPLACE: Final = "-"
"""Marketplace of an order that was placed outside Amazon and only shipped by it."""

_HASH_DIGITS: Final = 12


def canonical_json(payload: object) -> str:
    """Return the one JSON text of a payload: keys sorted, no spaces, decimals with exactly the digits they came with.

    Args:
        payload: Parsed JSON; numbers with a fraction as `Decimal` (`parse_float=Decimal`).

    Raises:
        TypeError: the payload holds something that JSON does not know.
    """
    try:
        return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except TypeError:
        # The standard encoder knows no Decimal; payloads that hold one (finances) are written part by part.
        return _with_decimals(payload)


def _with_decimals(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical_json(k)}:{_with_decimals(value[k])}" for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_with_decimals(item) for item in value) + "]"
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def payload_hash(text: str) -> str:
    """Return the SHA-256 of a payload's canonical text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def order_observations(
    platform: str, store: str, payloads: Sequence[object], observed_at: datetime, *, keep_personal: bool = False
) -> tuple[dy.DataFrame[RawAmazonOrders], pl.DataFrame]:
    """Make raw rows of orders (orders 2026-01-01).

    Args:
        platform: Platform of the store.
        store: Store the orders belong to.
        payloads: Orders as the platform gave them; the same version may occur more than once.
        observed_at: When they were read.
        keep_personal: Keep what `privacy.mask_order` takes out.

    Returns:
        Rows whose `changed_on` is the UTC day of `lastUpdatedTime`, and rejected payloads (masked).
    """
    seen = Seen(platform, store, "order_id")
    for payload in payloads:
        if not isinstance(payload, dict):
            seen.refuse_no_object(payload)
            continue
        text = canonical_json(payload if keep_personal else mask_order(payload))
        if not isinstance(payload.get("orderItems"), list):
            seen.refuse(_text(payload, "orderId"), text, "orderItems is missing or no list")
            continue
        seen.add(
            _text(payload, "orderId"), text,
            marketplace_id=_marketplace(payload),
            created_at=_text(payload, "createdTime"),
            updated_at=_text(payload, "lastUpdatedTime"),
        )  # fmt: skip
    frame = seen.frame(RawAmazonOrders, observed_at).with_columns(changed_on=pl.col("updated_at").dt.date())
    return seen.split(frame, RawAmazonOrders)


def listing_observations(
    platform: str, store: str, payloads: Sequence[object], observed_at: datetime
) -> tuple[dy.DataFrame[RawAmazonListings], pl.DataFrame]:
    """Make raw rows of listings (listings items 2021-08-01): one row per listing and marketplace of its `summaries`.

    Args:
        platform: Platform of the store.
        store: Store the listings belong to.
        payloads: Listings as the platform gave them; of a listing that occurs twice the last one counts.
        observed_at: When they were read.

    Returns:
        Rows, and rejected payloads.
    """
    seen = Seen(platform, store, "seller_sku")
    for payload in payloads:
        if not isinstance(payload, dict):
            seen.refuse_no_object(payload)
            continue
        text, sku = canonical_json(payload), _text(payload, "sku")
        marketplaces = sorted({m for s in _list(payload, "summaries") if (m := _text(s, "marketplaceId"))})
        if not marketplaces:
            seen.refuse(sku, text, "summaries name no marketplace")
        for marketplace_id in marketplaces:
            seen.add(sku, text, marketplace_id=marketplace_id)
    frame = seen.frame(RawAmazonListings, observed_at)
    return seen.split(frame, RawAmazonListings)


def inventory_observations(
    platform: str, store: str, marketplace_id: str, payloads: Sequence[object], observed_at: datetime
) -> tuple[dy.DataFrame[RawAmazonInventory], pl.DataFrame]:
    """Make raw rows of stock summaries (FBA inventory v1) of one marketplace.

    Args:
        platform: Platform of the store.
        store: Store the stock belongs to.
        marketplace_id: Marketplace that was asked for; a summary does not name it.
        payloads: Summaries as the platform gave them; of a seller SKU that occurs twice the last one counts.
        observed_at: The platform's own clock when they were read.

    Returns:
        Rows, and rejected payloads.
    """
    seen = Seen(platform, store, "seller_sku")
    for payload in payloads:
        if not isinstance(payload, dict):
            seen.refuse_no_object(payload)
            continue
        seen.add(_text(payload, "sellerSku"), canonical_json(payload), marketplace_id=marketplace_id)
    frame = seen.frame(RawAmazonInventory, observed_at)
    return seen.split(frame, RawAmazonInventory)


def transaction_observations(
    platform: str, store: str, payloads: Sequence[object], observed_at: datetime
) -> tuple[dy.DataFrame[RawAmazonFinances], pl.DataFrame]:
    """Make raw rows of financial transactions (finances 2024-06-19).

    Args:
        platform: Platform of the store.
        store: Store the transactions belong to.
        payloads: Transactions as the platform gave them; the same version may occur more than once.
        observed_at: When they were read.

    Returns:
        Rows whose `changed_on` is the UTC day of `postedDate`, and rejected payloads.
    """
    seen = Seen(platform, store, "transaction_id")
    for payload in payloads:
        if not isinstance(payload, dict):
            seen.refuse_no_object(payload)
            continue
        seen.add(
            _text(payload, "transactionId"), canonical_json(payload),
            transaction_status=_text(payload, "transactionStatus"),
            posted_at=_text(payload, "postedDate"),
        )  # fmt: skip
    frame = seen.frame(RawAmazonFinances, observed_at).with_columns(changed_on=pl.col("posted_at").dt.date())
    return seen.split(frame, RawAmazonFinances)


class Seen:
    """Payloads of one pull on their way to rows: those with the form to become one, and those refused."""

    def __init__(self, platform: str, store: str, identity: str) -> None:
        self._platform, self._store, self._identity = platform, store, identity
        self._rows: list[dict[str, str | None]] = []
        self._refused: list[dict[str, str]] = []

    def text(self, payload: object) -> str:
        """Return the canonical text of a payload."""
        return canonical_json(payload)

    def add(self, identity: str | None, text: str, **columns: str | None) -> None:
        """Take a payload with the columns of its row."""
        self._rows.append({self._identity: identity, "payload": text, "payload_hash": payload_hash(text), **columns})

    def refuse(self, identity: str | None, text: str, reason: str) -> None:
        """Put a payload aside."""
        key = f"{self._platform}/{self._store}/{identity or '-'}/{payload_hash(text)[:_HASH_DIGITS]}"
        self._refused.append({"source_key": key, "reason": reason, "payload": text})

    def refuse_no_object(self, payload: object) -> None:
        """Refuse what is no object. Its content is not kept, for nobody can tell what of it is personal."""
        kind = type(payload).__name__
        self.refuse(None, canonical_json({"type": kind}), f"payload is no JSON object but a {kind}")

    def frame(self, schema: type[dy.Schema], observed_at: datetime) -> pl.DataFrame:
        """Return the rows with the columns of a raw table; a `changed_on` is left to the caller."""
        dtypes = {name: column.dtype for name, column in schema.columns().items() if name != "changed_on"}
        texts = pl.DataFrame(self._rows, schema=dict.fromkeys(self._columns(schema), pl.String), orient="row")
        instants = [name for name in texts.columns if dtypes[name] == INSTANT]
        return texts.with_columns(
            *(json_columns.instant(pl.col(name)) for name in instants),
            platform=pl.lit(self._platform),
            store=pl.lit(self._store),
            observed_at=pl.lit(observed_at).cast(INSTANT),
        )

    def split(self, frame: pl.DataFrame, schema: type[S]) -> tuple[dy.DataFrame[S], pl.DataFrame]:
        """Keep the last row of each key, part the rows by the rules of the table, and add what was refused before."""
        # A row without identity stands for itself: it must reach the quarantine, not be taken for a repetition.
        keys = [name for name in schema.primary_key() if name != self._identity]
        frame = frame.unique(
            [*keys, pl.col(self._identity).fill_null(pl.col("payload_hash"))], keep="last", maintain_order=True
        )
        key = pl.concat_str(
            pl.lit(self._platform), pl.lit(self._store), pl.col(self._identity).fill_null("-"),
            pl.col("payload_hash").str.head(_HASH_DIGITS), separator="/",
        )  # fmt: skip
        good, rejected = quarantine.split(frame, schema, key)
        refused = pl.DataFrame(self._refused, schema=quarantine.REJECTED)
        return good, quarantine.concat_rejects(refused, rejected)

    def _columns(self, schema: type[dy.Schema]) -> list[str]:
        given_elsewhere = {"platform", "store", "observed_at", "changed_on"}
        return [name for name in schema.column_names() if name not in given_elsewhere]


def _text(value: object, field: str) -> str | None:
    found = value.get(field) if isinstance(value, dict) else None
    return found if isinstance(found, str) and found else None


def _list(value: dict[str, Any], field: str) -> list[Any]:
    found = value.get(field)
    return found if isinstance(found, list) else []


def _marketplace(order: dict[str, Any]) -> str | None:
    channel = order.get("salesChannel")
    if _text(channel, "channelName") == "NON_AMAZON":
        return _text(channel, "marketplaceId") or NO_MARKETPLACE
    return _text(channel, "marketplaceId")
