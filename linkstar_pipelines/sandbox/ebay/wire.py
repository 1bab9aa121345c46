"""What all of eBay's operations share on the wire: the call, the error envelope, parameter reading, amounts.

Here: plain records and readers of query parameters that refuse bad input the way eBay does.
Not here: HTTP itself, auth, limits and faults (see `gateway`).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.wire import Json, RefusedError, Reply
from linkstar_pipelines.sandbox.world.accounts import Account, Marketplace
from linkstar_pipelines.sandbox.world.instants import iso, parse

_CRITERION = re.compile(r"(\w+):(\[[^\]]*\]|\{[^}]*\})")
_SPAN = re.compile(r"(\S+Z)\.\.(\S+Z)?")


class ApiError(RefusedError):
    """A refusal in eBay's envelope: `{"errors": [{"errorId", "domain", "category", "message", "longMessage"}]}`."""

    def __init__(self, status: int, error_id: int, domain: str, message: str, category: str = "REQUEST") -> None:
        super().__init__(Reply({"errors": [entry(error_id, domain, message, category)]}, status), message)


def entry(error_id: int, domain: str, message: str, category: str = "REQUEST") -> Json:
    """Make one entry of an `errors` list."""
    return {
        "errorId": error_id, "domain": domain, "category": category, "message": message, "longMessage": message,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Api:
    """One of eBay's APIs as its errors name it, with its ids for bad paging and bad filters."""

    domain: str
    bad_limit: int
    bad_offset: int
    bad_filter: int
    bad_date: int


FULFILLMENT = Api("API_FULFILLMENT", bad_limit=31100, bad_offset=31000, bad_filter=30800, bad_date=30810)
INVENTORY = Api("API_INVENTORY", bad_limit=25706, bad_offset=25706, bad_filter=25709, bad_date=25709)
FINANCES = Api("API_FINANCES", bad_limit=135001, bad_offset=135001, bad_filter=135002, bad_date=135002)
POST_ORDER = Api("returnErrorDomain", bad_limit=1001, bad_offset=1001, bad_filter=1002, bad_date=1002)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, authenticated: query values by name, header values by lower-case name, path parts, body.

    `url` is the address without its query.
    """

    account: Account
    now: int
    query: Mapping[str, str]
    headers: Mapping[str, str]
    path: Mapping[str, str]
    body: bytes
    url: str
    strike: Strike

    def limit(self, api: Api, default: int, most: int) -> int:
        """Return the page size."""
        return self._number("limit", default, 1, most, (api.domain, api.bad_limit))

    def offset(self, api: Api, default: int = 0) -> int:
        """Return where the page starts: in records or in pages, as the operation counts."""
        return self._number("offset", default, default, 10**9, (api.domain, api.bad_offset))

    def criteria(self, api: Api) -> dict[str, str]:
        """Return the filter's criteria by name, brackets and braces taken off."""
        text = self.query.get("filter", "")
        found = dict(_CRITERION.findall(text))
        if text and ",".join(f"{name}:{value}" for name, value in found.items()) != text:
            raise ApiError(400, api.bad_filter, api.domain, f"Invalid filter value {text}")
        return {name: value[1:-1] for name, value in found.items()}

    def span(self, api: Api, text: str) -> tuple[int, int | None]:
        """Read a date range `a..b` or `a..`, both ends included; the end of an open one is None."""
        found = _SPAN.fullmatch(text)
        try:
            ends = [parse(end) if end else None for end in (found.groups() if found else ())]
        except ValueError:
            ends = []
        if not ends or ends[0] is None:
            raise ApiError(400, api.bad_date, api.domain, "Invalid date format")
        return ends[0], ends[1]

    def document(self, api: Api, error_id: int) -> Json:
        """Return the JSON object of the body."""
        try:
            found: Any = json.loads(self.body)
        except ValueError:
            found = None
        if not isinstance(found, dict) or "application/json" not in self.headers.get("content-type", ""):
            raise ApiError(400, error_id, api.domain, "Invalid input data")
        return found

    def _number(self, name: str, default: int, low: int, high: int, refusal: tuple[str, int]) -> int:
        text = self.query.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ApiError(400, refusal[1], refusal[0], f"Invalid {name}: {text}")
        return int(text)


def amount(market: Marketplace, minor: int) -> Json:
    """Write minor units as eBay's Amount."""
    return {"value": market.text(minor), "currency": market.currency}


def stamp(instant: int) -> str:
    """Write an instant with milliseconds."""
    return iso(instant).replace("Z", ".000Z")
