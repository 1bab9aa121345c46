"""eBay's push notifications: verified, and read as hints of what changed.

Belongs here: the check of eBay's signature (ECDSA over the body, with a key that eBay serves) and of the seller; the
answer to eBay's question whether the address of the notifications is ours.
Does not belong here: receiving HTTP, or acting on an event.

eBay signs for all sellers of an application with the same keys: only the account in the notification tells whose it
is. eBay's own code signs the body as parsed and written again without spaces; both that form and the raw bytes count.
"""

import base64
import json
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from linkstar_pipelines.connectors.ebay import operations as op
from linkstar_pipelines.connectors.ebay.calls import Call, EbayCalls
from linkstar_pipelines.connectors.ebay.signing import challenge_response
from linkstar_pipelines.connectors.ebay.store import EbayStore
from linkstar_pipelines.connectors.errors import RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Push, PushEvent, PushRefusedError
from linkstar_pipelines.schemas.platforms import Stream

SIGNATURE_HEADER: Final = "x-ebay-signature"
KEY_LIFE_SECONDS: Final = 3600.0
TOPICS: Final = {
    "ORDER_CONFIRMATION": Stream.ORDERS,
    "ORDER_CANCELLATION_ACTIVITY": Stream.ORDERS,
    "ITEM_MARKED_SHIPPED": Stream.ORDERS,
    "ORDER_RETURN_ACTIVITY": Stream.RETURNS,
    "ITEM_AVAILABILITY": Stream.INVENTORY,
    "ITEM_PRICE_REVISION": Stream.LISTINGS,
}
"""What changed, by topic; the others (account deletion, revoked consent) are about no stream."""
_RECORDS: Final[Mapping[Stream | None, tuple[str, str]]] = {
    Stream.ORDERS: ("order", "orderId"),
    Stream.RETURNS: ("return", "returnId"),
}
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {"SHA1": hashes.SHA1(), "SHA256": hashes.SHA256()}  # noqa: S303

_keys: dict[tuple[str, str], tuple[float, ec.EllipticCurvePublicKey]] = {}
_lock = threading.Lock()


def receive(store: EbayStore, http: HttpCore, push: Push) -> Sequence[PushEvent]:
    """Verify a notification and tell what it says.

    Raises:
        PushRefusedError: the signature is missing, unreadable, by an unknown key or wrong; the body is no
            notification; or it is about another seller.
        ConnectorError: eBay's public key could not be fetched; the notification may be right, try again.
    """
    mark = _mark(push.headers.get(SIGNATURE_HEADER, ""))
    document = _document(push.body)
    key = _public_key(store, http, mark["kid"])
    compact = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    if not any(_signed(key, mark, body) for body in (push.body, compact)):
        raise PushRefusedError("the signature does not fit the body: the notification is not eBay's, or was changed")
    return [_event(store, document)]


def challenge(store: EbayStore, url: str, query: Mapping[str, str]) -> Mapping[str, str]:
    """Answer the question that eBay asks an address when it is registered, and from time to time after.

    Args:
        store: The store.
        url: The address as registered.
        query: Parameters of the question.

    Raises:
        PushRefusedError: it is no such question, or the store has no verification token.
    """
    code = query.get("challenge_code", "")
    if not code:
        raise PushRefusedError("the question names no challenge code, so it is not eBay's")
    if store.verification_token is None:
        raise PushRefusedError(
            f"ebay store '{store.name}' cannot answer eBay's challenge: set {store.variable('verification_token')} to "
            "the token that the address is registered with"
        )
    return {"challengeResponse": challenge_response(code, store.verification_token.get_secret_value(), url)}


def _mark(header: str) -> dict[str, Any]:
    try:
        mark = json.loads(base64.b64decode(header, validate=True))
        signature = base64.b64decode(mark["signature"])
        return {"kid": str(mark["kid"]), "digest": _HASHES[mark["digest"]], "signature": signature}
    except (ValueError, KeyError, TypeError):
        raise PushRefusedError(f"the header {SIGNATURE_HEADER} is missing or no eBay signature") from None


def _document(body: bytes) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(body)
        if document["notification"]["notificationId"] and document["metadata"]["topic"]:
            return document
    except (ValueError, KeyError, TypeError):
        pass
    raise PushRefusedError("the body is no eBay notification: it lacks its id or its topic")


def _public_key(store: EbayStore, http: HttpCore, kid: str) -> ec.EllipticCurvePublicKey:
    """Return a public key of eBay's, asked for at most once an hour."""
    place = (store.api_url, kid)
    with _lock:
        ends_at, key = _keys.get(place, (0.0, None))
    if key is not None and time.monotonic() < ends_at:
        return key
    try:
        call = Call(op.GET_PUBLIC_KEY, {}, (kid,), own_name=True)
        text = str(EbayCalls(store, http).send(call).data["key"])
    except RequestRejectedError as error:
        if error.status in {httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND}:
            raise PushRefusedError("eBay knows no key of the id that the signature names") from None
        raise
    key = _load(text)
    with _lock:
        _keys[place] = (time.monotonic() + KEY_LIFE_SECONDS, key)
    return key


def _load(text: str) -> ec.EllipticCurvePublicKey:
    """Read a key between PEM marks; eBay writes no line breaks, which a PEM reader would want."""
    body = text.replace("-----BEGIN PUBLIC KEY-----", "").replace("-----END PUBLIC KEY-----", "")
    try:
        key = load_der_public_key(base64.b64decode(body))
    except ValueError:
        raise PushRefusedError("eBay's public key cannot be read") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise PushRefusedError("eBay's public key is no elliptic-curve key")
    return key


def _signed(key: ec.EllipticCurvePublicKey, mark: Mapping[str, Any], body: bytes) -> bool:
    try:
        key.verify(mark["signature"], body, ec.ECDSA(mark["digest"]))
    except InvalidSignature:
        return False
    return True


def _event(store: EbayStore, document: Mapping[str, Any]) -> PushEvent:
    notification, topic = document["notification"], str(document["metadata"]["topic"])
    data = _part(notification, "data") or {}
    stream = TOPICS.get(topic)
    account = _account(store, data) if stream is not None else store.seller_id
    return PushEvent(
        event_id=str(notification["notificationId"]),
        account=account,
        stream=stream,
        record_id=_record_id(stream, data),
        changed_at=op.parse_instant(notification.get("eventDate")),
        topic=topic,
    )


def _account(store: EbayStore, data: Mapping[str, Any]) -> str:
    """Return the seller that a notification is about; R: where its data names the seller."""
    user = _part(data, "user") or data
    names = [name for part in ("userId", "username") if isinstance(name := user.get(part), str) and name]
    if store.seller_id and names and store.seller_id not in names:
        raise PushRefusedError("the notification is about another seller of the same application")
    return store.seller_id or next(iter(names), "")


def _record_id(stream: Stream | None, data: Mapping[str, Any]) -> str | None:
    """Return the order or return that changed; R: where its data names it."""
    if stream not in _RECORDS:
        return None
    part, field = _RECORDS[stream]
    found = (_part(data, part) or data).get(field)
    return found if isinstance(found, str) and found else None


def _part(value: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    found = value.get(name)
    return found if isinstance(found, dict) else None
