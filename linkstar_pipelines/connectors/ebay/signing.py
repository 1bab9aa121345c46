"""eBay's message signatures (RFC 9421) and the answer to its endpoint challenge.

Belongs here: both as pure functions; the documentation's vectors are their tests.
Does not belong here: which calls are signed (`client.py`), or verifying notifications (`push.py`).
"""

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key
from pydantic import SecretStr

from linkstar_pipelines.connectors.request import Request

SigningKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


class SigningKeyError(ValueError):
    """A private key is no PKCS#8 key of the kinds that eBay takes."""


@lru_cache(maxsize=64)
def load_key(text: SecretStr) -> SigningKey:
    """Read a private key as eBay's Key Management API gives it: PKCS#8 in Base64, with or without PEM lines.

    Raises:
        SigningKeyError: it is none, or neither Ed25519 nor RSA.
    """
    body = "".join(line for line in text.get_secret_value().splitlines() if not line.startswith("-----"))
    try:
        key = load_der_private_key(base64.b64decode(body), password=None)
    except ValueError:
        raise SigningKeyError("the signing key is no PKCS#8 private key in Base64") from None
    if not isinstance(key, SigningKey):
        raise SigningKeyError("the signing key is neither Ed25519 nor RSA")
    return key


def signature_headers(  # noqa: PLR0917  # the parts of a message, in the order of the standard
    key: SigningKey, jwe: str, method: str, url: str, body: bytes | None, created: int
) -> dict[str, str]:
    """Return the headers that sign a request: digest of the body (if there is one), key, input and signature.

    Args:
        key: Private key.
        jwe: What eBay gave with the key: it tells eBay which one.
        method: HTTP method.
        url: Address; its query is not signed.
        body: Body as sent.
        created: Seconds since the epoch.
    """
    place = urlsplit(url)
    headers = {} if not body else {"content-digest": _digest(body)}
    headers["x-ebay-signature-key"] = jwe
    signed = {**headers, "@method": method, "@path": place.path, "@authority": place.netloc}
    components = " ".join(f'"{name}"' for name in signed)
    inputs = f"({components});created={created}"
    lines = [*(f'"{name}": {value}' for name, value in signed.items()), f'"@signature-params": {inputs}']
    signature = base64.b64encode(_sign(key, "\n".join(lines).encode())).decode()
    return {**headers, "signature-input": f"sig1={inputs}", "signature": f"sig1=:{signature}:"}


def signer(key: SigningKey, jwe: SecretStr) -> Callable[[Request], Request]:
    """Return what completes a request with a fresh signature, for `Request.sign`."""

    def sign(request: Request) -> Request:
        signed = signature_headers(
            key, jwe.get_secret_value(), request.method, request.url, request.body, int(time.time())
        )
        return replace(request, headers={**request.headers, **signed})

    return sign


def challenge_response(challenge_code: str, verification_token: str, endpoint: str) -> str:
    """Return what eBay wants to hear when it checks that a notification endpoint is ours (hexadecimal)."""
    return hashlib.sha256(f"{challenge_code}{verification_token}{endpoint}".encode()).hexdigest()


def _digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _sign(key: SigningKey, base: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(base)
    return key.sign(base, padding.PKCS1v15(), hashes.SHA256())
