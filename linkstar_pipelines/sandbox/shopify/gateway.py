"""Shopify's way of a request: token, points, query, answer; and how Shopify speaks.

Here: the one endpoint. What is wrong with a query is said in HTTP 200; only a token that Shopify does not know gets
another status. A version that is not spoken is answered in the one that is. The Admin API token of a custom app
does not expire. Not here: what the fields answer (one module per part), transport faults (see `sandbox.gateway`).
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from graphql import DocumentNode, GraphQLError, execute_sync, parse, validate
from starlette.requests import Request
from starlette.routing import Route

from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.gateway import Gateway
from linkstar_pipelines.sandbox.shopify.points import MOST_OF_ONE, PointsDesk, needed, requested
from linkstar_pipelines.sandbox.shopify.schema import SCHEMA
from linkstar_pipelines.sandbox.shopify.wire import Call, Resolved, refused
from linkstar_pipelines.sandbox.wire import Json, RefusedError, Reply
from linkstar_pipelines.sandbox.world.accounts import Account

VERSION = "2026-10"
Finish = Callable[[Call, Json], None]
"""Changes the data of an answer in place: faults that no schema would let through."""


class ShopifyDialect:
    """Shopify's envelope and headers."""

    def throttled(self) -> Reply:
        """Say that points are short: HTTP 200."""
        return Reply({"errors": [refused("Throttled", "THROTTLED").formatted]})

    def broken(self, status: int) -> Reply:
        """Answer 500 or 503."""
        return Reply({"errors": "Internal Server Error"}, status)

    def astray(self, status: int, target: str) -> Reply:  # noqa: ARG002  # interface
        """Answer a request that reaches no endpoint."""
        return Reply({"errors": "Not Found"}, status)

    def access_token(self, request: Request, body: bytes) -> str:  # noqa: ARG002  # interface
        """Return nothing: the Admin API token of a custom app does not expire."""
        return ""

    def expired(self) -> Reply:
        """Answer 401, as for any token that Shopify does not know."""
        return Reply({"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}, 401)

    def headers(self, operation: str, status: int, request_id: str) -> Mapping[str, str]:  # noqa: ARG002  # interface
        """Return the headers that every answer carries."""
        return {"X-Request-Id": request_id, "X-Shopify-API-Version": VERSION}


class ShopifyGateway:
    """Makes the route of the GraphQL endpoint.

    Args:
        gateway: Meets the faults.
        clock: The virtual clock.
        accounts: The shops; the refresh token of the world's account is the app's lasting token here.
        points: Buckets of points.
        root: Resolvers of queries and mutations.
        finish: Last hand on an answer's data.
    """

    def __init__(
        self,
        gateway: Gateway,
        clock: Clock,
        accounts: list[Account],
        *,
        points: PointsDesk,
        root: Resolved,
        finish: Finish,
    ) -> None:
        self._gateway = gateway
        self._clock = clock
        self._accounts = {account.refresh_token: account for account in accounts}
        self._points = points
        self._root = root
        self._finish = finish

    def route(self) -> Route:
        """Make the route."""
        return self._gateway.route("POST", "/admin/api/{version}/graphql.json", "graphql", self._answer)

    def _answer(self, request: Request, body: bytes, strike: Strike) -> Reply:
        account = self._accounts.get(request.headers.get("X-Shopify-Access-Token", ""))
        if account is None:
            words = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            raise RefusedError(Reply({"errors": words}, 401), words)
        query, variables = _read(body)
        try:
            document, problems = _checked(query)
            if problems:
                return Reply({"errors": [problem.formatted for problem in problems]})
            return self._execute(Call(account, self._clock.now(), strike), document, variables)
        except GraphQLError as problem:
            return Reply({"errors": [problem.formatted]})

    def _execute(self, call: Call, document: DocumentNode, variables: Json) -> Reply:
        most, code = requested(document, variables), call.account.code
        if most > MOST_OF_ONE:
            words = f"Query cost is {most}, which exceeds the single query max cost limit ({MOST_OF_ONE})."
            raise refused(words, "MAX_COST_EXCEEDED")
        cost: Json = {"requestedQueryCost": most, "actualQueryCost": None}
        if not self._points.spend(code, most):
            error = refused("Throttled", "THROTTLED").formatted
            return Reply({"errors": [error], "extensions": {"cost": self._stated(code, cost)}})
        result = execute_sync(SCHEMA, document, self._root, call, variables)
        cost["actualQueryCost"] = min(most, needed(result.data))
        self._points.give_back(code, most - cost["actualQueryCost"])
        answer: Json = {"data": result.data, "extensions": {"cost": self._stated(code, cost)}}
        if result.errors:
            answer["errors"] = [error.formatted for error in result.errors]
        if result.data:
            self._finish(call, result.data)
        if call.searches:
            answer["extensions"]["search"] = call.searches
        return Reply(answer)

    def _stated(self, account_code: str, cost: Json) -> Json:
        return {**cost, "throttleStatus": self._points.status(account_code)}


def _read(body: bytes) -> tuple[str, Json]:
    try:
        document: Any = json.loads(body)
        query, variables = document["query"], document.get("variables") or {}
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise RefusedError(Reply({"errors": {"query": "Required parameter missing or invalid"}}, 400)) from problem
    return str(query), variables


@lru_cache(maxsize=200)
def _checked(query: str) -> tuple[DocumentNode, list[GraphQLError]]:
    """Parse and validate a query; kept, because clients send the same text again and again."""
    document = parse(query)
    return document, validate(SCHEMA, document)
