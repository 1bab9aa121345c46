"""The addresses that platforms send push notifications to, as a small web application.

Belongs here: HTTP: one address per store (and one per platform, for applications that have a single address for all
their stores), sizes, statuses, and the log of refusals.
Does not belong here: what proves a notification (each platform's `push.py`), or the process (`receive.py`).

| answer | when |
|---|---|
| 200, empty | verified and kept: only then, so that what was not kept is sent again |
| 401, empty | refused; the log says why |
| 404 | no such store is connected |
| 413 | larger than any notification |
| 503 | it could not be verified or kept now: the platform sends it again |
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import psycopg
from anyio import move_on_after, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from linkstar_pipelines.connectors.errors import ConnectorError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Platform, Push, PushRefusedError
from linkstar_pipelines.connectors.pushes import take_in
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.settings import StoreSettings

MOST_BYTES: Final = 1_000_000
PROMPT_SECONDS: Final = 2.5
"""Longest time to an answer: Shopee waits 3 seconds. What is kept later than that counts as delivered twice."""

Stores = Mapping[str, Mapping[str, StoreSettings]]
"""Connected stores by platform and name."""

log = logging.getLogger(__name__)


class PushApp:
    """The application; safe to be asked from many threads.

    Args:
        http: Core with the database that events are kept in.
        stores: Stores to receive for.
        public_url: Address under which platforms reach it, which some sign; empty for that of each request.
    """

    def __init__(self, http: HttpCore, stores: Stores, public_url: str) -> None:
        self._http = http
        self._stores = stores
        self._public_url = public_url.rstrip("/")
        self._refusals: Counter[str] = Counter()

    def routes(self) -> Starlette:
        """Return the application."""
        paths = ("/push/{platform}", "/push/{platform}/{store}")
        return Starlette(
            routes=[
                Route("/health", lambda _: Response(), methods=["GET"]),
                *(Route(path, self._receive, methods=["POST"]) for path in paths),
                *(Route(path, self._challenge, methods=["GET"]) for path in paths),
            ]
        )

    async def _receive(self, request: Request) -> Response:
        platform, stores = self._addressed(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        push = Push(request.method, self._url(request), headers, await _body(request))
        return await _promptly(lambda: self._answer(request, lambda: self._keep(platform, stores, push)))

    async def _challenge(self, request: Request) -> Response:
        platform, stores = self._addressed(request)
        meet = platform.challenge
        if meet is None:
            raise HTTPException(405)
        url, query = self._url(request).partition("?")[0], dict(request.query_params)
        # All stores of a platform that share an address are registered with the same token.
        return await _promptly(lambda: self._answer(request, lambda: JSONResponse(meet(stores[0], url, query))))

    def _keep(self, platform: Platform, stores: Sequence[StoreSettings], push: Push) -> Response:
        take_in(platform, stores, self._http, push)
        return Response()

    def _answer(self, request: Request, work: Callable[[], Response]) -> Response:
        path = request.url.path
        try:
            return work()
        except PushRefusedError as error:
            self._refusals[path] += 1
            log.warning("refused %s, number %d since the start: %s", path, self._refusals[path], error)
            return Response(status_code=401)
        except (ConnectorError, psycopg.Error) as error:
            # The words of a database error may quote what could not be kept.
            words = str(error) if isinstance(error, ConnectorError) else f"the database: {type(error).__name__}"
            log.error("a notification to %s was not kept, so that the platform sends it again: %s", path, words)  # noqa: TRY400
            return Response(status_code=503)

    def _addressed(self, request: Request) -> tuple[Platform, Sequence[StoreSettings]]:
        """Return whom an address is for: one store, or all of a platform's."""
        name, store = request.path_params["platform"], request.path_params.get("store")
        connected = self._stores.get(name, {})
        stores = [settings for known, settings in connected.items() if store in {None, known}]
        if not stores:
            raise HTTPException(404)
        return platform_named(name), stores

    def _url(self, request: Request) -> str:
        """Return the address as registered with the platform, not as a proxy rewrote it."""
        if not self._public_url:
            return str(request.url)
        return self._public_url + request.url.path + (f"?{request.url.query}" if request.url.query else "")


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise HTTPException(413)
        parts.append(part)
    return b"".join(parts)


async def _promptly(work: Callable[[], Response]) -> Response:
    """Do blocking work in a thread, and answer 503 where it takes longer than platforms wait."""
    with move_on_after(PROMPT_SECONDS):
        return await to_thread.run_sync(work, abandon_on_cancel=True)
    return Response(status_code=503)
