"""What all operations share on the wire: the call, the reply, Amazon's error envelope, parameter reading.

Here: plain records and readers of query parameters that refuse bad input the way Amazon does.
Not here: HTTP itself, auth, quotas and faults (see `gateway`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.wire import Json, RefusedError, Reply
from linkstar_pipelines.sandbox.world.accounts import Account, Marketplace
from linkstar_pipelines.sandbox.world.instants import MINUTE, parse

SETTLE_TIME = 2 * MINUTE
"""Upper bounds of time windows must be at least this old."""


class ApiError(RefusedError):
    """A refusal in Amazon's envelope: `{"errors": [{"code", "message", "details"}]}`."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        body = {"errors": [{"code": code, "message": message, "details": details}]}
        super().__init__(Reply(body, status), message)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, authenticated: query values by name (repeated ones joined by commas), path parts, body."""

    account: Account
    now: int
    query: Mapping[str, str]
    path: Mapping[str, str]
    body: bytes
    base_url: str
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

    def words(self, name: str, allowed: Collection[str] | None = None, at_most: int | None = None) -> list[str]:
        """Return a comma-separated list, checked against the values allowed and the longest length."""
        words = [word for word in (self.query.get(name) or "").split(",") if word]
        if allowed is not None and (wrong := [word for word in words if word not in allowed]):
            raise invalid(f"Invalid value for {name}: {', '.join(wrong)}")
        if at_most is not None and len(words) > at_most:
            raise invalid(f"{name} takes at most {at_most} values, got {len(words)}")
        return words

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number within [low, high]."""
        value = self.text(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise invalid(f"{name} must be a whole number from {low} to {high}, got {value!r}")
        return int(value)

    def instant(self, name: str) -> int | None:
        """Return an ISO 8601 instant as seconds since the epoch."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return parse(value)
        except (ValueError, OverflowError) as problem:
            raise invalid(f"{name} is not an ISO 8601 date-time: {value!r}") from problem

    def marketplaces(self, name: str = "marketplaceIds", at_most: int = 50) -> list[Marketplace]:
        """Return the account's marketplaces that are asked for (all of them when none is named).

        Raises:
            ApiError: 403 when one of them belongs to no marketplace of this account.
        """
        ids = self.words(name, at_most=at_most)
        found = [self.account.marketplace(marketplace_id) for marketplace_id in ids]
        own = [market for market in found if market is not None]
        if len(own) < len(ids):
            raise unauthorized("The seller has no access to one of the marketplaces in the request.")
        return own or list(self.account.marketplaces)


def invalid(details: str, message: str = "Invalid Input") -> ApiError:
    """Make the 400 answer to a bad parameter."""
    return ApiError(400, "InvalidInput", message, details)


def not_found(details: str) -> ApiError:
    """Make the 404 answer."""
    return ApiError(404, "NotFound", "The requested resource was not found.", details)


def unauthorized(details: str) -> ApiError:
    """Make the 403 answer of a missing, expired or foreign access token."""
    return ApiError(403, "Unauthorized", "Access to requested resource is denied.", details)


def money(market: Marketplace, minor: int) -> Json:
    """Write an amount as Amazon's Money: a decimal string and its currency."""
    return {"amount": market.text(minor), "currencyCode": market.currency}
