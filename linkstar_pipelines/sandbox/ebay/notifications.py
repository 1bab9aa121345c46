"""Notification API: public keys, and the notifications that eBay pushes.

Here: the sandbox's own key pair (made anew in every process), getPublicKey, and signed notifications of orders. eBay
tells a seller of confirmed orders, once per line; it has no topic for later changes of an order.
Not here: delivering them.
"""

import base64
import json
from collections.abc import Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from linkstar_pipelines.sandbox.ebay.inventory import item_id
from linkstar_pipelines.sandbox.ebay.wire import ApiError, Call, stamp
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.wire import Json, Reply, to_json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account
from linkstar_pipelines.sandbox.world.order import Line, Order, Status
from linkstar_pipelines.sandbox.world.store import Store

TOPIC = "ORDER_CONFIRMATION"


class NotificationApi:
    """Answers getPublicKey and writes notifications."""

    def __init__(self, seed: int) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        digits = chance.digits("ebay key", seed, self._public())
        self._kid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))

    def public_key(self, call: Call) -> Reply:
        """Answer getPublicKey: the key between PEM marks, without line breaks."""
        if call.path["keyId"] != self._kid:
            raise ApiError(404, 195001, "API_NOTIFICATION", "The specified key id is invalid.")
        text = f"-----BEGIN PUBLIC KEY-----{self._public()}-----END PUBLIC KEY-----"
        return Reply({"key": text, "algorithm": "ECDSA", "digest": "SHA1"})

    def orders(self, store: Store, since: int, until: int) -> Iterator[SignedPush]:
        """Write the notifications of the orders of a store that were paid in (since, until], oldest first."""
        for at, rank, index in store.updates:
            order = store.by_rank[rank]
            version = order.versions[index]
            if since < at <= until and index == 1 and version.status is Status.UNSHIPPED:
                for line in order.lines:
                    yield self._sign(_confirmation(store.account, order, line, at))

    def _sign(self, document: Json) -> SignedPush:
        body = to_json(document).encode()
        signature = self._key.sign(body, ec.ECDSA(hashes.SHA1()))  # noqa: S303
        mark = {
            "alg": "ecdsa", "kid": self._kid, "signature": base64.b64encode(signature).decode(), "digest": "SHA1",
        }  # fmt: skip
        header = base64.b64encode(json.dumps(mark, separators=(",", ":")).encode()).decode()
        return SignedPush({"content-type": "application/json", "x-ebay-signature": header}, body)

    def _public(self) -> str:
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()


def _confirmation(account: Account, order: Order, line: Line, at: int) -> Json:
    identity = chance.digits("ebay push", order.id, line.item_id)
    return {
        "metadata": {"topic": TOPIC, "schemaVersion": "1.0", "deprecated": False},
        "notification": {
            "notificationId": f"{identity[:8]}-{identity[8:12]}-{identity[12:16]}_{identity[16:40]}",
            "eventDate": stamp(at),
            "publishDate": stamp(at),
            "publishAttemptCount": 1,
            "data": {
                "user": {"userId": f"u{chance.number('user', account.seller_id):x}", "username": account.seller_id},
                "order": {
                    "orderId": order.id,
                    "orderLineItems": [
                        {
                            "orderLineItemId": line.item_id,
                            "listingId": item_id(line.listing),
                            "quantity": line.quantity,
                        }
                    ],
                },
            },
        },
    }
