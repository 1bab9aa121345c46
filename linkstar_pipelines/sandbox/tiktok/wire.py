"""TikTok Shop's wire: the call as an operation sees it, the envelope, and its refusals.

Here: parameters and their checks, `code` and `message`; error codes, which are the sandbox's word and no document's.
Not here: signatures and tokens (see `auth`), operations.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.datastructures import QueryParams

from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.wire import Json, RefusedError, Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account, Marketplace

TOO_MANY: Final = 36009002
BROKEN: Final = 36009003
INVALID: Final = 36009004
ASTRAY: Final = 36009009
EXPIRED_TOKEN: Final = 105002
INVALID_TOKEN: Final = 105001
BAD_SIGN: Final = 106001
BAD_CIPHER: Final = 106011
SPENT_REFRESH_TOKEN: Final = 36004004
UNKNOWN_APP: Final = 36004003
UNKNOWN_PRODUCT: Final = 12052048
NOT_SHIPPABLE: Final = 21022001


class ApiError(RefusedError):
    """A refusal in TikTok's envelope."""

    def __init__(self, code: int, message: str, status: int = 200) -> None:
        body: Json = {"code": code, "data": None, "message": message, "request_id": _request_id()}
        super().__init__(Reply(body, status), message)


@dataclass(frozen=True, slots=True)
class Call:
    """One call for a shop; `now` is the virtual instant, `place` what stands in the path."""

    account: Account
    now: int
    query: QueryParams
    body: bytes
    strike: Strike
    place: dict[str, Any] = field(default_factory=dict)

    @property
    def market(self) -> Marketplace:
        """The shop's marketplace: a shop has one."""
        return self.account.marketplaces[0]

    def page_size(self) -> int:
        """Return the page size, which must be given."""
        value = self.query.get("page_size", "")
        if not value.isdecimal() or not 1 <= int(value) <= 100:
            raise invalid("page_size must be an integer between 1 and 100")
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
    return ApiError(INVALID, f"Invalid parameter: {detail}.", 400)


def done(data: Json | None) -> Reply:
    """Answer a success."""
    return Reply({"code": 0, "data": data, "message": "Success", "request_id": _request_id()})


def _request_id() -> str:
    return chance.code(32, "0123456789ABCDEF", "tiktok request")
