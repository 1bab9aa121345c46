"""What all operations of the Walmart side share: the call, the error envelope, parameter reading.

Here: plain records and readers of query parameters that refuse bad input the way Walmart does.
Not here: HTTP itself, auth, quotas and faults (see `gateway`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.wire import Json, RefusedError, Reply
from linkstar_pipelines.sandbox.world.accounts import Account, Marketplace
from linkstar_pipelines.sandbox.world.instants import parse


class ApiError(RefusedError):
    """A refusal in Walmart's envelope: `{"errors": [{"code", "field", "description", "severity", "category"}]}`."""

    def __init__(self, status: int, code: str, description: str, *, category: str = "REQUEST") -> None:
        error = {
            "code": code,
            "field": "",
            "description": description,
            "info": description,
            "severity": "ERROR",
            "category": category,
        }
        super().__init__(Reply({"errors": [error]}, status), description)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, authenticated: query values by name, path parts, body."""

    account: Account
    now: int
    query: Mapping[str, str]
    path: Mapping[str, str]
    body: bytes
    strike: Strike

    def text(self, name: str) -> str | None:
        """Return a parameter, None when absent or empty."""
        return self.query.get(name) or None

    def required(self, name: str) -> str:
        """Return a parameter that must be there."""
        value = self.text(name)
        if value is None:
            raise invalid(f"Missing required parameter: {name}")
        return value

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number within [low, high]."""
        value = self.text(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise invalid(f"{name} must be a whole number from {low} to {high}, got {value!r}")
        return int(value)

    def instant(self, name: str) -> int | None:
        """Return an ISO 8601 instant or date as seconds since the epoch."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return parse(value)
        except (ValueError, OverflowError) as problem:
            raise invalid(f"{name} is not an ISO 8601 date: {value!r}") from problem

    def json(self) -> Json:
        """Return the body as a JSON object."""
        try:
            document = json.loads(self.body)
        except ValueError as problem:
            raise invalid("The request body is not valid JSON.") from problem
        if not isinstance(document, dict):
            raise invalid("The request body is no object.")
        return document


def invalid(description: str) -> ApiError:
    """Make the 400 answer to a bad request."""
    return ApiError(400, "INVALID_REQUEST_PARAM.GMP_GATEWAY_API", description)


def not_found(what: str, description: str) -> ApiError:
    """Make the 404 answer of the service for orders, items or inventory."""
    return ApiError(404, f"CONTENT_NOT_FOUND.GMP_{what}_API", description, category="DATA")


def number(market: Marketplace, minor: int) -> float:
    """Write minor units as a JSON number of whole units."""
    return float(market.text(minor))


def milliseconds(instant: int) -> int:
    """Write an instant as Walmart's order service does: milliseconds since the epoch."""
    return instant * 1000
