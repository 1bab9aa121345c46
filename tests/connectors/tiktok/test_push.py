"""TikTok Shop's webhooks: good ones are understood, bad ones refused."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from linkstar_pipelines.connectors.platform import Push, PushEvent, PushRefusedError
from linkstar_pipelines.connectors.tiktok.client import TikTokClient
from linkstar_pipelines.connectors.tiktok.push import receive
from linkstar_pipelines.connectors.tiktok.store import TikTokStore
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.support import utc
from tests.connectors.tiktok.support import APP_SECRET


def message(kind: Any = 1, shop: str = "7494049642642441621", **data: Any) -> dict[str, Any]:
    fields = {"order_id": "576461413038785752", "order_status": "IN_TRANSIT", "update_time": 1777593600}
    return {
        "type": kind, "tts_notification_id": "7327112393057371910", "shop_id": shop, "timestamp": 1777593605,
        "data": {**fields, **data},
    }  # fmt: skip


def signed(body: bytes) -> Push:
    sign = hmac.new(APP_SECRET.encode(), b"the-app-key" + body, hashlib.sha256).hexdigest()
    return Push("POST", "https://linkstar.example.com/hooks/tiktok", {"authorization": sign}, body)


def pushed(document: Any) -> Push:
    return signed(json.dumps(document).encode())


def test_an_order_status_is_understood(shop: TikTokStore, tiktok_client: TikTokClient) -> None:
    (event,) = receive(shop, tiktok_client.http, pushed(message()))
    assert event == PushEvent(
        "7327112393057371910", "7494049642642441621", Stream.ORDERS, "576461413038785752", utc(2026, 5, 1), "1"
    )


@pytest.mark.parametrize(
    ("kind", "stream", "record"),
    [
        (3, Stream.ORDERS, "576461413038785752"), (11, Stream.ORDERS, "576461413038785752"), (4, Stream.ORDERS, None),
        (5, Stream.LISTINGS, None), (12, None, "4035"), (6, None, None), (99, None, None),
    ],
)  # fmt: skip
def test_types_name_their_stream_and_record(
    shop: TikTokStore, tiktok_client: TikTokClient, kind: int, stream: Stream | None, record: str | None
) -> None:
    (event,) = receive(shop, tiktok_client.http, pushed(message(kind, return_id="4035")))
    assert (event.stream, event.record_id, event.topic) == (stream, record, str(kind))


def test_a_webhook_without_an_id_is_known_by_its_body(shop: TikTokStore, tiktok_client: TikTokClient) -> None:
    nameless = {name: value for name, value in message().items() if name != "tts_notification_id"}
    first, second = (receive(shop, tiktok_client.http, pushed(nameless))[0].event_id for _ in range(2))
    other = receive(shop, tiktok_client.http, pushed(nameless | {"timestamp": 1}))[0].event_id
    assert first == second != other


@pytest.mark.parametrize(
    ("push", "words"),
    [
        (Push("POST", "", {}, b"{}"), "LINKSTAR_TIKTOK_TTUS_APP_SECRET"),
        (Push("POST", "", {"authorization": "ä"}, b"{}"), "not signed"),
        (signed(b"no json"), "no JSON"),
        (pushed([]), "no type"),
        (pushed(message(True)), "no type"),
        (pushed(message(shop="1")), "another shop"),
    ],
)
def test_what_is_not_genuine_is_refused(shop: TikTokStore, tiktok_client: TikTokClient, push: Push, words: str) -> None:
    with pytest.raises(PushRefusedError, match=words):
        receive(shop, tiktok_client.http, push)


def test_a_changed_body_is_refused(shop: TikTokStore, tiktok_client: TikTokClient) -> None:
    genuine = pushed(message())
    forged = Push(genuine.method, genuine.url, genuine.headers, genuine.body.replace(b"IN_TRANSIT", b"CANCEL"))
    with pytest.raises(PushRefusedError, match="not signed"):
        receive(shop, tiktok_client.http, forged)
