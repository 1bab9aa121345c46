"""The platforms and ERPs that the sandbox plays: one line each.

Here: which side answers under which prefix. Not here: what a side answers (its own package, module `side`).
"""

from importlib import import_module
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.world.accounts import Account

PREFIXES = {
    "amazon": "",
    "shopee": "shopee",
    "aliexpress": "aliexpress",
    "ebay": "ebay",
    "walmart": "walmart",
    "shopify": "shopify",
    "tiktok": "tiktok",
    "mabang": "mabang",
    "tongtool": "tongtool",
}
"""Path under which each platform or ERP answers. Its package has a module `side` with a class `Side`."""


class Side(Protocol):
    """What the sandbox needs to know of a platform."""

    def routes(self) -> list[BaseRoute]:
        """Return the platform's routes, without its prefix."""
        ...

    def pushes(self, account: Account, since: int, until: int) -> list[SignedPush]:
        """Return the signed notifications of what happened to an account's orders in a span, oldest first.

        Raises:
            ValueError: The platform does not deliver over HTTP.
        """
        ...

    def astray(self, request: Request, status: int) -> Response:
        """Answer a request under the prefix that reaches no operation."""
        ...


def make_side(platform: str, bench: Bench) -> Side:
    """Make one platform's side."""
    side: Side = import_module(f"linkstar_pipelines.sandbox.{platform}.side").Side(bench)
    return side
