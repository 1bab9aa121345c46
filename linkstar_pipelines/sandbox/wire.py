"""What every platform of the sandbox answers with: the reply, the refusal, and JSON text.

Not here: HTTP itself and faults (see `gateway`), or the envelope of any platform.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a JSON body, or raw `content` of a `media_type`."""

    body: Json | None = None
    status: int = 200
    content: bytes | None = None
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A refusal, with the answer the platform gives to it."""

    def __init__(self, reply: Reply, reason: str = "") -> None:
        super().__init__(reason)
        self.reply = reply


def to_json(body: Json) -> str:
    """Write JSON text without spaces."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def to_bytes(text: str) -> bytes:
    """Write text as bytes; a lone surrogate becomes the byte it stands for, which is no UTF-8 then."""
    return text.encode("utf-8", "surrogateescape")
