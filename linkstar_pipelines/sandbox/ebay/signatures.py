"""Message signatures (RFC 9421) of sellers in the EU and the UK.

Here: the check of a request's signature, and the one key that all accounts of the sandbox use: eBay's own published
test key, whose `jwe` stands for it. Not here: which calls want a signature (see `gateway`).
"""

import base64
import hashlib
import re
import time
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from linkstar_pipelines.sandbox.ebay.wire import ApiError
from linkstar_pipelines.sandbox.world.accounts import Account

PUBLIC_KEY = "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="
JWE = (
    "eyJ6aXAiOiJERUYiLCJlbmMiOiJBMjU2R0NNIiwidGFnIjoiSXh2dVRMb0FLS0hlS0Zoa3BxQ05CUSIsImFsZyI6IkEyNTZHQ01LVyIsIml2Ijoi"
    "aFd3YjNoczk2QzEyOTNucCJ9.2o02pR9SoTF4g_5qRXZm6tF4H52TarilIAKxoVUqjd8.3qaF0KJN-rFHHm_P.AMUAe9PPduew09mANIZ-O_68CC"
    "uv6EIx096rm9WyLZnYz5N1WFDQ3jP0RBkbaOtQZHImMSPXIHVaB96RWshLuJsUgCKmTAwkPVCZv3zhLxZVxMXtPUuJ-ppVmPIv0NzznWCOU5Kvb9"
    "Xux7ZtnlvLXgwOFEix-BaWNomUAazbsrUCbrp514GIea3butbyxXLNi6R9TJUNh8V2uan-optT1MMyS7eMQnVGL5rYBULk.9K5ucUqAu0DqkkhgubsHHw"
)
"""What a request names its key by. eBay publishes private key, public key and JWE together, for tests."""
OLDEST_SECONDS = 300
_INPUT = re.compile(r'sig1=(\(((?:"[@\w-]+" ?)+)\);created=(\d+)[^,]*)')
_WANTED = {"x-ebay-signature-key", "@method", "@path", "@authority"}


def wants_signature(account: Account) -> bool:
    """Tell whether the seller is domiciled in the EU or the UK."""
    return any(market.vat is not None for market in account.marketplaces)


def check_signature(method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
    """Check the signature of a request.

    Raises:
        ApiError: 403 when it is missing, of an unknown key, old, incomplete or wrong.
    """
    if headers.get("x-ebay-signature-key") != JWE:
        raise _refused("The x-ebay-signature-key header is missing or unknown")
    found = _INPUT.fullmatch(headers.get("signature-input", ""))
    if found is None:
        raise _refused("The Signature-Input header is missing or malformed")
    inputs, names, created = found[1], re.findall(r'"([^"]+)"', found[2]), int(found[3])
    if not _WANTED | ({"content-digest"} if body else set()) <= set(names):
        raise _refused("The signature does not cover what it must cover")
    if abs(time.time() - created) > OLDEST_SECONDS:
        raise _refused("The signature is too old")
    if body and headers.get("content-digest") != _digest(body):
        raise _refused("The Content-Digest header does not match the body")
    values = {**headers, "@method": method, "@path": path, "@authority": headers.get("host", "")}
    lines = [f'"{name}": {values.get(name, "")}' for name in names]
    base = "\n".join([*lines, f'"@signature-params": {inputs}'])
    _verify(headers.get("signature", ""), base.encode())


def _verify(header: str, base: bytes) -> None:
    key = load_der_public_key(base64.b64decode(PUBLIC_KEY))
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError("the sandbox's signing key is no Ed25519 key")
    try:
        key.verify(base64.b64decode(header.removeprefix("sig1=:").removesuffix(":")), base)
    except (InvalidSignature, ValueError) as problem:
        raise _refused("Signature validation failed") from problem


def _digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _refused(message: str) -> ApiError:
    return ApiError(403, 215122, "ACCESS", message)
