"""Walmart's signatures, as pure functions.

Belongs here: the RSA signature of the former Canadian platform, and the HMACs of notifications.
Does not belong here: which request is signed, or which notification is believed.
"""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import SecretStr


def legacy_signature(consumer_id: str, private_key: SecretStr, url: str, method: str, timestamp: str) -> str:
    """Sign a request of the former platform: `WM_SEC.AUTH_SIGNATURE`.

    Args:
        consumer_id: The account's consumer id.
        private_key: PKCS#8 in base64, without PEM lines.
        url: Whole address with its query.
        method: HTTP method in upper case.
        timestamp: Milliseconds since the epoch, as sent in `WM_SEC.TIMESTAMP`.

    Raises:
        ValueError: the key is none.
    """
    key = serialization.load_der_private_key(base64.b64decode(private_key.get_secret_value()), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the key is no RSA key")  # noqa: TRY004  # the value is wrong, not the caller's type
    text = f"{consumer_id}\n{url}\n{method}\n{timestamp}\n"
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def timed_signature(secret: SecretStr, method: str, path_and_query: str, timestamp: str, body: bytes) -> str:
    """Return `WM_SEC.SIGNATURE` of a notification that carries `WM_SEC.TIMESTAMP` (seconds since the epoch)."""
    text = f"{method}\n{path_and_query}\n{timestamp}\n{hashlib.sha256(body).hexdigest()}"
    return base64.b64encode(_hmac(secret, text.encode())).decode()


def body_signatures(secret: SecretStr, body: bytes) -> tuple[str, str]:
    """Return the HMAC of a notification's body, in hexadecimal and in base64: Walmart does not say which it sends."""
    digest = _hmac(secret, body)
    return digest.hex(), base64.b64encode(digest).decode()


def _hmac(secret: SecretStr, message: bytes) -> bytes:
    return hmac.new(secret.get_secret_value().encode(), message, hashlib.sha256).digest()
