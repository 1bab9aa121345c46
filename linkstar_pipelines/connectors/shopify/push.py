"""Shopify's webhooks: whether one is genuine, and what it says.

Belongs here: the check of `X-Shopify-Hmac-Sha256`, and the meaning of topics.
Does not belong here: taking webhooks in over HTTP, or dropping the second delivery (by `PushEvent.event_id`).
"""

import hmac
from collections.abc import Sequence
from typing import Final

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Push, PushEvent, PushRefusedError
from linkstar_pipelines.connectors.request import DecodeError, read_json
from linkstar_pipelines.connectors.shopify.operations import parse_instant
from linkstar_pipelines.connectors.shopify.signing import signature
from linkstar_pipelines.connectors.shopify.store import ShopifyStore
from linkstar_pipelines.schemas.platforms import Stream

STREAMS: Final = {
    "orders": Stream.ORDERS,
    "products": Stream.LISTINGS,
    "inventory_levels": Stream.INVENTORY,
}
"""What changed, by the part of the topic before the slash."""


def receive(store: ShopifyStore, _: HttpCore, push: Push) -> Sequence[PushEvent]:
    """Verify a webhook of a shop and tell what it says.

    Only orders are named by the id under which `read` lists them: a product is no variant, a level no listing.

    Raises:
        PushRefusedError: the signature is wrong or absent, the webhook is another shop's, or it is none.
    """
    given = push.headers.get("x-shopify-hmac-sha256", "")
    if not hmac.compare_digest(signature(store.client_secret, push.body).encode(), given.encode()):
        raise PushRefusedError(
            f"The webhook to store '{store.name}' is not signed with the app's client secret. If Shopify sent it, "
            f"{store.variable('client_secret')} differs from that of the app."
        )
    shop, topic = push.headers.get("x-shopify-shop-domain", ""), push.headers.get("x-shopify-topic", "")
    event_id = push.headers.get("x-shopify-webhook-id", "")
    if shop != store.shop:
        raise PushRefusedError(
            f"The webhook to store '{store.name}' is another shop's. Check its address there and "
            f"{store.variable('shop')}."
        )
    try:
        body = read_json(push.body)
    except DecodeError:
        body = None
    if not isinstance(body, dict) or not topic or not event_id:
        raise PushRefusedError(f"The webhook to store '{store.name}' is not in Shopify's form.")
    stream = STREAMS.get(topic.partition("/")[0])
    record = body.get("id") if stream is Stream.ORDERS else None
    changed_at = parse_instant(body.get("updated_at")) or parse_instant(push.headers.get("x-shopify-triggered-at"))
    return [PushEvent(event_id, shop, stream, str(record) if record is not None else None, changed_at, topic)]
