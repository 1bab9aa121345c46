"""What every method of the gateway needs: the call, refusals in their three forms, times and money on the wire.

Not here: signatures and tokens (see `auth`), the methods themselves.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.wire import Json, RefusedError, Reply
from linkstar_pipelines.sandbox.world.accounts import Account

PACIFIC = ZoneInfo("America/Los_Angeles")
TIME = "%Y-%m-%d %H:%M:%S"
LOAN_TIME = "%m/%d/%Y %H:%M:%S"
SITE = "ae_global"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is signed and logged in: whose it is, when, with which parameters, struck by which faults."""

    account: Account
    now: int
    parameters: Mapping[str, str]
    strike: Strike

    def query(self, name: str) -> Json:
        """Read a parameter that holds a JSON object; refuses anything else."""
        try:
            found = json.loads(self.parameters[name])
        except (KeyError, ValueError):
            found = None
        if not isinstance(found, dict):
            raise refused("MissingParameter", f"The input parameter {name} that is mandatory is not a JSON object.")
        return found


class BusinessError(Exception):
    """A failure that is told with HTTP 200 inside the result of a method."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def refused(code: str, message: str, kind: str = "ISV") -> RefusedError:
    """Make a refusal of the gateway; it comes with HTTP 200."""
    return RefusedError(Reply({"type": kind, "code": code, "message": message, "request_id": "0"}), code)


def whole(query: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    """Read a whole number of a query, given as number or text; refuses one out of bounds."""
    value = query.get(name, default)
    if not str(value).isdigit() or not least <= int(value) <= most:
        raise BusinessError("PARAM_INVALID", f"{name} must be within {least} and {most}")
    return int(value)


def pacific(instant: int) -> str:
    """Write an instant as the wall clock of the US Pacific coast shows it."""
    return datetime.fromtimestamp(instant, PACIFIC).strftime(TIME)


def read_bounds(query: Mapping[str, Any], name: str, form: str = TIME) -> tuple[int, int] | None:
    """Read `<name>_start` and `<name>_end`, both included; None when no start is given.

    A time that the wall clock shows twice is read in the way that gives less: late at the start, early at the end.
    """
    if not query.get(f"{name}_start"):
        return None
    first = _instant(str(query[f"{name}_start"]), form, fold=1)
    end = query.get(f"{name}_end")
    return first, _instant(str(end), form, fold=0) if end else 2**40


def _instant(text: str, form: str, *, fold: int) -> int:
    try:
        local = datetime.strptime(text, form)  # noqa: DTZ007  # the zone follows
    except ValueError:
        raise BusinessError("PARAM_INVALID", f"{text} is not of the form {form}") from None
    return int(local.replace(tzinfo=PACIFIC, fold=fold).timestamp())


def money(account: Account, minor: int) -> Json:
    """Write an amount in the account's currency."""
    market = account.marketplaces[0]
    return {"amount": market.text(minor), "currency_code": market.currency}


def listed(name: str, entry: str, entries: list[Any]) -> Json:
    """Wrap a list as the gateway does; an empty one is left out."""
    return {name: {entry: entries}} if entries else {}
