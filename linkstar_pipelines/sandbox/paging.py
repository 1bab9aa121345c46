"""Page tokens and pages.

Here: opaque, signed tokens that say after which key the next page starts; the cutting of a sorted stream into pages;
the stream faults (a page served again under the following token, a page skipped, a page without entries that ends the
list, entries out of order within a page and across two).
A token holds no clock: its life is counted in real seconds from when this process first issued it.
Not here: which stream is paged, and whether a token is bound to the original parameters (the operation says).
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.wire import Json

Item = TypeVar("Item")
Shown = TypeVar("Shown")
Key = list[int | str]


class TokenRefusedError(Exception):
    """A page token that was not issued here, or that is too old."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Shown]):
    """One page: its items, and the cursor of the next page (None on the last)."""

    items: list[Shown]
    next: Json | None


class TokenBook:
    """Writes and reads page tokens."""

    def __init__(self, seed: int) -> None:
        self._key = f"pages-{seed}".encode()
        self._issued: dict[str, float] = {}

    def write(self, cursor: Json) -> str:
        """Turn a cursor into an opaque token; the same cursor gives the same token."""
        text = json.dumps(cursor, separators=(",", ":"), sort_keys=True).encode()
        token = base64.urlsafe_b64encode(text).decode().rstrip("=") + "." + self._sign(text)
        self._issued[token] = time.monotonic()
        return token

    def read(self, token: str, ttl: float) -> Json:
        """Turn a token back into its cursor.

        Raises:
            TokenRefusedError: The token is forged, or older than `ttl` real seconds.
        """
        encoded, _, signature = token.partition(".")
        try:
            text = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        except ValueError as problem:
            raise TokenRefusedError("The token is malformed.") from problem
        if not hmac.compare_digest(self._sign(text).encode(), signature.encode()):
            raise TokenRefusedError("The token was not issued here.")
        if time.monotonic() - self._issued.setdefault(token, time.monotonic()) > ttl:
            raise TokenRefusedError("The token has expired.")
        cursor: Json = json.loads(text)
        return cursor

    def _sign(self, text: bytes) -> str:
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:20]


def fingerprint(query: Mapping[str, str], *apart: str) -> str:
    """Return a digest of the parameters of a request, but for those named in `apart`."""
    kept = sorted((name, value) for name, value in query.items() if name not in apart)
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:16]


def cut(
    stream: Callable[[Key | None], Iterable[tuple[Key, Item]]],
    render: Callable[[Item], Shown],
    cursor: Json,
    size: int,
    strike: Strike,
) -> Page[Shown]:
    """Cut the page after a key out of a sorted stream.

    Args:
        stream: Gives (key, item) pairs in order, those after the given key (all for None).
        render: Turns an item into its wire form.
        cursor: Where to start: `after`, the key of the last item of the page before; empty for the first page.
        size: Items per page.
        strike: Faults of this request; a skipped page is skipped here, a doubled one sends the client back. Out of
            order, the page shows the next one's first entry in place of its own last one, which comes there.
    """
    after: Key | None = cursor.get("after")
    found = list(islice(stream(after), size + 1))
    if strike.missing_page and len(found) > size:
        after = found[size - 1][0]
        found = list(islice(stream(after), size + 1))
    if strike.empty_page:
        return Page([], None)
    following = {"after": found[size - 1][0]} if len(found) > size else None
    if strike.disorder:
        if following and strike.half and size > 1:
            following = {"after": found[size - 2][0]}
            found[size - 1] = found[size]
        found = found[:size][::-1]
    items = [render(item) for _, item in found[:size]]
    if strike.duplicate_page and items:
        return Page(items, {"after": after, "again": cursor.get("again", 0) + 1})
    return Page(items, following)
