"""What may be written down about a call: addresses and error texts without secrets and personal data.

Belongs here: the rules that make a URL or a message fit for the call log and for exceptions.
Does not belong here: masking of payload fields (the raw layer's business).
"""

import re
from collections.abc import Collection, Iterable
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import SecretStr

MASK: Final = "***"
_EMAIL: Final = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+\.[A-Za-z]{2,}")
_LONGEST_TEXT: Final = 500


def mask_url(url: str, public_params: Collection[str]) -> str:
    """Return `url` with every query value masked but those of `public_params`, and without user information.

    Masking all that is not declared public means that a new parameter can be forgotten, but never leaked.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = f"{host}:{parts.port}" if parts.port else host
    query = "&".join(
        f"{name}={quote(value, safe=',:') if name in public_params else MASK}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return f"{parts.scheme}://{place}{parts.path}" + (f"?{query}" if query else "")


def mask_text(text: str, secrets: Iterable[SecretStr]) -> str:
    """Return a platform's message with secrets and mail addresses masked, cut to a readable length."""
    for secret in secrets:
        if value := secret.get_secret_value():
            text = text.replace(value, MASK)
    return _EMAIL.sub(MASK, text)[:_LONGEST_TEXT]
