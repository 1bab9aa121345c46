"""Taking in push notifications: verified by the platform, kept once each.

Belongs here: whose notification it is where stores share an address or a queue, and keeping what it says, for every
platform alike.
Does not belong here: HTTP (`operations/push_app.py`), or what proves a notification (each platform's `push.py`).
"""

from collections.abc import Sequence

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Platform, Push, PushEvent, PushRefusedError
from linkstar_pipelines.settings import StoreSettings
from linkstar_pipelines.storage.push_events import KeptEvent


def take_in(platform: Platform, stores: Sequence[StoreSettings], http: HttpCore, push: Push) -> StoreSettings:
    """Verify a notification and keep its events before returning; the same event again changes nothing.

    Args:
        platform: Platform that claims to send it.
        stores: Stores that it may be about, one at least: the first that accepts it has it.
        http: Core with the database to keep it in.
        push: The notification.

    Returns:
        The store that it is about.

    Raises:
        PushRefusedError: it is genuine for none of the stores; the message is the last one's.
        ConnectorError: the platform could not be asked for its key; the notification may be right, try again.
        psycopg.Error: it could not be kept; try again.
    """
    if platform.receive is None:
        raise PushRefusedError(f"{platform.name} sends no notifications")
    refused = []
    for store in stores:
        try:
            events = platform.receive(store, http, push)
        except PushRefusedError as error:
            refused.append(error)
            continue
        http.push_events.keep([_kept(platform, store, event) for event in events])
        return store
    raise refused[-1]


def _kept(platform: Platform, store: StoreSettings, event: PushEvent) -> KeptEvent:
    stream = event.stream.value if event.stream is not None else None
    return KeptEvent(platform.name, store.name, event.event_id, stream, event.record_id, event.changed_at, event.topic)
