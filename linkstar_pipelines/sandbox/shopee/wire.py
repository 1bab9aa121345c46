"""Shopee's wire: the call as an operation sees it, the envelope, and its refusals.

Here: parameters and their checks, `error` and `message`. HTTP stays 200 whatever the envelope says.
Not here: signatures and tokens (see `auth`), operations.
"""

import json
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.wire import Json, RefusedError, Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account, Marketplace


class ApiError(RefusedError):
    """A refusal in Shopee's envelope."""

    def __init__(self, code: str, message: str, status: int = 200) -> None:
        super().__init__(Reply({"error": code, "message": message, "request_id": ""}, status), message)


@dataclass(frozen=True, slots=True)
class Call:
    """One call for a shop; `now` is the virtual instant."""

    account: Account
    now: int
    query: QueryParams
    body: bytes
    strike: Strike

    @property
    def market(self) -> Marketplace:
        """The shop's region: a shop has one."""
        return self.account.marketplaces[0]

    def text(self, name: str) -> str:
        """Return a parameter that must be there."""
        value = self.query.get(name, "")
        if not value:
            raise invalid(f"{name} is required")
        return value

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """Return a parameter that is a whole number of [low, high]."""
        value = self.query.get(name, "")
        if not value and default is not None:
            return default
        if not value.isdecimal() or not low <= int(value) <= high:
            raise invalid(f"{name} must be an integer between {low} and {high}")
        return int(value)

    def document(self) -> Json:
        """Return the body, which must be a JSON object."""
        try:
            found = json.loads(self.body)
        except ValueError as problem:
            raise invalid("the body is no JSON") from problem
        if not isinstance(found, dict):
            raise invalid("the body is no JSON object")
        return found


def invalid(detail: str) -> ApiError:
    """Refuse a parameter."""
    return ApiError("error_param", f"Wrong parameters, detail: {detail}.")


def done(response: Json | None = None, **top: Any) -> Reply:
    """Answer a success."""
    body: Json = {"error": "", "message": "", "request_id": chance.code(32, "0123456789abcdef", "ok"), **top}
    if response is not None:
        body["response"] = response
    return Reply(body)


def amount(market: Marketplace, minor: int) -> float:
    """Write minor units the way Shopee does: as a float."""
    return float(market.text(minor))
