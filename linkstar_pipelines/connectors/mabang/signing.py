"""Mabang's signature: HMAC-SHA256 over the body as it is sent, in lower-case hexadecimal, keyed with the developer key.

Belongs here: the signature. Pure. Does not belong here: when a request is signed (`calls.py`).
"""

import hashlib
import hmac

from pydantic import SecretStr


def signature(developer_key: SecretStr, body: bytes) -> str:
    """Sign a body; goes into the header `Authorization`."""
    return hmac.new(developer_key.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
