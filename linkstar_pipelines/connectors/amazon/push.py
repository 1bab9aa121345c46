"""Amazon's notifications: what a message of the queue says.

Belongs here: the envelopes of the Notifications API (github.com/amzn/selling-partner-api-models, `schemas`) and the
meaning of the types. Names begin with a capital in some types and not in others.
Does not belong here: taking messages from the queue (`queue.py`).

Amazon signs nothing: what is in the queue was put there by Amazon, because the queue lets nobody else. So a
notification that comes over HTTP is never Amazon's.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Push, PushEvent, PushRefusedError
from linkstar_pipelines.connectors.request import DecodeError, read_json
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.settings import AmazonStore

QUEUE: Final = "SQS"
"""`Push.method` of a message that was taken from the queue."""
_TOPICS: Final[Mapping[str, tuple[Stream, str]]] = {
    "ORDER_CHANGE": (Stream.ORDERS, "amazonOrderId"),
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": (Stream.LISTINGS, "sku"),
    "FBA_INVENTORY_AVAILABILITY_CHANGES": (Stream.INVENTORY, "sku"),
    "ITEM_INVENTORY_EVENT_CHANGE": (Stream.INVENTORY, ""),
    "TRANSACTION_UPDATE": (Stream.FINANCES, ""),
}
"""What changed, and the field that names it, by type; the others are about no stream that is read."""
_SELLERS: Final = ("sellerId", "sellingPartnerId")


def receive(store: AmazonStore, _: HttpCore, push: Push) -> Sequence[PushEvent]:
    """Tell what a message of the store's queue says.

    Raises:
        PushRefusedError: it did not come from the queue, is no notification, or is about another seller.
    """
    where = f"amazon store '{store.name}'"
    if push.method != QUEUE:
        raise PushRefusedError(f"{where}: Amazon delivers to a queue and never over HTTP, so this is forged.")
    try:
        message = _plain(read_json(push.body))
        topic, event_id = str(message["notificationType"]), str(message["notificationMetadata"]["notificationId"])
        payload = message["payload"]
    except (DecodeError, KeyError, TypeError):
        raise PushRefusedError(
            f"{where}: a message of the queue is no notification of Amazon's. If something else writes to "
            f"{store.variable('queue_url')}, give Amazon a queue of its own."
        ) from None
    seller = next((found for name in _SELLERS if (found := _find(payload, name))), None)
    if seller is not None and seller != store.seller_id:
        raise PushRefusedError(f"{where}: the notification is about another seller than {store.variable('seller_id')}.")
    stream, field = _TOPICS.get(topic, (None, ""))
    changed_at = _instant(_find(payload, "timeOfOrderChange")) or _instant(message.get("eventTime"))
    return [PushEvent(event_id, store.seller_id, stream, _find(payload, field) if field else None, changed_at, topic)]


def _plain(value: Any) -> Any:
    """Return a document whose field names all begin with a small letter; a name in capitals becomes small."""
    if isinstance(value, dict):
        return {re.sub(r"^([A-Z]+)$|^([A-Z])", lambda m: m[0].lower(), name): _plain(v) for name, v in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _find(value: Any, name: str) -> str | None:
    """Return the first text of that name, however deep: types nest it differently."""
    if isinstance(value, dict):
        if isinstance(found := value.get(name), str) and found:
            return found
        value = list(value.values())
    if isinstance(value, list):
        return next((found for part in value if (found := _find(part, name))), None)
    return None


def _instant(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
