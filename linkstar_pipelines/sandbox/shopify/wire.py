"""What all parts of the Shopify side share: the call, refusals, ids, amounts, connections.

Here: plain records and writers. Not here: HTTP itself, auth, points and faults (see `gateway`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError

from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.paging import Key, Page, TokenBook, TokenRefusedError
from linkstar_pipelines.sandbox.search import Found
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world.accounts import Account, Marketplace

CURSOR_TTL = 86_400.0
MOST = 250
Resolved = dict[str, Any]
"""An object of the schema: values, and functions of the call for fields that take arguments."""


@dataclass(slots=True)
class Call:
    """One request, authenticated; what it noted on the way is put into the answer's extensions, or spoiled in it."""

    account: Account
    now: int
    strike: Strike
    searches: list[Json] = field(default_factory=list)
    spoiled: dict[str, Found] = field(default_factory=dict)

    @property
    def market(self) -> Marketplace:
        """The shop's one marketplace."""
        return self.account.marketplaces[0]


def refused(message: str, code: str) -> GraphQLError:
    """Make an error of the whole request."""
    return GraphQLError(message, extensions={"code": code})


def gid(kind: str, number: str | int) -> str:
    """Write a global id."""
    return f"gid://shopify/{kind}/{number}"


def money(market: Marketplace, minor: int) -> Resolved:
    """Write an amount in the shop's currency, which is also the buyer's."""
    amount = {"amount": market.text(minor), "currencyCode": market.currency}
    return {"shopMoney": amount, "presentmentMoney": amount}


def size_of(first: int | None) -> int:
    """Return the records of a page; a connection wants to be told."""
    if first is None:
        raise refused("you must provide one of first or last", "BAD_REQUEST")
    if not 1 <= first <= MOST:
        raise refused(f"first must be from 1 to {MOST}", "BAD_REQUEST")
    return first


def cursor_of(tokens: TokenBook, after: str | None) -> Json:
    """Read where a page begins."""
    if after is None:
        return {}
    try:
        return tokens.read(after, CURSOR_TTL)
    except TokenRefusedError as problem:
        raise refused(f"Invalid cursor for current pagination sort. {problem}", "INVALID_CURSOR") from problem


def connection(tokens: TokenBook, page: Page[Resolved], *, begun: bool) -> Resolved:
    """Write a page of a connection."""
    end = tokens.write(page.next) if page.next else None
    info = {"hasNextPage": bool(page.next), "hasPreviousPage": begun, "startCursor": None, "endCursor": end}
    return {"nodes": page.items, "pageInfo": info}


def nested(nodes: Sequence[Resolved]) -> Callable[..., Resolved]:
    """Make the resolver of a connection inside an object; its cursors are places in the list."""

    def resolve(_info: Any, first: int | None = None, after: str | None = None) -> Resolved:
        size, start = size_of(first), int(after or 0)
        end = start + size
        info = {
            "hasNextPage": end < len(nodes), "hasPreviousPage": start > 0,
            "startCursor": str(start), "endCursor": str(min(end, len(nodes))),
        }  # fmt: skip
        return {"nodes": nodes[start:end], "pageInfo": info}

    return resolve


def first_of(values: Sequence[Resolved]) -> Callable[..., Sequence[Resolved]]:
    """Make the resolver of a plain list that takes `first`."""
    return lambda _info, first=None: values[:first]


def places(items: Sequence[Any]) -> Callable[[Key | None], Iterable[tuple[Key, Any]]]:
    """Make a stream of items whose keys are their places (see `paging.cut`)."""

    def stream(after: Key | None) -> Iterable[tuple[Key, Any]]:
        start = int(after[0]) + 1 if after else 0
        return (([place], items[place]) for place in range(start, len(items)))

    return stream
