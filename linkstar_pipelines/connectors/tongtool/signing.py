"""Tongtool's signature, as a pure function.

Belongs here: the MD5 of token, timestamp and secret. Does not belong here: which call is signed, or when.
"""

import hashlib

from pydantic import SecretStr


def sign(app_token: SecretStr, timestamp: str, secret_key: SecretStr) -> str:
    """Sign a call: lower-case hex of the MD5 of `app_token<token>timestamp<timestamp><secret>`.

    Args:
        app_token: Token of the app.
        timestamp: The moment, as sent beside the signature.
        secret_key: Secret access key of the app.
    """
    text = f"app_token{app_token.get_secret_value()}timestamp{timestamp}{secret_key.get_secret_value()}"
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324  # the platform's own choice
