"""Shopify's webhook signature: HMAC-SHA256 over the raw body, in base64, keyed with the app's client secret.

Belongs here: the signature, pure. Does not belong here: what a webhook says (`push.py`).
"""

import base64
import hashlib
import hmac

from pydantic import SecretStr


def signature(client_secret: SecretStr, body: bytes) -> str:
    """Sign the body of a webhook as it arrived."""
    digest = hmac.new(client_secret.get_secret_value().encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
