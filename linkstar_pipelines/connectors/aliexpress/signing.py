"""The signature of the gateway, as pure functions.

Belongs here: what is signed and how. Does not belong here: which parameters a call has (`calls.py`, `auth.py`).
"""

import hashlib
import hmac
from collections.abc import Mapping

from pydantic import SecretStr


def sign(parameters: Mapping[str, str], secret: SecretStr, path: str = "") -> str:
    """Sign a request: upper-case hex of the HMAC-SHA256 of path and sorted parameters.

    Args:
        parameters: System and business parameters; `sign` itself and empty ones do not count.
        secret: App secret.
        path: Path of a system call, such as `/auth/token/refresh`. A business method has none in front: its name is
            one of the parameters.
    """
    told = {name: value for name, value in parameters.items() if name != "sign" and value}
    text = path + "".join(name + told[name] for name in sorted(told))
    return _hmac(secret, text.encode()).upper()


def push_signature(app_key: str, secret: SecretStr, body: bytes) -> str:
    """Return the signature that a notification must carry: lower-case hex of the HMAC-SHA256 of app key and raw body.

    The rule is documented for Lazada, which shares the gateway; that AliExpress keeps to it is not verified.
    """
    return _hmac(secret, app_key.encode() + body)


def _hmac(secret: SecretStr, text: bytes) -> str:
    return hmac.new(secret.get_secret_value().encode(), text, hashlib.sha256).hexdigest()
