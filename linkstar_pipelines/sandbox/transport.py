"""Broken HTTP answers: connections that are dropped, bodies that end too early.

Here: the two responses that Starlette has no word for, and the protocol class that lets them close the connection.
Not here: when a connection is broken (see `faults`, `amazon.gateway`).
"""

import asyncio
from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CONNECTION = "linkstar.sandbox.connection"


class BreakableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol that hands its connection to the application, so that a fault can close it."""

    def on_message_begin(self) -> None:
        """Begin a request: put the connection into its scope."""
        super().on_message_begin()
        self.scope["state"][CONNECTION] = self.transport


class Dropped(Response):
    """No answer at all: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI signature
        """Close the connection and wait until the server has noticed."""
        scope["state"][CONNECTION].abort()
        while (await receive())["type"] != "http.disconnect":
            await asyncio.sleep(0)


class Cut(Response):
    """An answer with a part of its body; when more was announced than is sent, the connection closes after it."""

    def __init__(
        self, content: bytes, announced: int, status: int, headers: Mapping[str, str], media_type: str
    ) -> None:
        super().__init__(content, status, {**headers, "Content-Length": str(announced)}, media_type)
        self._short = announced > len(content)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is."""
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        await send({"type": "http.response.body", "body": bytes(self.body), "more_body": self._short})
        if self._short:
            scope["state"][CONNECTION].close()
            while (await receive())["type"] != "http.disconnect":
                await asyncio.sleep(0)
