"""AWS Signature Version 4 of a request without a query, as AWS checks it.

Here: the signature from AWS's documentation, as a pure function. Not here: what is signed (see `queue`).
"""

import hashlib
import hmac
from collections.abc import Mapping


def signature(  # noqa: PLR0917  # the parts of the signature, in AWS's order
    secret: str, scope: str, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> str:
    """Return the signature in hexadecimal.

    Args:
        secret: Secret access key.
        scope: Credential scope, `<day>/<region>/<service>/aws4_request`.
        method: HTTP method.
        path: Path.
        headers: The signed headers by lower-case name; `x-amz-date` among them.
        body: Body.
    """
    names = sorted(headers)
    lines = [f"{name}:{' '.join(headers[name].split())}\n" for name in names]
    content = hashlib.sha256(body).hexdigest()
    canonical = "\n".join((method, path, "", "".join(lines), ";".join(names), content))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(("AWS4-HMAC-SHA256", headers["x-amz-date"], scope, digest))
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
