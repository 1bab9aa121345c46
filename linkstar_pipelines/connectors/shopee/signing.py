"""Shopee's signatures: HMAC-SHA256 in lower-case hexadecimal, keyed with the partner key as it is.

Belongs here: the base strings of calls and pushes, and the signature over them. Pure.
Does not belong here: when a request is signed (`calls.py`), or what a push says (`push.py`).
"""

import hashlib
import hmac

from pydantic import SecretStr


def public_base(partner_id: int, path: str, timestamp: int) -> bytes:
    """Return what is signed of a call without a shop; `path` is the API path, without host or query."""
    return f"{partner_id}{path}{timestamp}".encode()


def shop_base(partner_id: int, path: str, timestamp: int, access_token: SecretStr, shop_id: int) -> bytes:
    """Return what is signed of a call for a shop. Other parameters and the body are not signed."""
    return public_base(partner_id, path, timestamp) + f"{access_token.get_secret_value()}{shop_id}".encode()


def push_base(url: str, body: bytes) -> bytes:
    """Return what is signed of a push: the address as registered, and the body as it arrived."""
    return url.encode() + b"|" + body


def signature(partner_key: SecretStr, base: bytes) -> str:
    """Sign a base string."""
    return hmac.new(partner_key.get_secret_value().encode(), base, hashlib.sha256).hexdigest()
