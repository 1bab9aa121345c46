"""Fields of payloads, read without trusting their form, and instants as platforms write them.

Belongs here: what the forms of more than one platform need. Does not belong here: what a field means.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any


def text_of(value: object, field: str) -> str | None:
    """Return a field that holds a text; None where it is empty, absent, no text, or the value is no object."""
    found = value.get(field) if isinstance(value, dict) else None
    return found if isinstance(found, str) and found else None


def instant_of(seconds: Any) -> datetime | None:
    """Read epoch seconds; None where they are none, or 0 (never)."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal) or not 0 < seconds < 2**33:
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


def iso_of(seconds: Any) -> str | None:
    """Write epoch seconds as ISO 8601; None where they are none."""
    instant = instant_of(seconds)
    return instant.isoformat() if instant else None


def iso_milliseconds(instant: datetime) -> str:
    """Write an instant as ISO 8601, UTC, with milliseconds and `Z`.

    Raises:
        ValueError: the instant has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone; pass UTC instants")
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_body(document: dict[str, Any]) -> bytes:
    """Write a request body without spaces; what is signed is what is sent."""
    return json.dumps(document, separators=(",", ":")).encode()
