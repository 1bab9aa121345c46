"""TikTok Shop's signatures: HMAC-SHA256 in lower-case hexadecimal, keyed with the app secret.

Belongs here: what is signed of calls and webhooks, and the signature over it. Pure.
Does not belong here: when a request is signed (`calls.py`), or what a webhook says (`push.py`).
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from pydantic import SecretStr

_UNSIGNED: Final = frozenset({"sign", "access_token"})


def call_signature(app_secret: SecretStr, path: str, query: Mapping[str, str], body: bytes = b"") -> str:
    """Sign a call.

    Args:
        app_secret: Stands before and behind what is signed, and is the key too.
        path: Path of the API, without host, mount or query.
        query: Parameters as the server reads them, not percent-encoded; `sign` and `access_token` are left out.
        body: The body as it is sent.
    """
    secret = app_secret.get_secret_value()
    pairs = "".join(f"{name}{value}" for name, value in sorted(query.items()) if name not in _UNSIGNED)
    return _hmac(secret, f"{secret}{path}{pairs}".encode() + body + secret.encode())


def push_signature(app_secret: SecretStr, app_key: str, body: bytes) -> str:
    """Sign a webhook: the app key and the body as it arrived."""
    return _hmac(app_secret.get_secret_value(), app_key.encode() + body)


def _hmac(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
