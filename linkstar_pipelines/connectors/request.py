"""What is asked and what is answered on the wire, for all platforms alike.

Belongs here: the request and answer types of the HTTP core, and the decoders that more than one platform needs.
Does not belong here: sending (`http.py`), or the parameters of any platform.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal

import msgspec
from pydantic import SecretStr

from linkstar_pipelines.storage.rate_budget import Plan

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)

Headers = Mapping[str, str]
Decoder = Callable[[bytes, Headers], Any]


class DecodeError(ValueError):
    """A body is not what the operation promises; the message says what is wrong, without quoting the body."""


class FailureInBody(Exception):  # noqa: N818  # not raised to callers: the core turns it into its own errors
    """HTTP says success, the body says failure: what several platforms do instead of a status.

    Attributes:
        kind: `rejected` (the request is wrong; not repeated), `throttled` (too many; not processed), or
            `platform_error` (the platform's own fault; repeated where safe).
        code: the platform's own error code.
    """

    def __init__(self, kind: Literal["rejected", "throttled", "platform_error"], code: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code


@dataclass(frozen=True)
class Request:
    """One logical call.

    Attributes:
        idempotent: whether the platform may safely see it twice.
        plan: documented usage plan, None for calls without one.
        counted_by: whom the platform counts the plan by, where it is not the store: the application's id.
        counted_as: what the platform counts together, where it is not each operation alone.
        asked: what of the request is kept, encrypted, beside a kept answer: to which record it belongs; no secrets.
        public_params: names of query parameters whose values may be written to the call log.
        secrets: values that must never appear in a log or message, whatever the platform echoes.
        decode: turns the body into `Answer.data`; raises `DecodeError` where the body is cut or lacks parts, and
            `FailureInBody` where it holds a failure.
        sign: completes the request just before each exchange (fresh timestamp, signature); None where nothing ages.
        quota_header: header that carries the granted rate in requests per second, None where there is none.
        request_id_header: header that carries the platform's own id of the exchange.
        explain: reads the platform's error code and message from a decoded error body.
    """

    platform: str
    store: str
    operation: str
    method: str
    url: str = field(repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Headers = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    idempotent: bool = True
    plan: Plan | None = None
    counted_by: str = ""
    counted_as: str = ""
    asked: Mapping[str, str] = field(default_factory=dict, repr=False)
    public_params: Collection[str] = field(default=frozenset(), repr=False)
    secrets: tuple[SecretStr, ...] = field(default=(), repr=False)
    decode: Decoder = field(default=lambda body, _: read_json(body), repr=False)
    sign: "Callable[[Request], Request] | None" = field(default=None, repr=False)
    quota_header: str | None = None
    request_id_header: str | None = None
    explain: Callable[[Any], tuple[str, str]] = field(default=lambda _: ("", ""), repr=False)


@dataclass(frozen=True)
class Answer:
    """A successful answer, decoded.

    Attributes:
        data: what the request's decoder made of the body.
        sha256: hash of the body, as in the call log.
        granted_rate: requests per second that the platform says it grants, None if it did not say.
        attempts: exchanges that the call took.
        answered_at: our clock when the platform answered.
    """

    status: int
    data: Any = field(repr=False)
    headers: Headers = field(repr=False)
    sha256: str
    trace_id: str
    attempts: int
    answered_at: datetime
    granted_rate: float | None = None

    @property
    def server_time(self) -> datetime | None:
        """The platform's clock; None where the answer carries no date that can be read."""
        try:
            date = parsedate_to_datetime(self.headers.get("date", ""))
        except ValueError:
            return None
        return date.astimezone(UTC) if date.tzinfo is not None else None

    @property
    def skew(self) -> timedelta | None:
        """How far the platform's clock is ahead of ours."""
        server_time = self.server_time
        return server_time - self.answered_at if server_time is not None else None


def read_json(body: bytes) -> Any:
    """Parse JSON with exact decimals.

    Bytes that are no UTF-8 do not make the whole body unreadable: each stands as a lone surrogate in its text, so that
    only the record that holds it is refused.

    Raises:
        DecodeError: the text is cut or no JSON.
    """
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_leniently(body)


def _read_leniently(body: bytes) -> Any:
    try:
        text = body.decode("utf-8-sig", "surrogateescape")
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number, strict=False)
    except ValueError as error:
        raise DecodeError(f"not whole JSON ({len(body)} bytes)") from error


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def json_with(*paths: str) -> Decoder:
    """Return a decoder for a JSON object that must hold every dotted path, such as `payload.transactions`."""

    def decode(body: bytes, _: Headers) -> Any:
        document = read_json(body)
        for path in paths:
            place = document
            for part in path.split("."):
                if not isinstance(place, dict) or place.get(part) is None:
                    raise DecodeError(f"the answer lacks '{path}'")
                place = place[part]
        return document

    return decode
