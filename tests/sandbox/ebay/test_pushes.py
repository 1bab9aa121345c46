"""The notifications of eBay's side: one per line of every order paid in the span, with a signature that holds."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from linkstar_pipelines.sandbox.app import _bench
from linkstar_pipelines.sandbox.ebay.side import Side
from linkstar_pipelines.sandbox.ebay.wire import Call
from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.world.instants import parse
from tests.sandbox.ebay.conftest import SMALL

SINCE, UNTIL = parse("2026-05-01T00:00:00Z"), parse("2026-05-04T00:00:00Z")


@pytest.fixture(scope="module")
def side() -> Side:
    return Side(_bench(parse_options(SMALL)))


def test_every_paid_order_of_the_span_is_told_once_per_line(side: Side) -> None:
    account = side._world.stores[0].account
    pushes = side.pushes(account, SINCE, UNTIL)
    told = [json.loads(push.body)["notification"]["data"]["order"] for push in pushes]
    paid = [
        (order.id, line.item_id)
        for order in side._world.store(account.code).by_rank
        if len(order.versions) > 1 and SINCE < order.versions[1].at <= UNTIL
        and order.versions[1].status.value == "UNSHIPPED"
        for line in order.lines
    ]  # fmt: skip
    assert paid
    lines = [(order["orderId"], line["orderLineItemId"]) for order in told for line in order["orderLineItems"]]
    assert sorted(lines) == sorted(paid)
    dates = [json.loads(push.body)["notification"]["eventDate"] for push in pushes]
    assert dates == sorted(dates)
    assert side.pushes(account, UNTIL, UNTIL) == []


def test_the_signature_holds_with_the_key_that_the_side_serves(side: Side) -> None:
    push = side.pushes(side._world.stores[0].account, SINCE, UNTIL)[0]
    mark = json.loads(base64.b64decode(push.headers["x-ebay-signature"]))
    account = side._world.stores[0].account
    reply = side._notifications.public_key(Call(account, 0, {}, {}, {"keyId": mark["kid"]}, b"", "", Strike()))
    answer = reply.body or {}
    text = answer["key"].removeprefix("-----BEGIN PUBLIC KEY-----").removesuffix("-----END PUBLIC KEY-----")
    key = load_der_public_key(base64.b64decode(text))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(base64.b64decode(mark["signature"]), push.body, ec.ECDSA(hashes.SHA1()))  # noqa: S303
